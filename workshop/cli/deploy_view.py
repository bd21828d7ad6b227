"""A running deployment as people and programs see it: bars on a terminal, lines in a pipe, JSON."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from workshop.cli import console
from workshop.deploy.events import DeployEvent, What
from workshop.deploy.jobs import ENDED
from workshop.deploy.plan import DeployPlan
from workshop.deploy.run import Deployment
from workshop.naming import COHORT

_LINES = 12
"""Active seats that a screen shows; the others are counted."""

_QUIET = frozenset({What.BEGUN, What.DONE, What.UNCHANGED})
"""Events of single stacks that a pipe leaves out: a line comes when a seat has ended."""

_ENDS = frozenset({What.SEAT_DONE, What.SEAT_FAILED})


class DeployView(Protocol):
    """Whoever watches a deployment."""

    def begin(self, deployment: Deployment) -> None: ...

    def event(self, event: DeployEvent) -> None: ...


@contextmanager
def view(plan: DeployPlan, *, as_json: bool) -> Iterator[DeployView]:
    """The view that fits: JSON lines if asked for, a live one on a terminal, else plain lines."""
    if as_json:
        yield _JsonView()
    elif console.talks_to_terminal():
        live = _LiveView(plan)
        with console.live(live.render):
            yield live
    else:
        yield _LineView(plan)


class _JsonView:
    """Every event as one JSON object a line on stdout."""

    def begin(self, deployment: Deployment) -> None:
        pass

    def event(self, event: DeployEvent) -> None:
        console.print_json(event.line())


class _LineView:
    """A line on stderr for each seat that ends, and for whatever goes wrong on the way."""

    def __init__(self, plan: DeployPlan) -> None:
        self._seats = _seats(plan)
        self._ended = 0

    def begin(self, deployment: Deployment) -> None:
        pass

    def event(self, event: DeployEvent) -> None:
        if event.what in _ENDS:
            message = f": {event.message}" if event.message else ""
            if event.seat == COHORT:
                console.say(f"{event.what.removeprefix('seat ')}: {COHORT}{message}")
                return
            self._ended += 1
            console.say(f"{self._ended}/{self._seats} {event.what}: {event.seat}{message}")
        elif event.what not in _QUIET:
            console.say(_line(event))


class _LiveView:
    """One bar for all seats, one line for each active seat; failures scroll by above."""

    def __init__(self, plan: DeployPlan) -> None:
        self._bar = console.Bar("seats")
        self._task = self._bar.add_task("", total=_seats(plan))
        self._began = time.monotonic()
        self._lock = threading.Lock()
        self._done = 0
        self._stacks = 0
        self._deployment: Deployment | None = None

    def begin(self, deployment: Deployment) -> None:
        self._deployment = deployment

    def event(self, event: DeployEvent) -> None:
        with self._lock:
            if event.what in _ENDS and event.seat != COHORT:
                self._bar.advance(self._task)
            if event.what == What.DONE:
                self._stacks += 1
        if event.what not in _QUIET and event.what != What.SEAT_DONE:
            console.say(_line(event))

    def render(self) -> console.Renderable:
        taken = max(0.1, time.monotonic() - self._began)
        rate = self._stacks / taken * 60
        throttles = self._deployment.throttles if self._deployment else 0
        text = f"{rate:.0f} stacks a minute{self._left(taken)}"
        if throttles:
            text += f", {throttles} calls throttled"
        self._bar.update(self._task, description=text)
        return console.above(self._bar, self._active())

    def _left(self, taken: float) -> str:
        if self._deployment is None:
            return ""
        jobs = [job for engine in self._deployment.engines for job in engine.jobs.values()]
        left = sum(job.stage not in ENDED for job in jobs)
        if not self._stacks or not left:
            return ""
        minutes, seconds = divmod(round(left * taken / self._stacks), 60)
        return f", about {minutes}:{seconds:02} left"

    def _active(self) -> console.PlainTable:
        table = console.grid()
        seats: dict[str, list[str]] = {}
        for engine in self._deployment.engines if self._deployment else ():
            for job in engine.in_flight:
                doing = "clearing " if job.deleting else ""
                seats.setdefault(job.seat, []).append(doing + job.plan.desired.kind)
        for seat in list(seats)[:_LINES]:
            table.add_row(f"  {seat}", ", ".join(seats[seat]))
        if len(seats) > _LINES:
            table.add_row("", f"and {len(seats) - _LINES} more seats")
        return table


def _seats(plan: DeployPlan) -> int:
    """How many seats there are; what they share is none."""
    return sum(seat.seat != COHORT for seat in plan.seats)


def _line(event: DeployEvent) -> str:
    about = event.stack or event.seat
    return " ".join(part for part in (f"{event.what}:", about, event.message) if part)
