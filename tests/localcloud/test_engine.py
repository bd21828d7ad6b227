"""The engine, clock and validation of the local SageMaker, without a server."""

from __future__ import annotations

import json
import threading

import pytest

from localcloud import ministack_adapter
from localcloud.clock import Clock, ClockClosedError
from localcloud.protocol import models
from localcloud.protocol.errors import ApiError
from localcloud.protocol.requests import check_request
from localcloud.sagemaker.resources import notebook_instance
from localcloud.sagemaker.service import build_engine
from localcloud.transitions import delays
from tests.support.local_cloud import TRUST

ROLE = "arn:aws:iam::000000000000:role/seat"
NOTEBOOK = {"NotebookInstanceName": "nb", "InstanceType": "ml.t3.medium", "RoleArn": ROLE}
NAME = {"NotebookInstanceName": "nb"}


class EngineMachine:
    """An engine over a hand-turned source of time, with a role to assume."""

    def __init__(self) -> None:
        self.time = 1_000_000.0
        self.clock = Clock(lambda: self.time)
        self.engine = build_engine(self.clock, delays({"notebook": 60}))

    def status(self) -> str:
        return str(self.engine.call("DescribeNotebookInstance", NAME)["NotebookInstanceStatus"])

    def refusal(self, operation: str, request: dict[str, object]) -> str:
        with pytest.raises(ApiError) as caught:
            self.engine.call(operation, request)
        return f"{caught.value.code}: {caught.value.message}"


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> EngineMachine:
    role = {"Arn": ROLE, "AssumeRolePolicyDocument": json.dumps(TRUST)}
    monkeypatch.setattr(ministack_adapter.module("services.iam"), "_roles", {"seat": role})
    return EngineMachine()


def test_a_status_passes_when_its_time_has_come_and_not_before(machine: EngineMachine) -> None:
    machine.engine.call("CreateNotebookInstance", NOTEBOOK)
    machine.time += 59
    assert machine.status() == "Pending"
    machine.time += 1
    assert machine.status() == "InService"


def test_a_deleted_notebook_is_seen_as_deleting_and_then_not_at_all(machine: EngineMachine) -> None:
    machine.engine.call("CreateNotebookInstance", NOTEBOOK)
    machine.time += 60
    machine.engine.call("StopNotebookInstance", NAME)
    machine.time += 60
    machine.engine.call("DeleteNotebookInstance", NAME)
    assert machine.status() == "Deleting"
    machine.time += 60
    assert machine.refusal("DescribeNotebookInstance", dict(NAME)) == (
        "ValidationException: RecordNotFound"
    )


@pytest.mark.parametrize("operation", ["StartNotebookInstance", "DeleteNotebookInstance"])
def test_a_failed_notebook_can_be_started_again_or_deleted(
    machine: EngineMachine, operation: str
) -> None:
    machine.engine.call("CreateNotebookInstance", NOTEBOOK)
    record = machine.engine.record(notebook_instance.KIND, "nb")
    assert record is not None
    record["status"] = "Failed"
    machine.engine.call(operation, NAME)
    assert machine.status() in {"Pending", "Deleting"}


@pytest.mark.parametrize(
    ("status", "operation", "allowed", "target"),
    [
        ("Pending", "StopNotebookInstance", "InService", "Stopping"),
        ("Stopped", "StopNotebookInstance", "InService", "Stopping"),
        ("Failed", "StopNotebookInstance", "InService", "Stopping"),
        ("InService", "StartNotebookInstance", "Stopped, Failed", "Pending"),
        ("Stopping", "StartNotebookInstance", "Stopped, Failed", "Pending"),
        ("InService", "UpdateNotebookInstance", "Stopped, Failed", "Updating"),
        ("InService", "DeleteNotebookInstance", "Stopped, Failed", "Deleting"),
        ("Pending", "DeleteNotebookInstance", "Stopped, Failed", "Deleting"),
        ("Updating", "DeleteNotebookInstance", "Stopped, Failed", "Deleting"),
        ("Deleting", "DeleteNotebookInstance", "Stopped, Failed", "Deleting"),
    ],
)
def test_an_operation_in_the_wrong_status_is_refused_in_the_words_of_the_service(
    machine: EngineMachine, status: str, operation: str, allowed: str, target: str
) -> None:
    machine.engine.call("CreateNotebookInstance", NOTEBOOK)
    record = machine.engine.record(notebook_instance.KIND, "nb")
    assert record is not None
    record["status"] = status
    assert machine.refusal(operation, dict(NAME)) == (
        f"ValidationException: Status ({status}) not in ([{allowed}]). Unable to transition to "
        f"({target}) for Notebook Instance "
        "(arn:aws:sagemaker:us-east-1:000000000000:notebook-instance/nb)"
    )


def test_every_mistake_in_a_request_is_named_at_once() -> None:
    request = {
        "NotebookInstanceName": "seat_01",
        "InstanceType": "ml.huge",
        "VolumeSizeInGB": 4,
        "Tags": [{"Key": "", "Value": "x"}],
        "Volume": 20,
    }
    with pytest.raises(ApiError) as caught:
        check_request("sagemaker", "CreateNotebookInstance", request)
    said = caught.value.message
    assert said.startswith("6 validation errors detected: ")
    for part in (
        "Value null at 'roleArn' failed to satisfy constraint: Member must not be null",
        "Value 'seat_01' at 'notebookInstanceName' failed to satisfy constraint: Member must "
        "satisfy regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9])*",
        "Value 'ml.huge' at 'instanceType' failed to satisfy constraint: Member must satisfy "
        "enum value set: [ml.t2.medium, ",
        "Value '4' at 'volumeSizeInGB' failed to satisfy constraint: Member must have value "
        "greater than or equal to 5",
        "Value '' at 'tags.1.member.key' failed to satisfy constraint: Member must have length "
        "greater than or equal to 1",
        "Value '20' at 'volume' failed to satisfy constraint: Member must be one the operation "
        "knows",
    ):
        assert part in said


def test_a_member_of_the_wrong_json_type_is_a_serialization_error() -> None:
    with pytest.raises(ApiError) as caught:
        check_request("sagemaker", "DescribeNotebookInstance", {"NotebookInstanceName": 7})
    assert caught.value.code == "SerializationException"
    with pytest.raises(ApiError):
        check_request("sagemaker", "ListNotebookInstances", {"MaxResults": True})


def test_a_presigned_session_shorter_than_half_an_hour_is_refused() -> None:
    with pytest.raises(ApiError, match="greater than or equal to 1800"):
        check_request(
            "sagemaker",
            "CreatePresignedNotebookInstanceUrl",
            {**NAME, "SessionExpirationDurationInSeconds": 60},
        )


def test_a_script_longer_than_the_service_takes_is_refused() -> None:
    script = [{"Content": "A" * 16385}]
    with pytest.raises(ApiError, match="less than or equal to 16384"):
        check_request(
            "sagemaker",
            "CreateNotebookInstanceLifecycleConfig",
            {"NotebookInstanceLifecycleConfigName": "lc", "OnStart": script},
        )


@pytest.mark.parametrize(
    ("value", "accepted"),
    [("cost centre: 7", True), ("Zürich", True), ("東京", True), ("a;b", False), ("☃", False)],
)
def test_unicode_classes_of_the_model_mean_what_they_mean_in_java(
    value: str, *, accepted: bool
) -> None:
    assert models.matches_pattern(r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)", value) is accepted


def test_a_frozen_clock_moves_only_when_it_is_advanced() -> None:
    seconds = [100.0]
    clock = Clock(lambda: seconds[0])
    clock.freeze()
    seconds[0] = 200.0
    assert clock.now() == 100.0
    clock.advance(5)
    assert clock.now() == 105.0
    clock.thaw()
    seconds[0] = 201.0
    assert clock.now() == 106.0
    with pytest.raises(ValueError, match="only ever advanced"):
        clock.advance(-1)


def test_who_waits_on_the_clock_wakes_when_it_is_advanced_or_closed() -> None:
    clock = Clock()
    clock.freeze()
    seen: list[str] = []

    def wait(moment: float, ticket: int) -> None:
        try:
            clock.wait_until(moment, ticket)
            seen.append("woken")
        except ClockClosedError:
            seen.append("closed")

    sleeper = threading.Thread(target=wait, args=(clock.now() + 60, clock.ticket()))
    sleeper.start()
    clock.advance(60)
    sleeper.join(60)
    sleeper = threading.Thread(target=wait, args=(clock.now() + 60, clock.ticket()))
    sleeper.start()
    clock.close()
    sleeper.join(60)
    assert seen == ["woken", "closed"]


def test_what_changed_between_looking_and_waiting_is_not_missed() -> None:
    clock = Clock()
    clock.freeze()
    ticket = clock.ticket()
    clock.wake()
    clock.wait_until(clock.now() + 60, ticket)
