"""Copies what attendees made to a safe place, and proves it, before anything is deleted.

For each seat: its buckets, or chosen prefixes of them and the artefacts of its models and jobs, in
their newest version, and its log streams as text. What is there already and the same is not copied
again, so that an interrupted run goes on where it stopped; what is there and differs is never
overwritten: an object whose name is taken is saved under another, and a file of names tells which.
At the end everything is listed once more and compared. A seat of which anything was not saved keeps
its data.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from botocore.exceptions import ClientError

from workshop.account_region import AccountRegion
from workshop.aws import errors
from workshop.aws.clients import Clients
from workshop.aws.errors import code
from workshop.aws.parallel import windowed
from workshop.config.models import Keep
from workshop.counting import count_of
from workshop.errors import SignInError, WorkshopError
from workshop.teardown import log_texts, save_paths
from workshop.teardown.s3_copy import (
    BucketDestination,
    CopyTarget,
    Entry,
    FolderDestination,
    Found,
    NameTakenError,
    Source,
)

SEATS = 4
"""Seats that are saved side by side."""
OBJECTS = 8
"""Objects of one seat that are copied side by side."""
MOST_PROBLEMS = 20
"""Problems of one seat that are named."""
MOST_REFUSED = 100
"""Objects of one bucket that fail one after the other; then nothing more of it is tried."""

_EVERYTHING = ("",)


@dataclass(frozen=True)
class SeatArtifacts:
    """What one seat has that may be saved.

    ``folders`` are pairs of a bucket that others use as well and the prefix that is the seat's.
    ``artefacts`` are ``s3://`` addresses of models and output, wherever they point: only those in
    the seat's own ``buckets`` are taken. ``streams`` are pairs of a log group and a stream.
    ``unread`` is what may have more of it and could not be read, and why.
    """

    seat: str
    account_region: AccountRegion
    buckets: tuple[str, ...] = ()
    folders: tuple[tuple[str, str], ...] = ()
    artefacts: tuple[str, ...] = ()
    streams: tuple[tuple[str, str], ...] = ()
    unread: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing that could be saved, and nothing unread."""
        return not (self.buckets or self.folders or self.artefacts or self.streams or self.unread)

    def chosen(self, keep: Keep) -> Iterator[tuple[str, str]]:
        """Yield bucket and prefix of all that ``keep`` asks for, nothing twice."""
        named = save_paths.within(self.artefacts if keep.artifacts else (), self.buckets)
        prefixes = _EVERYTHING if keep.prefixes is None else keep.prefixes
        for bucket in self.buckets:
            for prefix in save_paths.minimal((*prefixes, *named[bucket])):
                yield bucket, prefix
        yield from self.folders


@dataclass
class Saved:
    """What became of one seat's work; ``bytes`` counts objects, copied now or before."""

    seat: str
    account_region: AccountRegion
    objects: int = 0
    already: int = 0
    renamed: int = 0
    """Of these, those that are saved under another name than their own."""
    bytes: int = 0
    logs: int = 0
    missing: int = 0
    """Objects and log streams that are not saved, as far as they are known by name."""
    problems: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether all is there and was seen to be the same, so that it may be deleted."""
        return not self.problems

    @property
    def message(self) -> str:
        """``12 files, 3.0 MB, 2 logs; 1 file NOT saved``."""
        text = f"{count_of(self.objects, 'file')}, {of_bytes(self.bytes)}"
        text += f", {count_of(self.logs, 'log')}" if self.logs else ""
        text += f", {self.renamed} under another name" if self.renamed else ""
        return text + (f"; {count_of(self.missing, 'file')} NOT saved" if self.missing else "")

    def problem(self, message: str) -> None:
        """Note that something was not saved; the first ones by name."""
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(message)
        elif len(self.problems) == MOST_PROBLEMS:
            self.problems.append("and more")

    def document(self) -> dict[str, Any]:
        """Return all of it as plain JSON values."""
        return {
            "seat": self.seat,
            "account": self.account_region.account,
            "region": self.account_region.region,
            "files": self.objects,
            "bytes": self.bytes,
            "logs": self.logs,
            "under_another_name": self.renamed,
            "not_saved": self.missing,
            "complete": self.complete,
            "problems": list(self.problems),
        }


def of_bytes(number: int) -> str:
    """``3.0 MB``."""
    size, units = float(number), ["bytes", "kB", "MB", "GB"]
    while size >= 1000 and len(units) > 1:  # noqa: PLR2004 - as S3 shows it
        size, units = size / 1000, units[1:]
    return count_of(number, "byte") if units[0] == "bytes" else f"{size:,.1f} {units[0]}"


def save(clients: Clients, keep: Keep, to: str, artifacts: Sequence[SeatArtifacts]) -> list[Saved]:
    """Save the work of these seats to ``s3://bucket/prefix`` or a folder; one outcome each.

    What fails is in the outcome of its seat and stops no other. Raise UsageError for a place
    that is none or is to be deleted itself. The caller of a place needs to write to the bucket.
    """
    target = save_paths.read(to)
    save_paths.refuse_condemned(
        target,
        (bucket for seat in artifacts for bucket in seat.buckets),
        (folder for seat in artifacts for folder in seat.folders),
    )
    with ThreadPoolExecutor(SEATS, thread_name_prefix="save") as pool:
        return list(pool.map(lambda seat: _Saving(clients, keep, target, seat).run(), artifacts))


class _Saving:
    """The saving of one seat."""

    def __init__(
        self,
        clients: Clients,
        keep: Keep,
        target: save_paths.Prefix | Path,
        artifacts: SeatArtifacts,
    ) -> None:
        self._clients = clients
        self._keep = keep
        self._artifacts = artifacts
        self._saved = Saved(artifacts.seat, artifacts.account_region)
        self._s3 = clients.client("s3", artifacts.account_region)
        self._target: CopyTarget = (
            BucketDestination(self._s3, target, clients.clearing_up)
            if isinstance(target, save_paths.Prefix)
            else FolderDestination(target, clients.go_on)
        )

    def run(self) -> Saved:
        narrowed = self._keep.artifacts and self._keep.prefixes is not None
        for message in self._artifacts.unread if narrowed else ():
            self._saved.problem(message)
        copies: dict[str, _BucketCopy] = {}
        for bucket, prefix in self._artifacts.chosen(self._keep):
            source = Source(self._s3, bucket, self._artifacts.account_region.account)
            target = self._target.below(f"{self._artifacts.seat}/{bucket}")
            copies.setdefault(bucket, _BucketCopy(self._saved, source, target)).save(prefix)
        for copy in copies.values():
            copy.write_names()
        for group, stream in self._artifacts.streams if self._keep.logs else ():
            self._write_log(group, stream)
        return self._saved

    def _write_log(self, group: str, stream: str) -> None:
        """Save one log stream as text; a stream without lines leaves no file."""
        try:
            with TemporaryDirectory() as folder:
                text = Path(folder) / "log"
                client = self._clients.client("logs", self._artifacts.account_region)
                last = log_texts.write(client, group, stream, text)
                if last is not None:
                    self._write_text(log_texts.file_name(group, stream, last), text)
                    self._saved.logs += 1
        except SignInError:
            raise
        except (WorkshopError, *errors.Refusal, OSError) as error:
            if not errors.is_gone(error):
                self._saved.missing += 1
                self._saved.problem(f"{group}:{stream}: {_why_not(error)}")

    def _write_text(self, name: str, text: Path) -> None:
        target = self._target.below(f"{self._artifacts.seat}/logs")
        try:
            target.write(name, text)
        except NameTakenError:
            digest = sha256(text.read_bytes()).hexdigest()[:12]
            target.write(f"{name}.{digest}.log", text)


@dataclass(frozen=True)
class _BucketCopy:
    """The copy of one bucket, or of parts of it."""

    saved: Saved
    source: Source
    target: CopyTarget
    names: dict[str, str] = field(default_factory=dict)
    """What is not saved under a name that tells its key, and under which it is."""

    def save(self, prefix: str) -> None:
        """Copy what lies below a prefix, then look at all of it again, on both sides."""
        copied, failed, in_a_row = sha256(), set(), 0
        where = self._uri(prefix)
        try:
            for entry, name, already, message in self._copies(prefix):
                copied.update(repr(entry).encode())
                self.saved.already += already
                in_a_row = in_a_row + 1 if message else 0
                if message:
                    failed.add(entry.key)
                    self.saved.problem(f"{self._uri(entry.key)}: {message}")
                elif save_paths.is_hashed(name):
                    self.names[entry.key] = name
                if in_a_row == MOST_REFUSED:
                    self.saved.missing += len(failed)
                    self.saved.problem(f"{where}: nothing more of it was tried")
                    return
            seen = self._compare(prefix, failed)
        except (*errors.Refusal, OSError) as error:
            self.saved.problem(f"{where}: {errors.describe(error)}")
            return
        if seen != copied.digest():
            self.saved.problem(f"{where}: it changed while it was copied; run this again")

    def _uri(self, key: str) -> str:
        return f"s3://{self.source.bucket}/{key}"

    def _compare(self, prefix: str, failed: set[str]) -> bytes:
        """Look at both sides again; return a digest of what the source shows now."""
        seen = sha256()
        for entry, under_its_name in self.target.existing(self.source, prefix):
            seen.update(repr(entry).encode())
            name = self.names.get(entry.key)
            there = under_its_name if name is None else self.target.there(name)
            if entry.key in failed:
                self.saved.missing += 1
            elif there is None or there.size != entry.size:
                self.saved.missing += 1
                self.saved.problem(f"{self._uri(entry.key)}: its copy is not there")
            else:
                self.saved.objects += 1
                self.saved.bytes += entry.size
                self.saved.renamed += name is not None
        return seen.digest()

    def _copies(self, prefix: str) -> Iterator[tuple[Entry, str, bool, str]]:
        """Yield each object, its copy's name, if that was there already, and what went wrong."""

        def bring(found: Found) -> tuple[Entry, str, bool, str]:
            entry, there = found
            try:
                name, already = self._bring(entry, there)
            except SignInError:
                raise
            except (WorkshopError, *errors.Refusal, OSError) as error:
                return entry, "", False, _why_not(error)
            return entry, name, already, ""

        with ThreadPoolExecutor(OBJECTS, thread_name_prefix="copy") as pool:
            listing = self.target.existing(self.source, prefix)
            yield from windowed(pool, bring, listing, 2 * OBJECTS)

    def _bring(self, entry: Entry, there: Entry | None) -> tuple[str, bool]:
        """Bring an object, under another name if need be; return that, and if it was there."""
        own = self.target.name(entry.key)
        try:
            if there is None and save_paths.is_hashed(own):
                there = self.target.there(own)
            if there is None:
                self.target.copy(self.source, own, entry)
                return own, False
            if self.target.same(self.source, own, entry, there):
                return own, True
        except NameTakenError:
            pass
        other = save_paths.other_name(entry.key, entry.etag, entry.size)
        there = self.target.there(other)
        if there is None:
            self.target.copy(self.source, other, entry)
        elif not self.target.same(self.source, other, entry, there):
            raise NameTakenError(f"{self.source.bucket}/{other} is another file; move it away")
        return other, there is not None

    def write_names(self) -> None:
        """Write down which object is saved under which name, where that does not tell it."""
        if not self.names:
            return
        lines = [json.dumps({"key": key, "file": name}) for key, name in sorted(self.names.items())]
        text = "\n".join(lines) + "\n"
        name = f"{save_paths.HASHED}names-{sha256(text.encode()).hexdigest()[:12]}.jsonl"
        try:
            with TemporaryDirectory() as folder:
                path = Path(folder) / "names"
                path.write_text(text, encoding="utf-8")
                self.target.write(name, path)
        except (WorkshopError, *errors.Refusal, OSError) as error:
            self.saved.problem(f"s3://{self.source.bucket}: its names: {_why_not(error)}")


def _why_not(error: Exception) -> str:
    """Return why something was not saved, with the cure where it is known."""
    if isinstance(error, WorkshopError):
        return str(error)
    known = code(error.response) if isinstance(error, ClientError) else ""
    message = errors.describe(error)
    if known == "InvalidObjectState":
        return f"it is archived ({message}); restore it, or delete it by hand, then run this again"
    if "Server Side Encryption" in message or "customer-provided" in message.casefold():
        return (
            f"it is encrypted with a key that only who made it has ({message}); have it copied"
            " without, or delete it by hand, then run this again"
        )
    return message
