"""Packs the notebook's Python programs, so that a lifecycle script has room for them.

Run it as ``python -m workbench.packed --write``, or with ``--check`` to learn whether a packed
program is stale (exit code 1). A packed program is checked in next to its source, as base64 of
gzip in short lines: what zlib makes of a text differs between builds of Python, and two organisers
must get the same template.
"""

from __future__ import annotations

import ast
import base64
import binascii
import gzip
import re
import sys
import textwrap
import zlib
from collections.abc import Sequence
from pathlib import Path

from workshop import generated

SCRIPTS = Path(__file__).parent / "scripts"
PROGRAMS = ("idle_stop.py", "workshop_seat.py")
WIDTH = 100


def bare(name: str) -> str:
    """A file of ``scripts/`` without comments, docstrings and blank lines."""
    text = (SCRIPTS / name).read_text(encoding="utf-8")
    dropped = _docstring_lines(text) if name.endswith(".py") else set()
    return "\n".join(
        line
        for number, line in enumerate(text.splitlines(), start=1)
        if number not in dropped and not re.match(r"\s*(?:#(?!!)|$)", line)
    )


def packed(name: str) -> str:
    """A program as it is checked in, for ``base64 -d | gunzip``."""
    return _file(name).read_text(encoding="ascii").rstrip("\n")


def unpacked(text: str) -> str:
    """The program in a packed text."""
    return gzip.decompress(base64.b64decode(text)).decode()


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or check the packed programs; the exit code."""
    wanted = {_file(name): _current(name) for name in PROGRAMS}
    return generated.main("workbench.packed", __doc__, wanted, arguments)


def _file(name: str) -> Path:
    return SCRIPTS / f"{name}.gz.b64"


def _current(name: str) -> str:
    """The packed file as it is if it holds the program, made anew if not."""
    program = bare(name) + "\n"
    try:
        if unpacked(packed(name)) == program:
            return packed(name) + "\n"
    except (OSError, EOFError, binascii.Error, UnicodeDecodeError, zlib.error):
        pass  # it is not there, or damaged
    text = base64.b64encode(gzip.compress(program.encode(), 9, mtime=0)).decode("ascii")
    return "\n".join(textwrap.wrap(text, WIDTH)) + "\n"


def _docstring_lines(program: str) -> set[int]:
    """Line numbers, from 1, of docstrings that are not all there is of a class or function."""
    documented = [
        node.body[0]
        for node in ast.walk(ast.parse(program))
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and ast.get_docstring(node)
        and len(node.body) > 1
    ]
    return {
        line
        for node in documented
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }


if __name__ == "__main__":
    sys.exit(main())
