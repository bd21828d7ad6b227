"""What a rehearsal shows: a line for each cell as it ends, and a table of what matters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from workshop.cli import agreement, console
from workshop.counting import count_of
from workshop.errors import WorkshopError
from workshop.rehearse import judging
from workshop.rehearse.judging import CellOutcome, Refusal
from workshop.rehearse.rehearsal import NotebookEvent

_WRONG = ("denied", "failed", "not reached")


def follow(
    happening: Iterable[NotebookEvent | CellOutcome], notebooks: Sequence[str]
) -> tuple[list[CellOutcome], list[NotebookEvent]]:
    """Say what happens as it does; return how cells ended, and what happened to notebooks."""
    outcomes: list[CellOutcome] = []
    events: list[NotebookEvent] = []
    for event in happening:
        if isinstance(event, CellOutcome):
            outcomes.append(event)
        else:
            events.append(event)
        _progress(event, notebooks)
    return outcomes, events


def _progress(event: NotebookEvent | CellOutcome, notebooks: Sequence[str]) -> None:
    """Say that a notebook began, or that a cell went wrong."""
    if isinstance(event, NotebookEvent):
        if event.event == "began":
            at = notebooks.index(event.notebook) + 1
            console.say(f"{at}/{len(notebooks)} {event.notebook}")
        elif event.why:
            console.say(f"{event.notebook or 'the rehearsal'}: {event.why}")
    elif event.result in ("denied", "failed", "not played"):
        console.say(f"   cell {event.number}: {event.result}: {event.why}")


def agree() -> None:
    """Raise GuardError unless somebody agrees that the content's code is run."""
    agreement.require_yes(
        "Type yes to run it",
        nobody="nobody is there to agree, and nothing was run; agree with --run",
        refused="nothing was run; run the command again once you agree",
    )


def show(
    outcomes: Sequence[CellOutcome], events: Sequence[NotebookEvent], *, everything: bool
) -> None:
    """Print a row for each cell that calls AWS or is not ok, and the sums."""
    table = console.table("notebook", "cell", "result", "why", "by", "opened by")
    last = ""
    for outcome in outcomes:
        if not (everything or outcome.calls_aws or outcome.result != "ok"):
            continue
        some: Sequence[Refusal | None] = outcome.refusals if outcome.result == "denied" else ()
        rows = some or (None,)
        for index, refusal in enumerate(rows):
            table.add_row(
                outcome.notebook if outcome.notebook != last and not index else "",
                str(outcome.number) if not index else "",
                outcome.result if not index else "",
                _asked(refusal) if refusal else outcome.why,
                refusal.by if refusal else "",
                (refusal.key or "nothing") if refusal else "",
            )
            last = outcome.notebook
    console.print_table(table)
    for event in events:
        if event.event in ("broken", "not reached", "ended"):
            console.print_line(f"{event.notebook or 'the rehearsal'}: {event.event} {event.why}")
    counts = judging.summary(outcomes)
    results = ", ".join(
        f"{counts[name]} {name}"
        for name in ("ok", "denied", "not played", "failed", "not reached")
        if counts[name]
    )
    console.print_line(f"{count_of(counts['cells'], 'cell')}: {results or 'none'}")
    calling, good = counts["calling AWS"], counts["calling AWS and ok"]
    if calling:
        share = 100 * good // calling
        console.print_line(f"of those that call AWS: {good} of {calling} ok, {share} %")
    unplayed = _unplayed(outcomes)
    if unplayed:
        console.print_line(f"the local cloud does not play: {unplayed}")


def _asked(refusal: Refusal) -> str:
    return f"{refusal.question.action} on {refusal.question.resource}"


def _unplayed(outcomes: Sequence[CellOutcome]) -> str:
    counts: dict[str, int] = {}
    for outcome in outcomes:
        for name in {call.name for call in outcome.calls if call.not_played}:
            counts[name] = counts.get(name, 0) + 1
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return ", ".join(f"{name} ({count_of(count, 'cell')})" for name, count in ordered)


def document(
    outcomes: Sequence[CellOutcome], events: Sequence[NotebookEvent], sdk: str
) -> dict[str, Any]:
    """Return all of it as plain JSON values."""
    return {
        "sdk": sdk,
        "summary": dict(judging.summary(outcomes)),
        "cells": [
            {
                "notebook": outcome.notebook,
                "cell": outcome.number,
                "result": outcome.result,
                "why": outcome.why,
                "because_of_cell": outcome.because,
                "seconds": round(outcome.seconds, 2),
                "calls": [asdict(call) for call in outcome.calls],
                "refusals": [
                    {
                        "action": refusal.question.action,
                        "resource": refusal.question.resource,
                        "context": dict(refusal.question.context),
                        "by": refusal.by,
                        "opened_by": refusal.key,
                    }
                    for refusal in outcome.refusals
                ],
            }
            for outcome in outcomes
        ],
        "notebooks": [asdict(event) for event in events if event.event != "began"],
    }


def judge(outcomes: Sequence[CellOutcome], events: Sequence[NotebookEvent]) -> None:
    """Raise WorkshopError if any cell is denied or failed, or was not reached."""
    wrong = [outcome for outcome in outcomes if outcome.result in _WRONG]
    broken = [event for event in events if event.event in ("broken", "not reached", "ended")]
    if wrong or broken:
        cells = count_of(len(outcomes), "cell")
        raise WorkshopError(
            f"not all of it runs in a seat: {len(wrong)} of {cells} denied, failed or not reached"
        )
