"""What was corrected in the local cloud so that a preflight finds there what AWS has."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from tests.support.local_cloud import Cloud


@pytest.mark.parametrize("count", [100, 101, 201])
def test_repositories_come_in_pages_of_a_hundred_unless_asked_otherwise(
    cloud: Cloud, count: int
) -> None:
    ecr = cloud.client("ecr")
    names = {f"theirs-{number}" for number in range(count)}
    for name in names:
        ecr.create_repository(repositoryName=name)
    first = ecr.describe_repositories()
    assert len(first["repositories"]) == 100
    assert ("nextToken" in first) == (count > 100)
    pages = ecr.get_paginator("describe_repositories").paginate()
    listed = [one["repositoryName"] for page in pages for one in page["repositories"]]
    assert sorted(listed) == sorted(names)
    assert len(ecr.describe_repositories(maxResults=1000)["repositories"]) == count
    (named,) = ecr.describe_repositories(repositoryNames=["theirs-7"])["repositories"]
    assert named["repositoryName"] == "theirs-7"


def test_a_repository_that_goes_between_two_pages_hides_no_other(cloud: Cloud) -> None:
    ecr = cloud.client("ecr")
    for name in ("aa", "bb", "cc", "dd"):
        ecr.create_repository(repositoryName=name)
    first = ecr.describe_repositories(maxResults=2)
    for one in first["repositories"]:
        ecr.delete_repository(repositoryName=one["repositoryName"])
    second = ecr.describe_repositories(maxResults=2, nextToken=first["nextToken"])
    assert [one["repositoryName"] for one in second["repositories"]] == ["cc", "dd"]


def test_a_simulation_of_a_role_that_is_not_there_is_refused(cloud: Cloud) -> None:
    with pytest.raises(ClientError, match="NoSuchEntity"):
        cloud.client("iam").simulate_principal_policy(
            PolicySourceArn="arn:aws:iam::000000000000:role/nobody", ActionNames=["s3:ListBucket"]
        )


def test_offerings_are_filtered_by_type_and_location(cloud: Cloud) -> None:
    ec2 = cloud.client("ec2")

    def offered(location_type: str, **filters: str) -> list[tuple[str, str]]:
        found = ec2.describe_instance_type_offerings(
            LocationType=location_type,
            Filters=[
                {"Name": name.replace("_", "-"), "Values": [value]}
                for name, value in filters.items()
            ],
        )["InstanceTypeOfferings"]
        return [(one["InstanceType"], one["Location"]) for one in found]

    assert offered("region", instance_type="t3.medium") == [("t3.medium", "us-east-1")]
    assert offered("availability-zone", instance_type="g5.xlarge") == [
        ("g5.xlarge", "us-east-1a"),
        ("g5.xlarge", "us-east-1b"),
    ]
    assert offered("availability-zone", instance_type="t3.medium", location="us-east-1c") == [
        ("t3.medium", "us-east-1c")
    ]
    assert offered("region", instance_type="p5.48xlarge") == [("p5.48xlarge", "us-east-1")]
    assert offered("region", instance_type="q1.tiny") == []


def test_a_simulation_decides_conditions_by_the_context_that_it_is_given(cloud: Cloud) -> None:
    iam = cloud.client("iam")
    iam.create_user(UserName="me")
    allowed = {
        "Effect": "Allow",
        "Action": "iam:PassRole",
        "Resource": "*",
        "Condition": {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_user_policy(UserName="me", PolicyName="own", PolicyDocument=document)

    def decision(service: str) -> str:
        given = {"ContextKeyName": "iam:PassedToService", "ContextKeyType": "string"}
        answer = iam.simulate_principal_policy(
            PolicySourceArn="arn:aws:iam::000000000000:user/me",
            ActionNames=["iam:PassRole"],
            ContextEntries=[{**given, "ContextKeyValues": [service]}],
        )
        return str(answer["EvaluationResults"][0]["EvalDecision"])

    assert decision("sagemaker.amazonaws.com") == "allowed"
    assert decision("ec2.amazonaws.com") == "implicitDeny"
