"""Sample data of other accounts, put into the local cloud when code first reads it.

Buckets of others are not on a local cloud. Those that the seat may read, and those that code reads
without credentials, are made there as another account's, open to everybody, so that the seat's own
permissions decide. An object comes from S3 itself, asked without anybody's credentials. Where that
is not in reach, or where it is asked for, it is made up (:mod:`workshop.rehearse.made_up`).
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from workshop import files
from workshop.config import rules
from workshop.rehearse import made_up

OWNER = "999999999999"
"""The account of the buckets; it is nobody's."""
WANTED = "opt/rehearsal/wanted"
DOWNLOADS = "downloads-of-a-rehearsal"
"""The bucket of files that code could not download, below the host's name."""
MOST_MB = 200
"""Of an object that is fetched."""
MOST_BELOW = 20
"""Objects below a prefix that are fetched."""
_POLL = 0.02
_KEY = 1024
_QUESTION = 4 * _KEY
MOST = 500
"""Objects that one rehearsal is given."""


@dataclass
class Samples:
    """What was put: ``given`` are addresses, and whether each was ``fetched`` or ``made up``.

    ``cloud`` is a client of S3 of the local cloud as :data:`OWNER`, ``real`` one of S3 without
    credentials, None where nothing is to be fetched. ``cache`` keeps what was fetched.
    """

    cloud: Any
    code: Sequence[str]
    real: Any = None
    cache: Path | None = None
    closed: Callable[[str], bool] = lambda _: False
    """Whether a bucket's name is the workshop's own, which are never made here."""
    of_seat: Any = None
    """A client of S3 of the local cloud as the seat's own account."""
    own: frozenset[str] = frozenset()
    """The seat's buckets: what jobs read there, and what jobs would have written, is made up."""
    given: dict[str, str] = field(default_factory=dict)

    def clear(self) -> None:
        """Take away what an earlier rehearsal on the same cloud was given."""
        for bucket in self.cloud.list_buckets()["Buckets"]:
            for entry in self.cloud.list_objects_v2(Bucket=bucket["Name"]).get("Contents", ()):
                self.cloud.delete_object(Bucket=bucket["Name"], Key=entry["Key"])

    def answer(self, bucket: str, key: str) -> dict[str, str]:
        """Put it there; return what it ``is``, and where it is read without credentials."""
        found = self.give(bucket, key)
        if not found:
            return {"is": ""}
        if bucket in self.own:
            return {"is": found}
        place = {"Bucket": bucket, "Key": key}
        signed = {
            method: self.cloud.generate_presigned_url(operation, place)
            for method, operation in (("GET", "get_object"), ("HEAD", "head_object"))
        }
        return {"is": found, **signed}

    def give(self, bucket: str, key: str) -> str:
        """Put an object, or some below a prefix, into the bucket; return what it is."""
        if not re.fullmatch(rules.BUCKET_PATTERN, bucket) or len(key) > _KEY:
            return ""
        own = bucket in self.own and self.of_seat is not None
        if not own and (self.closed(bucket) or not self._bucket(bucket)):
            return ""
        cloud = self.of_seat if own else self.cloud
        if there := _there(cloud, bucket, key):
            return self.given.get(f"s3://{bucket}/{there}", "there")
        found = not own and bucket != DOWNLOADS and self._fetched(bucket, key)
        if found:
            return "fetched"
        name = key if key.rpartition("/")[2].count(".") else f"{key.rstrip('/')}/made-up.csv"
        name = name.lstrip("/")
        cloud.put_object(Bucket=bucket, Key=name, Body=made_up.data(name, self.code))
        self.given[f"s3://{bucket}/{name}"] = "made up"
        return "made up"

    def _bucket(self, bucket: str) -> bool:
        """Make the bucket where it is not there; return whether it is one of this account."""
        with suppress(ClientError):
            self.cloud.head_bucket(Bucket=bucket)
            return True
        try:
            self.cloud.create_bucket(Bucket=bucket)
        except ClientError:
            return False
        self.cloud.delete_public_access_block(Bucket=bucket)
        statement = {
            "Effect": "Allow",
            "Principal": "*",
            "Action": ["s3:GetObject", "s3:ListBucket", "s3:GetBucketLocation"],
            "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
        }
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        self.cloud.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
        return True

    def _fetched(self, bucket: str, key: str) -> bool:
        """Fetch what is at the key, or some of what is below it; return whether any was."""
        if self.real is None:
            return False
        try:
            listed = self.real.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=MOST_BELOW)
            keys = [entry["Key"] for entry in listed.get("Contents", ())]
        except ClientError:
            keys = [key]  # many public buckets may be read and not listed
        except (BotoCoreError, OSError):
            self.real = None  # out of reach, which it stays
            return False
        keys = [key] if key in keys else keys
        fetched = [self._fetch(bucket, each) for each in keys if not each.endswith("/")]
        return any(fetched)

    def _fetch(self, bucket: str, key: str) -> bool:
        address = f"s3://{bucket}/{key}"
        kept = self.cache and self.cache / hashlib.sha256(address.encode()).hexdigest()
        try:
            if kept and kept.is_file():
                body = kept.read_bytes()
            else:
                answer = self.real.get_object(Bucket=bucket, Key=key)
                if answer["ContentLength"] > MOST_MB * 2**20:
                    self.given[address] = f"left out: more than {MOST_MB} MB"
                    return False
                body = answer["Body"].read()
                if kept:
                    files.make_folder(kept.parent)
                    kept.write_bytes(body)
        except (ClientError, BotoCoreError, OSError):
            return False
        self.cloud.put_object(Bucket=bucket, Key=key, Body=body)
        self.given[address] = "fetched"
        return True


def _there(cloud: Any, bucket: str, key: str) -> str:
    """Return the first key of a bucket that begins so, empty where there is none."""
    listed = cloud.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1)
    return str(listed["Contents"][0]["Key"]) if listed.get("Contents") else ""


@contextmanager
def given(samples: Samples, folder: Path) -> Iterator[None]:
    """Answer what programs in the enclosure ask for in ``folder`` until the block ends."""
    samples.clear()
    files.make_folder(folder)
    ended = threading.Event()
    # Another's code may put a link in its place later on.
    place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)

    def serve() -> None:
        while not ended.wait(_POLL):
            for name in sorted(os.listdir(place)):  # noqa: PTH208 - of the open folder
                if name.endswith(".wanted") and len(samples.given) < MOST:
                    _answer(samples, place, name)

    served = threading.Thread(target=serve, name="samples", daemon=True)
    served.start()
    try:
        yield
    finally:
        ended.set()
        served.join()
        os.close(place)


def _answer(samples: Samples, place: int, name: str) -> None:
    reply = {"is": ""}
    try:
        # Another's code may have put anything there: a link, a pipe, a text without end.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
        with os.fdopen(os.open(name, flags, dir_fd=place), "rb") as file:
            question = json.loads(file.read(_QUESTION))
        reply = samples.answer(str(question["bucket"]), str(question["key"]))
    except (OSError, ValueError, KeyError, TypeError, RecursionError, ClientError, BotoCoreError):
        reply = {"is": ""}
    with suppress(OSError):
        os.unlink(name, dir_fd=place)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        stem = name.removesuffix(".wanted")
        part = os.open(f"{stem}.part", flags, 0o644, dir_fd=place)
        with os.fdopen(part, "w", encoding="utf-8") as file:
            json.dump(reply, file)
        os.rename(f"{stem}.part", f"{stem}.done", src_dir_fd=place, dst_dir_fd=place)
