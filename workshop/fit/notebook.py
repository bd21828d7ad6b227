"""Notebooks and cells as code: which lines are Python, which are commands of a shell.

IPython's own syntax goes: magics, ``!commands``, help with ``?``. It needs nothing of this project
and nothing but Python's own library. Nothing is run.
"""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

LONGEST_CELL = 400_000
"""Characters of a cell above which it is not read."""

_SHELLS = ("bash", "sh", "script", "system", "sx", "!")
_PYTHON = ("time", "timeit", "capture", "prun", "debug", "memit", "local", "python", "python3")
"""Cell magics whose cell is Python all the same."""
_COMMANDS = ("pip", "conda", "mamba", "uv")
"""Line magics that are commands of a shell."""
_FILES = ("writefile", "file")
_TAIL = re.compile(r"^(\s*)([\w.,\s\[\]]+?=\s*)?([!%])(.*)$", re.DOTALL)
_HELP = re.compile(r"^\s*\??\??[\w.]+\??\??\s*$")


@dataclass(frozen=True)
class Cell:
    """The code of one cell, or of a program as a whole.

    ``number`` counts the cells of a notebook from 1, text cells too, as editors do; it is 0 for a
    program. ``file`` is the name of the file that the cell writes instead of being run.
    """

    number: int
    python: str = ""
    shell: str = ""
    file: str = ""


@dataclass(frozen=True)
class LabNotebook:
    """The cells of code of a notebook, and the name of the kernel that it was saved with."""

    cells: tuple[Cell, ...]
    kernel: str = ""


class UnreadableLabError(Exception):
    """A text is no notebook; the message says why, in half a sentence."""


def read(text: str) -> LabNotebook:
    """Return the cells of a notebook of format 3 or newer; raise UnreadableLabError for none."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise UnreadableLabError("is no notebook: not JSON, or nested too deep") from None
    if not isinstance(document, dict):
        raise UnreadableLabError("is no notebook: not an object")
    cells = document.get("cells")
    if cells is None:
        sheets = document.get("worksheets")
        sheets = sheets if isinstance(sheets, list) else []
        cells = [
            each
            for sheet in sheets
            if isinstance(sheet, dict) and isinstance(sheet.get("cells"), list)
            for each in sheet["cells"]
        ]
    if not isinstance(cells, list):
        raise UnreadableLabError("is no notebook: it has no cells")
    return LabNotebook(tuple(_code(cells)), _kernel(document))


def parsed(python: str) -> ast.Module | None:
    """Return Python's tree; None for what is none, or too deep or large to be read."""
    if len(python) > LONGEST_CELL:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # such as of an invalid escape in somebody's text
            return ast.parse(python)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def cell(number: int, source: str) -> Cell:
    """Return a cell of code with its Python apart from its commands."""
    if len(source) > LONGEST_CELL:
        return Cell(number, python=source)
    head, _, rest = source.lstrip().partition("\n")
    if head.startswith("%%"):
        words = head.removeprefix("%%").split()
        return _of_magic(number, words, rest)
    # A line of a text may begin as a magic does: only what is no Python as it is has any.
    if parsed(source) is not None:
        return Cell(number, python=source)
    python, shell = _split(source)
    return Cell(number, python=python, shell=shell)


def _code(cells: list[Any]) -> Iterator[Cell]:
    for number, each in enumerate(cells, 1):
        if not isinstance(each, dict) or each.get("cell_type") != "code":
            continue
        source = each.get("source", each.get("input", ""))
        if isinstance(source, list):
            source = "".join(line for line in source if isinstance(line, str))
        if isinstance(source, str) and source.strip():
            yield cell(number, source)


def _kernel(document: dict[str, Any]) -> str:
    metadata = document.get("metadata")
    spec = metadata.get("kernelspec") if isinstance(metadata, dict) else None
    name = spec.get("name") if isinstance(spec, dict) else None
    return name if isinstance(name, str) else ""


def _of_magic(number: int, words: list[str], rest: str) -> Cell:
    name, *more = words or [""]
    if name in _FILES:
        named = next((word for word in more if not word.startswith("-")), "")
        return _written(number, named.strip("\"'"), rest)
    if name in _SHELLS:
        # ``%%script python`` and the like are neither a shell nor this kernel.
        other = name == "script" and more and more[0] not in ("bash", "sh")
        return Cell(number) if other else Cell(number, shell=rest)
    if name in _COMMANDS:
        return Cell(number, shell=" ".join(words))
    return cell(number, rest) if name in _PYTHON else Cell(number)


def _written(number: int, name: str, text: str) -> Cell:
    if name.endswith(".py"):
        return Cell(number, python=text, file=name)
    return Cell(number, shell=text, file=name)


def _split(source: str) -> tuple[str, str]:
    """Return the Python of a cell with ``pass`` for each magic, and its commands."""
    python: list[str] = []
    shell: list[str] = []
    lines = iter(source.split("\n"))
    for line in lines:
        found = _TAIL.match(line)
        if found is None or (found[2] is None and not line.lstrip().startswith(("!", "%"))):
            python.append("pass" if "?" in line and _HELP.match(line) else line)
            continue
        indent, target, sign, text = found.groups()
        while text.endswith("\\"):
            python.append("")
            text = f"{text[:-1]} {next(lines, '')}"
        python.append(f"{indent}{target or ''}{'None' if target else 'pass'}")
        shell += _commands(sign, text)
    return "\n".join(python), "\n".join(shell)


def _commands(sign: str, text: str) -> list[str]:
    if sign == "!":
        return [text.removeprefix("!")]
    name, _, rest = text.strip().partition(" ")
    if name in _COMMANDS:
        return [f"{name} {rest}"]
    return [rest] if name in ("sx", "system") else []
