"""Buckets of teardown tests: made, filled and counted."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from tests.support.local_cloud import Cloud
from tests.support.scan_context import account_region, tag_list
from workshop.teardown.resources.buckets import Buckets

KIND = Buckets()


def named(cloud: Cloud, seat: str, key: str = "data") -> str:
    where = account_region(cloud)
    return f"vision-{seat}-{key}-{where.account}-{where.region}"


def bucket(cloud: Cloud, name: str, *, versioned: bool = True, **tags: str) -> str:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket=name)
    if versioned:
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    if tags:
        s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": tag_list(**tags)})
    return name


def put(cloud: Cloud, name: str, keys: Iterable[str]) -> None:
    s3 = cloud.client("s3")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: s3.put_object(Bucket=name, Key=key, Body=b"x"), keys))


def left(cloud: Cloud, name: str) -> int:
    s3 = cloud.client("s3")
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=name)
    versions = sum(
        len(page.get(part, ())) for page in pages for part in ("Versions", "DeleteMarkers")
    )
    return versions + len(s3.list_multipart_uploads(Bucket=name).get("Uploads", ()))
