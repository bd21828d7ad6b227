"""What a terminal that points to a local cloud is told, where others are told to sign in."""

from __future__ import annotations

from workshop.account_region import AccountRegion

POINT = 'point this terminal to it with: eval "$(workshop cloud env)"'


def starting(account_region: AccountRegion) -> str:
    """Return how to have a local cloud that is of an account."""
    start = f"workshop cloud start --account {account_region.account}"
    return f"{start} --region {account_region.region}, and {POINT}"


def instead(account_region: AccountRegion) -> str:
    """Return how to have one of this account where there is one of another."""
    return (
        "end the local cloud that this terminal points to with: workshop cloud stop, start one of"
        f" that account with: {starting(account_region)}"
    )
