"""``workshop deploy``: what people type, what they see, and what the ledger keeps."""

from __future__ import annotations

import json
import re
import stat
import threading
from collections.abc import Callable
from typing import Any

import pytest

from tests.support import small_workshop
from tests.support.small_workshop import Fleet
from workshop import cli
from workshop.cli import early_checks
from workshop.cli.context import CommandContext
from workshop.cli.preflight import report_on
from workshop.deploy import assembly
from workshop.deploy.engine import DeployEngine
from workshop.errors import WorkshopError
from workshop.requests import refreshing

TALK = [
    "making the templates, one of each profile ...",
    "looking at the stacks of 000000000000 us-east-1 ...",
]
ASKING = "asking for permissions and quotas ..."
SECONDS = re.compile(r"\d+\.\d s")


def test_in_a_pipe_each_seat_is_a_line_and_the_end_is_counted(fleet: Fleet) -> None:
    fleet.write(2)
    ran = fleet.run("deploy")
    assert ran.code == 0
    assert ran.err.splitlines() == [
        *TALK,
        ASKING,
        "done: cohort",
        "1/2 seat done: seat01",
        "2/2 seat done: seat02",
    ]
    shown, end = ran.out.split("\n\nseats: 2 create\n\n")
    assert len(shown.splitlines()) == 4
    assert SECONDS.sub("N s", end) == "seats: 2 done; N s\n"
    again = fleet.run("deploy")
    assert (again.code, again.out) == (0, "seats: 2 unchanged\n")
    assert again.err.splitlines() == [*TALK, "nothing to do"]


def test_permissions_and_quotas_are_asked_for_while_the_templates_are_made(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.write(2)
    asked = threading.Event()

    def report(*given: Any) -> Any:
        made = report_on(*given)
        asked.set()
        return made

    monkeypatch.setattr(early_checks, "report_on", report)

    def make_once_they_are_asked_for(*given: Any, begin: Callable[[], None]) -> Any:
        begin()
        assert asked.wait(60)
        return small_workshop.assembly(given[0]), ""

    monkeypatch.setattr(assembly, "synthesize", make_once_they_are_asked_for)
    ran = fleet.run("deploy", by_app=True)
    assert ran.code == 0
    assert ran.err.count(ASKING) == 1


def test_no_call_is_made_once_the_templates_cannot_be_made(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.write(2)
    calling, goes_on, ended = threading.Event(), threading.Event(), threading.Event()

    def report(work: CommandContext, *_: object) -> Any:
        calling.set()
        goes_on.wait(60)
        try:
            return work.clients.client("iam", work.loaded.home).list_roles()
        except KeyboardInterrupt:
            ended.set()
            raise

    def fail(*_: object, begin: Callable[[], None]) -> Any:
        begin()
        assert calling.wait(60)
        raise WorkshopError("the templates could not be made")

    monkeypatch.setattr(early_checks, "report_on", report)
    monkeypatch.setattr(assembly, "synthesize", fail)
    ran = fleet.run("deploy", by_app=True)
    goes_on.set()
    assert (ran.code, ended.wait(60)) == (1, True)
    assert ran.err.splitlines()[-1] == "workshop: the templates could not be made"


def test_a_failed_seat_is_told_at_once_and_in_the_end_and_how_to_go_on(fleet: Fleet) -> None:
    fleet.write(3)
    fleet.take("seat02")
    ran = fleet.run("deploy", "--only", "seat01,seat02")
    assert ran.code == 1
    why = "repository: Resource of type 'AWS::ECR::Repository' with identifier"
    message = next(line for line in ran.err.splitlines() if line.startswith("failing: "))
    assert message.startswith(f"failing: demo-seat02-registry {why}")
    _, table = ran.out.split("\n\nseats: 2 create\n\n")
    header, row, _, end = table.splitlines()
    assert header.split() == ["seat", "account", "and", "Region", "outcome", "why"]
    assert row.startswith(f"seat02  000000000000 us-east-1  failed   demo-seat02-registry: {why}")
    assert SECONDS.sub("N s", end) == "seats: 1 done, 1 failed; N s"
    assert ran.err.splitlines()[-1] == (
        "not all is done; first do what is said of each that failed. To go on from here:"
        " workshop deploy -e dev --only seat01,seat02"
    )


def test_the_whole_command_is_repeated_for_whoever_goes_on(fleet: Fleet) -> None:
    fleet.write(1)
    fleet.take("seat01")
    folder = fleet.folder / "other folder"
    fleet.config.rename(folder)
    ran = fleet.run("deploy", "--profile", "attendee", "--config-dir", str(folder))
    assert ran.err.splitlines()[-1] == (
        "not all is done; first do what is said of each that failed. To go on from here:"
        f" workshop deploy -e dev --config-dir '{folder.name}' --profile attendee"
    )


def test_a_quota_one_short_refuses_before_anything_is_made(fleet: Fleet) -> None:
    fleet.write(2)
    fleet.cloud.quotas(s3={"L-DC2B2D3D": 2})
    ran = fleet.run("deploy")
    assert ran.code == 3
    assert ran.err.splitlines()[-1] == (
        "workshop: preflight refuses (1 failed); each check says what cures it"
    )
    assert fleet.statuses() == {}
    assert not (fleet.folder / ".workshop").exists()


def test_a_refusal_by_the_checks_ends_as_every_end_does(fleet: Fleet) -> None:
    fleet.write(2)
    assert fleet.deploy(only=["seat01"]).good
    fleet.cloud.quotas(s3={"L-DC2B2D3D": 2})
    ran = fleet.run("deploy", "--json")
    assert ran.code == 3
    checks, end = (json.loads(line) for line in ran.out.splitlines())
    assert (checks["what"], checks["passed"]) == ("preflight", False)
    assert end.pop("seconds").keys() == {"synthesis", "checks"}
    assert end == {
        "what": "end",
        "seats": {"unchanged": 1, "not begun": 1},
        "failed": [],
        "stopped": "preflight refuses (1 failed); each check says what cures it",
        "interrupted": False,
        "broken": "",
        "throttles": 0,
        "exit": 3,
    }


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_an_error_of_our_own_loses_neither_the_summary_nor_the_ledgers_end(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    real = cli.main

    def main() -> None:
        try:
            real()
        except RuntimeError as error:
            raise SystemExit(70) from error

    def polled(*_: object) -> None:
        raise RuntimeError("odd")

    fleet.write(2)
    monkeypatch.setattr(cli, "main", main)
    monkeypatch.setattr(DeployEngine, "_poll", polled)
    ran = fleet.run("deploy", *words)
    assert ran.code == 70
    assert ran.err.splitlines()[-1] == (
        "broken off by an error of this program (RuntimeError: odd). To go on from here:"
        " workshop deploy -e dev"
    )
    if words:
        end = json.loads(ran.out.splitlines()[-1])
        assert (end["what"], end["broken"], end["exit"]) == ("end", "RuntimeError: odd", 1)
    else:
        assert ran.out.splitlines()[-1].startswith("seats: 2 not begun; ")
    ended = fleet.ledger[-1]["ended"]
    assert (ended["seats"], ended["broken"]) == ({"not begun": 2}, "RuntimeError: odd")


def test_json_is_one_object_a_line_from_the_checks_to_the_end(fleet: Fleet) -> None:
    fleet.write(2)
    fleet.take("seat02")
    ran = fleet.run("deploy", "--json")
    assert ran.code == 1
    lines = [json.loads(line) for line in ran.out.splitlines()]
    assert lines[0]["what"] == "preflight"
    assert lines[0]["passed"] is True
    begun = {line["stack"] for line in lines if line["what"] == "begun"}
    assert len(begun) == 13
    (failed,) = [line for line in lines if line["what"] == "seat failed"]
    assert failed.keys() == {"at", "what", "account", "region", "seat", "message"}
    assert (failed["seat"], failed["account"]) == ("seat02", "000000000000")
    end = lines[-1]
    assert end["what"] == "end"
    assert end["seats"] == {"done": 1, "failed": 1}
    assert [(one["seat"], one["outcome"]) for one in end["failed"]] == [("seat02", "failed")]
    assert (end["stopped"], end["interrupted"], end["exit"]) == ("", False, 1)
    assert end["seconds"].keys() == {"synthesis", "checks", "stacks"}
    fleet.free("seat02")
    assert fleet.run("deploy", "--json").code == 0
    nothing = fleet.run("deploy", "--json")
    (line,) = [json.loads(line) for line in nothing.out.splitlines()]
    assert (line["what"], line["seats"], line["exit"]) == ("end", {"unchanged": 2}, 0)


def test_the_limits_can_be_set_for_one_run(fleet: Fleet) -> None:
    fleet.write(4, "deploy: {failure_percent: 100}")
    fleet.take("seat02")
    ran = fleet.run("deploy", "--failure-percent", "0", "--concurrency", "1")
    assert ran.code == 1
    assert "stopped: 1 seat has failed, more than 0 % of all" in ran.err
    assert "seats: 1 done, 2 not begun, 1 failed" in ran.out
    fleet.cloud.faults(
        {"effect": "stuck", "noun": "NotebookInstance", "status": "Pending"}
        | {"name": "demo-seat03-*"}
    )
    fleet.free("seat02")
    stuck = fleet.run("deploy", "--stack-minutes", "0.03", "--only", "seat03,seat04")
    assert stuck.code == 1
    assert "seat03  000000000000 us-east-1  stuck    demo-seat03-notebook" in stuck.out


@pytest.mark.parametrize("wrong", [["--concurrency", "0"], ["--failure-percent", "101"]])
def test_limits_that_make_no_sense_are_refused(fleet: Fleet, wrong: list[str]) -> None:
    fleet.write(1)
    assert fleet.run("deploy", *wrong).code == 2


def test_the_ledger_holds_who_did_what_and_nobody_may_read_it(fleet: Fleet) -> None:
    fleet.write(0, roster="roster: {file: people.csv}")
    rows = "id,name,email\nada,Ada Lovelace,ada@example.org\nalan,Alan Turing,alan@example.org\n"
    (fleet.config / "people.csv").write_text(rows)
    fleet.take("alan")
    assert fleet.run("deploy").code == 1
    path = fleet.folder / ".workshop" / "dev" / "ledger.jsonl"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    lines = fleet.ledger
    assert len({line["run"] for line in lines}) == 1
    begin, end = lines[0], lines[-1]
    assert begin.keys() == {"run", "at", "command", "who", "seats", "account"}
    assert (begin["command"], begin["seats"], begin["account"]) == ("deploy", 2, "000000000000")
    assert begin["who"]
    assert end["ended"]["seats"] == {"done": 1, "failed": 1}
    # Where anything may be made is noted before the first call.
    intends = next(at for at, line in enumerate(lines) if line.get("intends"))
    assert {line.get("seat") for line in lines[1:intends]} == {"cohort", "ada", "alan"}
    message = {
        (line["what"], line.get("stack") or line.get("seat")) for line in lines[intends + 1 : -1]
    }
    assert ("begun", "demo-ada-notebook") in message
    assert ("seat done", "ada") in message
    assert ("seat failed", "alan") in message
    text = path.read_text()
    for personal in ("Lovelace", "Turing", "example.org"):
        assert personal not in text

    fleet.free("alan")
    assert fleet.run("deploy").code == 0
    assert len({line["run"] for line in fleet.ledger}) == 2
    assert fleet.ledger[: len(lines)] == lines


def test_content_that_a_deployment_does_not_send_is_named(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.write(1)
    monkeypatch.setattr(refreshing, "unsent", lambda *_: ["extra", "solutions"])
    first, second = fleet.run("deploy"), fleet.run("deploy")
    assert (first.code, second.code) == (0, 0), (first.err, first.out)
    said = "nothing brings extra, solutions to the machines yet; send it with: workshop content"
    assert [ran.err.count(said) for ran in (first, second)] == [1, 1]
    assert "nothing to do" in second.err
