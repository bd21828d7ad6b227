"""Objects and log streams of teardown tests: put, saved to a folder or a bucket, and read back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.local_cloud import Cloud
from tests.support.scan_context import account_region, context
from workshop.config.models import Keep
from workshop.teardown import saving
from workshop.teardown.saving import Saved, SeatArtifacts

DATA = "vision-ada-data-000000000000-us-east-1"
ARCHIVE = "archive"
GROUP = "/aws/sagemaker/TrainingJobs"
MEGABYTE = 1024**2


@pytest.fixture
def buckets(cloud: Cloud) -> None:
    """Make the bucket of a seat's data, and the one that it is saved to."""
    for name in (DATA, ARCHIVE):
        cloud.client("s3").create_bucket(Bucket=name)


def put(cloud: Cloud, key: str, body: bytes = b"content", bucket: str = DATA) -> None:
    cloud.client("s3").put_object(Bucket=bucket, Key=key, Body=body)


def put_in_parts(cloud: Cloud, key: str, body: bytes) -> None:
    s3, to = cloud.client("s3"), {"Bucket": DATA, "Key": key}
    upload = s3.create_multipart_upload(**to, ContentType="text/x-model")["UploadId"]
    parts = []
    for number, at in enumerate(range(0, len(body), 5 * MEGABYTE), start=1):
        chunk = body[at : at + 5 * MEGABYTE]
        etag = s3.upload_part(**to, UploadId=upload, PartNumber=number, Body=chunk)["ETag"]
        parts.append({"PartNumber": number, "ETag": etag})
    s3.complete_multipart_upload(**to, UploadId=upload, MultipartUpload={"Parts": parts})


def logged(cloud: Cloud, stream: str, *messages: str) -> None:
    logs = cloud.client("logs")
    if not logs.describe_log_groups()["logGroups"]:
        logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName=stream)
    if messages:
        log(cloud, stream, *messages)


def log(cloud: Cloud, stream: str, *messages: str, at: int = 1_790_000_000_123) -> None:
    cloud.client("logs").put_log_events(
        logGroupName=GROUP,
        logStreamName=stream,
        logEvents=[{"timestamp": at + n, "message": text} for n, text in enumerate(messages)],
    )


def save(cloud: Cloud, to: str | Path, keep: Keep | None = None, **work: Any) -> Saved:
    given = {"buckets": (DATA,), **work}
    ada = SeatArtifacts("ada", account_region(cloud), **given)
    [saved] = saving.save(context(cloud).clients, keep or Keep(), str(to), [ada])
    return saved


def archived(cloud: Cloud) -> list[str]:
    pages = cloud.client("s3").get_paginator("list_objects_v2").paginate(Bucket=ARCHIVE)
    return [one["Key"] for page in pages for one in page.get("Contents", ())]


def files(folder: Path) -> list[str]:
    found = (one for one in folder.rglob("*") if one.is_file() and one.name != ".gitignore")
    return sorted(str(one.relative_to(folder)) for one in found)


def contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in files(folder)}
