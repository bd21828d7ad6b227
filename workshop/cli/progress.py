"""How far long work is: a bar on a terminal, in a pipe a line for each part that has ended."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from workshop.cli import console

_PAUSES = 6
"""After so many pauses of five seconds it is said that something is waited for."""


def saying_pause(waited_for: Callable[[], str]) -> Callable[[float], bool]:
    """Return a pause that says every half minute what is ``waited_for``; it never ends early."""
    pauses, never = itertools.count(1), threading.Event()

    def pause(seconds: float) -> bool:
        if next(pauses) % _PAUSES == 0:
            console.say(f"waiting for {waited_for()} ...")
        return never.wait(seconds)

    return pause


class Progress:
    """Counts the parts that have ended, of ``total``; called from any thread."""

    def __init__(
        self,
        label: str,
        total: int,
        *,
        detail: Callable[[], str] = str,
        below: Callable[[], console.Renderable] = str,
    ) -> None:
        """Show ``detail`` behind the bar of a terminal, and ``below`` under it."""
        self._live = console.talks_to_terminal()
        self._bar = console.Bar(label)
        self._task = self._bar.add_task("", total=total)
        self._total, self._ended = total, 0
        self._detail, self._below = detail, below
        self._lock = threading.Lock()

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Keep the bar on the screen while the block runs."""
        if self._live:
            with console.live(self.render):
                yield
        else:
            yield

    def end(self, line: str, *, counts: bool = True, good: bool = True) -> None:
        """Tell that a part has ended; where a bar shows the good ones, only of a bad one."""
        with self._lock:
            self._ended += counts
            self._bar.advance(self._task, int(counts))
            if not self._live:
                console.say(f"{self._ended}/{self._total} {line}" if counts else line)
            elif not good:
                console.say(line)

    def render(self) -> console.Renderable:
        """Return what a terminal shows now."""
        self._bar.update(self._task, description=self._detail())
        return console.above(self._bar, self._below())
