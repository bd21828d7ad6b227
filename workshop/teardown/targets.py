"""Where saved work goes, and under which names: nothing here talks to AWS."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from workshop.errors import UsageError

_PLAIN = " !#$&'()+,-.;=@[]^_{}~"
"""Beside letters and digits, what a file's name can hold on any system."""


@dataclass(frozen=True)
class Prefix:
    """A place in S3; ``prefix`` neither begins nor ends with a slash, and may be empty."""

    bucket: str
    prefix: str


def read(text: str) -> Prefix | Path:
    """The place that ``s3://bucket/prefix`` or a folder's path names; raises UsageError."""
    if not text.startswith("s3:"):
        return Path(text).expanduser()
    bucket, _, prefix = text.removeprefix("s3://").partition("/")
    if not text.startswith("s3://") or not bucket:
        raise UsageError(f"{text!r} is no place to save to; write s3://bucket/prefix or a folder")
    return Prefix(bucket, prefix.strip("/"))


def refuse_condemned(place: Prefix | Path, buckets: Iterable[str]) -> None:
    """Raise UsageError for a bucket that is about to be deleted itself."""
    if isinstance(place, Prefix) and place.bucket in set(buckets):
        raise UsageError(
            f"bucket {place.bucket} is one of those that are torn down; save to another"
        )


def file_path(key: str) -> Path:
    """The path of an object's file below a folder: another one for each key, and never outside.

    What no file can be called is written as in an address (``%2F``); the empty word between two
    slashes, and the one after a last slash, is a lone ``%``.
    """
    return Path(*(_file_name(word) for word in key.split("/")))


def _file_name(word: str) -> str:
    if word in (".", ".."):
        return word.replace(".", "%2E")
    return quote(word, safe=_PLAIN) or "%"


def minimal(prefixes: Iterable[str]) -> list[str]:
    """Prefixes without those that another of them covers, in order."""
    kept: list[str] = []
    for one in sorted(set(prefixes)):
        if not kept or not one.startswith(kept[-1]):
            kept.append(one)
    return kept


def within(uris: Iterable[str], buckets: Iterable[str]) -> dict[str, list[str]]:
    """Bucket -> keys and prefixes of those ``s3://`` addresses that lie in these buckets."""
    found: dict[str, list[str]] = {bucket: [] for bucket in buckets}
    for uri in uris:
        bucket, slash, key = uri.removeprefix("s3://").partition("/")
        # A bucket as a whole is nobody's artefact.
        if uri.startswith("s3://") and slash and key and bucket in found:
            found[bucket].append(key)
    return found
