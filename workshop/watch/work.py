"""What one run of the watch works with: settings, a moment, clients, and bounds."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

AWS_ERRORS = (ClientError, BotoCoreError, ResponseParserError)
"""What a call raises that AWS refuses, or answers with nothing that can be read."""
RESERVE = 45.0
"""Seconds kept for saying and noting what was done: as long as a call without an answer takes."""
_CONFIG = Config(
    retries={"mode": "standard", "max_attempts": 4}, connect_timeout=5, read_timeout=10
)
_CLIENTS: dict[str, Any] = {}


class OutOfTimeError(Exception):
    """The run has no time left for another call; the next one goes on."""


@dataclass(frozen=True)
class Settings:
    """What the stack tells the function, as JSON in the variable ``WATCH``."""

    workshop: str
    path: str
    """Below which the roles of the workshop are in IAM."""
    end: str
    """When the workshop ends, ``2027-03-09T16:00:00Z``."""
    freeze: str
    """The ARN of the policy that freezes a role."""
    bucket: str
    """Where the watch keeps what it knows."""
    datasets: str
    topic: str
    hours: str = ""
    """Between which notebooks run, ``08:30-18:00``; empty if nobody starts and stops them."""
    start: str = ""
    """When the workshop begins, in the time zone of the hours."""
    changes: dict[str, int] = field(default_factory=dict)
    """When the clocks of that time zone are changed, and to how many minutes from UTC; a function
    in AWS need not know time zones by name."""
    budget: dict[str, Any] = field(default_factory=dict)
    """The caps by their names in the YAML, and ``prices``: instance type -> USD per hour, or use ->
    USD per hour; empty without a cap."""
    basis: str = ""
    """Which prices these are, in words."""
    boxes: bool = False
    """Whether seats have EC2 instances."""

    @classmethod
    def given(cls) -> Settings:
        """Return what the environment says; prices stand by themselves in the variable PRICES."""
        told = json.loads(os.environ["WATCH"])
        if "PRICES" in os.environ:
            listed = json.loads(os.environ["PRICES"])
            told["budget"]["prices"], told["basis"] = listed["prices"], listed["basis"]
        return cls(**told)


def client(service: str) -> Any:
    """Return the client of a service, made once for as long as the function stays warm."""
    if service not in _CLIENTS:
        make: Any = boto3.client
        _CLIENTS[service] = make(service, config=_CONFIG)
    return _CLIENTS[service]


@dataclass
class Work:
    """One run: the moment it is for, how many seconds it has left, and what became of it."""

    settings: Settings
    now: datetime
    left: Callable[[], float]
    client: Callable[[str], Any] = client
    done: Counter[str] = field(default_factory=Counter)
    pending: list[str] = field(default_factory=list)
    """What AWS does not end yet; the next run tries again."""
    problems: list[str] = field(default_factory=list)
    unfinished: bool = False
    seats: frozenset[str] | None = None
    """Whose roles are frozen and whose machines are stopped; None for every seat."""
    only: frozenset[str] | None = None
    """The names, in lower case, of what is stopped; None for any."""
    refused: set[str] = field(default_factory=set)
    """The names, in lower case, of what AWS did not let be stopped."""
    targets: dict[str, list[dict[str, Any]]] | None = None
    """What scales endpoints, once it was listed."""
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    """The tags of resources by ARN, as far as they were read."""
    reserve: float = RESERVE
    """Seconds kept for what comes after."""

    @property
    def end(self) -> datetime:
        """When the workshop ends."""
        return moment(self.settings.end)

    def go_on(self) -> None:
        """Raise OutOfTimeError when there is no time for another call."""
        if self.left() < self.reserve:
            raise OutOfTimeError

    @contextmanager
    def keeping(self, seconds: float) -> Iterator[None]:
        """Keep so many seconds for what comes after."""
        before, self.reserve = self.reserve, seconds
        try:
            yield
        finally:
            self.reserve = before

    @contextmanager
    def sharing(self) -> Iterator[None]:
        """Let a step take half of the time that is left: what comes after it is done as well."""
        with self.keeping(self.reserve + max(0.0, self.left() - self.reserve) / 2):
            try:
                yield
            except OutOfTimeError:
                self.unfinished = True

    @contextmanager
    def noting(self, what: str) -> Iterator[None]:
        """Note an error instead of passing it on, so that it stops nothing else."""
        try:
            yield
        except OutOfTimeError:
            raise
        except AWS_ERRORS as error:
            self.problems.append(f"{what}: {error}")
        except Exception as error:  # noqa: BLE001 - whatever an answer lacks
            self.problems.append(f"{what}: {error!r}")

    def report(self) -> dict[str, Any]:
        """Return what was done, as plain JSON values."""
        return {
            "ran": self.now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "end": self.settings.end,
            "basis": self.settings.basis,
            "done": dict(self.done),
            "pending": self.pending,
            "problems": list(dict.fromkeys(self.problems))[:20],
            "unfinished": self.unfinished,
        }


def moment(text: str) -> datetime:
    """Return the moment of an ISO time."""
    return datetime.fromisoformat(text)


def now_of(event: dict[str, Any]) -> datetime:
    """Return the present moment: an event's own time, where a clock is behind it."""
    now = datetime.fromtimestamp(time.time(), UTC)
    return max(now, time_of(event, now))


def time_of(event: dict[str, Any], otherwise: datetime) -> datetime:
    """Return the moment that an event says it is of, or another where it says none."""
    try:
        told = moment(event["time"])
    except (KeyError, ValueError, AttributeError, TypeError):
        return otherwise
    return told if told.tzinfo else otherwise
