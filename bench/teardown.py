"""The teardown of a full workshop: 1, 3, 10 and 100 seats as ``bench.filled`` makes them.

ours is what an organiser types: ``workshop teardown``, which shows the plan, and then the same with
``--apply``; both from start to end, five looks at everything among them, 0 seconds between the last
two. The floor is a program that knows all names: the same stops and deletes from as many threads by
plain boto3, and waiting for the stacks (see ``bench.bare_teardown``).

The peer is ``by_hand.sh``, what a knowledgeable organiser would write: loops of the AWS CLI over
what listings show, as many at once as there are cores, then ``cdk destroy --all --force``. It looks
at nothing again. It takes half a minute a seat and would take the better part of an hour for 100,
so it is run once, and for 3 and 10.

Transitions of the local cloud take no time here, so what is left is the work itself. Few seats
are gone in a few seconds, of which two starts of the command, some 300 listings, and the second
between a deletion and the first look after it are most. For 100 seats 100,000 versions are made
before each run, so that ours and the floor are run once.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench import environment, filled
from bench.filled import Workshop
from bench.measure import Measure, Result, process, reported, side_by_side
from localcloud import environment as cloud_environment
from localcloud.record import Running
from localcloud.transitions import TRANSITIONS

ROOT = Path(__file__).parents[1]
PROGRAMS = Path(sys.executable).parent
SIZES = {1: 3, 3: 3, 10: 1, 100: 1}
"""Seats -> runs."""
WITH_PEER = (3, 10)
MOST_CALLS = 2.5
"""For each resource, in all looks and steps together, beside ``LISTINGS``."""
LISTINGS = 350
"""Calls that list something, however little there is: about 60 in each of five looks."""


@dataclass
class Bench:
    """A local cloud that is filled anew before each run; ``report`` is that of our last one."""

    folder: Path
    workshop: Workshop
    running: Running
    state: Path
    report: dict[str, Any] = field(default_factory=dict)

    def ours(self) -> Measure:
        """Plan and apply; a teardown that is not proven is an error."""
        filled.fill(self.workshop, self.running)
        program = str(PROGRAMS / "workshop")
        plan = [program, "teardown", "-e", "bench", "--config-dir", str(self.folder), "--json"]
        act = [*plan, "--apply", "--yes", "bench", "--early", "--interval", "0"]
        shown = process(plan, cwd=str(self.folder), variables=self._variables)
        done, printed = reported(act, cwd=str(self.folder), variables=self._variables)
        self.report = json.loads(printed.splitlines()[-1])
        return Measure(shown.seconds + done.seconds, max(shown.peak_mb, done.peak_mb))

    def floor(self) -> Measure:
        """The needed calls alone."""
        filled.fill(self.workshop, self.running)
        bare = [sys.executable, "-m", "bench.bare_teardown", str(self.folder)]
        return process(bare, cwd=str(ROOT), variables=self._variables)

    def by_hand(self) -> Measure:
        """The organiser's script; what it leaves is an error."""
        filled.fill(self.workshop, self.running)
        script = ["bash", str(Path(__file__).with_name("by_hand.sh")), "bench", str(self.folder)]
        run = process(script, cwd=str(ROOT), variables=self._variables)
        assert not filled.left(self.workshop, self.running), "by_hand.sh left something"
        return run

    @property
    def _variables(self) -> dict[str, str]:
        chosen = cloud_environment.variables(self.running, self.state)
        path = f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"
        return {**cloud_environment.applied(os.environ, chosen), "PATH": path}


def results() -> Iterator[Result]:
    """One result a size, and below it how many calls ours made."""
    for seats, runs in SIZES.items():
        with _bench(seats) as bench:
            yield side_by_side(
                "teardown",
                size=seats,
                runs=runs,
                ours=bench.ours,
                floor=bench.floor,
                peer=bench.by_hand if seats in WITH_PEER else None,
                peer_runs=1,
            )
            _tell_calls(seats, bench.report)


def _tell_calls(seats: int, report: dict[str, Any]) -> None:
    """What was called how often, the most often first; too many are an error."""
    calls, resources = Counter(report["calls"]), sum(map(len, report["results"].values()))
    growing = [(operation, count) for operation, count in calls.most_common() if count >= seats]
    growth = ", ".join(f"{operation} {count}" for operation, count in growing)
    print(f"teardown {seats}: {calls.total()} calls for {resources} resources: {growth}")
    assert calls.total() <= LISTINGS + MOST_CALLS * resources, "too many calls"


@contextmanager
def _bench(seats: int) -> Iterator[Bench]:
    with tempfile.TemporaryDirectory(prefix="bench-teardown-") as name:
        folder = Path(name)
        environment.write(folder, [""] * seats)
        workshop = filled.synthesized(folder)
        state = folder / "cloud"
        delays = dict.fromkeys(TRANSITIONS, 0)
        with environment.running_cloud(state, delays=delays) as running:
            yield Bench(folder, workshop, running, state)
