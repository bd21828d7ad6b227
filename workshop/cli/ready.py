"""``workshop ready``: looks at every workbench as its attendee would find it, before class."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Annotated

import typer

from workshop.aws import errors
from workshop.aws.machine_kinds import BOX, NOTEBOOK, Machine, SeatMachine, machines_of
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
        "--minutes",
        min=0.1,
        help="Wait so long for all to start, and as long for all to be checked.",
    ),
]
Reasons = Mapping[str, Sequence[str]]


@dataclass
class _Machines:
    """The machines of seats: how they were ``before``, and why each is not ready."""

    before: Mapping[SeatMachine, Machine | Unavailable | None]
    found: dict[SeatMachine, Sequence[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.found.update(dict.fromkeys(self.before, ("it was not waited for",)))

    @property
    def idle(self) -> list[SeatMachine]:
        """Return those that were stopped, or on their way there."""
        return [asked for asked, machine in self.before.items() if _is_idle(asked, machine)]

    def reasons(self, seat: Seat) -> tuple[str, ...]:
        """Return why the seat's machines are not ready; nothing where it has none to have."""
        return tuple(
            f"{BOX.noun}: {reason}" if machine.kind is BOX and seat.instance_type else reason
            for machine in machines_of([seat])
            for reason in self.found[machine]
        )


def _is_idle(asked: SeatMachine, machine: Machine | Unavailable | None) -> bool:
    if machine is None or isinstance(machine, Unavailable):
        return False
    starting, stopping = (goal.of(asked.kind) for goal in (start_stop.START, start_stop.STOP))
    return machine.status in starting.begins | {stopping.passes}


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
    machines = _Machines(ask.running(work.clients, work.loaded, machines_of(work.seats)))
    found: dict[str, Sequence[str]] = {}
    left_running: list[str] = []
    with ExitStack() as ending:
        if machines.idle:
            ending.callback(_stop_again, work, machines, left_running)
        _check(work, machines, minutes)
        for seat in work.seats:
            found[seat.id] = machines.reasons(seat)
        _look_for_frozen(work, found)
        if not as_json:
            _print(work, found, everything=everything)
    if as_json:
        idle = {machine.seat.id for machine in machines.idle}
        console.print_json(_document(work, found, idle, left_running))
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
    work.warn_of_lost((seat, why) for seat in work.seats for why in found[seat.id])
    if not_ready:
        console.say(f"check these again with: {work.command_for('ready', not_ready)}")


def _check(work: CommandContext, machines: _Machines, minutes: float) -> None:
    """Start and check all machines side by side, and note why each is not ready."""
    found = machines.found
    for asked, machine in machines.before.items():
        if asked.kind is NOTEBOOK and not asked.seat.instance_type and machine is None:
            found[asked] = ()
        if isinstance(machine, Unavailable):
            found[asked] = (f"its {asked.kind.noun} could not be read: {machine.reason}",)
    # What is not known to be stopped now would not be stopped again.
    known = [
        asked
        for asked, machine in machines.before.items()
        if not isinstance(machine, Unavailable) and found[asked]
    ]
    if not known:
        return
    outcomes, interrupted = moved(work, known, start_stop.START, minutes=minutes)
    ended = {
        (outcome.seat, outcome.account_region, outcome.machine): outcome for outcome in outcomes
    }
    up = []
    for seat_machine in known:
        outcome = ended[
            seat_machine.seat.id, seat_machine.seat.account_region, seat_machine.kind.noun
        ]
        if outcome.as_asked:
            up.append(seat_machine)
        else:
            found[seat_machine] = (outcome.reason,)
    if interrupted or not up:
        return
    progress = Progress("check", len(up))
    counted: set[SeatMachine] = set()
    most = count_of(minutes, "minute")
    console.say(f"asking {count_of(len(up), 'agent')}, for {most} at most ...")
    pause = saying_pause(lambda: f"{count_of(len(up) - len(counted), 'agent')} to answer")

    def report(answer: AgentAnswer) -> None:
        machine = answer.machine
        reasons = found[machine] = readiness.reasons(answer)
        words = f"{answer.whose}: {reasons[0] if reasons else 'ready'}"
        progress.end(words, counts=machine not in counted, good=not reasons)
        counted.add(machine)

    try:
        with progress.shown():
            readiness.check(
                work.clients, work.loaded, up, AgentWaits(pause, minutes), report=report
            )
    except KeyboardInterrupt:
        console.say("ending: what was not checked yet is not known")


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
    ids = [machine.seat.id for machine in machines.idle]
    every = count_of(len(machines.before), "machine")
    console.say(f"stopping what was stopped before: {len(ids)} of {every}")
    try:
        outcomes, _ = moved(
            work, machines.idle, start_stop.STOP, minutes=start_stop.DEADLINE_MINUTES
        )
    except WorkshopError:
        console.say(f"they may run on, and cost; stop them with: {work.command_for('stop', ids)}")
        raise
    left = [
        outcome.seat
        for outcome in outcomes
        if not outcome.as_asked and outcome.result != "missing" and outcome.after != "Failed"
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
