"""Looks at the stack sets once and plans: of all seats, no account is asked for its stacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from workshop.accounts import desired, found_sets, organization
from workshop.accounts import plan as planning
from workshop.accounts.organization import MemberAccount
from workshop.accounts.plan import OwnAccountsPlan
from workshop.accounts.principal import principals
from workshop.accounts.stack_sets import StackSetCalls
from workshop.aws import stacks
from workshop.aws.clients import Clients
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat, account_regions_of
from workshop.deploy.assembly import Assembly
from workshop.deploy.planner import reader
from workshop.errors import SignInError, WorkshopError


def plan(
    clients: Clients,
    loaded: LoadedEnvironment,
    assembly: Assembly,
    seats: Sequence[Seat],
    *,
    remove: frozenset[str] = frozenset(),
) -> OwnAccountsPlan:
    """Compare the stack sets that there are with what should be.

    Of some seats, the accounts are asked as well which stacks are there: what somebody has deleted
    is made again. Raise WorkshopError when these cannot be read: without them there is no plan.
    """
    members, unknown = _members(clients, loaded)
    calls = StackSetCalls(clients, loaded)
    found = found_sets.find(calls, loaded)
    if len(seats) < len(loaded.seats):
        listed, _ = stacks.in_each(clients, account_regions_of(seats))
        found = found_sets.without_gone(found, listed)
    made = planning.propose(
        loaded,
        tuple(desired.sets(loaded, assembly, seats)),
        found,
        principals=(
            principals(clients, loaded.home) if loaded.settings.accounts.makes_role else ()
        ),
        members=members,
        overrides=calls.overrides,
        document=reader(clients),
        seats=seats,
        remove=remove,
    )
    return replace(made, members=members, unlisted={loaded.home: unknown} if unknown else {})


def _members(
    clients: Clients, loaded: LoadedEnvironment
) -> tuple[Mapping[str, MemberAccount] | None, str]:
    """Return the accounts of the units, None where these are not known, and why not.

    Who lets StackSets into accounts by a role in each may do without an organization.
    """
    if not loaded.settings.accounts.units:
        return None, ""
    try:
        units = loaded.settings.accounts.units
        return organization.read(clients, loaded.home, units).members, ""
    except SignInError:
        raise
    except WorkshopError as error:
        return None, str(error)
