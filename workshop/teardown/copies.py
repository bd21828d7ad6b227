"""Copies S3 objects to another bucket or to a folder, and shows that the copy is the same.

S3 gives each object an ETag: the MD5 of its content, or of its parts' MD5s with their number
behind it (``...-3``), unless it was encrypted with a key of KMS. An object that was uploaded in
parts is copied in the same parts, so that its ETag has to come out the same; where ETags say
nothing, checksums have to agree.
"""

from __future__ import annotations

import hashlib
import os
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from botocore.exceptions import ClientError

from workshop.aws.errors import code
from workshop.errors import WorkshopError
from workshop.teardown import targets

_CHUNK = 1024**2


class CopyError(WorkshopError):
    """An object that could not be saved; the message says which and why."""


@dataclass(frozen=True)
class Entry:
    """One object as a listing shows it; ``etag`` without its quotes, ``size`` in bytes."""

    key: str
    size: int
    etag: str

    @property
    def in_parts(self) -> bool:
        return "-" in self.etag


Found = tuple[Entry, Entry | None]
"""An object of the source, and what is at the target under its name; a file has no ETag."""


@dataclass(frozen=True)
class Source:
    """A seat's bucket, which has to be ``owner``'s, an account."""

    client: Any
    bucket: str
    owner: str

    def entries(self, prefix: str) -> Iterator[Entry]:
        """Objects in their newest version, ordered by key; a bucket that is gone has none."""
        try:
            yield from listed(self.client, prefix, **self._of)
        except ClientError as error:
            if code(error.response) != "NoSuchBucket":
                raise

    def head(self, entry: Entry) -> dict[str, Any]:
        answer: dict[str, Any] = self.client.head_object(
            **self._of, Key=entry.key, IfMatch=entry.etag, ChecksumMode="ENABLED"
        )
        return answer

    def body(self, entry: Entry) -> Any:
        """The content as a stream; refused if it is another one by now."""
        return self.client.get_object(**self._of, Key=entry.key, IfMatch=entry.etag)["Body"]

    def part_size(self, entry: Entry) -> int:
        """Bytes of the first part, and so of all but the last."""
        answer = self.client.get_object(**self._of, Key=entry.key, IfMatch=entry.etag, PartNumber=1)
        answer["Body"].close()
        return int(answer["ContentLength"])

    @property
    def _of(self) -> dict[str, str]:
        return {"Bucket": self.bucket, "ExpectedBucketOwner": self.owner}


def listed(client: Any, prefix: str, **bucket: str) -> Iterator[Entry]:
    """The objects of a bucket below a prefix, page by page."""
    for page in client.get_paginator("list_objects_v2").paginate(**bucket, Prefix=prefix):
        for one in page.get("Contents", ()):
            yield Entry(one["Key"], one["Size"], one["ETag"].strip('"'))


class Target(Protocol):
    """Where copies go; ``folder`` is the seat's and bucket's part of a path."""

    def existing(self, source: Source, folder: str, prefix: str) -> Iterator[Found]:
        """Each object of the source, and what is there under its name."""
        ...

    def same(self, source: Source, folder: str, entry: Entry, there: Entry) -> bool:
        """Whether what is there is the same, by size and content."""
        ...

    def copy(self, source: Source, folder: str, entry: Entry) -> None:
        """Bring it there, and raise CopyError unless it arrived as it was."""
        ...

    def write(self, path: str, text: Path) -> None:
        """Bring a file there; raises CopyError if there is another one of that name."""
        ...


@dataclass(frozen=True)
class InBucket:
    """Copies within S3: nothing passes through this machine."""

    client: Any
    place: targets.Prefix

    def existing(self, source: Source, folder: str, prefix: str) -> Iterator[Found]:
        start = self._key(folder, "")
        there = iter(listed(self.client, start + prefix, Bucket=self.place.bucket))
        now = next(there, None)
        for entry in source.entries(prefix):
            # Both are in the order of UTF-8, which no common beginning changes.
            while now is not None and now.key.encode() < (start + entry.key).encode():
                now = next(there, None)
            met = now is not None and now.key == start + entry.key
            yield entry, now if met else None

    def same(self, source: Source, folder: str, entry: Entry, there: Entry) -> bool:
        if there.size != entry.size:
            return False
        if there.etag == entry.etag:
            return True
        known = self.client.head_object(
            Bucket=self.place.bucket, Key=self._key(folder, entry.key), ChecksumMode="ENABLED"
        )
        return _agree(_checksums(source.head(entry)), _checksums(known))

    def copy(self, source: Source, folder: str, entry: Entry) -> None:
        if entry.in_parts and entry.size:
            made = self._copy_parts(source, folder, entry)
        else:
            made = self.client.copy_object(
                Bucket=self.place.bucket,
                Key=self._key(folder, entry.key),
                IfNoneMatch="*",
                **self._from(source, entry),
            )["CopyObjectResult"]
        # Its size is compared when the target is listed again.
        if not self.same(source, folder, entry, replace(entry, etag=made["ETag"].strip('"'))):
            raise CopyError(_differs(source, entry))

    def _copy_parts(self, source: Source, folder: str, entry: Entry) -> Mapping[str, Any]:
        size = source.part_size(entry)
        to = {"Bucket": self.place.bucket, "Key": self._key(folder, entry.key)}
        head = source.head(entry)
        upload = self.client.create_multipart_upload(
            **to, Metadata=head["Metadata"], ContentType=head["ContentType"]
        )["UploadId"]
        try:
            parts = []
            for number, at in enumerate(range(0, entry.size, size), start=1):
                last = min(at + size, entry.size) - 1
                copied = self.client.upload_part_copy(
                    **to,
                    UploadId=upload,
                    PartNumber=number,
                    CopySourceRange=f"bytes={at}-{last}",
                    **self._from(source, entry),
                )
                parts.append({"PartNumber": number, "ETag": copied["CopyPartResult"]["ETag"]})
            made: Mapping[str, Any] = self.client.complete_multipart_upload(
                **to, UploadId=upload, MultipartUpload={"Parts": parts}, IfNoneMatch="*"
            )
        except BaseException:
            # Parts of an upload that nobody completes are paid for.
            self.client.abort_multipart_upload(**to, UploadId=upload)
            raise
        return made

    def write(self, path: str, text: Path) -> None:
        to = {"Bucket": self.place.bucket, "Key": self._key("", path)}
        digest = _md5(text)
        try:
            with text.open("rb") as body:
                etag = self.client.put_object(**to, Body=body, IfNoneMatch="*")["ETag"]
        except ClientError as error:
            if code(error.response) != "PreconditionFailed":
                raise
            etag = self.client.head_object(**to)["ETag"]
        if etag.strip('"') != digest.hex():
            raise CopyError(f"s3://{to['Bucket']}/{to['Key']} is another file; move it away")

    def _key(self, folder: str, key: str) -> str:
        return "/".join(part for part in (self.place.prefix, folder) if part) + f"/{key}"

    def _from(self, source: Source, entry: Entry) -> dict[str, Any]:
        return {
            "CopySource": {"Bucket": source.bucket, "Key": entry.key},
            "CopySourceIfMatch": entry.etag,
            "ExpectedSourceBucketOwner": source.owner,
        }


@dataclass(frozen=True)
class InFolder:
    """Downloads to a folder of this machine."""

    root: Path

    def existing(self, source: Source, folder: str, prefix: str) -> Iterator[Found]:
        for entry in source.entries(prefix):
            path = self._path(folder, entry.key)
            there = os.path.lexists(path)
            yield entry, Entry(entry.key, path.lstat().st_size, "") if there else None

    def same(self, source: Source, folder: str, entry: Entry, there: Entry) -> bool:  # noqa: ARG002
        return _is(self._path(folder, entry.key), source, entry)

    def copy(self, source: Source, folder: str, entry: Entry) -> None:
        def fill(partial: Path) -> None:
            body = source.body(entry)
            with partial.open("wb") as file:
                for chunk in body.iter_chunks(_CHUNK):
                    file.write(chunk)
            # From the disk, so that it is known what is there.
            if not _is(partial, source, entry):
                raise CopyError(_differs(source, entry))

        _arrive(self._path(folder, entry.key), fill)

    def write(self, path: str, text: Path) -> None:
        to = self.root / path
        content = text.read_bytes()
        if not os.path.lexists(to):
            _arrive(to, lambda partial: partial.write_bytes(content))
        if to.read_bytes() != content:
            raise CopyError(f"{to} is another file; move it away")

    def _path(self, folder: str, key: str) -> Path:
        return self.root / folder / targets.file_path(key)


def _arrive(path: Path, fill: Callable[[Path], object]) -> None:
    """Write a file under another name first, so that a file of its own name is always whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name[:200]}.{os.getpid()}.part")
    try:
        fill(partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _is(path: Path, source: Source, entry: Entry) -> bool:
    """Whether a file holds an object's content."""
    if not path.is_file() or path.stat().st_size != entry.size:
        return False
    if entry.in_parts:
        size = source.part_size(entry)
        count, digest = _md5_of_parts(path, size)
        if f"{digest.hex()}-{count}" == entry.etag:
            return True
    elif _md5(path).hex() == entry.etag:
        return True
    told = _checksums(source.head(entry))
    return _agree(told, {name: make(path) for name, make in _MAKERS.items() if name in told})


def _checksums(head: Mapping[str, Any]) -> dict[str, str]:
    """The checksums of the whole content that S3 knows; those of parts compare with nothing."""
    if head.get("ChecksumType", "FULL_OBJECT") != "FULL_OBJECT":
        return {}
    return {
        name: value
        for name, value in head.items()
        if name.startswith("Checksum") and name != "ChecksumType"
    }


def _agree(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    both = one.keys() & other.keys()
    return bool(both) and all(one[name] == other[name] for name in both)


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk


def _md5(path: Path) -> bytes:
    digest = hashlib.md5(usedforsecurity=False)
    for chunk in _chunks(path):
        digest.update(chunk)
    return digest.digest()


def _md5_of_parts(path: Path, size: int) -> tuple[int, bytes]:
    """How many parts of ``size`` bytes a file has, and the MD5 of their MD5s."""
    parts = []
    with path.open("rb") as file:
        left = path.stat().st_size
        while left > 0:
            digest, here = hashlib.md5(usedforsecurity=False), min(size, left)
            left -= here
            while here > 0:
                chunk = file.read(min(_CHUNK, here))
                digest.update(chunk)
                here -= len(chunk)
            parts.append(digest.digest())
    return len(parts), hashlib.md5(b"".join(parts), usedforsecurity=False).digest()


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    for chunk in _chunks(path):
        digest.update(chunk)
    return b64encode(digest.digest()).decode()


def _crc32(path: Path) -> str:
    value = 0
    for chunk in _chunks(path):
        value = zlib.crc32(chunk, value)
    return b64encode(value.to_bytes(4, "big")).decode()


_MAKERS: dict[str, Callable[[Path], str]] = {"ChecksumSHA256": _sha256, "ChecksumCRC32": _crc32}
"""Those that Python can compute; the AWS SDKs send CRC32 unless told otherwise."""


def _differs(source: Source, entry: Entry) -> str:
    return (
        f"the copy of s3://{source.bucket}/{entry.key} cannot be shown to be the same (size, ETag"
        " and checksum were compared); copy it by hand"
    )
