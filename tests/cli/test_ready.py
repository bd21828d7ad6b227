"""``workshop ready`` of many seats: those that are alike are counted."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.local_cloud import Cloud
from tests.support.notebook_workshop import of_seats


def test_above_thirty_seats_those_that_are_alike_are_counted_unless_all_are_asked_for(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = of_seats(cloud, tmp_path, monkeypatch, 31)
    counted = made.command("ready")
    assert counted.code == 1
    head, row = counted.out.splitlines()[:2]
    assert head.split() == ["seat", "ready", "why", "not"]
    assert row.startswith("31 seats (--all): seat01, seat02, seat03, ...  no ")
    assert "there is no notebook; make it with: workshop deploy" in " ".join(counted.out.split())
    assert "0 ready, 31 not" in counted.err
    every = made.command("ready", "--all")
    assert len([line for line in every.out.splitlines() if line.startswith("seat")]) == 1 + 31


def test_notebooks_that_cannot_be_listed_are_not_started(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = of_seats(cloud, tmp_path, monkeypatch, 1)
    made.notebooks([1])
    cloud.client("sagemaker").stop_notebook_instance(NotebookInstanceName="vision-seat01-notebook")
    cloud.faults({"effect": "denied", "operation": "sagemaker:ListNotebookInstances", "times": 1})
    ran = made.command("ready")
    assert ran.code == 1
    assert "its notebook could not be read: " in " ".join(ran.out.split())
    assert made.statuses() == {"vision-seat01-notebook": "Stopped"}
