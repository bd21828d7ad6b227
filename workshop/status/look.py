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
from workshop.status.collector import StatusCollector
from workshop.status.describe import DescribeCache
from workshop.status.rows import StatusRow, StatusTotals, Unattributed
from workshop.status.snapshot import Snapshot


@dataclass(frozen=True)
class StatusScan:
    """What there was at a moment; ``calls`` is how many were made, by ``service:Operation``."""

    at: datetime
    rows: tuple[StatusRow, ...]
    nobodys: tuple[Unattributed, ...]
    totals: StatusTotals
    unknown: Mapping[AccountRegion, Mapping[str, str]]
    calls: Mapping[str, int]


def look(
    loaded: LoadedEnvironment, seats: Sequence[Seat], clients: Clients, memory: DescribeCache
) -> StatusScan:
    """Ask every place of ``seats``; one that does not answer hides no other."""

    def ask(place: AccountRegion) -> tuple[Snapshot, Mapping[str, int]]:
        calls = Calls(clients, place)
        found = StatusCollector(clients, calls, rows.owners(loaded, place), memory).found()
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
    return StatusScan(
        at=datetime.now(UTC),
        rows=made,
        nobodys=tuple(one for one in strays if one is not None),
        totals=rows.totals(made),
        unknown={place: one.unknown for place, one in found.items() if one.unknown},
        calls=dict(sorted(calls.items())),
    )
