"""Saves the attendee's files to the seat's own bucket, and brings them back to an empty disk.

What is saved lies below ``saved/files/`` under the names that it has on the workbench, and
``saved/manifest.json`` says what there is on the disk: size, time, SHA-256 and mode by path. Only
what changed is sent again. What was deleted on the workbench leaves the manifest, and its object
stays.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from workshop.agent import files
from workshop.agent.files import Entry

Begun = dict[str, Any]
"""An upload in parts, as JSON has it: of which ``path``, ``size`` and ``mtime_ns``, its ``id``, and
the ``etags`` of the parts that are sent. Empty for none."""

PREFIX = os.environ.get("WORKSHOP_SAVED") or "saved/"
"""Of an EC2 instance beside a notebook, whose files these are not, another."""
NAMED = 50
"""Of what is not saved, as many are named in the manifest."""


@dataclass
class SavedWork:
    """What a save did; ``complete`` if all that there was when it ``began`` is in the bucket."""

    began: float
    complete: bool = True
    changed: bool = False
    left_out: list[tuple[str, str]] = field(default_factory=list)
    error: str = ""


@dataclass
class Restored:
    """What was brought back; ``unrestored`` did not fit and stays in the manifest."""

    files: int = 0
    beside: int = 0
    """Of these, those that lie in a folder of their own, since another file has their name."""
    unrestored: dict[str, Entry] = field(default_factory=dict)


@dataclass
class BucketStore:
    """A seat's own bucket, of an account that is checked with each call."""

    s3: Any
    bucket: str
    account: str

    def get(self, key: str, **more: Any) -> dict[str, Any]:
        """Return GetObject's answer; botocore's errors pass through."""
        answer: dict[str, Any] = self.s3.get_object(
            Bucket=self.bucket, Key=key, ExpectedBucketOwner=self.account, **more
        )
        return answer

    def read(self, key: str) -> dict[str, Any] | None:
        """Return a JSON document, None if there is no such object."""
        try:
            return files.document(self.get(key)["Body"].read())
        except ClientError as error:
            if error.response["Error"]["Code"] in ("NoSuchKey", "404"):
                return None
            raise

    def put(self, key: str, body: bytes) -> None:
        """Write an object."""
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body, ExpectedBucketOwner=self.account)

    def put_parts(
        self, key: str, parts: Iterable[bytes], begun: Begun, is_late: Callable[[], bool]
    ) -> bool:
        """Write an object in parts but those that were sent; False if it is late before the last.

        ``begun`` is brought up to date, for a later call with the same parts to go on.
        """
        where = {"Bucket": self.bucket, "Key": key, "ExpectedBucketOwner": self.account}
        etags = begun.setdefault("etags", [])
        try:
            if "id" not in begun:
                begun["id"] = self.s3.create_multipart_upload(**where)["UploadId"]
            upload = {**where, "UploadId": begun["id"]}
            there, late = len(etags), False
            for number, part in enumerate(parts, start=1):
                if number <= there:
                    continue
                if late:
                    return False
                sent = self.s3.upload_part(**upload, PartNumber=number, Body=part)
                etags.append(sent["ETag"])
                late = is_late()
            made = [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(etags, 1)]
            self.s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": made})
        except BaseException:
            self.abort(key, begun)
            raise
        return True

    def abort(self, key: str, begun: Begun) -> None:
        """Let go the parts of an upload that nobody completes: they are paid for."""
        where = {"Bucket": self.bucket, "Key": key, "ExpectedBucketOwner": self.account}
        # What has ended it is told, not that it cannot be taken back.
        with suppress(Exception):
            self.s3.abort_multipart_upload(**where, UploadId=begun["id"])
        begun.clear()


@dataclass
class Saving:
    """The files of one workbench and where they are saved."""

    home: Path
    store: BucketStore
    clock: Callable[[], float] = time.time
    bounds: files.Bounds = field(default_factory=files.Bounds)
    begun: Begun = field(default_factory=dict)
    """The upload of a large file that an earlier save has begun, to be kept for the next."""

    def manifest(self) -> dict[str, Any]:
        """Return what the bucket says is saved; botocore's errors pass through."""
        found = self.store.read(PREFIX + "manifest.json") or {}
        return {part: entries(found, part) for part in ("files", "unrestored")}

    def save(self, manifest: dict[str, Any], seconds: float) -> SavedWork:
        """Send what changed, for so many seconds at most, and bring ``manifest`` up to date.

        Small files come first, and of them the newest: what people write is small. A large file
        goes in parts, as many as there is time for, and the next save goes on with it.
        """
        saved = SavedWork(self.clock())
        ends = saved.began + seconds
        seen = files.look(self.home, self.bounds)
        before: dict[str, Entry] = manifest["files"]
        changed = {
            path for path, about in seen.files.items() if before.get(path, [])[:2] != [*about]
        }
        # A file that cannot be saved as it is now stays saved as it was.
        there = {*seen.files, *(path for path, _ in seen.left_out)}
        after = {path: entry for path, entry in before.items() if path in there}
        if self.begun and self.begun["path"] not in changed:
            self._forget_begun()
        left = sorted(changed, key=lambda path: self._order(path, *seen.files[path]))
        for number, path in enumerate(left):
            sent = None
            try:
                if self.clock() < ends:
                    sent = self._send(path, ends)
                if sent is None:
                    size = sum(seen.files[path][0] for path in left[number:]) / 1e6
                    saved.complete = False
                    saved.error = f"it takes longer; {size:,.4g} MB follow"
                    break
                after[path] = sent
            except FileNotFoundError:
                after.pop(path, None)
            except (BotoCoreError, ClientError) as error:
                saved.complete, saved.error = False, str(error)
                break
            except OSError as error:
                seen.left_out.append((path, error.strerror or str(error)))
        saved.left_out, saved.changed = seen.left_out, after != before
        manifest["files"] = after
        if saved.changed:
            try:
                self._write(manifest, saved)
            except (BotoCoreError, ClientError) as error:
                manifest["files"] = before
                saved.complete, saved.error = False, str(error)
        return saved

    def _write(self, manifest: dict[str, Any], saved: SavedWork) -> None:
        text = {**manifest, "left_out": saved.left_out[:NAMED], "time": saved.began}
        self.store.put(PREFIX + "manifest.json", json.dumps(text).encode())

    def _order(self, path: str, size: int, mtime: int) -> tuple[bool, bool, int, str]:
        """Small before large; of the large, the one that is begun; then the newest."""
        return size >= files.CHUNK, path != self.begun.get("path"), -mtime, path

    def _send(self, path: str, ends: float) -> Entry | None:
        """Send a file as it is read: if it changes meanwhile, the next save sees another time.

        None for a large one of which parts are left.
        """
        digest = hashlib.sha256()
        with files.opened(self.home / path) as file:
            about, left = os.fstat(file.fileno()), self.bounds.file + files.CHUNK

            def parts() -> Iterator[bytes]:
                nonlocal left
                while left > 0 and (part := file.read(files.CHUNK)):
                    left -= len(part)
                    digest.update(part)
                    yield part

            key = f"{PREFIX}files/{path}"
            if about.st_size < files.CHUNK:
                self.store.put(key, next(parts(), b""))
            else:
                this = {"path": path, "size": about.st_size, "mtime_ns": about.st_mtime_ns}
                if {part: self.begun.get(part) for part in this} != this:
                    self._forget_begun()
                    self.begun.update(this)
                if not self.store.put_parts(key, parts(), self.begun, lambda: self.clock() >= ends):
                    return None
                self.begun.clear()
        return [about.st_size, about.st_mtime_ns, digest.hexdigest(), about.st_mode & 0o777]

    def _forget_begun(self) -> None:
        if self.begun:
            self.store.abort(f"{PREFIX}files/{self.begun['path']}", self.begun)

    def restore(self, wanted: dict[str, Entry], prefix: str, beside: str) -> Restored:
        """Bring saved files back; what exists stays, and what differs from it goes ``beside``.

        ``wanted`` are entries by path, and ``prefix`` is where their objects are. botocore's errors
        pass through, so that it is tried again.
        """
        done = Restored()
        for path, entry in sorted(wanted.items()):
            if files.same(self.home / path, entry):
                continue
            if files.free(self.home) < entry[0] + files.KEPT_FREE:
                done.unrestored[path] = entry
                continue
            try:
                self._bring(path, entry, prefix, beside, done)
            except OSError:
                done.unrestored[path] = entry
        return done

    def _bring(self, path: str, entry: Entry, prefix: str, beside: str, done: Restored) -> None:
        def chunks() -> Iterator[bytes]:
            body = self.store.get(f"{prefix}files/{path}")["Body"]
            yield from iter(lambda: body.read(files.CHUNK), b"")

        try:
            try:
                laid = files.lay(self.home, path, chunks, entry)
            except OSError:
                laid = False
            if not laid:
                done.beside += files.lay(self.home, f"{beside}/{path}", chunks, entry)
            done.files += 1
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("NoSuchKey", "404"):
                raise


def entries(manifest: dict[str, Any], part: str) -> dict[str, Entry]:
    """Return what a part of a manifest holds; the attendee can write there whatever they like."""
    found = manifest.get(part)
    if not isinstance(found, dict):
        return {}
    return {path: entry for path, entry in found.items() if _is_entry(path, entry)}


def _is_entry(path: Any, entry: Any) -> bool:
    words = path.split("/") if isinstance(path, str) else [".."]
    return (
        not {"", ".", "..", files.OWN} & {*words}
        and isinstance(entry, list)
        and len(entry) == len(("size", "mtime_ns", "sha256", "mode"))
        and all(isinstance(entry[at], int) and entry[at] >= 0 for at in (0, 1, 3))
    )
