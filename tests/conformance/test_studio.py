"""Conformance: Studio domains, user profiles, spaces and apps."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.conformance import Aws


def domain(aws: Aws, name: str = "studio") -> dict[str, str]:
    """Make a domain that is in service; what names it."""
    made = aws.sagemaker.create_domain(
        DomainName=name,
        AuthMode="IAM",
        DefaultUserSettings={"ExecutionRole": aws.role(f"role-{name}")},
        SubnetIds=["subnet-12345678"],
        VpcId="vpc-12345678",
    )
    aws.pass_time()
    return {"DomainId": made["DomainId"]}


def lived_in(aws: Aws) -> tuple[Any, dict[str, str]]:
    """Make a domain with a profile, its space and an app in it; the client and the domain."""
    client = aws.sagemaker
    where = domain(aws)
    client.create_user_profile(**where, UserProfileName="ada")
    client.create_space(
        **where,
        SpaceName="lab",
        OwnershipSettings={"OwnerUserProfileName": "ada"},
        SpaceSharingSettings={"SharingType": "Private"},
    )
    client.create_app(**where, SpaceName="lab", AppType="JupyterLab", AppName="default")
    aws.pass_time()
    return client, where


APP = {"SpaceName": "lab", "AppType": "JupyterLab", "AppName": "default"}


def test_a_domain_comes_into_service_with_a_file_system(aws: Aws) -> None:
    where = domain(aws)
    found = aws.sagemaker.describe_domain(**where)
    assert found["Status"] == "InService"
    assert found["DomainArn"].endswith(f":domain/{where['DomainId']}")
    systems = aws.client("efs").describe_file_systems()["FileSystems"]
    assert [file_system["FileSystemId"] for file_system in systems] == [
        found["HomeEfsFileSystemId"]
    ]


def test_everything_in_a_domain_comes_into_service(aws: Aws) -> None:
    client, where = lived_in(aws)
    assert client.describe_user_profile(**where, UserProfileName="ada")["Status"] == "InService"
    assert client.describe_space(**where, SpaceName="lab")["Status"] == "InService"
    assert client.describe_app(**where, **APP)["Status"] == "InService"
    assert aws.streams("/aws/sagemaker/studio") == [f"{where['DomainId']}/lab/JupyterLab/default"]


@pytest.mark.parametrize(
    ("operation", "request_", "left"),
    [
        ("delete_domain", {}, "spaces in it (lab)"),
        ("delete_user_profile", {"UserProfileName": "ada"}, "spaces in it (lab)"),
        ("delete_space", {"SpaceName": "lab"}, "apps in it (default)"),
    ],
)
def test_what_something_lives_in_does_not_go(
    aws: Aws, operation: str, request_: dict[str, str], left: str
) -> None:
    _, where = lived_in(aws)
    refusal = aws.refusal(operation, **where, **request_)
    assert refusal == f"ResourceInUse: Unable to delete: there are still {left}."


def clear(aws: Aws, client: Any, where: dict[str, str]) -> None:
    """Take everything out of a domain, from the inside."""
    client.delete_app(**where, **APP)
    aws.pass_time()
    client.delete_space(**where, SpaceName="lab")
    aws.pass_time()
    client.delete_user_profile(**where, UserProfileName="ada")
    aws.pass_time()


@pytest.mark.parametrize(("policy", "left"), [("Retain", 1), ("Delete", 0)])
def test_from_the_inside_out_all_goes_but_a_retained_file_system(
    aws: Aws, policy: str, left: int
) -> None:
    client, where = lived_in(aws)
    clear(aws, client, where)
    client.delete_domain(**where, RetentionPolicy={"HomeEfsFileSystem": policy})
    assert client.describe_domain(**where)["Status"] == "Deleting"
    aws.pass_time()
    assert client.list_domains()["Domains"] == []
    assert len(aws.client("efs").describe_file_systems()["FileSystems"]) == left


def test_a_deleted_app_is_listed_for_a_day_and_its_name_is_free(aws: Aws) -> None:
    client, where = lived_in(aws)
    client.delete_app(**where, **APP)
    assert aws.refusal("delete_app", **where, **APP).startswith("ResourceInUse: ")
    aws.pass_time()
    assert [app["Status"] for app in client.list_apps()["Apps"]] == ["Deleted"]
    client.create_app(**where, **APP)
    assert [app["Status"] for app in client.list_apps()["Apps"]] == ["Pending"]
    aws.pass_time()
    client.delete_app(**where, **APP)
    aws.pass_time()
    aws.advance(24 * 3600)
    assert client.list_apps()["Apps"] == []


def test_what_makes_no_sense_is_refused(aws: Aws) -> None:
    _, where = lived_in(aws)
    app = {"AppType": "JupyterLab", "AppName": "other"}
    assert aws.refusal("create_app", **where, **app).startswith("ValidationException: Exactly one")
    assert aws.refusal("create_app", **where, **app, SpaceName="no").endswith("RecordNotFound")
    assert aws.refusal("create_app", **where, **APP).startswith("ResourceInUse")
    assert aws.refusal("create_space", **where, SpaceName="lab").startswith("ResourceInUse")
    assert aws.refusal(
        "create_domain", DomainName="studio", AuthMode="IAM", DefaultUserSettings={}
    ).startswith("ResourceInUse: Domain with name studio already exists.")
    assert aws.refusal("list_spaces", DomainIdEquals="d-none") == (
        "ValidationException: Domain [d-none] does not exist."
    )


def test_updates_pass_through_updating(aws: Aws) -> None:
    client, where = lived_in(aws)
    client.update_domain(**where, AppNetworkAccessType="VpcOnly")
    client.update_user_profile(**where, UserProfileName="ada")
    client.update_space(**where, SpaceName="lab", SpaceDisplayName="The lab")
    assert client.describe_domain(**where)["Status"] == "Updating"
    assert aws.refusal("update_domain", **where).startswith("ResourceInUse")
    aws.pass_time()
    found = client.describe_domain(**where)
    assert (found["Status"], found["AppNetworkAccessType"]) == ("InService", "VpcOnly")
    assert client.describe_space(**where, SpaceName="lab")["SpaceDisplayName"] == "The lab"


def test_a_profile_gets_a_presigned_url(aws: Aws) -> None:
    client, where = lived_in(aws)
    url = client.create_presigned_domain_url(**where, UserProfileName="ada")["AuthorizedUrl"]
    assert url.startswith(f"https://{where['DomainId']}.studio.us-east-1.sagemaker.aws/auth?token=")


def test_lists_keep_to_their_domain(aws: Aws) -> None:
    client, _ = lived_in(aws)
    other = domain(aws, "other")
    client.create_user_profile(**other, UserProfileName="ada")
    assert len(client.list_user_profiles()["UserProfiles"]) == 2
    found = client.list_user_profiles(DomainIdEquals=other["DomainId"])["UserProfiles"]
    assert [domain["DomainId"] for domain in found] == [other["DomainId"]]
    assert client.list_spaces(DomainIdEquals=other["DomainId"])["Spaces"] == []
    assert len(client.list_spaces(SpaceNameContains="la")["Spaces"]) == 1
    assert len(client.list_apps(SpaceNameEquals="lab")["Apps"]) == 1
    assert client.list_apps(UserProfileNameEquals="ada")["Apps"] == []
