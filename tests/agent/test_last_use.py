"""The agent reports when an EC2 instance was last used, as its idle stop notes it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.workbenches import Workbench
from workshop.agent import state
from workshop.agent.run import REPORT_EVERY


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    return Workbench(tmp_path / "box")


def noted(bench: Workbench, used: float, looked: float) -> None:
    file = bench.root / "home/ec2-user/.workshop-used"
    file.touch()
    os.utime(file, (looked, used))


def test_the_last_use_is_reported_as_it_was_noted(bench: Workbench) -> None:
    noted(bench, bench.now - 3600, bench.now - 60)
    bench.round()
    assert bench.report["active"] == bench.now - 3600


def test_nothing_is_told_where_nobody_looked_or_not_for_a_while(bench: Workbench) -> None:
    bench.round()
    assert bench.report["active"] is None
    noted(bench, bench.now - 3600, bench.now - state.LOOKED)
    bench.round(after=REPORT_EVERY)
    assert bench.report["active"] is None
