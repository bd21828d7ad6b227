"""What happens during a run: one base for all events, and one way to write, tell and time them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

E = TypeVar("E")


def now() -> datetime:
    """Return the present moment, in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Event:
    """Something that happened at a moment; each kind of run has its own events."""

    at: datetime

    def line(self) -> dict[str, Any]:
        """Return the event as JSON, as it is printed and noted: empty parts are left out."""
        whole = {"at": self.at.isoformat(timespec="milliseconds"), **self.parts()}
        return {key: value for key, value in whole.items() if value not in (None, "")}

    def parts(self) -> Mapping[str, Any]:
        """Return what a line holds beside the moment."""
        raise NotImplementedError


class EventStream(Generic[E]):
    """Hands each event to every listener, one event after the other, whatever thread it is from."""

    def __init__(self, *listeners: Callable[[E], object]) -> None:
        self.listeners = list(listeners)
        self._lock = threading.Lock()

    def __call__(self, event: E) -> None:
        with self._lock:
            for listener in self.listeners:
                listener(event)


class Stopwatch:
    """The seconds that each step of a run takes; those of a step that comes again add up."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Count what the block takes as a part of this step."""
        began = time.monotonic()
        try:
            yield
        finally:
            taken = time.monotonic() - began
            self.seconds[name] = round(self.seconds.get(name, 0) + taken, 2)
