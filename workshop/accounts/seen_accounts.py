"""What accounts show of their stacks to whoever is in them: StackSets does not look.

It tells of a stack as before that somebody has deleted in its account, and of the organiser's role
that lets nobody in any more. One listing of an account's stacks shows both.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

from botocore.exceptions import BotoCoreError, ClientError

from workshop.account_region import AccountRegion
from workshop.accounts.found_sets import GONE, FoundSets, LostStack, kind_of
from workshop.accounts.set_plan import Stacks
from workshop.accounts.stack_sets import CURRENT, StackInstance
from workshop.aws import errors, stacks
from workshop.aws.clients import Clients
from workshop.aws.reads import ACCOUNTS_AT_ONCE, Slow, Unavailable, side_by_side
from workshop.aws.stacks import BROKEN
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat
from workshop.deploy.plan import because
from workshop.errors import SignInError, WorkshopError
from workshop.naming import ORGANISER

ATTEMPTS = 6
"""Of a look into an account, with 31 seconds at most between them all."""

_NOT_FOUND = re.compile(r"not ?found|cannot be found|NoSuchEntity|does not exist", re.IGNORECASE)


@dataclass(frozen=True)
class ClosedAccount(Unavailable):
    """An account whose role lets nobody in, or lets nobody see its stacks."""


@dataclass(frozen=True)
class CallersAccount(Unavailable):
    """An account in which the caller may take on no role, as AWS says itself."""


@dataclass(frozen=True)
class SeenAccounts:
    """The stacks of accounts and Regions, and why those of others are not known.

    In those that are ``refused`` somebody has changed or deleted the role that lets the organiser
    in, unless the organiser is not to be let in yet. Of the ``unknown`` ones, AWS says of the
    ``callers`` that it is the caller who may not.
    """

    stacks: Mapping[AccountRegion, Stacks] = field(default_factory=dict)
    refused: Mapping[AccountRegion, str] = field(default_factory=dict)
    unknown: Mapping[AccountRegion, str] = field(default_factory=dict)
    callers: frozenset[AccountRegion] = frozenset()


def look(
    clients: Clients,
    places: Collection[AccountRegion],
    slow: Slow[AccountRegion] = lambda *_: None,
) -> SeenAccounts:
    """List the stacks of accounts and Regions, one call each for up to a hundred stacks.

    ``slow`` is told which answers are waited for. One that is turned away ATTEMPTS times is not
    known: nobody should wait minutes for one account of many.
    """
    answers = side_by_side(partial(_stacks, clients), places, threads=ACCOUNTS_AT_ONCE, slow=slow)
    refused, unknown = {}, {}
    for place, answer in answers.items():
        if isinstance(answer, ClosedAccount):
            refused[place] = answer.reason
        elif isinstance(answer, Unavailable):
            unknown[place] = answer.reason
    seen = {place: found for place, found in answers.items() if not isinstance(found, Unavailable)}
    callers = {place for place, found in answers.items() if isinstance(found, CallersAccount)}
    return SeenAccounts(seen, refused, unknown, frozenset(callers))


def _stacks(clients: Clients, place: AccountRegion) -> Stacks | Unavailable:
    try:
        return stacks.stacks(clients, place, attempts=ATTEMPTS)
    except SignInError:
        raise
    except ClientError as error:
        kind: type[Unavailable] = Unavailable
        if errors.is_callers(error):
            kind = CallersAccount
        elif errors.code(error.response).startswith("AccessDenied"):
            kind = Unavailable if errors.BY_ORGANIZATION.search(str(error)) else ClosedAccount
        return kind(errors.reason(error))
    except (BotoCoreError, WorkshopError) as error:
        return Unavailable(errors.reason(error))


def with_a_way_in(
    loaded: LoadedEnvironment, found: FoundSets, seats: Collection[Seat]
) -> Iterator[AccountRegion]:
    """Yield where seats have stacks, and the role by which the organiser is in their account."""
    for seat in seats:
        made = {
            kind_of(loaded.settings.workshop, name): instance
            for name, instance in found.by_account.get(seat.account, {}).items()
            if instance.stack_id and instance.account_region == seat.account_region
        }
        if made and ((ORGANISER, seat.profile) in made or not loaded.settings.accounts.makes_role):
            yield seat.account_region


def lost(loaded: LoadedEnvironment, found: FoundSets, seen: SeenAccounts) -> dict[str, LostStack]:
    """Return the stacks that StackSets tells of in vain, by their ids."""
    told: dict[str, LostStack] = {}
    for name, instances in found.instances.items():
        kind, _ = kind_of(loaded.settings.workshop, name) or ("", "")
        for place, instance in instances.items():
            if place in seen.stacks:
                become = became(instance.stack_id, seen.stacks[place])
            elif place in seen.refused and kind == ORGANISER and _let_in(instance):
                become = LostStack("", _closed(seen.refused[place]))
            else:
                continue
            if become is not None:
                told[instance.stack_id] = become
    return told


def became(stack_id: str, there: Stacks) -> LostStack | None:
    """Return what became of a stack by what its account shows, None where it is sound."""
    stack = next((found for found in there.values() if found.id == stack_id), None)
    if stack is None:
        return LostStack(GONE, "somebody has deleted its stack")
    if stack.status in BROKEN or stack.status == "DELETE_IN_PROGRESS":
        return LostStack(stack.status, because(stack))
    return None


def _let_in(instance: StackInstance) -> bool:
    """Whether the stack of an organiser's role had let somebody in before it was changed by hand.

    No update brings back a role that is deleted: it fails, and leaves the stack outdated.
    """
    return instance.status == CURRENT or bool(_NOT_FOUND.search(instance.reason))


def _closed(why: str) -> str:
    return f"it lets you in no more ({why}): somebody has changed or deleted the organiser's role"
