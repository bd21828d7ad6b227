"""Brings the workshop's content into its folders, and again whenever the organiser says so.

The document says where each folder's files come from: a public repository, a bundle of git in the
cohort's bucket, or what lies in S3 below a prefix. What a folder got is remembered by the hash that
git has for a file. A file that is as it came is replaced by its new version. One that the attendee
has changed stays, and the new version lies beside it, with the version in its name. What was
deleted here comes back only in a new version, and what the source has no more stays.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from workshop.agent import files
from workshop.agent.saving import BucketStore

KEY = "content"
"""The document's part: ``profile``, ``folder`` and ``version``, and either ``repository`` and
``branch``, or ``bundle`` and ``size``, or ``s3``."""
BRANCH = "content"
"""The branch of a bundle."""
DATASETS = "datasets/"
CLONE_SECONDS = 180
AGAIN = 300
"""Seconds after which a source that could not be read is asked once more."""


@dataclass
class ContentFolder:
    """One folder of content; ``late`` says when the next round has to go on."""

    home: Path
    entry: Mapping[str, Any]
    cohort: BucketStore
    late: Callable[[], bool]
    beside: list[str] = field(default_factory=list)
    """What has a new version beside it."""
    missing: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder, self.version = str(self.entry["folder"]), str(self.entry["version"])
        self._record = self.home / files.OWN / KEY / f"{self.folder}.json"
        self._fetched = self.home / files.OWN / f"fetched-{os.getpid()}"

    def bring(self) -> bool:
        """Bring what is new; False if files are left for the next round.

        Raise OSError where a source cannot be read; botocore's errors pass through.
        """
        known = self._known()
        if known["version"] == self.version:
            return True
        self._has_room(self.entry.get("size", 0) * 2)
        shutil.rmtree(self._fetched, ignore_errors=True)
        self._fetched.mkdir(parents=True)
        try:
            whole = self._from_s3(known) if "s3" in self.entry else self._from_git(known)
            known["version"] = self.version if whole else known["version"]
        finally:
            shutil.rmtree(self._fetched, ignore_errors=True)
            files.replace(self._record, json.dumps(known))
        return whole

    def _known(self) -> dict[str, Any]:
        """Return what this folder got: ``version``, the files' hashes, and ETags of S3."""
        try:
            read = files.document(self._record.read_bytes())
        except OSError:
            read = {}
        if isinstance(read.get("files"), dict) and isinstance(read.get("etags"), dict):
            return {"version": "", **read}
        return {"version": "", "files": self._cloned(), "etags": {}}

    def _cloned(self) -> dict[str, str]:
        """Return the files of the clone that the notebook was created with, as they came."""
        for ref in ("remotes/origin", "tags"):
            name = f"refs/{ref}/{self.entry.get('branch')}"
            listed = _git("-C", str(self.home / self.folder), "ls-tree", "-r", "-z", name)
            if (self.home / self.folder / ".git").is_dir() and listed.returncode == 0:
                lines = (line.split("\t", 1) for line in listed.stdout.split("\0") if line)
                return {path: about.split()[2] for about, path in lines}
        return {}

    def _from_git(self, known: dict[str, Any]) -> bool:
        source, branch, depth = str(self.entry.get("repository")), self.entry.get("branch"), ["1"]
        if "bundle" in self.entry:
            bundle = self._fetched / "bundle"
            self._download(self.cohort.get(str(self.entry["bundle"]))["Body"], bundle)
            source, branch, depth = str(bundle), BRANCH, []
        tree = self._fetched / "tree"
        asked = [*(f"--depth={commits}" for commits in depth), f"--branch={branch}"]
        cloned = _git("clone", "--quiet", *asked, "--", source, str(tree))
        if cloned.returncode != 0:
            why = (cloned.stderr.strip() or "git ended").splitlines()[-1]
            raise OSError(f"{self.folder}: {why[:200]}")
        shutil.rmtree(tree / ".git")
        for folder, _, names in os.walk(tree):
            for name in names:
                found = Path(folder, name)
                if not found.is_symlink():
                    self._place(found.relative_to(tree).as_posix(), found, known["files"])
        return True

    def _from_s3(self, known: dict[str, Any]) -> bool:
        """Bring objects whose ETag is new, until it is late."""
        incoming = self._fetched / "object"
        for number, (path, item, where) in enumerate(self._objects()):
            if number >= files.MOST_FILES:
                raise OSError(f"{self.folder}: there are more than {files.MOST_FILES:,} files")
            if known["etags"].get(path) == item["ETag"]:
                continue
            if self.late():
                return False
            self._has_room(item["Size"])
            self._download(self.cohort.s3.get_object(**where, Key=item["Key"])["Body"], incoming)
            self._place(path, incoming, known["files"])
            known["etags"][path] = item["ETag"]
        return True

    def _objects(self) -> Iterator[tuple[str, dict[str, Any], dict[str, str]]]:
        source = str(self.entry["s3"])
        where, prefix = {"Bucket": self.cohort.bucket}, source[len(DATASETS) :]
        if source.startswith(DATASETS):
            where["ExpectedBucketOwner"] = self.cohort.account
        else:
            bucket, _, prefix = source[len("s3://") :].partition("/")
            where = {"Bucket": bucket}
        for page in self.cohort.s3.get_paginator("list_objects_v2").paginate(
            **where, Prefix=prefix
        ):
            for item in page.get("Contents", []):
                path = item["Key"][len(prefix) :]
                if is_path(path) and not item["Key"].startswith("workshop/"):
                    yield path, item, where

    @staticmethod
    def _download(body: Any, to: Path) -> None:
        with to.open("wb") as file:
            for chunk in iter(lambda: body.read(files.CHUNK), b""):
                file.write(chunk)

    def _has_room(self, size: int) -> None:
        if files.free(self.home) < size + files.KEPT_FREE:
            raise OSError(f"{self.folder}: the disk is full")

    def _place(self, path: str, new: Path, came: dict[str, str]) -> None:
        """Put a fetched file where it belongs, and note in ``came`` that it did."""
        digest = blob(new)
        if not is_path(path) or digest is None or digest == came.get(path):
            return
        self._has_room(new.stat().st_size)
        try:
            if not self._is_laid(path, new, came.get(path), digest):
                self.beside.append(path)
            came[path] = digest
        except OSError as error:
            self.missing.append(f"{self.folder}/{path}: {error.strerror or error}")

    def _is_laid(self, path: str, new: Path, before: str | None, digest: str) -> bool:
        """Lay a file; False if it lies beside the attendee's own."""
        target, aside = self.home / self.folder / path, self._fetched / "aside"
        present = blob(target)
        if present == digest:
            return True
        if present is not None and present == before:
            if self.home.resolve() not in target.parent.resolve().parents:
                raise OSError(f"{target.parent} leads out of {self.home}")
            target.rename(aside)
        try:
            # What was changed in the moment before it was moved goes back.
            is_ours = not aside.exists() or blob(aside) == before
            name = PurePosixPath(self.folder, path)
            if is_ours and self._lay(name, new):
                aside.unlink(missing_ok=True)
                return True
            self._lay(name.with_name(f"{name.stem}.{self.version}{name.suffix}"), new)
            return False
        finally:
            if aside.exists():
                if not os.path.lexists(target):
                    os.link(aside, target)
                aside.unlink()

    def _lay(self, name: PurePosixPath, new: Path) -> bool:
        def chunks() -> Iterator[bytes]:
            with new.open("rb") as file:
                yield from iter(lambda: file.read(files.CHUNK), b"")

        about = new.stat()
        entry = [about.st_size, time.time_ns(), "", about.st_mode]
        return files.lay(self.home, str(name), chunks, entry)


def is_path(path: str) -> bool:
    """Whether a path stays in its folder, and is a file's."""
    words = path.split("/")
    return not {"", ".", "..", ".git"} & {*words} and path.isprintable()


def blob(path: Path) -> str | None:
    """Return git's hash of a regular file; None for anything else."""
    try:
        with files.opened(path) as file:
            size = os.fstat(file.fileno()).st_size
            digest = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
            while chunk := file.read(files.CHUNK):
                digest.update(chunk)
    except OSError:
        return None
    return digest.hexdigest()


def of_profile(document: Mapping[str, Any], environment: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the folders of content that the seat's profile has, as the document says."""
    tags = json.loads(environment.get("WORKSHOP_TAGS") or "[]")
    profile = next((tag["Value"] for tag in tags if tag["Key"] == "profile"), "")
    found = document.get(KEY)
    return [
        entry
        for entry in (found if isinstance(found, list) else [])
        if isinstance(entry, dict)
        and entry.get("profile") == profile
        and is_path(str(entry.get("folder")))
        and "/" not in str(entry["folder"])
        and is_path(str(entry.get("version")))
    ]


def _git(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run git as it is without anybody's settings; raise OSError where it takes too long."""
    bare = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_TERMINAL_PROMPT": "0"}
    try:
        return subprocess.run(
            ["git", *arguments],  # noqa: S607 - the notebook's
            env={**os.environ, **bare},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=CLONE_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise OSError(f"git took more than {CLONE_SECONDS // 60} minutes") from error
