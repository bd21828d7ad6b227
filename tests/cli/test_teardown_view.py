"""A running teardown as a pipe sees it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from workshop.account_region import AccountRegion
from workshop.cli.teardown_view import TeardownView
from workshop.teardown.events import DeletionOutcome, TeardownEvent, TeardownStep
from workshop.teardown.resource import Ownership, Resource

HERE = AccountRegion("000000000000", "us-east-1")


def deleted(number: int) -> TeardownEvent:
    resource = Resource("model", f"m{number}", HERE, Ownership.OWNED, "a test", "ada")
    moment = datetime(2098, 3, 8, tzinfo=UTC)
    return TeardownEvent(
        moment, TeardownStep.DELETE, resource=resource, outcome=DeletionOutcome.DELETED
    )


def test_what_goes_is_counted_every_two_seconds_and_at_the_end(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = 100.0
    monkeypatch.setattr("workshop.cli.teardown_view.time.monotonic", lambda: now)
    with TeardownView(as_json=False) as view:
        for number in range(9):
            view.happened(deleted(number))
            now += 0.5
    assert capsys.readouterr().err.splitlines() == ["  1 deleted", "  6 deleted", "  9 deleted"]


def test_a_problem_is_said_at_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("workshop.cli.teardown_view.time.monotonic", lambda: 100.0)
    resource = Resource("model", "fit", HERE, Ownership.OWNED, "a test", "ada")
    moment = datetime(2098, 3, 8, tzinfo=UTC)
    view = TeardownView(as_json=False)
    view.happened(deleted(1))
    view.happened(
        TeardownEvent(moment, TeardownStep.DELETE, "it is in use", resource, DeletionOutcome.STUCK)
    )
    assert capsys.readouterr().err.splitlines() == [
        "  1 deleted",
        "stuck: model fit: it is in use",
    ]
