"""Writes to S3 with a condition: of several at once one wins, and the others are told so."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.local_cloud import Cloud

HELD = "At least one of the pre-conditions you specified did not hold"
WRITERS = 12


@pytest.fixture
def s3(cloud: Cloud) -> Any:
    client = cloud.client("s3")
    client.create_bucket(Bucket="kept")
    client.put_bucket_versioning(Bucket="kept", VersioningConfiguration={"Status": "Enabled"})
    return client


def put(s3: Any, body: bytes = b"x", **condition: str) -> tuple[int, str, str]:
    """Write the object ``a``; return status, code and message, empty if it was written."""
    try:
        s3.put_object(Bucket="kept", Key="a", Body=body, **condition)
    except ClientError as error:
        told: Any = error.response
        status = told["ResponseMetadata"]["HTTPStatusCode"]
        return status, told["Error"]["Code"], told["Error"]["Message"]
    return 200, "", ""


def etag(s3: Any) -> str:
    return str(s3.head_object(Bucket="kept", Key="a")["ETag"])


def test_what_must_not_exist_is_written_once(s3: Any) -> None:
    assert put(s3, b"first", IfNoneMatch="*") == (200, "", "")
    assert put(s3, b"second", IfNoneMatch="*") == (412, "PreconditionFailed", HELD)
    assert s3.get_object(Bucket="kept", Key="a")["Body"].read() == b"first"
    # What was deleted does not exist, though its versions do.
    s3.delete_object(Bucket="kept", Key="a")
    assert put(s3, b"third", IfNoneMatch="*") == (200, "", "")


def test_what_must_be_as_it_was_read_is_changed_by_the_first_alone(s3: Any) -> None:
    missing = put(s3, IfMatch='"0"')
    assert missing[:2] == (404, "NoSuchKey")
    put(s3, b"one")
    seen = etag(s3)
    assert put(s3, b"two", IfMatch=seen) == (200, "", "")
    assert put(s3, b"three", IfMatch=seen) == (412, "PreconditionFailed", HELD)
    assert s3.get_object(Bucket="kept", Key="a")["Body"].read() == b"two"


@pytest.mark.parametrize("condition", ["IfNoneMatch", "IfMatch"])
def test_of_several_at_once_one_wins(s3: Any, condition: str) -> None:
    value = "*"
    if condition == "IfMatch":
        put(s3, b"before")
        value = etag(s3)
    with ThreadPoolExecutor(WRITERS) as writers:
        told = list(writers.map(lambda n: put(s3, b"%d" % n, **{condition: value}), range(WRITERS)))
    assert sorted(status for status, _, _ in told) == [200] + [412] * (WRITERS - 1)
    (winner,) = (n for n, (status, _, _) in enumerate(told) if status == 200)
    assert s3.get_object(Bucket="kept", Key="a")["Body"].read() == b"%d" % winner


def test_a_conflict_with_another_write_is_a_fault_that_can_be_asked_for(
    cloud: Cloud, s3: Any
) -> None:
    cloud.faults({"effect": "conflict", "operation": "s3:PutObject", "times": 2})
    status, code, message = put(s3, IfNoneMatch="*")
    assert (status, code) == (409, "ConditionalRequestConflict")
    assert message.startswith("The conditional request cannot succeed due to a conflicting")
    assert put(s3)[:2] == (409, "OperationAborted")
    assert put(s3, IfNoneMatch="*") == (200, "", "")
