"""Planning from what was found: the fewest templates made and read, and none trusted blindly."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore.exceptions import ClientError

from tests.support import small_workshop
from tests.support.config_folder import write
from workshop import tags
from workshop.account_region import AccountRegion
from workshop.aws.stacks import StackSummary
from workshop.config.environment import LoadedEnvironment
from workshop.deploy import assembly, planner
from workshop.deploy import desired as wanting
from workshop.deploy.desired import DesiredStack
from workshop.deploy.diff import Effect
from workshop.deploy.plan import DeployPlan, StackAction
from workshop.environments import loader

LARGER = "profiles: {attendee: {notebook: {instance_type: ml.t3.large}}}"


def loaded(folder: Path, seats: int, *more: str) -> LoadedEnvironment:
    write(folder, small_workshop.text(seats, *more))
    return loader.load("dev", folder)


class Reader:
    """Answers with the templates that stacks were made from, and counts."""

    def __init__(self, stacks: list[DesiredStack]) -> None:
        self.templates = {f"arn:{one.name}": one.templates[0].document for one in stacks}
        self.read: list[str] = []

    def __call__(self, account_region: AccountRegion, stack_id: str) -> Mapping[str, Any]:
        assert account_region == small_workshop.HOME
        self.read.append(stack_id)
        return self.templates[stack_id]


def made(before: LoadedEnvironment) -> tuple[dict[str, StackSummary], Reader]:
    """All stacks of an environment as they were made."""
    stacks = list(wanting.stacks(before, small_workshop.assembly(before), before.seats))
    return {one.name: small_workshop.found(one) for one in stacks}, Reader(stacks)


def propose(after: LoadedEnvironment, found: Mapping[str, StackSummary], reader: Any) -> DeployPlan:
    return planner.propose(
        after, small_workshop.assembly(after), after.seats, {small_workshop.HOME: found}, reader
    )


def test_a_whole_class_that_changes_alike_costs_one_template(tmp_path: Path) -> None:
    found, reader = made(loaded(tmp_path, 30))
    plan = propose(loaded(tmp_path, 30, LARGER), found, reader)
    assert reader.read == ["arn:demo-seat01-notebook"]
    changed = [stack for stack in plan.stacks if stack.action == StackAction.UPDATE]
    assert len(changed) == 30
    for stack in changed:
        (change,) = stack.changes
        assert (change.property, change.before, change.after, change.effect) == (
            "InstanceType",
            "ml.t3.medium",
            "ml.t3.large",
            Effect.RESTART,
        )


def test_a_stack_that_is_not_like_its_neighbours_is_read_for_itself(tmp_path: Path) -> None:
    found, reader = made(loaded(tmp_path, 4))
    odd = found["demo-seat03-notebook"]
    found[odd.name] = replace(odd, tags={**odd.tags, tags.TEMPLATE: "by-hand"})
    propose(loaded(tmp_path, 4, LARGER), found, reader)
    assert reader.read == ["arn:demo-seat01-notebook", "arn:demo-seat03-notebook"]


def test_nothing_is_read_where_nothing_changes(tmp_path: Path) -> None:
    found, reader = made(loaded(tmp_path, 3))
    plan = propose(loaded(tmp_path, 4), found, reader)
    assert reader.read == []
    assert [seat.action for seat in plan.seats] == [
        *[StackAction.UNCHANGED] * 4,
        StackAction.CREATE,
    ]


def denied(*_: object) -> Mapping[str, Any]:
    raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetTemplate")


def short_form(*_: object) -> Mapping[str, Any]:
    document: Mapping[str, Any] = yaml.safe_load("Name: !Sub '${AWS::Region}'")
    return document


@pytest.mark.parametrize(
    ("reader", "reason"),
    [
        (denied, "GetTemplate: AccessDenied"),
        (short_form, "GetTemplate: it is no template that this program reads"),
    ],
)
def test_a_stack_whose_template_cannot_be_read_is_not_updated_unseen(
    tmp_path: Path, reader: Any, reason: str
) -> None:
    found, _ = made(loaded(tmp_path, 2))
    plan = propose(loaded(tmp_path, 2, LARGER), found, reader)
    assert {stack.message for stack in plan.stacks if stack.action == StackAction.REFUSED} == {
        f"its template could not be read ({reason}), so that nobody knows what an update would"
        " remove; see to it that you can read it (cloudformation:GetTemplate), then run again:"
        f" {loaded(tmp_path, 2).command('deploy')}"
    }
    assert [stack.action for stack in plan.stacks].count(StackAction.REFUSED) == 2


@pytest.mark.parametrize(
    "foreign",
    [
        {"Resources": {}},
        {"Parameters": {"AttendeeId": {}}, "Mappings": {"Other": {}}},
        {"Parameters": {"AttendeeId": {}}, "Mappings": {"Seat": {"Notebook": {}}}},
        {"Parameters": [], "Resources": {}},
    ],
)
def test_a_template_of_another_shape_is_no_example_for_neighbours(
    tmp_path: Path, foreign: dict[str, Any]
) -> None:
    found, reader = made(loaded(tmp_path, 3))
    odd = found["demo-seat01-notebook"]
    found[odd.name] = replace(odd, tags={**odd.tags, tags.TEMPLATE: "by-hand"})
    reader.templates["arn:demo-seat01-notebook"] = foreign
    propose(loaded(tmp_path, 3, LARGER), found, reader)
    assert reader.read == ["arn:demo-seat01-notebook", "arn:demo-seat02-notebook"]


def test_the_cohorts_of_two_places_are_kept_apart_though_they_have_one_name(
    tmp_path: Path,
) -> None:
    write(tmp_path, small_workshop.text(0, roster="roster: {file: p.csv}"))
    (tmp_path / "p.csv").write_text("id,region\nada,\neve,eu-west-1\n")
    one = loader.load("dev", tmp_path)
    near = replace(small_workshop.HOME, region="eu-west-1")
    desired = {
        stack.account_region: stack
        for stack in wanting.stacks(one, small_workshop.assembly(one), one.seats)
        if stack.kind == "cohort"
    }
    assert {stack.name for stack in desired.values()} == {"demo-cohort"}
    old = {}
    for account_region, stack in desired.items():
        carried = {**stack.tags, tags.TEMPLATE: f"old-{account_region.region}"}
        old[account_region] = {
            stack.name: small_workshop.found(stack, tags=carried, id=f"arn:{account_region.region}")
        }

    def reader(account_region: AccountRegion, stack_id: str) -> Mapping[str, Any]:
        assert stack_id == f"arn:{account_region.region}"
        document = json.loads(desired[account_region].templates[0].body)
        document["Resources"][f"Old{account_region.region[:2]}"] = {"Type": "AWS::S3::Bucket"}
        return dict(document)

    plan = planner.propose(one, small_workshop.assembly(one), one.seats, old, reader)
    changed = {
        stack.desired.account_region: [(change.resource, change.effect) for change in stack.changes]
        for stack in plan.stacks
        if stack.action == StackAction.REFUSED
    }
    assert changed == {
        small_workshop.HOME: [("Oldus", Effect.REMOVED)],
        near: [("Oldeu", Effect.REMOVED)],
    }


def test_strays_are_looked_for_at_home_and_where_work_was_done_unless_seats_are_chosen(
    tmp_path: Path,
) -> None:
    write(tmp_path, small_workshop.text(0, roster="roster: {file: p.csv}"))
    (tmp_path / "p.csv").write_text("id,region\nada,eu-west-1\neve,eu-west-1\n")
    one = loader.load("dev", tmp_path)
    near, far = (
        AccountRegion(small_workshop.ACCOUNT, region) for region in ("eu-west-1", "us-west-2")
    )
    assert planner.elsewhere(one, one.seats, [far, near, far]) == (small_workshop.HOME, far)
    assert planner.elsewhere(one, one.chosen(["ada"]), [far]) == ()


def test_one_seat_of_each_profile_and_place_is_synthesized(tmp_path: Path) -> None:
    text = small_workshop.text(
        0, "profiles: {attendee: {}, gpu: {}}", roster="roster: {file: p.csv}"
    )
    write(tmp_path, text)
    rows = ["ada,,", "bob,,", "cid,gpu,", "dan,gpu,eu-west-1", "eve,,eu-west-1"]
    (tmp_path / "p.csv").write_text("\n".join(["id,profile,region", *rows, ""]))
    everybody = loader.load("dev", tmp_path)
    some = assembly.chosen(everybody, everybody.seats)
    assert [seat.id for seat in some] == ["ada", "cid", "dan"]
    assert [seat.id for seat in assembly.chosen(everybody, everybody.chosen(["eve"]))] == ["eve"]


def test_a_notebook_is_wanted_with_each_type_that_may_take_its_place(tmp_path: Path) -> None:
    types = "{instance_type: ml.t3.medium, fallback_instance_types: [ml.t3.large, ml.t3.medium]}"
    one = loaded(tmp_path, 1, f"profiles: {{attendee: {{notebook: {types}}}}}")
    stacks = {
        stack.kind: stack for stack in wanting.stacks(one, small_workshop.assembly(one), one.seats)
    }
    assert {kind: len(stack.templates) for kind, stack in stacks.items()} == {
        "start": 1,
        "cohort": 1,
        "watch": 1,
        "storage": 1,
        "registry": 1,
        "access": 1,
        "notebook": 2,
        "monitoring": 1,
    }
    bodies = [json.loads(one.body) for one in stacks["notebook"].templates]
    assert [body["Mappings"]["Seat"]["Notebook"]["InstanceType"] for body in bodies] == [
        "ml.t3.medium",
        "ml.t3.large",
    ]
    assert {kind: stack.needs for kind, stack in stacks.items() if stack.needs} == {
        "access": "demo-cohort",
        "notebook": "demo-seat01-access",
    }
    assert len({one.digest for stack in stacks.values() for one in stack.templates}) == 9
