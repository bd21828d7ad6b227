"""A running deployment as a terminal, a pipe and a program see it."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import select
import signal
import subprocess
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import cast
from unittest import mock

import pytest
from rich.console import Console

from tests.support.small_workshop import HOME, WORKSHOP, Fleet, desired
from workshop.cli import deploy_summary
from workshop.cli.deploy_view import DeployView
from workshop.deploy.events import DeployEvent, DeployStep
from workshop.deploy.jobs import StackJob, Stage
from workshop.deploy.plan import DeployPlan, SeatPlan, StackAction, StackPlan
from workshop.deploy.run import Deployment, DeployOutcome, SeatResult

CONTROLS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")
SLOW = 3600.0
MOST_TEXT = 50_000
"""Characters; a screen that is drawn four times a second has some hundred."""
SILENCE = 120
"""Seconds."""


def stack(seat: str, kind: str = "storage", action: StackAction = StackAction.CREATE) -> StackPlan:
    return StackPlan(desired(f"demo-{seat}-{kind}", seat=seat), None, action)


def plan(*seats: str) -> DeployPlan:
    return DeployPlan(tuple(SeatPlan(seat, HOME, (stack(seat),)) for seat in seats), ())


def event(what: DeployStep, seat: str, stack: str = "", message: str = "") -> DeployEvent:
    return DeployEvent(datetime(2098, 3, 8, tzinfo=UTC), HOME, what, seat, stack, message)


EVENTS = (
    event(DeployStep.SEAT_DONE, "cohort"),
    event(DeployStep.BEGUN, "a", "demo-a-storage"),
    event(DeployStep.DONE, "a", "demo-a-storage"),
    event(DeployStep.SEAT_DONE, "a"),
    event(DeployStep.RETRY, "b", "demo-b-access", "again in 5 s: Throttling"),
    event(DeployStep.FAILING, "b", "demo-b-access", "Role: no"),
    event(DeployStep.SEAT_FAILED, "b", message="demo-b-access: Role: no"),
    event(DeployStep.STOPPED, "", message="too many"),
)


def test_a_pipe_gets_a_line_for_each_seat_and_for_what_goes_wrong(
    capsys: pytest.CaptureFixture[str],
) -> None:
    view = DeployView(plan("cohort", "a", "b"), as_json=False)
    for one in EVENTS:
        view.event(one)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "done: cohort",
        "1/2 seat done: a",
        "retry: demo-b-access again in 5 s: Throttling",
        "failing: demo-b-access Role: no",
        "2/2 seat failed: b",
        "stopped: too many",
    ]


def test_a_failed_cohort_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    view = DeployView(plan("cohort", "a", "b"), as_json=False)
    view.event(event(DeployStep.FAILING, "cohort", "demo-cohort", "parameter: no"))
    view.event(event(DeployStep.FAILED, "cohort", "demo-cohort", "parameter: no"))
    view.event(event(DeployStep.SEAT_FAILED, "cohort", message="demo-cohort: parameter: no"))
    for seat in ("a", "b"):
        view.event(event(DeployStep.FAILED, seat, f"demo-{seat}-access", "needs demo-cohort"))
        view.event(
            event(DeployStep.SEAT_FAILED, seat, message=f"demo-{seat}-access: needs demo-cohort")
        )
    assert capsys.readouterr().err.splitlines() == [
        "failing: demo-cohort parameter: no",
        "failed: cohort",
        "1/2 seat failed: a",
        "2/2 seat failed: b",
    ]


def test_a_reason_of_many_seats_is_told_ten_times(capsys: pytest.CaptureFixture[str]) -> None:
    seats = [f"seat{number:02}" for number in range(1, 14)]
    view = DeployView(plan(*seats), as_json=False)
    for seat in seats:
        view.event(
            event(DeployStep.FAILING, seat, f"demo-{seat}-access", f"Role: demo-{seat} is there")
        )
    *lines, last = capsys.readouterr().err.splitlines()
    assert len(lines) == 10
    assert last == (
        "more seats fail for the same reason; the end counts them: Role: demo-SEAT is there"
    )


def test_a_program_gets_every_event_as_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    view = DeployView(plan("a", "b"), as_json=True)
    with view.following(cast("Deployment", SimpleNamespace())):
        for one in EVENTS:
            view.event(one)
    out, err = capsys.readouterr()
    assert err == ""
    lines = [json.loads(line) for line in out.splitlines()]
    assert [line["what"] for line in lines] == [one.what.value for one in EVENTS]
    assert lines[1] == {
        "at": "2098-03-08T00:00:00.000+00:00",
        "what": "begun",
        "account": "000000000000",
        "region": "us-east-1",
        "seat": "a",
        "stack": "demo-a-storage",
    }


def _follow(view: DeployView, deployment: SimpleNamespace) -> None:
    with view.following(cast("Deployment", deployment)):
        pass


def seen(view: DeployView) -> list[str]:
    """What the live view shows now, line by line."""
    screen = Console(file=io.StringIO(), width=120, force_terminal=False)
    screen.print(view.progress.render())
    shown = cast("io.StringIO", screen.file).getvalue().splitlines()
    return [line.rstrip() for line in shown if line.strip()]


def test_the_screen_shows_a_bar_the_rate_and_the_seats_at_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 100.0
    monkeypatch.setattr("workshop.cli.deploy_view.time.monotonic", lambda: now)
    view = DeployView(plan("cohort", "a", "b", "c"), as_json=False)
    assert len(seen(view)) == 1
    jobs = {
        one.desired.name: StackJob(one) for one in (stack("a"), stack("b"), stack("b", "access"))
    }
    jobs["demo-a-storage"].stage = Stage.DONE
    jobs["demo-b-storage"].stage = Stage.WATCHED
    jobs["demo-b-access"].stage = Stage.CALLING
    jobs["demo-b-access"].deleting = True
    flying = [jobs["demo-b-storage"], jobs["demo-b-access"]]
    engine = SimpleNamespace(by_seat={"all": [*jobs.values()]}, in_flight=flying)
    deployment = SimpleNamespace(engines=[engine], throttles=0)
    _follow(view, deployment)
    for one in EVENTS[:4]:
        view.event(one)
    now += 30
    bar, active = seen(view)
    assert "1/3" in bar
    assert bar.endswith("2 stacks a minute, about 1:00 left")
    assert active.split() == ["b", "storage,", "clearing", "access"]
    deployment.throttles = 1
    assert seen(view)[0].endswith("about 1:00 left, 1 call throttled")


def test_more_seats_than_a_screen_holds_are_counted() -> None:
    view = DeployView(plan("a"), as_json=False)
    flying = [StackJob(stack(f"seat{number}")) for number in range(15)]
    engine = SimpleNamespace(by_seat={job.seat: [job] for job in flying}, in_flight=flying)
    _follow(view, SimpleNamespace(engines=[engine], throttles=0))
    lines = seen(view)
    assert len(lines) == 1 + 12 + 1
    assert lines[-1].split() == ["and", "3", "more", "seats"]


def test_a_real_terminal_shows_what_is_going_on_until_ctrl_c(fleet: Fleet) -> None:
    fleet.write(2)
    fleet.cloud.delays(notebook=SLOW)
    master, terminal = pty.openpty()
    environment = {**fleet.variables(), "TERM": "xterm", "COLUMNS": "110", "LINES": "30"}
    words = [WORKSHOP, "deploy", "-e", "dev"]
    with subprocess.Popen(
        words,
        cwd=fleet.folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=terminal,
        text=True,
    ) as process:
        os.close(terminal)
        try:
            read(
                master,
                r"seats\s+━.*0/2.*\d+ stacks a minute, about \d+:\d\d left\n  seat01 +notebook",
            )
            os.kill(process.pid, signal.SIGINT)
            rest = read(master, r"To go on from here: workshop deploy -e dev\n")
            out, _ = process.communicate(timeout=60)
        finally:
            process.kill()
    os.close(master)
    assert process.returncode == 1
    assert "interrupted; CloudFormation goes on with what it has begun" in rest
    assert "seats: 1 in progress, 1 not begun" in out


def read(master: int, pattern: str) -> str:
    """Read what appears on a terminal until the pattern has appeared; a screen without it fails."""
    text = ""
    while not re.search(pattern, text):
        assert len(text) < MOST_TEXT, text[-2000:]
        assert select.select([master], [], [], SILENCE)[0], text[-2000:]
        text += CONTROLS.sub("", os.read(master, 65536).decode(errors="replace"))
    return text


def test_the_screen_is_only_for_terminals(capsys: pytest.CaptureFixture[str]) -> None:
    deployment = cast("Deployment", SimpleNamespace(engines=[], throttles=0))
    with mock.patch("workshop.cli.console.talks_to_terminal", return_value=True):
        view = DeployView(plan("a", "b"), as_json=False)
    with view.following(deployment):
        for event in (EVENTS[3], EVENTS[5], EVENTS[6]):
            view.event(event)
    lines = [line.rstrip() for line in capsys.readouterr().err.splitlines()]
    assert "failing: demo-b-access Role: no" in lines
    assert "seat failed: b" in lines
    assert [line for line in lines if "seat done" in line] == []


def test_of_many_failed_seats_those_with_the_same_reason_are_a_row(
    capsys: pytest.CaptureFixture[str],
) -> None:
    reason = "demo-{seat}-access: Role: no (Request ID: {seat}-77, HandlerErrorCode: Throttling)"
    seats = [f"seat{number:02}" for number in range(1, 13)]
    results = [
        SeatResult(seat, HOME, DeployOutcome.FAILED, reason.format(seat=seat)) for seat in seats
    ]
    results.append(SeatResult("ada", HOME, DeployOutcome.STUCK, "demo-ada-access: late"))
    deployment = cast("Deployment", SimpleNamespace(results=results, broken=None))
    end = {"seats": {"failed": 12, "stuck": 1}, "throttles": 1, "seconds": {}, "stopped": ""}
    deploy_summary.show(deployment, end)
    _, header, many, ada, _, counts = capsys.readouterr().out.splitlines()
    assert header.split()[0] == "seat"
    assert many.startswith("12 seats (--all): seat01, seat02, seat03, ...  ")
    assert many.endswith(
        "demo-SEAT-access: Role: no (Request ID: ..., HandlerErrorCode: Throttling)"
    )
    assert ada.split()[0] == "ada"
    assert ada.endswith("demo-ada-access: late")
    assert counts == "seats: 12 failed, 1 stuck; 0.0 s, 1 call throttled"
    deploy_summary.show(deployment, end, everything=True)
    assert len(capsys.readouterr().out.splitlines()) == 17
