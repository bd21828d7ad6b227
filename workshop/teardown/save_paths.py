"""Where saved work goes, and under which names: nothing here talks to AWS."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

from workshop.errors import UsageError

_PLAIN = " !#$&'()+,-.;=@[]^_{}~"
"""Beside letters and digits, what a file's name can hold on any system."""

_LONGEST_WORD = 220
"""Bytes of a name; most file systems take 255."""
_LONGEST_PATH = 600
"""Bytes below the folder; macOS takes 1,024 for a whole path."""
HASHED = "%-"
"""What a name begins with that stands for another: no other name has it."""

# Windows takes them for devices, with any ending; and it drops dots and blanks at the end.
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)


@dataclass(frozen=True)
class Prefix:
    """A place in S3; ``prefix`` neither begins nor ends with a slash, and may be empty."""

    bucket: str
    prefix: str


def read(text: str) -> Prefix | Path:
    """Return the place that ``s3://bucket/prefix`` or a folder's path names; raises UsageError."""
    if not text.startswith("s3:"):
        return Path(text).expanduser()
    bucket, _, prefix = text.removeprefix("s3://").partition("/")
    if not text.startswith("s3://") or not bucket:
        raise UsageError(f"{text!r} is no place to save to; write s3://bucket/prefix or a folder")
    return Prefix(bucket, prefix.strip("/"))


def refuse_condemned(
    target: Prefix | Path, buckets: Iterable[str], folders: Iterable[tuple[str, str]] = ()
) -> None:
    """Raise UsageError for a bucket that is about to be deleted itself.

    ``folders`` are pairs of a bucket and the prefix below which it is emptied.
    """
    if not isinstance(target, Prefix):
        return
    inside = f"{target.prefix}/" if target.prefix else ""
    emptied = any(
        target.bucket == bucket and (inside.startswith(prefix) or prefix.startswith(inside))
        for bucket, prefix in folders
    )
    if emptied or target.bucket in set(buckets):
        raise UsageError(
            f"bucket {target.bucket} is one of those that are torn down; save to another"
        )


def file_path(key: str) -> Path:
    """Return the path of an object's file below a folder, another one for each key.

    It never leads outside. What no file can be called is written as in an address (``%2F``); the
    empty word between two slashes, and the one after a last slash, is a lone ``%``. What is too
    long is written as ``%-`` and a hash: :func:`is_hashed` tells these.
    """
    path = Path(*(_file_name(word) for word in key.split("/")))
    return path if len(str(path)) <= _LONGEST_PATH else Path(_hashed(key))


def other_name(key: str, etag: str, size: int) -> str:
    """Return the name of an object whose own is taken: another one for each content."""
    return _hashed(f"{key}\0{etag}\0{size}")


def is_hashed(name: str) -> bool:
    """Return whether a name does not tell what it stands for."""
    return any(word.startswith(HASHED) for word in name.split("/"))


def _hashed(text: str) -> str:
    return HASHED + sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:40]


def _file_name(word: str) -> str:
    if word in (".", ".."):
        return word.replace(".", "%2E")
    name = quote(word, safe=_PLAIN, errors="surrogatepass") or "%"
    if _DEVICE.fullmatch(name):
        name = f"%{ord(name[0]):02X}{name[1:]}"
    if name.endswith((".", " ")):
        name = f"{name[:-1]}%{ord(name[-1]):02X}"
    return name if len(name) <= _LONGEST_WORD else _hashed(word)


def minimal(prefixes: Iterable[str]) -> list[str]:
    """Prefixes without those that another of them covers, in order."""
    kept: list[str] = []
    for path in sorted(set(prefixes)):
        if not kept or not path.startswith(kept[-1]):
            kept.append(path)
    return kept


def within(uris: Iterable[str], buckets: Iterable[str]) -> dict[str, list[str]]:
    """Return bucket -> keys and prefixes of those ``s3://`` addresses that lie in these buckets."""
    found: dict[str, list[str]] = {bucket: [] for bucket in buckets}
    for uri in uris:
        bucket, slash, key = uri.removeprefix("s3://").partition("/")
        # A bucket as a whole is nobody's artefact.
        if uri.startswith("s3://") and slash and key and bucket in found:
            found[bucket].append(key)
    return found
