"""Sums of money that are known within bounds, and the bill that they make."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

NOTEBOOK, DISK, BOX, BOX_DISK, TRAINING, WARM_POOL, PROCESSING, TRANSFORM, ENDPOINT = BILLED = (
    "notebook",
    "disk",
    "EC2 instance",
    "EC2 disk",
    "training",
    "warm pool",
    "processing",
    "transform",
    "endpoint",
)
"""What a seat is billed for, as far as a bill knows. A tuning job costs by its training jobs."""

NOT_IN_IT = (
    "not in it: storage in S3 and ECR, disks of jobs and endpoints, serverless endpoints, feature"
    " stores and queries of them, alarms, logs, traffic, tax, discounts, credits, and what spot"
    " saves until a job has ended"
)

_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Amount:
    """USD: no less than ``least``, and no more than ``most``, which is None for no known bound."""

    least: Decimal = Decimal(0)
    most: Decimal | None = Decimal(0)

    def __add__(self, other: Amount) -> Amount:
        known = self.most is not None and other.most is not None
        most = self.most + other.most if known else None  # type: ignore[operator]
        return Amount(self.least + other.least, most)

    def __str__(self) -> str:
        """Return ``1.20``, ``1.20 to 3.40``, ``at least 1.20``, or ``?`` where no cent is known."""
        cents = self.least.quantize(_CENT)
        least = f"{cents:,}"
        if self.most is None:
            return f"at least {least}" if cents else "?"
        most = f"{self.most.quantize(_CENT):,}"
        return least if least == most else f"{least} to {most}"

    @property
    def is_known(self) -> bool:
        """Whether anything is known of it."""
        return self.most is not None or bool(self.least)

    @property
    def document(self) -> dict[str, float | None]:
        """Return the bounds for programs; a bound of None is not known."""
        most = None if self.most is None else round(float(self.most), 4)
        return {"least": round(float(self.least), 4) if self.is_known else None, "most": most}


UNKNOWN = Amount(most=None)
"""What was not read: it may be nothing, and it may be anything."""


def total(amounts: Iterable[Amount]) -> Amount:
    """Return the sum of amounts."""
    return sum(amounts, start=Amount())


@dataclass(frozen=True)
class SeatBill:
    """What one seat has cost, by what it is billed for; ``seat`` is empty for what is no seat's.

    ``account`` is the seat's own, empty where it shares one.
    """

    seat: str
    name: str
    amounts: Mapping[str, Amount]
    account: str = ""

    @property
    def total(self) -> Amount:
        return total(self.amounts.values())

    def of(self, kind: str) -> Amount:
        """Return what one kind has cost."""
        return self.amounts.get(kind, Amount())


@dataclass(frozen=True)
class Bill:
    """What a workshop has cost up to a moment, at list prices; ``unread`` is what is missing."""

    at: datetime
    seats: tuple[SeatBill, ...]
    basis: tuple[str, ...]
    unread: tuple[str, ...] = ()

    @property
    def kinds(self) -> tuple[str, ...]:
        """Return what anybody was billed for, in a lasting order."""
        return tuple(kind for kind in BILLED if any(kind in seat.amounts for seat in self.seats))

    @property
    def by_kind(self) -> dict[str, Amount]:
        """Return the sum of all seats for each kind."""
        return {kind: total(seat.of(kind) for seat in self.seats) for kind in self.kinds}

    @property
    def total(self) -> Amount:
        return total(seat.total for seat in self.seats)

    @property
    def sentence(self) -> str:
        """Return the sum, of when it is and what it rests on."""
        basis = "; ".join(self.basis)
        return f"{self.total} USD until {self.at:%Y-%m-%d %H:%M} UTC, an estimate by {basis}"

    def document(self) -> dict[str, Any]:
        """Return all of it as plain JSON values, without people's names."""
        return {
            "at": self.at.isoformat(timespec="seconds"),
            "estimate": True,
            "prices": list(self.basis),
            "usd": self.total.document,
            "by_kind": {kind: amount.document for kind, amount in self.by_kind.items()},
            "seats": [
                {
                    "seat": seat.seat,
                    **({"account": seat.account} if seat.account else {}),
                    "usd": seat.total.document,
                    "by_kind": {kind: amount.document for kind, amount in seat.amounts.items()},
                }
                for seat in self.seats
            ],
            "unread": list(self.unread),
        }
