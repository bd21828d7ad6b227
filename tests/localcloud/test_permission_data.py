"""The data behind the local cloud's permissions fits the service, the policies and its source."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localcloud.clock import Clock
from localcloud.iam import conditions, other_services, reference, request_members
from localcloud.iam.patches import WRITTEN_WITH
from localcloud.protocol import models
from localcloud.sagemaker.service import build_engine
from localcloud.transitions import delays
from tests.support.assemblies import ENVIRONMENTS, shipped
from tools import sagemaker_reference

ARN = "arn:aws:sagemaker:eu-west-1:111122223333"


def test_the_data_has_every_operation_and_its_own_words_fit_together() -> None:
    engine = build_engine(Clock(), delays())
    known = reference.load()
    served = models.service_model("sagemaker").operation_names
    assert sorted(set(served) - known.actions.keys()) == []
    assert set(engine.operations) <= known.actions.keys()
    for action in known.actions.values():
        assert {*action.types, *action.optional} <= known.types.keys()
        assert set(action.keys) <= known.keys.keys()
    for name, resource in known.types.items():
        arn = f"{ARN}:{resource.filled(dict.fromkeys(resource.variables, 'x'))}"
        assert known.type_of(arn) == name
    for kind in engine.kinds.values():
        if engine.list_operation(kind) in served:
            key = "/".join(["x"] * (1 + len(kind.parents)))
            assert known.type_of(engine.arn(kind, key)) is not None, kind.noun


def test_every_condition_key_is_filled_from_members_that_exist_or_is_left_out_with_a_reason() -> (
    None
):
    known = reference.load()
    filled = {*conditions.MEMBERS, *conditions.NAMED, *conditions.CURRENT, *conditions.OTHERWISE}
    listed = {key for action in known.actions.values() for key in action.keys}
    assert filled | conditions.LEFT_OUT.keys() == listed
    assert filled.isdisjoint(conditions.LEFT_OUT)
    paths = {**conditions.MEMBERS, **{key: (at,) for key, (at, _) in conditions.NAMED.items()}}
    for key, wanted in paths.items():
        shapes = [
            models.operation("sagemaker", name).input_shape
            for name in models.service_model("sagemaker").operation_names
            if key in known.actions[name].keys
        ]
        there = [path for shape in shapes for path in every_path(shape)]
        for path in wanted:
            member = [request_members.Member(names, "", None) for names in there]
            assert any(candidate.ends(path) for candidate in member), f"{key}: {path}"


def every_path(
    shape: Any, before: tuple[str, ...] = (), depth: int = 7
) -> Iterator[tuple[str, ...]]:
    """All ways to a member of a shape, through structures and lists."""
    if shape.type_name == "list":
        yield from every_path(shape.member, before, depth)
    elif shape.type_name == "structure" and depth:
        for name, member in shape.members.items():
            yield (*before, name)
            yield from every_path(member, (*before, name), depth - 1)


def test_every_condition_key_of_the_shipped_policies_is_known_here() -> None:
    used = {
        key
        for name in ENVIRONMENTS
        for stack in shipped(name).stacks()
        for key in condition_keys(shipped(name).template(stack))
    }
    known = reference.load()
    ours = {key.partition("/")[0] for action in known.actions.values() for key in action.keys}
    left_out = conditions.LEFT_OUT.keys()
    ministacks = {
        *("aws:PrincipalAccount", "aws:PrincipalArn", "aws:RequestedRegion"),
        *("aws:ResourceAccount", "aws:SecureTransport", "aws:ResourceTag", "aws:PrincipalTag"),
        *("iam:PassedToService", "cloudwatch:namespace"),
        # By the local cloud's own clock, and of what attaches a policy.
        *("aws:CurrentTime", "iam:PolicyARN"),
        # Of trust policies; the local SageMaker reads it itself.
        "aws:SourceAccount",
        # Of a notebook's network interfaces: nothing makes any here, and the key but allows.
        "ec2:Subnet",
        *(f"s3:{header}" for header in WRITTEN_WITH),
    }
    assert {key.partition("/")[0] for key in used} - ministacks - ours == set()
    assert used.isdisjoint(left_out)
    assert "sagemaker:InstanceTypes" in used


def condition_keys(document: Any) -> Iterator[str]:
    """The condition keys of all policies in a template."""
    if isinstance(document, list):
        for one in document:
            yield from condition_keys(one)
    elif isinstance(document, dict):
        for name, value in document.items():
            if name == "Condition" and isinstance(value, dict):
                yield from (key for tests in value.values() for key in tests)
            else:
                yield from condition_keys(value)


def test_the_data_is_what_the_generator_writes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = reference.FILE.read_text(encoding="utf-8")
    assert sagemaker_reference.text(json.loads(written)) == written
    for part, entries in {
        "resourceTypes": {
            "job": {
                "key": "job",
                "arn": "arn:${Partition}:sagemaker:${Region}:${Account}:job/${JobName}",
            }
        },
        "conditionKeys": {"k": {"key": "sagemaker:InstanceTypes", "type": "ArrayOfString"}},
        "actions": {
            "stopjob": {
                "name": "StopJob",
                "resourceTypes": [
                    {"name": "job", "required": True, "conditionKeys": [reference.TAG_KEY]}
                ],
                "conditionKeys": ["sagemaker:InstanceTypes"],
            }
        },
    }.items():
        (tmp_path / "data" / part).mkdir(parents=True)
        (tmp_path / "data" / part / "sagemaker.json").write_text(json.dumps(entries))
    told = {"name": reference.PACKAGE, "version": "1.2.3", "updatedAt": "2026-01-02T03:04:05Z"}
    (tmp_path / "package.json").write_text(json.dumps(told))

    assert sagemaker_reference.main(["--from", str(tmp_path)]) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["source"]["version"] == "1.2.3"
    assert made["source"]["updated"] == "2026-01-02"
    assert made["types"] == {"job": {"arn": "job/${JobName}", "tags": True}}
    assert made["actions"] == {"StopJob": {"types": ["job"], "keys": ["sagemaker:InstanceTypes"]}}


def test_every_operation_of_lambda_asks_for_the_permission_of_its_own_name() -> None:
    """But for invocations, which are one action to IAM."""
    model, wrong = models.service_model("lambda"), {}
    for operation in model.operation_names:
        http = model.operation_model(operation).http
        path = re.sub(r"\{[^}]+\}", "name", http["requestUri"])
        asked = other_services.function_action(http["method"], path)
        if asked != f"lambda:{operation}":
            wrong[operation] = asked
    invoked = dict.fromkeys(
        ("Invoke", "InvokeAsync", "InvokeWithResponseStream"), "lambda:InvokeFunction"
    )
    # A query alone tells these from others; the local cloud plays neither.
    by_query = dict.fromkeys(("GetLayerVersionByArn", "ListProvisionedConcurrencyConfigs"))
    assert wrong == {**invoked, **by_query}
