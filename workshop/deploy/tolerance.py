"""How many seats may fail before no new ones are begun."""

from __future__ import annotations


class FailureTolerance:
    """Counts the failed seats of one place.

    As with CloudFormation StackSets' failure tolerance, the part is one of all seats to be done
    there, rounded down: 30 of 100, none of 3. Nothing counts before ``begin``, when the first seat
    has come up: until then one fails after the other without others being begun.
    """

    def __init__(self, seats: int, percent: int) -> None:
        self._allowed = seats * percent // 100
        self._percent = percent
        self._counts = False
        self._failed: set[str] = set()

    def begin(self) -> None:
        """Failures count from now on."""
        self._counts = True

    def failed(self, seat: str) -> bool:
        """Count a seat; whether it is one too many."""
        if self._counts:
            self._failed.add(seat)
        return len(self._failed) > self._allowed

    @property
    def told(self) -> str:
        """Why no new seats are begun."""
        count = len(self._failed)
        failed = "1 seat has failed" if count == 1 else f"{count} seats have failed"
        return (
            f"{failed}, more than {self._percent} % of all; no new ones are begun. Mend the cause"
            " and run the command again"
        )
