"""One look at all places of a workshop, side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

from workshop.account_region import AccountRegion
from workshop.aws.clients import Clients
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat, account_regions
from workshop.status import rows
from workshop.status.calls import Calls
from workshop.status.collector import Asking
from workshop.status.describe import Memory
from workshop.status.rows import Nobodys, Row, Totals
from workshop.status.snapshot import Found


@dataclass(frozen=True)
class Look:
    """What there was at a moment; ``calls`` is how many were made, by ``service:Operation``."""

    at: datetime
    rows: tuple[Row, ...]
    nobodys: tuple[Nobodys, ...]
    totals: Totals
    unknown: Mapping[AccountRegion, Mapping[str, str]]
    calls: Mapping[str, int]


def look(
    loaded: LoadedEnvironment, seats: Sequence[Seat], clients: Clients, memory: Memory
) -> Look:
    """Ask every place of ``seats``; one that does not answer hides no other."""

    def ask(place: AccountRegion) -> tuple[Found, Mapping[str, int]]:
        calls = Calls(clients, place)
        found = Asking(clients, calls, rows.owners(loaded, place), memory).found()
        return found, calls.made

    where = account_regions(seats)
    with ThreadPoolExecutor(len(where)) as pool:
        answers = dict(zip(where, pool.map(ask, where), strict=True))
    found = {place: answer[0] for place, answer in answers.items()}
    made = tuple(rows.rows(loaded, seats, found))
    calls: Counter[str] = Counter()
    for _, some in answers.values():
        calls.update(some)
    strays = (rows.nobodys(loaded, one) for one in found.values())
    return Look(
        at=datetime.now(UTC),
        rows=made,
        nobodys=tuple(one for one in strays if one is not None),
        totals=rows.totals(made),
        unknown={place: one.unknown for place, one in found.items() if one.unknown},
        calls=dict(sorted(calls.items())),
    )
