"""``workshop ready``: looks at every workbench as its attendee would find it, before class."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Annotated

import typer

from workshop.aws import errors
from workshop.aws.machine_kinds import BOX, NOTEBOOK, BoxKind, Machine, NotebookKind
from workshop.aws.reads import Unavailable, side_by_side
from workshop.cli import alike, console
from workshop.cli.context import CommandContext, opened
from workshop.cli.options import CONFIG_DIR, MANY, All, AsJson, ConfigDir, Env, OfProfile, Only
from workshop.cli.progress import Progress, saying_pause
from workshop.cli.start_stop import moved
from workshop.config.roster import Seat
from workshop.counting import count_of
from workshop.errors import WorkshopError
from workshop.notebooks import reopening, start_stop
from workshop.requests import ask, readiness
from workshop.requests.ask import AgentAnswer, AgentWaits

MINUTES = 15.0
THREADS = 8
"""Of many seats that are alike, as many are named."""
Minutes = Annotated[
    float,
    typer.Option(
        "--minutes", min=0.1, help="Wait so long for all to start, and for all to be checked."
    ),
]
Reasons = Mapping[str, Sequence[str]]


@dataclass
class _Machines:
    """The machines of one kind: how they were ``before``, and why each seat's is not ready."""

    kind: NotebookKind | BoxKind
    before: Mapping[Seat, Machine | Unavailable | None]
    found: dict[str, Sequence[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.found.update({seat.id: ("it was not waited for",) for seat in self.before})

    @property
    def idle(self) -> list[Seat]:
        """Return whose machine was stopped, or on its way there."""
        steps = (start_stop.START.of(self.kind), start_stop.STOP.of(self.kind))
        idle = steps[0].begins | {steps[1].passes}
        return [
            seat
            for seat, machine in self.before.items()
            if machine is not None
            and not isinstance(machine, Unavailable)
            and machine.status in idle
        ]

    def reasons(self, seat: Seat) -> tuple[str, ...]:
        """Return why the seat's machine is not ready; nothing where it has none to have."""
        which = f"{BOX.noun}: " if self.kind is BOX and seat.instance_type else ""
        return tuple(f"{which}{reason}" for reason in self.found.get(seat.id, ()))


def ready(
    *,
    env: Env,
    config_dir: ConfigDir = CONFIG_DIR,
    only: Only = None,
    profile: OfProfile = None,
    minutes: Minutes = MINUTES,
    everything: All = False,
    as_json: AsJson = False,
) -> None:
    """Check all workbenches as attendees would find them, and show which are not ready and why.

    Each notebook and EC2 instance that is stopped is started, and its agent looks: the content is
    there, packages are installed, datasets can be read, the disk has room, a kernel starts and runs
    a cell. A seat that is frozen is not ready, nor one for whose instance EC2 has no machine.
    Afterwards, and after Ctrl-C, what was started is stopped again; what ran before goes on. To
    have them all running, use workshop start first. The exit code is 1 if a seat is not ready, or
    a machine could not be stopped again.

    For example:

        workshop ready -e prod

        workshop ready -e prod --only ada,ben
    """
    work = opened(env, config_dir, only=only, profile=profile)
    several = [
        _Machines(kind, ask.running(work.clients, work.loaded, seats, kind))
        for kind, seats in start_stop.by_kind(work.seats).items()
        if seats
    ]
    found: dict[str, Sequence[str]] = {}
    left_running: list[str] = []
    with ExitStack() as ending:
        for machines in several:
            if machines.idle:
                ending.callback(_stop_again, work, machines, left_running)
        for machines in several:
            if not _check(work, machines, minutes):
                break
        for seat in work.seats:
            found[seat.id] = tuple(why for one in several for why in one.reasons(seat))
        _look_for_frozen(work, found)
        if not as_json:
            _print(work, found, everything=everything)
    if as_json:
        idle = {seat.id for machines in several for seat in machines.idle}
        console.print_json(_document(work, found, idle, left_running), indent=2)
    not_ready = [seat for seat, reasons in found.items() if reasons]
    console.say(f"{len(found) - len(not_ready)} ready, {len(not_ready)} not")
    if not_ready or left_running:
        _say_cures(work, found, not_ready)
        raise typer.Exit(1)


def _say_cures(work: CommandContext, found: Reasons, not_ready: Sequence[str]) -> None:
    if any(ask.NEVER in reason for seat in not_ready for reason in found[seat]):
        console.say(
            "an agent starts with its machine: stop and start those whose agents have never"
            " reported (the local cloud runs no agents)"
        )
    if not_ready:
        console.say(f"check these again with: {work.command_for('ready', not_ready)}")


def _check(work: CommandContext, machines: _Machines, minutes: float) -> bool:
    """Start and check those of a kind; return False where Ctrl-C ended it early."""
    kind, found = machines.kind, machines.found
    for seat, machine in machines.before.items():
        if kind is NOTEBOOK and not seat.instance_type and machine is None:
            found[seat.id] = ()
        if isinstance(machine, Unavailable):
            found[seat.id] = (f"its {kind.noun} could not be read: {machine.reason}",)
    # What is not known to be stopped now would not be stopped again.
    known = [
        seat
        for seat, machine in machines.before.items()
        if not isinstance(machine, Unavailable) and found[seat.id]
    ]
    if not known:
        return True
    outcomes, interrupted = moved(work, known, start_stop.START, minutes=minutes, kinds=[kind])
    found.update({one.seat: (one.reason,) for one in outcomes if not one.as_asked})
    up = {one.seat for one in outcomes if one.as_asked}
    if interrupted or not up:
        return not interrupted
    progress = Progress("check", len(up))
    counted: set[str] = set()
    most = count_of(minutes, "minute")
    console.say(f"asking the agents of {count_of(len(up), kind.noun)}, for {most} at most ...")
    pause = saying_pause(lambda: f"{count_of(len(up) - len(counted), 'agent')} to answer")

    def report(answer: AgentAnswer) -> None:
        reasons = found[answer.seat.id] = readiness.reasons(answer)
        words = f"{answer.seat.id}: {reasons[0] if reasons else 'ready'}"
        progress.end(words, counts=answer.seat.id not in counted, good=not reasons)
        counted.add(answer.seat.id)

    try:
        with progress.shown():
            readiness.check(
                work.clients,
                work.loaded,
                [seat for seat in known if seat.id in up],
                AgentWaits(pause, minutes),
                report=report,
                of=kind,
            )
    except KeyboardInterrupt:
        console.say("ending: what was not checked yet is not known")
        return False
    return True


def _look_for_frozen(work: CommandContext, found: dict[str, Sequence[str]]) -> None:
    """Add to the reasons of seats that are frozen: their machines are as they should be."""

    def look(seat: Seat) -> str:
        names, roles = work.loaded.names(seat), work.loaded.roles(seat)
        try:
            if reopening.is_frozen(work.clients, seat.account_region, names, roles):
                return f"it is frozen; reopen it with: {work.command_for('reopen', [seat.id])}"
        except errors.Refusal as error:
            return f"whether it is frozen could not be read: {errors.describe(error)}"
        return ""

    for seat, reason in side_by_side(look, work.seats, threads=THREADS).items():
        if reason:
            found[seat.id] = (*found[seat.id], reason)


def _stop_again(work: CommandContext, machines: _Machines, left_running: list[str]) -> None:
    """Stop what was stopped before; add the seats whose machines may run on."""
    kind, seats = machines.kind, machines.idle
    ids = [seat.id for seat in seats]
    every = count_of(len(machines.before), kind.noun)
    console.say(f"stopping what was stopped before: {len(ids)} of {every}")
    try:
        outcomes, _ = moved(
            work, seats, start_stop.STOP, minutes=start_stop.DEADLINE_MINUTES, kinds=[kind]
        )
    except WorkshopError:
        console.say(f"they may run on, and cost; stop them with: {work.command_for('stop', ids)}")
        raise
    left = [
        one.seat
        for one in outcomes
        if not one.as_asked and one.result != "missing" and one.after != "Failed"
    ]
    if left:
        console.say(
            f"{len(left)} may run on, and cost; stop them with: {work.command_for('stop', left)}"
        )
    left_running += left


def _print(work: CommandContext, found: Reasons, *, everything: bool) -> None:
    table = console.table("seat", "ready", "why not")
    together = len(found) > MANY and not everything
    rows: dict[tuple[str, ...], list[str]] = {}
    for seat in work.seats:
        reasons = "; ".join(found[seat.id])
        # The same cure for many names a seat each.
        key = (alike.for_any_seat(reasons, seat.id),) if together else (reasons, seat.id)
        rows.setdefault(key, []).append(seat.id)
    for (reasons, *_), ids in rows.items():
        table.add_row(alike.named(ids), "no" if reasons else "yes", reasons)
    console.print_table(table)


def _document(
    work: CommandContext, found: Reasons, idle: Collection[str], left_running: Sequence[str]
) -> list[dict[str, object]]:
    return [
        {
            "seat": seat.id,
            "ready": not found[seat.id],
            "reasons": list(found[seat.id]),
            "was_stopped": seat.id in idle,
            "may_run_on": seat.id in left_running,
        }
        for seat in work.seats
    ]
