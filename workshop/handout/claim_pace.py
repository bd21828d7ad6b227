"""How fast seats are claimed at a door, by which organisers see a script at work."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, tzinfo

from workshop.counting import count_of
from workshop.door.claims import MINUTE
from workshop.door.state import CLAIMS, SOURCES, DoorState
from workshop.errors import UsageError

_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True)
class ClaimPace:
    """Seats claimed in all and within a minute, from how many addresses of the network.

    ``most`` is how many came from one address, which may be that of a whole class.
    """

    claims: int
    last_minute: int
    addresses: int
    most: int

    def sentence(self) -> str:
        """Return what organisers look at."""
        seats = f"{count_of(self.claims, 'seat')} claimed, {self.last_minute} in the last minute"
        addresses = count_of(self.addresses, "network address")
        return f"{seats}; {addresses}, at most {count_of(self.most, 'seat')} from one"


def read(state: DoorState, now: datetime) -> ClaimPace:
    """Return the pace at a door; botocore's errors pass through."""
    times = state.times(CLAIMS).values()
    by_address = Counter(name.partition("/")[0] for name in state.names(SOURCES))
    return ClaimPace(
        claims=len(times),
        last_minute=sum(now.timestamp() - at < MINUTE for at in times),
        addresses=len(by_address),
        most=max(by_address.values(), default=0),
    )


def since(text: str, zone: tzinfo | None, now: datetime) -> datetime:
    """Return the moment of today, by the workshop's clock, that a time of day names.

    Raise UsageError for anything else.
    """
    found = _CLOCK.fullmatch(text.strip())
    if found is None:
        raise UsageError(
            f"{text!r} is no time of today; write it as 10:05, by the workshop's clock"
        )
    moment = now.astimezone(zone).replace(
        hour=int(found[1]), minute=int(found[2]), second=0, microsecond=0
    )
    if moment > now:
        raise UsageError(f"{text} is yet to come; name the time at which claims began to be wrong")
    return moment
