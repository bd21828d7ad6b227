"""Operation preferences: how many at a time, and how many failures are borne."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from localcloud.protocol.requests import refuse_unplayed
from localcloud.stacksets.query import invalid

Preferences = dict[str, Any]

_ONE_OF_TWO = (
    ("FailureToleranceCount", "FailureTolerancePercentage"),
    ("MaxConcurrentCount", "MaxConcurrentPercentage"),
)


@dataclass(frozen=True)
class OperationPace:
    """The pace in one Region, counted in accounts."""

    concurrency: int
    tolerance: int
    strict: bool

    def limit(self, failed: int) -> int:
        """Return how many accounts may be worked on at a time after so many failures.

        Strict, the limit falls so that even if all that run fail, no more than one account fails
        beyond the tolerance. Beyond the tolerance nothing is started any more.
        """
        if failed > self.tolerance:
            return 0
        if self.strict:
            return min(self.concurrency, self.tolerance + 1 - failed)
        return self.concurrency


def check(preferences: Preferences) -> None:
    """Raise ``ApiError`` for preferences that contradict each other or are not played."""
    for count, percentage in _ONE_OF_TWO:
        if count in preferences and percentage in preferences:
            raise invalid(f"You can specify either {count} or {percentage}, but not both")
    unplayed = ("RegionOrder", "RegionConcurrencyType")
    refuse_unplayed("CloudFormation", "OperationPreferences", preferences, *unplayed)


def pace(preferences: Preferences, accounts: int) -> OperationPace:
    """Return the pace for so many accounts in a Region; percentages are rounded down.

    By default one account at a time and no failure. At least one account is worked on at a time,
    however small the percentage.
    """
    share = preferences.get("FailureTolerancePercentage", 0)
    tolerance = preferences.get("FailureToleranceCount", accounts * share // 100)
    concurrency = preferences.get("MaxConcurrentCount", 1)
    if "MaxConcurrentPercentage" in preferences:
        concurrency = max(1, accounts * preferences["MaxConcurrentPercentage"] // 100)
    mode = preferences.get("ConcurrencyMode", "STRICT_FAILURE_TOLERANCE")
    return OperationPace(concurrency, tolerance, mode == "STRICT_FAILURE_TOLERANCE")
