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
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from workshop import files
from workshop.agent.tokens import KEY as TOKENS
from workshop.aws.errors import code
from workshop.errors import WorkshopError
from workshop.teardown import save_paths

_CHUNK = 1024**2

_LONGEST_KEY = 1024
"""Bytes of an object's key in S3."""


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
    """A bucket, which has to be ``owner``'s, an account; empty for anybody's."""

    client: Any
    bucket: str
    owner: str = ""

    def entries(self, prefix: str) -> Iterator[Entry]:
        """Objects in their newest version, ordered by key; a bucket that is gone has none.

        Tokens are no work of anybody's, and are never copied.
        """
        try:
            for entry in listed(self.client, prefix, **self._of):
                if entry.key != TOKENS:
                    yield entry
        except ClientError as error:
            if code(error.response) != "NoSuchBucket":
                raise

    def head(self, entry: Entry) -> dict[str, Any]:
        answer: dict[str, Any] = self.client.head_object(
            **self._of, Key=entry.key, IfMatch=entry.etag, ChecksumMode="ENABLED"
        )
        return answer

    def body(self, entry: Entry) -> Any:
        """Return the content as a stream; refused if it is another one by now."""
        return self.client.get_object(**self._of, Key=entry.key, IfMatch=entry.etag)["Body"]

    def part_size(self, entry: Entry) -> int:
        """Bytes of the first part, and so of all but the last."""
        answer = self.client.get_object(**self._of, Key=entry.key, IfMatch=entry.etag, PartNumber=1)
        answer["Body"].close()
        return int(answer["ContentLength"])

    @property
    def _of(self) -> dict[str, str]:
        owner = {"ExpectedBucketOwner": self.owner} if self.owner else {}
        return {"Bucket": self.bucket, **owner}


def listed(client: Any, prefix: str, **bucket: str) -> Iterator[Entry]:
    """Yield the objects of a bucket below a prefix, page by page."""
    for page in client.get_paginator("list_objects_v2").paginate(**bucket, Prefix=prefix):
        for entry in page.get("Contents", ()):
            yield Entry(entry["Key"], entry["Size"], entry["ETag"].strip('"'))


class NameTakenError(CopyError):
    """What is there keeps an object from being saved under this name."""


@dataclass(frozen=True)
class BucketDestination:
    """Copies within S3, below a prefix: nothing passes through this machine.

    In a block of ``clearing_up`` what was begun is taken back, whatever has ended it.
    """

    client: Any
    target: save_paths.Prefix
    clearing_up: Callable[[], AbstractContextManager[object]] = nullcontext

    def below(self, folder: str) -> BucketDestination:
        """Return the same for what lies in a folder there."""
        prefix = "/".join(part for part in (self.target.prefix, folder) if part)
        return replace(self, target=save_paths.Prefix(self.target.bucket, prefix))

    def existing(self, source: Source, prefix: str) -> Iterator[Found]:
        """Yield each object of the source, and what is there under its name."""
        start = self._key("")
        there = iter(listed(self.client, start + prefix, Bucket=self.target.bucket))
        now = next(there, None)
        for entry in source.entries(prefix):
            # Both are in the order of UTF-8, which no common beginning changes.
            while now is not None and now.key.encode() < (start + entry.key).encode():
                now = next(there, None)
            met = now is not None and now.key == start + entry.key
            yield entry, now if met else None

    def name(self, key: str) -> str:
        """Return the name that an object's copy has unless that is taken."""
        fits = len(self._key(key).encode()) <= _LONGEST_KEY
        return key if fits else save_paths.other_name(key, "", 0)

    def there(self, name: str) -> Entry | None:
        """Return what is there under a name."""
        try:
            head = self.client.head_object(**self._object(name))
        except ClientError as error:
            if code(error.response) in {"404", "NoSuchKey", "NotFound"}:
                return None
            raise
        return Entry(name, head["ContentLength"], head["ETag"].strip('"'))

    def same(self, source: Source, name: str, entry: Entry, there: Entry) -> bool:
        """Return whether what is there is the same, by size and content."""
        if there.size != entry.size:
            return False
        if there.etag == entry.etag:
            return True
        known = self.client.head_object(**self._object(name), ChecksumMode="ENABLED")
        return _agree(_checksums(source.head(entry)), _checksums(known))

    def copy(self, source: Source, name: str, entry: Entry) -> None:
        """Bring it there, and raise CopyError unless it arrived as it was.

        NameTakenError where something else has come to have its name.
        """
        try:
            if entry.in_parts and entry.size:
                made = self._copy_parts(source, name, entry)
            else:
                made = self.client.copy_object(
                    **self._object(name), IfNoneMatch="*", **self._from(source, entry)
                )["CopyObjectResult"]
        except ClientError as error:
            if code(error.response) != "PreconditionFailed":
                raise
            if self.there(name) is None:  # it is the source that has changed
                raise
            raise NameTakenError(name) from error
        # Its size is compared when the target is listed again.
        arrived = replace(entry, etag=made["ETag"].strip('"'))
        if not self.same(source, name, entry, arrived):
            raise CopyError(_differs(source, entry))

    def _copy_parts(self, source: Source, name: str, entry: Entry) -> Mapping[str, Any]:
        size, to = source.part_size(entry), self._object(name)
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
            # Parts of an upload that nobody completes are paid for, after Ctrl-C as well. What has
            # ended it is what is raised, whatever becomes of this.
            with suppress(Exception), self.clearing_up():
                self.client.abort_multipart_upload(**to, UploadId=upload)
            raise
        return made

    def write(self, name: str, text: Path) -> None:
        """Bring a file there; raise NameTakenError if there is another one of that name."""
        to = self._object(name)
        try:
            with text.open("rb") as body:
                etag = self.client.put_object(**to, Body=body, IfNoneMatch="*")["ETag"]
        except ClientError as error:
            if code(error.response) != "PreconditionFailed":
                raise
            etag = self.client.head_object(**to)["ETag"]
        if etag.strip('"') != _md5(text).hex():
            raise NameTakenError(f"s3://{to['Bucket']}/{to['Key']} is another file")

    def _key(self, name: str) -> str:
        return f"{self.target.prefix}/{name}" if self.target.prefix else name

    def _object(self, name: str) -> dict[str, str]:
        return {"Bucket": self.target.bucket, "Key": self._key(name)}

    def _from(self, source: Source, entry: Entry) -> dict[str, Any]:
        owner = {"ExpectedSourceBucketOwner": source.owner} if source.owner else {}
        return {
            "CopySource": {"Bucket": source.bucket, "Key": entry.key},
            "CopySourceIfMatch": entry.etag,
            **owner,
        }


@dataclass(frozen=True)
class FolderDestination:
    """Downloads to a folder of this machine, for its owner's eyes alone; else as BucketDestination.

    ``go_on`` is called between two pieces of a file; what it raises ends the download.
    """

    root: Path
    go_on: Callable[[], object] = lambda: None
    folder: str = ""

    def below(self, folder: str) -> FolderDestination:
        return replace(self, folder=folder)

    def existing(self, source: Source, prefix: str) -> Iterator[Found]:
        for entry in source.entries(prefix):
            yield entry, self.there(self.name(entry.key))

    def name(self, key: str) -> str:
        return save_paths.file_path(key).as_posix()

    def there(self, name: str) -> Entry | None:
        path = self._path(name)
        return Entry(name, path.lstat().st_size, "") if os.path.lexists(path) else None

    def same(self, source: Source, name: str, entry: Entry, there: Entry) -> bool:  # noqa: ARG002 - a file has no ETag
        return _is(self._path(name), source, entry)

    def copy(self, source: Source, name: str, entry: Entry) -> None:
        def fill(partial: Path) -> None:
            body = source.body(entry)
            with partial.open("wb") as file:
                for chunk in body.iter_chunks(_CHUNK):
                    self.go_on()
                    file.write(chunk)
            # From the disk, so that it is known what is there.
            if not _is(partial, source, entry):
                raise CopyError(_differs(source, entry))

        self._arrive(self._path(name), fill)

    def write(self, name: str, text: Path) -> None:
        to = self._path(name)
        content = text.read_bytes()
        if not os.path.lexists(to):
            self._arrive(to, lambda partial: partial.write_bytes(content))
        if not to.is_file() or to.read_bytes() != content:
            raise NameTakenError(f"{to} is another file")

    def _arrive(self, path: Path, fill: Callable[[Path], object]) -> None:
        """Write a file under another name first, so that a file of its own name is always whole.

        A folder, or a file in the place of a folder, takes its name; so does a file that a file
        system without capital letters calls the same.
        """
        try:
            files.make_folder(path.parent, root=self.root)
            with files.draft(path, new=True) as partial:
                fill(partial)
        except (FileExistsError, IsADirectoryError, NotADirectoryError) as error:
            raise NameTakenError(f"{error.filename} is another file") from error

    def _path(self, name: str) -> Path:
        return self.root / self.folder / name


CopyTarget = BucketDestination | FolderDestination


def _is(path: Path, source: Source, entry: Entry) -> bool:
    """Return whether a file holds an object's content."""
    if not path.is_file() or path.stat().st_size != entry.size:
        return False
    if has_etag(path, entry.etag, source.part_size(entry) if entry.in_parts else 0):
        return True
    message = _checksums(source.head(entry))
    return _agree(message, {name: make(path) for name, make in _MAKERS.items() if name in message})


def has_etag(path: Path, etag: str, part_size: int) -> bool:
    """Return whether a file has an ETag, if it was uploaded in parts of so many bytes."""
    if "-" not in etag:
        return _md5(path).hex() == etag
    count, digest = _md5_of_parts(path, part_size)
    return f"{digest.hex()}-{count}" == etag


def _checksums(head: Mapping[str, Any]) -> dict[str, str]:
    """Return S3's checksums of the whole content; those of parts compare with nothing."""
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
    """Return how many parts of ``size`` bytes a file has, and the MD5 of their MD5s."""
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
