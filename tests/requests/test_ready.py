"""``workshop ready``: the real agent looks at a notebook, with its seat's own role."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest

from tests.support.live_workbenches import Asker, LiveWorkbench
from tests.support.seats import ADA, Seats
from tests.support.workshop_command import Ran
from workshop.agent import files
from workshop.cli import ready as command
from workshop.notebooks import start_stop
from workshop.requests.ask import AgentWaits

KERNEL = """
class _Client:
    def execute_interactive(self, code, **_):
        return {"content": {"status": STATUS, "evalue": "the cell failed"}}
    def stop_channels(self):
        pass
class _Manager:
    def shutdown_kernel(self, now):
        pass
def start_new_kernel(**_):
    if STATUS == "dead":
        raise RuntimeError("Kernel died before replying to kernel_info")
    return _Manager(), _Client()
"""
"""What the agent's check calls of jupyter_client."""
DATASET = "a-first.csv"
NO_ROOM = f"""
import os
_of_disk = os.statvfs
def _full(path):
    seen = list(_of_disk(path))
    seen[4] = {files.KEPT_FREE - 1} // seen[1]
    return os.statvfs_result(seen)
os.statvfs = _full
"""


def lay_kernel(ada: LiveWorkbench, status: str) -> None:
    """Lay an environment whose kernel does so: ok, error or dead."""
    folder = ada.sandbox.root / "home/ec2-user/anaconda3/envs/python3"
    site = folder / "lib/python3.12/site-packages"
    for package in ("ipykernel", "jupyter_client"):
        (site / package).mkdir(parents=True, exist_ok=True)
        # Without it, the package of this machine's Python would be taken.
        (site / package / "__init__.py").touch()
    (site / "jupyter_client/manager.py").write_text(f"STATUS = {status!r}\n{KERNEL}")
    python = folder / "bin/python"
    python.parent.mkdir(exist_ok=True)
    python.write_text(
        f'#!/bin/bash\nPYTHONPATH={shlex.quote(str(site))} exec {sys.executable} "$@"\n'
    )
    python.chmod(0o755)


class Checks:
    """``workshop ready`` of ada's notebook, whose agent runs whenever the command waits."""

    def __init__(self, organiser: Asker, ada: LiveWorkbench, seats: Seats) -> None:
        self._organiser, self.ada, self._sagemaker = organiser, ada, seats.root.client("sagemaker")
        self.pause: Callable[[], object] = ada.round
        self.step = 0.0
        self.kernel("ok")

    def waits(self, _: object, minutes: float) -> AgentWaits:
        ticks = count(step=self.step)
        return AgentWaits(self._pause, minutes, clock=lambda: next(ticks))

    def _pause(self, _: float) -> bool:
        self.pause()
        return False

    def command(self, *arguments: str, only: str = "ada") -> Ran:
        return self._organiser.command("ready", "--only", only, *arguments)

    def reasons(self) -> list[str]:
        """Why ada's is not ready, as programs are told it."""
        ran = self.command("--json")
        (row,) = json.loads(ran.out)
        assert ran.code == (0 if row["ready"] else 1), ran.err
        assert row["ready"] == (not row["reasons"])
        reasons: list[str] = row["reasons"]
        return reasons

    def kernel(self, status: str) -> None:
        lay_kernel(self.ada, status)

    def enrol(self, seat: str) -> None:
        """Put a seat on the roster that is not deployed."""
        with (self._organiser.config / "rosters/demo.csv").open("a") as roster:
            roster.write(f"{seat},Somebody\n")

    def status(self, seat: str = "ada") -> str:
        found: dict[str, Any] = self._sagemaker.describe_notebook_instance(
            NotebookInstanceName=f"demo-{seat}-notebook"
        )
        return str(found["NotebookInstanceStatus"])

    def stop(self) -> None:
        self._sagemaker.stop_notebook_instance(NotebookInstanceName=ADA.notebook)
        assert self.status() == "Stopped"

    def start(self) -> None:
        if self.status() == "Stopped":
            self._sagemaker.start_notebook_instance(NotebookInstanceName=ADA.notebook)


@pytest.fixture
def checks(
    seats: Seats, ada: LiveWorkbench, organiser: Asker, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Checks]:
    made = Checks(organiser, ada, seats)
    monkeypatch.setattr(command, "AgentWaits", made.waits)
    monkeypatch.setattr(start_stop, "POLL_SECONDS", 0.01)
    yield made
    made.start()
    ada.exported.clear()
    (ada.sandbox.home / "workshop-packages.log").unlink(missing_ok=True)


def test_a_notebook_that_is_as_it_should_be_is_ready_and_is_stopped_again(checks: Checks) -> None:
    checks.stop()
    ran = checks.command()
    assert ran.code == 0, ran.err
    assert ran.out.splitlines() == ["seat  ready  why not", "ada   yes"]
    assert "stopping what was stopped before: 1 of 1 machine" in ran.err
    assert ran.err.splitlines()[-1] == "1 ready, 0 not"
    assert checks.status() == "Stopped"


def test_a_notebook_that_ran_before_goes_on(checks: Checks) -> None:
    assert checks.reasons() == []
    assert checks.status() == "InService"


def test_a_kernel_that_does_not_start_or_run_a_cell_is_named_with_its_reason(
    checks: Checks,
) -> None:
    checks.kernel("dead")
    (reason,) = checks.reasons()
    assert reason.startswith("the kernel python3 does not start: ")
    assert reason.endswith("RuntimeError: Kernel died before replying to kernel_info")
    checks.kernel("error")
    (reason,) = checks.reasons()
    assert "the cell failed" in reason


def test_packages_that_failed_to_install_are_told(checks: Checks) -> None:
    checks.ada.exported["WORKSHOP_PACKAGES"] = "yes"
    checks.ada.write("workshop-packages.log", "ERROR: No matching distribution\n== failed; see\n")
    assert checks.reasons() == [
        "packages are not installed: see workshop-packages.log on the machine"
    ]


def test_packages_that_are_being_installed_are_waited_for(checks: Checks) -> None:
    checks.ada.exported["WORKSHOP_PACKAGES"] = "yes"
    checks.ada.write("workshop-packages.log", "== /envs/python3/bin/python\n")
    rounds = count()

    def install() -> None:
        checks.ada.round()
        if next(rounds) == 1:
            checks.ada.write("workshop-packages.log", "== /envs/python3/bin/python\n== done\n")

    checks.pause = install
    assert checks.reasons() == []
    assert next(rounds) > 2


def test_packages_that_take_too_long_are_told_as_being_installed(checks: Checks) -> None:
    checks.ada.exported["WORKSHOP_PACKAGES"] = "yes"
    checks.step = 120.0
    assert checks.reasons() == ["packages are still being installed"]


def test_content_that_is_not_there_is_told(checks: Checks) -> None:
    checks.ada.exported["WORKSHOP_CONTENT"] = "hands-on"
    assert checks.reasons() == ["the content is not there"]
    checks.ada.write("hands-on/01.ipynb", "{}")
    assert checks.reasons() == []


def test_datasets_that_the_seat_cannot_read_are_told(checks: Checks, seats: Seats) -> None:
    s3, bucket = seats.root.client("s3"), ADA.datasets_bucket
    s3.put_object(Bucket=bucket, Key=DATASET, Body=b"1,2")
    before = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    closed = json.loads(before)
    closed["Statement"].append(
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": f"arn:aws:s3:::{bucket}/{DATASET}",
        }
    )
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(closed))
    try:
        (reason,) = checks.reasons()
    finally:
        s3.put_bucket_policy(Bucket=bucket, Policy=before)
        s3.delete_object(Bucket=bucket, Key=DATASET)
    assert reason.startswith("the datasets cannot be read: ")
    assert "AccessDenied" in reason


def test_a_full_disk_is_told(checks: Checks) -> None:
    folder = checks.ada.sandbox.root / "full"
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(NO_ROOM)
    library = checks.ada.sandbox.root / "opt/workshop/lib"
    checks.ada.exported["PYTHONPATH"] = f"{folder}:{library}"
    assert checks.reasons() == ["the disk has less than 500 MB free"]


def test_after_ctrl_c_what_was_started_is_stopped_again(checks: Checks) -> None:
    checks.stop()

    def interrupt() -> None:
        raise KeyboardInterrupt

    checks.pause = interrupt
    ran = checks.command()
    assert ran.code == 1
    assert "ending: what was not checked yet is not known" in ran.err
    assert ran.out.splitlines()[1] == "ada   no     it was not waited for"
    assert checks.status() == "Stopped"


def test_an_agent_that_does_not_answer_is_told_and_the_notebook_is_stopped_again(
    checks: Checks,
) -> None:
    checks.stop()
    checks.pause, checks.step = (lambda: None), 600.0
    ran = checks.command()
    assert ran.code == 1
    assert "its agent did not answer in time" in ran.out
    assert ran.err.splitlines()[-2] == "0 ready, 1 not"
    assert ran.err.splitlines()[-1].startswith("check these again with: workshop ready -e demo ")
    assert checks.status() == "Stopped"


def test_a_notebook_that_cannot_be_stopped_again_is_named_with_the_command_that_stops_it(
    checks: Checks, seats: Seats
) -> None:
    checks.stop()
    seats.root.faults(
        {"effect": "denied", "operation": "sagemaker:StopNotebookInstance", "times": 1}
    )
    ran = checks.command()
    assert ran.code == 1
    assert "1 may run on, and cost; stop them with: workshop stop -e demo " in ran.err
    assert "1 ready, 0 not" in ran.err
    assert checks.status() == "InService"


def test_a_seat_without_a_notebook_is_not_ready(checks: Checks) -> None:
    checks.enrol("eve")
    ran = checks.command(only="eve")
    assert ran.code == 1
    assert "there is no notebook; make it with: workshop deploy -e demo" in ran.out
