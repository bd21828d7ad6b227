"""Whether roles in seats' own accounts let nobody in, or the caller may take on none.

AWS refuses both in the same words: "not authorized to perform: sts:AssumeRole on resource".
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial

from workshop.account_region import AccountRegion
from workshop.accounts import reasons
from workshop.accounts.seen_accounts import SeenAccounts
from workshop.aws import places, regions, simulation
from workshop.aws.clients import Clients
from workshop.aws.reads import ACCOUNTS_AT_ONCE, Unavailable, attempt, side_by_side
from workshop.config.environment import LoadedEnvironment


def told_apart(clients: Clients, loaded: LoadedEnvironment, seen: SeenAccounts) -> SeenAccounts:
    """Return what was seen, with accounts as unknown in which the caller may take on no role.

    IAM's simulation tells which these are. Where it does not answer, and no account lets the
    caller in, several roles are not taken for changed ones.
    """
    if seen.callers:
        seen = _without(seen, seen.callers, reasons.may_not_be_there(loaded))
    closed = [place for place, why in seen.refused.items() if why.startswith(places.NO_WAY_IN)]
    if not closed:
        return seen
    may = attempt(lambda: _asking(clients, loaded))
    first = may if isinstance(may, Unavailable) else may(closed[0])
    if isinstance(may, Unavailable) or isinstance(first, Unavailable):
        lets_in = seen.stacks or len(closed) < len(seen.refused)
        if lets_in or len(closed) == 1 or not loaded.settings.accounts.makes_role:
            return seen
        reason = first.reason if isinstance(first, Unavailable) else ""
        return _without(seen, closed, reasons.nobody_lets_in(loaded, closed[0], reason))
    answers = side_by_side(may, closed, threads=ACCOUNTS_AT_ONCE)
    denied = [place for place, answer in answers.items() if answer is False]
    return _without(seen, denied, reasons.may_not_be_there(loaded))


def _without(seen: SeenAccounts, some: Collection[AccountRegion], why: str) -> SeenAccounts:
    refused = {place: said for place, said in seen.refused.items() if place not in some}
    return replace(seen, refused=refused, unknown={**seen.unknown, **dict.fromkeys(some, why)})


def _asking(
    clients: Clients, loaded: LoadedEnvironment
) -> Callable[[AccountRegion], bool | Unavailable]:
    """Return what tells whether the caller's own policies allow to take on an account's role.

    It says True of a root user, whose policies nobody simulates, and of what hangs on conditions.
    """
    home = loaded.home
    caller = str(clients.call(home, "sts", "GetCallerIdentity")["Arn"])
    if simulation.is_root(caller):
        return lambda _: True
    principal = simulation.source(clients, home, caller)
    context = {"sts:ExternalId": loaded.external_id} if loaded.external_id else {}

    def allowed(place: AccountRegion) -> bool:
        partition = regions.partition(home.region).name
        role = f"arn:{partition}:iam::{place.account}:role/{loaded.member_role}"
        answers = simulation.answers(
            clients, home, principal, [reasons.TAKES_ON], role, context=context
        )
        return all(
            answer["EvalDecision"] == "allowed" or answer.get("MissingContextValues")
            for answer in answers
        )

    return lambda place: attempt(partial(allowed, place))
