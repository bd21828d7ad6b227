"""ECR answers of the registry that a request names, to whom the repository's policy lets in."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.local_cloud import Cloud

OWNER, CALLER, STRANGER = "111111111111", "222222222222", "333333333333"
IMAGE = {"imageIds": [{"imageTag": "1"}]}
READS = ["ecr:BatchGetImage", "ecr:DescribeImages", "ecr:GetDownloadUrlForLayer"]


@pytest.fixture
def owner(cloud: Cloud) -> Any:
    """ECR of an account with an image; the caller's has a repository of that name and no image."""
    made = cloud.client("ecr", account=OWNER)
    for ecr in (made, cloud.client("ecr", account=CALLER)):
        ecr.create_repository(repositoryName="lab")
    made.put_image(repositoryName="lab", imageManifest='{"owner": true}', imageTag="1")
    return made


def asked(cloud: Cloud, account: str, name: str = "lab") -> dict[str, Any]:
    ecr = cloud.client("ecr", account=account)
    answer: dict[str, Any] = ecr.batch_get_image(registryId=OWNER, repositoryName=name, **IMAGE)
    return answer


def share(owner: Any, account: str) -> None:
    statement = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": READS}
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    owner.set_repository_policy(repositoryName="lab", policyText=text)


@pytest.mark.usefixtures("owner")
def test_whom_no_policy_lets_in_gets_nothing_of_another_registry(cloud: Cloud) -> None:
    for name in ("lab", "missing"):
        with pytest.raises(ClientError) as caught:
            asked(cloud, CALLER, name)
        assert caught.value.response["Error"] == {
            "Code": "AccessDeniedException",
            "Message": f"User: arn:aws:iam::{CALLER}:root is not authorized to perform:"
            f" ecr:BatchGetImage on resource: arn:aws:ecr:us-east-1:{OWNER}:repository/{name}"
            " because no resource-based policy allows the ecr:BatchGetImage action",
        }
    ecr = cloud.client("ecr", account=CALLER)
    for call in (ecr.describe_repositories, ecr.list_images, ecr.delete_repository):
        some = "repositoryNames" if call == ecr.describe_repositories else "repositoryName"
        with pytest.raises(ClientError, match="AccessDenied"):
            call(registryId=OWNER, **{some: ["lab"] if some.endswith("s") else "lab"})
    with pytest.raises(ClientError, match="AccessDenied"):
        ecr.describe_repositories(registryId=OWNER)


def test_whom_it_lets_in_reads_the_owners_image_and_nobody_else_does(
    cloud: Cloud, owner: Any
) -> None:
    share(owner, CALLER)
    (image,) = asked(cloud, CALLER)["images"]
    assert (image["registryId"], image["imageManifest"]) == (OWNER, '{"owner": true}')
    with pytest.raises(ClientError, match="AccessDenied"):
        asked(cloud, STRANGER)
    with pytest.raises(ClientError, match="ecr:PutImage"):
        cloud.client("ecr", account=CALLER).put_image(
            registryId=OWNER, repositoryName="lab", imageManifest="{}", imageTag="2"
        )
    # One's own registry is asked by its number or without one.
    assert asked(cloud, OWNER)["images"]
    assert cloud.client("ecr", account=CALLER).batch_get_image(repositoryName="lab", **IMAGE)[
        "failures"
    ]


def test_the_callers_own_policies_are_asked_about_that_repository_too(
    enforcing: Cloud,
) -> None:
    enforcing.reset()
    owner = enforcing.client("ecr", account=OWNER)
    owner.create_repository(repositoryName="lab")
    owner.put_image(repositoryName="lab", imageManifest="{}", imageTag="1")
    share(owner, CALLER)
    enforcing.client("ecr", account=CALLER).create_repository(repositoryName="lab")
    iam = enforcing.client("iam", account=CALLER)

    def user(name: str, registry: str) -> Cloud:
        allowed = {
            "Effect": "Allow",
            "Action": "ecr:*",
            "Resource": f"arn:aws:ecr:us-east-1:{registry}:repository/*",
        }
        iam.create_user(UserName=name)
        iam.put_user_policy(
            UserName=name,
            PolicyName="ecr",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allowed]}),
        )
        key = iam.create_access_key(UserName=name)["AccessKey"]
        given = {"AccessKeyId": key["AccessKeyId"], "SecretAccessKey": key["SecretAccessKey"]}
        return enforcing.with_credentials({**given, "SessionToken": ""})

    asked(user("both", OWNER), CALLER)
    with pytest.raises(ClientError, match="AccessDenied"):
        asked(user("own", CALLER), CALLER)
    owner.delete_repository_policy(repositoryName="lab")
    with pytest.raises(ClientError, match="AccessDenied"):
        asked(user("late", OWNER), CALLER)
