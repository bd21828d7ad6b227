"""Copies what attendees made to a safe place, and proves it, before anything is deleted.

For each seat: chosen prefixes of its buckets and the artefacts of its models and jobs, in their
newest version, and its log streams as text. What is there already and the same is not copied
again, so that an interrupted run goes on where it stopped; what is there and differs is never
overwritten. At the end everything is listed once more and compared. A seat with any problem is not
saved, and nothing of it may be deleted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from workshop.aws.clients import Clients
from workshop.errors import SignInError, WorkshopError
from workshop.places import Place
from workshop.settings import Keep
from workshop.teardown import log_texts, refusals, targets
from workshop.teardown.copies import Entry, Found, InBucket, InFolder, Source, Target
from workshop.teardown.window import windowed

SEATS = 4
"""Seats that are saved side by side."""
OBJECTS = 8
"""Objects of one seat that are copied side by side."""
MOST_PROBLEMS = 20
"""Problems of one seat that are told; after so many nothing more of it is tried."""

NOT_REACHED = (
    "Files on the disks of notebooks are not saved: no API of AWS reads them. What is to be kept"
    " has to be copied to a bucket from inside the notebook, before the teardown."
)


@dataclass(frozen=True)
class Work:
    """What one seat has that may be saved.

    ``artefacts`` are ``s3://`` addresses of models and output, wherever they point: only those in
    the seat's own ``buckets`` are taken. ``streams`` are pairs of a log group and a stream.
    ``unread`` is what may have more of it and could not be read, and why.
    """

    seat: str
    place: Place
    buckets: tuple[str, ...] = ()
    artefacts: tuple[str, ...] = ()
    streams: tuple[tuple[str, str], ...] = ()
    unread: tuple[str, ...] = ()

    def chosen(self, keep: Keep) -> Iterator[tuple[str, str]]:
        """Bucket and prefix of all that ``keep`` asks for, nothing twice."""
        named = targets.within(self.artefacts if keep.artifacts else (), self.buckets)
        for bucket in self.buckets:
            for prefix in targets.minimal((*keep.prefixes, *named[bucket])):
                yield bucket, prefix


@dataclass
class Saved:
    """What became of one seat's work; ``bytes`` counts objects, copied now or before."""

    seat: str
    place: Place
    objects: int = 0
    already: int = 0
    bytes: int = 0
    logs: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether all is there and was seen to be the same, so that it may be deleted."""
        return not self.problems


def save(clients: Clients, keep: Keep, to: str, works: Sequence[Work]) -> list[Saved]:
    """Save the work of these seats to ``s3://bucket/prefix`` or a folder; one outcome each.

    What fails is told in the outcome of its seat and stops no other. Raises UsageError for a place
    that is none or is to be deleted itself. The caller of a place needs to write to the bucket.
    """
    place = targets.read(to)
    targets.refuse_condemned(place, (bucket for work in works for bucket in work.buckets))
    with ThreadPoolExecutor(SEATS, thread_name_prefix="save") as pool:
        return list(pool.map(lambda work: _Saving(clients, keep, place, work).run(), works))


class _Saving:
    """The saving of one seat."""

    def __init__(
        self, clients: Clients, keep: Keep, place: targets.Prefix | Path, work: Work
    ) -> None:
        self._clients = clients
        self._keep = keep
        self._work = work
        self._saved = Saved(work.seat, work.place)
        s3 = clients.client("s3", work.place)
        self._target: Target = (
            InBucket(s3, place) if isinstance(place, targets.Prefix) else InFolder(place)
        )
        self._sources = {name: Source(s3, name, work.place.account) for name in work.buckets}

    def run(self) -> Saved:
        try:
            for told in self._work.unread if self._keep.artifacts else ():
                self._problem(told)
            for bucket, prefix in self._work.chosen(self._keep):
                self._save(self._sources[bucket], prefix)
            for group, stream in self._work.streams if self._keep.logs else ():
                self._write(group, stream)
        except _TooManyError:
            self._saved.problems.append("and more; nothing further of this seat was tried")
        return self._saved

    def _save(self, source: Source, prefix: str) -> None:
        """Copy what lies below a prefix, then look at all of it again, on both sides."""
        before, copied = len(self._saved.problems), sha256()
        where = f"s3://{source.bucket}/{prefix}"
        try:
            for entry, already, told in self._copies(source, prefix):
                copied.update(repr(entry).encode())
                self._saved.already += already
                if told:
                    self._problem(f"s3://{source.bucket}/{entry.key}: {told}")
            if len(self._saved.problems) > before:
                return
            seen = sha256()
            for entry, there in self._target.existing(source, self._folder(source), prefix):
                seen.update(repr(entry).encode())
                if there is None or there.size != entry.size:
                    self._problem(f"s3://{source.bucket}/{entry.key}: its copy is not there")
                self._saved.objects += 1
                self._saved.bytes += entry.size
        except (*refusals.Refusal, OSError) as error:
            self._problem(f"{where}: {refusals.told(error)}")
            return
        if seen.digest() != copied.digest():
            self._problem(f"{where}: it changed while it was copied; run this again")

    def _copies(self, source: Source, prefix: str) -> Iterator[tuple[Entry, bool, str]]:
        """Each object, whether its copy was there already, and what went wrong."""
        folder = self._folder(source)

        def bring(found: Found) -> tuple[Entry, bool, str]:
            entry, there = found
            try:
                if there is None:
                    self._target.copy(source, folder, entry)
                elif not self._target.same(source, folder, entry, there):
                    return entry, False, "another file of its name is there already; move it away"
            except SignInError:
                raise
            except WorkshopError as error:
                return entry, False, str(error)
            except (*refusals.Refusal, OSError) as error:
                return entry, False, refusals.told(error)
            return entry, there is not None, ""

        with ThreadPoolExecutor(OBJECTS, thread_name_prefix="copy") as pool:
            listing = self._target.existing(source, folder, prefix)
            yield from windowed(pool, bring, listing, 2 * OBJECTS)

    def _write(self, group: str, stream: str) -> None:
        """One log stream as text; a stream without lines leaves no file."""
        try:
            with TemporaryDirectory() as folder:
                text = Path(folder) / "log"
                last = log_texts.write(
                    self._clients.client("logs", self._work.place), group, stream, text
                )
                if last is not None:
                    name = log_texts.file_name(group, stream, last)
                    self._target.write(f"{self._work.seat}/logs/{name}", text)
                    self._saved.logs += 1
        except SignInError:
            raise
        except WorkshopError as error:
            self._problem(f"{group}:{stream}: {error}")
        except (*refusals.Refusal, OSError) as error:
            if not refusals.is_gone(error):
                self._problem(f"{group}:{stream}: {refusals.told(error)}")

    def _folder(self, source: Source) -> str:
        return f"{self._work.seat}/{source.bucket}"

    def _problem(self, told: str) -> None:
        self._saved.problems.append(told)
        if len(self._saved.problems) >= MOST_PROBLEMS:
            raise _TooManyError


class _TooManyError(Exception):
    """Enough went wrong with one seat."""
