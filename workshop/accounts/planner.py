"""Looks at the stack sets once, and once into each account that has stacks of theirs, and plans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from workshop.account_region import AccountRegion
from workshop.accounts import caller, desired, found_sets, organization, seen_accounts
from workshop.accounts import plan as planning
from workshop.accounts.organization import MemberAccount
from workshop.accounts.plan import OwnAccountsPlan
from workshop.accounts.principal import principals
from workshop.accounts.stack_sets import StackSetCalls
from workshop.aws.clients import Clients
from workshop.aws.reads import Slow
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat
from workshop.deploy.assembly import Assembly
from workshop.deploy.plan import StackAction
from workshop.deploy.planner import reader, see_machines
from workshop.errors import SignInError, WorkshopError
from workshop.naming import ORGANISER


def plan(
    clients: Clients,
    loaded: LoadedEnvironment,
    assembly: Assembly,
    seats: Sequence[Seat],
    *,
    remove: frozenset[str] = frozenset(),
    slow: Slow[AccountRegion] = lambda *_: None,
) -> OwnAccountsPlan:
    """Compare the stack sets that there are with what should be.

    ``slow`` is told which accounts' answers are waited for.

    What somebody has deleted in an account is made again, and so is the organiser's role that lets
    nobody in any more. Raise WorkshopError when the sets cannot be read: without them there is no
    plan.
    """
    members, unknown = _members(clients, loaded)
    calls = StackSetCalls(clients, loaded)
    found = found_sets.find(calls, loaded)
    open_ones = [seat for seat in seats if members is None or _is_active(members, seat)]
    places = [*seen_accounts.with_a_way_in(loaded, found, open_ones)]
    seen = seen_accounts.look(clients, places, slow)
    seen = caller.told_apart(clients, loaded, seen)
    found = replace(found, lost=seen_accounts.lost(loaded, found, seen))
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
        shown=seen.stacks,
        remove=remove,
    )
    made = see_machines(clients, loaded, made, of=seen.stacks, slow=slow)
    busy = {seat.account_region for seat in made.seats if seat.action != StackAction.UNCHANGED}
    return replace(
        made,
        members=members,
        unlisted={loaded.home: unknown} if unknown else {},
        unseen={**made.unseen, **seen.unknown, **_not_mended(made, seen.refused)},
        listed={place: some for place, some in seen.stacks.items() if place in busy},
    )


def _is_active(members: Mapping[str, MemberAccount], seat: Seat) -> bool:
    member = members.get(seat.account)
    return member is not None and member.state == organization.ACTIVE


def _not_mended(
    made: OwnAccountsPlan, refused: Mapping[AccountRegion, str]
) -> dict[AccountRegion, str]:
    """Return the accounts that let nobody in, and whose organiser's role is not made again."""
    mended = {
        stack.desired.account_region
        for stack in made.stacks
        if stack.desired.kind == ORGANISER
        and stack.action not in (StackAction.UNCHANGED, StackAction.REFUSED)
    }
    return {place: why for place, why in refused.items() if place not in mended}


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
