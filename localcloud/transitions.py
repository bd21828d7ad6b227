"""How long the transitions of the local cloud take."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from localcloud.errors import LocalCloudError

TRANSITIONS: Mapping[str, float] = {
    "notebook": 1.5,
    "training": 4.0,
    "processing": 4.0,
    "transform": 4.0,
    "tuning": 8.0,
    "automl": 8.0,
    "compilation": 2.0,
    "endpoint": 3.0,
    "inference_component": 2.0,
    "model_package": 1.0,
    "pipeline": 4.0,
    "feature_group": 1.0,
    "tracking_server": 3.0,
    "mlflow_app": 3.0,
    "domain": 2.0,
    "app": 1.5,
    "instance": 1.5,
    "agent": 1.0,
    "stopping": 1.0,
    "tick": 1.0,
}
"""Seconds that each transition takes by default (minutes on AWS): how long a notebook stays
Pending, an EC2 instance pending, stopping or shutting-down, its SSM agent offline after a start, a
training job runs, a stop takes; ``tick`` is the time between two log lines of what runs (0: it
writes none)."""


@dataclass
class Delays:
    """Seconds per named transition; the names are those the resource tables use."""

    started_with: Mapping[str, float]
    current: dict[str, float] = field(init=False)
    changed: Callable[[], None] = field(default=lambda: None, init=False)
    """Called after a change, so that running transitions are scheduled again."""

    def __post_init__(self) -> None:
        self.reset()

    def __getitem__(self, name: str) -> float:
        return self.current[name]

    def set(self, wanted: Mapping[str, float]) -> None:
        """Change some; ``LocalCloudError`` for an unknown name or a negative number."""
        self.current.update(_checked(wanted))
        self.changed()

    def reset(self) -> None:
        """Return to the delays that the process was started with."""
        self.current = dict(self.started_with)


def delays(wanted: Mapping[str, float] | None = None) -> Delays:
    """Return the delays of a new local cloud: ``wanted`` over the defaults."""
    return Delays({**TRANSITIONS, **_checked(wanted or {})})


def _checked(wanted: Mapping[str, float]) -> dict[str, float]:
    given = {name: float(seconds) for name, seconds in wanted.items()}
    for name, seconds in given.items():
        if name not in TRANSITIONS:
            raise LocalCloudError(f"no transition '{name}'; known are: {', '.join(TRANSITIONS)}")
        if not seconds >= 0:
            raise LocalCloudError(f"'{name}' cannot take {seconds} seconds; give 0 or more")
    return given
