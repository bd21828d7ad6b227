"""``cdk synth`` of 1, 20, 100 and 400 seats, and how it grows.

- ours: ``cdk synth`` of the whole environment, all checks on;
- floor: ``cdk synth`` of an app with as many stacks, each with one empty resource and no checks;
- peer: the usual way, one ``cdk synth`` for each attendee. Of 20 it takes minutes and is run once,
  of more it is not run.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench import environment
from bench.measure import Measure, Result, process, side_by_side

ROOT = Path(__file__).parents[1]
CDK = Path(sys.executable).with_name("cdk")
SIZES = (1, 20, 100, 400)
MOST_FOR_PEER = 20
STACKS_PER_SEAT = 5
RUNS = 3

MOST_IN_A_REGION = 300
"""CloudFormation holds 2,000 stacks in a Region: the seats beyond go to a second one."""


def results() -> Iterator[Result]:
    """One result a size."""
    for size in SIZES:
        with tempfile.TemporaryDirectory(prefix="bench-synth-") as folder:
            yield _measured(size, Path(folder))


def _measured(size: int, folder: Path) -> Result:
    environment.write(
        folder, ("" if seat < MOST_IN_A_REGION else "eu-central-1" for seat in range(size))
    )
    everybody = ("-c", "env=bench", "-c", f"config={folder}")
    bare = f"JSII_NODE=.venv/bin/node .venv/bin/python -m bench.bare {size * STACKS_PER_SEAT + 1}"

    def one_by_one() -> Measure:
        runs = [
            _synth(folder, *everybody, "-c", f"attendee=seat{number}")
            for number in range(1, size + 1)
        ]
        return Measure(sum(run.seconds for run in runs), max(run.peak_mb for run in runs))

    return side_by_side(
        "synth",
        size=size,
        runs=RUNS,
        ours=lambda: _synth(folder, *everybody),
        floor=lambda: _synth(folder, "--app", bare),
        peer=one_by_one if size <= MOST_FOR_PEER else None,
        peer_runs=RUNS if size == 1 else 1,
    )


def _synth(folder: Path, *arguments: str) -> Measure:
    output = folder / "cdk.out"
    shutil.rmtree(output, ignore_errors=True)
    return process(
        [str(CDK), "synth", "--quiet", "--no-notices", "--output", str(output), *arguments],
        cwd=str(ROOT),
        variables={**os.environ, "CDK_DISABLE_CLI_TELEMETRY": "true"},
    )
