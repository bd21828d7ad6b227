"""How each account that is a seat's own is handed back: empty, with what is left, or not seen."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from workshop.counting import first_of, plural
from workshop.teardown.members import ACCOUNT, MemberAccounts
from workshop.teardown.resource import Resource
from workshop.teardown.scan_target import ScanTarget, Unknown
from workshop.teardown.verification import Scan, proven

_NAMED = 3


class HandedBack(StrEnum):
    """What a teardown shows of an account."""

    EMPTY = "handed back empty"
    KEPT = "handed back with what is kept on request"
    LEFT = "not empty"
    UNKNOWN = "unknown"
    GIVEN_UP = "not looked at, as was asked"
    UNUSED = "not looked at: nothing tells that anything was ever there"

    @property
    def is_good(self) -> bool:
        """Return whether nobody has to do anything about the account."""
        return self in (HandedBack.EMPTY, HandedBack.KEPT, HandedBack.UNUSED)


@dataclass(frozen=True)
class AccountEnd:
    """One account at the end of a teardown, and the seat whose it is, by the roster's id."""

    account: str
    seat: str
    handed_back: HandedBack
    remark: str = ""

    @property
    def message(self) -> str:
        """What became of it, and why."""
        return f"{self.handed_back}{': ' if self.remark else ''}{self.remark}"

    def document(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "account": self.account,
            "seat": self.seat,
            "handed_back": self.handed_back.value,
            "remark": self.remark,
        }


def account_ends(
    target: ScanTarget,
    scans: Sequence[Scan],
    left: Iterable[Resource],
    kept: Iterable[Resource],
) -> tuple[AccountEnd, ...]:
    """Return how the accounts of seats are handed back, those first that are not well.

    ``left`` is all that is there and should not be; ``kept`` what is there on request. Without
    accounts of seats there are none.
    """
    if target.members is None:
        return ()
    members = target.members
    found = [
        *_of_unlooked(members, scans),
        *_of_looked_at(target, members, scans, left, kept),
        *_all(members, {place.account for place in members.handed_back}, HandedBack.EMPTY),
        *_all(members, {place.account for place in members.unused}, HandedBack.UNUSED),
    ]
    # An account can be looked at in one Region, and in another not.
    first: dict[str, AccountEnd] = {}
    for end in found:
        first.setdefault(end.account, end)
    return tuple(sorted(first.values(), key=lambda end: (end.handed_back.is_good, end.seat)))


def summary(ends: Iterable[AccountEnd]) -> str:
    """``48 handed back empty, 2 unknown``."""
    counted = Counter(end.handed_back for end in ends)
    return ", ".join(f"{counted[how]} {how}" for how in HandedBack if counted[how])


def _of_unlooked(members: MemberAccounts, scans: Sequence[Scan]) -> Iterator[AccountEnd]:
    for scan in scans[-1:]:
        for some, how in (
            (scan.unknown, HandedBack.UNKNOWN),
            (scan.accepted, HandedBack.GIVEN_UP),
        ):
            for unlooked in some:
                if unlooked.resource_type == ACCOUNT:
                    id_ = members.id_of(unlooked.account_region)
                    yield AccountEnd(unlooked.account_region.account, id_, how, unlooked.why)


def _of_looked_at(
    target: ScanTarget,
    members: MemberAccounts,
    scans: Sequence[Scan],
    left: Iterable[Resource],
    kept: Iterable[Resource],
) -> Iterator[AccountEnd]:
    places = target.own_accounts
    doubted = {place.account for place in set(places) - set(proven(scans, places))}
    there, stays = _by_account(left), _by_account(kept)
    missed: Mapping[str, list[Unknown]] = defaultdict(list)
    for scan in scans[-1:]:
        for unknown in scan.unknown:
            missed[unknown.account_region.account].append(unknown)
    for place in places:
        account, id_ = place.account, members.id_of(place)
        unread = _unread(missed[account])
        if there[account]:
            remark = "; ".join(filter(None, [_named(there[account]), unread]))
            yield AccountEnd(account, id_, HandedBack.LEFT, remark)
        elif unread:
            yield AccountEnd(account, id_, HandedBack.UNKNOWN, unread)
        elif account in doubted:
            yield AccountEnd(account, id_, HandedBack.UNKNOWN, "it was not scanned twice")
        elif stays[account]:
            yield AccountEnd(account, id_, HandedBack.KEPT, _named(stays[account]))
        else:
            yield AccountEnd(account, id_, HandedBack.EMPTY)


def _unread(unknown: Sequence[Unknown]) -> str:
    """``models, images and 2 more types could not be listed``; empty where all could."""
    names = sorted({plural(missed.resource_type) for missed in unknown})
    return f"{first_of(names, _NAMED, 'type')} could not be listed" if names else ""


def _all(members: MemberAccounts, accounts: Iterable[str], how: HandedBack) -> Iterator[AccountEnd]:
    for account in accounts:
        yield AccountEnd(account, members.ids.get(account, account), how)


def _by_account(resources: Iterable[Resource]) -> Mapping[str, list[Resource]]:
    found: Mapping[str, list[Resource]] = defaultdict(list)
    for resource in resources:
        found[resource.account_region.account].append(resource)
    return found


def _named(resources: Sequence[Resource]) -> str:
    """``training job fit, bucket x and 3 more resources``."""
    names = [f"{resource.resource_type} {resource.id}" for resource in resources]
    return first_of(names, _NAMED, "resource")
