"""Seats whose row is gone from the roster and whose stacks are not: named, and not out of reach."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.local_cloud import Cloud
from tests.support.notebook_workshop import Room, notebook, of_seats
from workshop.account_region import AccountRegion
from workshop.ledger import Ledger

HOME = AccountRegion("000000000000", "us-east-1")


@pytest.fixture
def left(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Room:
    """A workshop of two seats, and seat09 with its notebook, whose row was deleted."""
    made = of_seats(cloud, tmp_path, monkeypatch, 2)
    monkeypatch.chdir(tmp_path)
    made.stacks(9)
    made.notebooks([9])
    return made


def test_status_names_who_left_the_roster_with_what_it_costs_and_how_to_end_it(left: Room) -> None:
    ran = left.command("status")
    [row] = [line for line in ran.out.splitlines() if line.startswith("seat09")]
    assert " ".join(row.split()) == "seat09, off the roster 5/5 InService 0m - 0 0 at least 0.050"
    assert (
        "'seat09' is not on the roster any more, but has 5 stacks in 000000000000 us-east-1:"
        " access, monitoring, notebook, registry, storage; end it with: workshop teardown -e room"
        " --early --only seat09"
    ) in ran.err.splitlines()
    told = left.told("status")
    assert [row["seat"] for row in told["off_roster"]] == ["seat09"]
    assert told["totals"]["seats"] == 2
    assert told["of_no_seat"] == []


def test_who_left_the_roster_can_be_stopped_started_and_handed_out_by_id(left: Room) -> None:
    assert left.command("stop", "--only", "seat09").code == 0
    assert left.statuses() == {notebook(9): "Stopped"}
    assert left.command("start", "--only", "seat09").code == 0
    assert left.statuses() == {notebook(9): "InService"}
    handed = left.command("handout", "--only", "seat09")
    assert handed.code == 0, handed.err
    assert "?authToken=" in handed.out


def test_who_left_the_roster_can_be_torn_down_by_id(left: Room) -> None:
    ran = left.command("teardown", "--early", "--only", "seat09")
    assert ran.code == 0, ran.err
    assert "vision-seat09-storage" in ran.out
    assert "this: workshop teardown -e room --only seat09" in ran.err


@pytest.mark.parametrize("command", ["plan", "deploy", "preflight", "ready", "save"])
def test_what_makes_seats_takes_none_off_the_roster_and_says_what_it_has(
    left: Room, command: str
) -> None:
    ran = left.command(command, "--only", "seat09")
    assert ran.code == 2
    assert ran.err.startswith(
        "workshop: 'seat09' is not on the roster any more, but has 5 stacks in 000000000000"
        " us-east-1: access, "
    )


def test_a_seat_of_which_the_ledger_alone_tells_can_be_torn_down_too(left: Room) -> None:
    Ledger("room").event(_Noted())  # type: ignore[arg-type]
    ran = left.command("teardown", "--early", "--only", "gone")
    assert ran.code == 0, ran.err
    assert left.command("teardown", "--early", "--only", "never").code == 2


class _Noted:
    """An event of a seat that there was."""

    def line(self) -> dict[str, str]:
        return {
            "seat": "gone",
            "workshop": "vision",
            "account": HOME.account,
            "region": HOME.region,
        }


def test_where_stacks_cannot_be_listed_that_is_said_and_nothing_is_guessed(left: Room) -> None:
    left.cloud.faults({"effect": "denied", "operation": "cloudformation:DescribeStacks"})
    ran = left.command("stop", "--only", "seat09")
    assert ran.code == 2
    assert ran.err.startswith("workshop: no seat 'seat09' in environment 'room'; known: seat01,")
    assert "; if stacks of it are left in 000000000000 us-east-1 is not known: " in ran.err


def test_stop_says_what_goes_on_costing_of_who_left_the_roster(left: Room) -> None:
    left.notebooks([1, 2])
    ran = left.command("stop")
    assert "and of seat09, who is off the roster: 0.050 USD per hour" in ran.err.splitlines()


@pytest.mark.parametrize("command", [("ready", "--only"), ("swap", "seat01")])
def test_an_id_that_never_was_is_told_with_those_that_there_are(
    left: Room, command: tuple[str, str]
) -> None:
    path = left.config / "room.yaml"
    text = path.read_text().replace("seats: 2", "file: people.csv\n  spares: 1")
    path.write_text(text)
    (left.config / "people.csv").write_text("id,name\nseat01,Ada\n")
    ran = left.command(*command, "seat33")
    assert ran.code == 2
    assert (
        "no seat 'seat33' in environment 'room'; known: seat01, spare01; see all with: " in ran.err
    )


def test_numbered_seats_are_nobodys_and_are_not_swapped(left: Room) -> None:
    ran = left.command("swap", "seat01", "seat02")
    assert ran.code == 2
    assert "has numbered seats, which are nobody's: give out the link of seat02" in ran.err
    assert "workshop handout -e room --only seat02), or write the people into a roster" in ran.err
