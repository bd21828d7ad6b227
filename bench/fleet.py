"""The fleet: templates for many seats, their deployment, and a second one that finds all done.

``templates``: every template of 1 and of 1,000 seats ready to be sent; the floor is one seat, the
peer ``cdk synth`` of them all, run once.

``deploy-200ms``: 100 seats, 501 stacks, on an empty local cloud whose CloudFormation answers each
call after 0.2 seconds, as a service behind a network might (AWS's own time was not measured). ours
is what ``workshop deploy`` takes from its first stack to its last; the floor is the same
CreateStack calls from 8 threads by plain boto3, and nothing else, not even waiting for the stacks.

``deploy-100ms`` and ``deploy-0ms``: the same where it answers sooner. Before anybody else's, the
cohort's stack and two of the canary's, one after the other, have to be seen complete at two polls a
second: more than a second for any number of seats, which is a third of the floor of ``deploy-0ms``.

``deploy-whole``: the same command from start to end, with a synthesis that nothing was kept of; the
peer is ``cdk deploy --all --concurrency 32``, run once.

``plan-again`` and ``deploy-again``: whole commands, once more, with nothing to do; the floor is a
process that lists all stacks by plain boto3 and knows nothing else.

``redeploy``: ``workshop deploy`` once more, after its synthesis; the floor is the listing of all
stacks.

``growth``: ``deploy-0ms`` of 100, 300 and 1,000 seats (in four Regions, since one holds 2,000
stacks).
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from bench import environment
from bench.measure import Measure, Result, process, reported, side_by_side
from localcloud import environment as cloud_environment
from localcloud import process as local_cloud
from localcloud.record import Running
from workshop import files
from workshop.deploy.synthesis_cache import SynthesisCache

ROOT = Path(__file__).parents[1]
PROGRAMS = Path(sys.executable).parent
SEATS = 100
MANY = 1000
RUNS = 5
STACKS_AT_ONCE = 100
"""What one page of a listing holds; an organiser's default is 50."""
REGIONS = ("eu-west-1", "eu-central-1", "us-east-1", "us-west-2")
SEATS_IN_A_REGION = 300
ANSWERS_AFTER_MS = (200, 100, 0)

PROFILES = """\
profiles:
  attendee:
    access: {training_instance_types: [ml.m5.large], endpoint_instance_types: [ml.m5.large]}
"""
"""Only types of which the local cloud's quotas have enough for 100 seats at once."""


@dataclass(frozen=True)
class BenchCloud:
    """An empty local cloud whose notebooks start at once, and the variables that lead to it.

    Its CloudFormation takes ``latency`` seconds to answer.
    """

    running: Running
    folder: Path
    latency: float = 0

    @property
    def variables(self) -> dict[str, str]:
        chosen = cloud_environment.variables(self.running, self.folder)
        return cloud_environment.applied(os.environ, chosen)

    def reset(self) -> None:
        """Empty it, and let it hold as many roles as ``growth`` needs."""
        local_cloud.reset(self.running)
        local_cloud.set_quotas(self.running, region="us-east-1", iam={"Roles per account": 5000})
        slow = {"effect": "latency", "operation": "cloudformation:*", "seconds": self.latency}
        local_cloud.set_faults(self.running, *([slow] if self.latency else []))


def templates() -> Iterator[Result]:
    """One result: 1,000 seats."""
    with tempfile.TemporaryDirectory(prefix="bench-templates-") as name:
        one, many = Path(name) / "one", Path(name) / "many"
        for folder, seats in ((one, 1), (many, MANY)):
            _environment(folder, seats)
        yield side_by_side(
            "templates",
            size=MANY,
            runs=RUNS,
            ours=lambda: _ready(many),
            floor=lambda: _ready(one),
            peer=lambda: process(
                [
                    *(str(PROGRAMS / "cdk"), "synth", "--quiet", "--no-notices"),
                    *("-c", "env=bench", "-c", f"config={many}", "-o", str(many / "cdk.out")),
                ],
                cwd=str(ROOT),
                variables={**os.environ, "CDK_DISABLE_CLI_TELEMETRY": "true"},
            ),
            peer_runs=1,
        )


def deploy() -> Iterator[Result]:
    """Results of 100 seats: the stacks alone, and once more."""
    with _bench(SEATS) as (folder, cloud):
        for latency in ANSWERS_AFTER_MS:
            where = replace(cloud, latency=latency / 1000)
            yield side_by_side(
                f"deploy-{latency}ms",
                size=SEATS,
                runs=RUNS,
                ours=partial(_deployed, folder, where, "stacks"),
                floor=partial(_bare, "creates", folder, where, anew=True),
            )
        _deployed(folder, cloud, "stacks")
        yield side_by_side(
            "redeploy",
            size=SEATS,
            runs=RUNS,
            ours=lambda: _deployed(folder, cloud, "checks", anew=False),
            floor=lambda: _bare("listing", folder, cloud, anew=False),
        )


def whole() -> Iterator[Result]:
    """One result: 100 seats from nothing."""
    with _bench(SEATS) as (folder, cloud):
        yield side_by_side(
            "deploy-whole",
            size=SEATS,
            runs=RUNS,
            ours=lambda: _deployed(folder, cloud, ""),
            peer=lambda: _by_cdk(folder, cloud),
            peer_runs=1,
        )


def again() -> Iterator[Result]:
    """Two results of 100 seats that are as they should be."""
    with _bench(SEATS) as (folder, cloud):
        _deployed(folder, cloud, "")
        for command in ("plan", "deploy"):
            yield side_by_side(
                f"{command}-again",
                size=SEATS,
                runs=RUNS,
                ours=partial(_whole, folder, cloud, command),
                floor=lambda: _bare_process("listing", folder, cloud)[0],
            )


def growth() -> Iterator[Result]:
    """What the stacks of more seats take, and how much memory."""
    for seats in (SEATS, 3 * SEATS, MANY):
        with _bench(seats) as (folder, cloud):
            yield side_by_side(
                "growth",
                size=seats,
                runs=1,
                ours=partial(_deployed, folder, cloud, "stacks"),
                floor=partial(_bare, "creates", folder, cloud, anew=True),
            )


def _environment(folder: Path, seats: int) -> None:
    folder.mkdir(exist_ok=True)
    regions = (REGIONS[seat // SEATS_IN_A_REGION] for seat in range(seats))
    environment.write(folder, regions, PROFILES)


@contextmanager
def _bench(seats: int) -> Iterator[tuple[Path, BenchCloud]]:
    with tempfile.TemporaryDirectory(prefix="bench-fleet-") as name:
        folder = Path(name)
        _environment(folder, seats)
        state = folder / "cloud"
        with environment.running_cloud(state, delays={"notebook": 0}) as running:
            yield folder, BenchCloud(running, state)


def _ready(folder: Path) -> Measure:
    """Synthesize and make every template, in a process of its own."""
    return process(
        [sys.executable, "-m", "bench.bare_fleet", "templates", str(folder)],
        cwd=str(ROOT),
        variables=os.environ,
    )


def _deployed(folder: Path, cloud: BenchCloud, part: str, *, anew: bool = True) -> Measure:
    """``workshop deploy``, on an emptied cloud if ``anew``: what its ``part`` took, or all."""
    if anew:
        cloud.reset()
        shutil.rmtree(SynthesisCache("bench", ROOT / files.STATE).folder, ignore_errors=True)
    most = ("--concurrency", str(STACKS_AT_ONCE), "--json")
    run, printed = _workshop(folder, cloud, "deploy", *most)
    end = json.loads(printed.splitlines()[-1])
    return Measure(end["seconds"][part], run.peak_mb) if part else run


def _whole(folder: Path, cloud: BenchCloud, command: str) -> Measure:
    return _workshop(folder, cloud, command)[0]


def _workshop(folder: Path, cloud: BenchCloud, command: str, *more: str) -> tuple[Measure, str]:
    return reported(
        [str(PROGRAMS / "workshop"), command, "-e", "bench", "--config-dir", str(folder), *more],
        cwd=str(ROOT),
        variables=cloud.variables,
    )


def _bare(what: str, folder: Path, cloud: BenchCloud, *, anew: bool) -> Measure:
    if anew:
        cloud.reset()
    run, printed = _bare_process(what, folder, cloud)
    return Measure(json.loads(printed.splitlines()[-1])["seconds"], run.peak_mb)


def _bare_process(what: str, folder: Path, cloud: BenchCloud) -> tuple[Measure, str]:
    return reported(
        [sys.executable, "-m", "bench.bare_fleet", what, str(folder)],
        cwd=str(ROOT),
        variables=cloud.variables,
    )


def _by_cdk(folder: Path, cloud: BenchCloud) -> Measure:
    cloud.reset()
    return process(
        [
            *(str(PROGRAMS / "cdk"), "deploy", "--all", "--concurrency", "32", "--no-notices"),
            *("--require-approval", "never", "--progress", "events"),
            *("-c", "env=bench", "-c", f"config={folder}", "-o", str(folder / "cdk.out")),
        ],
        cwd=str(ROOT),
        variables=cloud.variables,
    )
