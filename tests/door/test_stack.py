"""The door as it travels: one inline source, an address, no more rights than it needs."""

from __future__ import annotations

import dataclasses
import json
import sys
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from types import ModuleType
from typing import Any
from unittest import mock

import pytest

from stacks.app import TEMPLATE_LIMIT
from tests.support.assemblies import ENVIRONMENTS, Synthesized, shipped, synthesize
from tests.support.doored import doored, with_door
from tests.support.usual_stacks import USUAL_STACKS
from workshop.agent import inbox, saving
from workshop.config.roster import Seat
from workshop.door import seats, state
from workshop.environments.lint import STACKS_PER_REGION
from workshop.naming import COHORT, DOOR, Names
from workshop.policies import door as policies
from workshop.policies.door import door_policy
from workshop.watch import spending

HERE = Names("vision", COHORT, "111122223333", "eu-west-1")
END = datetime(2027, 3, 17, 16, tzinfo=UTC)


def template(made: Synthesized) -> dict[str, Any]:
    return made.template(f"{made.loaded.settings.workshop}-{COHORT}-{DOOR}")


def only(made: Synthesized, kind: str) -> dict[str, Any]:
    """Return the properties of the resource of a type."""
    [found] = [one for one in template(made)["Resources"].values() if one["Type"] == kind]
    properties: dict[str, Any] = found["Properties"]
    return properties


def run(source: str) -> tuple[ModuleType, ModuleType]:
    """Load a source as Lambda does; return it, and the module of it that knows its settings."""
    module = ModuleType("index")
    with mock.patch.dict(sys.modules, {"index": module}):
        exec(compile(source, "index.py", "exec"), vars(module))  # noqa: S102 - our own
        return module, sys.modules["workshop.door.visit"]


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_the_template_travels_inline_in_two_languages(name: str) -> None:
    made = doored(name)
    text = made.text(f"{made.loaded.settings.workshop}-{COHORT}-{DOOR}")
    assert len(text.encode()) < TEMPLATE_LIMIT * 9 // 10


def test_as_many_seats_as_a_region_holds_fit_into_the_template() -> None:
    loaded = with_door("demo", languages=["en", "de"])
    most = (STACKS_PER_REGION - 4) // len(USUAL_STACKS)
    first = loaded.seats[0]
    many: tuple[Seat, ...] = tuple(
        dataclasses.replace(first, id=f"seat{number:03}") for number in range(1, most + 1)
    )
    made = synthesize(dataclasses.replace(loaded, seats=many), ["seat001"])
    text = made.text(f"demo-{COHORT}-{DOOR}")
    assert "seat399" in text
    assert len(text.encode()) < TEMPLATE_LIMIT


def test_the_function_is_told_seats_names_and_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    made = doored("demo")
    function = only(made, "AWS::Lambda::Function")
    told = function["Environment"]["Variables"]["DOOR"]["Fn::Sub"]
    assert len(told) < 4000
    monkeypatch.setenv("DOOR", told.replace("${AWS::AccountId}", "1" * 12))
    module, visit = run(function["Code"]["ZipFile"])
    given = visit.DoorSettings.given()
    assert given.languages == ("en", "de")
    listed = " ".join(given.seats.values()).split()
    assert sorted(listed) == sorted(seat.id for seat in made.loaded.seats)
    assert given.profile("ada")["buckets"] == ["data"]
    assert given.profile("nobody") is None
    assert given.seat_bucket == "demo-{seat}-{key}-111111111111-${AWS::Region}"
    assert callable(module.handler)


def test_a_title_is_a_text_of_the_source_whatever_stands_in_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    title = (
        """'"\\"\\')})\\N{x}\u2028\xe9\u200f\U0001f600 ${AWS::Region} ${!x} {seat} %s </script>"""
    )
    loaded = with_door("demo")
    settings = loaded.settings.model_copy(update={"title": title})
    made = synthesize(dataclasses.replace(loaded, settings=settings), ["ada"])
    function = only(made, "AWS::Lambda::Function")
    source = function["Code"]["ZipFile"]
    assert source.isascii()
    monkeypatch.setenv("DOOR", function["Environment"]["Variables"]["DOOR"]["Fn::Sub"])
    _, visit = run(source)
    assert visit.DoorSettings.given().title == title


def test_an_environment_without_a_door_has_nothing_of_it() -> None:
    assert f"demo-{COHORT}-{DOOR}" not in shipped("demo").stacks()
    assert DOOR not in shipped("demo").loaded.settings.cohort_stacks


def test_everybody_reaches_the_address_and_nobody_invokes_the_function_but_by_it() -> None:
    made = doored("demo")
    assert only(made, "AWS::Lambda::Url")["AuthType"] == "NONE"
    given = [
        {key: value for key, value in one["Properties"].items() if key != "FunctionName"}
        for one in template(made)["Resources"].values()
        if one["Type"] == "AWS::Lambda::Permission"
    ]
    url = {"Action": "lambda:InvokeFunctionUrl", "Principal": "*", "FunctionUrlAuthType": "NONE"}
    by_url = {"Action": "lambda:InvokeFunction", "Principal": "*", "InvokedViaFunctionUrl": True}
    assert sorted(given, key=str) == sorted((url, by_url), key=str)


def test_executions_are_reserved_only_where_the_yaml_says_so() -> None:
    assert "ReservedConcurrentExecutions" not in only(doored("demo"), "AWS::Lambda::Function")
    reserved = synthesize(with_door("demo", concurrency=5), ["ada"])
    assert only(reserved, "AWS::Lambda::Function")["ReservedConcurrentExecutions"] == 5


def test_the_door_goes_after_the_cohort_and_before_the_watch() -> None:
    artifacts = doored("demo").manifest()["artifacts"]
    assert f"demo-{COHORT}-{DOOR}" in artifacts[f"demo-{COHORT}"]["dependencies"]
    assert f"demo-{COHORT}-watch" in artifacts[f"demo-{COHORT}-{DOOR}"]["dependencies"]


# --- rights --------------------------------------------------------------------------------------


def statements(**more: Any) -> dict[str, dict[str, Any]]:
    return {one["Sid"]: one for one in door_policy(HERE, end=END, **more)["Statement"]}


def test_it_opens_this_workshops_notebooks_until_the_end_and_no_frozen_one() -> None:
    opens = statements()["OpenNotebooks"]
    assert opens["Action"] == [
        "sagemaker:CreatePresignedNotebookInstanceUrl",
        "sagemaker:StartNotebookInstance",
    ]
    assert opens["Condition"] == {
        "StringEquals": {"aws:ResourceTag/workshop": "vision"},
        "DateLessThan": {"aws:CurrentTime": "2027-03-17T16:00:00Z"},
    }
    frozen = statements()["Frozen"]
    assert (frozen["Effect"], frozen["Resource"]) == ("Deny", ["*"])
    assert frozen["Condition"] == {"StringEquals": {"aws:ResourceTag/frozen": "true"}}


def test_it_gives_saved_work_until_the_day_of_the_yaml() -> None:
    assert "Condition" not in statements()["GiveSaved"]
    until = {"DateLessThan": {"aws:CurrentTime": "2027-03-26T00:00:00Z"}}
    given = statements(saved_until=datetime(2027, 3, 26, tzinfo=UTC))
    assert given["GiveSaved"]["Condition"] == until
    assert given["SeeSaved"]["Condition"] == {**until, "StringLike": {"s3:prefix": "saved/*"}}


def test_it_reads_and_writes_what_the_function_uses_and_nothing_else() -> None:
    found = statements()
    allowed = {action for one in found.values() for action in one["Action"]}
    assert allowed == {
        *("logs:CreateLogStream", "logs:PutLogEvents"),
        *("s3:DeleteObject", "s3:GetObject", "s3:ListBucket", "s3:PutObject"),
        *("sagemaker:CreatePresignedNotebookInstanceUrl", "sagemaker:ListNotebookInstances"),
        "sagemaker:StartNotebookInstance",
    }
    writes = [
        resource
        for one in found.values()
        if {*one["Action"]} & {"s3:PutObject", "s3:DeleteObject"}
        for resource in one["Resource"]
    ]
    assert writes == [f"{HERE.watch_bucket_arn}/door/*"]
    data = Names("vision", "ada", HERE.account, HERE.region).bucket_arn("data")
    readable = found["GiveSaved"]["Resource"]
    assert any(fnmatchcase(f"{data}/saved/files/a.txt", one) for one in readable)
    assert not any(fnmatchcase(f"{data}/train/a.csv", one) for one in readable)


def test_its_rights_are_for_the_places_that_its_code_names() -> None:
    assert policies.PREFIX == state.PREFIX
    assert policies.SAVED == saving.PREFIX == seats.SAVED.removesuffix("files/")
    assert inbox.KEY == seats.INBOX
    assert policies.SPENDING == spending.SPENDING == seats.SPENDING


def test_the_day_of_saved_work_ends_by_the_workshops_clock() -> None:
    settings = with_door("prod", saved_work_until="2027-03-25").settings
    ends = settings.saved_work_ends
    assert ends is not None
    assert ends.isoformat() == "2027-03-25T23:00:00+00:00"
    assert json.loads(settings.model_dump_json())["door"]["saved_work_until"] == "2027-03-25"
