"""Who gets a free seat, and how fast seats are given: a script with the class's code takes few.

A class is behind one address of the network as a rule, so that one address may have every seat
unless the organiser says otherwise. Addresses are kept as a few letters of a digest alone, which
thousands of others share, and of the day's own.
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
from dataclasses import dataclass
from typing import Any

from workshop.door.state import CLAIMING, CLAIMS, FIRST, OPENED, SOURCES, DoorState
from workshop.door.visit import Visit

MINUTE = 60.0
A_MINUTE = 300
"""Seats that are given within a minute, in all: as fast as a whole class comes in."""
SOURCE_LETTERS = 5
"""Of 4 bits each: of all addresses there are, 4096 share them."""
_NETWORK = 64
"""Bits of an address of IPv6 that belong to one home or campus, which chooses the rest."""


class ClaimRefusedError(Exception):
    """No seat is given now; the text that says why is its only argument."""


@dataclass(frozen=True)
class Claiming:
    """What the organiser allows: ``until`` in epoch seconds, and seats that may be claimed.

    ``a_minute`` seats are given within one, and ``per_address`` to one address of the network a
    day, which None leaves open.
    """

    until: float = 0
    seats: tuple[str, ...] = ()
    a_minute: int = A_MINUTE
    per_address: int | None = None

    @classmethod
    def read(cls, state: DoorState) -> Claiming:
        """Return what is written down, which is nothing at first."""
        found, _condition = state.read(CLAIMING)
        return cls(**{**found, "seats": tuple(found.get("seats", ()))})

    def document(self) -> dict[str, Any]:
        """Return what is to be written down."""
        return {**vars(self), "seats": sorted(self.seats)}

    def free(self, visit: Visit) -> list[str]:
        """Return the seats that may be claimed at this moment, claimed or not."""
        is_open = visit.time < self.until and not visit.is_over
        return [seat for seat in self.seats if seat in visit.seats and is_open]


def source(key: bytes, visit: Visit, address: str) -> str:
    """Return the letters by which an address of the network is known today."""
    try:
        found = ipaddress.ip_address(address)
        bits = _NETWORK if found.version == 6 else found.max_prefixlen  # noqa: PLR2004
        address = str(ipaddress.ip_network((found, bits), strict=False))
    except ValueError:
        address = ""
    text = f"source:{visit.now:%Y-%m-%d}:{address}"
    return hmac.digest(key, text.encode(), "sha256").hex()[:SOURCE_LETTERS]


def claimed(visit: Visit, state: DoorState, claiming: Claiming, claimer: str, source: str) -> str:
    """Return the seat that is the claimer's now, empty where none is free.

    Raise ClaimRefusedError where more are asked for than the organiser lets go.
    """
    if seat := state.claimed_by(claimer):
        return seat
    times = state.times(CLAIMS)
    if sum(visit.time - at < MINUTE for at in times.values()) >= claiming.a_minute:
        raise ClaimRefusedError("claim_wait")
    # Who opened a notebook by a slip has that seat, though nobody's name is on it.
    taken = {*times, *state.names(OPENED)}
    free = [seat for seat in claiming.free(visit) if seat not in taken]
    if not free:
        return ""
    place = _place(state, source, claiming.per_address, claimer)
    # Many ask at once: each begins elsewhere, so that few ask for the same seat.
    for seat in secrets.SystemRandom().sample(free, len(free)):
        if state.claim(seat, claimer, place):
            if state.note_claimer(claimer, seat):
                return seat
            state.delete(f"{CLAIMS}{seat}")
            break
    state.delete(f"{SOURCES}{place}")
    return state.claimed_by(claimer)


def _place(state: DoorState, source: str, most: int | None, claimer: str) -> str:
    """Return the place that a claim takes among those of its address: S3 gives each once."""
    if most is None:
        names = [claimer]
    else:
        taken = state.names(f"{SOURCES}{source}/")
        names = [name for name in map(str, range(most)) if name not in taken]
    for name in names:
        if state.write(f"{SOURCES}{source}/{name}", b"", FIRST):
            return f"{source}/{name}"
    raise ClaimRefusedError("claim_most")
