"""``workshop stop`` over many accounts: as many threads as elsewhere, however many accounts."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from workshop.account_region import AccountRegion
from workshop.aws import machine_kinds as kinds
from workshop.aws.clients import Clients
from workshop.aws.machine_kinds import machines_of
from workshop.aws.notebooks import NotebookState
from workshop.aws.reads import ACCOUNTS_AT_ONCE
from workshop.config import assignment
from workshop.config.assignment import AssignedAccount, Assignment
from workshop.config.environment import LoadedEnvironment
from workshop.environments import loader
from workshop.notebooks import start_stop
from workshop.notebooks.start_stop import NotebookOutcome

ACCOUNTS = 99
LOOKS = 4
"""Of each account: all notebooks are on their way until the last."""
SETTINGS = f"""\
workshop: vision
account: "000000000000"
region: us-east-1
start: "2026-01-01T09:00:00+00:00"
end: "2099-12-31T17:00:00+00:00"
roster: {{seats: {ACCOUNTS}}}
accounts: {{mode: ou, permissions: self-managed}}
"""
WHEN = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def many(tmp_path: Path) -> LoadedEnvironment:
    """Seats with an account each."""
    rows = [
        AssignedAccount(f"{100000000000 + number}", f"seat{number:02}")
        for number in range(1, ACCOUNTS + 1)
    ]
    (tmp_path / "vision.yaml").write_text(SETTINGS)
    (tmp_path / "vision.accounts.csv").write_text(assignment.text(Assignment(tuple(rows))))
    return loader.load("vision", tmp_path)


class Listing:
    """The notebooks of every account, and how many threads there are while they are listed."""

    def __init__(self, together: int = 1) -> None:
        self.before = threading.active_count()
        self.most = 0
        self.looks: dict[str, int] = {}
        self.together = threading.Barrier(together, timeout=60)
        self._lock = threading.Lock()

    def __call__(self, _: Clients, where: AccountRegion, *__: Any) -> dict[str, NotebookState]:
        with self._lock:
            self.looks[where.account] = look = self.looks.get(where.account, 0) + 1
            first = len(self.looks) <= self.together.parties and look == 1
            self.most = max(self.most, threading.active_count() - self.before)
        if first:  # nobody gets on unless as many look side by side as may
            self.together.wait()
        status = "Stopping" if look < LOOKS else "Stopped"
        name = "vision-seat-notebook"
        return {name: NotebookState(name, "arn", status, "ml.t3.medium", WHEN, WHEN)}


def stopped(loaded: LoadedEnvironment, *, told: list[str]) -> list[NotebookOutcome]:
    return start_stop.move(
        loaded,
        machines_of(loaded.seats),
        Clients(loaded.home),
        start_stop.STOP,
        report=lambda one: told.append(one.seat),
        interrupted=lambda: told.append("interrupted"),
    )


def test_many_accounts_take_as_many_threads_as_look_side_by_side(
    many: LoadedEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing, told = Listing(ACCOUNTS_AT_ONCE), list[str]()
    monkeypatch.setattr(start_stop, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(kinds, "notebooks", listing)
    outcomes = stopped(many, told=told)
    assert {one.result for one in outcomes} == {"done"}
    assert sorted(told) == sorted(seat.id for seat in many.seats)
    assert [*listing.looks.values()] == [LOOKS] * ACCOUNTS
    assert listing.most == ACCOUNTS_AT_ONCE


def test_an_interruption_is_told_of_every_seat_whether_it_was_looked_at_or_not(
    many: LoadedEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing, told = Listing(), list[str]()
    monkeypatch.setattr(start_stop, "FIRST_POLL_SECONDS", 600)
    monkeypatch.setattr(start_stop, "POLL_SECONDS", 600)
    monkeypatch.setattr(kinds, "notebooks", listing)

    def interrupted(running: Sequence[Future[None]]) -> None:
        assert len(running) == ACCOUNTS_AT_ONCE
        raise KeyboardInterrupt

    monkeypatch.setattr(start_stop, "_wait_for", interrupted)
    outcomes = stopped(many, told=told)
    assert {one.seat: one.result for one in outcomes} == dict.fromkeys(
        [seat.id for seat in many.seats], "interrupted"
    )
    why = {(bool(one.after), one.reason) for one in outcomes}
    assert why <= {(True, "it was not waited for"), (False, "it was not looked at")}
    assert told.count("interrupted") == 1
