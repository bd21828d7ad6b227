"""YAML that remembers its lines and means what it looks like.

PyYAML reads YAML 1.1, where ``no`` is false, ``012345678901`` an octal number, ``12:30`` a number
to base 60 and ``1.10`` the number 1.1. Here a plain scalar is a truth value only as ``true`` or
``false``, a whole number only without leading zeros, nothing as ``null`` or ``~``, and text
otherwise. Everything whose meaning cannot be read off the page (repeated keys, anchors, merge
keys, tags, further documents) is refused with its line.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from yaml.events import AliasEvent, Event, NodeEvent
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from workshop.config.diagnostics import Diagnostic

MAX_DEPTH = 40
"""Nesting beyond this is a mistake or an attack; our deepest path has 7 levels."""

MAX_BYTES = 4_000_000
"""Two thousand roster rows of two kilobytes each; a larger file is something else."""

_MAX_DIGITS = 100
"""Python refuses to read numbers of thousands of digits."""

_WHOLE = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
# The last three break lines for PyYAML, but not for editors, which would count differently.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x85\u2028\u2029]")
_MERGE = re.compile(r"^(?:<{7}|>{7})(?=[ \r\n]|\Z)", re.MULTILINE)
"""What git writes around the two sides of a conflict (https://git-scm.com/docs/git-merge)."""
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_TRUTHS = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


@dataclass(frozen=True)
class Document:
    """A document that could be read, perhaps with diagnostics (a repeated key) beside it."""

    root: Node
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def data(self) -> Any:
        """The document as dicts, lists and scalars; keys are always text."""
        return _plain(self.root)

    def line(self, path: Sequence[str | int], *, key: bool = False) -> int:
        """Return the line of what ``path`` leads to, or of the deepest part of it that is there.

        With ``key`` it is the line of the key itself instead of its value's.
        """
        node, line = self.root, line_of(self.root)
        for depth, part in enumerate(path):
            if isinstance(node, MappingNode):
                found = next((pair for pair in node.value if pair[0].value == part), None)
                if found is None:
                    break
                name, node = found
                # A section is found by its key; a scalar may stand on a later line than its key.
                is_key = not isinstance(node, ScalarNode) or (key and depth == len(path) - 1)
                line = line_of(name if is_key else node)
            elif isinstance(node, SequenceNode) and isinstance(part, int):
                if part >= len(node.value):
                    break
                node = node.value[part]
                line = line_of(node)
            else:
                break
        return line


class UnreadableError(Exception):
    """The text is no YAML document at all; ``diagnostics`` says why."""

    def __init__(self, *diagnostics: Diagnostic) -> None:
        super().__init__(*diagnostics)
        self.diagnostics = diagnostics


def read(path: Path) -> str:
    """Return the text of a configuration file; raises :class:`UnreadableError` with the line."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        message = f"cannot be read ({error.strerror}); check the path and its permissions"
        raise UnreadableError(_whole(message)) from None
    if len(raw) > MAX_BYTES:
        message = f"is larger than {MAX_BYTES // 1_000_000} MB; check that it is the right file"
        raise UnreadableError(_whole(message))
    return decode(raw)


def decode(raw: bytes) -> str:
    """Return ``raw`` as text without a byte order mark; raise :class:`UnreadableError`."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UnreadableError(_whole("is UTF-16 text; save the file as UTF-8"))
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        message = "is not UTF-8 text; save the file as UTF-8"
        raise UnreadableError(Diagnostic(line, (), message)) from None
    control = _CONTROL.search(text)
    if control:
        line = text.count("\n", 0, control.start()) + 1
        raise UnreadableError(Diagnostic(line, (), "holds a control character; remove it"))
    merge = _MERGE.search(text)
    if merge:
        line = text.count("\n", 0, merge.start()) + 1
        message = (
            "has a merge that was left unfinished; keep the lines of one side, or of both, and"
            " remove those that begin with '<<<<<<<', '|||||||', '=======' and '>>>>>>>'"
        )
        raise UnreadableError(Diagnostic(line, (), message))
    return text


def parse(text: str) -> Document:
    """Read one document; raises :class:`UnreadableError` when there is none to be read."""
    diagnostics: list[Diagnostic] = []
    try:
        loader = _Loader(text, diagnostics)
        root = loader.get_node() if loader.check_node() else None
        if root is None or (isinstance(root, ScalarNode) and not root.value and not root.style):
            raise UnreadableError(_whole("is empty; write at least the keys it must have"))
        if loader.check_node():
            message = "begins a second document; keep one in a file"
            diagnostics.append(Diagnostic(_line(loader.upcoming()), (), message))
    except yaml.MarkedYAMLError as error:
        raise UnreadableError(*diagnostics, _syntax_diagnostic(error)) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        message = "holds a character that YAML does not allow; remove it"
        raise UnreadableError(Diagnostic(line, (), message)) from None
    return Document(root, tuple(diagnostics))


def line_of(node: Node) -> int:
    """Return the line on which a node begins, from 1."""
    return int(node.start_mark.line) + 1


def value_of(node: ScalarNode) -> str | int | bool | None:
    """Return a scalar's value under the rules above."""
    text: str = node.value
    if node.style is not None:
        return text
    if text in _NULLS:
        return None
    if text in _TRUTHS:
        return _TRUTHS[text]
    if len(text) <= _MAX_DIGITS and _WHOLE.fullmatch(text):
        return int(text)
    return text


def _plain(node: Node) -> Any:
    if isinstance(node, ScalarNode):
        return value_of(node)
    if isinstance(node, SequenceNode):
        return [_plain(item) for item in node.value]
    return {key.value: _plain(child) for key, child in node.value}


def _whole(message: str) -> Diagnostic:
    return Diagnostic(1, (), message)


class _Loader(yaml.SafeLoader):
    """Composes nodes; what leaves the rest readable is noted in ``diagnostics``.

    The keys of its mappings are scalars, each there once.
    """

    def __init__(self, text: str, diagnostics: list[Diagnostic]) -> None:
        super().__init__(text)
        self._diagnostics = diagnostics
        self._path: tuple[str | int, ...] = ()
        self._depth = 0

    def upcoming(self) -> Any:
        """Return the event that is read next."""
        return self.peek_event()  # type: ignore[no-untyped-call]

    def compose_node(self, parent: Node | None, index: Any) -> Node | None:
        event = self.upcoming()
        start, outer = event.start_mark, self._path
        if isinstance(index, int):
            self._path = (*outer, index)
        elif isinstance(index, ScalarNode):
            self._path = (*outer, index.value)
        self._depth += 1
        if self._depth > MAX_DEPTH:
            message = "is nested too deep; write it flatter"
            fatal = Diagnostic(_line(event), self._path[:3], message)
            raise UnreadableError(*self._diagnostics, fatal)
        if isinstance(event, NodeEvent) and event.anchor is not None:
            self._note(event, "is an anchor or alias ('&', '*'); write the values out")
            event.anchor = None
        if getattr(event, "tag", None) is not None:
            self._note(event, "has a tag ('!'); remove it, and put text in quotes")
        node: Node | None
        if isinstance(event, AliasEvent):
            # Nothing stands in its place.
            self.get_event()  # type: ignore[no-untyped-call]
            node = ScalarNode("", "", start, start)
        else:
            node = super().compose_node(parent, index)
        self._path = outer
        self._depth -= 1
        return node

    def compose_mapping_node(self, anchor: Any) -> MappingNode:
        node = super().compose_mapping_node(anchor)
        first: dict[str, ScalarNode] = {}
        pairs = []
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                self._note(key, "has a list or keys in a key's place; write a word")
            elif key.value == "<<" and key.style is None:
                self._note(key, "has a merge key ('<<'); write the values out")
            elif key.value in first:
                message = f"repeats line {line_of(first[key.value])}; keep one of them"
                self._note(key, message, key.value)
            else:
                first[key.value] = key
                pairs.append((key, value))
        node.value = pairs
        return node

    def _note(self, place: Event | Node, message: str, *path: str) -> None:
        self._diagnostics.append(Diagnostic(_line(place), (*self._path, *path), message))


def _line(place: Event | Node) -> int:
    # Declared as optional, but the parser always sets it.
    return int(place.start_mark.line) + 1  # type: ignore[union-attr]


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


def _syntax_diagnostic(error: yaml.MarkedYAMLError) -> Diagnostic:
    problem, context = error.problem or "", error.context or ""
    mark = error.problem_mark
    # Where something began says more than where it turned out to be incomplete.
    if error.context_mark and ("simple key" in context or "quoted" in context or "flow" in context):
        mark = error.context_mark
    message = "is no YAML; check the quotes and indentation"
    if "quoted" in context and "end of stream" in problem:
        message = "opens a quotation mark that is never closed"
    elif "flow" in context:
        message = "opens a bracket that is not closed, or misses a comma before the next entry"
    else:
        found = (cure for part, cure in _SYNTAX.items() if re.search(part, problem))
        message = next(found, message)
    return Diagnostic(mark.line + 1 if mark else 1, (), message)
