"""``workshop plan``: what people type, and what they see."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.assemblies import exemplars, shipped
from tests.support.faulty import counts
from tests.support.small_workshop import Fleet
from workshop.cli import plan
from workshop.deploy import diff

ASKED = {"effect": "latency", "operation": "cloudformation:*", "seconds": 0.001}
"""Counts what CloudFormation is asked."""
TALK = (
    "making the templates, one of each profile ...\n"
    "looking at the stacks of 000000000000 us-east-1 ...\n"
    "Thu 1 Jan 2026 09:00 to Thu 31 Dec 2099 17:00 (UTC)\n"
)


def test_a_new_roster_is_all_created_and_one_listing_tells_it(fleet: Fleet) -> None:
    fleet.write(2)
    fleet.cloud.faults(ASKED)
    ran = fleet.run("plan", by_app=True)
    assert (ran.code, ran.err) == (0, TALK)
    assert ran.out.splitlines() == [
        "seat    account and Region      plan    stacks  why",
        "cohort  000000000000 us-east-1  create  3",
        "seat01  000000000000 us-east-1  create  5",
        "seat02  000000000000 us-east-1  create  5",
        "",
        "seats: 2 create",
    ]
    assert counts(fleet.cloud) == [(1, 1)]
    assert fleet.statuses() == {}


def test_what_was_synthesized_is_not_synthesized_again_and_its_talk_is_repeated(
    fleet: Fleet,
) -> None:
    fleet.write(2)
    fleet.variables()
    app = fleet.stand_in.read_text()
    fleet.stand_in.write_text(f"{app}\nimport sys\nprint('Node is old', file=sys.stderr)\n")
    first, again = (fleet.run("plan", by_app=True) for _ in range(2))
    making, *looking = TALK.splitlines(keepends=True)
    assert first.err == "".join((making, "warning: Node is old\n", *looking))
    assert again.err == "".join(("warning: Node is old\n", *looking))
    assert again.out == first.out
    fleet.stand_in.write_text(app)
    assert fleet.run("plan", by_app=True).err == TALK


def test_what_is_unchanged_is_only_counted(fleet: Fleet) -> None:
    fleet.write(2)
    assert fleet.deploy(only=["seat02"]).good
    ran = fleet.run("plan")
    assert ran.out.splitlines() == [
        "seat    account and Region      plan    stacks  why",
        "seat01  000000000000 us-east-1  create  5",
        "",
        "seats: 1 unchanged, 1 create",
    ]
    some = fleet.run("plan", "--only", "seat02")
    assert (some.code, some.out) == (0, "seats: 1 unchanged\n")


def test_changes_are_told_once_with_what_they_do_to_a_notebook(fleet: Fleet) -> None:
    fleet.write(3)
    assert fleet.deploy().good
    larger = "profiles: {attendee: {notebook: {instance_type: ml.t3.large, volume_gb: 30}}}"
    fleet.write(2, larger)
    # Of all notebooks one template is read; the others' follow from their digests.
    fleet.cloud.faults({**ASKED, "operation": "cloudformation:GetTemplate"})
    ran = fleet.run("plan")
    assert counts(fleet.cloud) == [(1, 1)]
    assert ran.out.splitlines() == [
        "seat    account and Region      plan            stacks    why",
        "seat01  000000000000 us-east-1  update          notebook",
        "seat02  000000000000 us-east-1  update          notebook",
        "seat03  000000000000 us-east-1  off the roster  5         it stays until it is torn down",
        "",
        "changes:",
        "  notebook: instance type: ml.t3.medium to ml.t3.large; the notebook is stopped"
        " and started  (2 times)",
        "  disk: 20 to 30 GB; the notebook is stopped and started  (2 times)",
        "",
        "seats: 2 update, 1 off the roster",
    ]


def test_nobody_reads_a_logical_id_or_a_script_in_a_plan() -> None:
    lines: set[str] = set()
    for kind in ("storage", "access", "notebook", "monitoring"):
        before, after = template("demo", kind), template("prod", kind)
        lines |= {plan.describe(change) for change in diff.between(before, after)}
    assert "notebook: tags" in lines
    assert "start-up scripts: script that runs at each start" in lines
    for line in lines:
        assert not re.search(r"[0-9A-F]{8}|::|[{}]|OnStart|Workbench", line), line
    assert {line.partition(":")[0] for line in lines} == {
        *("bucket", "dashboard", "disk", "notebook", "role", "start-up scripts")
    }


def template(environment: str, kind: str) -> dict[str, Any]:
    """A stack of the environment's first attendee, as CDK writes it."""
    assembly = shipped(environment)
    seat = exemplars(assembly.loaded)["attendee"]
    return assembly.template(f"{assembly.loaded.settings.workshop}-{seat}-{kind}")


def test_a_change_that_cannot_be_made_is_called_out(fleet: Fleet) -> None:
    fleet.write(1, "profiles: {attendee: {notebook: {volume_gb: 30}}}")
    assert fleet.deploy().good
    fleet.write(1)
    ran = fleet.run("plan")
    assert ran.code == 0
    assert "disk: 30 to 20 GB; CANNOT be changed: it would replace the resource" in ran.out
    assert "seat01  000000000000 us-east-1  refused  notebook  the notebook's disk" in ran.out
    assert ran.out.splitlines()[-1] == "seats: 1 refused"


def test_clearing_what_is_left_of_a_notebooks_stack_is_called_out(fleet: Fleet) -> None:
    fleet.write(2)
    fleet.cloud.quotas(sagemaker={"ml.t3.medium for notebook instance usage": 0})
    assert not fleet.deploy(percent=100).good
    ran = fleet.run("plan")
    lines = ran.out.splitlines()
    assert lines[1].startswith(
        "seat01  000000000000 us-east-1  clear and retry  notebook  ROLLBACK"
    )
    assert lines[1].endswith("if that is left, and what is on the notebook's disk")
    message = "  notebook: what is left of it is DELETED, and its disk is lost  (2 times)"
    assert lines[3:6] == ["", "changes:", message]
    document = json.loads(fleet.run("plan", "--json").out)
    stacks = [stack for seat in document["seats"] for stack in seat["stacks"]]
    losing = {stack["name"]: stack["loses_work"] for stack in stacks if stack["loses_work"]}
    assert losing == {f"demo-seat0{number}-notebook": ["notebook"] for number in (1, 2)}


ROWS = "id,region\nada,\ngrace,eu-central-1\n"


def test_strays_are_told_of_places_where_nobody_has_a_seat_any_more(fleet: Fleet) -> None:
    people = fleet.config / "people.csv"
    fleet.write(0, roster="roster: {file: people.csv}")
    people.write_text(ROWS)
    assert fleet.run("deploy").code == 0

    people.write_text("id\nada\n")  # what the ledger still knows
    ran = fleet.run("plan")
    assert "at the stacks of 000000000000 us-east-1, 000000000000 eu-central-1 ..." in ran.err
    rows = [" ".join(line.split()[:7]) for line in ran.out.splitlines()[1:3]]
    assert rows == [
        "cohort 000000000000 eu-central-1 off the roster 3",
        "grace 000000000000 eu-central-1 off the roster 5",
    ]
    assert ran.out.splitlines()[-1] == "seats: 1 unchanged, 2 off the roster"

    people.write_text("id,region\ngrace,eu-central-1\n")  # home, whatever the ledger knows
    (fleet.folder / ".workshop" / "dev" / "ledger.jsonl").unlink()
    strays = json.loads(fleet.run("plan", "--json").out)["off_roster"]
    assert [(one["seat"], one["region"]) for one in strays] == [
        ("ada", "us-east-1"),
        ("cohort", "us-east-1"),
    ]


def test_a_place_without_seats_that_cannot_be_listed_stops_nobody_and_is_told(
    fleet: Fleet,
) -> None:
    fleet.write(0, roster="roster: {file: people.csv}")
    (fleet.config / "people.csv").write_text("id,region\ngrace,eu-central-1\n")
    denied = {"effect": "denied", "operation": "cloudformation:DescribeStacks"}
    fleet.cloud.faults({**denied, "region": "us-east-1"})
    ran = fleet.run("plan", "--json")
    assert ran.code == 0
    document = json.loads(ran.out)
    assert document["totals"]["create"] == 1
    (unlisted,) = document["unlisted"]
    assert (unlisted["account"], unlisted["region"]) == ("000000000000", "us-east-1")
    why = (
        "whether 000000000000 us-east-1 has seats off the roster is not known (DescribeStacks: Acc"
    )
    assert f"warning: {why}" in ran.err
    assert fleet.run("deploy").code == 0


def test_json_holds_every_stack_with_its_changes(fleet: Fleet) -> None:
    fleet.write(2)
    assert fleet.deploy(only=["seat01"]).good
    fleet.write(2, "profiles: {attendee: {notebook: {instance_type: ml.t3.large}}}")
    ran = fleet.run("plan", "--json")
    document = json.loads(ran.out)
    assert (document["environment"], document["workshop"]) == ("dev", "demo")
    assert [(one["seat"], one["action"]) for one in document["seats"]] == [
        ("cohort", "unchanged"),
        ("seat01", "update"),
        ("seat02", "create"),
    ]
    assert {key: count for key, count in document["totals"].items() if count} == {
        "update": 1,
        "create": 1,
    }
    stacks = {stack["name"]: stack for seat in document["seats"] for stack in seat["stacks"]}
    assert len(stacks) == 13
    (change,) = stacks["demo-seat01-notebook"]["changes"]
    assert change == {
        "resource": change["resource"],
        "type": "AWS::SageMaker::NotebookInstance",
        "property": "InstanceType",
        "before": "ml.t3.medium",
        "after": "ml.t3.large",
        "effect": "restart",
    }
    assert stacks["demo-seat01-access"] == {
        "name": "demo-seat01-access",
        "action": "unchanged",
        "status": "CREATE_COMPLETE",
        "message": "",
        "loses_work": [],
        "changes": [],
    }
    assert document["off_roster"] == []


def test_seats_are_chosen_by_id_and_profile(fleet: Fleet) -> None:
    fleet.write(0, "profiles: {attendee: {}, gpu: {}}", roster="roster: {file: people.csv}")
    (fleet.config / "people.csv").write_text("id,profile\nada,gpu\nalan,\nzoe,gpu\n")
    ran = fleet.run("plan", "--profile", "gpu")
    assert [line.split()[0] for line in ran.out.splitlines()[1:4]] == ["cohort", "ada", "zoe"]
    both = fleet.run("plan", "--profile", "gpu", "--only", "zoe,alan")
    assert [line.split()[0] for line in both.out.splitlines()[1:3]] == ["cohort", "zoe"]
    nobody = fleet.run("plan", "--only", "nobody")
    assert nobody.code == 2
    assert nobody.err == (
        "workshop: no seat 'nobody' in environment 'dev'; known: ada, alan, zoe; see all with:"
        " workshop roster -e dev\n"
    )


@pytest.mark.parametrize("command", ["plan", "deploy"])
def test_a_wrong_account_is_refused_before_anything_is_asked(fleet: Fleet, command: str) -> None:
    fleet.write(1)
    path = fleet.config / "dev.yaml"
    path.write_text(path.read_text().replace('"000000000000"', '"111122223333"'))
    fleet.cloud.faults(ASKED)
    ran = fleet.run(command)
    assert (ran.code, ran.out) == (3, "")
    where = f"--state-dir {fleet.cloud.state_dir}"
    assert ran.err == (
        "workshop: your credentials are for account 000000000000, and 'dev' is for 111122223333;"
        f" end the local cloud that this terminal points to with: workshop cloud stop {where},"
        " start one of that account with:"
        f" workshop cloud start --account 111122223333 --region us-east-1 {where}, and"
        f' point this terminal to it with: eval "$(workshop cloud env {where})", or correct the'
        " environment's 'account'\n"
    )
    assert counts(fleet.cloud) == [(0, 0)]


def test_a_listing_that_fails_is_told_and_not_taken_for_an_empty_one(fleet: Fleet) -> None:
    fleet.write(1)
    fleet.cloud.faults({"effect": "denied", "operation": "cloudformation:DescribeStacks"})
    ran = fleet.run("plan")
    assert (ran.code, ran.out) == (1, "")
    message = ran.err.splitlines()[-1]
    assert message.startswith(
        "workshop: the stacks of 000000000000 us-east-1 could not be listed ("
    )
    assert message.endswith("Check that you may call cloudformation:DescribeStacks there")


NOTING_APP = """
import json, os, pathlib, sys, workshop.errors as E
error = {}
pathlib.Path(os.environ[E.ERROR_FILE]).write_text(json.dumps(error.document()))
print(*error.lines(), 'workshop: Node is old', sep=chr(10), file=sys.stderr)
sys.exit(error.exit_code)
"""
"""An app that fails as :mod:`stacks.app` does, and on whose stderr another line comes last."""


@pytest.mark.parametrize(
    ("app", "code", "message"),
    [
        (
            NOTING_APP.format("E.ConfigError(['dev.yaml:3: wrong', 'dev.yaml:4: wrong'])"),
            2,
            "dev.yaml:3: wrong\ndev.yaml:4: wrong\n"
            "workshop: 2 mistakes in the configuration; nothing was done\n",
        ),
        (
            NOTING_APP.format("E.UsageError('nobody is called eve')"),
            2,
            "workshop: nobody is called eve\n",
        ),
        (
            "raise SystemExit('a finding of cdk-nag')",
            1,
            "workshop: the templates could not be made; CDK says:\na finding of cdk-nag\n",
        ),
    ],
)
def test_what_cdk_says_is_passed_on(fleet: Fleet, app: str, code: int, message: str) -> None:
    fleet.write(1)
    fleet.variables()
    fleet.stand_in.write_text(app)
    ran = fleet.run("plan", by_app=True)
    assert ran.code == code
    assert ran.err.endswith(message)
    assert fleet.statuses() == {}


def test_a_plan_says_what_the_workshop_will_cost_at_the_prices_of_aws(fleet: Fleet) -> None:
    fleet.write(2)
    path = fleet.config / "dev.yaml"
    path.write_text(path.read_text().replace("2099-12-31", "2026-01-02"))
    fleet.cloud.billing(
        products=[
            {
                "regionCode": "us-east-1",
                "usagetype": f"USE1-{word}:ml.{name}",
                "unit": "Hrs",
                "usd": "2",
            }
            for word in ("Notebk", "Train", "Host", "Processing")
            for name in ("t3.medium", "m5.large", "m5.xlarge", "g5.xlarge")
        ]
    )
    ran = fleet.run("plan")
    # Two days of eight hours of a notebook, and of one of a job and an endpoint; no price of disks.
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    assert "estimate: at least 40.00 USD a seat, at least 80.00 USD for 2 seats; " in ran.err
    assert f"(AWS's price list for us-east-1, read on {today})" in ran.err
    told = json.loads(fleet.run("plan", "--json").out)["estimate"]
    assert told["usd"] == {"least": 80.0, "complete": False}
    assert fleet.run("check").out.splitlines()[-1].startswith("estimate: at least 40.00 USD a seat")


def test_a_later_end_is_said_once_in_peoples_words(fleet: Fleet) -> None:
    fleet.write(2)
    assert fleet.deploy().good
    path = fleet.config / "dev.yaml"
    path.write_text(path.read_text().replace("2099-12-31T17:00", "2099-12-31T18:00"))
    ran = fleet.run("plan")
    assert (
        "changes:\n"
        "  the workshop's end: Thu 31 Dec 2099 17:00 to 18:00; machines go on running; printed"
        " pages have the old one: hand them out anew\n"
        "\n"
        "seats: 2 unchanged\n"
    ) in ran.out
    path.write_text(
        path.read_text().replace("2099-12-31T18:00", "2099-12-30T09:00") + "tags: {a: b}\n"
    )
    ran = fleet.run("plan")
    assert "  the workshop's end: Thu 31 Dec 2099 17:00 to Wed 30 Dec 2099 09:00; " in ran.out
    assert "\n  tags: a\n" in ran.out


def test_many_seats_alike_are_one_row_and_all_shows_each(fleet: Fleet) -> None:
    fleet.write(40)
    ran = fleet.run("plan")
    assert [line.split("  ")[0] for line in ran.out.splitlines()] == [
        "seat",
        "cohort",
        "40 seats",
        "",
        "seats: 40 create",
    ]
    assert ran.err.endswith("each seat is shown by: workshop plan -e dev --all\n")
    everything = fleet.run("plan", "--all")
    assert len(everything.out.splitlines()) == 44
    assert "--all" not in everything.err
