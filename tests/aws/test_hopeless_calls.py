"""Calls that can never succeed are not waited out: whatever waits for them ends and says why."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    NoRegionError,
    ParamValidationError,
    ReadTimeoutError,
)

from tests.support import teardown_demo
from tests.support.faulty import counts
from tests.support.local_cloud import IAM, Cloud, template
from tests.support.notebook_workshop import room
from tests.support.preflights import calling
from workshop.aws import errors
from workshop.aws.clients import Clients
from workshop.notebooks import start_stop
from workshop.teardown.discovery import discover
from workshop.teardown.events import DeletionOutcome
from workshop.teardown.holders import STACK
from workshop.teardown.resource import Ownership, Resource
from workshop.teardown.stacks import StackDeleter
from workshop.teardown.sweep import Sweep, SweepItem
from workshop.teardown.waits import WaitPolicy


def refusal(code: str, status: int = 400) -> ClientError:
    answer: Any = {
        "Error": {"Code": code, "Message": "told"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(answer, "DoIt")


@pytest.mark.parametrize(
    ("error", "hopeless", "passing"),
    [
        (refusal("AccessDenied", 403), True, False),
        (refusal("SomethingElse", 403), True, False),
        (refusal("403", 403), True, False),
        (refusal("AccessDeniedException"), True, False),
        (refusal("ExpiredTokenException"), True, False),
        (refusal("UnrecognizedClientException"), True, False),
        (refusal("UnknownOperationException"), True, False),
        (refusal("ThrottlingException"), False, True),
        (refusal("SlowDown", 503), False, True),
        (refusal("RequestLimitExceeded", 403), False, True),
        (refusal("RequestTimeout"), False, True),
        (refusal("InternalFailure", 500), False, True),
        (refusal("ValidationException"), False, False),
        (refusal("ResourceInUse"), False, False),
        (ParamValidationError(report="no such parameter"), True, False),
        (NoRegionError(), True, False),
        (ReadTimeoutError(endpoint_url="https://x", error="late"), False, True),
        (EndpointConnectionError(endpoint_url="https://x", error="reset"), False, True),
    ],
)
def test_an_error_is_hopeless_or_passing_or_hangs_on_what_was_asked_about(
    error: BotoCoreError | ClientError, *, hopeless: bool, passing: bool
) -> None:
    assert (errors.is_hopeless(error), errors.is_passing(error)) == (hopeless, passing)


def never(seconds: float) -> None:
    raise AssertionError(f"waited {seconds} s for what cannot be read")


@pytest.mark.parametrize("effect", ["denied", "expired"])
def test_stacks_that_may_not_be_listed_are_not_waited_for(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, effect: str
) -> None:
    clients = teardown_demo.connect(cloud, monkeypatch, quick=False)
    empty = template({"Nothing": {"Type": "AWS::CloudFormation::WaitConditionHandle"}})
    cloud.deploy("demo-ada-storage", empty, **IAM)
    client = cloud.client("cloudformation")
    (stack,) = client.describe_stacks()["Stacks"]
    # Of the tokens that end, only those that STS takes are the listing's own trouble.
    rule = {"effect": effect, "operation": "cloudformation:DescribeStacks"}
    cloud.faults({**rule, "code": "InvalidClientTokenId"} if effect == "expired" else rule)
    resource = Resource(
        STACK,
        "demo-ada-storage",
        teardown_demo.HERE,
        Ownership.OWNED,
        "",
        arn=stack["StackId"],
        seat="ada",
    )
    engine = StackDeleter(
        clients,
        teardown_demo.context(clients),
        teardown_demo.RESOURCE_TYPES,
        [],
        lambda _: None,
        pause=never,
    )
    (result,) = engine.delete([resource])
    assert result.outcome == DeletionOutcome.STUCK
    assert result.message.startswith("its deletion was asked for, and how it ends is not known: ")
    assert counts(cloud) == [(1, 1)]


def test_notebooks_that_may_not_be_listed_are_not_waited_for(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    three = room(cloud, tmp_path, monkeypatch, "roster: {seats: 3}")
    monkeypatch.setattr(start_stop, "POLL_SECONDS", 3600)
    cloud.faults({"effect": "denied", "operation": "sagemaker:ListNotebookInstances"})
    ran = three.command("stop")
    assert ran.code == 1
    assert "its notebook could not be read: ListNotebookInstances: AccessDenied" in ran.out


def test_a_service_without_an_endpoint_is_asked_twice_a_look(cloud: Cloud) -> None:
    sent: list[str] = []

    class CountingClients(Clients):
        def client(self, service: str, *given: Any, **more: Any) -> Any:
            made = super().client(service, *given, **more)
            note: Callable[..., None] = lambda request, **_: sent.append(request.url)  # noqa: E731
            made.meta.events.register("before-send.scheduler", note, unique_id="sent")
            return made

    with calling(cloud, AWS_ENDPOINT_URL_SCHEDULER="http://scheduler.nowhere.invalid"):
        resource_types = [
            resource_type
            for resource_type in teardown_demo.RESOURCE_TYPES.values()
            if resource_type.name in ("schedule", "endpoint")
        ]
        found = discover(
            CountingClients(teardown_demo.HERE),
            teardown_demo.job(Clients(teardown_demo.HERE)).target,
            resource_types,
        )
    assert [one.resource_type for one in found.unknown] == ["schedule"]
    assert 0 < len(sent) <= 2


@pytest.mark.parametrize(
    ("error", "tries"), [(refusal("AccessDenied", 403), 2), (ParamValidationError(report=""), 2)]
)
def test_a_resource_that_can_never_be_deleted_is_tried_twice(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, error: Exception, tries: int
) -> None:
    made: list[str] = []
    context = teardown_demo.context(teardown_demo.connect(cloud, monkeypatch, quick=False))

    class Refusing:
        name, after = "thing", ()

        def state(self, *_: object) -> str:
            made.append("asked")
            raise error

    resource = Resource("thing", "one", teardown_demo.HERE, Ownership.OWNED, "", seat="ada")
    resource_type: Any = Refusing()
    waits = WaitPolicy(backoff=0, slowest_backoff=0)
    work = Sweep(
        {teardown_demo.HERE: context}, {"thing": resource_type}, [resource], lambda _: None, waits
    )
    item: SweepItem = work.items[0]
    item.state = None
    work.delete()
    assert item.result is not None
    assert (item.result.outcome, len(made)) == (DeletionOutcome.STUCK, tries)
