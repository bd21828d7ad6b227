"""What people have made is told before it goes with a stack that is cleared, and only then goes."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support.small_workshop import Fleet, desired, found, repository
from tests.support.stack_states import put
from workshop import tags
from workshop.deploy import plan as planning
from workshop.deploy.desired import DesiredStack
from workshop.deploy.diff import INSTANCE, NOTEBOOK, REPOSITORY
from workshop.deploy.events import DeployEvent, DeployStep
from workshop.deploy.plan import StackAction, StackPlan
from workshop.deploy.templates import Template
from workshop.naming import MLFLOW_APP

NOW = datetime(2098, 3, 8, 9, tzinfo=UTC)
REGISTRY = "demo-seat01-registry"
IMAGES = "clearing it deletes its repositories, if they are left, and the images in them"
RUNS = "clearing it deletes its MLflow App, if that is left, and the runs that it has recorded"
APP = {"Name": {"Fn::Sub": "demo-${AttendeeId}-mlflow"}}


def images(fleet: Fleet) -> list[str]:
    """The tags of the images that a seat has."""
    listed = fleet.cloud.client("ecr").list_images(repositoryName=repository("seat01"))
    return [image["imageTag"] for image in listed["imageIds"]]


@pytest.fixture
def pushed(fleet: Fleet) -> Fleet:
    """A seat with an image in its repository."""
    fleet.write(1)
    assert fleet.deploy().good
    manifest = {"schemaVersion": 2, "config": {"digest": "sha256:0"}, "layers": []}
    fleet.cloud.client("ecr").put_image(
        repositoryName=repository("seat01"), imageManifest=json.dumps(manifest), imageTag="weeks"
    )
    return fleet


def delete(fleet: Fleet) -> None:
    """Have somebody fail to delete the registry's stack."""
    kept = {"type": REPOSITORY, "action": "delete", "code": "AccessDenied"}
    fleet.cloud.faults({"effect": "handler", **kept})
    fleet.cloud.client("cloudformation").delete_stack(StackName=REGISTRY)
    assert fleet.cloud.settled(REGISTRY) == "DELETE_FAILED"
    fleet.cloud.faults()


def test_images_that_go_with_a_stack_whose_deletion_failed_are_told_by_plan_and_deploy(
    pushed: Fleet,
) -> None:
    delete(pushed)
    ran = pushed.run("plan")
    assert IMAGES in " ".join(ran.out.split())
    assert "  registry: what is left of it is DELETED, and its images are lost\n" in ran.out
    document = json.loads(pushed.run("plan", "--json").out)
    losing = {
        stack["name"]: stack["loses_work"]
        for seat in document["seats"]
        for stack in seat["stacks"]
        if stack["loses_work"]
    }
    assert losing == {REGISTRY: ["repository"]}
    assert images(pushed) == ["weeks"]
    ran = pushed.run("deploy")
    assert "registry: what is left of it is DELETED, and its images are lost\n" in ran.out
    assert ran.code == 0
    assert images(pushed) == []


def test_images_of_which_no_plan_could_tell_stay_until_the_next_one(pushed: Fleet) -> None:
    """Somebody is deleting the stack while the plan is made, and fails at that afterwards."""
    put(pushed, REGISTRY, "DELETE_IN_PROGRESS")
    (stack,) = (one for one in pushed.plan().stacks if one.desired.name == REGISTRY)
    assert (stack.action, stack.loses_work) == (StackAction.WAIT, ())

    def fails(event: DeployEvent) -> None:
        if event.what == DeployStep.JOINED:
            put(pushed, REGISTRY, "DELETE_FAILED")

    told = pushed.deploy(hear=fails).message("seat01")
    assert f"{IMAGES}, of which the plan could not tell; nothing was deleted; to do so" in told
    assert told.endswith(" --only seat01")
    assert images(pushed) == ["weeks"]
    assert pushed.run("deploy", "--only", "seat01").code == 0
    assert images(pushed) == []


def test_images_stay_whose_stack_somebody_fails_to_delete_while_it_is_updated(
    pushed: Fleet,
) -> None:
    pushed.write(1, "tags: {more: '1'}")

    def fails(event: DeployEvent) -> None:
        if event.what == DeployStep.BEGUN and event.stack == REGISTRY:
            put(pushed, REGISTRY, "DELETE_FAILED")

    run = pushed.deploy(hear=fails)
    assert "nothing was deleted" in run.message("seat01")
    assert images(pushed) == ["weeks"]


def stack(kind: str, *types: str, policy: str = "Delete") -> DesiredStack:
    """A stack that makes a resource of each type."""
    resources: dict[str, Any] = {
        f"R{number}": {"Type": type_, "Properties": APP, "DeletionPolicy": policy}
        for number, type_ in enumerate(types)
    }
    template = Template(json.dumps({"Resources": resources}), "digest0")
    return replace(desired(f"demo-seat1-{kind}"), templates=(template,))


def decide(of: DesiredStack, status: str, **more: object) -> StackPlan:
    there = found(of, status, created=NOW - timedelta(days=1), **more)
    return planning.decide(of, there, NOW)


@pytest.mark.parametrize("status", ["DELETE_FAILED", "CREATE_FAILED", "ROLLBACK_FAILED"])
@pytest.mark.parametrize(
    ("kind", "types", "lost"),
    [
        ("notebook", (NOTEBOOK,), (NOTEBOOK,)),
        ("notebook", (NOTEBOOK, MLFLOW_APP), (NOTEBOOK, MLFLOW_APP)),
        ("registry", (REPOSITORY,), (REPOSITORY,)),
        ("box", (INSTANCE, "AWS::EC2::SecurityGroup"), (INSTANCE,)),
        ("storage", ("AWS::S3::Bucket",), ()),
        ("access", ("AWS::IAM::Role",), ()),
        ("watch", ("AWS::S3::Bucket",), ()),
    ],
)
def test_each_kind_of_stack_tells_what_goes_with_it(
    kind: str, types: tuple[str, ...], lost: tuple[str, ...], status: str
) -> None:
    assert decide(stack(kind, *types), status).loses_work == lost


def test_what_is_kept_does_not_go_and_an_unknown_template_may_hold_anything() -> None:
    kept = stack("registry", REPOSITORY, policy="RetainExceptOnCreate")
    assert decide(kept, "DELETE_FAILED").loses_work == ()
    other = {**found(kept).tags, tags.TEMPLATE: "another"}
    assert decide(kept, "DELETE_FAILED", tags=other).loses_work == (REPOSITORY,)
    of_notebook = decide(stack("notebook", NOTEBOOK), "DELETE_FAILED", tags=other)
    assert of_notebook.loses_work == (NOTEBOOK, MLFLOW_APP)


def test_an_app_with_its_runs_goes_for_want_of_the_notebook_beside_it_only_if_asked_for() -> None:
    """CloudFormation makes no notebook again without the rest of its stack."""
    whole = decide(stack("notebook", NOTEBOOK, MLFLOW_APP), "CREATE_COMPLETE")
    assert whole.action == StackAction.UNCHANGED
    refused = planning.with_notebook(whole, None)
    missing = "its notebook is missing, though the stack is CREATE_COMPLETE"
    assert refused.action == StackAction.REFUSED
    assert refused.message == (
        f"{missing}; {RUNS}, and nobody asked for that; save what you need of it, then run:"
        " workshop deploy -e dev --only seat1 --remove 'MLflow App:mlflow'"
    )
    asked = frozenset({"MLflow App:mlflow"})
    cleared = planning.with_notebook(replace(whole, remove=asked), None)
    assert (cleared.action, cleared.message) == (StackAction.CLEAR, f"{missing}; {RUNS}")
    plan = planning.DeployPlan(planning.seats([cleared]), ())
    assert plan.removed == asked


def test_a_notebook_alone_is_made_again_without_a_word_of_work() -> None:
    whole = decide(stack("notebook", NOTEBOOK), "CREATE_COMPLETE")
    assert planning.with_notebook(whole, None).action == StackAction.CLEAR
    assert planning.with_notebook(whole, None).loses_work == ()
