"""What became of a cell: ok, denied, not played, failed or not reached, and why."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from botocore.exceptions import ClientError

from workshop.access.permissions import AccessQuestion
from workshop.aws import errors
from workshop.policies import closed_by_aws
from workshop.rehearse.openings import NOT_ITS_OWN

Result = Literal["ok", "denied", "not played", "failed", "not reached"]

NOT_PLAYED = "NotPlayedHere"
"""The local cloud's code for an operation that it does not have."""

DOCKER = "docker"
"""The service of a call that is none of AWS's: a command that the played docker refuses."""

MADE_UP = "made-up"
"""The service of a note that is no call: its operation is the address of data that is made up."""

_UNDEFINED = re.compile(r"name '(\w+)' is not defined")
_MISSING = re.compile(r"No module named '([\w.]+)'")
_DENIAL = re.compile(
    r"AccessDenied|not authorized to perform|explicit deny|Forbidden|\b403\b|access is forbidden",
    re.IGNORECASE,
)
_LINES = re.compile(
    r"^(?:import +(\w+) *$|import +[\w.]+ +as +(\w+)|from +[\w.]+ +import +(\w+) *$|(\w+) *=[^=])",
    re.MULTILINE,
)
_NO_DATA = re.compile(r"No (?:S3 )?objects found under (?:S3 URL )?\"?(s3://[^\s\"]+)")
_UNMADE = re.compile(r"'NoneType' object|not associated with|\bNo \w+ job\b")
"""Errors of code that goes on with what a failed cell left half made."""
_ABSENT = re.compile(r"NotFound|NoSuch|Could not find|can't find|does not exist|doesn't exist")
_MAGIC = re.compile(r"^\s*[%!].*$", re.MULTILINE)


@dataclass(frozen=True)
class RecordedCall:
    """One answer of AWS to a cell's code."""

    service: str
    operation: str
    code: str = ""
    status: int = 0
    message: str = ""
    by_kernel: bool = True
    """Not by a program that the cell started."""

    @property
    def name(self) -> str:
        return f"{self.service}:{self.operation}"

    @property
    def denied(self) -> bool:
        if not self.code:
            return False
        answer: Any = {
            "Error": {"Code": self.code, "Message": self.message},
            "ResponseMetadata": {"HTTPStatusCode": self.status},
        }
        return errors.is_denied(ClientError(answer, self.operation))

    @property
    def not_played(self) -> bool:
        return self.code == NOT_PLAYED


@dataclass(frozen=True)
class Refusal:
    """A question that IAM refused, which statement decided, and the key that opens it."""

    question: AccessQuestion
    by: str = ""
    key: str = ""


@dataclass(frozen=True)
class CellRun:
    """How a cell ended, as the program that ran it tells."""

    notebook: str
    number: int
    status: str
    name: str = ""
    text: str = ""
    source: str = ""
    calls: tuple[RecordedCall, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True)
class CellOutcome:
    """The judgement of one cell; ``because`` is the earlier cell that it failed with."""

    notebook: str
    number: int
    result: Result
    why: str = ""
    calls: tuple[RecordedCall, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    because: int | None = None
    seconds: float = 0.0

    @property
    def calls_aws(self) -> bool:
        return any(call.service not in (DOCKER, MADE_UP) for call in self.calls)


@dataclass
class NotebookJudge:
    """Judges the cells of one notebook one after the other."""

    lost: dict[str, int] = field(default_factory=dict)
    """Names that a cell that failed would have defined -> its number."""
    half_made: dict[str, int] = field(default_factory=dict)
    """Names of what a cell that failed had set or asked to do something -> its number."""

    def judge(self, run: CellRun, refusals: Sequence[Refusal] = ()) -> CellOutcome:
        result, why, because = self._judged(run)
        if result in ("failed", "denied") and because is None:
            result, why, because = self._follows(run, refusals) or (result, why, because)
        if result != "ok":
            root = because or run.number
            for name in defined(run.source):
                self.lost.setdefault(name, root)
            for name in acted_on(run.source):
                self.half_made.setdefault(name, root)
        else:
            for name in defined(run.source):
                self.lost.pop(name, None)
                self.half_made.pop(name, None)
        return CellOutcome(
            notebook=run.notebook,
            number=run.number,
            result=result,
            why=why,
            calls=run.calls,
            refusals=decisive(run, refusals),
            because=because,
            seconds=run.seconds,
        )

    def _follows(self, run: CellRun, refusals: Sequence[Refusal]) -> tuple[Result, str, int] | None:
        """Judge a cell that goes on with what an earlier one left half made; None for others."""
        used = loaded(run.source)
        absent = bool(refusals) and all(refusal.key == NOT_ITS_OWN for refusal in refusals)
        error = f"{run.name}: {run.text}"
        if not (absent or _UNMADE.search(error) or _ABSENT.search(error)):
            return None
        for name, cell in self.half_made.items():
            if name in used:
                return "failed", f"{name} is not what cell {cell} should have made it", cell
        return None

    def _judged(self, run: CellRun) -> tuple[Result, str, int | None]:
        if run.status == "ok":
            return _of_programs(run)
        if run.status == "error":
            undefined = _UNDEFINED.search(run.text) if run.name == "NameError" else None
            if undefined and undefined[1] in self.lost:
                cell = self.lost[undefined[1]]
                return "failed", f"{undefined[1]} is missing because of cell {cell}", cell
            return _of_error(run)
        if run.status == "timeout":
            return "failed", f"it took more than {run.seconds:.0f} s", None
        if run.status == "dead":
            return "failed", "the kernel died: out of memory or processes, or ended by itself", None
        return "not reached", "the time was over, or the kernel was gone", None


def decisive(run: CellRun, refusals: Sequence[Refusal]) -> tuple[Refusal, ...]:
    """Return the refusals that a cell ended with, where its error names their actions; else all."""
    named = [refusal for refusal in refusals if refusal.question.action in run.text]
    return tuple(named or refusals)


def _of_error(run: CellRun) -> tuple[Result, str, None]:
    """Judge a cell that an exception ended."""
    denied = [call for call in run.calls if call.denied]
    unplayed = [call for call in run.calls if call.not_played]
    error = f"{run.name}: {run.text}"
    if NOT_PLAYED in error or not all(call.by_kernel for call in unplayed):
        return "not played", _calls(unplayed) or error, None
    if denied and (_DENIAL.search(error) or not all(call.by_kernel for call in denied)):
        # Others were denied as well, and the code lived with that.
        named = [call for call in denied if f" {call.operation} operation" in error]
        return "denied", _calls(named or denied[-1:]), None
    for call in _closed(run.calls):
        return "denied", f"{call.name}: {closed_by_aws.reason(call.name)}", None
    empty = _NO_DATA.search(run.text)
    if empty:
        why = f"no data at {empty[1]}; --data DIR puts samples into the seat's bucket"
        return "failed", why, None
    missing = _MISSING.search(run.text)
    if missing and run.name in ("ModuleNotFoundError", "ImportError"):
        return "failed", f"module missing: {missing[1]}", None
    return "failed", error.partition("\n")[0][:300], None


def _closed(calls: Sequence[RecordedCall]) -> list[RecordedCall]:
    """Return the calls that failed because AWS closed them to new customers, whatever IAM says."""
    return [call for call in calls if call.code and closed_by_aws.reason(call.name)]


def _of_programs(run: CellRun) -> tuple[Result, str, None]:
    """Judge a cell that raised nothing: what a program of it was refused ends no cell."""
    denied = [call for call in run.calls if call.denied]
    unplayed = [call for call in run.calls if call.not_played]
    lost = [call for call in denied if not call.by_kernel]
    if lost:
        return "denied", _calls(lost), None
    lost = [call for call in unplayed if not call.by_kernel]
    if lost:
        return "not played", _calls(lost), None
    if denied:
        return "ok", f"the code goes on without {_calls(denied)}", None
    made_up = dict.fromkeys(call.operation for call in run.calls if call.service == MADE_UP)
    return "ok", f"on made-up data: {', '.join(made_up)}" if made_up else "", None


def _calls(calls: Sequence[RecordedCall]) -> str:
    return ", ".join(dict.fromkeys(call.name for call in calls))


def defined(source: str) -> set[str]:
    """Return the names that a cell's code defines.

    Lines of IPython's own (``%pip``, ``!ls``) are left out; of what is no Python, not this one's at
    least, those of lines that look like it count.
    """
    try:
        tree = ast.parse(_MAGIC.sub("pass", source))
    except (SyntaxError, ValueError, RecursionError):
        return {name for found in _LINES.findall(source) for name in found if name}
    found: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()):
                found.add(name)
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                found |= {each.asname or each.name.partition(".")[0] for each in names}
    return found


def acted_on(source: str) -> set[str]:
    """Return the names that a cell's code sets or calls methods of, but for what it imports."""
    tree = _parsed(source)
    found: set[str] = set()
    imported: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()):
                found.add(name)
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name))):
                found.add(name)
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                imported |= {each.asname or each.name.partition(".")[0] for each in names}
    return found - imported


def loaded(source: str) -> set[str]:
    """Return the names that a cell's code uses."""
    return {
        node.id
        for node in ast.walk(_parsed(source))
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }


def _parsed(source: str) -> ast.Module:
    """Return the Python of a cell; an empty one for what is none."""
    try:
        return ast.parse(_MAGIC.sub("pass", source))
    except (SyntaxError, ValueError, RecursionError):
        return ast.Module([], [])


def summary(outcomes: Sequence[CellOutcome]) -> Mapping[str, int]:
    """Return how many cells call AWS, and how many of these and of all have each result."""
    counts = {
        result: sum(outcome.result == result for outcome in outcomes)
        for result in ("ok", "denied", "not played", "failed", "not reached")
    }
    calling = [outcome for outcome in outcomes if outcome.calls_aws]
    return {
        **counts,
        "cells": len(outcomes),
        "calling AWS": len(calling),
        "calling AWS and ok": sum(outcome.result == "ok" for outcome in calling),
    }
