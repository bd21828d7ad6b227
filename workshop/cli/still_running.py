"""What runs of a workshop when notebooks have been stopped or started, and what it costs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from workshop.aws import places
from workshop.cli import console
from workshop.cli.context import CommandContext
from workshop.counting import and_more, count_of
from workshop.pricing import billing
from workshop.pricing.prices import Cost
from workshop.status import ending
from workshop.status.collector import StatusScan
from workshop.status.report import ABSENT, NO_NOTEBOOK, Count, StatusRow

_FREE = ("stacks", "notebook logs")
"""What costs nothing, so that nothing is unknown of the cost where it could not be read."""


_NAMED = 5
"""So many endpoints and jobs are named, the dearest first."""


def say(found: CommandContext, seen: StatusScan, heading: str) -> None:
    """Say in a line what runs, what that costs, and how to see and to end it."""
    for unread in places.unread(found.loaded, seen.unknown, without=_FREE):
        console.warn(unread)
    running = seen.totals.running
    counts = {
        "notebook": _notebooks(seen),
        "EC2 instance": _boxes(seen),
        "endpoint": seen.totals.endpoints,
        "job": _jobs(seen),
    }
    if all(row.box == NO_NOTEBOOK for row in seen.rows):
        del counts["EC2 instance"]
    if not any(count is None or count for count in counts.values()) and running == Cost():
        console.say(f"{heading}: nothing of these seats")
    else:
        known = _known(seen.rows)
        running_now = ", ".join(_number(count, known[noun], noun) for noun, count in counts.items())
        cure = f"see: {found.command('status')}"
        at_work = [row.seat for row in seen.rows if _works(row)]
        if at_work:
            sweep = found.command_for("sweep", at_work)
            cure += f"; end jobs and endpoints, and delete what these seats made, with: {sweep}"
        console.say(f"{heading}: {running_now}, {running.per_hour}; {cure}")
    _say_works(found, seen)
    for row in seen.strays:
        if row.running != Cost():
            console.say(f"and of {row.seat}, who is off the roster: {row.running.per_hour}")
    for other in seen.unattributed:
        console.say(f"and of nobody on the roster in {other.account_region}: {other.cost.per_hour}")


def _say_works(found: CommandContext, seen: StatusScan) -> None:
    """Name the endpoints and jobs, each with the command that ends it alone."""
    chosen = {row.seat for row in seen.rows}
    works = [
        running_work
        for running_work in ending.running(found.loaded, seen)
        if running_work.seat in chosen
    ]
    for work in works[:_NAMED]:
        own = found.loaded.settings.accounts.are_own
        end = found.loaded.command("end", work.work.name, *(("--only", work.seat) if own else ()))
        console.say(f"  {work.title}, {work.cost.per_hour}; end it alone with: {end}")
    if len(works) > _NAMED:
        console.say(f" {and_more(len(works) - _NAMED)}, none of which costs more")


def document(seen: StatusScan) -> dict[str, Any]:
    """Return the same for programs; None is what could not be read."""
    return {
        "notebooks": _notebooks(seen),
        "boxes": _boxes(seen),
        "endpoints": seen.totals.endpoints,
        "jobs": _jobs(seen),
        "usd_per_hour": seen.totals.running.document,
        "off_roster": {row.seat: row.running.document for row in seen.strays},
        "of_no_seat": [other.cost.document for other in seen.unattributed],
        "calls": dict(seen.calls),
    }


def _notebooks(seen: StatusScan) -> Count:
    """Return how many have a machine, on its way up or down as well."""
    up = 0
    for row in seen.rows:
        if row.notebook is None:
            return None
        up += row.notebook not in ABSENT and billing.notebook_has_machine(row.notebook)
    return up


def _boxes(seen: StatusScan) -> Count:
    """Return how many EC2 instances have a machine."""
    up = 0
    for row in seen.rows:
        if row.box is None:
            return None
        up += row.box not in ABSENT and billing.box_has_machine(row.box)
    return up


def _jobs(seen: StatusScan) -> Count:
    counts = list(seen.totals.jobs.values())
    return None if None in counts else sum(count or 0 for count in counts)


def _works(row: StatusRow) -> bool:
    return bool(row.endpoints) or any(row.jobs.values())


def _known(rows: Sequence[StatusRow]) -> dict[str, int]:
    """Return how many there are of each where that could be read."""
    notebooks = [row.notebook for row in rows if row.notebook not in (None, *ABSENT)]
    boxes = [row.box for row in rows if row.box not in (None, *ABSENT)]
    return {
        "notebook": sum(
            billing.notebook_has_machine(notebook) for notebook in notebooks if notebook
        ),
        "EC2 instance": sum(billing.box_has_machine(box) for box in boxes if box),
        "endpoint": sum(row.endpoints or 0 for row in rows),
        "job": sum(count or 0 for row in rows for count in row.jobs.values()),
    }


def _number(count: Count, known: int, noun: str) -> str:
    if count is None:
        return f"at least {count_of(known, noun)}" if known else f"an unknown number of {noun}s"
    return count_of(count, noun)
