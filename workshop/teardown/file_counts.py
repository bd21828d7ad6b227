"""How much of attendees' work a plan deletes, and how much of that is saved first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any

from workshop.account_region import AccountRegion
from workshop.aws import errors
from workshop.aws.clients import Clients
from workshop.config.models import Keep
from workshop.counting import count_of
from workshop.naming import COHORT
from workshop.teardown.artifacts import lost_artifacts, seat_artifacts
from workshop.teardown.holders import STACK
from workshop.teardown.plan import DONE, PlannedAction, TeardownPlan
from workshop.teardown.s3_copy import Source
from workshop.teardown.saving import SeatArtifacts, of_bytes

THREADS = 16
MOST = 20_000
"""Files of one bucket that are counted, a thousand a call; of more only that there are more."""


@dataclass(frozen=True)
class FileCount:
    """What one seat has in buckets that the plan empties; ``complete`` unless there is more."""

    seat: str
    account_region: AccountRegion
    files: int = 0
    bytes: int = 0
    saved: int = 0
    saved_bytes: int = 0
    complete: bool = True
    logs: int = 0
    unread: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """Return all of it as plain JSON values."""
        return {
            "seat": self.seat,
            "account": self.account_region.account,
            "region": self.account_region.region,
            "files": self.files,
            "bytes": self.bytes,
            "files_saved": self.saved,
            "bytes_saved": self.saved_bytes,
            "all_counted": self.complete,
            "logs": self.logs,
            "unread": list(self.unread),
        }


@dataclass(frozen=True)
class FileCounts:
    """The work of all seats of a plan; ``keep`` is what is saved and where to, None for nothing."""

    seats: tuple[FileCount, ...]
    keep: Keep | None = None
    notebooks: int = 0
    boxes: int = 0
    """Notebooks and EC2 instances whose disks are deleted."""

    @property
    def lost(self) -> int:
        """How many files are deleted and not saved, as far as they were counted."""
        return sum(seat.files - seat.saved for seat in self.seats)

    @property
    def files(self) -> int:
        """How many files are deleted, as far as they were counted."""
        return sum(seat.files for seat in self.seats)

    @property
    def complete(self) -> bool:
        """Whether all files were counted."""
        return all(seat.complete and not seat.unread for seat in self.seats)

    @property
    def lines(self) -> list[str]:
        """What happens to files, in sentences."""
        to = None if self.keep is None else f"saved to {self.keep.to}, and then deleted"
        not_saved = "deleted and NOT saved"
        saved = [(seat, seat.saved, seat.saved_bytes) for seat in self.seats]
        lost = [
            (seat, seat.files - seat.saved, seat.bytes - seat.saved_bytes) for seat in self.seats
        ]
        lines = [
            f"{_message(parts)} {becomes}"
            for parts, becomes in ((saved, to), (lost, not_saved))
            if becomes and any(files for _, files, _ in parts)
        ]
        logs = sum(seat.logs for seat in self.seats)
        if logs:
            becomes = to if self.keep is not None and self.keep.logs else not_saved
            lines.append(f"{count_of(logs, 'log')} {'are' if logs > 1 else 'is'} {becomes}")
        unread = [message for seat in self.seats for message in seat.unread]
        lines += [f"files that could not be counted: {message}" for message in unread]
        machines = {"notebook": self.notebooks, "EC2 instance": self.boxes}
        disks = [count_of(number, noun) for noun, number in machines.items() if number]
        if disks:
            many = sum(machines.values()) > 1
            lines.append(
                f"the {'disks' if many else 'disk'} of {' and '.join(disks)}"
                f" {'are' if many else 'is'} {not_saved}: no API of AWS reads files of disks, and"
                " what agents saved is in the seats' buckets; 'workshop save' has all of it saved"
                " now, and names whose is not"
            )
        return lines

    def document(self) -> dict[str, Any]:
        """Return all of it as plain JSON values."""
        return {
            "to": None if self.keep is None else self.keep.to,
            "files": self.files,
            "files_saved": self.files - self.lost,
            "files_not_saved": self.lost,
            "people": sum(seat.seat != COHORT and seat.files > 0 for seat in self.seats),
            "all_counted": self.complete,
            "seats": [seat.document() for seat in self.seats],
        }


def count(clients: Clients, plan: TeardownPlan) -> FileCounts:
    """Count what the plan deletes of everybody's work; each bucket is listed once, in bounds."""
    keep = plan.choices.save
    kept = (
        {
            (artifacts.account_region, artifacts.seat): artifacts
            for artifacts in seat_artifacts(plan)
        }
        if keep is not None
        else {}
    )
    lost = lost_artifacts(plan)
    with ThreadPoolExecutor(THREADS, thread_name_prefix="count") as pool:
        counts = pool.map(
            lambda artifacts: _count(
                clients, artifacts, kept.get((artifacts.account_region, artifacts.seat)), keep
            ),
            lost,
        )
        seats = tuple(counts)
    disks = Counter(
        resource.resource_type
        for resource in plan.resources(PlannedAction.DELETE, PlannedAction.WITH_STACK)
    )
    return FileCounts(seats, keep, disks["notebook"], disks["EC2 instance"])


def _count(
    clients: Clients, work: SeatArtifacts, kept: SeatArtifacts | None, keep: Keep | None
) -> FileCount:
    client = clients.client("s3", work.account_region)
    chosen = list(kept.chosen(keep)) if kept is not None and keep is not None else []
    files = size = saved = saved_size = 0
    complete, unread = True, []
    for bucket, prefix in (*((bucket, "") for bucket in work.buckets), *work.folders):
        prefixes = tuple(start for name, start in chosen if name == bucket)
        listing = Source(client, bucket, work.account_region.account).entries(prefix)
        before = files
        try:
            for entry in islice(listing, MOST):
                files, size = files + 1, size + entry.size
                if entry.key.startswith(prefixes):
                    saved, saved_size = saved + 1, saved_size + entry.size
        except errors.Refusal as error:
            unread.append(f"bucket {bucket}: {errors.describe(error)}")
        complete = complete and files - before < MOST
    return FileCount(
        *(work.seat, work.account_region, files, size, saved, saved_size, complete),
        logs=len(work.streams),
        unread=tuple(unread),
    )


def _message(parts: Iterable[tuple[FileCount, int, int]]) -> str:
    """``1,204 files (3.4 GB) of 11 people and of the shared datasets are``."""
    some = [part for part in parts if part[1]]
    files, size = sum(counted[1] for counted in some), sum(counted[2] for counted in some)
    people = len({counted[0].seat for counted in some if counted[0].seat != COHORT})
    least = "" if all(counted[0].complete for counted in some) else "at least "
    whose = [] if not people else [f"of {count_of(people, 'person')}"]
    whose += (
        ["of the shared datasets"] if any(counted[0].seat == COHORT for counted in some) else []
    )
    are = "is" if files == 1 else "are"
    return f"{least}{count_of(files, 'file')} ({of_bytes(size)}) {' and '.join(whose)} {are}"


def deletes(plan: TeardownPlan, counts: FileCounts) -> str:
    """``deletes 14 seats, 57 resources, 1,204 files (16 NOT saved), 71 stacks``."""
    resources = plan.resources(PlannedAction.DELETE, PlannedAction.EMPTY, PlannedAction.WITH_STACK)
    stacks = sum(1 for resource in resources if resource.resource_type == STACK)
    files, least = counts.files, "" if counts.complete else "at least "
    lost = f" ({counts.lost:,} NOT saved)" if counts.lost else ""
    parts = [
        *([count_of(len(_seats(plan)), "seat")] if plan.choices.stacks and _seats(plan) else []),
        count_of(len(resources) - stacks, "resource"),
        *([f"{least}{count_of(files, 'file')}{lost}"] if files or least else []),
        *([count_of(stacks, "stack")] if stacks else []),
    ]
    return f"deletes {', '.join(parts)}"


def _seats(plan: TeardownPlan) -> set[str]:
    return {resource.seat for resource in plan.resources(*DONE)} - {COHORT, ""}
