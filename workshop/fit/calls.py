"""What a lab asks of AWS, as far as its code says it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

# Parts of a text that only the seat will know. No name of AWS's holds a brace.
UNKNOWN = "{?}"
REGION = "{region}"
ACCOUNT = "{account}"
BUCKET = "{bucket}"
"""The seat's own bucket, whichever that is."""
ROLE = "{role}"

_REGIONAL = re.compile(r"(?:sagemaker-sample-data|[a-z-]+-prod)-\{\?\}")
"""Buckets of AWS's that each Region has, where the code does not say which Region."""

_VERSION = r"[=<>~!]=?[0-9][0-9a-z.*]{0,15}"
_RELEASE = re.compile(
    rf"sagemaker[a-z-]{{0,30}}(?:\[[a-z0-9,-]{{1,40}}\])?(?:{_VERSION}(?:,{_VERSION}){{0,4}})?"
)

INSTANCE_TYPE = re.compile(r"ml\.[a-z][a-z0-9-]{0,15}\.[a-z0-9]{1,12}")


@dataclass(frozen=True, order=True)
class Place:
    """Where in the labs something stands: a cell of a notebook, or a line of a program."""

    file: str
    cell: int = 0
    line: int = 0

    def __str__(self) -> str:
        if self.cell:
            return f"{self.file} cell {self.cell}"
        return f"{self.file} line {self.line}" if self.line else self.file


@dataclass(frozen=True)
class LabCall:
    """One request, with what of it a policy can see.

    ``use`` is training, processing, transform or endpoint where machines are asked for;
    ``untyped``: it asks for machines, of a type that the code does not say. ``keep_alive`` and
    ``max_run`` are seconds, None where the request does not name them, and ``bucket`` a name with
    placeholders, empty where there is none or it is not known. ``closed_kind`` names a feature of
    AWS's that makes the request closed whatever the policies say.
    """

    action: str
    place: Place
    use: str = ""
    types: tuple[str, ...] = ()
    count: int = 1
    untyped: bool = False
    keep_alive: int | None = None
    max_run: int | None = None
    serverless: tuple[int, int] | None = None
    """Concurrency and memory in MB."""
    spot: bool = False
    remote_debug: bool = False
    file_system: bool = False
    bucket: str = ""
    closed_kind: str = ""
    by_command: bool = False
    """Whether a program asks for it that is not Python, where names stay as they are written."""

    @property
    def service(self) -> str:
        return self.action.partition(":")[0]


@dataclass
class LabFindings:
    """All that was read: calls, and facts that are no calls but that somebody has to know."""

    calls: list[LabCall] = field(default_factory=list)
    facts: set[tuple[str, str, Place]] = field(default_factory=set)
    """Kind, detail and place: see :mod:`workshop.fit.remarks`. A detail is never a line of code."""
    loose_types: list[tuple[str, str, Place]] = field(default_factory=list)
    """Instance types that stand in no request, with the name that holds them."""
    unread: list[Place] = field(default_factory=list)
    """Cells that are no Python that can be read."""

    def add(self, call: LabCall) -> None:
        self.calls.append(call)

    def tell(self, kind: str, detail: str, place: Place) -> None:
        self.facts.add((kind, detail, place))


def instance_types(texts: Iterator[str] | tuple[str, ...]) -> tuple[str, ...]:
    """Return those of some texts that are instance types, each once."""
    return tuple(dict.fromkeys(text for text in texts if INSTANCE_TYPE.fullmatch(text)))


def release(word: str) -> str:
    """Return the package of SageMaker's that a requirement names, with its versions alone.

    What else stands there, such as an address, may hold a password. Empty for other packages.
    """
    found = _RELEASE.match(word)
    return found[0] if found else ""


def bucket_name(text: str) -> str:
    """Return a bucket's name; the seat's own is meant where nothing of it is known."""
    if _REGIONAL.fullmatch(text):
        return text.replace(UNKNOWN, REGION)
    return BUCKET if text in ("", UNKNOWN) else text
