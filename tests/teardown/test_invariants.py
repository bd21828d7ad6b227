"""Any world, anything that goes wrong, a crash anywhere: both invariants hold, and it all ends.

What single troubles come to, and in which words they are told, is in ``test_teardown_scenarios``
and its like; here they meet each other.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, event, example, given, settings
from hypothesis import strategies as st

from tests.support import attendee_resources as pieces
from tests.support import teardown_workshop as scenarios
from tests.support.direct_calls import lines_to
from tests.support.local_cloud import TRUST, Cloud
from tests.support.sessions import Maker, session_over
from tests.support.teardown_runs import (
    Crash,
    proving,
    resource_types,
    teardown,
)
from tests.support.teardown_workshop import UNPROVEN
from workshop.teardown.events import TeardownEvent, TeardownStep
from workshop.teardown.plan import Choices
from workshop.teardown.resources import ALL

Make = Callable[[Maker], object]
ANYWHERE: Sequence[Make] = (
    *(pieces.training, pieces.processing, pieces.model, pieces.endpoint, pieces.experiments),
    *(pieces.packages, pieces.pipelines, pieces.notebook, pieces.log, pieces.studio),
)
WITH_BUCKET: Sequence[Make] = (*ANYWHERE, pieces.data, pieces.features, pieces.transform)
"""What needs a bucket of the seat's as well."""
CLAIMED: Sequence[Make] = (pieces.script, pieces.sources, pieces.alarm, pieces.dashboard)
OWN = ("demo-{}-", "mine-", "demo2-", "demo-other-")
"""How a seat calls its resources: as it should, freely, or as others would."""
THEIRS = ("their-", "demo-ada-their-", "demo2-ada-their-", "demo-adax-their-")

NAMES = frozenset(
    {
        *("training job", "processing job", "transform job", "model", "endpoint", "notebook"),
        *("endpoint configuration", "experiment", "trial", "trial component", "pipeline"),
        *("model package", "model package group", "feature group", "feature table", "bucket"),
        *("Studio domain", "Studio user profile", "Studio space", "Studio app"),
        *("log stream", "log group", "lifecycle configuration", "code repository"),
        *("alarm", "dashboard"),
    }
)
RESOURCE_TYPES = resource_types(but_for={one.name for one in ALL} - NAMES)
"""What these worlds hold: to list all others as well, each time anew, takes half as long again."""

OPERATIONS = (
    *("sagemaker:List*", "sagemaker:Describe*", "sagemaker:Delete*", "sagemaker:Stop*"),
    *("sagemaker:ListEndpoints", "sagemaker:DescribeModel", "sagemaker:DeleteEndpoint"),
    *("sagemaker:DescribeEndpointConfig", "sagemaker:ListModelPackages", "iam:*", "iam:ListRoles"),
    *("iam:GetRole", "iam:DeleteRole", "cloudformation:*", "cloudformation:DeleteStack"),
    *(
        "cloudformation:ListStackResources",
        "resourcegroupstaggingapi:*",
        "s3:*",
        "s3:DeleteObjects",
    ),
    *("s3:ListObjectVersions", "logs:*", "logs:DescribeLogStreams", "glue:*", "*"),
)
CALLS = st.builds(
    lambda effect, operation, times, after: {
        "effect": effect,
        "operation": operation,
        "after": after,
        **({"times": times} if times else {}),
    },
    effect=st.sampled_from(["throttle", "error", "denied"]),
    operation=st.sampled_from(OPERATIONS),
    times=st.sampled_from([0, 1, 2, 7, 20]),
    after=st.sampled_from([0, 0, 3, 30]),
)
KEYS = st.builds(
    lambda code, match: {"effect": "keys", "match": match, "code": code, "times": 3},
    code=st.sampled_from(["InternalError", "AccessDenied"]),
    match=st.sampled_from(["train/*", "*"]),
)
STUCK = st.sampled_from(
    [
        {"effect": "stuck", "noun": "TrainingJob", "status": "Stopping"},
        {"effect": "stuck", "noun": "Endpoint", "status": "Deleting"},
        {"effect": "stuck", "noun": "NotebookInstance", "status": "Stopping"},
    ]
)


@dataclass(frozen=True)
class ASeat:
    """A seat, what holds its role and what it has made: which, called how, with tags or not."""

    id: str
    stacks: bool
    tagged: bool
    made: Sequence[tuple[int, str]]


@dataclass(frozen=True)
class PlayedWorld:
    """What there is, what is asked for, and what happens."""

    seats: Sequence[ASeat]
    theirs: Sequence[tuple[int, str]]
    claimed: Sequence[int]
    only: bool
    include_claimed: bool
    faults: Sequence[dict[str, Any]]
    late: TeardownStep | None
    crash: int | None

    @property
    def calm(self) -> bool:
        """Whether nothing goes wrong, and nothing is there that nobody can decide about."""
        undecided = self.claimed and not self.include_claimed
        return not self.faults and self.crash is None and not undecided


def made(of: Sequence[Any], names: Sequence[str], most: int) -> st.SearchStrategy[Any]:
    return st.lists(st.tuples(st.integers(0, len(of) - 1), st.sampled_from(names)), max_size=most)


def seats(name: str) -> st.SearchStrategy[ASeat]:
    return st.builds(ASeat, st.just(name), st.booleans(), st.booleans(), made(WITH_BUCKET, OWN, 3))


WORLDS = st.builds(
    PlayedWorld,
    seats=st.tuples(seats("ada"), seats("ben")) | st.tuples(seats("ada")),
    theirs=made(ANYWHERE, THEIRS, 2),
    claimed=st.lists(st.integers(0, len(CLAIMED) - 1), max_size=1),
    only=st.booleans(),
    include_claimed=st.booleans(),
    faults=st.lists(CALLS | KEYS | STUCK, max_size=2),
    late=st.none() | st.sampled_from([TeardownStep.FREEZE, TeardownStep.STOP, TeardownStep.DELETE]),
    crash=st.none() | st.integers(0, 20),
)


class Built:
    """A world that has come true."""

    def __init__(self, cloud: Cloud, context: PlayedWorld) -> None:
        cloud.reset()
        self.room = scenarios.room_of(cloud, session_over(lines_to(cloud.running), cloud.endpoint))
        for number, (which, prefix) in enumerate(context.theirs):
            ANYWHERE[which](self.room.stranger(prefix=f"{prefix}{number}-"))
        self.room.others_are_here()
        self.strangers = self.room.others
        if any(seat.stacks for seat in context.seats):
            self.room.cohort()
        ada, *neighbours = context.seats
        for seat in neighbours:
            self._fill(seat)
        if context.only:
            self.room.others_are_here()
        self._fill(ada)
        for number, which in enumerate(context.claimed):
            CLAIMED[which](self.room.attendee("ada", prefix=f"demo-ada-{UNPROVEN}-{number}-"))

    def _fill(self, seat: ASeat) -> None:
        names = self.room.names(seat.id)
        if seat.stacks:
            self.room.seat(seat.id, "storage", "access")
        else:
            self.room.cloud.client("iam").create_role(
                RoleName=names.role, Path=names.iam_path, AssumeRolePolicyDocument=json.dumps(TRUST)
            )
        makes = WITH_BUCKET if seat.stacks else ANYWHERE
        for number, (which, called) in enumerate(seat.made):
            prefix = f"{called.format(seat.id)}{seat.id}{number}-"
            makes[which % len(makes)](
                self.room.attendee(seat.id, prefix=prefix, tagged=seat.tagged)
            )


def test_nothing_unproven_is_touched_and_gone_means_gone(running_cloud: Cloud) -> None:
    go_through(running_cloud, 8)


@pytest.mark.long
def test_nothing_unproven_is_touched_in_many_more_worlds(running_cloud: Cloud) -> None:
    go_through(running_cloud, 400)


def go_through(cloud: Cloud, worlds: int) -> None:
    """Let as many worlds come true, each in turn: the same at every run."""

    @settings(
        max_examples=worlds,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(context=WORLDS)
    @example(  # Its endpoint's last log comes once nothing but the earlier plan proves it.
        PlayedWorld(
            seats=[ASeat("ada", stacks=False, tagged=False, made=[(3, "demo-{}-")])],
            theirs=[],
            claimed=[],
            only=True,
            include_claimed=False,
            faults=[],
            late=None,
            crash=2,
        )
    )
    def holds(context: PlayedWorld) -> None:
        check(cloud, context)

    holds()


def check(running_cloud: Cloud, context: PlayedWorld) -> None:
    """Let a world come true and end it, and hold both invariants."""
    built = Built(running_cloud, context)
    room, heard = built.room, list[TeardownEvent]()
    late: list[str] = []

    def hear(event: TeardownEvent) -> None:
        heard.append(event)
        if event.step == context.late and not late:
            with suppress(ClientError):  # what is refused to everybody is refused to her
                late.append(pieces.training(room.attendee("ada"), "late"))
        if context.crash is not None and len(heard) > context.crash:
            raise Crash

    only = ["ada"] if context.only else None
    named = None if only is None else tuple(only)
    first = teardown(
        room,
        choices=Choices(only=named, include_claimed=context.include_claimed),
        only=only,
        planned=lambda: running_cloud.faults(*context.faults),
        hear=hear,
        deadline=60 if context.faults else 1800,
        resource_types=RESOURCE_TYPES,
    )
    first.check()
    ended = "broken off" if first.report is None else f"exit {first.code}"
    event(ended)
    assert not context.calm or ended == "exit 0"
    last = first
    if first.report is None or first.code != 0:
        # What was stuck comes loose.
        running_cloud.advance(60)
        again = Choices(only=named, include_claimed=True)
        last = teardown(room, choices=again, only=only, resource_types=RESOURCE_TYPES)
        proving(last)
    if context.only:
        room.others = built.strangers
        everything = Choices(include_claimed=True)
        proving(
            teardown(room, choices=everything, resource_types=RESOURCE_TYPES, before=last.after)
        )
