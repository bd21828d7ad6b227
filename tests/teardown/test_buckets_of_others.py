"""Buckets that another account has: whatever their names, a teardown leaves them as they are."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.support.local_cloud import Cloud
from tests.support.scan_context import account_region, context, found
from workshop.teardown.emptying import BucketEmptier
from workshop.teardown.resource import Ownership, Resource
from workshop.teardown.resources.buckets import Buckets, SharedObjects

OTHER = "444455556666"


def of_another_account(cloud: Cloud, name: str) -> None:
    """Make a bucket with an object in another account, which lets everybody do anything."""
    s3 = cloud.client("s3", account=OTHER)
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="vision-ada-model/model.tar.gz", Body=b"theirs")


def is_untouched(cloud: Cloud, name: str) -> bool:
    s3 = cloud.client("s3", account=OTHER)
    body = s3.get_object(Bucket=name, Key="vision-ada-model/model.tar.gz")["Body"].read()
    return bool(body == b"theirs")


def test_another_accounts_bucket_is_neither_found_nor_emptied_nor_deleted(cloud: Cloud) -> None:
    name = "vision-ada-data"
    of_another_account(cloud, name)
    here, client = context(cloud), cloud.client("s3")
    assert found(Buckets(), here) == {}
    with pytest.raises(ClientError, match="AccessDenied"):
        BucketEmptier(client, name, account_region(cloud).account, pause=lambda _: None).empty()
    one = Resource("bucket", name, account_region(cloud), Ownership.OWNED, "")
    with pytest.raises(ClientError, match="AccessDenied"):
        Buckets().delete(here, one)
    assert is_untouched(cloud, name)


def test_where_another_account_has_the_sdks_own_bucket_nothing_of_ours_is_in_it(
    cloud: Cloud,
) -> None:
    here = account_region(cloud)
    name = f"sagemaker-{here.region}-{here.account}"
    of_another_account(cloud, name)
    assert found(SharedObjects(), context(cloud)) == {}
    assert is_untouched(cloud, name)


def test_ones_own_that_may_not_be_read_is_unknown_and_so_is_any_where_none_may_be_listed(
    cloud: Cloud,
) -> None:
    here = account_region(cloud)
    cloud.client("s3").create_bucket(Bucket=f"sagemaker-{here.region}-{here.account}")
    denied = {"effect": "denied", "operation": "s3:ListObjectVersions"}
    for rules in ([denied], [denied, {"effect": "denied", "operation": "s3:ListBuckets"}]):
        cloud.faults(*rules)
        with pytest.raises(ClientError, match="AccessDenied"):
            list(SharedObjects().find(context(cloud)))
