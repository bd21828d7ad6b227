"""``workshop swap``: whoever has a broken seat goes on at a spare, with the saved work."""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

from workshop.aws import frozen_tag
from workshop.cli import console
from workshop.cli.context import CommandContext, opened
from workshop.cli.options import CONFIG_DIR, ConfigDir, Env
from workshop.cli.start_stop import moved
from workshop.config import command_line
from workshop.config.roster import Seat
from workshop.config.roster.sheet import Sheet
from workshop.config.roster.write import write_other_id
from workshop.counting import count_of
from workshop.environments import loader
from workshop.environments.loader import Draft
from workshop.errors import ConfigError, GuardError, UsageError
from workshop.files import shown
from workshop.ledger import Ledger
from workshop.notebooks import start_stop
from workshop.requests import ask, saved_work
from workshop.requests.ask import AgentAnswer, AgentWaits
from workshop.requests.saved_work import CopiedWork
from workshop.teardown.freeze import freeze

SAVE_MINUTES = 1.0
"""For which a broken seat may still save."""
MINUTES = 10.0
Minutes = Annotated[
    float,
    typer.Option(
        "--minutes", min=0.1, help="Wait so long for the spare to start, and to have the work."
    ),
]


@dataclass(frozen=True)
class _Swap:
    """A person's seat and the spare; ``path`` and ``sheet`` are the roster, as it was read."""

    seat: Seat
    spare: Seat
    path: Path
    sheet: Sheet
    again: bool
    """Whether the roster has the spare already, from an earlier run."""


def swap(
    *,
    seat: Annotated[str, typer.Argument(metavar="SEAT", help="The seat that is broken.")],
    spare: Annotated[str, typer.Argument(metavar="SPARE", help="A spare that nobody has.")],
    env: Env,
    config_dir: ConfigDir = CONFIG_DIR,
    minutes: Minutes = MINUTES,
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
) -> None:
    """Let whoever has a broken seat go on at a spare, with the saved work.

    The person's row of the roster gets the spare's id and is otherwise as it was; seats keep their
    ids, names and stacks. The broken seat saves once more if it can, then what it saved is copied
    to the spare, which is started if it is stopped and lays the files there: a file that exists
    stays, and one that differs lies beside it. The broken seat is frozen, is off the roster from
    then on, and stays for a look, with its costs, until a teardown. What is done already is not
    done again: run it once more if it was interrupted. The spare must have the same profile,
    account and Region, and be on no row.

    For example:

        workshop swap -e prod ada spare01
    """
    work, plan = _planned(env, config_dir, seat, spare)
    _agree(plan, yes=yes)
    ledger = Ledger(work.loaded.name)
    ledger.note_swap(plan.seat.account_region, work.loaded.settings.workshop, seat, spare)
    _save(work, plan.seat)
    work_copied = saved_work.copy(work.clients, work.loaded, plan.seat, plan.spare)
    _say_copied(plan, work_copied)
    if not plan.again:
        write_other_id(plan.path, plan.sheet, seat, spare)
        console.say(f"{shown(plan.path)}: the row of {seat} has the id {spare} now")
    problems = [
        f"{role} is not frozen: {why}"
        for role, why in freeze(
            work.clients,
            work.loaded.settings.workshop,
            plan.seat.account_region,
            work.loaded.roles(plan.seat),
        ).items()
    ]
    _close(work, plan.seat)
    problems += _restore(work, plan, work_copied, minutes)
    if not any("not frozen" in problem for problem in problems):
        console.say(
            f"{seat} is frozen and off the roster; it costs until it is stopped with:"
            f" {work.loaded.command('stop', '--only', seat)}"
        )
    for problem in problems:
        console.say(problem)
    if problems:
        console.say(f"go on with: {work.loaded.command('swap', seat, spare)}")
        raise typer.Exit(1)
    link = work.loaded.command("handout", "--only", spare)
    console.say(f"{spare} is ready; its link is in: {link}")


def _planned(env: str, config_dir: Path, seat: str, spare: str) -> tuple[CommandContext, _Swap]:
    """Return what to do; raise UsageError or GuardError where that cannot be."""
    draft = loader.draft(env, config_dir)
    if draft.diagnostics or draft.settings is None:
        raise ConfigError([str(each) for each in draft.diagnostics])
    if draft.sheet is None or draft.roster_path is None:
        raise UsageError(
            f"{shown(draft.path)} has numbered seats, which are nobody's: give out the link of"
            f" {spare} ({_link_of(draft, spare)}), or write the people into a roster file"
        )
    rows = {row.get("id") for row in draft.sheet.rows}
    again = (
        seat not in rows
        and spare in rows
        and Ledger(draft.name).swapped(draft.settings.workshop).get(seat) == spare
    )
    if spare in rows and not again:
        raise GuardError(f"{spare} is in use: a row of the roster has it; choose another spare")
    work = opened(env, config_dir, only=f"{seat},{spare}", with_strays=again)
    by_id = {one.id: one for one in work.seats}
    broken, whole = by_id[seat], by_id[spare]
    if seat not in rows and not again:
        raise UsageError(
            f"{seat} is on no row of the roster, so that nobody has it: whoever sits there goes on"
            f" at {spare} by its link ({_link_of(draft, spare)})"
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
    if not again and (broken.instance_type, broken.volume_gb) != (
        whole.instance_type,
        whole.volume_gb,
    ):
        console.warn(
            f"{seat}'s row asks for {broken.instance_type} with {broken.volume_gb} GB and {spare}"
            f" has {whole.instance_type} with {whole.volume_gb} GB: the next deploy changes it"
        )
    return work, _Swap(broken, whole, draft.roster_path, draft.sheet, again)


def _link_of(draft: Draft, spare: str) -> str:
    return command_line.command("handout", draft.name, draft.path.parent, "--only", spare)


def _agree(plan: _Swap, *, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise GuardError("nobody is there to agree, and nothing was done; agree with --yes")
    question = (
        f"Give the row of {plan.seat.id} to {plan.spare.id}, copy the saved work and freeze"
        f" {plan.seat.id}? Type yes to go on"
    )
    if console.ask(question).strip().casefold() not in ("y", "yes"):
        raise GuardError("nothing was done; run the command again once you agree")


def _save(work: CommandContext, seat: Seat) -> None:
    """Have the broken seat save once more; what it cannot save any more is said."""
    waits = AgentWaits(threading.Event().wait, SAVE_MINUTES)
    (answer,) = ask.ask(work.clients, work.loaded, [seat], "save", waits)
    if answer.result != "done":
        console.say(f"{seat.id} did not save once more: {answer.reason}")


def _close(work: CommandContext, seat: Seat) -> None:
    """Tag the frozen seat's notebook; where that fails it is said, and the seat is frozen still."""
    partition = work.clients.client("sagemaker", seat.account_region).meta.partition
    arn = replace(work.loaded.names(seat), partition=partition).notebook_arn
    for why in frozen_tag.put_on(work.clients, seat.account_region, [arn]).values():
        console.warn(f"the notebook of {seat.id} may stay open for who has it open: {why}")


def _say_copied(plan: _Swap, copied: CopiedWork) -> None:
    lost = f", {copied.missing} missing" if copied.missing else ""
    console.say(
        f"copied into {copied.prefix} of the bucket of {plan.spare.id}:"
        f" {count_of(copied.files, 'saved file')} of {plan.seat.id}"
        f" ({copied.bytes / 1e6:,.1f} MB{lost})"
    )


def _restore(work: CommandContext, plan: _Swap, copied: CopiedWork, minutes: float) -> list[str]:
    """Start the spare and have it lay the files there; return why that failed, if so."""
    outcomes, _ = moved(work, [plan.spare], start_stop.START, minutes=minutes)
    failed = [f"{one.seat} is not started: {one.reason}" for one in outcomes if not one.as_asked]
    if failed or not copied.files:
        return failed
    waits = AgentWaits(threading.Event().wait, minutes)
    answers: list[AgentAnswer] = ask.ask(
        work.clients, work.loaded, [plan.spare], "restore", waits, prefix=copied.prefix
    )
    return [
        f"{answer.seat.id} has not laid the files there yet: {answer.reason}"
        for answer in answers
        if answer.result != "done"
    ]
