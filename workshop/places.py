"""Where a seat is: one account and one Region."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from workshop.roster import Seat


@dataclass(frozen=True, order=True)
class Place:
    """One account (12 digits) and Region; whatever AWS limits, it limits for each place alone."""

    account: str
    region: str

    def __str__(self) -> str:
        return f"{self.account} {self.region}"


def of(seat: Seat) -> Place:
    """The place of one seat."""
    return Place(seat.account, seat.region)


def all_of(seats: Iterable[Seat]) -> tuple[Place, ...]:
    """The places of these seats, each once, in the order of the seats."""
    return tuple(dict.fromkeys(of(seat) for seat in seats))
