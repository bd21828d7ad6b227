"""Teardowns of ``teardown_scenarios`` and what holds after each: the two invariants.

Nothing that is not proven to be the workshop's was touched; and "gone" is only said when nothing of
the workshop is left. Both are read off the whole cloud, before and after.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field
from functools import cache
from unittest import mock

from botocore.retries.adaptive import ClientRateLimiter
from botocore.retries.standard import ExponentialBackoff

from tests.support import account_snapshots as snapshots
from tests.support.account_snapshots import Held
from tests.support.direct_calls import Lines, QuickClients, lines_to
from tests.support.local_cloud import Cloud
from tests.support.played_time import played_waits
from tests.support.preflights import calling
from tests.support.small_workshop import HOME
from tests.support.teardown_workshop import ENVIRONMENT, WORKSHOP, Site
from workshop.aws.clients import Clients
from workshop.teardown.events import DeletionOutcome, TeardownEvent
from workshop.teardown.plan import Choices, TeardownPlan
from workshop.teardown.report import TeardownReport
from workshop.teardown.resource import Ownership
from workshop.teardown.resources import ALL
from workshop.teardown.resources.base import ResourceType
from workshop.teardown.run import Saver, Teardown
from workshop.teardown.scan_target import ScanTarget

RECORDS = ("TransformJob ", "AutoMLJob ")
"""What AWS has no way to delete."""


@dataclass
class TeardownRun:
    """One teardown of a room."""

    room: Site
    choices: Choices
    before: Held
    plan: TeardownPlan
    report: TeardownReport | None = None
    """None for one that was broken off."""
    after: Held = field(default_factory=dict)
    events: list[TeardownEvent] = field(default_factory=list)

    @property
    def code(self) -> int:
        assert self.report is not None
        return self.report.code

    @property
    def unknown(self) -> set[str]:
        """Resource types that the last scan could not list."""
        assert self.report is not None
        return {one.resource_type for one in self.report.scans[-1].unknown}

    def ended(self, outcome: DeletionOutcome) -> set[str]:
        """The names of what came to this end."""
        assert self.report is not None
        return {one.resource.id for one in self.report.of(outcome)}

    @property
    def touched(self) -> set[str]:
        """What is not the workshop's, as far as it can be proven, and is not as it was."""
        include = self.choices.include_claimed
        return {
            what
            for what in snapshots.changed(self.before, self.after)
            if self.room.is_others(what, include_claimed=include)
        }

    @property
    def left(self) -> set[str]:
        """What is the workshop's and still there."""
        return {
            what
            for what in self.after
            if what not in self.room.others and not self._is_known_to_stay(what)
        }

    def _is_known_to_stay(self, what: str) -> bool:
        """Whether it is a record of what has ended, which some run has told of."""
        records = self.room.records | (
            self.ended(DeletionOutcome.UNDELETABLE) if self.report else set()
        )
        if not what.startswith(RECORDS):
            return False
        is_ = self.after[what]["is"]
        ended = any(value == "Stopped" for value in is_.values())
        return ended and (what.split(" ", 1)[1] in records or self.report is None)

    def check(self) -> None:
        """Both invariants."""
        touched = self.touched
        assert not touched, sorted(touched)
        if self.report is not None and self.code == 0:
            left = self.left
            assert not left, sorted(left)
            told = {
                f"{one.resource.resource_type} {one.resource.id}"
                for one in self.report.of(DeletionOutcome.STUCK)
            }
            assert not told, sorted(told)


def proving(run: TeardownRun) -> None:
    """A teardown that had to succeed did."""
    run.check()
    assert run.report is not None
    assert (run.code, run.left) == (0, set()), run.report.markdown()


def resource_types(*, but_for: Collection[str]) -> list[ResourceType]:
    """All resource types but these, for which then nothing waits."""
    found = []
    for resource_type in ALL:
        if resource_type.name not in but_for:
            alone = copy(resource_type)
            after = tuple(name for name in resource_type.after if name not in but_for)
            object.__setattr__(alone, "after", after)
            found.append(alone)
    return found


Hear = Callable[[TeardownEvent], object]


def job(
    room: Site,
    clients: Clients,
    *,
    only: Sequence[str] | None = None,
    seats: Sequence[str] = ("ada", "ben"),
    sink: Hear = lambda _: None,
    deadline: float = 1800,
    resource_types: Sequence[ResourceType] = ALL,
    interval: float = 0,
    pause: Callable[[float], object] = lambda _: None,
    save: Saver | None = None,
) -> Teardown:
    """The teardown of the room's workshop, whose time stands still: so all waits are played."""
    played = played_waits(room.cloud, deadline=deadline)

    def paused(seconds: float) -> None:
        pause(seconds)
        played["pause"](seconds)

    chosen = frozenset(seats if only is None else only)
    return Teardown(
        clients,
        ScanTarget(WORKSHOP, ENVIRONMENT, {HOME: chosen}, whole=only is None),
        resource_types,
        sink,
        proven=dict(room.proven),
        interval=interval,
        save=save,
        **{**played, "pause": paused},
    )


def teardown(
    room: Site,
    *,
    clients: Clients | None = None,
    choices: Choices | None = None,
    planned: Callable[[], object] = lambda: None,
    snapshot: Callable[[Cloud], Held] = snapshots.of,
    before: Held | None = None,
    hear: Hear = lambda _: None,
    **more: object,
) -> TeardownRun:
    """Plan, call ``planned``, apply, look; what ``hear`` raises ends it like a crash would.

    ``before`` is what there is, where that is known already.
    """
    chosen = choices or Choices(only=more.get("only"))  # type: ignore[arg-type]
    events: list[TeardownEvent] = []

    def sink(event: TeardownEvent) -> None:
        events.append(event)
        hear(event)

    with at_once(room):
        made = clients or quick_clients(room)
        teardown_job = job(room, made, sink=sink, **more)  # type: ignore[arg-type]
        seen = snapshot(room.cloud) if before is None else before
        run = TeardownRun(room, chosen, seen, teardown_job.plan(chosen), events=events)
        # As the command reads it from the plan that it showed last.
        own = run.plan.discovery.of(Ownership.OWNED)
        room.proven = {resource.identity: resource.seat for resource in own}
        room.records |= {
            one.id for one in own if one.resource_type in ("transform job", "AutoML job")
        }
        planned()
        try:
            run.report = teardown_job.apply(run.plan)
        except Crash:
            pass
        finally:
            room.cloud.faults()
        run.after = snapshot(room.cloud)
        room.records |= run.ended(DeletionOutcome.UNDELETABLE) if run.report else set()
    return run


@cache
def clients_at(endpoint: str) -> Clients:  # noqa: ARG001 - those of another cloud are others
    """Clients for all tests of one cloud: making them takes longer than using them."""
    return Clients(HOME)


def quick_clients(room: Site) -> Clients:
    """The same over :mod:`tests.support.direct_calls`: a teardown makes some thousand calls."""
    with at_once(room):
        return _quick_clients(lines_to(room.cloud.running))


@cache
def _quick_clients(lines: Lines) -> Clients:
    return QuickClients(lines, HOME)


class Crash(BaseException):
    """The end of a process in the middle of its work."""


@contextmanager
def at_once(room: Site) -> Iterator[None]:
    """Calls to the room's cloud, without the waits between attempts."""
    with (
        calling(room.cloud),
        mock.patch.object(ExponentialBackoff, "delay_amount", return_value=0),
        mock.patch.object(ClientRateLimiter, "on_sending_request", return_value=None),
    ):
        yield
