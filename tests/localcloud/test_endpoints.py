"""Endpoints when machines are short or the service maintains them, without a server."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from localcloud import ministack_adapter
from localcloud.clock import Clock
from localcloud.protocol.errors import ApiError
from localcloud.sagemaker import outside
from localcloud.sagemaker.resources import endpoint
from localcloud.sagemaker.service import build_engine
from localcloud.transitions import delays
from tests.support.local_cloud import TRUST

ROLE = "arn:aws:iam::000000000000:role/seat"
NAME = {"EndpointName": "ep"}


class Shortage(outside.Faultless):
    """Machines of any type are missing as often as ``times`` says."""

    times = 0

    def lacks_capacity(self, instance_type: str) -> bool:  # noqa: ARG002
        self.times -= 1
        return self.times >= 0


class EndpointMachine:
    """An engine over a hand-turned source of time, with configurations ``one`` and ``two``."""

    def __init__(self) -> None:
        self.time = 1_000_000.0
        self.shortage = Shortage()
        clock = Clock(lambda: self.time)
        self.engine = build_engine(clock, delays({"endpoint": 60}), faults=self.shortage)
        self.call("CreateModel", ModelName="model", PrimaryContainer={"Image": "image:1"})
        for name, count in (("one", 1), ("two", 2)):
            variant = {
                "VariantName": "v",
                "ModelName": "model",
                "InstanceType": "ml.m5.large",
                "InitialInstanceCount": count,
            }
            self.call("CreateEndpointConfig", EndpointConfigName=name, ProductionVariants=[variant])

    def call(self, operation: str, **request: Any) -> dict[str, Any]:
        return self.engine.call(operation, request)

    def deploy(self) -> None:
        self.call("CreateEndpoint", **NAME, EndpointConfigName="one")
        self.time += 60
        # What is due happens when somebody looks.
        self.engine.statuses.run_due()

    @property
    def seen(self) -> dict[str, Any]:
        return self.call("DescribeEndpoint", **NAME)

    @property
    def count(self) -> int:
        return int(self.seen["ProductionVariants"][0]["DesiredInstanceCount"])


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> EndpointMachine:
    role = {"Arn": ROLE, "AssumeRolePolicyDocument": json.dumps(TRUST)}
    monkeypatch.setattr(ministack_adapter.module("services.iam"), "_roles", {"seat": role})
    return EndpointMachine()


def test_an_endpoint_fails_if_there_are_no_machines_for_it(machine: EndpointMachine) -> None:
    machine.shortage.times = 1
    machine.deploy()
    assert machine.seen["EndpointStatus"] == "Failed"
    assert machine.seen["FailureReason"].startswith("CapacityError: Unable to provision")


def more(machine: EndpointMachine) -> None:
    change = {"VariantName": "v", "DesiredInstanceCount": 2, "DesiredWeight": 0.5}
    machine.call("UpdateEndpointWeightsAndCapacities", **NAME, DesiredWeightsAndCapacities=[change])


def others(machine: EndpointMachine) -> None:
    machine.call("UpdateEndpoint", **NAME, EndpointConfigName="two")


@pytest.mark.parametrize("update", [more, others])
def test_an_update_without_machines_rolls_back_to_what_ran(
    machine: EndpointMachine, update: Callable[[EndpointMachine], None]
) -> None:
    machine.deploy()
    before = machine.seen["ProductionVariants"]
    machine.shortage.times = 1
    update(machine)
    machine.time += 60
    assert machine.seen["EndpointStatus"] == "RollingBack"
    assert machine.seen["ProductionVariants"] == before
    machine.time += 60
    after = machine.seen
    assert (after["EndpointStatus"], after["EndpointConfigName"]) == ("InService", "one")
    assert after["FailureReason"].startswith("CapacityError: Unable to provision")
    assert after["ProductionVariants"] == before
    update(machine)
    assert "FailureReason" not in machine.seen
    machine.time += 60
    assert machine.count == 2


def test_fewer_machines_can_always_be_had(machine: EndpointMachine) -> None:
    machine.deploy()
    machine.shortage.times = 1
    change = {"VariantName": "v", "DesiredInstanceCount": 0}
    machine.call("UpdateEndpointWeightsAndCapacities", **NAME, DesiredWeightsAndCapacities=[change])
    machine.time += 60
    assert machine.seen["EndpointStatus"] == "InService"
    assert machine.count == 0


def test_maintenance_keeps_everything_out_until_it_is_over(machine: EndpointMachine) -> None:
    machine.deploy()
    record = machine.engine.record(endpoint.KIND, "ep")
    assert record is not None
    machine.engine.statuses.enter(endpoint.KIND, record, "SystemUpdating", machine.time)
    for change in (more, others, lambda it: it.call("DeleteEndpoint", **NAME)):
        with pytest.raises(ApiError, match="Cannot update in-progress endpoint"):
            change(machine)
    machine.time += 60
    assert machine.seen["EndpointStatus"] == "InService"
