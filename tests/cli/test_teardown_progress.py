"""What a running teardown says on the way: each problem at once, counts every few seconds."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from workshop.account_region import AccountRegion
from workshop.cli import teardown_view
from workshop.teardown.events import DeletionOutcome, TeardownEvent, TeardownStep
from workshop.teardown.resource import Ownership, Resource

HERE = AccountRegion("111122223333", "eu-west-1")
NOW = datetime(2026, 5, 1, tzinfo=UTC)


def test_counts_are_said_every_few_seconds_and_problems_at_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    moments = iter((100.0, 100.0, 100.5, 101.0, 103.0, 103.0))
    clock = SimpleNamespace(monotonic=lambda: next(moments))
    monkeypatch.setattr(teardown_view, "time", clock)
    view = teardown_view.TeardownView(as_json=False)
    model = Resource("model", "fit", HERE, Ownership.OWNED, "a test", "ada")
    for outcome, message in (
        (DeletionOutcome.DELETED, ""),
        (DeletionOutcome.DELETED, ""),
        (DeletionOutcome.STUCK, "it is in use"),
        (DeletionOutcome.DELETED, ""),
    ):
        view.happened(TeardownEvent(NOW, TeardownStep.DELETE, message, model, outcome))
    assert capsys.readouterr().err.splitlines() == [
        "  1 deleted",
        "stuck: model fit: it is in use",
        "  3 deleted, 1 stuck",
    ]
