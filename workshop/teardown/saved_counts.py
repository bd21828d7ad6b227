"""How much of attendees' work a plan deletes, and how much of that is saved first."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from workshop.account_region import AccountRegion
from workshop.aws import errors
from workshop.aws.clients import Clients
from workshop.config.models import Keep
from workshop.naming import COHORT
from workshop.teardown.artifacts import lost_artifacts, seat_artifacts
from workshop.teardown.plan import PlannedAction, TeardownPlan
from workshop.teardown.s3_copy import Source
from workshop.teardown.saving import SeatArtifacts, counted, of_bytes

THREADS = 16
MOST = 20_000
"""Files of one bucket that are counted, a thousand a call; of more it is told that they are."""


@dataclass(frozen=True)
class SavedCount:
    """What one seat has in buckets that the plan empties; ``complete`` unless there is more."""

    seat: str
    place: AccountRegion
    files: int = 0
    bytes: int = 0
    saved: int = 0
    saved_bytes: int = 0
    complete: bool = True
    logs: int = 0
    unread: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """All of it as plain JSON values."""
        return {
            "seat": self.seat,
            "account": self.place.account,
            "region": self.place.region,
            "files": self.files,
            "bytes": self.bytes,
            "files_saved": self.saved,
            "bytes_saved": self.saved_bytes,
            "all_counted": self.complete,
            "logs": self.logs,
            "unread": list(self.unread),
        }


@dataclass(frozen=True)
class SavedCounts:
    """The work of all seats of a plan; ``keep`` is what is saved and where to, None for nothing."""

    seats: tuple[SavedCount, ...]
    keep: Keep | None = None
    notebooks: int = 0
    """Those whose disks are deleted."""
    _people: tuple[SavedCount, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        people = tuple(one for one in self.seats if one.seat != COHORT)
        object.__setattr__(self, "_people", people)

    @property
    def lost(self) -> int:
        """How many files are deleted and not saved, as far as they were counted."""
        return sum(one.files - one.saved for one in self.seats)

    @property
    def lines(self) -> list[str]:
        """What happens to files, in sentences."""
        lines = []
        kept = [(one, one.saved, one.saved_bytes) for one in self.seats]
        lost = [(one, one.files - one.saved, one.bytes - one.saved_bytes) for one in self.seats]
        if any(files for _, files, _ in kept) and self.keep is not None:
            lines.append(f"{_message(kept)} saved to {self.keep.to}, and then deleted")
        if any(files for _, files, _ in lost):
            lines.append(f"{_message(lost)} deleted and NOT saved")
        logs = sum(one.logs for one in self.seats)
        if logs:
            saved = self.keep is not None and self.keep.logs
            how = f"saved to {self.keep.to}, and then deleted" if saved and self.keep else ""
            are = "are" if logs > 1 else "is"
            lines.append(f"{counted(logs, 'log')} {are} {how or 'deleted and NOT saved'}")
        lines += [f"files that could not be counted: {one}" for one in self._unread]
        if self.notebooks:
            disks = f"the disks of {counted(self.notebooks, 'notebook')} are"
            if self.notebooks == 1:
                disks = "the disk of 1 notebook is"
            lines.append(
                f"{disks} deleted and NOT saved: no API of AWS reads them; what is to be kept has"
                " to be copied to a bucket from inside the notebook first"
            )
        return lines

    @property
    def _unread(self) -> list[str]:
        return [message for one in self.seats for message in one.unread]

    def as_json(self) -> dict[str, Any]:
        """All of it as plain JSON values."""
        return {
            "to": None if self.keep is None else self.keep.to,
            "files": sum(one.files for one in self.seats),
            "files_saved": sum(one.saved for one in self.seats),
            "files_not_saved": self.lost,
            "people": sum(1 for one in self._people if one.files),
            "all_counted": all(one.complete and not one.unread for one in self.seats),
            "seats": [one.as_json() for one in self.seats],
        }


def count(clients: Clients, plan: TeardownPlan) -> SavedCounts:
    """Count what the plan deletes of everybody's work; each bucket is listed once, in bounds."""
    keep = plan.choices.save
    kept = {(one.place, one.seat): one for one in seat_artifacts(plan)} if keep is not None else {}
    lost = lost_artifacts(plan)
    with ThreadPoolExecutor(THREADS, thread_name_prefix="count") as pool:
        counts = pool.map(
            lambda one: _count(clients, one, kept.get((one.place, one.seat)), keep), lost
        )
        seats = tuple(counts)
    disks = [
        one
        for one in plan.resources(PlannedAction.DELETE, PlannedAction.WITH_STACK)
        if one.resource_type == "notebook"
    ]
    return SavedCounts(seats, keep, len(disks))


def _count(
    clients: Clients, work: SeatArtifacts, kept: SeatArtifacts | None, keep: Keep | None
) -> SavedCount:
    client = clients.client("s3", work.place)
    chosen = list(kept.chosen(keep)) if kept is not None and keep is not None else []
    files = size = saved = saved_size = 0
    complete, unread = True, []
    for bucket, prefix in (*((bucket, "") for bucket in work.buckets), *work.folders):
        prefixes = tuple(start for name, start in chosen if name == bucket)
        listing = Source(client, bucket, work.place.account).entries(prefix)
        before = files
        try:
            for entry in islice(listing, MOST):
                files, size = files + 1, size + entry.size
                if entry.key.startswith(prefixes):
                    saved, saved_size = saved + 1, saved_size + entry.size
        except errors.Refusal as error:
            unread.append(f"bucket {bucket}: {errors.describe(error)}")
        complete = complete and files - before < MOST
    return SavedCount(
        *(work.seat, work.place, files, size, saved, saved_size, complete),
        logs=len(work.streams),
        unread=tuple(unread),
    )


def _message(parts: Iterable[tuple[SavedCount, int, int]]) -> str:
    """``1,204 files (3.4 GB) of 11 people and of the shared datasets are``."""
    some = [one for one in parts if one[1]]
    files, size = sum(one[1] for one in some), sum(one[2] for one in some)
    people = len({one[0].seat for one in some if one[0].seat != COHORT})
    least = "" if all(one[0].complete for one in some) else "at least "
    whose = [] if not people else [f"of {people} {'people' if people > 1 else 'person'}"]
    whose += ["of the shared datasets"] if any(one[0].seat == COHORT for one in some) else []
    are = "is" if files == 1 else "are"
    return f"{least}{counted(files, 'file')} ({of_bytes(size)}) {' and '.join(whose)} {are}"
