"""What attendees do in a day: a script for each seat, drawn from the seed.

Pure functions: the same seed gives the same scripts. Times are whole minutes from the start of the
class; what is due at a moment is done in the order of the seats.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

IDLE_STOP = 60
"""Minutes after which a notebook that nobody uses stops itself, as its lifecycle script does."""
JOB = 25
"""Minutes that each job of the day takes, its machines' start among them."""

SHARES: Mapping[str, float] = {
    "fast": 0.40,
    "lost": 0.22,
    "forgot": 0.12,
    "miner": 0.06,
    "no-show": 0.08,
    "late": 0.12,
}
"""Persona -> part of the seats."""

BOX = "box"
"""The persona of those whose machine is an EC2 instance."""
SMALL, BIG = "ml.m5.large", "ml.m5.xlarge"
"""Instance types that seats may use; the small one also for endpoints."""
FORBIDDEN = "ml.g5.xlarge"
"""One that they may not use."""


@dataclass(frozen=True)
class Action:
    """Something that a seat does at a minute; ``until_refused`` is done again at every step."""

    minute: int
    verb: str
    given: Mapping[str, Any] = field(default_factory=dict)
    until_refused: bool = False


@dataclass(frozen=True)
class Script:
    """A seat's day."""

    seat: str
    persona: str
    actions: tuple[Action, ...]


def scripts(seats: list[str], seed: int, minutes: int) -> list[Script]:
    """Return the day of every seat, a class of so many minutes."""
    chance = random.Random(f"personas {seed}")  # noqa: S311 - to be repeatable
    personas = _personas(len(seats))
    chance.shuffle(personas)
    return [
        Script(seat, persona, tuple(sorted(_day(persona, seat, seed, minutes), key=_moment)))
        for seat, persona in zip(seats, personas, strict=True)
    ]


def box_scripts(seats: list[str], seed: int, minutes: int) -> list[Script]:
    """Return the day of seats with EC2 instances: all come back at once from a long pause."""
    return [Script(seat, BOX, tuple(_in_a_box(seat, seed, minutes))) for seat in seats]


def _in_a_box(seat: str, seed: int, minutes: int) -> Iterator[Action]:
    """Enters, leaves the machine idle until it stops itself, and starts it again and again."""
    chance, back = random.Random(f"{seat} {seed}"), minutes // 10 * 5  # noqa: S311 - repeatable
    comes = chance.randrange(0, 10)
    yield Action(comes, "enter")
    yield Action(chance.randrange(comes + 5, back - 5), "idle")
    yield Action(back, "start-box")  # of which one is refused a machine, and asks once more
    yield Action(back + 5, "start-box")
    yield Action(back + 10, "enter")


def _moment(action: Action) -> int:
    return action.minute


def _personas(number: int) -> list[str]:
    """Return a persona for each seat: one of each where there are enough, and their shares."""
    rest = [persona for persona in SHARES if persona != "fast"]
    made = [persona for persona in rest for _ in range(max(1, round(number * SHARES[persona])))]
    return [*made, *["fast"] * number][:number]


def _day(persona: str, seat: str, seed: int, minutes: int) -> Iterator[Action]:
    chance = random.Random(f"{seat} {seed}")  # noqa: S311 - to be repeatable
    if persona == "fast":
        yield from _works(chance, chance.randrange(0, 15), minutes)
    elif persona == "forgot":
        yield from _works(chance, chance.randrange(0, 30), minutes, short=True, forgets=True)
    elif persona == "lost":
        yield from _is_lost(chance, minutes)
    elif persona == "miner":
        yield from _mines(chance, minutes)
    else:
        yield Action(IDLE_STOP, "stop")
        if persona == "late":
            comes = max(IDLE_STOP + 10, int(minutes * chance.uniform(0.4, 0.7)))
            yield Action(comes, "start")
            yield from _works(chance, comes + 10, minutes, short=True)


def _works(
    chance: random.Random,
    comes: int,
    minutes: int,
    *,
    forgets: bool = False,
    short: bool = False,
) -> Iterator[Action]:
    """Data, a job after the other, a model, an endpoint that is deleted again, unless forgotten."""
    yield Action(comes, "open")
    yield Action(comes + 2, "put", {"keys": chance.randrange(1, 4)})
    now = comes + chance.randrange(5, 20)
    for number in range(1 if short else chance.randrange(2, 4)):
        given = {"name": f"fit-{number}", "type": chance.choice((SMALL, SMALL, BIG)), "count": 1}
        yield Action(now, "process" if number == 1 else "train", given)
        now += JOB + chance.randrange(5, 40)
    yield Action(now, "serve", {"name": "serve", "count": chance.randrange(1, 3)})
    now += chance.randrange(20, 90)
    if not forgets and now < minutes:
        yield Action(now, "unserve", {"name": "serve"})
        if chance.choice((True, False, False)):
            yield Action(now + 5, "stop")


def _is_lost(chance: random.Random, minutes: int) -> Iterator[Action]:
    """Opens late, asks for what is not allowed, makes what fails, and gets one job done at last."""
    comes = chance.randrange(20, max(21, minutes // 3))
    yield Action(comes, "open")
    for verb in chance.sample(("peek", "wrong-type", "no-image-role", "untagged"), 3):
        comes += chance.randrange(3, 25)
        yield Action(comes, verb)
    given = {"name": "at-last", "type": SMALL, "count": 1}
    yield Action(comes + chance.randrange(10, 60), "train", given)


def _mines(chance: random.Random, minutes: int) -> Iterator[Action]:
    """Begins many big instances at once again and again, or few enough all day long."""
    comes = chance.randrange(10, max(11, minutes // 4))
    yield Action(comes, "open")
    few = {"jobs": 3, "most": 3}
    many = {"jobs": 2}
    given = {"type": BIG, "count": 2, **chance.choice((few, many))}
    yield Action(comes + 2, "mine", given, until_refused=True)
