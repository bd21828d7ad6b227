"""The sweep of all IAM actions: what it asks, what it finds, and that all of it is explained."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest

from tests.support.assemblies import ENVIRONMENTS, exemplars, shipped
from tests.support.boxes import boxed
from tools import iam_reference, iam_sweep
from tools.iam_sweep import Explanation, SweptRole
from tools.synthesized_roles import SynthesizedRole, roles
from workshop.naming import Names
from workshop.policies.documents import allow, document

QUICK = ("cloudwatch", "ecr", "iam", "logs", "s3", "sagemaker", "sts")
"""Services of a quick sweep: those that a seat may use, and the way out of its cell."""


@cache
def swept(environment: str, *services: str) -> Sequence[SweptRole]:
    assembly = shipped(environment)
    return [
        role
        for profile in exemplars(assembly.loaded)
        for role in iam_sweep.sweep(assembly.loaded, assembly.directory, profile, services=services)
    ]


def told(found: Sequence[SweptRole]) -> list[str]:
    answers = iam_sweep.unexplained(found, iam_sweep.explanations())
    return [f"{one.question.action} on {one.question.resource}: {one.statement}" for one in answers]


@pytest.mark.long
def test_what_a_seat_may_do_to_others_is_explained() -> None:
    found = swept("dev", *QUICK)
    assert all(role.asked > 20_000 for role in found)
    assert told(found) == []


def test_what_a_seat_with_an_ec2_instance_may_do_to_others_is_explained() -> None:
    """Of all that could run, change or enter a machine, or give a seat more."""
    services = ("ec2", "ec2-instance-connect", "ec2messages", "ebs", "iam", "ssm", "ssmmessages")
    assembly = boxed()
    (role,) = iam_sweep.sweep(assembly.loaded, assembly.directory, "plain", services=services)
    assert role.asked > 70_000
    assert told([role]) == []
    table = [one for one in iam_sweep.explanations() if one.boxes]
    assert len(table) == 2
    assert iam_sweep.unused([role], table) == []


def test_an_opening_that_nothing_explains_is_found(capsys: pytest.CaptureFixture[str]) -> None:
    """A bucket's policy, a foreign key, a neighbour's repository."""
    role = _of_dev()
    opened = document(
        allow("Open", ["s3:PutBucketPolicy", "kms:ScheduleKeyDeletion", "ecr:Put*"], ["*"])
    )
    wide = replace(role, policies={**role.policies, "open": opened}, boundary=None)
    allowed = [one for service in ("s3", "kms", "ecr") for one in _allowed(wide, service)]
    swept_role = SweptRole(role.arn, "attendee", "scoped", 1, 3, tuple(allowed))
    found = iam_sweep.document([swept_role], iam_sweep.explanations())
    assert {one["action"] for one in found["unexplained"]} >= {
        "s3:PutBucketPolicy",
        "kms:ScheduleKeyDeletion",
        "ecr:PutImage",
    }
    iam_sweep.show(found)
    assert "NOT EXPLAINED  s3:PutBucketPolicy on arn:aws:s3:::" in capsys.readouterr().out


def test_an_explanation_that_explains_nothing_is_told() -> None:
    found = swept("dev", "sts")
    stale = Explanation(("sts:AssumeRole",), ("neighbour",), ("plain",), ("scoped",), "once open")
    assert iam_sweep.document(found, [stale])["unused"] == ["once open"]
    other_mode = replace(stale, modes=("managed",))
    assert iam_sweep.document(found, [other_mode])["unused"] == []


def test_the_exit_code_says_whether_all_is_explained(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def assembled(_: object, folder: Path) -> None:
        for path in shipped("dev").directory.glob("*.json"):
            (folder / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")

    monkeypatch.setattr(iam_sweep, "synthesize", assembled)
    asked = ["-e", "dev", "--profile", "attendee", "--service", "ecr", "--json"]
    assert iam_sweep.main(asked) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert found["allowed"] == sum(one["allowed"] for one in found["explained"]) > 0
    empty = tmp_path / "empty.yaml"
    empty.write_text("[]\n", encoding="utf-8")
    monkeypatch.setattr(iam_sweep, "explanations", partial(iam_sweep.explanations, empty))
    assert iam_sweep.main(asked) == 1


def test_a_roles_policies_are_read_wherever_they_are_attached(tmp_path: Path) -> None:
    me = Names("vision", "ada", "111122223333", "eu-west-1")

    def policy(sid: str, **more: Any) -> dict[str, Any]:
        return {"PolicyName": sid, "PolicyDocument": document(allow(sid, ["s3:*"], ["*"])), **more}

    def managed(name: str, **more: Any) -> dict[str, Any]:
        given = {"ManagedPolicyName": name, "Path": me.iam_path, **more}
        made = document(allow(name, ["${!aws:PrincipalTag/attendee}:*"], ["*"]))
        return {
            "Type": "AWS::IAM::ManagedPolicy",
            "Properties": {**given, "PolicyDocument": _sub(made)},
        }

    prefix = "arn:${AWS::Partition}:iam::${AWS::AccountId}:policy/ws/vision/"
    access = {
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "RoleName": {"Fn::Sub": me.role.replace("ada", "${AttendeeId}")},
                "Path": me.iam_path,
                "Policies": [policy("inline")],
                "ManagedPolicyArns": [
                    {"Fn::Sub": f"{prefix}by-arn"},
                    {"Ref": "Own"},
                    {"Fn::Join": ["", ["arn:aws:iam::aws:policy/", "AmazonS3FullAccess"]]},
                ],
                "PermissionsBoundary": {"Fn::Sub": f"{prefix}boundary"},
            },
        },
        "Own": managed("own"),
        "Beside": {
            "Type": "AWS::IAM::Policy",
            "Properties": policy("beside", Roles=[{"Ref": "Role"}]),
        },
        "Unattached": {"Type": "AWS::IAM::Policy", "Properties": policy("other", Roles=["x"])},
    }
    cohort = {
        "ByArn": managed("by-arn"),
        "Boundary": managed("boundary"),
        "ByItself": managed("by-itself", Roles=[me.role]),
        "Freeze": managed("freeze"),
    }
    for stack, resources in ((me.stack("access"), access), ("vision-cohort", cohort)):
        path = tmp_path / f"{stack}.template.json"
        path.write_text(json.dumps({"Resources": resources}), encoding="utf-8")
    (role,) = roles(tmp_path, me)
    assert role.arn == me.role_arn
    assert set(role.policies) == {
        *("inline", "by-arn", "own", "AmazonS3FullAccess", "beside", "by-itself"),
    }
    own: Any = role.policies["own"]["Statement"]
    assert own[0]["Action"] == ["${aws:PrincipalTag/attendee}:*"]
    assert role.boundary is not None


def test_every_service_of_the_reference_is_asked_about() -> None:
    assert len(iam_reference.services()) > 400
    names = {one.name for one in iam_reference.actions("sagemaker")}
    assert {"CreateTrainingJob", "CreatePresignedNotebookInstanceUrl"} <= names


@pytest.mark.long
def test_every_action_of_every_service_is_denied_or_explained() -> None:
    table = iam_sweep.explanations()
    with ProcessPoolExecutor() as pool:
        found = [
            role
            for environment in ENVIRONMENTS
            for profile in exemplars(shipped(environment).loaded)
            for role in iam_sweep.sweep(
                shipped(environment).loaded,
                shipped(environment).directory,
                profile,
                mapping=partial(pool.map, chunksize=8),
            )
        ]
    assert sum(role.asked for role in found) > 1_000_000
    assert told(found) == []
    assert [one.reason for one in iam_sweep.unused(found, table)] == []


def _of_dev() -> SynthesizedRole:
    assembly = shipped("dev")
    seat = exemplars(assembly.loaded)["attendee"]
    settings = assembly.loaded.settings
    return roles(
        assembly.directory, Names(settings.workshop, seat, settings.account, settings.region)
    )[0]


def _allowed(role: SynthesizedRole, service: str) -> list[Any]:
    return iam_sweep.sweep_service(role, ["ml.m5.large"], service)[1]


def _sub(value: Any) -> Any:
    """What ``workbench.fn_sub`` makes of a document's texts."""
    if isinstance(value, dict):
        return {key: _sub(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_sub(one) for one in value]
    return {"Fn::Sub": value} if isinstance(value, str) and "${" in value else value
