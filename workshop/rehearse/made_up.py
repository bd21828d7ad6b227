"""Sample data that is made up: a file of the right kind for code that reads one of that name.

What is read of a table is guessed from the code beside: how many columns ``read_csv`` names, or
which columns are asked for. Nobody learns anything from such data but which calls a lab makes.
"""

from __future__ import annotations

import ast
import gzip
import io
import json
import re
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

ROWS = 200
WIDTH = 10
"""Columns of a table of which the code says nothing."""
MOST_COLUMNS = 80
MOST_FILES = 40
TABLES = frozenset({".csv", ".data", ".tsv", ".asc"})
_FILES = re.compile(
    r"(?:\.{0,2}/)*((?:[\w.-]+/)*[\w.-]+\.(?:csv|data|tsv|asc|txt|json|jsonl|png|jpe?g))"
)
_STRIPPED = re.compile(r"--strip(?:-components)?[= ](\d)\b")
_LINE = re.compile(r"^\s*[%!].*$", re.MULTILINE)
_WORDS = re.compile(
    r"text|title|content|review|headline|sentence|comment|description", re.IGNORECASE
)


@dataclass(frozen=True)
class Table:
    """What code reads of a table: named columns, or ``width`` ones without a header."""

    columns: tuple[str, ...] = ()
    header: bool = False
    separator: str = ","

    def text(self) -> str:
        """Return the table: small numbers, words where a column's name speaks of text."""
        names = self.columns or tuple(f"column{number}" for number in range(WIDTH))
        lines = [self.separator.join(names)] if self.header else []
        for row in range(ROWS):
            values = (_value(name, row, at) for at, name in enumerate(names))
            lines.append(self.separator.join(values))
        return "\n".join(lines) + "\n"


def _value(name: str, row: int, at: int) -> str:
    if _WORDS.search(name):
        return f"words of row {row} made up"
    # Not 0 but in the first column, where the class may stand: labs divide by the others.
    return str(row * 3 % 2 if at == 0 else 1 + (row * (at + 3) + at) % 7)


def data(key: str, code: Iterable[str]) -> bytes:
    """Return what a file of this name may hold; ``code`` is that of the notebooks and programs."""
    name = PurePosixPath(key).name.casefold()
    texts = list(code)
    for endings, make in _ARCHIVES.items():
        if name.endswith(endings):
            return make(
                {each: data(each, texts) for each in _inside(PurePosixPath(key).name, texts)}
            )
    if name.endswith(".gz"):
        return gzip.compress(data(key[:-3], texts), mtime=0)
    kind = PurePosixPath(name).suffix
    if kind in TABLES or kind == "":
        return table(PurePosixPath(key).name, texts).text().encode()
    return _KINDS.get(kind, _text)()


def table(name: str, code: Iterable[str]) -> Table:
    """Return how code reads a table of this name, or any where none speaks of that."""
    texts = list(code)
    near = [text for text in texts if name in text] or texts
    trees = [tree for text in near if (tree := _parsed(text))]
    lists = {
        target.id: found
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and (found := _strings(node.value))
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    reads = [call for tree in trees for call in _reads(tree)]
    # A line that names the file itself comes before those that may read others.
    reads.sort(key=lambda call: name not in ast.dump(call))
    for call in reads:
        given = {word.arg: word.value for word in call.keywords if word.arg}
        separator = _constant(given.get("sep", given.get("delimiter"))) or ","
        if "names" in given:
            named = given["names"]
            found = _strings(named)
            if isinstance(named, ast.Name):
                found = lists.get(named.id, ())
            return Table(found, separator=separator)
        if isinstance(given.get("header"), ast.Constant) and _is_none(given["header"]):
            return Table(separator=separator)
        return Table(_asked(trees), header=True, separator=separator)
    return Table(_asked(trees), header=bool(_asked(trees)))


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _constant(node: ast.expr | None) -> str:
    value = node.value if isinstance(node, ast.Constant) else ""
    return value if isinstance(value, str) and len(value) == 1 else ""


def _parsed(text: str) -> ast.Module | None:
    try:
        return ast.parse(_LINE.sub("pass", text))
    except (SyntaxError, ValueError, RecursionError):
        return None


def _reads(tree: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(attr="read_csv" | "read_table")):
                yield node
            case _:
                continue


def _strings(node: ast.expr) -> tuple[str, ...]:
    """Return the texts of a list of nothing else."""
    if not isinstance(node, ast.List | ast.Tuple) or not node.elts:
        return ()
    found = [
        each.value
        for each in node.elts
        if isinstance(each, ast.Constant) and isinstance(each.value, str)
    ]
    return tuple(found) if len(found) == len(node.elts) else ()


def _asked(trees: Iterable[ast.AST]) -> tuple[str, ...]:
    """Return the columns that code asks for: ``x["a"]``, and lists of names."""
    found: dict[str, None] = {}
    for tree in trees:
        for node in ast.walk(tree):
            match node:
                case ast.Subscript(slice=ast.Constant(value=str(name)), ctx=ast.Load()):
                    found[name] = None
                case ast.Subscript(slice=ast.List() as names):
                    found.update(dict.fromkeys(_strings(names)))
                case ast.keyword(arg="columns", value=ast.List() as names):
                    found.update(dict.fromkeys(_strings(names)))
                case ast.Call(func=ast.Attribute(attr="drop"), args=[ast.List() as names, *_]):
                    found.update(dict.fromkeys(_strings(names)))
                case _:
                    continue
    good = [name for name in found if name and not re.search(r'[,;"\n/{}]', name)]
    return tuple(good[:MOST_COLUMNS])


def _inside(name: str, texts: Iterable[str]) -> list[str]:
    """Return the files that an archive may hold: those that the code beside it names."""
    texts = list(texts)
    near = [text for text in texts if name in text] or texts
    found = dict.fromkeys(each for text in near for each in _FILES.findall(text))
    stem = name.partition(".")[0]
    above = f"{stem}/" * max(
        (int(count) for text in near for count in _STRIPPED.findall(text)), default=0
    )
    return [f"{above}{each}" for each in found][:MOST_FILES] or [f"{stem}/{stem}.csv"]


def _tar(files: dict[str, bytes]) -> bytes:
    into = io.BytesIO()
    with tarfile.open(fileobj=into, mode="w:gz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return into.getvalue()


def _zip(files: dict[str, bytes]) -> bytes:
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return into.getvalue()


def _image() -> bytes:
    """Return a PNG of 32 by 32 grey pixels, which readers of JPEG take as well."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", 32, 32, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + b"\x80" * 96 for _ in range(32)))
    body = chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def _array() -> bytes:
    described = {"descr": "<f4", "fortran_order": False, "shape": (ROWS, WIDTH)}
    header = repr(described)
    header = header.ljust(117) + "\n"
    body = b"".join(struct.pack("<f", number % 7) for number in range(ROWS * WIDTH))
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + body


def _text() -> bytes:
    return "".join(f"line {number}, made up for a rehearsal\n" for number in range(ROWS)).encode()


def _lines() -> bytes:
    rows = ({"inputs": f"words {n}", "text": f"words {n}", "label": n % 2} for n in range(ROWS))
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


_ARCHIVES: dict[tuple[str, ...], Callable[[dict[str, bytes]], bytes]] = {
    (".tar.gz", ".tgz", ".tar"): _tar,
    (".zip",): _zip,
}
_KINDS: dict[str, Callable[[], bytes]] = {
    ".png": _image,
    ".jpg": _image,
    ".jpeg": _image,
    ".npy": _array,
    ".jsonl": _lines,
    ".json": lambda: b'{"madeUp": true}\n',
}
