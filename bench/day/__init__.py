"""A whole day of a workshop: 100 seats with notebooks, 20 with EC2 instances, 8 hours.

``python -m bench.day`` deploys with ``workshop deploy``, lets attendees use their seats through
boto3 under the seats' own roles with IAM enforced, has the watch woken by the rules of its stack,
looks with ``status`` and ``bill``, injects faults, and tears down. Time is the local cloud's.
``--seed``, ``--seats``, ``--boxes`` and ``--hours`` choose another day, ``--json`` prints JSON; the
same seed gives the same report, byte for byte.

The report has the most that was taken of each quota, each seat's bill beside what events of
SageMaker and EC2 say (``observed``, which asks neither the product nor the watch), what the watch
stopped and when, whom it froze and whether they were above a cap, what was refused, and what the
teardown found. ``wrong`` names what is not as it has to be; then the exit code is 1.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from bench.day import report
from bench.day.play import play
from bench.day.setting import Setting
from bench.measure import Result


def results() -> Iterator[Result]:
    """One result of a day of 100 seats, whose report is printed; a wrong one is an error."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="bench-day-") as folder:
        made = report.document(play(Setting(), Path(folder)))
    seconds = time.perf_counter() - began
    report.show(made, Console(width=110))
    assert not made["wrong"], made["wrong"]
    unit = 1024**2 if sys.platform == "darwin" else 1024
    yield Result(
        name="day",
        unit="s",
        size=made["seats"],
        ours=seconds,
        floor=None,
        peer=None,
        ours_to_floor=None,
        peer_to_ours=None,
        peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit,
        runs=1,
    )
