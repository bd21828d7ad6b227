"""``workshop cloud fault``: what people type, and what they see."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from tests.support.local_cloud import Cloud
from tests.support.workshop_command import Ran, run


def fault(cloud: Cloud, *arguments: str) -> Ran:
    return run("cloud", "fault", *arguments, "--state-dir", str(cloud.state_dir))


def test_a_fault_is_added_counted_and_cleared(cloud: Cloud) -> None:
    added = fault(cloud, "add", "throttle", "sagemaker:ListEndpoints", "--times", "5")
    assert (added.code, added.out) == (0, "")
    undo = f"workshop cloud fault clear --state-dir {cloud.state_dir}"
    assert added.err.splitlines() == [
        "added: throttle sagemaker:ListEndpoints --times 5",
        f"undo all faults with: {undo}",
    ]
    with pytest.raises(ClientError, match="ThrottlingException"):
        cloud.client("sagemaker").list_endpoints()
    assert fault(cloud, "add", "capacity", "--instance-type", "ml.g5.*").code == 0
    assert [line.split() for line in fault(cloud, "list").out.splitlines()] == [
        ["effect", "what", "options", "seen", "hits"],
        ["throttle", "sagemaker:ListEndpoints", "--times", "5", "1", "1"],
        ["capacity", "--instance-type", "'ml.g5.*'", "0", "0"],
    ]
    cleared = fault(cloud, "clear")
    assert (cleared.code, cleared.err) == (0, "nothing is meant to go wrong any more\n")
    assert cloud.client("sagemaker").list_endpoints()["Endpoints"] == []
    empty = fault(cloud, "list")
    assert (empty.out, empty.err) == ("", "nothing is meant to go wrong\n")


@pytest.mark.parametrize(
    ("typed", "rule"),
    [
        ("error s3:* --status 503", {"effect": "error", "operation": "s3:*", "status": 503}),
        (
            "timeout iam:DeleteRole --match ada-* --after 2",
            {"effect": "timeout", "operation": "iam:DeleteRole", "match": "ada-*", "after": 2},
        ),
        ("lost-answer *", {"effect": "lost-answer", "operation": "*"}),
        (
            "denied ecr:* --region eu-west-1 --account 111122223333",
            {
                "effect": "denied",
                "operation": "ecr:*",
                "region": "eu-west-1",
                "account": "111122223333",
            },
        ),
        (
            "latency s3:* --seconds 0.5 --probability 0.3 --seed 7",
            {
                "effect": "latency",
                "operation": "s3:*",
                "seconds": 0.5,
                "probability": 0.3,
                "seed": 7,
            },
        ),
        (
            "keys --match checkpoints/* --code AccessDenied",
            {"effect": "keys", "match": "checkpoints/*", "code": "AccessDenied"},
        ),
        (
            "stuck NotebookInstance --name x* --status Deleting",
            {"effect": "stuck", "noun": "NotebookInstance", "name": "x*", "status": "Deleting"},
        ),
        (
            "not-offered sagemaker:ListHubs",
            {"effect": "not-offered", "operation": "sagemaker:ListHubs"},
        ),
        (
            "conflict iam:*Role*",
            {"effect": "conflict", "operation": "iam:*Role*"},
        ),
        (
            "stale iam:GetRole --seconds 10",
            {"effect": "stale", "operation": "iam:GetRole", "seconds": 10.0},
        ),
        (
            "handler AWS::IAM::* --code ResourceConflict --action delete --match Ada*",
            {
                "effect": "handler",
                "type": "AWS::IAM::*",
                "code": "ResourceConflict",
                "action": "delete",
                "match": "Ada*",
            },
        ),
        (
            "denied sagemaker:* --policy organization",
            {"effect": "denied", "operation": "sagemaker:*", "policy": "organization"},
        ),
        ("short-lived --seconds 60", {"effect": "short-lived", "seconds": 60.0}),
        (
            "capacity --instance-type ml.g5.*",
            {"effect": "capacity", "instance_type": "ml.g5.*"},
        ),
    ],
)
def test_every_effect_can_be_typed(cloud: Cloud, typed: str, rule: dict[str, object]) -> None:
    assert fault(cloud, "add", *typed.split()).code == 0
    assert json.loads(fault(cloud, "list", "--json").out) == [{**rule, "seen": 0, "hits": 0}]


@pytest.mark.parametrize(
    ("typed", "code", "told"),
    [
        ("throttle sagemaker:Stop*Jobs", 2, "workshop: operation: sagemaker has no operation"),
        ("slow s3:*", 2, "workshop: effect 'slow' is unknown; "),
        ("latency s3:*", 2, "workshop: seconds: is missing; add it"),
        ("denied", 2, "workshop: operation: is missing; add it"),
        ("keys s3:* --match *", 2, "workshop: operation: is unknown; remove it"),
        (
            "stuck Endpoint --status InServic",
            1,
            "workshop: the local cloud refused /_localcloud/faults: faults: Endpoint does not pass",
        ),
    ],
)
def test_a_mistake_is_one_sentence(cloud: Cloud, typed: str, code: int, told: str) -> None:
    shown = fault(cloud, "add", *typed.split())
    assert (shown.code, shown.out) == (code, "")
    assert shown.err.startswith(told)
    assert shown.err.count("\n") == 1
    assert fault(cloud, "list", "--json").out == "[]\n"


def test_help_shows_every_effect_and_examples() -> None:
    shown = run("cloud", "fault", "add", "--help").out
    effects = ("throttle", "error", "timeout", "lost-answer", "denied", "latency", "keys")
    for effect in (*effects, "conflict", "stale", "handler"):
        assert f"{effect}: " in shown
    assert "For example:" in shown
    assert "workshop cloud fault add stuck Endpoint --name 'ada-*' --status Deleting" in shown
