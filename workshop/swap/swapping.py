"""A person goes on at a spare: the roster's row, the saved work, and the broken seat frozen."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from workshop.aws import agent_reports as reports
from workshop.aws.agent_reports import AgentReport
from workshop.aws.clients import Clients
from workshop.aws.machine_kinds import BOX, SeatMachine, machines_of
from workshop.config import command_line
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat
from workshop.config.roster.sheet import Sheet
from workshop.config.roster.write import write_other_id
from workshop.counting import count_of
from workshop.environments import loader
from workshop.environments.loader import Draft
from workshop.errors import ConfigError, GuardError, UsageError
from workshop.files import shown
from workshop.ledger import Ledger
from workshop.notebooks.start_stop import NotebookOutcome
from workshop.requests import ask, saved_work
from workshop.requests.ask import AgentAnswer, AgentWaits
from workshop.requests.saved_work import CopiedWork
from workshop.teardown.freeze import freeze_seat

SAVE_MINUTES = 1 / 3
"""For which a broken seat may still save before the spare gets what is saved: agents look twice a
minute, and all of it should take a minute. What is saved later comes after."""
MINUTES = 10.0
"""For which the spare may start, and may lay the files there."""

Say = Callable[[str], object]
Start = Callable[[Seat], Sequence[NotebookOutcome]]
"""Starts the machines of the spare, and waits."""


@dataclass(frozen=True)
class RosterRows:
    """The roster as it was read, with the two ids that a swap names.

    ``again`` is whether it has the spare already, from an earlier run.
    """

    seat: str
    spare: str
    path: Path
    sheet: Sheet
    again: bool
    link_of_spare: str
    """The command that gives the spare's link."""

    @property
    def has_seat(self) -> bool:
        """Return whether somebody has the seat."""
        return self.seat in {row.get("id") for row in self.sheet.rows}


@dataclass(frozen=True)
class SwapPlan:
    """A person's seat and the spare; ``warnings`` are what a later deploy will make of it."""

    rows: RosterRows
    seat: Seat
    spare: Seat
    warnings: tuple[str, ...] = ()


def rows(env: str, config_dir: Path, seat: str, spare: str) -> RosterRows:
    """Read the roster; raise UsageError or GuardError where it allows no swap of these."""
    draft = loader.draft(env, config_dir)
    if draft.diagnostics or draft.settings is None:
        raise ConfigError([str(each) for each in draft.diagnostics])
    if draft.sheet is None or draft.roster_path is None:
        raise UsageError(
            f"{shown(draft.path)} has numbered seats, which are nobody's: give out the link of"
            f" {spare} ({_link_of(draft, spare)}), or write the people into a roster file"
        )
    ids = {row.get("id") for row in draft.sheet.rows}
    again = (
        seat not in ids
        and spare in ids
        and Ledger(draft.name).swapped(draft.settings.workshop).get(seat) == spare
    )
    if spare in ids and not again:
        raise GuardError(f"{spare} is in use: a row of the roster has it; choose another spare")
    return RosterRows(seat, spare, draft.roster_path, draft.sheet, again, _link_of(draft, spare))


def _link_of(draft: Draft, spare: str) -> str:
    return command_line.command("handout", draft.name, draft.path.parent, "--only", spare)


def plan(found: RosterRows, seats: Sequence[Seat]) -> SwapPlan:
    """Return what to do with the two of ``seats``; raise an error where that cannot be."""
    by_id = {seat.id: seat for seat in seats}
    broken, whole = by_id[found.seat], by_id[found.spare]
    seat, spare = broken.id, whole.id
    if not found.has_seat and not found.again:
        raise UsageError(
            f"{seat} is on no row of the roster, so that nobody has it: whoever sits there goes on"
            f" at {spare} by its link ({found.link_of_spare})"
        )
    if broken.alone:
        raise GuardError(
            f"{seat} and {spare} have accounts of their own, between which no work is copied; hand"
            f" {spare} out ({found.link_of_spare}), and whoever has {seat} takes the saved files"
            " along, from its bucket or by its door"
        )
    for word, before, after in (
        ("profile", broken.profile, whole.profile),
        ("account and Region", str(broken.account_region), str(whole.account_region)),
    ):
        if before != after:
            raise GuardError(
                f"{spare} has the {word} {after} and {seat} has {before}; choose a spare that is"
                " alike"
            )
    machines = (
        ((broken.instance_type, broken.volume_gb), (whole.instance_type, whole.volume_gb)),
        ((broken.box_type, broken.box_gb), (whole.box_type, whole.box_gb)),
    )
    warnings = [
        f"{seat}'s row asks for {asked[0]} with {asked[1]} GB and {spare}"
        f" has {has[0]} with {has[1]} GB: the next deploy changes it"
        for asked, has in machines
        if asked != has and not found.again
    ]
    return SwapPlan(found, broken, whole, tuple(warnings))


def swap(
    clients: Clients,
    loaded: LoadedEnvironment,
    planned: SwapPlan,
    *,
    start: Start,
    say: Say,
    minutes: float = MINUTES,
) -> bool:
    """Do it and say each step; return whether all is done, else say how to go on."""
    seat, spare, found = planned.seat, planned.spare, planned.rows
    workshop = loaded.settings.workshop
    Ledger(loaded.name).note_swap(seat.account_region, workshop, seat.id, spare.id)
    pause = threading.Event().wait
    asking = AgentWaits(pause, SAVE_MINUTES)
    answers = ask.ask(clients, loaded, machines_of([seat]), "save", asking)
    for answer in answers:
        if answer.result != "done":  # what it cannot save any more
            say(f"{answer.whose} did not save once more: {answer.reason}")
    copies = _copies(clients, loaded, planned, answers, say)
    if not found.again:
        write_other_id(found.path, found.sheet, seat.id, spare.id)
        say(f"{shown(found.path)}: the row of {seat.id} has the id {spare.id} now")
    closed = freeze_seat(clients, loaded, seat)
    not_frozen = closed.problems
    for sentence in closed.open_still:
        say(f"warning: {sentence}")
    waits = AgentWaits(pause, minutes)
    problems = [*not_frozen, *_started(spare, start)]
    if len(problems) == len(not_frozen):
        problems += _restored(clients, loaded, spare, copies, waits)
    if not not_frozen:
        say(
            f"{seat.id} is frozen and off the roster; it costs until it is stopped with:"
            f" {loaded.command('stop', '--only', seat.id)}"
        )
    if not problems:
        link = loaded.command("handout", "--only", spare.id)
        say(f"{spare.id} is ready; its link is in: {link}")
        late = _copies(clients, loaded, planned, _late(clients, loaded, answers, say), say)
        problems += _restored(clients, loaded, spare, late, waits)
    for problem in problems:
        say(problem)
    if problems:
        say(f"go on with: {loaded.command('swap', seat.id, spare.id)}")
    return not problems


def _late(
    clients: Clients, loaded: LoadedEnvironment, answers: Sequence[AgentAnswer], say: Say
) -> list[AgentAnswer]:
    """Return and say which machines that had not answered in time have saved meanwhile."""
    late = []
    for answer in answers:
        seat, of_box = answer.seat, answer.machine.kind is BOX
        if answer.result != "silent":
            continue
        report = reports.read(clients, loaded, seat, of_box=of_box)
        if isinstance(report, AgentReport) and report.saved_until > answer.report.saved_until:
            say(f"{answer.whose} has saved once more")
            late.append(answer)
    return late


def _copies(
    clients: Clients,
    loaded: LoadedEnvironment,
    planned: SwapPlan,
    answers: Sequence[AgentAnswer],
    say: Say,
) -> dict[SeatMachine, CopiedWork]:
    """Copy what machines have saved to the spare, and say what."""
    copies = {}
    for answer in answers:
        copied = saved_work.copy(clients, loaded, answer.machine, planned.spare)
        copies[answer.machine] = copied
        say(_copied(planned, copied))
    return copies


def _copied(planned: SwapPlan, copied: CopiedWork) -> str:
    lost = f", {copied.missing} missing" if copied.missing else ""
    return (
        f"copied into {copied.prefix} of the bucket of {planned.spare.id}:"
        f" {count_of(copied.files, 'saved file')} of {planned.seat.id}"
        f" ({copied.bytes / 1e6:,.1f} MB{lost})"
    )


def _started(spare: Seat, start: Start) -> list[str]:
    """Start the spare; return why that failed, if so."""
    return [
        f"{outcome.seat} is not started: {outcome.reason}"
        for outcome in start(spare)
        if not outcome.as_asked
    ]


def _restored(
    clients: Clients,
    loaded: LoadedEnvironment,
    spare: Seat,
    copies: Mapping[SeatMachine, CopiedWork],
    waits: AgentWaits,
) -> list[str]:
    """Have the spare's machines lay their files there; return why that failed, if so."""
    problems = []
    for machine, copied in copies.items():
        if not copied.files:
            continue
        own = SeatMachine(spare, machine.kind)
        (answer,) = ask.ask(clients, loaded, [own], "restore", waits, prefix=copied.prefix)
        if answer.result != "done":
            problems.append(f"{answer.whose} has not laid the files there yet: {answer.reason}")
    return problems
