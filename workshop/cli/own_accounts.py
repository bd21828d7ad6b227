"""The plan of an environment whose seats have accounts of their own, and what it cannot have."""

from __future__ import annotations

from collections.abc import Iterator

from workshop.accounts import planner
from workshop.accounts.plan import OwnAccountsPlan
from workshop.cli import console
from workshop.cli.context import CommandContext
from workshop.config import assignment
from workshop.config.environment import LoadedEnvironment
from workshop.deploy.assembly import Assembly
from workshop.files import shown
from workshop.ledger import Ledger


def proposed(work: CommandContext, templates: Assembly, remove: frozenset[str]) -> OwnAccountsPlan:
    """Return the plan; say what the YAML asks for and stack sets cannot do."""
    console.say(f"looking at the stack sets of {work.loaded.home} ...")
    for sentence in without(work.loaded):
        console.warn(sentence)
    made = planner.plan(work.clients, work.loaded, templates, work.seats, remove=remove)
    for reason in made.unlisted.values():
        console.warn(f"whether all accounts can be used is not known: {reason}")
    for sentence in of_others(work.loaded, made):
        console.warn(sentence)
    return made


def of_others(loaded: LoadedEnvironment, made: OwnAccountsPlan) -> Iterator[str]:
    """Yield which seats have by the file the workbench that was made for another one.

    The accounts do not tell whose they are: the ledger does, where the deployments were run.
    """
    made_for = {place.account: seats for place, seats in Ledger(loaded.name).seats().items()}
    there = {
        one.desired.seat: one.desired.account_region.account
        for one in made.stacks
        if one.current is not None
    }
    for seat, account in there.items():
        others = sorted(made_for.get(account, ()))
        if others and seat not in others:
            down = loaded.command("teardown", "--early", "--only", seat, "--save-to", "FOLDER")
            yield (
                f"the workbench in account {account}, which is {seat}'s by the file of accounts,"
                f" was made for {', '.join(others)}: whoever has {seat} has what is in it; correct"
                f" {shown(assignment.path(loaded.path))}, or tear it down first with: {down}"
            )


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
