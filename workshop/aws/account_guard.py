"""Nothing is asked of an account before it has proven to be the right one."""

from __future__ import annotations

from collections.abc import Iterable

from workshop.account_region import AccountRegion
from workshop.aws.clients import Clients
from workshop.config.environment import LoadedEnvironment
from workshop.errors import GuardError


def check_accounts(
    clients: Clients, loaded: LoadedEnvironment, places: Iterable[AccountRegion]
) -> None:
    """Raise GuardError unless calls for each of ``places`` act in that place's account."""
    for place in {place.account: place for place in places}.values():
        caller = clients.caller(place)
        if caller != place.account:
            whose = "environment" if place.account == loaded.home.account else "roster"
            raise GuardError(
                f"your credentials are for account {caller}, and {loaded.name!r} is for"
                f" {place.account}; sign in to that account, or correct the {whose}'s 'account'"
            )
