"""What a workshop has cost so far, as status knows it: AWS is asked for nothing more."""

from __future__ import annotations

from typing import Any

from workshop import events
from workshop.bill import bills, observation, record
from workshop.cli.context import CommandContext
from workshop.config.environment import LoadedEnvironment
from workshop.status.collector import StatusScan


def note(loaded: LoadedEnvironment, seen: StatusScan) -> None:
    """Keep what a status has seen of notebooks and endpoints, of which nothing else remains."""
    kept = record.read(loaded.name)
    record.write(observation.observed(loaded, seen.snapshots, kept, seen.at), loaded.name)


def sentences(work: CommandContext) -> list[str]:
    """Return the sum so far and how old what is known of jobs is; nothing before anything cost."""
    kept = record.read(work.loaded.name)
    if not kept.usages:
        return []
    jobs = "without jobs" if kept.jobs_at is None else f"jobs until {kept.jobs_at:%Y-%m-%d %H:%M}"
    made = bills.bill(work.loaded, kept, events.now())
    whole = work.loaded.command("bill")
    return [f"so far {made.total} USD, {jobs}; all of it: {whole}"]


def document(work: CommandContext) -> dict[str, Any]:
    """Return the same for programs; ``jobs_at`` of None is without jobs."""
    kept = record.read(work.loaded.name)
    made = bills.bill(work.loaded, kept, events.now())
    return {
        "usd": made.total.document,
        "jobs_at": kept.jobs_at and kept.jobs_at.isoformat(timespec="seconds"),
    }
