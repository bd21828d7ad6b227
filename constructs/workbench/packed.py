"""Packs what the notebook's on-start script does for every seat into parameters of the cohort.

A standard parameter of SSM takes 4 KB (https://docs.aws.amazon.com/general/latest/gr/ssm.html), so
the text comes in parts; each says of which script it is, by a digest, and which of how many parts.

``tools.pack_scripts`` writes the packed text. The script ``set_up.sh`` is packed with the files
that it writes, each where ``@its-name@`` stands: compressed together they take a fifth less. The
packed text is checked in next to the sources, as Ascii85 of LZMA in short lines: what a library
makes of a text differs between its releases, and two organisers must get the same template. Ascii85
is a tenth shorter than base64, and has no curly brackets that ``Fn::Sub`` might take for a
placeholder.
"""

from __future__ import annotations

import ast
import base64
import hashlib
import lzma
import re
from pathlib import Path

import workshop

SCRIPTS = Path(__file__).parent / "scripts"
AGENT = Path(workshop.__file__).parent / "agent"
SET_UP = "set_up.sh"
PARAMETER_LIMIT = 4096
"""Characters of a standard parameter's value."""


def bare(name: str) -> str:
    """A file of ``scripts/`` without comments, docstrings, annotations and blank lines.

    The agent's files are named ``agent/...``. A Python program is indented by single spaces.
    """
    folder = AGENT.parent if name.startswith("agent/") else SCRIPTS
    text = (folder / name).read_text(encoding="utf-8")
    if name.endswith(".py"):
        text = re.sub(r"^ +", lambda found: found[0][::4], _plain(text), flags=re.MULTILINE)
    return "\n".join(line for line in text.splitlines() if not re.match(r"\s*(?:#(?!!)|$)", line))


def set_up() -> str:
    """Return the script ``set_up.sh`` with the files that it writes."""
    return (
        re.sub(r"^@([a-z_./]+)@$", lambda found: bare(found[1]), bare(SET_UP), flags=re.MULTILINE)
        + "\n"
    )


def packed() -> str:
    """Return the same as it is checked in."""
    return packed_file().read_text(encoding="ascii").rstrip("\n")


def pack(text: str) -> str:
    """Return a script as ``on_start.sh`` unpacks it."""
    filters = [{"id": lzma.FILTER_LZMA1, "preset": 9, "pb": 0}]
    compressed = lzma.compress(text.encode(), lzma.FORMAT_ALONE, filters=filters)
    return base64.a85encode(compressed).decode("ascii")


def unpacked(text: str) -> str:
    """Return the script in a packed text, as ``on_start.sh`` unpacks it."""
    return lzma.decompress(base64.a85decode(text)).decode()


def parameters() -> list[str]:
    """Return the values of the parameters that hold the script, in order."""
    text = "".join(packed().split())
    digest = hashlib.sha256(unpacked(text).encode()).hexdigest()[:16]
    room = PARAMETER_LIMIT - len(f"{digest} 99 99 ")
    chunks = [text[at : at + room] for at in range(0, len(text), room)]
    return [f"{digest} {at} {len(chunks)} {chunk}" for at, chunk in enumerate(chunks, start=1)]


def packed_file() -> Path:
    """Return where the packed text is checked in."""
    return SCRIPTS / f"{SET_UP}.packed"


def _plain(program: str) -> str:
    """A program in ASCII without annotations and without docstrings of any kind.

    Annotations of a class's attributes stay, since dataclasses read them. All others are cut out:
    what ``ast.unparse`` makes of a program differs between versions of Python. A docstring that is
    all there is of a class or function stays.
    """
    starts = [0, *(found.end() for found in re.finditer("\n", program))]

    def begin(node: ast.stmt | ast.expr | ast.arg) -> int:
        return starts[node.lineno - 1] + node.col_offset

    def end(node: ast.stmt | ast.expr) -> int:
        return starts[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0)

    cuts = []
    tree = ast.parse(program)
    attributes = {
        statement
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        for statement in node.body
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.arg) and node.annotation:
            cuts.append((begin(node) + len(node.arg), end(node.annotation)))
        elif isinstance(node, ast.AnnAssign) and node not in attributes:
            cuts.append((end(node.target), end(node.annotation)))
        elif isinstance(node, ast.FunctionDef) and node.returns:
            cuts.append((program.rindex(" ->", 0, begin(node.returns)), end(node.returns)))
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and len(node.body) > 1:
            cuts += [
                (begin(statement), end(statement))
                for statement in node.body
                if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
            ]
    for first, last in sorted(cuts, reverse=True):
        program = program[:first] + program[last:]
    return program
