"""How far a deploy or teardown of the environment is, and the timeline of its day: the ledger's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any

from workshop.counting import count_of
from workshop.ledger import LedgerRun

SILENT = timedelta(minutes=20)
"""After so long without a line a run was broken off: a stack takes less."""


@dataclass(frozen=True)
class DayLine:
    """Something that happened at a moment."""

    at: datetime
    what: str


def running(runs: Iterable[LedgerRun], now: datetime) -> Iterator[str]:
    """Return a sentence for each run that has not ended."""
    for run in runs:
        if run.ended is not None or not run.lines or now - run.last > SILENT:
            continue
        yield f"{run.command} by {run.who} since {_minutes(now - run.began)} min: {_far(run)}"


def _far(run: LedgerRun) -> str:
    whats = [str(line.get("what", "")) for line in run.lines]
    done, failed = whats.count("seat done"), whats.count("seat failed")
    stacks = whats.count("done")
    if done or failed or stacks or "seats" in run.given:
        seats = count_of(done, "seat")
        if "seats" in run.given:
            seats = f"{done} of {count_of(int(run.given['seats']), 'seat')}"
        return f"{seats} done, {failed} failed, {count_of(stacks, 'stack')}"
    steps = [line for line in run.lines if line.get("step")]
    if not steps:
        return "begins"
    return ": ".join(filter(None, (str(steps[-1]["step"]), str(steps[-1].get("message", "")))))


def day(
    runs: Sequence[LedgerRun],
    messages: Iterable[dict[str, Any]],
    watch: Iterable[DayLine],
    since: datetime,
) -> list[DayLine]:
    """Return what happened since a moment, the latest first."""
    lines = list(watch)
    for run in runs:
        lines.append(DayLine(run.began, f"{run.command} begins, by {run.who}{_given(run)}"))
        lines += [
            DayLine(
                datetime.fromisoformat(line["at"]),
                ": ".join(
                    filter(None, (line.get("seat", ""), line["what"], line.get("message", "")))
                ),
            )
            for line in run.lines
            if line.get("what") in ("seat failed", "stopped", "left outside")
        ]
        if run.ended is not None:
            words = ", ".join(f"{key} {value}" for key, value in _plain(run.ended))
            lines.append(DayLine(run.last, f"{run.command} ends: {words or 'done'}"))
    for message in messages:
        whom = ", ".join(message.get("seats") or ("everybody",))
        at = datetime.fromtimestamp(float(message["time"]), since.tzinfo)
        lines.append(DayLine(at, f"{whom} was told: {message['text']}"))
    # Of what happened in the same millisecond, what was noted last is the latest.
    lines.sort(key=lambda line: line.at)
    return [line for line in reversed(lines) if line.at >= since]


def midnight(now: datetime, zone: tzinfo | None) -> datetime:
    """Return when the day of the workshop's place began."""
    return now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)


def _given(run: LedgerRun) -> str:
    only = run.given.get("only")
    return f": {', '.join(map(str, only))}" if isinstance(only, list) else ""


def _plain(ended: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    return ((key, value) for key, value in ended.items() if isinstance(value, str | int))


def _minutes(passed: timedelta) -> int:
    return max(passed, timedelta()) // timedelta(minutes=1)
