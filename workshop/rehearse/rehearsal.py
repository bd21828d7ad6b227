"""Runs a workshop's notebooks as a seat and tells what became of each cell, as they end."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workshop.access.permissions import AccessQuestion
from workshop.config.models import Environment
from workshop.config.profiles import Profile
from workshop.naming import Names
from workshop.rehearse import enclosed, openings
from workshop.rehearse.enclosed import EnclosureLimits
from workshop.rehearse.judging import CellOutcome, CellRun, NotebookJudge, RecordedCall, Refusal
from workshop.rehearse.workbench import CALLS, Workbench

Refused = Mapping[str, Any]
"""A refusal as the local cloud tells it, see ``localcloud.process.refusals``."""

_TEXT = 2_000


@dataclass(frozen=True)
class SeatPermissions:
    """Whose permissions decide: the seat's names, its profile, the environment's settings."""

    names: Names
    profile: Profile
    settings: Environment

    def refusal(self, refused: Refused) -> Refusal:
        """Return what was refused with the statement that decides and the key that opens it."""
        question = AccessQuestion(
            action=str(refused["action"]),
            resource=str(refused["resource"]),
            context={**refused["context"], "aws:requestedregion": str(refused["region"])},
        )
        found = openings.of(question, self.names, self.profile, self.settings)
        decision = found.decision
        by = f"{decision.statement} ({decision.document})" if decision.statement else str(decision)
        return Refusal(question, "" if decision.allowed else by, found.key)

    def is_seat(self, refused: Refused) -> bool:
        return f":assumed-role/{self.names.role}/" in str(refused["principal"])


@dataclass(frozen=True)
class NotebookEvent:
    """A notebook that begins, that could not be run (``why``), or that was not reached."""

    notebook: str
    event: str
    why: str = ""


@dataclass(frozen=True)
class TimeLimits:
    """How long a cell and all of it may take, in seconds."""

    cell: float = 60.0
    all: float = 300.0


def run(
    bench: Workbench,
    notebooks: Sequence[str],
    *,
    folder: str,
    variables: Mapping[str, str],
    permissions: SeatPermissions,
    refused: Callable[[int], Sequence[Refused]],
    pace: TimeLimits,
    limits: EnclosureLimits,
) -> Iterator[NotebookEvent | CellOutcome]:
    """Yield the outcome of each cell; ``refused`` returns the refusals after a number.

    ``notebooks`` are paths in ``folder`` of the notebook's home; ``variables`` is the whole
    environment of the code.
    """
    spec = {
        "notebooks": list(notebooks),
        "content": bench.seen(f"home/ec2-user/SageMaker/{folder}"),
        "python": bench.python,
        "calls": bench.seen(CALLS),
        "cell_seconds": pace.cell,
        "seconds": pace.all,
    }
    (bench.root / "opt/rehearsal/notebooks.json").write_text(json.dumps(spec), encoding="utf-8")
    command = [
        *(sys.executable, "-I", f"{bench.programs}/notebooks.py"),
        bench.seen("opt/rehearsal/notebooks.json"),
    ]
    before = max((refusal["number"] for refusal in refused(0)), default=0)
    pending: list[Refused] = []

    def refusals(cell: Mapping[str, Any]) -> list[Refusal]:
        nonlocal before, pending
        new = refused(before)
        before = max((refusal["number"] for refusal in new), default=before)
        # The next cell runs already, and what it is refused is in the list.
        of_cell, pending = until(_seconds(cell.get("ended")), [*pending, *new])
        return [
            permissions.refusal(refusal)
            for refusal in _distinct(of_cell)
            if permissions.is_seat(refusal)
        ]

    with enclosed.running(
        command,
        variables,
        bench.root / "run",
        room=bench.room(),
        limits=limits,
        confined=bench.confined,
        folder=bench.seen("home/ec2-user/SageMaker"),
    ) as started:
        yield from judged(started.lines(), notebooks, refusals)
        code = started.process.wait()
        if started.ended or code:
            output = started.said().strip().splitlines() or [f"exit code {code}"]
            why = started.ended or output[-1]
            yield NotebookEvent("", "ended", why)


def judged(
    lines: Iterable[str],
    notebooks: Sequence[str],
    refusals: Callable[[Mapping[str, Any]], Sequence[Refusal]],
) -> Iterator[NotebookEvent | CellOutcome]:
    """Yield what the lines of the program that runs notebooks say, each cell judged.

    ``refusals`` returns what IAM refused a cell, which it gets as the program printed it.
    """
    judges: dict[str, NotebookJudge] = {}
    for line in lines:
        event = parsed(line)
        name = str(event.get("notebook", "")) if event else ""
        if event is None or name not in notebooks:
            continue
        if event.get("event") == "cell":
            judge = judges.setdefault(name, NotebookJudge())
            yield judge.judge(_cell(name, event), refusals(event))
        else:
            yield NotebookEvent(name, str(event.get("event")), str(event.get("why", ""))[:_TEXT])


def until(ended: float, refused: Sequence[Refused]) -> tuple[list[Refused], list[Refused]]:
    """Return the refusals up to a moment of the machine's clock, and the later ones."""
    earlier = [refusal for refusal in refused if not ended or refusal["at"] <= ended]
    return earlier, [refusal for refusal in refused if refusal not in earlier]


def parsed(line: str) -> dict[str, Any] | None:
    """Return a line as the program prints them; None for any other, which code may have forged."""
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) else None


def _cell(name: str, event: Mapping[str, Any]) -> CellRun:
    return CellRun(
        notebook=name,
        number=_number(event.get("cell")),
        status=str(event.get("status", "")),
        name=str(event.get("name", ""))[:_TEXT],
        text=str(event.get("text", ""))[:_TEXT],
        source=str(event.get("source", "")),
        calls=tuple(recorded(call, event.get("kernel")) for call in calls(event)),
        seconds=max(0.0, _seconds(event.get("ended")) - _seconds(event.get("began"))),
    )


def calls(cell: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the calls of a cell, as the program that ran it printed them."""
    found = cell.get("calls")
    return [call for call in (found if isinstance(found, list) else []) if isinstance(call, dict)]


def recorded(call: Mapping[str, Any], kernel: object = None) -> RecordedCall:
    """Return one of these; ``kernel`` is the process of the cell's kernel."""
    return RecordedCall(
        service=str(call.get("service", "")),
        operation=str(call.get("operation", "")),
        code=str(call.get("code", "")),
        status=_number(call.get("status")),
        message=str(call.get("message", ""))[:_TEXT],
        by_kernel=call.get("process") == kernel,
    )


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _seconds(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _distinct(refused: Sequence[Refused]) -> list[Refused]:
    """Return one refusal of each kind: labs ask again and again."""
    kinds = {
        (
            refusal["action"],
            refusal["resource"],
            json.dumps(refusal["context"], sort_keys=True),
        ): refusal
        for refusal in refused
    }
    return list(kinds.values())
