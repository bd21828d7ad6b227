"""The one clock of the local cloud, which tests can freeze and advance.

Every status that changes by itself is computed from it when it is read, so nothing sleeps
except CloudFormation's waits, and those wait on this clock.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class ClockClosedError(Exception):
    """The local cloud is shutting down, and every wait ends."""


class Clock:
    """Seconds since the epoch, shifted by ``offset`` or standing still."""

    def __init__(self, source: Callable[[], float] = time.time) -> None:
        self._source = source
        self._changed = threading.Condition()
        self._offset = 0.0
        self._frozen_at: float | None = None
        self._ticket = 0
        self._closed = False

    @property
    def frozen(self) -> bool:
        """Whether time stands still until it is advanced."""
        return self._frozen_at is not None

    @property
    def offset(self) -> float:
        """Seconds by which this clock runs ahead of the machine's."""
        return self._offset

    def now(self) -> float:
        """Return the time in seconds since the epoch, to the millisecond as in AWS's answers.

        A client would not return more digits as it got them.
        """
        moment = self._source() + self._offset if self._frozen_at is None else self._frozen_at
        return round(moment, 3)

    def advance(self, seconds: float) -> None:
        """Jump forward; ``seconds`` below zero is an error, since time never runs back."""
        if seconds < 0:
            raise ValueError("a clock is only ever advanced: give seconds of 0 or more")
        with self._changed:
            if self._frozen_at is None:
                self._offset += seconds
            else:
                self._frozen_at += seconds
            self._disturb()

    def freeze(self) -> None:
        """Stand still at the present moment."""
        with self._changed:
            self._frozen_at = self.now()
            self._disturb()

    def thaw(self) -> None:
        """Run on from the moment at which the clock stood."""
        with self._changed:
            if self._frozen_at is not None:
                self._offset = self._frozen_at - self._source()
                self._frozen_at = None
            self._disturb()

    def reset(self, offset: float = 0.0) -> None:
        """Run again, ``offset`` seconds ahead of the machine's time."""
        with self._changed:
            self._offset, self._frozen_at = offset, None
            self._disturb()

    def wake(self) -> None:
        """Wake every waiter, because something other than time changed."""
        with self._changed:
            self._disturb()

    def close(self) -> None:
        """End every wait, present and future, with ``ClockClosedError``."""
        with self._changed:
            self._closed = True
            self._disturb()

    def ticket(self) -> int:
        """Return a mark of the present state: taken before a read, passed to ``wait_until``."""
        return self._ticket

    def wait_until(self, moment: float, ticket: int) -> None:
        """Block until ``moment``, or until a change since ``ticket``.

        The caller looks again afterwards: a wake-up promises nothing.
        """
        with self._changed:
            while not self._closed and self._ticket == ticket and self.now() < moment:
                self._changed.wait(None if self.frozen else moment - self.now())
            if self._closed:
                raise ClockClosedError("the local cloud is stopping")

    def _disturb(self) -> None:
        self._ticket += 1
        self._changed.notify_all()
