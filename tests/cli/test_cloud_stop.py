"""``workshop cloud stop``: nothing is thrown away that nobody has heard of."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import pytest

from localcloud import process
from tests.support.local_cloud import Cloud
from tests.support.workshop_command import Ran, run
from workshop.cli import agreement, console

EMPTY = '{"Resources": {"Nothing": {"Type": "AWS::CloudFormation::WaitConditionHandle"}}}'


@pytest.fixture
def stopped(cloud: Cloud) -> Iterator[list[Path]]:
    """The state folders of clouds that would have been stopped; the shared one goes on."""
    asked: list[Path] = []
    with (
        mock.patch.object(process, "status", return_value=cloud.running),
        mock.patch.object(process, "stop", asked.append),
    ):
        yield asked


def stop(*more: str) -> Ran:
    return run("cloud", "stop", *more)


def stack(cloud: Cloud, seat: str, kind: str) -> None:
    tags = {"workshop": "vision", "attendee": seat}
    cloud.deploy(
        f"vision-{seat}-{kind}", EMPTY, Tags=[{"Key": k, "Value": v} for k, v in tags.items()]
    )


def test_an_empty_cloud_is_stopped_without_a_question(stopped: list[Path]) -> None:
    assert stop().code == 0
    assert len(stopped) == 1


def test_it_says_how_many_seats_and_stacks_go_and_stops_nothing_unless_agreed(
    cloud: Cloud, stopped: list[Path]
) -> None:
    for seat, kind in (("ada", "storage"), ("ada", "access"), ("ben", "storage"), ("cohort", "x")):
        stack(cloud, seat, kind)
    ran = stop()
    assert (ran.code, stopped) == (3, [])
    assert ran.err == (
        "workshop: this would throw 2 seats with 4 stacks away; agree with:"
        " workshop cloud stop --yes\n"
    )
    agreed = stop("--yes")
    assert (agreed.code, len(stopped)) == (0, 1)
    assert agreed.err.startswith("2 seats with 4 stacks, and everything else in the local cloud,")


@pytest.mark.parametrize(("typed", "ends"), [("yes", 0), ("no", 3)])
def test_a_person_is_asked(
    cloud: Cloud, stopped: list[Path], monkeypatch: pytest.MonkeyPatch, typed: str, ends: int
) -> None:
    stack(cloud, "ada", "storage")
    asked: list[str] = []

    def answer(question: str) -> str:
        asked.append(question)
        return typed

    monkeypatch.setattr(console, "ask", answer)
    terminal = SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr(agreement, "sys", terminal)
    assert stop().code == ends
    assert asked == [
        "This throws 1 seat with 1 stack and everything else in it away. Type yes to go on"
    ]
    assert len(stopped) == (ends == 0)


def test_a_cloud_that_keeps_everything_is_stopped_without_a_question(
    cloud: Cloud, stopped: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    stack(cloud, "ada", "storage")
    keeps = SimpleNamespace(persist=True)
    monkeypatch.setattr(process, "status", lambda _: keeps)
    assert stop().code == 0
    assert len(stopped) == 1
