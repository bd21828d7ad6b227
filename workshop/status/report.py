"""One row for each seat, one for what is no seat's, and the totals: made of snapshots alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from workshop.account_region import AccountRegion
from workshop.aws import mlflow_apps
from workshop.aws.boxes import BoxState, tagged_again
from workshop.aws.machine_kinds import BOX, NOTEBOOK
from workshop.aws.notebooks import NotebookState
from workshop.aws.reads import Unavailable, known
from workshop.aws.stacks import ROLLED_BACK, SETTLED, StackSummary
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat
from workshop.pricing import billing, prices
from workshop.pricing.prices import NOT_KNOWN, Cost
from workshop.status.snapshot import ENDPOINT, KINDS, Owners, RunningJob, Snapshot

READY, RUNS = NOTEBOOK.up, BOX.up
"""How a notebook and an EC2 instance are that somebody can work on."""
MISSING, NO_NOTEBOOK = "missing", "none"
"""Beside AWS's own statuses: there is no such machine, and there should be none."""
ABSENT = (MISSING, NO_NOTEBOOK)

Count = int | None
"""How many, None where it could not be read."""


@dataclass(frozen=True)
class StackCounts:
    """How many of a seat's stacks are as they should be, and what is wrong with the others.

    ``wrong`` also holds ``MLflow App`` where that is gone or broken although its stack is sound.
    """

    sound: int
    expected: int
    wrong: Mapping[str, str]

    @property
    def is_none(self) -> bool:
        """Whether there is no stack at all."""
        return self.sound == 0 and set(self.wrong.values()) == {MISSING}


@dataclass(frozen=True)
class StatusRow:
    """One seat now; ``None`` is what could not be read.

    ``notebook`` is its status, ``missing``, or ``none`` where it has none to have; ``up_since`` and
    ``active`` are also None where the notebook does not run and has never written a log.
    ``active_known`` is also False where no agent tells the use of an EC2 instance that runs.
    ``jobs`` is by kind, and holds what is not 0.
    """

    seat: str
    profile: str
    account_region: AccountRegion
    stacks: StackCounts | None
    notebook: str | None
    up_since: datetime | None
    active: datetime | None
    active_known: bool
    jobs: Mapping[str, Count]
    endpoints: Count
    expected_stacks: int
    running: Cost
    """Of the notebook's machine, jobs and endpoints, which can be ended; a disk goes on costing."""
    disk: Cost
    box: str | None = NO_NOTEBOOK
    """The state of its EC2 instance, as that of the notebook."""
    box_type: str = ""
    box_up_since: datetime | None = None
    box_tagged_again: str = ""
    """What gives its EC2 instance the tags again that it has lost, empty where it has them."""

    @property
    def cost(self) -> Cost:
        return self.running + self.disk

    @property
    def is_ready(self) -> bool:
        """Whether its person can begin to work: all stacks are there, and its machines run."""
        sound = self.stacks is not None and not self.stacks.wrong
        up = self.notebook in (READY, NO_NOTEBOOK) and self.box in (RUNS, NO_NOTEBOOK)
        return sound and up

    @property
    def has_no_machine(self) -> bool:
        """Whether neither a notebook nor an EC2 instance of it is there."""
        return self.notebook in ABSENT and self.box in ABSENT

    @property
    def lost_notebook(self) -> bool:
        """Whether the notebook is missing or Failed although its stack is as it should be."""
        stack_is_there = self.stacks is not None and "notebook" not in self.stacks.wrong
        return stack_is_there and self.notebook in (MISSING, "Failed")


@dataclass(frozen=True)
class Unattributed:
    """What runs in an account and Region and is no seat's, as far as anybody can tell."""

    account_region: AccountRegion
    notebooks: tuple[NotebookState, ...]
    work: tuple[RunningJob, ...]
    cost: Cost


@dataclass(frozen=True)
class StatusTotals:
    """The sum of the rows of seats; what is nobody's is not in it."""

    seats: int
    stacks: Count
    expected_stacks: int
    notebooks_up: Count
    boxes_up: Count
    jobs: Mapping[str, Count]
    endpoints: Count
    running: Cost
    cost: Cost


def rows(
    loaded: LoadedEnvironment, seats: Sequence[Seat], found: Mapping[AccountRegion, Snapshot]
) -> list[StatusRow]:
    """Return the rows of ``seats``, in their order; only their Regions have to be ``found``."""
    sorted_out = {
        account_region: _by_owner(owners(loaded, account_region), here)
        for account_region, here in found.items()
    }
    made = []
    for seat in seats:
        account_region = seat.account_region
        mine = [work for work, owner in sorted_out[account_region] if owner == seat.attendee]
        made.append(_row(loaded, seat, found[account_region], mine))
    return made


def shared(
    loaded: LoadedEnvironment, rows: Sequence[StatusRow], found: Mapping[AccountRegion, Snapshot]
) -> dict[AccountRegion, dict[str, str]]:
    """Return what is wrong with stacks that all seats share, by account and Region, and name.

    Where no seat has a stack, or none of these is there, nothing is to be missed.
    """
    wrong: dict[AccountRegion, dict[str, str]] = {}
    for account_region in dict.fromkeys(row.account_region for row in rows if _is_made(row)):
        names, there = loaded.cohort_names(account_region), known(found[account_region].stacks)
        stacks = [names.stack(kind) for kind in loaded.settings.cohort_stacks]
        if any(name in there for name in stacks):
            states = ((name, _state(loaded, there.get(name))) for name in stacks)
            wrong[account_region] = {name: state for name, state in states if state}
    return {account_region: some for account_region, some in wrong.items() if some}


def _is_made(row: StatusRow) -> bool:
    return row.stacks is not None and not row.stacks.is_none


def unattributed(loaded: LoadedEnvironment, found: Snapshot) -> Unattributed | None:
    """Return what runs in a Region and is no seat's of the roster; None where nothing does.

    What carries another workshop's tag is left out: it has an owner.
    """
    ours = owners(loaded, found.account_region)
    tags = known(found.tags)
    own = {loaded.names(seat).notebook for seat in loaded.seats}
    books = [
        book
        for book in known(found.notebooks).values()
        if book.name not in own and not ours.is_another_workshops(tags.get(book.arn, {}))
    ]
    work = [
        job
        for job, owner in _by_owner(ours, found)
        if owner is None and not ours.is_another_workshops(tags.get(job.arn, {}))
    ]
    if not books and not work:
        return None
    region = found.account_region.region
    unread = [NOT_KNOWN] if found.may_hide_work else []
    # How large the disk of a notebook is stands on the roster, and these are not on it.
    costs = [_machine_cost(book, region) + NOT_KNOWN for book in books]
    return Unattributed(
        found.account_region,
        tuple(books),
        tuple(work),
        prices.total([*unread, *costs, *(_work_cost(job, region) for job in work)]),
    )


def totals(rows: Sequence[StatusRow]) -> StatusTotals:
    """Return the sum of the rows."""
    sound = [None if row.stacks is None else row.stacks.sound for row in rows]
    up = [None if row.notebook is None else int(row.notebook == "InService") for row in rows]
    kinds = [kind for kind in KINDS if any(kind in row.jobs for row in rows)]
    return StatusTotals(
        seats=len(rows),
        stacks=_sum(sound),
        expected_stacks=sum(row.expected_stacks for row in rows),
        notebooks_up=_sum(up),
        boxes_up=_sum(None if row.box is None else int(row.box == RUNS) for row in rows),
        jobs={kind: _sum(row.jobs.get(kind, 0) for row in rows) for kind in kinds},
        endpoints=_sum(row.endpoints for row in rows),
        running=prices.total(row.running for row in rows),
        cost=prices.total(row.cost for row in rows),
    )


def work_by_seat(loaded: LoadedEnvironment, found: Snapshot) -> list[tuple[RunningJob, str | None]]:
    """Return what runs in a Region with the seat that it belongs to, None for no seat's."""
    return _by_owner(owners(loaded, found.account_region), found)


def owners(loaded: LoadedEnvironment, account_region: AccountRegion) -> Owners:
    """Return the seats that can own something in an account and Region."""
    here = {seat.attendee for seat in loaded.seats if seat.account_region == account_region}
    return Owners(loaded.settings.workshop, here)


def _row(
    loaded: LoadedEnvironment, seat: Seat, found: Snapshot, mine: list[RunningJob]
) -> StatusRow:
    name = loaded.names(seat).notebook
    book = known(found.notebooks).get(name)
    box = known(found.boxes).get(loaded.names(seat).box)
    counts = Counter(work.kind for work in mine)
    numbers: dict[str, Count] = {
        kind: None if isinstance(found.work[kind], Unavailable) else counts[kind] for kind in KINDS
    }
    return StatusRow(
        seat=seat.id,
        profile=seat.profile,
        account_region=found.account_region,
        stacks=_stacks(loaded, seat, found),
        expected_stacks=len(loaded.kinds(seat)),
        notebook=_notebook(seat, found, book),
        up_since=book.changed if book is not None and book.status == "InService" else None,
        active=_last(found, name, box, mine),
        active_known=not isinstance(found.active, Unavailable) and _is_use_known(found, box),
        jobs={kind: number for kind, number in numbers.items() if kind != ENDPOINT and number != 0},
        endpoints=numbers[ENDPOINT],
        running=_running(found, book, box, mine),
        disk=_disk(seat, found, book) + _box_disk(seat, found, box),
        box=_box(seat, found, box),
        box_type=box.instance_type if box else seat.box_type,
        box_up_since=box.changed if box is not None and box.status == RUNS else None,
        box_tagged_again=(
            tagged_again(box, found.account_region.region) if box and box.lost_tags else ""
        ),
    )


def _stacks(loaded: LoadedEnvironment, seat: Seat, found: Snapshot) -> StackCounts | None:
    if isinstance(found.stacks, Unavailable):
        return None
    names = loaded.names(seat)
    stacks = {kind: found.stacks.get(names.stack(kind)) for kind in loaded.kinds(seat)}
    states = {kind: _state(loaded, stack) for kind, stack in stacks.items()}
    wrong = {kind: state for kind, state in states.items() if state}
    sound = len(states) - len(wrong)
    if "notebook" not in wrong and (state := _mlflow(loaded, seat, found)):
        wrong["MLflow App"] = state
    return StackCounts(sound, len(states), wrong)


def _mlflow(loaded: LoadedEnvironment, seat: Seat, found: Snapshot) -> str:
    """Return what is wrong with a seat's MLflow App, whatever its stack says; empty for nothing."""
    profile = loaded.settings.profiles.get(seat.profile)
    if profile is None or profile.mlflow != "app" or isinstance(found.mlflow_apps, Unavailable):
        return ""
    status = found.mlflow_apps.get(loaded.names(seat).mlflow, MISSING)
    return "" if status in mlflow_apps.UP else status


def _state(loaded: LoadedEnvironment, stack: StackSummary | None) -> str:
    """Return what is wrong with a stack, in a word or two; empty for nothing."""
    if stack is None:
        return "missing"
    if not stack.belongs_to(loaded.settings.workshop, loaded.name):
        return "not ours"
    if stack.status in SETTLED | ROLLED_BACK:  # whether it is what is desired, the plan says
        return ""
    if stack.in_progress:
        return "in progress"
    return "update failed" if stack.status.startswith("UPDATE_") else "failed"


def _notebook(seat: Seat, found: Snapshot, book: NotebookState | None) -> str | None:
    if not seat.instance_type and book is None:
        return NO_NOTEBOOK
    if isinstance(found.notebooks, Unavailable):
        return None
    return MISSING if book is None else book.status


def _box(seat: Seat, found: Snapshot, box: BoxState | None) -> str | None:
    if box is not None:
        return box.status
    if not seat.box_type:
        return NO_NOTEBOOK
    return None if isinstance(found.boxes, Unavailable) else MISSING


def _box_disk(seat: Seat, found: Snapshot, box: BoxState | None) -> Cost:
    if not seat.box_type and box is None:
        return Cost()
    if isinstance(found.boxes, Unavailable):
        return NOT_KNOWN
    if box is None:
        return Cost()
    if not seat.on_roster or not seat.box_gb:  # whose row said how large it is
        return NOT_KNOWN
    return prices.cost(prices.box_volume_hourly(seat.box_gb, found.account_region.region))


def _last(
    found: Snapshot, name: str, box: BoxState | None, mine: Iterable[RunningJob]
) -> datetime | None:
    """Return the latest of the notebook's log, the instance's use and the jobs that still run."""
    logged = known(found.active).get(name)
    used = found.box_use.get(box.name) if box else None
    moments = [work.since for work in mine]
    moments += [moment for moment in (logged, used) if isinstance(moment, datetime)]
    return max(moments, default=None)


def _is_use_known(found: Snapshot, box: BoxState | None) -> bool:
    if box is None or box.status != RUNS:
        return True
    return isinstance(found.box_use.get(box.name), datetime)


def _running(
    found: Snapshot,
    book: NotebookState | None,
    box: BoxState | None,
    mine: Iterable[RunningJob],
) -> Cost:
    parts = [_work_cost(work, found.account_region.region) for work in mine]
    if box is not None:
        parts.append(billing.box_cost(box.status, box.instance_type, found.account_region.region))
    if book is not None:
        parts.append(_machine_cost(book, found.account_region.region))
    if found.may_hide_work:
        parts.append(NOT_KNOWN)
    return prices.total(parts)


def _disk(seat: Seat, found: Snapshot, book: NotebookState | None) -> Cost:
    if not seat.instance_type and book is None:
        return Cost()
    if isinstance(found.notebooks, Unavailable):
        return NOT_KNOWN
    if book is None or book.status == "Deleting":
        return Cost()
    if not seat.on_roster or not seat.volume_gb:  # whose row said how large it is
        return NOT_KNOWN
    return prices.cost(prices.volume_hourly(seat.volume_gb, found.account_region.region))


def _machine_cost(book: NotebookState, region: str) -> Cost:
    return billing.notebook_cost(book.status, book.instance_type, region)


def _work_cost(job: RunningJob, region: str) -> Cost:
    known = None if isinstance(job.machines, Unavailable) else job.machines
    return billing.machines_cost(known, region)


def _by_owner(ours: Owners, found: Snapshot) -> list[tuple[RunningJob, str | None]]:
    tags = known(found.tags)
    return [(job, ours.of(job.name, tags.get(job.arn, {}))) for job in found.running]


def _sum(counts: Iterable[Count]) -> Count:
    """Return the sum, None where a part is not known."""
    parts = list(counts)
    return None if None in parts else sum(part or 0 for part in parts)
