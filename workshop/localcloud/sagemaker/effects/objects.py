"""Objects that jobs write to S3, each as a new version where the bucket keeps versions."""

# Private names of ministack, held by emulator.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

from urllib.parse import urlsplit

from workshop.localcloud import emulator


def bucket_exists(uri: str) -> bool:
    """Whether the bucket of an ``s3://bucket/key`` address exists in the present account."""
    return urlsplit(uri).netloc in emulator.module("services.s3")._buckets


def write(uri: str, body: bytes) -> None:
    """Write one object; ``LookupError`` if the bucket does not take it."""
    place = urlsplit(uri)
    status, _, answer = emulator.module("services.s3")._put_object(
        place.netloc, place.path.lstrip("/"), body, {}
    )
    if status != 200:  # noqa: PLR2004 - OK
        raise LookupError(f"{uri}: {answer.decode(errors='replace')}")


def under(prefix: str, *parts: str) -> str:
    """Give the address of something below an S3 prefix."""
    return "/".join([prefix.rstrip("/"), *parts])
