"""A running deployment: progress for people, for programs a line of JSON for each event."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from workshop.cli import alike, console
from workshop.cli.progress import Progress
from workshop.counting import count_of
from workshop.deploy.events import DeployEvent, DeployStep
from workshop.deploy.jobs import ENDED
from workshop.deploy.plan import DeployPlan
from workshop.deploy.run import Deployment
from workshop.naming import COHORT

_LINES = 12
"""Active seats that a screen shows; the others are counted."""

_QUIET = frozenset({DeployStep.BEGUN, DeployStep.DONE, DeployStep.UNCHANGED})
"""Events of single stacks that are not shown: a line comes when a seat has ended."""

_ENDS = frozenset({DeployStep.SEAT_DONE, DeployStep.SEAT_FAILED})

_FAILURES = frozenset(
    {DeployStep.FAILING, DeployStep.FAILED, DeployStep.STUCK, DeployStep.SEAT_FAILED}
)


class DeployView:
    """Counts seats; what goes wrong on the way is a line of its own."""

    def __init__(self, plan: DeployPlan, *, as_json: bool) -> None:
        seats = sum(seat.seat != COHORT for seat in plan.seats)
        self.progress = Progress("seats", seats, detail=self._rate, below=self._active)
        self._as_json = as_json
        self._began = time.monotonic()
        self._stacks = 0
        self._deployment: Deployment | None = None
        self._told: dict[str, set[str]] = {}
        """The reasons of failures, and of which seats each was told."""

    @contextmanager
    def following(self, deployment: Deployment) -> Iterator[None]:
        """Show the deployment while the block runs it."""
        self._deployment = deployment
        if self._as_json:
            yield
        else:
            with self.progress.shown():
                yield

    def event(self, event: DeployEvent) -> None:
        """Show an event; called from one thread at a time."""
        if self._as_json:
            console.print_json_line(event.line())
            return
        self._stacks += event.what == DeployStep.DONE
        is_new = event.what not in _FAILURES or self._is_new(event)
        if event.what in _ENDS:
            shared = event.seat == COHORT
            step = event.what.removeprefix("seat ") if shared else event.what
            parts = (step, event.seat, event.message if is_new else "")
            line = ": ".join(part for part in parts if part)
            is_bad = event.what == DeployStep.SEAT_FAILED and self._is_told_of(event.seat)
            self.progress.end(line, counts=not shared, good=not is_bad)
        elif event.what not in _QUIET and is_new:
            about = event.stack or event.seat
            parts = (f"{event.what}:", about, event.message)
            console.say(" ".join(part for part in parts if part))

    def _is_new(self, event: DeployEvent) -> bool:
        """Return whether to tell a reason: once of each seat, and of ten seats at most.

        CloudFormation gives it while a stack fails; the stack, what needs it and the seat end by
        the same. When the cohort has failed, that is the reason of every seat.
        """
        follows = self._is_told_of(event.seat) or self._is_told_of(COHORT)
        if event.what != DeployStep.FAILING and follows:
            return False
        reason = alike.for_any_seat(event.message.removeprefix(f"{event.stack}: "), event.seat)
        told = self._told.setdefault(reason, set())
        if event.seat in told or len(told) > alike.FEW:
            return False
        told.add(event.seat)
        if len(told) <= alike.FEW:
            return True
        console.say(f"more seats fail for the same reason; the end counts them: {reason}")
        return False

    def _is_told_of(self, seat: str) -> bool:
        return any(seat in seats for seats in self._told.values())

    def _rate(self) -> str:
        seconds = max(0.1, time.monotonic() - self._began)
        text = f"{count_of(round(self._stacks / seconds * 60), 'stack')} a minute"
        if self._deployment is None:
            return text
        seats = [jobs for engine in self._deployment.engines for jobs in engine.by_seat.values()]
        left = sum(job.stage not in ENDED for jobs in seats for job in jobs)
        if self._stacks and left:
            minutes, rest = divmod(round(left * seconds / self._stacks), 60)
            text += f", about {minutes}:{rest:02} left"
        throttles = self._deployment.throttles
        return f"{text}, {count_of(throttles, 'call')} throttled" if throttles else text

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
            table.add_row("", f"and {count_of(len(seats) - _LINES, 'more seat')}")
        return table
