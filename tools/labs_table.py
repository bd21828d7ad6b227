"""Counts how much of published workshops runs in a seat: a row for each, for ``docs/labs.md``.

Run it on folders that hold a workshop each, with their repository or as ``FOLDER@COMMIT``:

    python -m tools.labs_table labs/* --rehearsed one-workshop=one.json --write

Nothing of the labs is run: ``workshop fit --json`` reads them, and writes a profile into a folder
that goes again. What running them gave comes from files with what ``workshop rehearse --json``
printed, several where a workshop was rehearsed in parts. Without ``--write`` the table is printed.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools import generated_files
from tools.generated_files import ROOT

_MODULE = "tools.labs_table"
PAGE = ROOT / "docs" / "labs.md"
PART = "table of workshops"
HEAD = (
    "workshop",
    "commit",
    "notebooks",
    "cells that call AWS",
    "allowed",
    "rehearsed",
    "ok",
    "denied",
    "not played",
)
_SHORT = 7
"""Characters of a commit's id, as GitHub shows it."""


@dataclass(frozen=True)
class LabRepository:
    """A published workshop in a folder, at a commit."""

    folder: Path
    name: str
    commit: str


@dataclass(frozen=True)
class RehearsedCells:
    """The cells that called AWS while notebooks ran, and what became of some."""

    cells: int
    ok: int
    denied: int
    not_played: int


def workshop(argument: str) -> LabRepository:
    """Return what ``FOLDER`` or ``FOLDER@COMMIT`` names; raise ValueError where it has no commit.

    The name is ``owner/name``: of the repository that the folder was cloned from, or of a folder
    that is called ``owner+name``.
    """
    path, _, commit = argument.partition("@")
    folder = Path(path)
    if not folder.is_dir():
        raise ValueError(f"{path} is no folder")
    if not commit and (folder / ".git").exists():
        commit = _git(folder, "rev-parse", "HEAD")
    if not re.fullmatch(r"[0-9a-f]{7,40}", commit):
        raise ValueError(f"{path} is no git repository; name its commit: {path}@0123abc")
    origin = _git(folder, "remote", "get-url", "origin") if (folder / ".git").exists() else ""
    found = re.search(r"([\w.-]+/[\w.-]+?)(?:\.git)?/?$", origin)
    return LabRepository(folder, found[1] if found else folder.name.replace("+", "/", 1), commit)


def fitted(folder: Path) -> dict[str, Any]:
    """Return what ``workshop fit --json`` says of labs, in an environment of its own."""
    with tempfile.TemporaryDirectory() as config:
        command = ["fit", str(folder.resolve()), "-e", "labs", "--config-dir", config, "--json"]
        done = subprocess.run(
            [Path(sys.executable).with_name("workshop"), *command],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise ValueError(f"workshop fit {folder}: {done.stderr.strip()}")
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def rehearsed(parts: Sequence[Mapping[str, Any]]) -> RehearsedCells:
    """Return the sum of what ``workshop rehearse --json`` says of the parts of a workshop."""
    counts = ("calling AWS", "calling AWS and ok", "denied", "not played")
    return RehearsedCells(*(sum(part["summary"][name] for part in parts) for name in counts))


def row(one: LabRepository, told: Mapping[str, Any], ran: RehearsedCells | None) -> tuple[str, ...]:
    """Return the cells of a workshop's row; a rehearsal that there was not is a dash."""
    calling, running = told["cells"]["calling"], told["cells"]["running"]
    after = (
        (str(ran.cells), _share(ran.ok, ran.cells), str(ran.denied), str(ran.not_played))
        if ran
        else ("-",) * 4
    )
    return (
        one.name,
        f"[`{one.commit[:_SHORT]}`](https://github.com/{one.name}/tree/{one.commit})",
        str(told["files"].get("notebook", 0)),
        str(calling),
        _share(running, calling),
        *after,
    )


def counted(folders: Sequence[str], files: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the rows of workshops; raise ValueError for what is not one, or is not there.

    ``files`` are each ``NAME=FILE``, with the name of a workshop without its owner.
    """
    workshops = [workshop(folder) for folder in folders]
    names = [one.name.rpartition("/")[2] for one in workshops]
    parts: dict[str, list[Any]] = {}
    for given in files:
        name, _, path = given.partition("=")
        if name not in names:
            raise ValueError(f"no workshop is called {name!r}; there are: {', '.join(names)}")
        parts.setdefault(name, []).append(json.loads(Path(path).read_text(encoding="utf-8")))
    return [
        row(one, fitted(one.folder), rehearsed(parts[name]) if name in parts else None)
        for name, one in zip(names, workshops, strict=True)
    ]


def _share(part: int, whole: int) -> str:
    return f"{part} ({100 * part // whole} %)" if whole else "0"


def table(rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [HEAD, ["---"] * len(HEAD), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table or write it into the page; return the exit code."""
    parser = argparse.ArgumentParser(prog=f"python -m {_MODULE}", description=__doc__)
    parser.add_argument("folders", nargs="+", metavar="FOLDER[@COMMIT]")
    parser.add_argument("--rehearsed", action="append", default=[], metavar="NAME=FILE")
    parser.add_argument("--write", action="store_true", help=f"write it into {PAGE.name}")
    options = parser.parse_args(arguments)
    try:
        rows = counted(options.folders, options.rehearsed)
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    if options.write:
        text = generated_files.page(PAGE, _MODULE, {PART: table(rows)})
        PAGE.write_text(text, encoding="utf-8", newline="\n")
    else:
        print(table(rows), end="")
    return 0


def _git(folder: Path, *arguments: str) -> str:
    """Return what git says of a folder, empty where it says nothing."""
    done = subprocess.run(
        ["git", *arguments],  # noqa: S607 - the organiser's own git
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip()


if __name__ == "__main__":
    raise SystemExit(main())
