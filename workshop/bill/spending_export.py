"""What the watch has counted of each seat, kept in ``spending.json`` before its bucket goes."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from workshop import files
from workshop.account_region import AccountRegion
from workshop.config.environment import LoadedEnvironment
from workshop.status.watch_state import WatchState

Counts = Mapping[str, Mapping[str, Decimal]]
"""USD by seat and kind."""


@dataclass(frozen=True)
class CountedSpending:
    """What watches have counted, by account and Region, and by which prices."""

    usd: Mapping[AccountRegion, Counts] = field(default_factory=dict)
    basis: Mapping[AccountRegion, str] = field(default_factory=dict)
    unread: tuple[str, ...] = ()
    """Which watches could not be asked and have never been."""
    not_read: frozenset[AccountRegion] = frozenset()
    """Where these are."""

    @property
    def by_seat(self) -> dict[str, Mapping[str, Decimal]]:
        """Return USD by seat and kind; of a seat that moved, both places together."""
        sums: dict[str, dict[str, Decimal]] = {}
        for counts in self.usd.values():
            for seat, kinds in counts.items():
                of_seat = sums.setdefault(seat, {})
                for kind, usd in kinds.items():
                    of_seat[kind] = of_seat.get(kind, Decimal(0)) + usd
        return {**sums}

    def document(self) -> dict[str, Any]:
        """Return all of it as plain JSON values."""
        return {
            "estimate": True,
            "what": "USD at list prices, as the watch has counted them, by seat and kind",
            "watches": [
                {
                    "account": where.account,
                    "region": where.region,
                    "prices": self.basis.get(where, ""),
                    "usd": {
                        seat: {kind: str(usd) for kind, usd in kinds.items()}
                        for seat, kinds in counts.items()
                    },
                }
                for where, counts in self.usd.items()
            ],
        }


def path(environment: str, folder: Path = files.STATE) -> Path:
    """Return the file that keeps it for an environment, beside the teardown's reports."""
    return folder / environment / "spending.json"


def read(environment: str, folder: Path = files.STATE) -> CountedSpending:
    """Return what was kept; nothing where there is no file, or none that is whole."""
    try:
        watches = json.loads(files.own_content(path(environment, folder)) or b"{}")["watches"]
        where = [AccountRegion(watch["account"], watch["region"]) for watch in watches]
        return CountedSpending(
            {at: _counts(watch["usd"]) for at, watch in zip(where, watches, strict=True)},
            {at: str(watch["prices"]) for at, watch in zip(where, watches, strict=True)},
        )
    except (ValueError, TypeError, KeyError, AttributeError, InvalidOperation):
        return CountedSpending()


def write(kept: CountedSpending, environment: str, folder: Path = files.STATE) -> None:
    """Keep it; OSError passes through."""
    files.make_folder(path(environment, folder).parent)
    files.write(path(environment, folder), f"{json.dumps(kept.document(), indent=1)}\n")


def forget(environment: str, where: Collection[AccountRegion], folder: Path = files.STATE) -> None:
    """Forget what earlier watches have counted where new ones are made; OSError passes through."""
    kept = read(environment, folder)
    left = {at: counts for at, counts in kept.usd.items() if at not in where}
    if left != kept.usd:
        write(replace(kept, usd=left), environment, folder)


def together(
    loaded: LoadedEnvironment, kept: CountedSpending, seen: WatchState | None
) -> CountedSpending:
    """Return what the watches say now, and what was kept of those that are gone."""
    if seen is None:
        return kept
    # A bucket that was emptied and not deleted yet knows nothing any more.
    there = {
        where: seen_watch
        for where, seen_watch in seen.of.items()
        if seen_watch.usd or seen_watch.ran is not None or where not in kept.usd
    }
    return CountedSpending(
        {**kept.usd, **{where: seen_watch.usd for where, seen_watch in there.items()}},
        {**kept.basis, **{where: seen_watch.basis for where, seen_watch in there.items()}},
        tuple(seen.sentences_of_unread(loaded, without=kept.usd)),
        frozenset(seen.unread.keys() - kept.usd.keys()),
    )


def _counts(document: Mapping[str, Mapping[str, str]]) -> Counts:
    return {
        seat: {kind: Decimal(usd) for kind, usd in kinds.items()}
        for seat, kinds in document.items()
    }
