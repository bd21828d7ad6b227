"""What one visit of the door works with: settings, a moment, clients, and what is remembered."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import boto3
from botocore.config import Config

GIVEN: dict[str, Any] = {}
"""What the stack says beside the 4 KB of an environment; it is filled in once all is loaded."""
_CONFIG = Config(
    retries={"mode": "standard", "max_attempts": 3},
    connect_timeout=3,
    read_timeout=8,
    signature_version="s3v4",
    s3={"addressing_style": "virtual"},
)
_LOCAL = Config(
    retries={"mode": "standard", "max_attempts": 3}, read_timeout=8, signature_version="s3v4"
)
"""Of an endpoint that is no AWS's, whose buckets have no host name."""
_CLIENTS: dict[str, Any] = {}
MEMORY: dict[str, Any] = {}
"""What is kept for as long as the function stays warm."""


@dataclass(frozen=True)
class DoorSettings:
    """What the stack tells the function, as JSON in the variable ``DOOR`` and in ``GIVEN``.

    Names hold ``{seat}`` and ``{key}`` where those stand.
    """

    workshop: str
    account: str
    end: str
    """When the workshop ends, ``2027-03-09T16:00:00Z``."""
    bucket: str
    """The watch's private bucket."""
    datasets: str
    notebook: str
    seat_bucket: str
    repository: str
    role: str
    box: str = ""
    """The name of a seat's EC2 instance, which is that of its stack."""
    console_role: str = ""
    """The ARN of the role with which people enter that instance."""
    title: str = ""
    zone: int = 0
    """Minutes that the workshop's clock is ahead of UTC."""
    saved_until: str = ""
    """Until when saved work is given out after the end; empty until the teardown."""
    languages: tuple[str, ...] = ("en",)
    cap: float | None = None
    """USD that a seat may cost."""
    seats: dict[str, str] = field(default_factory=dict)
    """The ids of the seats of each profile, with blanks between them."""
    profiles: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What the seats of a profile have: buckets, repositories, types, idle, notebook, box."""

    @classmethod
    def given(cls) -> DoorSettings:
        """Return what the environment and the source say."""
        return cls(**json.loads(os.environ["DOOR"]), **GIVEN)

    def profile(self, seat: str) -> dict[str, Any] | None:
        """Return what the profile of a seat has, None where there is no such seat."""
        names = [name for name, seats in self.seats.items() if seat in seats.split()]
        return self.profiles[names[0]] if names else None


def client_of(service: str) -> Any:
    """Return the client of a service, made once for as long as the function stays warm."""
    if service not in _CLIENTS:
        make: Any = boto3.client
        _CLIENTS[service] = make(service, config=_LOCAL if _is_local() else _CONFIG)
    return _CLIENTS[service]


def _is_local() -> bool:
    return "AWS_ENDPOINT_URL" in os.environ


@dataclass
class Visit:
    """One request: the moment it is for, and what it works with."""

    settings: DoorSettings
    now: datetime
    client: Callable[[str], Any] = client_of
    memory: dict[str, Any] = field(default_factory=dict)

    @property
    def time(self) -> float:
        return self.now.timestamp()

    @property
    def seats(self) -> list[str]:
        """The seats that this door is for."""
        return " ".join(self.settings.seats.values()).split()

    @property
    def end(self) -> datetime:
        """When the workshop ends, by the workshop's clock."""
        return self.local(datetime.fromisoformat(self.settings.end))

    @property
    def is_over(self) -> bool:
        return self.now >= self.end

    @property
    def gives_saved_work(self) -> bool:
        """Whether saved work is given out at this moment."""
        until = self.settings.saved_until
        return not self.is_over or not until or self.now < datetime.fromisoformat(until)

    def local(self, moment: datetime) -> datetime:
        """Return a moment by the workshop's clock."""
        return moment.astimezone(timezone(timedelta(minutes=self.settings.zone)))

    def remembered(self, name: str, seconds: float, read: Callable[[], Any]) -> Any:
        """Return what ``read`` gives, or gave no longer ago than that."""
        at, value = self.memory.get(name, (None, None))
        if at is None or not 0 <= self.time - at < seconds:
            value = read()
            self.memory[name] = (self.time, value)
        return value


def now_of(event: dict[str, Any]) -> datetime:
    """Return the present moment: the request's own time, where a clock is behind it."""
    now = datetime.fromtimestamp(time.time(), UTC)
    epoch = event.get("requestContext", {}).get("timeEpoch", 0)
    return max(now, datetime.fromtimestamp(epoch / 1000, UTC))
