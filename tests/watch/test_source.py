"""The watch as it travels: one inline source, a small template, no more rights than it needs."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import replace
from fnmatch import fnmatchcase

import pytest

from stacks.app import TEMPLATE_LIMIT
from tests.support.assemblies import ENVIRONMENTS, shipped, synthesize
from workshop.agent import inbox
from workshop.config.models import Environment
from workshop.naming import COHORT, FREEZE, PRICES, WATCH, Names
from workshop.policies import watch as policies
from workshop.policies.watch import watch_policy
from workshop.pricing import caps
from workshop.watch import messages
from workshop.watch.work import Settings

HERE = Names("vision", COHORT, "111122223333", "eu-west-1")


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_the_template_travels_inline_with_room_to_grow(name: str) -> None:
    workshop = shipped(name).loaded.settings.workshop
    assert (
        len(shipped(name).text(f"{workshop}-{COHORT}-{WATCH}").encode()) < TEMPLATE_LIMIT * 9 // 10
    )


def test_hours_of_class_and_the_right_to_start_are_in_the_template_where_the_yaml_has_hours() -> (
    None
):
    loaded = shipped("demo").loaded
    with_hours = loaded.settings.model_copy(update={"hours": "08:30-18:00"})
    text = synthesize(replace(loaded, settings=with_hours), ["ada"]).text("demo-cohort-watch")
    start = loaded.settings.start.isoformat()
    assert json.dumps({"hours": "08:30-18:00", "start": start})[1:-1] in text.replace('\\"', '"')
    assert "sagemaker:StartNotebookInstance" in text
    without = shipped("demo").text("demo-cohort-watch")
    assert "sagemaker:StartNotebookInstance" not in without
    assert "08:30" not in without


def test_it_attaches_the_one_policy_to_seats_roles_and_writes_none() -> None:
    statements = {one["Sid"]: one for one in watch_policy(HERE)["Statement"]}
    assert statements["Freeze"]["Condition"] == {
        "ArnEquals": {"iam:PolicyARN": HERE.cohort_policy_arn(FREEZE)}
    }
    patterns = statements["Freeze"]["Resource"]
    seat = Names("vision", "ada", HERE.account, HERE.region)
    assert all(
        any(fnmatchcase(arn, pattern) for pattern in patterns)
        for arn in (seat.role_arn, seat.console_role_arn)
    )
    assert not any(fnmatchcase(HERE.watch_role_arn, pattern) for pattern in patterns)
    allowed = {action for one in statements.values() for action in one["Action"]}
    assert {one for one in allowed if one.startswith("iam:")} == {
        "iam:AttachRolePolicy",
        "iam:ListRoles",
    }
    assert "logs:CreateLogGroup" not in allowed
    assert not any("*" in action for action in allowed)


def test_it_writes_where_notebooks_read() -> None:
    assert messages.INBOX == policies.INBOX == inbox.KEY


def test_the_function_is_told_the_caps_of_the_yaml_within_lambdas_4_kilobytes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All prices travel where seats may use any type, and the template stays one that is inline."""
    loaded = shipped("demo").loaded
    settings = loaded.settings.model_dump(mode="json")
    settings["budget"] = {"per_seat_usd": 25, "max_instances": 4}
    for profile in settings["profiles"].values():
        profile["access"]["mode"] = "managed"
    capped = dataclasses.replace(loaded, settings=Environment.model_validate(settings))
    text = synthesize(capped, [loaded.seats[0].id]).text(f"demo-{COHORT}-{WATCH}")
    assert len(text.encode()) < TEMPLATE_LIMIT
    [function] = [
        resource
        for resource in json.loads(text)["Resources"].values()
        if resource["Type"] == "AWS::Lambda::Function"
    ]
    told = function["Properties"]["Environment"]["Variables"]
    assert told["PRICES"] == {"Ref": PRICES}
    listed = json.loads(text)["Parameters"][PRICES]["Default"]
    # Names take more room than their placeholders: 12 letters in place of 20 at the most.
    assert len(told["WATCH"]["Fn::Sub"]) + caps.LONGEST < 4000
    assert len(listed) <= caps.LONGEST
    monkeypatch.setenv("WATCH", told["WATCH"]["Fn::Sub"])
    monkeypatch.setenv("PRICES", listed)
    given = Settings.given()
    assert (given.budget["per_seat_usd"], given.budget["max_instances"]) == (25, 4)
    assert given.budget["prices"]["ml.m5.large"] == 0.115
    assert given.basis == "us-east-1 list prices of 2026-04-21"
