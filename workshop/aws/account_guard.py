"""Nothing is asked of an account before it has proven to be the right one."""

from __future__ import annotations

from collections.abc import Iterable

from workshop.account_region import AccountRegion
from workshop.aws import local_cloud
from workshop.aws.clients import Clients
from workshop.config.environment import LoadedEnvironment
from workshop.errors import GuardError


def check_accounts(
    clients: Clients, loaded: LoadedEnvironment, account_regions: Iterable[AccountRegion]
) -> None:
    """Raise GuardError unless calls for each of ``account_regions`` act in its account.

    In an account that is a seat's own a role is taken on, which acts nowhere else: that it cannot
    be is told where it is asked about, and stops nobody.
    """
    if loaded.settings.accounts.are_own:
        account_regions = [loaded.home]
    for account_region in {
        account_region.account: account_region for account_region in account_regions
    }.values():
        caller = clients.caller(account_region)
        if caller != account_region.account:
            whose = "environment" if account_region.account == loaded.home.account else "roster"
            raise GuardError(
                f"your credentials are for account {caller}, and {loaded.name!r} is for"
                f" {account_region.account}; {cure(clients, account_region)}, or correct"
                f" the {whose}'s 'account'"
            )


def cure(clients: Clients, account_region: AccountRegion) -> str:
    """Return how to act in an account, for whoever acts in another."""
    return local_cloud.instead(account_region) if clients.is_local else "sign in to that account"
