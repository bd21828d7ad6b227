"""Buckets are emptied whole, and never called empty when they are not."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.buckets import KIND, bucket, left, named, put
from tests.support.faulty import counts
from tests.support.local_cloud import Cloud
from tests.support.scan_context import account_region, context, found, pages_of, resource
from workshop.teardown.emptying import MOST_LEFT, BucketEmptier, NotEmptied
from workshop.teardown.resource import ScanContext


def emptying(
    cloud: Cloud, name: str, prefix: str = "", where: ScanContext | None = None
) -> BucketEmptier:
    client = (where or context(cloud)).clients.client("s3", account_region(cloud))
    return BucketEmptier(client, name, account_region(cloud).account, prefix, pause=lambda _: None)


def test_versions_markers_and_uploads_all_go_and_then_the_bucket(cloud: Cloud) -> None:
    s3, name = cloud.client("s3"), bucket(cloud, named(cloud, "ada"), attendee="ada")
    put(cloud, name, ["a", "b/c", "b/c", "odd ä+%20&<>"])
    s3.delete_object(Bucket=name, Key="a")
    s3.create_multipart_upload(Bucket=name, Key="big file+ä")
    here = context(cloud)
    one = found(KIND, here)[name]
    assert left(cloud, name) == 6
    KIND.empty(here, one)
    assert left(cloud, name) == 0
    assert KIND.state(here, one) == "there"
    KIND.delete(here, one)
    assert KIND.state(here, one) is None
    KIND.delete(here, one)


def test_a_thousand_versions_cost_one_deletion(cloud: Cloud) -> None:
    name = bucket(cloud, named(cloud, "ada"))
    put(cloud, name, ["one"] * 26)
    calls = {"s3:ListMultipartUploads": 1, "s3:ListObjectVersions": 1, "s3:DeleteObjects": 1}
    done = emptying(cloud, name).empty()
    assert (done.versions, done.calls) == (26, calls)
    assert left(cloud, name) == 0


def test_the_second_thousand_costs_one_more_and_a_last_look(cloud: Cloud) -> None:
    name = bucket(cloud, named(cloud, "ada"))
    put(cloud, name, [f"{number}" for number in range(1001)])
    calls = {"s3:ListMultipartUploads": 2, "s3:ListObjectVersions": 3, "s3:DeleteObjects": 2}
    done = emptying(cloud, name).empty()
    assert (done.versions, done.calls) == (1001, calls)
    assert left(cloud, name) == 0


@pytest.mark.parametrize("count", [26, 51, 101, 201])
def test_all_pages_are_emptied_although_they_shrink_meanwhile(cloud: Cloud, count: int) -> None:
    s3, name = cloud.client("s3"), bucket(cloud, named(cloud, "ada"))
    put(cloud, name, [f"{number % 20}" for number in range(count)])
    with ThreadPoolExecutor(8) as pool:
        make = s3.create_multipart_upload
        list(pool.map(lambda number: make(Bucket=name, Key=f"{number % 9}"), range(51)))
    here = context(cloud)
    pages_of(here, cloud, "ListObjectVersions", MaxKeys=25)
    pages_of(here, cloud, "ListMultipartUploads", MaxUploads=25)
    done = emptying(cloud, name, where=here).empty()
    assert (done.versions, done.uploads) == (count, 51)
    assert done.calls["s3:DeleteObjects"] == -(-count // 25)
    assert left(cloud, name) == 0


def test_a_bucket_without_versions_is_emptied_too(cloud: Cloud) -> None:
    name = bucket(cloud, named(cloud, "ada"), versioned=False)
    put(cloud, name, ["a", "b"])
    assert emptying(cloud, name).empty().versions == 2
    assert left(cloud, name) == 0


def test_keys_that_s3_failed_at_are_asked_for_again(cloud: Cloud) -> None:
    name = bucket(cloud, named(cloud, "ada"))
    put(cloud, name, ["checkpoints/1", "checkpoints/2", "data"])
    cloud.faults({"effect": "keys", "match": "checkpoints/*", "times": 3})
    done = emptying(cloud, name).empty()
    assert (done.versions, done.calls["s3:DeleteObjects"]) == (3, 4)
    assert left(cloud, name) == 0


def test_keys_that_s3_goes_on_failing_at_are_told_by_name(cloud: Cloud) -> None:
    name = bucket(cloud, named(cloud, "ada"))
    put(cloud, name, ["checkpoints/1", "data"])
    cloud.faults({"effect": "keys", "match": "checkpoints/*"})
    with pytest.raises(NotEmptied) as caught:
        emptying(cloud, name).empty()
    assert str(caught.value) == (
        f"1 version in bucket {name} could not be deleted: checkpoints/1 (InternalError: We"
        " encountered an internal error. Please try again.); take away what protects them (a"
        " bucket policy, an object lock), then run this again"
    )
    assert counts(cloud) == [(5, 5)]
    assert left(cloud, name) == 1


def test_denied_keys_are_not_asked_for_again(cloud: Cloud) -> None:
    name = bucket(cloud, named(cloud, "ada"))
    put(cloud, name, ["a", "b", "c", "d", "e"])
    cloud.faults({"effect": "keys", "match": "*", "code": "AccessDenied"})
    with pytest.raises(NotEmptied, match=r"5 versions .* and 2 more") as caught:
        emptying(cloud, name).empty()
    assert [one.code for one in caught.value.left] == ["AccessDenied"] * 5
    assert counts(cloud) == [(1, 1)]


def test_a_denied_bucket_is_given_up_after_a_thousand_keys() -> None:
    class Denying:
        """Lists a hundred pages, and deletes nothing."""

        pages = 0

        def get_paginator(self, operation: str) -> Denying:
            self.operation = operation
            return self

        def paginate(self, **_: Any) -> Any:
            while self.operation == "list_object_versions" and self.pages < 100:
                self.pages += 1
                yield {"Versions": [{"Key": f"{n}", "VersionId": "v"} for n in range(1000)]}

        def delete_objects(self, Delete: Any, **_: Any) -> Any:  # noqa: N803
            named = ((one["Key"], one["VersionId"]) for one in Delete["Objects"])
            return {
                "Errors": [
                    {"Key": key, "VersionId": version, "Code": "AccessDenied", "Message": "no"}
                    for key, version in named
                ]
            }

    client = Denying()
    with pytest.raises(NotEmptied):
        BucketEmptier(client, "endless", "1" * 12).empty()
    assert client.pages * 1000 <= MOST_LEFT + 5 * 1000


def test_a_version_that_another_has_deleted_since_it_was_listed_is_not_left() -> None:
    class Overtaken:
        """Lists one version once, which is gone when it is to be deleted."""

        def get_paginator(self, operation: str) -> Overtaken:
            self.pages = [{"Versions": [{"Key": "a", "VersionId": "v"}]}]
            self.pages *= operation == "list_object_versions" and not hasattr(self, "asked")
            return self

        def paginate(self, **_: Any) -> Any:
            yield from self.pages

        def delete_objects(self, **_: Any) -> Any:
            self.asked = True
            return {"Errors": [{"Key": "a", "VersionId": "v", "Code": "NoSuchVersion"}]}

    client = Overtaken()
    BucketEmptier(client, "shared", "1" * 12).empty()
    assert client.asked


def test_an_object_lock_is_told_and_nothing_bypasses_it(cloud: Cloud) -> None:
    s3, name = cloud.client("s3"), named(cloud, "ada")
    s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    until = datetime(2099, 1, 1, tzinfo=UTC)
    s3.put_object(Bucket=name, Key="free")
    s3.put_object(
        Bucket=name, Key="locked", ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=until
    )
    with pytest.raises(NotEmptied, match=r"locked .*AccessDenied.*object lock"):
        KIND.delete(context(cloud), resource(context(cloud), KIND.name, name))
    assert left(cloud, name) == 1


@pytest.mark.parametrize(
    "operation", ["ListObjectVersions", "ListMultipartUploads", "DeleteObjects"]
)
def test_a_denied_call_is_never_an_empty_bucket(cloud: Cloud, operation: str) -> None:
    name = bucket(cloud, named(cloud, "ada"))
    put(cloud, name, ["a"])
    cloud.faults({"effect": "denied", "operation": f"s3:{operation}"})
    with pytest.raises(ClientError, match="AccessDenied"):
        emptying(cloud, name).empty()
    cloud.faults()
    assert left(cloud, name) == 1


def test_throttled_and_failing_calls_are_repeated(cloud: Cloud) -> None:
    name = bucket(cloud, named(cloud, "ada"))
    put(cloud, name, [f"{number}" for number in range(26)])
    cloud.faults(
        {"effect": "throttle", "operation": "s3:DeleteObjects", "times": 1},
        {"effect": "error", "operation": "s3:ListObjectVersions", "times": 1},
    )
    assert emptying(cloud, name).empty().versions == 26
    assert left(cloud, name) == 0


def test_an_unfinished_upload_is_something(cloud: Cloud) -> None:
    name = bucket(cloud, named(cloud, "ada"))
    assert not emptying(cloud, name).holds_something()
    cloud.client("s3").create_multipart_upload(Bucket=name, Key="vision-ada-x")
    assert emptying(cloud, name).holds_something()
    assert emptying(cloud, name, "vision-ada-").holds_something()
    assert not emptying(cloud, name, "vision-ben-").holds_something()


def test_a_bucket_that_is_gone_is_empty(cloud: Cloud) -> None:
    assert emptying(cloud, "never-was-here").empty().calls == {}
    assert not emptying(cloud, "never-was-here").holds_something()


def test_a_bucket_that_is_written_to_all_the_time_is_not_called_empty() -> None:
    class Busy:
        """Shows two pages whenever it is asked."""

        def get_paginator(self, operation: str) -> Busy:
            self.operation = operation
            return self

        def paginate(self, **_: Any) -> Any:
            if self.operation == "list_object_versions":
                yield from ({"Versions": [{"Key": "a", "VersionId": "v"}]} for _ in range(2))

        def delete_objects(self, **_: Any) -> Any:
            return {}

    with pytest.raises(NotEmptied, match="emptied 5 times and is not empty"):
        BucketEmptier(Busy(), "busy", "1" * 12).empty()


def test_every_call_names_the_owner_of_the_bucket(cloud: Cloud) -> None:
    name = bucket(cloud, named(cloud, "ada"))
    put(cloud, name, ["a"])
    cloud.client("s3").create_multipart_upload(Bucket=name, Key="big")
    here = context(cloud)
    asked: list[Any] = []
    here.clients.client("s3", account_region(cloud)).meta.events.register(
        "provide-client-params.s3", lambda params, **_: asked.append(params)
    )
    KIND.delete(here, resource(here, KIND.name, name))
    assert {one["ExpectedBucketOwner"] for one in asked} == {account_region(cloud).account}
    assert len(asked) == 5


def test_a_key_that_xml_cannot_hold_goes_by_itself() -> None:
    class Holding:
        """What the local cloud cannot hold; refuses as S3 does."""

        def __init__(self) -> None:
            self.alone: list[str] = []

        def get_paginator(self, operation: str) -> Holding:
            self.operation = operation
            return self

        def paginate(self, **_: Any) -> Any:
            if self.operation == "list_object_versions":
                yield {"Versions": [{"Key": key, "VersionId": "v"} for key in ("a", "b\x01")]}

        def delete_objects(self, Delete: Any, **_: Any) -> Any:  # noqa: N803
            assert [one["Key"] for one in Delete["Objects"]] == ["a"]
            return {}

        def delete_object(self, Key: str, **_: Any) -> None:  # noqa: N803
            self.alone.append(Key)
            error = {"Error": {"Code": "AccessDenied", "Message": "no"}}
            raise ClientError(error, "DeleteObject")  # type: ignore[arg-type]

    client = Holding()
    with pytest.raises(NotEmptied, match="AccessDenied: no"):
        BucketEmptier(client, "odd", "1" * 12).empty()
    assert client.alone == ["b\x01"]


def test_no_more_than_a_few_pages_are_held() -> None:
    listed, deleted, most = 0, 0, 0

    class CountingBucket:
        def get_paginator(self, operation: str) -> CountingBucket:
            self.operation = operation
            return self

        def paginate(self, **_: Any) -> Any:
            nonlocal listed, most
            if self.operation != "list_object_versions" or listed:
                return
            for _page in range(60):
                listed += 1
                most = max(most, listed - deleted)
                yield {"Versions": [{"Key": "a", "VersionId": "v"}]}

        def delete_objects(self, **_: Any) -> Any:
            nonlocal deleted
            deleted += 1
            return {}

    assert BucketEmptier(CountingBucket(), "long", "1" * 12).empty().versions == 60
    assert most <= 6
