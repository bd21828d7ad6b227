"""The shipped environments with a door, synthesized once for all tests that look at it."""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import Any

from tests.support.assemblies import Synthesized, shipped, synthesize
from workshop.config.environment import LoadedEnvironment
from workshop.config.models import Environment


def with_door(name: str, **door: Any) -> LoadedEnvironment:
    """Return a shipped environment whose YAML has a door."""
    loaded = shipped(name).loaded
    settings = {**loaded.settings.model_dump(mode="json"), "door": door}
    return dataclasses.replace(loaded, settings=Environment.model_validate(settings))


@cache
def doored_for(*seats: str) -> Synthesized:
    """Return the shipped ``demo`` with a door for these seats alone."""
    loaded = with_door("demo", languages=["en", "de"])
    some = tuple(dataclasses.replace(loaded.seats[0], id=seat) for seat in seats)
    return synthesize(dataclasses.replace(loaded, seats=some), [seats[0]])


@cache
def doored(name: str) -> Synthesized:
    """Return one seat of a shipped environment with a door in every language."""
    loaded = with_door(name, languages=["en", "de"])
    return synthesize(loaded, [loaded.seats[0].id])
