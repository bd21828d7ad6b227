"""The log of a deleted endpoint: what the watch noted proves whose it was, or nothing does."""

from __future__ import annotations

import pytest

from localcloud import process
from tests.support.local_cloud import Cloud
from tests.support.scan_context import context, owners
from workshop.naming import COHORT
from workshop.teardown.resource import ScanCache
from workshop.teardown.resources.logs import LogGroups
from workshop.teardown.resources.unexplained import ENDPOINTS
from workshop.watch.endpoints import SEEN

GROUPS = LogGroups()
NAME = "vision-ada-serve"
OWNED, CLAIMED = ("owned", "ada"), ("claimed", "ada")


@pytest.fixture
def bucket(cloud: Cloud) -> str:
    name = context(cloud).scope.names(COHORT).watch_bucket
    cloud.client("s3").create_bucket(Bucket=name)
    return name


def seen(cloud: Cloud, bucket: str, seat: str, *, later: float = 0, name: str = NAME) -> None:
    """Note an endpoint as the watch does, made so many seconds after now."""
    made = process.set_clock(cloud.running)["now"] + later
    cloud.client("s3").put_object(Bucket=bucket, Key=f"{SEEN}{name}/{made:.0f}/{seat}")


def verdicts(cloud: Cloud, name: str = NAME) -> dict[str, tuple[str, str]]:
    cloud.client("logs").create_log_group(logGroupName=f"{ENDPOINTS}{name}")
    found = owners(GROUPS, context(cloud, "ada", "ben"))
    return {group.removeprefix(ENDPOINTS): verdict for group, verdict in found.items()}


def test_what_the_watch_saw_with_the_seats_tags_is_the_seats(cloud: Cloud, bucket: str) -> None:
    seen(cloud, bucket, "ada")
    assert verdicts(cloud) == {NAME: OWNED}


def test_a_name_alone_is_a_claim(cloud: Cloud, bucket: str) -> None:
    seen(cloud, bucket, "ada", name="vision-ada-another")
    assert verdicts(cloud) == {NAME: CLAIMED}


def test_without_a_watch_a_name_is_a_claim(cloud: Cloud) -> None:
    assert verdicts(cloud) == {NAME: CLAIMED}


def test_a_seat_that_calls_an_endpoint_like_a_neighbours_proves_nothing(
    cloud: Cloud, bucket: str
) -> None:
    """Ben's own tags are on it, and its name has ada's prefix."""
    seen(cloud, bucket, "ben")
    assert verdicts(cloud) == {NAME: CLAIMED}


@pytest.mark.parametrize("other", ["ben", ""])
def test_where_another_had_the_same_name_as_well_nothing_is_proven(
    cloud: Cloud, bucket: str, other: str
) -> None:
    seen(cloud, bucket, "ada")
    seen(cloud, bucket, other, later=600)
    assert verdicts(cloud) == {NAME: CLAIMED}


def test_a_log_that_is_older_than_the_seats_endpoint_is_somebody_elses(
    cloud: Cloud, bucket: str
) -> None:
    seen(cloud, bucket, "ada", later=600)
    assert verdicts(cloud) == {NAME: CLAIMED}


def test_a_name_without_a_seats_prefix_proves_nothing_whatever_was_seen(
    cloud: Cloud, bucket: str
) -> None:
    """Such a log could be anybody's: a seat may call an endpoint whatever it likes."""
    seen(cloud, bucket, "ada", name="bank")
    assert verdicts(cloud, "bank") == {}


def test_a_bucket_of_another_account_proves_nothing(cloud: Cloud, bucket: str) -> None:
    seen(cloud, bucket, "ada")
    cloud.faults({"effect": "denied", "operation": "s3:ListObjectsV2"})
    assert verdicts(cloud) == {NAME: CLAIMED}


def test_it_stays_proven_when_the_bucket_is_gone(cloud: Cloud, bucket: str) -> None:
    seen(cloud, bucket, "ada")
    cloud.client("logs").create_log_group(logGroupName=f"{ENDPOINTS}{NAME}")
    lasting = ScanCache()
    for _ in range(2):
        assert owners(GROUPS, context(cloud, "ada", lasting=lasting)) == {
            f"{ENDPOINTS}{NAME}": OWNED
        }
        for one in cloud.client("s3").list_objects_v2(Bucket=bucket).get("Contents", []):
            cloud.client("s3").delete_object(Bucket=bucket, Key=one["Key"])
