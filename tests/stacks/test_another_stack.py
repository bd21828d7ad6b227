"""Another stack of a seat takes an entry in ``SEAT_STACKS`` and a class in ``stacks/``: no more."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from stacks import build
from stacks.base import SeatStack
from tests.support import assemblies, config_folder
from workbench.bucket import WorkbenchBucket
from workshop import naming, tags
from workshop.aws.stacks import StackSummary
from workshop.config.environment import LoadedEnvironment
from workshop.config.profiles import Profile
from workshop.deploy import assembly, desired, plan
from workshop.deploy.plan import StackAction
from workshop.environments.resource_summary import summarize
from workshop.naming import Names, StackKind
from workshop.preflight import called_actions, demand, permissions


def stack_there(name: str) -> StackSummary:
    now = datetime.now(UTC)
    return StackSummary(name, name, "CREATE_COMPLETE", "", now, None, protected=False, tags={})


class NotesStack(SeatStack):
    """A bucket for the notes of a seat."""

    described = "Notes of one workshop seat."

    def _define(self, names: Names, profile: Profile) -> None:
        for bucket in profile.storage.buckets.values():
            WorkbenchBucket(
                self,
                "Notes",
                bucket_name=names.bucket("notes"),
                versioned=bucket.versioned,
                noncurrent_days=bucket.noncurrent_days,
                incomplete_upload_days=bucket.incomplete_upload_days,
            )


@pytest.fixture
def loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LoadedEnvironment:
    makes = ("AWS::S3::Bucket", "AWS::S3::BucketPolicy")
    notes = StackKind("notes", makes, "storage", "what the notes are about")
    monkeypatch.setitem(naming.SEAT_STACKS, "notes", notes)
    monkeypatch.setitem(build.STACKS, "notes", NotesStack)
    config_folder.write(tmp_path, f"{config_folder.HEAD}{config_folder.SEATS}")
    return config_folder.load(tmp_path)


def test_it_is_synthesized_planned_and_deployed_with_the_others(loaded: LoadedEnvironment) -> None:
    made = assemblies.synthesize(loaded, ["seat01"])
    template = made.template("vision-seat01-notes")
    assert {each["Type"] for each in template["Resources"].values()} == {
        "AWS::S3::Bucket",
        "AWS::S3::BucketPolicy",
    }
    seats = loaded.chosen(["seat01", "seat02"])
    texts = {name: (made.text(name), False) for name in made.stacks()}
    read = assembly.read(loaded, seats[:1], texts)
    wanted = {stack.name: stack for stack in desired.stacks(loaded, read, seats)}
    other = wanted["vision-seat02-notes"]
    assert other.needs == "vision-seat02-storage"
    assert other.tags[tags.ATTENDEE] == "seat02"
    (template_of_other,) = other.templates
    expected = json.loads(json.dumps(template).replace("seat01", "seat02"))
    assert template_of_other.document == expected
    decided = plan.decide(other, None, datetime.now(UTC))
    assert decided.action == StackAction.CREATE


def test_it_is_counted_and_asked_about_before_anything_is_made(loaded: LoadedEnvironment) -> None:
    assert summarize(loaded).totals.stacks == 3 * len(Profile().stacks) + 3 == 21
    (home,) = {seat.account_region for seat in loaded.seats}
    needed = demand.desired(loaded, home, loaded.seats)
    assert {f"vision-{seat.id}-notes" for seat in loaded.seats} <= needed.stacks
    there = {name: stack_there(name) for name in needed.stacks - {"vision-seat02-notes"}}
    assert [seat.id for seat in demand.to_be_made(loaded, loaded.seats, there)] == ["seat02"]


@pytest.mark.parametrize("kind", naming.SEAT_STACKS)
def test_preflight_asks_whether_the_caller_may_make_what_a_stack_makes(kind: str) -> None:
    names = Names("vision", "ada", "111122223333", "eu-west-1")
    questions = permissions.questions(
        names, "aws", bucket="data", repository="training", has_mlflow=True, has_box=True
    )
    asked = {action for _, some in questions for action in some}
    for resource_type in naming.SEAT_STACKS[kind].makes:
        assert {*called_actions.ACTIONS[resource_type]} <= asked, resource_type


def test_a_type_of_which_preflight_knows_no_action_is_an_error_and_not_passed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    queue = StackKind("queue", ("AWS::SQS::Queue",))
    monkeypatch.setitem(naming.SEAT_STACKS, "queue", queue)
    names = Names("vision", "ada", "111122223333", "eu-west-1")
    with pytest.raises(KeyError, match="AWS::SQS::Queue"):
        list(permissions.questions(names, "aws", bucket="data", repository="training"))
