"""The plan of an environment whose seats have accounts of their own, and what it cannot have."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from workshop.account_region import AccountRegion
from workshop.accounts import planner
from workshop.accounts.plan import OwnAccountsPlan
from workshop.aws import places
from workshop.cli import console
from workshop.cli.context import CommandContext
from workshop.cli.preflight import report_on, stacks_of
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import account_regions_of
from workshop.counting import count_of
from workshop.deploy.assembly import Assembly
from workshop.deploy.plan import DeployPlan, SeatPlan, StackAction
from workshop.naming import ORGANISER
from workshop.preflight import Check, PreflightReport
from workshop.preflight.checks import REFUSING

_LEFT_ALONE = (StackAction.UNCHANGED, StackAction.REFUSED)


def proposed(work: CommandContext, templates: Assembly, remove: frozenset[str]) -> OwnAccountsPlan:
    """Return the plan; say what the YAML asks for and stack sets cannot do."""
    console.say(f"looking at the stack sets of {work.loaded.home} ...")
    for sentence in without(work.loaded):
        console.warn(sentence)

    def slow(answered: int, of: int, waited_for: Sequence[AccountRegion]) -> None:
        named = places.named(work.loaded, waited_for)
        console.say(f"{answered} of {count_of(of, 'account')} answered; waiting for {named} ...")

    made = planner.plan(
        *(work.clients, work.loaded, templates, work.seats), remove=remove, slow=slow
    )
    for reason in made.unlisted.values():
        console.warn(f"whether all accounts can be used is not known: {reason}")
    unread = [
        (place, f"what is there could not be read: {why}") for place, why in made.unseen.items()
    ]
    for sentence in places.told_unread(work.loaded, unread):
        console.warn(sentence)
    return made


def checked(
    work: CommandContext, made: OwnAccountsPlan, accept_unknown: Collection[str] | None
) -> PreflightReport:
    """Ask home, and the accounts in which the plan does something, whether it can be done.

    Where the organiser's role is still to be made or mended, nobody can be in the account yet: it
    is told, and only what home knows of it can refuse, such as the organization's policies.
    """
    ids = {seat.seat for seat in made.seats if not _is_left_alone(seat)}
    closed = {
        stack.desired.account_region
        for stack in made.stacks
        if stack.desired.kind == ORGANISER
        and stack.action != StackAction.UNCHANGED
        and work.loaded.settings.accounts.makes_role
    }
    chosen = [seat for seat in work.seats if seat.id in ids]
    console.say("asking for permissions and quotas ...")
    if some := [where for where in account_regions_of(chosen) if where in closed]:
        console.say(
            f"{places.named(work.loaded, some)}: quotas and permissions there are not known before"
            " the first stack, which lets you in"
        )
    open_ones = [where for where in account_regions_of(chosen) if where not in closed]
    there = dict(made.listed)
    there |= stacks_of(work, [where for where in open_ones if where not in there])
    return report_on(work, there, accept_unknown, chosen, frozenset(closed))


def at_home(report: PreflightReport) -> PreflightReport:
    """Return what is about all seats, and not about the account of one."""
    return replace(
        report,
        checks=tuple(
            check for check in report.checks if check.account_region.account not in report.seats
        ),
    )


def left_out(made: OwnAccountsPlan, report: PreflightReport) -> OwnAccountsPlan:
    """Return the plan without the seats whose accounts lack something: they fail, others do not."""
    lacking: dict[str, Check] = {}
    for check in report.of(*REFUSING):
        if seat := report.seats.get(check.account_region.account):
            lacking.setdefault(seat, check)
    return replace(
        made,
        seats=tuple(
            _refused(seat, lacking[seat.seat]) if seat.seat in lacking else seat
            for seat in made.seats
        ),
    )


def _refused(seat: SeatPlan, check: Check) -> SeatPlan:
    why = f"preflight: {check.subject}: {check.message}"
    return replace(
        seat,
        stacks=tuple(
            stack
            if stack.action in _LEFT_ALONE
            else replace(stack, action=StackAction.REFUSED, message=why)
            for stack in seat.stacks
        ),
    )


def _is_left_alone(seat: SeatPlan) -> bool:
    return all(stack.action in _LEFT_ALONE for stack in seat.stacks)


def nothing_left(made: DeployPlan) -> bool:
    """Whether the plan does nothing in any account."""
    return all(map(_is_left_alone, made.seats))


def without(loaded: LoadedEnvironment) -> Iterator[str]:
    """Yield what of the YAML has no effect where seats have accounts of their own."""
    settings = loaded.settings
    own = "since each seat has an account of its own"
    if settings.budget.notify:
        yield (
            f"'budget.notify' tells nobody, {own}: each address would have to be confirmed in every"
            f" one of them; see who nears a cap with: {loaded.command('status')}"
        )
    if settings.cohort.termination_protection:
        yield (
            f"'cohort.termination_protection' has no effect, {own}: a stack set protects no stack"
        )
    for name, profile in settings.profiles.items():
        ec2 = profile.ec2
        several = [
            key
            for key, types in (
                ("notebook.fallback_instance_types", profile.notebook.fallback_instance_types),
                ("ec2.instance_types", ec2.instance_types[1:] if ec2 else ()),
            )
            if types
        ]
        if several:
            yield (
                f"of 'profiles.{name}.{several[0]}' no other type is tried, {own}: a stack set"
                " makes all its stacks from one template"
            )
