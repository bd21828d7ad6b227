"""Where a seat is: one account and one Region."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class AccountRegion:
    """One account (12 digits) and Region; whatever AWS limits, it limits for each Region alone."""

    account: str
    region: str

    def __str__(self) -> str:
        return f"{self.account} {self.region}"
