"""Faults as a client meets them: boto3 against the running cloud."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import botocore.endpoint
import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from botocore.retries.bucket import TokenBucket
from botocore.retries.standard import RetryContext, ThrottledRetryableChecker

from tests.support.faulty import client, counts, refusal
from tests.support.local_cloud import Cloud
from tests.support.refusals import code_of

CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "sagemaker": ("list_notebook_instances", {}),
    "s3": ("list_buckets", {}),
    "cloudformation": ("describe_stacks", {}),
    "iam": ("list_roles", {}),
    "sts": ("get_caller_identity", {}),
    "cloudwatch": ("list_dashboards", {}),
    "logs": ("describe_log_groups", {}),
    "ecr": ("describe_repositories", {}),
    "ec2": ("describe_vpcs", {}),
    "lambda": ("list_functions", {}),
    "organizations": ("list_accounts", {}),
    "scheduler": ("list_schedules", {}),
    "sagemaker-runtime": ("invoke_endpoint", {"EndpointName": "e", "Body": b"{}"}),
}
"""A call of each service, which speak seven protocols between them."""


# --- refusals in the words of each service ------------------------------------------------------


@pytest.mark.parametrize(
    ("service", "code", "status"),
    [
        ("sagemaker", "ThrottlingException", 400),
        ("s3", "SlowDown", 503),
        ("cloudformation", "Throttling", 400),
        ("iam", "Throttling", 400),
        ("sts", "Throttling", 400),
        ("cloudwatch", "Throttling", 400),
        ("logs", "ThrottlingException", 400),
        ("ecr", "ThrottlingException", 400),
        ("ec2", "RequestLimitExceeded", 503),
        ("lambda", "TooManyRequestsException", 429),
        ("organizations", "TooManyRequestsException", 400),
        ("scheduler", "ThrottlingException", 429),
        ("sagemaker-runtime", "ThrottlingException", 429),
    ],
)
def test_throttling_is_what_the_service_calls_it_and_botocore_knows_it(
    cloud: Cloud, service: str, code: str, status: int
) -> None:
    cloud.faults({"effect": "throttle", "operation": f"{service}:*"})
    operation, request = CALLS[service]
    with pytest.raises(ClientError) as caught:
        getattr(client(cloud, service), operation)(**request)
    answer = caught.value.response
    assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)
    seen = RetryContext(attempt_number=1, parsed_response=answer)
    assert ThrottledRetryableChecker().is_retryable(seen)


@pytest.mark.parametrize(
    ("service", "code", "status", "permission"),
    [
        (
            "sagemaker",
            "AccessDeniedException",
            400,
            "sagemaker:ListNotebookInstances on resource: *",
        ),
        ("s3", "AccessDenied", 403, 's3:ListAllMyBuckets on resource: "*"'),
        ("cloudformation", "AccessDenied", 403, "cloudformation:DescribeStacks on resource: "),
        ("iam", "AccessDenied", 403, "iam:ListRoles on resource: "),
        ("cloudwatch", "AccessDenied", 403, "cloudwatch:ListDashboards on resource: *"),
        ("ecr", "AccessDeniedException", 400, "ecr:DescribeRepositories on resource: *"),
        ("ec2", "UnauthorizedOperation", 403, "ec2:DescribeVpcs on resource: *"),
        ("lambda", "AccessDeniedException", 403, "lambda:ListFunctions on resource: *"),
    ],
)
def test_a_denial_names_who_may_not_do_what(
    cloud: Cloud, service: str, code: str, status: int, permission: str
) -> None:
    cloud.faults({"effect": "denied", "operation": f"{service}:*"})
    operation, request = CALLS[service]
    told = refusal(getattr(client(cloud, service), operation), **request)
    assert (told["code"], told["status"]) == (code, status)
    who = "User: arn:aws:iam::000000000000:root"
    assert told["message"].startswith(f"{who} is not authorized to perform: {permission}")


def test_a_denial_names_the_resource_and_the_permission_that_is_missing(cloud: Cloud) -> None:
    cloud.faults({"effect": "denied", "operation": "*"})
    told = refusal(client(cloud, "sagemaker").stop_training_job, TrainingJobName="ada-1")
    job = "arn:aws:sagemaker:us-east-1:000000000000:training-job/ada-1"
    assert f"sagemaker:StopTrainingJob on resource: {job} because no" in told["message"]
    told = refusal(cloud.client("s3").list_object_versions, Bucket="ada")
    assert 's3:ListBucketVersions on resource: "arn:aws:s3:::ada" because' in told["message"]


@pytest.mark.parametrize(
    ("service", "internal", "unavailable"),
    [
        ("sagemaker", "InternalFailure", "ServiceUnavailable"),
        ("s3", "InternalError", "ServiceUnavailable"),
        ("cloudformation", "InternalFailure", "ServiceUnavailable"),
        ("iam", "ServiceFailure", "ServiceUnavailable"),
        ("cloudwatch", "InternalServiceError", "ServiceUnavailable"),
        ("ec2", "InternalError", "Unavailable"),
        ("lambda", "ServiceException", "ServiceUnavailable"),
    ],
)
def test_a_service_fails_with_its_own_codes(
    cloud: Cloud, service: str, internal: str, unavailable: str
) -> None:
    operation, request = CALLS[service]
    call = getattr(client(cloud, service), operation)
    for status, code in ((500, internal), (503, unavailable)):
        cloud.faults({"effect": "error", "operation": f"{service}:*", "status": status})
        told = refusal(call, **request)
        assert (told["code"], told["status"]) == (code, status)
        assert told["blamed"] in {"Receiver", ""}


def test_an_error_can_have_a_code_of_ones_own(cloud: Cloud) -> None:
    cloud.faults({"effect": "error", "operation": "iam:*", "status": 503, "code": "Odd"})
    told = refusal(cloud.client("iam").list_roles)
    assert (told["code"], told["status"]) == ("Odd", 503)


# --- retries ------------------------------------------------------------------------------------


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that botocore would have waited before its retries."""
    waited: list[float] = []
    monkeypatch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=waited.append))
    return waited


@pytest.fixture
def limited(monkeypatch: pytest.MonkeyPatch) -> list[TokenBucket]:
    """One entry a request that the adaptive mode held up, as it does once it was throttled."""
    held_up: list[TokenBucket] = []

    def acquire(bucket: TokenBucket) -> None:
        held_up.append(bucket)

    monkeypatch.setattr(TokenBucket, "acquire", acquire)
    return held_up


@pytest.mark.parametrize("mode", ["legacy", "standard", "adaptive"])
@pytest.mark.parametrize("service", ["sagemaker", "cloudformation", "s3"])
def test_retries_outlast_two_refusals_of_three(
    cloud: Cloud, waits: list[float], limited: list[TokenBucket], mode: str, service: str
) -> None:
    cloud.faults({"effect": "throttle", "operation": f"{service}:*", "times": 2})
    retries = {"mode": mode, "total_max_attempts": 3}
    getattr(client(cloud, service, retries=retries), CALLS[service][0])()
    assert (counts(cloud), len(waits)) == ([(3, 2)], 2)
    assert len(limited) == (2 if mode == "adaptive" else 0)


def test_retries_end_when_the_throttling_does_not(cloud: Cloud, waits: list[float]) -> None:
    cloud.faults({"effect": "throttle", "operation": "sagemaker:*"})
    retries = {"mode": "standard", "total_max_attempts": 3}
    tries = client(cloud, "sagemaker", retries=retries)
    assert code_of(tries.list_notebook_instances) == "ThrottlingException"
    assert (counts(cloud), len(waits)) == ([(3, 3)], 2)


def test_failures_are_retried_and_denials_are_not(cloud: Cloud, waits: list[float]) -> None:
    iam = client(cloud, "iam", retries={"mode": "standard", "total_max_attempts": 3})
    cloud.faults({"effect": "error", "operation": "iam:ListRoles", "status": 503, "times": 1})
    assert iam.list_roles()["Roles"] == []
    assert (counts(cloud), len(waits)) == ([(2, 1)], 1)
    cloud.faults({"effect": "denied", "operation": "iam:ListRoles"})
    assert code_of(iam.list_roles) == "AccessDenied"
    assert counts(cloud) == [(1, 1)]


# --- silence and slowness -----------------------------------------------------------------------


def test_a_call_without_an_answer_is_not_performed_and_holds_up_no_other(cloud: Cloud) -> None:
    cloud.faults({"effect": "timeout", "operation": "s3:CreateBucket"})
    with pytest.raises(ReadTimeoutError):
        client(cloud, "s3", read_timeout=0.2).create_bucket(Bucket="never-made")
    with ThreadPoolExecutor(1) as pool:
        silent = pool.submit(client(cloud, "s3").create_bucket, Bucket="never-made")
        while counts(cloud) != [(2, 2)]:
            assert not silent.done()
        assert cloud.client("s3").list_buckets()["Buckets"] == []
        assert not silent.done()
        cloud.faults()
        assert refusal(silent.result)["status"] == 503
    assert cloud.client("s3").list_buckets()["Buckets"] == []


def test_a_reset_lets_go_of_whoever_waits_and_clears_the_plan(cloud: Cloud) -> None:
    cloud.faults({"effect": "timeout", "operation": "iam:*"})
    with ThreadPoolExecutor(1) as pool:
        silent = pool.submit(client(cloud, "iam").list_roles)
        while counts(cloud) != [(1, 1)]:
            assert not silent.done()
        cloud.reset()
        assert refusal(silent.result)["status"] == 503
    assert counts(cloud) == []
    assert cloud.client("iam").list_roles()["Roles"] == []


def test_a_lost_answer_is_to_something_that_was_done(cloud: Cloud) -> None:
    cloud.faults({"effect": "lost-answer", "operation": "iam:CreateRole", "times": 1})
    role = {"RoleName": "ada", "AssumeRolePolicyDocument": "{}"}
    with pytest.raises(ReadTimeoutError):
        client(cloud, "iam", read_timeout=0.2).create_role(**role)
    while not cloud.client("iam").list_roles()["Roles"]:
        continue
    assert code_of(cloud.client("iam").create_role, **role) == "EntityAlreadyExists"


def test_a_slow_call_is_answered_late_and_then_by_the_next_rule(cloud: Cloud) -> None:
    cloud.faults({"effect": "latency", "operation": "s3:*", "seconds": 30, "after": 1})
    assert cloud.client("s3").list_buckets()["Buckets"] == []
    with pytest.raises(ReadTimeoutError):
        client(cloud, "s3", read_timeout=0.2).list_buckets()
    while counts(cloud) != [(2, 1)]:
        continue
    cloud.faults(
        {"effect": "latency", "operation": "s3:*", "seconds": 0.01},
        {"effect": "denied", "operation": "s3:*", "times": 1},
    )
    assert code_of(cloud.client("s3").list_buckets) == "AccessDenied"
    assert cloud.client("s3").list_buckets()["Buckets"] == []
    assert counts(cloud) == [(2, 2), (2, 1)]
