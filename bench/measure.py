"""Times whole processes and puts three of them side by side."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Measure:
    """One process from start to end: wall-clock seconds and the largest process's memory in MB."""

    seconds: float
    peak_mb: float


@dataclass(frozen=True)
class Result:
    """Medians of one size of one measurement; None where a side was not measured.

    ``floor`` is the least that the work can take, ``peer`` the usual way of doing it.
    """

    name: str
    unit: str
    size: int
    ours: float
    floor: float | None
    peer: float | None
    ours_to_floor: float | None
    peer_to_ours: float | None
    peak_mb: float
    runs: int

    def as_json(self) -> dict[str, object]:
        return {
            key: round(value, 3) if isinstance(value, float) else value
            for key, value in asdict(self).items()
        }


def process(command: Sequence[str], *, cwd: str, variables: Mapping[str, str]) -> Measure:
    """Run one process to its end; a failing one is an error with what it printed."""
    return reported(command, cwd=cwd, variables=variables)[0]


def reported(
    command: Sequence[str], *, cwd: str, variables: Mapping[str, str]
) -> tuple[Measure, str]:
    """The same, and what the process printed on its standard output."""
    with tempfile.TemporaryFile() as talk:
        began = time.perf_counter()
        child = subprocess.Popen(
            command,
            cwd=cwd,
            env=dict(variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=talk,
        )
        assert child.stdout is not None
        printed = child.stdout.read().decode(errors="replace")
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        child.stdout.close()
        seconds = time.perf_counter() - began
        talk.seek(0)
        output = talk.read().decode(errors="replace")
    if child.returncode:
        raise RuntimeError(f"{' '.join(command)}: {(printed + output)[-2000:]}")
    # Kilobytes on Linux, bytes on macOS.
    unit = 1024**2 if sys.platform == "darwin" else 1024
    return Measure(seconds, usage.ru_maxrss / unit), printed


def side_by_side(
    name: str,
    *,
    size: int,
    runs: int,
    ours: Callable[[], Measure],
    floor: Callable[[], Measure] | None = None,
    peer: Callable[[], Measure] | None = None,
    peer_runs: int | None = None,
) -> Result:
    """Take turns, so that a slow moment of the machine meets all sides alike.

    ``peer_runs`` bounds how often a peer runs that takes minutes; None means each time.
    """
    taken: dict[str, list[Measure]] = {"ours": [], "floor": [], "peer": []}
    for turn in range(runs):
        skipped = peer_runs is not None and turn >= peer_runs
        for side, measure in (("ours", ours), ("floor", floor), ("peer", peer)):
            if measure is not None and not (side == "peer" and skipped):
                taken[side].append(measure())
    median = {
        side: statistics.median(run.seconds for run in found)
        for side, found in taken.items()
        if found
    }
    mine = median["ours"]
    return Result(
        name=name,
        unit="s",
        size=size,
        ours=mine,
        floor=median.get("floor"),
        peer=median.get("peer"),
        ours_to_floor=mine / median["floor"] if "floor" in median else None,
        peer_to_ours=median["peer"] / mine if "peer" in median else None,
        peak_mb=statistics.median(run.peak_mb for run in taken["ours"]),
        runs=runs,
    )
