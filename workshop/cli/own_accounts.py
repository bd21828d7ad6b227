"""The plan of an environment whose seats have accounts of their own, and what it cannot have."""

from __future__ import annotations

from collections.abc import Iterator

from workshop.accounts import planner
from workshop.accounts.plan import OwnAccountsPlan
from workshop.cli import console
from workshop.cli.context import CommandContext
from workshop.config.environment import LoadedEnvironment
from workshop.deploy.assembly import Assembly


def proposed(work: CommandContext, templates: Assembly, remove: frozenset[str]) -> OwnAccountsPlan:
    """Return the plan; say what the YAML asks for and stack sets cannot do."""
    console.say(f"looking at the stack sets of {work.loaded.home} ...")
    for sentence in without(work.loaded):
        console.warn(sentence)
    made = planner.plan(work.clients, work.loaded, templates, work.seats, remove=remove)
    for reason in made.unlisted.values():
        console.warn(f"whether all accounts can be used is not known: {reason}")
    return made


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
