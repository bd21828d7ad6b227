"""Four Regions of one account: 25 and 250 seats in each, from the first stack to the proof.

``regions``: what ``workshop deploy`` takes from its first stack to its last. ``regions-status`` and
``regions-teardown``: whole commands, the latter a plan and what it shows. ``...-calls``: all calls
of each for each seat, of which there are ``MOST_CALLS``.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from bench import counted, environment, fleet
from bench.measure import Measure, Result, reported
from localcloud import environment as cloud_environment
from localcloud import process as local_cloud
from localcloud.record import Running
from localcloud.transitions import TRANSITIONS

SIZES = (100, 1000)
MOST_CALLS = {"deploy": 15, "status": 10, "teardown": 120}
"""For each of 100 seats: a Region is asked the same, however many seats are in it."""
HOME, REGION = "111122223333", fleet.REGIONS[0]
PROGRAM = Path(sys.executable).with_name("workshop")


@dataclass(frozen=True)
class RegionsCloud:
    """A local cloud, and the folder of an environment with as many seats in each Region."""

    running: Running
    folder: Path
    seats: int

    def ran(self, verb: str, *more: str) -> tuple[Measure, str]:
        """Run a command; the calls of it alone are counted."""
        chosen = cloud_environment.variables(self.running, self.folder / "cloud")
        return reported(
            [str(PROGRAM), verb, "-e", "bench", "--config-dir", str(self.folder), "--json", *more],
            cwd=str(self.folder),
            variables=cloud_environment.applied(os.environ, chosen),
        )

    def deploy(self) -> Measure:
        """What the stacks took."""
        run, printed = self.ran("deploy", "--concurrency", str(fleet.STACKS_AT_ONCE))
        return replace(run, seconds=json.loads(printed.splitlines()[-1])["seconds"]["stacks"])

    def status(self) -> Measure:
        """The whole command; a seat that is not ready is an error."""
        return self.ran("status")[0]

    def teardown(self) -> Measure:
        """A plan and what it shows; what is not proven is an error."""
        shown = self.ran("teardown", "--early")[0]
        apply = ("--apply", "--yes", "bench", "--interval", "0")
        done = self.ran("teardown", "--early", *apply)[0]
        return Measure(shown.seconds + done.seconds, max(shown.peak_mb, done.peak_mb))


def results() -> Iterator[Result]:
    """Six results of each size."""
    for seats in SIZES:
        with tempfile.TemporaryDirectory(prefix="bench-regions-") as name:
            folder = Path(name)
            regions = (fleet.REGIONS[seat * len(fleet.REGIONS) // seats] for seat in range(seats))
            environment.write(folder, regions, fleet.PROFILES)
            state, at_once = folder / "cloud", dict.fromkeys(TRANSITIONS, 0.0)
            running = local_cloud.start(state, account=HOME, region=REGION, delays=at_once).running
            try:
                local_cloud.set_quotas(running, region="us-east-1", iam={"Roles per account": 5000})
                yield from _of(RegionsCloud(running, folder, seats))
            finally:
                local_cloud.stop(state)


def _of(cloud: RegionsCloud) -> Iterator[Result]:
    for verb, most in MOST_CALLS.items():
        counted.count(cloud.running, "*")
        taken: Measure = getattr(cloud, verb)()
        calls = counted.calls(cloud.running) / cloud.seats
        name = "regions" if verb == "deploy" else f"regions-{verb}"
        for what, unit, figure in ((name, "s", taken.seconds), (f"{name}-calls", "calls", calls)):
            yield Result(
                *(what, unit, cloud.seats, figure), None, None, None, None, taken.peak_mb, runs=1
            )
        assert calls <= most, "too many calls"
