"""A teardown that dies, at every step and at every call that changes something: the next ends it.

A process can die before a call was sent, or after it was done and before its answer was heard;
either way nothing more is sent. Whatever was left half done, the next run is correct, and one more
changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.attendee_resources import PROVEN
from tests.support.direct_calls import QuickClients, lines_to
from tests.support.local_cloud import Cloud
from tests.support.small_workshop import HOME
from tests.support.teardown_runs import Crash, Hear, TeardownRun, at_once, proving, teardown
from tests.support.teardown_workshop import Site, busy, small
from workshop.teardown.events import TeardownEvent, TeardownStep
from workshop.teardown.plan import TeardownPlan
from workshop.teardown.saving import Saved

READS = ("Describe", "Get", "List")
CHANGES = {
    *("iam:PutRolePermissionsBoundary", "iam:AttachRolePolicy", "iam:DetachRolePolicy"),
    *("application-autoscaling:DeregisterScalableTarget", "scheduler:DeleteSchedule"),
    *("events:RemoveTargets", "events:DeleteRule", "glue:DeleteTable"),
    *("s3:DeleteObjects", "s3:AbortMultipartUpload", "ecr:BatchDeleteImage"),
    *("logs:DeleteLogStream", "logs:DeleteLogGroup", "cloudformation:DeleteStack"),
    "sagemaker:AddTags",
    *(
        f"sagemaker:{verb}{noun}"
        for verb, nouns in {
            "Stop": (
                *("TrainingJob", "ProcessingJob", "TransformJob", "HyperParameterTuningJob"),
                *("AutoMLJob", "CompilationJob", "PipelineExecution", "NotebookInstance"),
            ),
            "Delete": (
                *("TrainingJob", "ProcessingJob", "HyperParameterTuningJob", "CompilationJob"),
                *("Endpoint", "EndpointConfig", "InferenceComponent", "Model", "ModelPackage"),
                *("ModelPackageGroup", "Experiment", "Trial", "TrialComponent", "Pipeline"),
                *("FeatureGroup", "MlflowTrackingServer", "MlflowApp", "NotebookInstance"),
                *("Domain", "UserProfile", "Space", "App"),
            ),
            "Disassociate": ("TrialComponent",),
        }.items()
        for noun in nouns
    ),
}
"""What a teardown of all that attendees make calls to change something."""


class Mortal(QuickClients):
    """Clients of a process that dies at its first change of a sort that is not in ``survived``.

    That one is noted there.
    """

    def __init__(self, room: Site, survived: set[str], *, answered: bool) -> None:
        super().__init__(lines_to(room.cloud.running), HOME)
        self._survived, self._answered = survived, answered
        self._dead = False

    def revive(self) -> None:
        """Be a process that has just begun."""
        self._dead = False

    def prepare(self, service: str, client: Any) -> None:
        super().prepare(service, client)
        when = "after-call" if self._answered else "before-call"
        client.meta.events.register_first(when, self._dies(service))
        client.meta.events.register_first("before-call", self._lives)

    def _lives(self, **_: Any) -> None:
        if self._dead:
            raise Crash

    def _dies(self, service: str) -> Callable[..., None]:
        def die(model: Any, **_: Any) -> None:
            operation = f"{service}:{model.name}"
            if not model.name.startswith(READS) and operation not in self._survived:
                self._survived.add(operation)
                self._dead = True
                raise Crash

        return die


def test_a_teardown_may_die_at_some_of_its_changes(cloud: Cloud) -> None:
    """At every fourteenth; before it was done, and at others before its answer was heard."""
    for begin, answered in ((0, False), (7, True)):
        cloud.reset()
        some = sorted(CHANGES)[begin::14]
        dies_at(cloud, CHANGES.difference(some), answered=answered)


@pytest.mark.long
@pytest.mark.parametrize("answered", [False, True])
def test_a_teardown_may_die_at_each_of_its_changes(cloud: Cloud, *, answered: bool) -> None:
    dies_at(cloud, set(), answered=answered)


def dies_at(cloud: Cloud, survived: set[str], *, answered: bool) -> None:
    """Die at every change that was not ``survived`` before, each in a run of its own."""
    room = small(cloud)
    room.seat("ada", "registry", "monitoring")
    for make in PROVEN.values():
        make(room.attendee("ada"))
    with at_once(room):
        clients = Mortal(room, survived, answered=answered)
    for _ in range(len(CHANGES) + 1):
        clients.revive()
        run = teardown(room, clients=clients)
        if run.report is not None:
            break
        run.check()
    proving(run)
    assert survived == CHANGES
    again = teardown(room)
    proving(again)
    assert again.before == again.after


def die_at(step: TeardownStep, number: int) -> Hear:
    """Whoever dies at the nth time that something is told of a step."""
    told: list[TeardownEvent] = []

    def hear(event: TeardownEvent) -> None:
        told.extend([event] if event.step == step else [])
        if len(told) >= number:
            raise Crash

    return hear


@pytest.mark.parametrize(
    ("step", "number"),
    [
        pytest.param(TeardownStep.FREEZE, 1, marks=pytest.mark.long),
        (TeardownStep.STOP, 1),
        # Each change on its own is above.
        pytest.param(TeardownStep.STOP, 5, marks=pytest.mark.long),
        pytest.param(TeardownStep.DELETE, 1, marks=pytest.mark.long),
        pytest.param(TeardownStep.DELETE, 5, marks=pytest.mark.long),
        (TeardownStep.DELETE, 20),
        (TeardownStep.STACKS, 1),
        pytest.param(TeardownStep.STACKS, 2, marks=pytest.mark.long),
        pytest.param(TeardownStep.VERIFY, 1, marks=pytest.mark.long),
    ],
)
def test_a_teardown_may_die_in_each_of_its_steps(
    cloud: Cloud, step: TeardownStep, number: int
) -> None:
    room = busy(cloud)
    first = teardown(room, hear=die_at(step, number))
    first.check()
    assert first.report is None
    ends_it(room, first)


@pytest.mark.parametrize("saved", [pytest.param(False, marks=pytest.mark.long), True])
def test_a_teardown_may_die_while_it_saves(cloud: Cloud, *, saved: bool) -> None:
    room = busy(cloud)
    copied: list[TeardownPlan] = []

    def save(found: TeardownPlan) -> list[Saved]:
        if saved:
            copied.append(found)
        raise Crash

    first = teardown(room, save=save)
    first.check()
    assert first.report is None
    # Nothing that is saved goes before it is, though what costs is stopped.
    kept = {what for what in first.before if what.startswith(("Object ", "Model "))}
    assert {what: first.after[what] for what in kept} == {what: first.before[what] for what in kept}
    assert kept
    ends_it(room, first)


def ends_it(room: Site, first: TeardownRun) -> None:
    second = teardown(room, before=first.after)
    proving(second)
    third = teardown(room, before=second.after)
    proving(third)
    assert third.before == third.after
