"""Roles and managed policies: boundaries kept and checked, what is attached is protected."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.local_cloud import IAM, TRUST, Cloud, template
from tests.support.refusals import code_of, refusal

DOCUMENT = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
}
BOUNDARY = "arn:aws:iam::000000000000:policy/ws/demo/boundary"
MISSING = "arn:aws:iam::000000000000:policy/none"
MANAGED = (
    "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess",
    "arn:aws:iam::aws:policy/AmazonS3FullAccess",
    "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryFullAccess",
)


def role(**more: Any) -> dict[str, Any]:
    given = {
        "RoleName": "seat",
        "Path": "/ws/demo/",
        "AssumeRolePolicyDocument": TRUST,
        "Tags": [{"Key": "attendee", "Value": "ada"}],
        **more,
    }
    return {"Type": "AWS::IAM::Role", "Properties": given}


def boundary(**more: Any) -> dict[str, Any]:
    given = {
        "ManagedPolicyName": "boundary",
        "Path": "/ws/demo/",
        "Description": "What a seat can never exceed",
        "PolicyDocument": DOCUMENT,
        **more,
    }
    return {"Type": "AWS::IAM::ManagedPolicy", "Properties": given}


def inline(**more: Any) -> dict[str, Any]:
    given = {
        "PolicyName": "work",
        "PolicyDocument": DOCUMENT,
        "Roles": [{"Ref": "R"}],
        **more,
    }
    return {"Type": "AWS::IAM::Policy", "Properties": given}


def seat(cloud: Cloud) -> dict[str, Any]:
    found: dict[str, Any] = cloud.client("iam").get_role(RoleName="seat")["Role"]
    return found


def test_every_setting_of_a_role_is_given_back_by_iam(cloud: Cloud) -> None:
    given = role(
        PermissionsBoundary={"Ref": "B"},
        Description="Ada's notebook",
        MaxSessionDuration=7200,
        ManagedPolicyArns=list(MANAGED),
        Policies=[{"PolicyName": "inside", "PolicyDocument": DOCUMENT}],
    )
    body = template({"R": given, "B": boundary(), "P": inline()})
    assert cloud.deploy("s", body, **IAM) == "CREATE_COMPLETE"
    iam = cloud.client("iam")
    seen = seat(cloud)
    assert seen["Arn"] == "arn:aws:iam::000000000000:role/ws/demo/seat"
    assert seen["PermissionsBoundary"]["PermissionsBoundaryArn"] == BOUNDARY
    assert (seen["Description"], seen["MaxSessionDuration"]) == ("Ada's notebook", 7200)
    assert seen["AssumeRolePolicyDocument"] == TRUST
    # A role never carries CloudFormation's own tags.
    assert seen["Tags"] == [{"Key": "attendee", "Value": "ada"}]
    attached = iam.list_attached_role_policies(RoleName="seat")["AttachedPolicies"]
    assert {policy["PolicyArn"] for policy in attached} == set(MANAGED)
    assert sorted(iam.list_role_policies(RoleName="seat")["PolicyNames"]) == ["inside", "work"]
    document = iam.get_role_policy(RoleName="seat", PolicyName="work")["PolicyDocument"]
    assert document == DOCUMENT
    kept = iam.get_policy(PolicyArn=BOUNDARY)["Policy"]
    assert kept["Description"] == "What a seat can never exceed"
    assert kept["PermissionsBoundaryUsageCount"] == 1


def test_a_changed_role_and_boundary_are_updated_in_place(cloud: Cloud) -> None:
    first = template({"R": role(PermissionsBoundary={"Ref": "B"}), "B": boundary()})
    cloud.deploy("s", first, **IAM)
    made = seat(cloud)
    narrower = json.loads(json.dumps(DOCUMENT).replace("s3:*", "s3:GetObject"))
    new = template(
        {
            "R": role(MaxSessionDuration=7200, Tags=[{"Key": "attendee", "Value": "alan"}]),
            "B": boundary(PolicyDocument=narrower),
        }
    )
    assert cloud.update("s", new, **IAM) == "UPDATE_COMPLETE"
    seen = seat(cloud)
    assert "PermissionsBoundary" not in seen
    assert (seen["RoleId"], seen["MaxSessionDuration"]) == (made["RoleId"], 7200)
    assert seen["Tags"] == [{"Key": "attendee", "Value": "alan"}]
    iam = cloud.client("iam")
    version = iam.get_policy(PolicyArn=BOUNDARY)["Policy"]["DefaultVersionId"]
    document = iam.get_policy_version(PolicyArn=BOUNDARY, VersionId=version)
    assert document["PolicyVersion"]["Document"] == narrower


def test_the_same_template_with_other_stack_tags_changes_only_tags(cloud: Cloud) -> None:
    body = template({"R": role(PermissionsBoundary={"Ref": "B"}), "B": boundary()})
    cloud.deploy("s", body, **IAM)
    again = cloud.update("s", body, Tags=[{"Key": "ends", "Value": "soon"}], **IAM)
    assert again == "UPDATE_COMPLETE"
    seen = seat(cloud)
    assert seen["PermissionsBoundary"]["PermissionsBoundaryArn"] == BOUNDARY
    assert {"Key": "ends", "Value": "soon"} in seen["Tags"]


def test_a_deleted_stack_leaves_no_role_and_no_policy(cloud: Cloud) -> None:
    given = role(PermissionsBoundary={"Ref": "B"}, ManagedPolicyArns=list(MANAGED))
    cloud.deploy("s", template({"R": given, "B": boundary(), "P": inline()}), **IAM)
    assert cloud.destroy("s") == "DELETE_COMPLETE"
    iam = cloud.client("iam")
    assert iam.list_roles()["Roles"] == []
    assert iam.list_policies(Scope="Local")["Policies"] == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            {"PermissionsBoundary": MISSING},
            f"Scope ARN: {MISSING} does not exist or is not attachable.",
        ),
        ({"ManagedPolicyArns": [MISSING]}, f"Policy {MISSING} does not exist or is not attachable"),
    ],
)
def test_a_role_cannot_refer_to_a_policy_that_does_not_exist(
    cloud: Cloud, change: dict[str, Any], reason: str
) -> None:
    assert cloud.deploy("s", template({"R": role(**change)}), **IAM) == "ROLLBACK_COMPLETE"
    assert reason in cloud.reasons("s", "CREATE_FAILED")["R"]
    assert cloud.client("iam").list_roles()["Roles"] == []


def test_the_iam_api_refuses_the_same(cloud: Cloud) -> None:
    iam = cloud.client("iam")
    request = {"RoleName": "r", "AssumeRolePolicyDocument": json.dumps(TRUST)}
    scope = f"Scope ARN: {MISSING} does not exist or is not attachable."
    assert refusal(iam.create_role, **request, PermissionsBoundary=MISSING)[1:] == (
        "NoSuchEntity",
        scope,
    )
    iam.create_role(**request)
    assert refusal(iam.put_role_permissions_boundary, RoleName="r", PermissionsBoundary=MISSING)[
        1:
    ] == ("NoSuchEntity", scope)
    assert refusal(iam.attach_role_policy, RoleName="r", PolicyArn=MISSING)[1:] == (
        "NoSuchEntity",
        f"Policy {MISSING} does not exist or is not attachable.",
    )
    for arn in MANAGED:
        iam.attach_role_policy(RoleName="r", PolicyArn=arn)


@pytest.mark.parametrize("use", ["attached", "boundary"])
def test_a_policy_in_use_cannot_be_deleted_by_the_api_or_by_its_stack(
    cloud: Cloud, use: str
) -> None:
    iam = cloud.client("iam")
    cloud.deploy("s", template({"B": boundary()}), **IAM)
    cloud.role()
    if use == "attached":
        iam.attach_role_policy(RoleName="seat", PolicyArn=BOUNDARY)
    else:
        iam.put_role_permissions_boundary(RoleName="seat", PermissionsBoundary=BOUNDARY)
    in_use = ("DeleteConflict", "Cannot delete a policy attached to entities.")
    assert refusal(iam.delete_policy, PolicyArn=BOUNDARY)[1:] == in_use
    assert cloud.destroy("s") == "DELETE_FAILED"
    assert in_use[1] in cloud.reasons("s", "DELETE_FAILED")["B"]
    if use == "attached":
        iam.detach_role_policy(RoleName="seat", PolicyArn=BOUNDARY)
    else:
        iam.delete_role_permissions_boundary(RoleName="seat")
    assert cloud.destroy("s") == "DELETE_COMPLETE"


def test_a_policy_that_was_updated_is_deleted_with_its_older_versions(cloud: Cloud) -> None:
    cloud.deploy("s", template({"B": boundary()}), **IAM)
    changed = {**DOCUMENT, "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]}
    new = template({"B": boundary(PolicyDocument=changed)})
    assert cloud.update("s", new, **IAM) == "UPDATE_COMPLETE"
    iam = cloud.client("iam")
    assert len(iam.list_policy_versions(PolicyArn=BOUNDARY)["Versions"]) == 2
    assert code_of(iam.delete_policy, PolicyArn=BOUNDARY) == "DeleteConflict"
    assert cloud.destroy("s") == "DELETE_COMPLETE"
    assert iam.list_policies(Scope="Local")["Policies"] == []


def test_names_that_are_taken_are_never_overwritten(cloud: Cloud) -> None:
    cloud.deploy("first", template({"R": role(), "B": boundary()}), **IAM)
    for logical_id, resource in {"R": role(Description="mine"), "B": boundary()}.items():
        assert cloud.deploy("s", template({logical_id: resource}), **IAM) == "ROLLBACK_COMPLETE"
        assert "already exists" in cloud.reasons("s", "CREATE_FAILED")[logical_id]
        assert cloud.destroy("s") == "DELETE_COMPLETE"
    assert seat(cloud).get("Description", "") == ""
    assert cloud.client("iam").get_policy(PolicyArn=BOUNDARY)


def test_named_roles_have_to_be_acknowledged(cloud: Cloud) -> None:
    formation = cloud.client("cloudformation")
    body = template({"R": role()})
    _, code, said = refusal(formation.create_stack, StackName="s", TemplateBody=body)
    assert code == "InsufficientCapabilitiesException"
    assert said == "Requires capabilities : [CAPABILITY_NAMED_IAM]"
    code = code_of(
        formation.create_change_set,
        StackName="s",
        ChangeSetName="c",
        ChangeSetType="CREATE",
        TemplateBody=body,
        Capabilities=["CAPABILITY_IAM"],
    )
    assert code == "InsufficientCapabilitiesException"
