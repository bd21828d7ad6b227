"""A workbench's files below one folder, its agent, and buckets that are dictionaries."""
# ruff: noqa: N803 - arguments are called as boto3 calls them

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError, EndpointConnectionError

from workshop.agent import inbox
from workshop.agent.run import Agent
from workshop.agent.saving import PREFIX, BucketStore

ACCOUNT = "123456789012"
OWN, COHORT = "vision-ada-data", "vision-cohort-datasets"
BEGIN = 1_790_000_000.0


@dataclass
class ChosenBuckets:
    """S3 as the agent calls it: objects by bucket and key."""

    objects: dict[tuple[str, str], bytes] = field(default_factory=dict)
    offline: bool = False
    refused: str = ""
    """Keys that hold this are denied."""
    sent: list[str] = field(default_factory=list)
    """The keys of all that was written."""
    while_reading: Callable[[str], None] = lambda _: None
    """Called with the key before an object is written."""
    parts: dict[str, list[bytes]] = field(default_factory=dict)
    """What was sent of uploads that are not complete."""
    _uploads: int = 0

    def get_object(self, *, Bucket: str, Key: str, **more: Any) -> dict[str, Any]:
        self._check(Key, more)
        if (Bucket, Key) not in self.objects:
            raise _error("NoSuchKey", "GetObject")
        body = self.objects[Bucket, Key]
        etag = hashlib.md5(body, usedforsecurity=False).hexdigest()
        if more.get("IfNoneMatch") == etag:
            raise _error("304", "GetObject")
        return {"Body": io.BytesIO(body), "ETag": etag}

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, **more: Any) -> None:
        self._check(Key, more)
        self.while_reading(Key)
        self.objects[Bucket, Key] = Body
        self.sent.append(Key)

    def create_multipart_upload(self, **_: Any) -> dict[str, Any]:
        self._uploads += 1
        self.parts[f"{self._uploads}"] = []
        return {"UploadId": f"{self._uploads}"}

    def upload_part(
        self, *, Key: str, UploadId: str, PartNumber: int, Body: bytes, **more: Any
    ) -> dict[str, Any]:
        self._check(Key, more)
        if UploadId not in self.parts:
            raise _error("NoSuchUpload", "UploadPart")
        assert PartNumber == len(self.parts[UploadId]) + 1
        self.while_reading(Key)
        self.parts[UploadId].append(Body)
        return {"ETag": f"part {PartNumber}"}

    def complete_multipart_upload(
        self,
        *,
        Bucket: str,
        Key: str,
        UploadId: str,
        MultipartUpload: dict[str, list[dict[str, Any]]],
        **_: Any,
    ) -> None:
        parts = self.parts.pop(UploadId)
        made = [{"PartNumber": at, "ETag": f"part {at}"} for at in range(1, len(parts) + 1)]
        assert MultipartUpload["Parts"] == made
        self.objects[Bucket, Key] = b"".join(parts)
        self.sent.append(Key)

    def abort_multipart_upload(self, *, UploadId: str, **_: Any) -> None:
        self.parts.pop(UploadId, None)

    def list_objects_v2(self, *, Bucket: str, **more: Any) -> dict[str, Any]:
        self._check("", more)
        return {"Contents": [{"Key": key} for bucket, key in self.objects if bucket == Bucket]}

    def _check(self, key: str, more: dict[str, Any]) -> None:
        assert more["ExpectedBucketOwner"] == ACCOUNT
        if self.offline:
            raise EndpointConnectionError(endpoint_url="https://s3")
        if self.refused and self.refused in key:
            raise _error("AccessDenied", "S3")


@dataclass
class Workbench:
    """A workbench in a folder; ``now`` is its clock."""

    root: Path
    buckets: ChosenBuckets = field(default_factory=ChosenBuckets)
    now: float = BEGIN
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.home = self.root / "home/ec2-user/SageMaker"
        self.home.mkdir(parents=True)
        self.agent = self.starts()

    def starts(self) -> Agent:
        """The agent of a machine that has just started: it remembers nothing."""
        self.agent = Agent(
            root=self.root,
            seat="ada",
            notebook="vision-ada-notebook",
            own=BucketStore(self.buckets, OWN, ACCOUNT),
            cohort=BucketStore(self.buckets, COHORT, ACCOUNT),
            environment=self.environment,
            clock=lambda: self.now,
        )
        return self.agent

    def round(self, after: float = 0) -> list[str]:
        """One round, so many seconds later; return what failed."""
        self.now += after
        # As between two processes.
        self.agent.remembered = json.loads(json.dumps(self.agent.remembered))
        self.agent.errors.clear()
        self.agent._due = False
        self.agent.round()
        return list(self.agent.errors)

    def write(self, path: str, content: str | bytes) -> Path:
        """A file as the attendee writes it now."""
        file = self.home / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        os.utime(file, (self.now, self.now))
        return file

    def read(self, path: str) -> str:
        return (self.home / path).read_text()

    def work(self) -> dict[str, str]:
        """The attendee's own files by path."""
        return {
            str(path.relative_to(self.home)): path.read_text()
            for path in self.home.rglob("*")
            if path.is_file() and ".workshop" not in path.parts
        }

    def saved(self) -> dict[str, str]:
        """What is saved, by path."""
        listed = json.loads(self.buckets.objects[OWN, f"{PREFIX}manifest.json"])["files"]
        return {
            path: self.buckets.objects[OWN, f"{PREFIX}files/{path}"].decode() for path in listed
        }

    @property
    def report(self) -> dict[str, Any]:
        text: dict[str, Any] = json.loads(self.buckets.objects[OWN, f"{PREFIX}report.json"])
        return text

    def organiser_sends(self, **document: Any) -> None:
        self.buckets.objects[COHORT, inbox.KEY] = json.dumps(document).encode()

    def replaced(self, root: Path) -> Workbench:
        """Another notebook of the same seat, with an empty disk."""
        return Workbench(root, self.buckets, self.now, self.environment)


def _error(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": code}}, operation)
