"""How fast the local cloud pretends to be."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_NOTEBOOK_DELAY = 1.5
"""Seconds a notebook instance stays Pending, Stopping, Updating or Deleting (minutes on AWS)."""


@dataclass
class Delays:
    """Seconds per named passage; the names are those the resource tables use."""

    started_with: Mapping[str, float]
    current: dict[str, float] = field(init=False)

    def __post_init__(self) -> None:
        self.reset()

    def __getitem__(self, name: str) -> float:
        return self.current[name]

    def reset(self) -> None:
        """Back to what the process was started with."""
        self.current = dict(self.started_with)


def delays(notebook: float = DEFAULT_NOTEBOOK_DELAY) -> Delays:
    """Give the delays of a new local cloud."""
    return Delays({"notebook": notebook})
