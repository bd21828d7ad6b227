"""The fault plan by itself: what a rule may say, what it counts, and what microburst is held to."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Iterator
from importlib import metadata
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import boto3
import pytest
from botocore import xform_name
from botocore.awsrequest import HeadersDict
from botocore.config import Config
from botocore.model import ListShape, Shape, StringShape, StructureShape

from localcloud.clock import Clock
from localcloud.errors import LocalCloudError
from localcloud.faults import globs, microburst_adapter, rules
from localcloud.faults.middleware import FaultLayer
from localcloud.faults.plan import FaultPlan, faults_endpoint

PASSING = {"Endpoint": ("Creating", "Deleting"), "NotebookInstance": ("Pending",)}


def plan(*documents: dict[str, Any]) -> FaultPlan:
    made = FaultPlan()
    made.replace(rules.change({"rules": documents}).rules or ())
    return made


# --- rules --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ({"operation": "*"}, "names no effect; known: throttle, error, timeout, lost-answer, "),
        ({"effect": "throtle"}, "effect 'throtle' is unknown; did you mean 'throttle'? known: "),
        ({"effect": "throttle"}, "operation: is missing; add it"),
        (
            {"effect": "throttle", "operation": "CreateTrainingJob"},
            "operation: 'CreateTrainingJob' is no operation; "
            "write sagemaker:CreateTrainingJob, s3:*, *",
        ),
        (
            {"effect": "throttle", "operation": "sagmaker:*"},
            "operation: 'sagmaker' is no service; did you mean 'sagemaker'? "
            "names are those of boto3",
        ),
        (
            {"effect": "throttle", "operation": "sagemaker:createtrainingjob"},
            "operation: sagemaker has no operation 'createtrainingjob'; "
            "did you mean 'CreateTrainingJob'? names are those of the API, such as Create",
        ),
        ({"effect": "denied", "operation": "*", "time": 2}, "time: is unknown; remove it"),
        (
            {"effect": "denied", "operation": "*", "times": 0},
            "times: 0 is wrong: input should be greater than or equal to 1",
        ),
        (
            {"effect": "denied", "operation": "*", "probability": 1.5},
            "probability: 1.5 is wrong: input should be less than or equal to 1",
        ),
        (
            {"effect": "denied", "operation": "*", "account": "1234"},
            "account: '1234' is none; give 12 digits as account, a code such as eu-west-1 as",
        ),
        ({"effect": "latency", "operation": "*"}, "seconds: is missing; add it"),
        (
            {"effect": "error", "operation": "*", "status": 404},
            "status: 404 is wrong: input should be 500 or 503",
        ),
        ({"effect": "keys"}, "match: is missing; add it"),
        ({"effect": "keys", "operation": "*", "match": "*"}, "operation: is unknown; remove it"),
        (
            {"effect": "stuck", "noun": "Endpoint", "status": "Deleting", "times": 2},
            "times: is unknown; remove it",
        ),
        (
            {"effect": "stuck", "noun": "Endpiont", "status": "Deleting"},
            "no resource 'Endpiont' passes from status to status; known: Endpoint, NotebookInst",
        ),
        (
            {"effect": "stuck", "noun": "Endpoint", "status": "InService"},
            "Endpoint does not pass from 'InService'; known: Creating, Deleting",
        ),
        ("throttle", 'is no rule; write {"effect": ..., ...}'),
    ],
)
def test_a_mistake_is_told_in_a_sentence_and_changes_nothing(rule: Any, told: str) -> None:
    faulty = plan({"effect": "keys", "match": "*"})
    turn = faults_endpoint(faulty, PASSING)
    before = turn({})
    with pytest.raises(LocalCloudError) as caught:
        turn({"rules": [{"effect": "denied", "operation": "s3:*"}, rule]})
    assert str(caught.value).removeprefix("rule 2: ").startswith(told)
    assert turn({}) == before


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ({"rule": []}, "rule: is unknown; remove it"),
        ({"rules": "all"}, "rules: must be a list of rules"),
    ],
)
def test_a_wrong_change_is_told_too(wanted: dict[str, Any], told: str) -> None:
    with pytest.raises(LocalCloudError, match=f"^{told}$"):
        faults_endpoint(FaultPlan(), PASSING)(wanted)


@pytest.mark.parametrize(
    ("pattern", "text", "matching"),
    [
        ("sagemaker:Create*", "sagemaker:CreateModel", True),
        ("sagemaker:Create*", "sagemaker:createModel", False),
        ("*", "checkpoints/1\n2", True),
        ("ad?", "ada", True),
        ("ad?", "ad", False),
        ("[ab]", "a", False),
        ("a.c", "abc", False),
    ],
)
def test_globs_are_those_of_iam(pattern: str, text: str, *, matching: bool) -> None:
    assert globs.matches(pattern, text) is matching


def chosen(seed: int) -> list[int]:
    """Which of a hundred machines are not there."""
    faulty = plan({"effect": "capacity", "instance_type": "ml.*", "probability": 0.3, "seed": seed})
    return [number for number in range(100) if faulty.lacks_capacity("ml.g5.xlarge")]


def test_a_seed_chooses_the_same_cases_again() -> None:
    assert chosen(1) == chosen(1) != chosen(2)
    assert 15 <= len(chosen(1)) <= 45


# --- the layer ----------------------------------------------------------------------------------


def test_without_rules_about_calls_a_request_is_passed_on_untouched() -> None:
    passed: list[tuple[Any, ...]] = []

    async def emulated(*request: Any) -> None:
        passed.append(request)

    request: tuple[Any, ...] = ({"type": "http", "path": "/"}, object(), object())
    of_resources = plan(
        {"effect": "keys", "match": "*"}, {"effect": "capacity", "instance_type": "*"}
    )
    for faulty in (FaultPlan(), of_resources):
        asyncio.run(FaultLayer(emulated, faulty, Clock())(*request))
    assert passed == [request, request]


@pytest.mark.parametrize(
    "messages",
    [
        [{"type": "http.request", "body": b""}, {"type": "http.disconnect"}],
        [{"type": "http.request", "more_body": True}, {"type": "http.disconnect"}],
    ],
    ids=["while it waits for the answer", "while it sends"],
)
def test_a_request_ends_when_its_client_leaves(messages: list[dict[str, Any]]) -> None:
    events: list[Any] = []

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    async def note(*event: Any) -> None:
        events.append(event)

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/bucket/key",
        "query_string": b"",
        "headers": [(b"host", b"127.0.0.1:4566")],
    }
    silent = FaultLayer(note, plan({"effect": "timeout", "operation": "s3:GetObject"}), Clock())
    asyncio.run(silent(scope, receive, note))
    assert (messages, events) == ([], [])


# --- microburst ---------------------------------------------------------------------------------


def test_microburst_is_the_release_that_its_functions_are_held_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, functions in microburst_adapter.HELD.items():
        for function, signature in functions.items():
            assert (
                str(inspect.signature(getattr(microburst_adapter.module(name), function)))
                == signature
            )
    microburst_adapter.check_release()
    microburst_adapter.check_release.cache_clear()
    monkeypatch.setattr(metadata, "version", lambda _: "0.11.0")
    with pytest.raises(LocalCloudError, match=r"needs microburst 0\.10\.0 but found 0\.11\.0"):
        microburst_adapter.check_release()


UNTOLD = {
    # Signed as another service, which none of ours is.
    ("s3", "ListDirectoryBuckets"),
    ("s3", "WriteGetObjectResponse"),
    # Closed to new customers.
    ("s3", "SelectObjectContent"),
    # Not signed at all.
    ("sts", "AssumeRoleWithSAML"),
    ("sts", "AssumeRoleWithWebIdentity"),
}


class _KeptError(Exception):
    """Instead of sending: carries the request."""


def requests(service: str) -> Iterator[tuple[str, Any]]:
    """Every operation that is still offered, with the request that boto3 would send for it."""

    def keep(request: Any, **_: Any) -> None:
        raise _KeptError(request)

    client = boto3.Session().client(  # type: ignore[call-overload]
        service,
        region_name="us-east-1",
        config=Config(parameter_validation=False, inject_host_prefix=False),
        endpoint_url="http://127.0.0.1:9",
    )
    client.meta.events.register_first("before-send", keep)
    for name in client.meta.service_model.operation_names:
        model = client.meta.service_model.operation_model(name)
        if model.deprecated or (service, name) in UNTOLD:
            continue
        given = _smallest(model.input_shape) if model.input_shape else {}
        with pytest.raises(_KeptError) as kept:
            getattr(client, xform_name(name))(**given)
        yield name, kept.value.args[0]


@pytest.mark.parametrize(
    "service",
    [
        *("sagemaker", "sagemaker-runtime", "sagemaker-featurestore-runtime", "s3", "iam", "sts"),
        *("cloudformation", "cloudwatch", "ecr", "service-quotas", "organizations", "scheduler"),
    ],
)
def test_every_operation_is_told_from_the_request_that_boto3_sends(service: str) -> None:
    wrong = {}
    for name, request in requests(service):
        url = urlsplit(request.url)
        headers = HeadersDict({key: _text(value) for key, value in request.headers.items()})
        body = request.body.read() if hasattr(request.body, "read") else request.body
        query = dict(parse_qsl(url.query, keep_blank_values=True))
        raw = body.encode() if isinstance(body, str) else body or b""
        found = microburst_adapter.identified(
            headers, request.method, unquote(url.path), query, raw
        )
        if (found.service, found.operation) != (service, name):
            wrong[name] = (found.service, found.operation)
    assert wrong == {}


def _smallest(shape: Shape) -> Any:
    """Make up a value; what it says is not looked at."""
    if isinstance(shape, StructureShape):
        return {name: _smallest(shape.members[name]) for name in shape.required_members}
    if isinstance(shape, ListShape):
        return [_smallest(shape.member)]
    if isinstance(shape, StringShape):
        return shape.enum[0] if shape.enum else "a" * max(shape.metadata.get("min", 0), 12)
    others: dict[str, Any] = {"map": {}, "boolean": True, "timestamp": 0, "blob": b"x"}
    return others.get(shape.type_name, shape.metadata.get("min", 1))


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
