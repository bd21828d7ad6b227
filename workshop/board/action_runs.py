"""Actions under way and done, each in a thread, for as long as the board runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

from botocore.exceptions import BotoCoreError, ClientError

from workshop import events
from workshop.aws import errors
from workshop.board.actions import ACTIONS, ActionWork, BoardAction
from workshop.board.reading import BoardSource
from workshop.config.roster import Seat
from workshop.errors import UsageError, WorkshopError
from workshop.ledger import Ledger

AT_ONCE = 4
COMMAND = "board"
"""What actions are known by in the ledger, with their names."""
MOST_KEPT = 200
MOST_LINES = 2_000


@dataclass
class ActionRun:
    """One action on some seats: what it has said, and whether it is done and went well."""

    number: int
    name: str
    action: BoardAction
    only: tuple[str, ...]
    words: Mapping[str, str]
    began: datetime
    lines: list[str] = field(default_factory=list)
    result: str = "running"
    digest: str = ""
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def is_running(self) -> bool:
        return not self.ended.is_set()

    def say(self, line: str) -> None:
        """Keep a line of what happens."""
        if len(self.lines) < MOST_LINES:
            self.lines.append(line)


@dataclass(frozen=True)
class EarlierAction:
    """An action of a board that has ended, as the ledger has it."""

    title: str
    only: tuple[str, ...]
    began: datetime
    result: str


class ActionRuns:
    """Begins actions; ``changed`` is called when one has ended."""

    def __init__(self, source: BoardSource, changed: Callable[[], object]) -> None:
        self._source, self._changed = source, changed
        self._pool = ThreadPoolExecutor(AT_ONCE, "action")
        self._numbers = count(1)
        self._lock = threading.Lock()
        self._runs: dict[int, ActionRun] = {}
        self._began = events.now()

    def begin(
        self, name: str, action: BoardAction, seats: tuple[Seat, ...], words: Mapping[str, str]
    ) -> ActionRun:
        """Begin an action, and return it; one that runs already is not begun twice.

        Raise UsageError for a swap beside another: two to one spare would lay the files of two
        people into its bucket before the roster refuses the second.
        """
        only = tuple(seat.id for seat in seats)
        with self._lock:
            for run in self._runs.values():
                if run.is_running and (run.name, run.only, run.words) == (name, only, words):
                    return run
                if run.is_running and action.for_one_seat and run.name == name:
                    raise UsageError(f"{run.only[0]}: {name} is under way; wait until it is done")
            run = ActionRun(next(self._numbers), name, action, only, words, events.now())
            self._runs[run.number] = run
            for old in list(self._runs)[:-MOST_KEPT]:
                if not self._runs[old].is_running:
                    del self._runs[old]
        self._pool.submit(self._do, run, seats)
        return run

    def get(self, number: int) -> ActionRun | None:
        """Return a run by its number, None for one that is not known."""
        return self._runs.get(number)

    def latest(self) -> list[ActionRun]:
        """Return all runs, the latest first."""
        return list(reversed(self._runs.values()))

    def earlier(self) -> list[EarlierAction]:
        """Return the actions of boards before this one that the ledger has, the latest first."""
        found = []
        for run in Ledger(self._source.known.name).runs():
            command, _, name = run.command.partition(" ")
            if command == COMMAND and name in ACTIONS and run.began < self._began:
                only = tuple(map(str, run.given.get("only", ())))
                result = str(run.ended.get("result")) if run.ended else "broken off with its board"
                found.append(EarlierAction(ACTIONS[name].title, only, run.began, result))
        return found[::-1][:MOST_KEPT]

    def close(self) -> None:
        """Wait for what is under way, and begin nothing more."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    @property
    def under_way(self) -> int:
        """Return how many actions are not done."""
        return sum(run.is_running for run in self._runs.values())

    def _do(self, run: ActionRun, seats: tuple[Seat, ...]) -> None:
        loaded = self._source.known
        ledger = Ledger(loaded.name)
        work = ActionWork(self._source, loaded, seats, run.words, run.say)
        result = "failed"
        try:
            ledger.begin(f"{COMMAND} {run.name}", only=list(run.only))
            run.action.does(work)
            result = "done" if work.good else "not all as asked"
        except WorkshopError as error:
            for line in error.lines():
                run.say(line.removeprefix("workshop: "))
        except (BotoCoreError, ClientError, OSError) as error:
            run.say(errors.reason(error))
        except Exception as error:
            run.say(f"this should not have happened: {error!r}")
            raise
        finally:
            ledger.end({"result": result})
            run.digest = work.digest
            run.result = result
            run.ended.set()
            self._changed()
