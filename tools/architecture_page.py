"""Generates the rooms and their arrows in ``docs/architecture.md`` from the code.

A room's line is the first sentence of its docstring, their order is that of import-linter's layers
in ``pyproject.toml``, and the arrows are the imports that are there. Run it as ``python -m
tools.architecture_page --write``, or with ``--check`` to learn whether the page is stale (exit
code 1).
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import grimp

from tools import generated_files
from tools.generated_files import ROOT

_MODULE = "tools.architecture_page"
PAGE = ROOT / "docs" / "architecture.md"
LAYERS = "rooms stand on each other"
"""The contract of import-linter whose layers are the rooms of ``workshop/``, top to bottom."""

GROUND = "ground"
"""The one box of all modules that stand in ``workshop/`` itself."""
_BESIDES = {
    "stacks": Path("stacks/__init__.py"),
    "workbench": Path("constructs/workbench/__init__.py"),
    "localcloud": Path("localcloud/__init__.py"),
}
_CDK = ("stacks", "workbench")

Arrows = set[tuple[str, str]]


def layers() -> list[str]:
    """Return the rooms of ``workshop/``, from what people type down to the ground."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    (found,) = (contract["layers"] for contract in contracts if contract["name"] == LAYERS)
    return [room for layer in found for room in re.split(r"\s*[|:]\s*", layer)]


def room_file(room: str) -> Path:
    """Return the file whose docstring says what a room is: a package's or a module's."""
    if room in _BESIDES:
        return ROOT / _BESIDES[room]
    package = ROOT / "workshop" / room / "__init__.py"
    return package if package.is_file() else ROOT / "workshop" / f"{room}.py"


def rooms_table() -> str:
    """Return a line for each room: where it is, what it is, and where it is tested."""
    rows = ["| room | what it is | tests |", "|---|---|---|"]
    for room in (*_BESIDES, *layers()):
        file = room_file(room)
        where = file.parent if file.name == "__init__.py" else file
        single = ROOT / "tests" / GROUND / f"test_{room}.py"
        tests = single if where == file else ROOT / "tests" / room
        tested = f"`{_shown(tests)}`" if tests.exists() else ""
        rows.append(f"| `{_shown(where)}` | {_first_sentence(file)} | {tested} |")
    return "\n".join(rows)


def _shown(path: Path) -> str:
    return f"{path.relative_to(ROOT).as_posix()}{'' if path.suffix else '/'}"


def _first_sentence(file: Path) -> str:
    text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    return " ".join(text.partition("\n\n")[0].split())


def imports() -> Arrows:
    """Return which box imports which, as the code has it."""
    graph = grimp.build_graph("workshop", *_BESIDES, cache_dir=None)
    found = {
        (_box(module), _box(used))
        for module in graph.modules
        for used in graph.find_modules_directly_imported_by(module)
    }
    return joined({(room, other) for room, other in found if room != other})


def _box(module: str) -> str:
    package, *below = module.split(".")
    if package != "workshop":
        return package
    if not below or not room_file(below[0]).name.startswith("__"):
        return GROUND
    return below[0]


def joined(arrows: Arrows) -> Arrows:
    """Return the arrows with one box, ``a, b``, for rooms that import each other in a circle."""
    below = _below(arrows)
    boxes = sorted({box for arrow in arrows for box in arrow})
    circle = {
        box: ", ".join(
            other
            for other in boxes
            if other == box or (_reaches(below, box, other) and _reaches(below, other, box))
        )
        for box in boxes
    }
    found = {(circle[room], circle[other]) for room, other in arrows}
    return {(room, other) for room, other in found if room != other}


def drawn(arrows: Arrows) -> Arrows:
    """Return the arrows without those that others imply; every door to the local cloud stays."""
    below = _below(arrows)
    return {
        (room, other)
        for room, other in arrows
        if other == "localcloud"
        or not any(_reaches(below, step, other) for step in below[room] - {other})
    }


def _below(arrows: Arrows) -> dict[str, set[str]]:
    below: dict[str, set[str]] = {}
    for room, other in arrows:
        below.setdefault(room, set()).add(other)
    return below


def _reaches(below: Mapping[str, set[str]], room: str, other: str) -> bool:
    seen: set[str] = set()
    ahead = [room]
    while ahead:
        step = ahead.pop()
        if step not in seen:
            seen.add(step)
            ahead += below.get(step, ())
    return other in seen


def picture() -> str:
    """Return the arrows as a diagram that GitHub draws."""
    return "\n".join(["```mermaid", "flowchart TD", *_lines(drawn(imports())), "```"])


def _lines(arrows: Arrows) -> Iterator[str]:
    loose = [room for room in layers() if room_file(room).name != "__init__.py"]
    titles = {
        "workbench": "constructs/workbench",
        GROUND: "<br>".join([", ".join(loose[:4]), ", ".join(loose[4:])]),
    }
    order = [*_BESIDES, *layers(), GROUND]

    def place(box: str) -> int:
        return order.index(box.partition(",")[0])

    boxes = sorted({box for arrow in arrows for box in arrow}, key=place)
    product = [box for box in boxes if box not in _BESIDES]
    for title, inside in (("CDK side", _CDK), ("workshop", product)):
        yield f'  subgraph {title.partition(" ")[0]}_side["{title}"]'
        yield from (f'    {_id(box)}["{titles.get(box, box)}"]' for box in inside)
        yield "  end"
    yield '  localcloud["localcloud"]'
    for importer, other in sorted(arrows, key=lambda arrow: [place(box) for box in arrow]):
        yield f"  {_id(importer)} {'-.->' if other == 'localcloud' else '-->'} {_id(other)}"
    # Not an import: files on disk are all that the CDK side hands over.
    yield '  stacks == "cloud assembly" ==> deploy'


def _id(box: str) -> str:
    return box.replace(", ", "_")


def main(arguments: list[str] | None = None) -> int:
    """Write or check the page; return the exit code."""
    parts = {"rooms": rooms_table(), "arrows": picture()}
    wanted = {PAGE: generated_files.page(PAGE, _MODULE, parts)}
    return generated_files.main(_MODULE, __doc__, wanted, arguments)


if __name__ == "__main__":
    sys.exit(main())
