"""What has to be true before anything is taken away."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from workshop import naming
from workshop.account_region import AccountRegion
from workshop.config.environment import LoadedEnvironment
from workshop.counting import and_more
from workshop.errors import GuardError
from workshop.teardown.discovery import Discovery
from workshop.teardown.resource import Ownership


def check_environment(discovery: Discovery, environment: str) -> None:
    """Raise GuardError where another environment of the same workshop is at work."""
    others = [resource for resource in discovery.resources.values() if resource.of_environment]
    if others:
        # A stack tells most, a role less, data least.
        first = min(
            others,
            key=lambda resource: (_TELLING.get(resource.resource_type, len(_TELLING)), resource.id),
        )
        more = and_more(len(others) - 1)
        raise GuardError(
            f"{first.resource_type} {first.id}{more} in {first.account_region} belongs to"
            f" environment {first.of_environment!r} of this workshop, not to {environment!r};"
            f" nothing was done: work with -e {first.of_environment}, from the folder that"
            f" holds its YAML, or call this file {first.of_environment}.yaml again"
        )


_TELLING = {"stack": 0, "role": 1, "policy": 2}


def check_time(loaded: LoadedEnvironment, now: datetime, *, early: bool) -> None:
    """Raise GuardError before the workshop's end, unless that is meant."""
    if now < loaded.settings.end and not early:
        raise GuardError(
            f"the workshop lasts until {loaded.settings.end.isoformat()}; tear it down then, or now"
            " with --early"
        )


def check_name(loaded: LoadedEnvironment, typed: str) -> None:
    """Raise GuardError unless the workshop's name was typed."""
    if typed != loaded.settings.workshop:
        raise GuardError(
            f"{typed!r} is not the workshop's name, {loaded.settings.workshop!r}; nothing was done"
        )


def check_protection(discovery: Discovery, own_accounts: Collection[AccountRegion]) -> None:
    """Raise GuardError for a stack of ours that is protected: somebody wants it to stay.

    In an account of a seat's own, nobody but whoever has that account does so: what it keeps there
    is told afterwards, and keeps nothing elsewhere.
    """
    own = {
        (resource.account_region, resource.id)
        for resource in discovery.resources.values()
        if resource.resource_type == "stack" and resource.ownership == Ownership.OWNED
    }
    protected = [
        (stack.name, account_region.region)
        for (account_region, name), stack in discovery.stacks.items()
        if (account_region, name) in own and stack.protected and account_region not in own_accounts
    ]
    if protected:
        more = and_more(len(protected) - 1)
        first, region = protected[0]
        cohorts = first.split("-")[1:2] == [naming.COHORT]
        which = "the cohort's stack" if cohorts else "a seat's stack"
        raise GuardError(f"{which}, {first}{more}, is {protected_against(first, region)}")


def protected_against(stack: str, region: str) -> str:
    """Return what a stack is that nobody may delete, with the command that takes that off."""
    return (
        "protected against deletion; take that off with: aws cloudformation"
        " update-termination-protection --no-enable-termination-protection"
        f" --stack-name {stack} --region {region}"
    )
