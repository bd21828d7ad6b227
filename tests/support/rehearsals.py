"""Rehearses small notebooks as ada, whose kernel finds the packages of the tests' own Python."""

from __future__ import annotations

import json
import sysconfig
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from localcloud import process
from tests.support.assemblies import shipped
from tests.support.seats import ADA, Seats
from workshop.rehearse import rehearsal, samples, ways_out, workbench
from workshop.rehearse.enclosed import EnclosureLimits
from workshop.rehearse.interpreters import PackageIndex
from workshop.rehearse.judging import CellOutcome
from workshop.rehearse.rehearsal import NotebookEvent, SeatPermissions, TimeLimits
from workshop.rehearse.samples import Samples
from workshop.rehearse.workbench import Workbench

PACKAGES = Path(sysconfig.get_paths()["purelib"])
FOLDER = "labs"


def write_notebook(path: Path, *cells: str) -> None:
    """Write a notebook of code cells, saved with a kernel that is nowhere."""
    made: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "id": f"cell-{number}",
            "metadata": {},
            "source": source,
            "outputs": [],
            "execution_count": None,
        }
        for number, source in enumerate(cells)
    ]
    kernel = {"name": "conda_tensorflow2_p310", "display_name": "x", "language": "python"}
    book = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": made}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(book), encoding="utf-8")


@dataclass
class Rehearsed:
    """What became of the cells of one rehearsal, and where the notebook's files lie."""

    root: Path
    outcomes: list[CellOutcome] = field(default_factory=list)
    events: list[NotebookEvent] = field(default_factory=list)

    def results(self) -> list[str]:
        return [one.result for one in self.outcomes]

    def file(self, name: str) -> str:
        """Return what the code wrote into a file beside the notebook."""
        return (self.root / "home/ec2-user/SageMaker" / FOLDER / name).read_text(encoding="utf-8")


def permissions() -> SeatPermissions:
    settings = shipped("demo").loaded.settings
    return SeatPermissions(ADA, settings.profiles["attendee"], settings)


def rehearse(
    seats: Seats,
    root: Path,
    content: Path,
    notebooks: Sequence[str],
    *,
    confined: bool,
    pace: TimeLimits | None = None,
    limits: EnclosureLimits | None = None,
    given: Samples | None = None,
) -> Rehearsed:
    """Run notebooks of ``content`` as ada; ``given`` is the data of other accounts."""
    running = seats.root.running
    made = Rehearsed(root)
    with ExitStack() as stack:
        opened = stack.enter_context(ways_out.opened(running.port))
        ways = workbench.ways(opened.folder, running.port, confined=confined)
        bench = Workbench(root, confined, PACKAGES, PackageIndex(hosts=()), ways)
        bench.make(content, FOLDER)
        bench.start(
            workbench.deployed_script(seats.root.client("sagemaker"), ADA),
            workbench.deployed_parameters(seats.root.client("ssm"), ADA),
        )
        variables = bench.variables(_cloud(seats))
        if given:
            variables["WORKSHOP_REHEARSAL_WANTED"] = bench.seen(samples.WANTED)
            stack.enter_context(samples.given(given, root / samples.WANTED))
        for event in rehearsal.run(
            bench,
            notebooks,
            folder=FOLDER,
            variables=variables,
            permissions=permissions(),
            refused=lambda after: process.refusals(running, after),
            pace=pace or TimeLimits(cell=60, all=240),
            limits=limits or EnclosureLimits(seconds=300),
        ):
            (made.outcomes if isinstance(event, CellOutcome) else made.events).append(event)  # type: ignore[arg-type]
    return made


def _cloud(seats: Seats) -> dict[str, Any]:
    given = seats.ada.credentials
    return {
        **{name.upper(): value for name, value in given.items()},
        "AWS_ENDPOINT_URL": seats.root.endpoint,
        "AWS_REGION": ADA.region,
        "AWS_DEFAULT_REGION": ADA.region,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
