"""When EC2 instances were last used, as the agents on them report.

EC2 itself tells no such time. Whoever has a seat can write its report, so it is only shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from workshop import events
from workshop.aws import agent_reports
from workshop.aws.clients import Clients
from workshop.aws.machine_kinds import BOX
from workshop.aws.reads import Unavailable, known, side_by_side
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat
from workshop.status.snapshot import Snapshot

THREADS = 8
FRESH_SECONDS = 900.0
"""An agent reports every five minutes; an older report says nothing of now."""

BoxUse = datetime | Unavailable | None
"""None where the agent has not reported for a while, or does not know."""


def box_use(
    clients: Clients, loaded: LoadedEnvironment, seats: Sequence[Seat], found: Snapshot
) -> dict[str, BoxUse]:
    """Return when EC2 instances of seats that run were last used, by the instances' names.

    Of a seat that left the roster nothing is known: not even where its agent reports to.
    """
    now, machines = events.now().timestamp(), known(found.boxes)
    here = [seat for seat in seats if seat.account_region == found.account_region]
    named = {loaded.names(seat).box: seat for seat in here if seat.on_roster}
    running = [name for name in named if name in machines and machines[name].status == BOX.up]

    def read(name: str) -> BoxUse:
        return _last_use(clients, loaded, named[name], now)

    return side_by_side(read, running, threads=THREADS)


def _last_use(clients: Clients, loaded: LoadedEnvironment, seat: Seat, now: float) -> BoxUse:
    report = agent_reports.read(clients, loaded, seat, of_box=True)
    if isinstance(report, Unavailable):
        return report
    if now - report.time > FRESH_SECONDS or report.active <= 0:
        return None
    return datetime.fromtimestamp(min(report.active, now), UTC)
