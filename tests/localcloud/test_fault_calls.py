"""Which calls a fault is about: by account, Region, name and operation, and in which order."""

from __future__ import annotations

import urllib.request
from typing import Any

import pytest

from localcloud import process
from localcloud.authentication.signatures import Signing
from tests.support.faulty import counts, refusal
from tests.support.local_cloud import Cloud, root
from tests.support.refusals import code_of

FORM = "application/x-www-form-urlencoded"


def test_a_rule_is_about_one_account_one_region_and_one_name(cloud: Cloud) -> None:
    everywhere = {"effect": "denied", "operation": "*"}
    cloud.faults({**everywhere, "account": "111122223333"})
    assert cloud.client("iam").list_roles()["Roles"] == []
    assert code_of(cloud.client("iam", account="111122223333").list_roles) == "AccessDenied"
    cloud.faults({**everywhere, "region": "eu-west-1"})
    assert cloud.client("ecr").describe_repositories()["repositories"] == []
    far = cloud.client("ecr", region="eu-west-1")
    assert code_of(far.describe_repositories) == "AccessDeniedException"


@pytest.mark.parametrize(
    ("service", "operation", "hit", "missed"),
    [
        ("iam", "get_role", {"RoleName": "ada-role"}, {"RoleName": "bob-role"}),
        ("ecr", "list_images", {"repositoryName": "ada-x"}, {"repositoryName": "x-ada-x"}),
        ("s3", "head_object", {"Bucket": "b", "Key": "ada-1/x"}, {"Bucket": "b", "Key": "ada"}),
        ("s3", "list_objects_v2", {"Bucket": "ada-b"}, {"Bucket": "bob-b"}),
        ("lambda", "get_function", {"FunctionName": "ada-f"}, {"FunctionName": "f"}),
        (
            "cloudwatch",
            "delete_dashboards",
            {"DashboardNames": ["other", "ada-board"]},
            {"DashboardNames": ["other"]},
        ),
    ],
)
def test_a_name_is_found_wherever_a_request_carries_it(
    cloud: Cloud, service: str, operation: str, hit: dict[str, Any], missed: dict[str, Any]
) -> None:
    cloud.faults({"effect": "error", "operation": "*", "match": "ada-*"})
    call = getattr(cloud.client(service), operation)
    assert refusal(call, **hit)["status"] == 500
    assert refusal(call, **missed)["status"] != 500
    assert counts(cloud) == [(1, 1)]


def test_a_key_is_a_name_of_its_own(cloud: Cloud) -> None:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="bucket")
    cloud.faults({"effect": "denied", "operation": "s3:DeleteObject", "match": "run/*"})
    assert code_of(s3.delete_object, Bucket="bucket", Key="run/1/x") == "AccessDenied"
    s3.delete_object(Bucket="bucket", Key="other/run/1")
    assert counts(cloud) == [(1, 1)]


def test_some_calls_pass_first_and_the_first_rule_that_applies_decides(cloud: Cloud) -> None:
    cloud.faults(
        {"effect": "throttle", "operation": "iam:List*", "after": 1, "times": 1},
        {"effect": "denied", "operation": "iam:ListRoles", "times": 1},
    )
    roles = cloud.client("iam").list_roles
    assert [code_of(roles), code_of(roles)] == ["AccessDenied", "Throttling"]
    assert roles()["Roles"] == []
    assert counts(cloud) == [(3, 1), (2, 1)]


def test_a_copy_is_no_upload_and_an_abort_no_deletion(cloud: Cloud) -> None:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="bucket")
    cloud.faults(
        {"effect": "denied", "operation": "s3:CopyObject"},
        {"effect": "denied", "operation": "s3:AbortMultipartUpload"},
    )
    s3.put_object(Bucket="bucket", Key="a", Body=b"Action=CopyObject")
    named = {"Bucket": "bucket", "Key": "b"}
    assert code_of(s3.copy_object, CopySource="bucket/a", **named) == "AccessDenied"
    upload = s3.create_multipart_upload(**named)["UploadId"]
    assert code_of(s3.abort_multipart_upload, UploadId=upload, **named) == "AccessDenied"
    s3.delete_object(**named)
    assert counts(cloud) == [(1, 1), (1, 1)]


def test_requests_arrive_whole_while_rules_are_looked_at(cloud: Cloud) -> None:
    cloud.faults({"effect": "throttle", "operation": "iam:*"})
    s3, body = cloud.client("s3"), bytes(range(256)) * 2000
    s3.create_bucket(Bucket="bucket")
    s3.put_object(Bucket="bucket", Key="large", Body=body)
    assert s3.get_object(Bucket="bucket", Key="large")["Body"].read() == body


def test_the_cloud_s_own_paths_never_fail(cloud: Cloud) -> None:
    cloud.faults({"effect": "timeout", "operation": "*"})
    assert process.status(cloud.state_dir) == cloud.running
    assert counts(cloud) == [(0, 0)]
    cloud.reset()
    assert counts(cloud) == []


@pytest.mark.parametrize(
    ("service", "headers", "body", "told"),
    [
        ("sagemaker", {"X-Amz-Target": "SageMaker.Nonsense"}, b"{}", b"NotPlayedHere"),
        (
            "iam",
            {"Content-Type": FORM},
            b"Action=Nonsense&Version=2010-05-08",
            b"<Code>NotPlayedHere</Code>",
        ),
    ],
)
def test_an_operation_that_aws_does_not_have_is_left_to_the_service(
    cloud: Cloud, service: str, headers: dict[str, str], body: bytes, told: bytes
) -> None:
    cloud.faults({"effect": "throttle", "operation": "*"})
    given = root(cloud.running)
    caller = Signing(
        given["aws_access_key_id"], given["aws_secret_access_key"], "us-east-1", service
    )
    sent = {"Host": f"127.0.0.1:{cloud.running.port}", **headers}
    signed = caller.headers("POST", "/", sent, body)
    request = urllib.request.Request(cloud.endpoint, body, signed)  # noqa: S310
    with pytest.raises(urllib.request.HTTPError) as caught:
        process._DIRECT.open(request)
    with caught.value as refused:
        assert told in refused.read()
    assert counts(cloud) == [(0, 0)]


def test_rules_can_be_added_and_keep_their_counts(cloud: Cloud) -> None:
    cloud.faults({"effect": "denied", "operation": "iam:ListRoles"})
    assert code_of(cloud.client("iam").list_roles) == "AccessDenied"
    added = {"effect": "keys", "match": "*"}
    told = process.post(cloud.running, "/_localcloud/faults", {"add": [added]})["rules"]
    assert told == [
        {"effect": "denied", "operation": "iam:ListRoles", "seen": 1, "hits": 1},
        {**added, "seen": 0, "hits": 0},
    ]
    assert cloud.faults(added) == [{**added, "seen": 0, "hits": 0}]
    assert cloud.faults() == []
