"""Buckets: whose they are."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.support.buckets import KIND, bucket, left, named, put
from tests.support.local_cloud import Cloud
from tests.support.scan_context import account_region, context, counted, found, owners, pages_of
from workshop.teardown.resource import ScanContext
from workshop.teardown.resources import tagged
from workshop.teardown.resources.buckets import SharedObjects

SHARED = SharedObjects()


# --- whose -----------------------------------------------------------------------------------


def test_tags_claim_a_bucket_and_so_does_a_name_that_only_its_seat_may_use(cloud: Cloud) -> None:
    bucket(cloud, named(cloud, "ada"), attendee="ada")
    bucket(cloud, named(cloud, "ben"))
    bucket(cloud, "vision-ben-photos")
    bucket(cloud, named(cloud, "ben", "hoard"), attendee="ben", workshop="speech")
    bucket(cloud, "of-another-name", attendee="ada")
    bucket(cloud, "somebody-elses")
    bucket(cloud, "visionary-ada-data")
    assert owners(KIND, context(cloud)) == {
        named(cloud, "ada"): ("claimed", "ada"),
        named(cloud, "ben"): ("claimed", "ben"),
        named(cloud, "ben", "hoard"): ("claimed", "ben"),
        "vision-ben-photos": ("foreign", ""),
        "of-another-name": ("claimed", "ada"),
    }


def test_tags_of_another_workshop_make_a_bucket_foreign(cloud: Cloud) -> None:
    bucket(cloud, "vision-ada-theirs", attendee="ada", workshop="speech")
    [theirs] = found(KIND, context(cloud)).values()
    assert theirs.ownership.value == "foreign"
    assert theirs.why == "its tags say workshop speech, environment dev"


def test_tags_of_another_environment_are_told_unless_the_seat_may_have_written_them(
    cloud: Cloud,
) -> None:
    bucket(cloud, "vision-results", attendee="ada", environment="prod")
    bucket(cloud, named(cloud, "ada", "hoard"), attendee="ada", environment="prod")
    resources = found(KIND, context(cloud))
    assert {name: (one.ownership.value, one.of_environment) for name, one in resources.items()} == {
        "vision-results": ("claimed", "prod"),
        named(cloud, "ada", "hoard"): ("claimed", ""),
    }
    scope = context(cloud).scope
    orphan = {"workshop": "vision", "environment": "prod", "attendee": "ada"}
    orphan[tagged.STACK] = "vision-ada-storage"
    assert tagged.other_environment(scope, orphan, "ada") == "prod"


def test_of_other_seats_nothing_is_told_and_no_tags_are_read(cloud: Cloud) -> None:
    bucket(cloud, named(cloud, "ada"), attendee="ada")
    bucket(cloud, named(cloud, "cem"), attendee="cem")
    bucket(cloud, named(cloud, "dia"))
    bucket(cloud, named(cloud, "cohort", "datasets"), attendee="cohort")
    here = context(cloud, "ada")
    calls = counted(here.clients.client("s3", account_region(cloud)))
    assert list(owners(KIND, here)) == [named(cloud, "ada")]
    assert calls == {"ListBuckets": 1}


def test_a_bucket_in_another_region_is_another_places(cloud: Cloud) -> None:
    cloud.client("s3", region="eu-west-1").create_bucket(
        Bucket="vision-ada-data-000000000000-eu-west-1",
        CreateBucketConfiguration={"LocationConstraint": "eu-west-1"},
    )
    assert owners(KIND, context(cloud)) == {}


def test_a_whole_teardown_sees_the_cohorts_bucket_strays_and_look_alikes(cloud: Cloud) -> None:
    bucket(cloud, named(cloud, "cohort", "datasets"), attendee="cohort")
    bucket(cloud, named(cloud, "cem"), attendee="cem")
    bucket(cloud, "vision-photos-2019")
    assert owners(KIND, context(cloud, whole=True)) == {
        named(cloud, "cohort", "datasets"): ("claimed", "cohort"),
        named(cloud, "cem"): ("claimed", "cem"),
        "vision-photos-2019": ("foreign", ""),
    }


def test_cloudformations_own_tag_with_the_workshops_is_proof(cloud: Cloud) -> None:
    tags = {"workshop": "vision", "environment": "dev", "attendee": "ada"}
    scope = context(cloud).scope
    proven = tagged.proven(scope, {**tags, tagged.STACK: "vision-ada-storage"})
    assert proven is not None
    assert (proven.ownership.value, proven.seat) == ("owned", "ada")
    assert tagged.proven(scope, tags) is None
    assert tagged.proven(scope, {**tags, tagged.STACK: "vision-ben-storage"}) is None
    alone = tagged.proven(scope, {tagged.STACK: "vision-ada-storage"})
    assert alone is not None
    assert alone.ownership.value == "foreign"


def test_a_bucket_whose_tags_cannot_be_read_is_unknown(cloud: Cloud) -> None:
    bucket(cloud, named(cloud, "ada"))
    cloud.faults({"effect": "denied", "operation": "s3:GetBucketTagging"})
    assert owners(KIND, context(cloud)) == {named(cloud, "ada"): ("unknown", "ada")}


def test_a_denied_listing_of_buckets_is_an_error_and_not_none(cloud: Cloud) -> None:
    cloud.faults({"effect": "denied", "operation": "s3:ListBuckets"})
    with pytest.raises(ClientError, match="AccessDenied"):
        list(KIND.find(context(cloud)))


def test_all_pages_of_buckets_are_read(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workshop.teardown.resources.buckets.PAGE", 25)
    names = [named(cloud, "ada", f"d{number}") for number in range(51)]
    for name in names:
        bucket(cloud, name, versioned=False)
    here = context(cloud)
    tags = {f"arn:aws:s3:::{name}": {"workshop": "vision"} for name in names}
    assert list(found(KIND, ScanContext(here.clients, here.scope, tags))) == sorted(names)


def test_tags_of_a_bucket_that_is_gone_are_not_believed(cloud: Cloud) -> None:
    bucket(cloud, "of-another-name", attendee="ada")
    here = context(cloud)
    cloud.client("s3").delete_bucket(Bucket="of-another-name")
    assert found(KIND, here) == {}


# --- the bucket that an account shares -------------------------------------------------------


def test_below_a_seats_prefix_in_the_shared_bucket_all_goes_and_nothing_else(cloud: Cloud) -> None:
    where = account_region(cloud)
    name = bucket(cloud, f"sagemaker-{where.region}-{where.account}")
    mine = ["vision-ada-fit/output/model.tar.gz", "vision-ada-notes.txt"]
    others = ["vision-adam-fit/x", "vision-cem-fit/x", "visionary/x", "speech-ada-fit/x"]
    put(cloud, name, [*mine, *others])
    cloud.client("s3").delete_object(Bucket=name, Key=mine[1])
    here = context(cloud)
    prefix = f"s3://{name}/vision-ada-"
    assert owners(SHARED, here) == {prefix: ("claimed", "ada")}
    one = found(SHARED, here)[prefix]
    assert SHARED.state(here, one) == "there"
    SHARED.delete(here, one)
    assert SHARED.state(here, one) is None
    assert left(cloud, name) == len(others)


def test_a_full_folder_in_the_shared_bucket_takes_one_call(cloud: Cloud) -> None:
    where = account_region(cloud)
    name = bucket(cloud, f"sagemaker-{where.region}-{where.account}")
    put(cloud, name, [f"vision-ada-fit/{number}" for number in range(30)])
    here = context(cloud)
    pages_of(here, cloud, "ListObjectVersions", MaxKeys=25)
    calls = counted(here.clients.client("s3", where))
    assert len(found(SHARED, here)) == 1
    assert calls == {"ListObjectVersions": 1}


def test_an_account_without_a_shared_bucket_has_nothing_in_it(cloud: Cloud) -> None:
    assert found(SHARED, context(cloud)) == {}


def test_a_denied_shared_bucket_is_an_error_and_not_empty(cloud: Cloud) -> None:
    where = account_region(cloud)
    bucket(cloud, f"sagemaker-{where.region}-{where.account}")
    cloud.faults({"effect": "denied", "operation": "s3:ListObjectVersions"})
    with pytest.raises(ClientError, match="AccessDenied"):
        list(SHARED.find(context(cloud)))
