"""YAML that remembers its lines and means what it looks like.

PyYAML reads YAML 1.1, where ``no`` is false, ``012345678901`` an octal number, ``12:30`` a number
to base 60 and ``1.10`` the number 1.1. Here a plain scalar is a truth value only as ``true`` or
``false``, a whole number only without leading zeros, nothing as ``null`` or ``~``, and text
otherwise. Everything whose meaning cannot be read off the page (repeated keys, anchors, merge
keys, tags, further documents) is refused with its line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml
from yaml.events import (
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

MAX_DEPTH = 40
"""Nesting beyond this is a mistake or an attack; our deepest path has 7 levels."""

MAX_BYTES = 4_000_000
"""Two thousand roster rows of two kilobytes each; a larger file is something else."""

_MAX_DIGITS = 100
"""Python refuses to read numbers of thousands of digits."""

_WHOLE = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
# The last three break lines for PyYAML, but not for editors, which would count differently.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x85\u2028\u2029]")
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_TRUTHS = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a document: a line counted from 1, the path of keys, and a sentence.

    The sentence never repeats the document's own text: a roster's text is personal.
    """

    line: int
    path: tuple[str | int, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Scalar:
    """One plain or quoted value; ``start`` and ``end`` are offsets into the text."""

    line: int
    text: str
    start: int
    end: int
    quoted: bool

    @property
    def value(self) -> str | int | bool | None:
        """The value under the rules above."""
        if self.quoted:
            return self.text
        if self.text in _NULLS:
            return None
        if self.text in _TRUTHS:
            return _TRUTHS[self.text]
        if len(self.text) <= _MAX_DIGITS and _WHOLE.fullmatch(self.text):
            return int(self.text)
        return self.text


@dataclass(frozen=True, slots=True)
class List:
    """A list."""

    line: int
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Keys and values; ``flow`` tells ``{a: b}`` from lines of ``a: b``.

    ``start`` is the offset of the first key (of ``{`` in flow style), ``column`` its column from 0.
    """

    line: int
    entries: dict[str, tuple[Scalar, Node]]
    flow: bool
    start: int
    column: int


Node = Scalar | List | Table


@dataclass(frozen=True)
class Document:
    """A document that could be read, perhaps with faults (a repeated key) beside it."""

    root: Node
    faults: tuple[Fault, ...] = ()

    @property
    def data(self) -> Any:
        """The document as dicts, lists and scalars; keys are always text."""
        return _plain(self.root)

    def line(self, path: Sequence[str | int], *, key: bool = False) -> int:
        """The line of what ``path`` leads to, or of the deepest part of it that is there.

        With ``key`` the line of the key itself instead of its value's.
        """
        node, line = self.root, self.root.line
        for depth, part in enumerate(path):
            if isinstance(node, Table) and part in node.entries:
                name, child = node.entries[str(part)]
                # A section is found by its key; a scalar may stand on a later line than its key.
                is_last = depth == len(path) - 1
                line = (
                    name.line if not isinstance(child, Scalar) or (key and is_last) else child.line
                )
                node = child
            elif isinstance(node, List) and isinstance(part, int) and part < len(node.items):
                node = node.items[part]
                line = node.line
            else:
                break
        return line


class UnreadableError(Exception):
    """The text is no YAML document at all; ``faults`` says why."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__(*faults)
        self.faults = faults


def read(path: Path) -> str:
    """The text of a configuration file; raises :class:`UnreadableError` with the line."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        told = f"cannot be read ({error.strerror}); check the path and its permissions"
        raise UnreadableError(Fault(1, (), told)) from None
    if len(raw) > MAX_BYTES:
        told = f"is larger than {MAX_BYTES // 1_000_000} MB; check that it is the right file"
        raise UnreadableError(Fault(1, (), told))
    return decode(raw)


def decode(raw: bytes) -> str:
    """``raw`` as text without a byte order mark; raises :class:`UnreadableError` with the line."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UnreadableError(Fault(1, (), "is UTF-16 text; save the file as UTF-8"))
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise UnreadableError(
            Fault(line, (), "is not UTF-8 text; save the file as UTF-8")
        ) from None
    control = _CONTROL.search(text)
    if control:
        line = text.count("\n", 0, control.start()) + 1
        raise UnreadableError(Fault(line, (), "holds a control character; remove it"))
    return text


def parse(text: str) -> Document:
    """Read one document; raises :class:`UnreadableError` when there is none to be read."""
    builder = _Builder(yaml.parse(text, Loader=yaml.SafeLoader))
    try:
        root = builder.document()
    except yaml.MarkedYAMLError as error:
        raise UnreadableError(*builder.faults, _syntax_fault(error)) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        fault = Fault(line, (), "holds a character that YAML does not allow; remove it")
        raise UnreadableError(fault) from None
    return Document(root, tuple(builder.faults))


def _plain(node: Node) -> Any:
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, List):
        return [_plain(item) for item in node.items]
    return {key: _plain(child) for key, (_, child) in node.entries.items()}


class _Builder:
    """Turns PyYAML's events into nodes; faults that leave the rest readable are collected."""

    def __init__(self, events: Iterator[Event]) -> None:
        self._events = events
        self.faults: list[Fault] = []

    def document(self) -> Node:
        root: Node | None = None
        for event in self._events:
            if isinstance(event, DocumentStartEvent):
                if root is not None:
                    fault = Fault(_line(event), (), "begins a second document; keep one in a file")
                    self.faults.append(fault)
                    break
                root = self._node(next(self._events), ())
        if root is None or (isinstance(root, Scalar) and not root.quoted and not root.text):
            raise UnreadableError(Fault(1, (), "is empty; write at least the keys it must have"))
        return root

    def _node(self, event: Event, path: tuple[str | int, ...]) -> Node:
        if len(path) > MAX_DEPTH:
            fault = Fault(_line(event), path[:3], "is nested too deep; write it flatter")
            raise UnreadableError(*self.faults, fault)
        if getattr(event, "anchor", None) is not None:
            self._fault(event, path, "is an anchor or alias ('&', '*'); write the values out")
        if getattr(event, "tag", None) is not None:
            self._fault(event, path, "has a tag ('!'); remove it, and put text in quotes")
        if isinstance(event, ScalarEvent):
            quoted = event.style is not None
            return Scalar(_line(event), event.value, *_span(event), quoted=quoted)
        if isinstance(event, SequenceStartEvent):
            return self._sequence(event, path)
        if isinstance(event, MappingStartEvent):
            return self._mapping(event, path)
        # An alias: the fault is noted, and nothing stands in its place.
        return Scalar(_line(event), "", *_span(event), quoted=False)

    def _sequence(self, event: SequenceStartEvent, path: tuple[str | int, ...]) -> List:
        items: list[Node] = []
        while not isinstance(inner := next(self._events), SequenceEndEvent):
            items.append(self._node(inner, (*path, len(items))))
        return List(_line(event), tuple(items))

    def _mapping(self, event: MappingStartEvent, path: tuple[str | int, ...]) -> Table:
        entries: dict[str, tuple[Scalar, Node]] = {}
        while not isinstance(inner := next(self._events), MappingEndEvent):
            key = self._node(inner, path)
            if not isinstance(key, Scalar):
                self._fault(inner, path, "has a list or keys in a key's place; write a word")
                self._node(next(self._events), path)
                continue
            child = self._node(next(self._events), (*path, key.text))
            if key.text == "<<" and not key.quoted:
                self._fault(inner, path, "has a merge key ('<<'); write the values out")
            elif key.text in entries:
                first = entries[key.text][0].line
                self.faults.append(
                    Fault(key.line, (*path, key.text), f"repeats line {first}; keep one of them")
                )
            else:
                entries[key.text] = (key, child)
        start = _start(event)
        return Table(_line(event), entries, bool(event.flow_style), start.index, start.column)

    def _fault(self, event: Event, path: tuple[str | int, ...], text: str) -> None:
        self.faults.append(Fault(_line(event), path, text))


def _line(event: Event) -> int:
    return _start(event).line + 1


def _start(event: Event) -> yaml.Mark:
    # Declared as optional, but the parser always sets it.
    return cast("yaml.Mark", event.start_mark)


def _span(event: Event) -> tuple[int, int]:
    return _start(event).index, cast("yaml.Mark", event.end_mark).index


# What PyYAML calls the problem -> what to do about it. The first match counts.
_SYNTAX = {
    r"character '\\t'": "is indented with a tab; use spaces",
    r"character '[@`%|>!&*]": (
        "begins with a character that YAML reserves; put the text in quotes"
    ),
    r"mapping values are not allowed": (
        "has a ':' where none can be; check its indentation and the line above, and put text that"
        " holds a ':' in quotes"
    ),
    r"could not find expected ':'": ("is neither 'key: value' nor a list's '- '; complete it"),
    r"expected <block end>": "does not line up with what stands above; check the indentation",
    r"unknown escape character": (
        "has a backslash that means nothing in double quotes; use single quotes"
    ),
}


def _syntax_fault(error: yaml.MarkedYAMLError) -> Fault:
    problem, context = error.problem or "", error.context or ""
    mark = error.problem_mark
    # Where something began says more than where it turned out to be incomplete.
    if error.context_mark and ("simple key" in context or "quoted" in context or "flow" in context):
        mark = error.context_mark
    text = "is no YAML; check the quotes and indentation"
    if "quoted" in context and "end of stream" in problem:
        text = "opens a quotation mark that is never closed"
    elif "flow" in context:
        text = "opens a bracket that is not closed, or misses a comma before the next entry"
    else:
        text = next((told for part, told in _SYNTAX.items() if re.search(part, problem)), text)
    return Fault(mark.line + 1 if mark else 1, (), text)
