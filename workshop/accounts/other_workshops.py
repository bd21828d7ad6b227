"""Accounts in which another workshop has seats: no seat is to have a neighbour in its own account.

The stack sets of the same home tell of them, and the tags of the stacks in an account that one can
be in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from workshop import tags
from workshop.account_region import AccountRegion
from workshop.accounts.found_sets import AT_ONCE, kind_of, listing
from workshop.accounts.stack_sets import StackSetCalls
from workshop.aws.clients import Clients
from workshop.aws.reads import side_by_side
from workshop.aws.stacks import StackSummary
from workshop.config.environment import LoadedEnvironment
from workshop.naming import COHORT_STACKS, SEAT_STACKS

_ORDER = (*COHORT_STACKS, *SEAT_STACKS)


def of_sets(clients: Clients, _: AccountRegion, loaded: LoadedEnvironment) -> dict[str, str]:
    """Return whose seats are in accounts, by the account.

    One set of each workshop and profile is asked, the one whose stacks come first and go last:
    calls grow with the workshops there are, and with each hundred of their accounts.
    Raise WorkshopError where any cannot be read.
    """
    with listing(loaded):
        return _of_sets(StackSetCalls(clients, loaded), loaded)


def _of_sets(calls: StackSetCalls, loaded: LoadedEnvironment) -> dict[str, str]:
    by_order = sorted(
        (_ORDER.index(found[0]), name, (workshop, found[1]))
        for name in calls.names()
        if (found := kind_of(workshop := name.partition("-")[0], name))
    )
    first: dict[tuple[str, str], str] = {}
    for _, name, of_profile in by_order:
        first.setdefault(of_profile, name)

    def accounts(name: str) -> dict[str, str]:
        described = calls.describe(name)
        whose = _of_tags(loaded, described.tags) if described else ""
        instances = calls.instances(name) if whose else ()
        return {instance.account_region.account: whose for instance in instances}

    listed = side_by_side(accounts, list(first.values()), threads=AT_ONCE)
    return {account: whose for some in listed.values() for account, whose in some.items()}


def of_stacks(loaded: LoadedEnvironment, stacks: Iterable[StackSummary]) -> str:
    """Return of whose seat an account has stacks beside this environment's, empty for none."""
    return next(filter(None, (_of_tags(loaded, stack.tags) for stack in stacks)), "")


def _of_tags(loaded: LoadedEnvironment, given: Mapping[str, str]) -> str:
    """Return what the provisioner made something for, empty where that is this environment."""
    workshop, environment = given.get(tags.WORKSHOP, ""), given.get(tags.ENVIRONMENT, "")
    is_ours = (workshop, environment) == (loaded.settings.workshop, loaded.name)
    if is_ours or not tags.belong_to(workshop, environment, given):
        return ""
    return f"workshop {workshop!r}, environment {environment!r}"
