"""The same in each account and Region of a workshop: one that refuses keeps no other from it."""

from __future__ import annotations

from collections.abc import Callable, Collection

from workshop.account_region import AccountRegion
from workshop.aws import places
from workshop.aws.reads import read_each
from workshop.config.environment import LoadedEnvironment
from workshop.counting import count_of
from workshop.errors import WorkshopError


def in_each(
    loaded: LoadedEnvironment,
    where: Collection[AccountRegion],
    act: Callable[[AccountRegion], object],
) -> None:
    """Call ``act`` with each account and Region, side by side.

    Raise WorkshopError with the reasons, once all others are done.
    """
    done, failed = read_each(act, where)
    if not done and len(failed) == 1:
        raise WorkshopError(*failed.values())
    if failed:
        have = "has" if len(done) == 1 else "have"
        reached = f"{count_of(len(done), 'account')} of {len(done) + len(failed)} {have} it"
        whys = places.told_unread(loaded, failed.items())
        raise WorkshopError("; ".join((reached, *whys)))
