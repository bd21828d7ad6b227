"""Whether Lambda runs a door: how many functions an account runs at once, and what it can reserve.

A new account runs 10 at once and reserves none of them; any account keeps some unreserved
(https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from workshop.account_region import AccountRegion
from workshop.aws.clients import Clients
from workshop.aws.reads import Unavailable
from workshop.config.models import Door
from workshop.counting import count_of
from workshop.preflight.checks import Check, CheckState, unknown

SUBJECT = "the door's executions"
UNRESERVED = 100
"""Executions that AWS keeps for functions that reserve none."""
ENOUGH = 50
"""Executions at once with which a class of some hundred opens without waiting."""


@dataclass(frozen=True)
class Concurrency:
    """Executions that an account and Region run at once, and those of them that nobody reserved."""

    limit: int
    unreserved: int


def concurrency(clients: Clients, account_region: AccountRegion) -> Concurrency:
    """Return what Lambda says of the account; botocore's errors pass through."""
    told = clients.call(account_region, "lambda", "GetAccountSettings")["AccountLimit"]
    return Concurrency(told["ConcurrentExecutions"], told["UnreservedConcurrentExecutions"])


def check(
    account_region: AccountRegion, door: Door, found: Concurrency | Unavailable, *, is_there: bool
) -> Iterator[Check]:
    """Yield whether the door can reserve what the YAML says, and runs often enough at once.

    What a door that ``is_there`` has reserved is no more to be reserved.
    """
    if isinstance(found, Unavailable):
        yield unknown(account_region, SUBJECT, found.reason)
        return
    reserved = 0 if is_there else door.concurrency or 0
    if reserved and found.unreserved - reserved < UNRESERVED:
        least = max(0, found.unreserved - UNRESERVED)
        cure = f"reserve {least} at most" if least else "leave 'door.concurrency' out"
        message = (
            f"the account runs {count_of(found.limit, 'function')} at once, {found.unreserved:,} of"
            f" them unreserved, and AWS keeps {UNRESERVED} so; {cure}"
        )
        yield Check(account_region, SUBJECT, CheckState.FAILED, message)
    elif (door.concurrency or found.unreserved) < ENOUGH:
        most = door.concurrency or found.unreserved
        message = (
            f"{count_of(most, 'visitor')} can be served at once, so a class that opens at the same"
            " moment waits for seconds; ask AWS for more of 'Concurrent executions'"
        )
        yield Check(account_region, SUBJECT, CheckState.WARNING, message)
    else:
        message = (
            f"{count_of(door.concurrency or found.unreserved, 'visitor')} can be served at once"
        )
        yield Check(account_region, SUBJECT, CheckState.OK, message)
