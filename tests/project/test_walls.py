"""The walls hold against imports that import-linter cannot see: those by the name of a module."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.support.assemblies import ROOT

FOLDERS = {"workbench": "constructs/workbench"}
BY_NAME = {"import_module", "__import__", "find_spec", "run_module", "resolve_name"}
"""Functions that take a module's name."""
ON_NOTEBOOKS = ROOT / "constructs" / "workbench" / "scripts"
"""Programs of the workbenches: the constructs ship them and never import them."""

SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
WALLS = {
    contract["name"]: contract
    for contract in SETTINGS["tool"]["importlinter"]["contracts"]
    if contract["type"] == "forbidden"
}


def sources(module: str) -> Iterator[Path]:
    """Yield the files of a module, or of a package with all that is below it."""
    place = ROOT / FOLDERS.get(module, module.replace(".", "/"))
    found = place.rglob("*.py") if place.is_dir() else iter([place.with_suffix(".py")])
    return (path for path in found if not path.is_relative_to(ON_NOTEBOOKS))


@cache
def texts(code: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return the texts in the code that are no prose, and those that it loads a module by."""
    tree = ast.parse(code)
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    found, names = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            found.add(node.value)
        elif isinstance(node, ast.Call):
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if called in BY_NAME and node.args:
                given = (getattr(part, "value", "") for part in ast.walk(node.args[0]))
                names.add(next((text for text in given if text and isinstance(text, str)), ""))
    return frozenset(found), frozenset(names)


def tunnels(code: str, forbidden: list[str]) -> list[str]:
    """Return the texts in the code that would have Python load one of the modules.

    These are a module below one of them anywhere, the module itself where it is imported or run by
    its name, and code in a text that imports it.
    """
    roots = "|".join(map(re.escape, forbidden))
    below = re.compile(rf"(?:{roots})(?:\.[A-Za-z_]\w*)+(?::\w+)?")
    itself = re.compile(rf"(?:{roots})(?:\.|$)")
    in_code = re.compile(rf"\b(?:import|from) +(?:{roots})\b")
    found, names = texts(code)
    loaded = {text for text in found if below.fullmatch(text) or in_code.search(text)}
    return sorted(loaded | {name for name in names if itself.match(name)})


@pytest.mark.parametrize("wall", WALLS)
def test_no_module_behind_a_wall_is_imported_or_run_by_its_name(wall: str) -> None:
    contract = WALLS[wall]
    found = {
        path.relative_to(ROOT).as_posix(): loaded
        for module in contract["source_modules"]
        for path in sources(module)
        if (loaded := tunnels(path.read_text("utf-8"), contract["forbidden_modules"]))
    }
    assert found == {}


@pytest.mark.parametrize(
    "code",
    [
        "from importlib import import_module\nimport_module('localcloud')",
        "import importlib as library\nlibrary.import_module('localcloud.server')",
        "import importlib\nimportlib.import_module(f'localcloud.{name}')",
        "__import__('localcloud')",
        "import runpy\nrunpy.run_module('localcloud.server')",
        "import sys, subprocess\nsubprocess.run([sys.executable, '-m', 'localcloud.server'])",
        "NAME = 'localcloud.' 'server'",
        "exec('from localcloud import server')",
        "import pkgutil\npkgutil.resolve_name('localcloud.server:build')",
    ],
)
def test_a_tunnel_is_seen(code: str) -> None:
    assert tunnels(code, ["localcloud"])


@pytest.mark.parametrize(
    "code",
    [
        '"""What localcloud.server does."""',
        "STATE = 'localcloud'",
        "import_module('workshop.localcloud')",
        "import_module(f'{__name__}.cloud')",
        "said = 'a stack localcloud.example is there'",
    ],
)
def test_what_loads_nothing_is_no_tunnel(code: str) -> None:
    assert tunnels(code, ["localcloud"]) == []
