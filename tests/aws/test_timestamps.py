"""Moments in AWS's answers, and the count of calls."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.utils import parse_timestamp

from tests.support.local_cloud import Cloud
from tests.support.preflights import calling
from tests.support.small_workshop import HOME
from workshop.aws.clients import Clients
from workshop.aws.timestamps import parsed

SHAPES: tuple[float | str, ...] = (
    1_795_381_985,
    1_795_381_985.333,
    "1795381985",
    "2026-11-22T21:13:05Z",
    "2026-11-22T21:13:05.333Z",
    "2026-11-22T21:13:05+02:00",
    "2026-11-22T21:13:05.333000+00:00",
    "Sun, 22 Nov 2026 21:13:05 GMT",
    "20261122T211305Z",
)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_moment_is_the_one_that_botocore_reads(shape: Any) -> None:
    assert parsed(shape) == parse_timestamp(shape)


def test_moments_are_in_utc_wherever_the_machine_is() -> None:
    assert parsed(0.5) == datetime(1970, 1, 1, 0, 0, 0, 500_000, UTC)
    assert parsed(0.5).tzinfo is parsed("2026-11-22T21:13:05Z").tzinfo is UTC
    two = timezone(timedelta(hours=2))
    assert parsed("2026-11-22T21:13:05+02:00").tzinfo == two


def test_eight_digits_are_seconds_and_no_day() -> None:
    assert parsed("20261122") == datetime(1970, 8, 23, 12, 5, 22, tzinfo=UTC)


def test_what_is_no_moment_is_refused() -> None:
    with pytest.raises(ValueError, match="Invalid timestamp"):
        parsed("Tomorrow")


def test_clients_read_moments_so(cloud: Cloud) -> None:
    cloud.client("s3").create_bucket(Bucket="here")
    with calling(cloud):
        [bucket] = Clients(HOME).client("s3", HOME).list_buckets()["Buckets"]
    assert bucket["CreationDate"].tzinfo is UTC


def test_calls_are_counted_by_operation_and_retries_are_not(cloud: Cloud) -> None:
    with calling(cloud):
        made = Clients(HOME)
        assert made.calls == {}
        made.client("s3", HOME).list_buckets()
        made.client("s3", HOME).list_buckets()
        cloud.faults({"effect": "throttle", "operation": "sts:GetCallerIdentity", "times": 1})
        made.caller(HOME)
    assert made.calls == {"s3:ListBuckets": 2, "sts:GetCallerIdentity": 1}
