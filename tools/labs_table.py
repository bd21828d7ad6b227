"""Counts how much of published workshops runs in a seat: rows for ``docs/labs.md``.

Run it on folders that hold a workshop each, with their repository or as ``FOLDER@COMMIT``:

    python -m tools.labs_table labs/* --rehearse results --write

``workshop fit --json`` reads the labs and writes a profile. With ``--rehearse`` the notebooks that
:data:`CHOSEN` names (of other workshops, all) are run with that profile and the replacements that
``fit`` prints, by ``workshop rehearse --run``: it runs the labs' code, locked away. What that says
is kept in a folder, and ``--rehearsed`` makes the rows of it again. Without ``--write`` they are
printed.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tools import generated_files
from tools.generated_files import ROOT
from workshop.rehearse.judging import DOCKER, MADE_UP

_MODULE = "tools.labs_table"
PAGE = ROOT / "docs" / "labs.md"
PART = "table of workshops"
HEAD = (
    *("workshop", "commit", "notebooks", "cells that call AWS", "allowed", "rehearsed"),
    *("their cells that call AWS", "ok", "denied", "not played", "failed before", "made up"),
    *("minutes", "of a core"),
)
CHOSEN: Mapping[str, tuple[str, ...]] = {
    "aws-samples/amazon-sagemaker-immersion-day": (
        *("Setup.ipynb", "feature-engineering-and-training/*", "bring-your-own-model/*"),
        "mlops/02*",
    ),
    "aws-samples/amazon-sagemaker-mlops-workshop": ("labs/0[1-3]*/0*",),
    "aws-samples/sagemaker-101-workshop": ("custom_script_demos/*SageMaker*",),
    "huggingface/notebooks": ("sagemaker/1[0-369]_*", "sagemaker/2[017]_*", "sagemaker/31_*"),
    "philschmid/huggingface-sagemaker-workshop-series": ("workshop_2*",),
}
"""The notebooks of a large workshop that are rehearsed; what AWS has closed is left out."""
ACCOUNT = "111122223333"
RESULT = "rehearsed.json"
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
    """Cells that call AWS, of the notebooks that ran, and what became of them.

    ``before`` are those that failed, or were not reached, before they called it.
    """

    notebooks: int
    cells: int
    ok: int
    denied: int
    not_played: int
    before: int
    made_up: int
    minutes: float
    of_a_core: float
    date: str


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


def fitted(folder: Path, config: Path) -> dict[str, Any]:
    """Return what ``workshop fit --json`` says of labs, whose profile it writes into ``config``."""
    command = ["fit", str(folder.resolve()), "-e", "labs", "--config-dir", str(config), "--json"]
    done = subprocess.run(
        [_program(), *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ValueError(f"workshop fit {folder}: {done.stderr.strip()}")
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def rehearsal(lab: LabRepository, work: Path, minutes: float) -> dict[str, Any]:
    """Run a workshop's notebooks in ``work`` with the profile that fit writes there.

    Return what ``workshop rehearse --json`` says, with the minutes of both and those of a core.
    """
    before, began = _of_a_core(), time.monotonic()
    config = (work / "config").resolve()
    shutil.rmtree(config, ignore_errors=True)
    fit = fitted(lab.folder, config)
    profile = config / "labs.yaml"
    text = profile.read_text(encoding="utf-8").replace("YOUR-ACCOUNT-ID", ACCOUNT)
    profile.write_text(text, encoding="utf-8")
    command = ["rehearse", "-e", "labs", "--config-dir", str(config), "--run", "--json"]
    command += ["--content", str(lab.folder.resolve()), "--minutes", str(minutes)]
    for old, new in fit["replace"].items():
        command += ["--replace", f"{old}={new}"]
    for pattern in CHOSEN.get(lab.name, ()):
        command += ["--notebook", pattern]
    with (work / "rehearsal.log").open("w", encoding="utf-8") as log:
        done = subprocess.run(
            [_program(), *command], cwd=work, stdout=subprocess.PIPE, stderr=log, check=False
        )
    if not done.stdout:
        raise ValueError(f"workshop rehearse {lab.folder}: see {work / 'rehearsal.log'}")
    ran: dict[str, Any] = json.loads(done.stdout)
    took = {"minutes": (time.monotonic() - began) / 60, "of a core": (_of_a_core() - before) / 60}
    return {**ran, **took, "date": f"{datetime.now(UTC):%Y-%m-%d}", "commit": lab.commit}


def _program() -> Path:
    return Path(sys.executable).with_name("workshop")


def _of_a_core() -> float:
    """Return the seconds of a processor that ended programs of this one have used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def rehearsed(fit: Mapping[str, Any], ran: Mapping[str, Any]) -> RehearsedCells:
    """Return the sums of a rehearsal: of cells that called AWS, and those that fit says would."""
    places = {place for call in fit["calls"] for place in call["places"]}
    cells = [
        (cell, _calls(cell), f"{cell['notebook']} cell {cell['cell']}" in places)
        for cell in ran["cells"]
    ]
    calling = [(cell, calls) for cell, calls, read in cells if calls or (read and _lost(cell))]
    return RehearsedCells(
        notebooks=len({cell["notebook"] for cell in ran["cells"]}),
        cells=len(calling),
        **{
            name: sum(cell["result"] == result for cell, _ in calling)
            for name, result in (("ok", "ok"), ("denied", "denied"), ("not_played", "not played"))
        },
        before=sum(not calls for _, calls in calling),
        made_up=sum(
            any(call["service"] == MADE_UP for call in cell["calls"])
            for cell, _ in calling
            if cell["result"] == "ok"
        ),
        minutes=ran["minutes"],
        of_a_core=ran["of a core"],
        date=ran["date"],
    )


def _lost(cell: Mapping[str, Any]) -> bool:
    return cell["result"] in ("failed", "denied", "not reached")


def _calls(cell: Mapping[str, Any]) -> bool:
    return any(call["service"] not in (DOCKER, MADE_UP) for call in cell["calls"])


def row(lab: LabRepository, fit: Mapping[str, Any], ran: RehearsedCells | None) -> tuple[str, ...]:
    """Return the cells of a workshop's row; a rehearsal that there was not is a dash."""
    calling, running = fit["cells"]["calling"], fit["cells"]["running"]
    after = (
        (
            *(
                f"{ran.notebooks}, {ran.date}",
                str(ran.cells),
                _share(ran.ok, ran.cells),
                str(ran.denied),
            ),
            *(str(ran.not_played), str(ran.before), str(ran.made_up)),
            *(f"{ran.minutes:.1f}", f"{ran.of_a_core:.1f}"),
        )
        if ran
        else ("-",) * 9
    )
    return (
        lab.name,
        f"[`{lab.commit[:_SHORT]}`](https://github.com/{lab.name}/tree/{lab.commit})",
        str(fit["files"].get("notebook", 0)),
        str(calling),
        _share(running, calling),
        *after,
    )


def counted(
    folders: Sequence[str], results: Path | None, *, run: bool, minutes: float
) -> list[tuple[str, ...]]:
    """Return the rows of workshops; raise ValueError for what is not one, or is not there.

    ``results`` keeps what rehearsals printed; with ``run`` they are run first.
    """
    workshops = [workshop(folder) for folder in folders]
    rows = []
    for lab in workshops:
        kept = results and results.resolve() / lab.name.replace("/", "+")
        if kept and run:
            kept.mkdir(parents=True, exist_ok=True)
            result = json.dumps(rehearsal(lab, kept, minutes))
            (kept / RESULT).write_text(result, encoding="utf-8")
        with tempfile.TemporaryDirectory() as config:
            fit = fitted(lab.folder, Path(config))
        file = kept and kept / RESULT
        ran = json.loads(file.read_text(encoding="utf-8")) if file and file.is_file() else None
        if ran and ran["commit"] != lab.commit:
            raise ValueError(f"{lab.name} was rehearsed at {ran['commit']}, not at {lab.commit}")
        rows.append(row(lab, fit, rehearsed(fit, ran) if ran else None))
    return rows


def _share(part: int, whole: int) -> str:
    return f"{part} ({100 * part // whole} %)" if whole else "0"


def table(rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [HEAD, ["---"] * len(HEAD), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def notes(rows: Sequence[Sequence[str]]) -> str:
    """Return which notebooks were rehearsed of the workshops that were not rehearsed whole."""
    parts = [
        f"of {name.rpartition('/')[2]} {', '.join(f'`{pattern}`' for pattern in CHOSEN[name])}"
        for name, *cells in rows
        if name in CHOSEN and "-" not in cells
    ]
    return f"\nRehearsed were {'; '.join(parts)}; of the others all notebooks.\n" if parts else ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table or write it into the page; return the exit code."""
    parser = argparse.ArgumentParser(prog=f"python -m {_MODULE}", description=__doc__)
    parser.add_argument("folders", nargs="+", metavar="FOLDER[@COMMIT]")
    kept = parser.add_mutually_exclusive_group()
    kept.add_argument("--rehearse", metavar="RESULTS", type=Path, help="run the notebooks first")
    kept.add_argument("--rehearsed", metavar="RESULTS", type=Path, help="take what was run before")
    parser.add_argument("--minutes", type=float, default=5.0, help="that each may take")
    parser.add_argument("--write", action="store_true", help=f"write it into {PAGE.name}")
    options = parser.parse_args(arguments)
    try:
        rows = counted(
            options.folders,
            options.rehearse or options.rehearsed,
            run=options.rehearse is not None,
            minutes=options.minutes,
        )
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    if options.write:
        text = generated_files.page(PAGE, _MODULE, {PART: table(rows) + notes(rows)})
        PAGE.write_text(text, encoding="utf-8", newline="\n")
    else:
        print(table(rows) + notes(rows), end="")
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
