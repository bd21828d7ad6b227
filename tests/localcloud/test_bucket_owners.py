"""S3 refuses a client that expects another owner of a bucket, whatever it asks for."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.session import Session

from localcloud.bucket_requests import OWNER, SOURCE_OWNER
from tests.support import refusals
from tests.support.local_cloud import Cloud
from tests.support.service_model import sample

MODEL = Session().get_service_model("s3")
OTHER = "444455556666"


def owned() -> list[str]:
    """Every operation that can name the owner it expects."""
    return [
        name
        for name in MODEL.operation_names
        if "ExpectedBucketOwner" in getattr(MODEL.operation_model(name).input_shape, "members", {})
    ]


def test_every_operation_sends_the_owner_in_the_same_header() -> None:
    headers = {
        (member, shape.serialization.get("name"))
        for name in MODEL.operation_names
        for member, shape in getattr(MODEL.operation_model(name).input_shape, "members", {}).items()
        if "ExpectedBucketOwner" in member or "ExpectedSourceBucketOwner" in member
    }
    assert headers == {
        ("ExpectedBucketOwner", OWNER),
        ("ExpectedSourceBucketOwner", SOURCE_OWNER),
    }


def error(cloud: Cloud, operation: str, owner: str) -> tuple[str, int]:
    """Return code and status with which an operation is refused."""
    shape = MODEL.operation_model(operation).input_shape
    assert shape is not None
    members, request = shape.members, sample(shape)
    request |= {"Bucket": "ours"} | ({"Key": "a"} if "Key" in members else {})
    if "CopySource" in members:
        request["CopySource"] = "ours/a"
    asked = {**request, "ExpectedBucketOwner": owner}
    status, code, _ = refusals.refusal(cloud.client("s3")._make_api_call, operation, asked)
    return code, status


@pytest.mark.parametrize(
    ("owner", "refusal"),
    [(OTHER, ("AccessDenied", 403)), ("abc", ("InvalidBucketOwnerAWSAccountID", 400))],
)
def test_no_operation_takes_another_owner(
    cloud: Cloud, owner: str, refusal: tuple[str, int]
) -> None:
    cloud.client("s3").create_bucket(Bucket="ours")
    cloud.client("s3").put_object(Bucket="ours", Key="a", Body=b"1")
    without_body = (str(refusal[1]), refusal[1])  # What answers HEAD has no code.
    answers = {name: error(cloud, name, owner) for name in owned()}
    for name, got in answers.items():
        assert got == (without_body if name.startswith("Head") else refusal), name
    assert len(answers) > 60
    assert cloud.client("s3").get_object(Bucket="ours", Key="a")["Body"].read() == b"1"


def test_the_owner_is_taken_and_the_source_of_a_copy_has_one_too(cloud: Cloud) -> None:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="ours")
    s3.put_object(Bucket="ours", Key="a", Body=b"1", ExpectedBucketOwner="000000000000")
    copy = {"Bucket": "ours", "Key": "b", "CopySource": "ours/a"}
    with pytest.raises(ClientError, match="Access Denied"):
        s3.copy_object(**copy, ExpectedSourceBucketOwner=OTHER)
    s3.copy_object(**copy, ExpectedSourceBucketOwner="000000000000")


def granted(principal: Any, action: str = "s3:GetObject") -> dict[str, Any]:
    """Return a bucket's policy that allows somebody an action."""
    statement = {"Effect": "Allow", "Principal": principal, "Action": action}
    return {
        "Version": "2012-10-17",
        "Statement": [{**statement, "Resource": "arn:aws:s3:::ours/*"}],
    }


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("no", "Policies must be valid JSON and the first byte must be '{'"),
        ({"Version": "2012-10-17"}, "Missing required field Statement"),
        ({"Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}, "field Principal"),
        (
            {
                "Statement": {
                    "Effect": "Deny",
                    "Principal": "*",
                    "Action": "s3:*",
                    "Resource": "arn:aws:s3:::other/*",
                }
            },
            "Policy has invalid resource",
        ),
        (granted({"AWS": "arn:aws:iam::000000000000:role/nosuch"}), "Invalid principal in policy"),
        (granted({"AWS": "arn:aws-cn:iam::000000000000:root"}), "Invalid principal in policy"),
        (granted({"Service": "logs"}), "Invalid principal in policy"),
        (granted({"AWS": "000000000000"}, "iam:GetRole"), "Policy has invalid action"),
    ],
)
def test_a_policy_that_is_none_of_the_bucket_is_refused(
    cloud: Cloud, document: Any, message: str
) -> None:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="ours")
    text = document if isinstance(document, str) else json.dumps(document)
    with pytest.raises(ClientError, match=f"MalformedPolicy.*{message}"):
        s3.put_bucket_policy(Bucket="ours", Policy=text)
