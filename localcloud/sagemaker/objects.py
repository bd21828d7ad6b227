"""Objects that resources read and write in S3, as new versions where a bucket keeps them."""

# Private names of ministack, held by ministack_names.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Callable, Mapping
from http import HTTPStatus
from urllib.parse import urlsplit

from localcloud import ministack_adapter
from localcloud.sagemaker.engine import SageMakerEngine
from localcloud.sagemaker.resource_type import Record


def bucket_exists(uri: str) -> bool:
    """Whether the bucket of an ``s3://bucket/key`` address exists in the present account."""
    return urlsplit(uri).netloc in ministack_adapter.module("services.s3")._buckets


def without_bucket(status: str) -> Callable[[SageMakerEngine, Record], str | None]:
    """Return what has a resource take a status when the bucket of its artifacts is gone."""

    def instead(_: SageMakerEngine, record: Record) -> str | None:
        return None if bucket_exists(record["members"]["ArtifactStoreUri"]) else status

    return instead


def read(uri: str) -> bytes | None:
    """Return what an object holds, None if there is none."""
    place = urlsplit(uri)
    body: bytes | None = ministack_adapter.module("services.s3")._get_object_data(
        place.netloc, place.path.lstrip("/")
    )
    return body


def keys_under(uri: str) -> list[str]:
    """Return the keys of the objects whose address begins so, in order, whoever's they are."""
    place = urlsplit(uri)
    s3 = ministack_adapter.module("services.s3")
    owner = s3._bucket_owner_account(place.netloc)
    bucket = s3._buckets.get_scoped(owner, "", place.netloc) if owner else None
    prefix = place.path.lstrip("/")
    return sorted(key for key in bucket["objects"] if key.startswith(prefix)) if bucket else []


def write(uri: str, body: bytes) -> None:
    """Write one object; ``LookupError`` if the bucket does not take it."""
    status, answer = _put(uri, body)
    if status != HTTPStatus.OK:
        raise LookupError(f"{uri}: {answer.decode(errors='replace')}")


def offer(uri: str, body: bytes) -> bool:
    """Write one object if the bucket takes it; return whether it did."""
    return _put(uri, body)[0] == HTTPStatus.OK


def _put(uri: str, body: bytes) -> tuple[int, bytes]:
    place = urlsplit(uri)
    status, _, answer = ministack_adapter.module("services.s3")._put_object(
        place.netloc, place.path.lstrip("/"), body, {}
    )
    return status, answer


def under(prefix: str, *parts: str) -> str:
    """Return the address of something below an S3 prefix."""
    return "/".join([prefix.rstrip("/"), *parts])


def packed(files: Mapping[str, bytes], moment: float) -> bytes:
    """Return a ``.tar.gz`` with these files, made at a moment (seconds since the epoch)."""
    packed_files = io.BytesIO()
    with tarfile.open(fileobj=packed_files, mode="w") as archive:
        for name, body in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime = len(body), int(moment)
            archive.addfile(entry, io.BytesIO(body))
    return gzip.compress(packed_files.getvalue(), mtime=int(moment))
