"""What AWS was seen to answer, as data, and how the local cloud is brought to the same situations.

``tests/data/aws_answers.yaml`` holds the answers; the modules ``tests.support.answers_*`` provoke
them. A provocation makes the call that is refused, or returns what was answered as ``PollResult``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import yaml
from botocore.exceptions import ClientError

from localcloud.transitions import TRANSITIONS
from tests.support.conformance import Aws
from tests.support.local_cloud import Cloud

ANSWERS = Path(__file__).parents[1] / "data" / "aws_answers.yaml"


@dataclass(frozen=True)
class RecordedAnswer:
    """One recorded answer; a member that is None is not known or does not matter."""

    id: str
    service: str
    operation: str
    situation: str
    source: tuple[str, ...]
    field: str | None = None
    code: str | None = None
    status: int | None = None
    message: str | None = None
    states: tuple[str, ...] = ()
    shape: str | None = None
    passing: bool = False


def load() -> dict[str, RecordedAnswer]:
    """Return the recorded answers by their ids."""
    listed = yaml.load(ANSWERS.read_text(encoding="utf-8"), yaml.CSafeLoader)
    members: list[dict[str, Any]] = [
        {name: tuple(value) if isinstance(value, list) else value for name, value in entry.items()}
        for entry in listed
    ]
    return {entry["id"]: RecordedAnswer(**entry) for entry in members}


@dataclass(frozen=True)
class Shown:
    """What the local cloud answered in a situation."""

    text: str = ""
    states: tuple[str, ...] = ()
    code: str | None = None
    status: int = 200


@dataclass
class Provoker(Aws):
    """One cloud for all situations: its time stands still, and what they share is made once."""

    cloud: Cloud
    _shared: dict[str, Any] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=count)

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """Return what ``make`` returned when this name was first asked for."""
        if name not in self._shared:
            self._shared[name] = make()
        return self._shared[name]

    @property
    def seat(self) -> str:
        """ARN of a role that SageMaker can assume."""
        return str(self.once("role", self.role))

    @property
    def account_region(self) -> tuple[str, str]:
        """Role and bucket of all jobs."""
        return self.seat, str(self.once("bucket", self.bucket))

    def name(self, stem: str = "new") -> str:
        """Return a name that nothing has."""
        return f"{stem}-{next(self._numbers)}"

    @contextmanager
    def faults(self, *rules: dict[str, Any]) -> Iterator[None]:
        """Have these faults for a while."""
        self.cloud.faults(*rules)
        try:
            yield
        finally:
            self.cloud.faults()


def world(cloud: Cloud) -> Provoker:
    """Return an empty cloud whose time stands still, every transition taking a minute."""
    cloud.reset()
    cloud.delays(**{**dict.fromkeys(TRANSITIONS, 60.0), "tick": 0.0})
    cloud.freeze()
    return Provoker(cloud.client, cloud.advance, cloud)


Provocation = Callable[[Provoker], Shown | dict[str, Shown] | None]
"""Makes the call that is refused, or returns what was answered, by id where it is several."""

PROVOCATIONS: dict[str, Provocation] = {}
"""Id of an answer -> what brings the local cloud to give it."""


def provokes(*ids: str) -> Callable[[Provocation], Provocation]:
    """Register a function as what provokes these answers."""

    def register(provocation: Provocation) -> Provocation:
        for one in ids:
            assert one not in PROVOCATIONS, one
            PROVOCATIONS[one] = provocation
        return provocation

    return register


def refused(ids: str, service: str, operation: str, **request: Any) -> None:
    """Register a call that needs nothing to be refused."""

    @provokes(*ids.split())
    def call(world: Provoker) -> None:
        getattr(world.client(service), operation)(**request)


def seen(one: str, world: Provoker) -> Shown:
    """Return what the local cloud answers in the situation of an answer, be it an error."""
    provocation = PROVOCATIONS[one]
    try:
        if list(PROVOCATIONS.values()).count(provocation) > 1:
            got = world.once(str(provocation), lambda: provocation(world))
        else:
            got = provocation(world)
    except ClientError as error:
        told = error.response["Error"]
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        return Shown(told.get("Message", ""), code=told["Code"], status=status)
    return got[one] if isinstance(got, dict) else got or Shown()


def differences(answer: RecordedAnswer, got: Shown) -> list[str]:
    """Return in which of code, status, states and text an answer is another than the recorded."""
    differing = []
    if got.code != answer.code:
        differing.append("code")
    if answer.status is not None and got.status != answer.status:
        differing.append("status")
    if answer.states and got.states != answer.states:
        differing.append("states")
    if answer.message is not None and not re.search(answer.message, got.text, re.MULTILINE):
        differing.append("text")
    return differing
