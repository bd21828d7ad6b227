"""What a seat loses when it is frozen, and at the workshop's end: one list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from workshop.policies.documents import Document, deny, document
from workshop.policies.extra import making

CHANGING = (
    *("Add", "Allocate", "Copy", "Create", "Execute", "Import", "Launch", "Modify", "Publish"),
    *("Put", "Register", "Request", "Restore", "Resume", "Run", "Send", "Start", "Submit"),
    "Update",
)
"""How the names of actions begin that make, start or change something."""
SAGEMAKER = tuple(
    f"sagemaker:{verb}*"
    for verb in (
        *("Add", "Attach", "Create", "Deploy", "Enable", "Extend", "Import", "Put", "Register"),
        *("Retry", "Send", "Start", "Train"),
        *("UpdateA", "UpdateC", "UpdateD", "UpdateE", "UpdateF", "UpdateH", "UpdateI", "UpdateM"),
        *("UpdateN", "UpdateP", "UpdateR", "UpdateS", "UpdateTraining", "UpdateU", "UpdateW"),
    )
)
"""All of SageMaker that makes, starts or changes something, but for records of a run that goes on:
UpdateTrial, UpdateTrialComponent, BatchPutMetrics and AssociateTrialComponent. Where they are
denied, the Python SDK ends a training script before its model is saved."""
OTHERS = (
    *("ec2:Create*", "ec2:Modify*", "ec2:Run*", "ec2:Start*"),
    *("ecr:Complete*", "ecr:Create*", "ecr:Initiate*", "ecr:Put*", "ecr:Upload*"),
    *("cloudwatch:Put*Alarm", "cloudwatch:PutDashboard", "cloudwatch:PutMetricStream"),
    *("iam:PassRole", "s3:CreateBucket", "s3:PutBucket*"),
)
NEVER_FROZEN = ("s3", "logs", "cloudwatch", "sagemaker-mlflow")
"""Where work under way is saved: one's own bucket, logs, readings and records of runs."""


_TIME = "%Y-%m-%dT%H:%M:%SZ"


def freeze_policy(extra_actions: Sequence[str] = ()) -> Document:
    """Return the policy that takes from a role what a seat loses when it is frozen."""
    return document(deny("Frozen", frozen(extra_actions), ["*"]))


def end_policy(end: datetime, extra_actions: Sequence[str] = ()) -> Document:
    """Return the policy that takes the same from a role from the workshop's end on, to the second.

    Every seat's roles carry it, so that no program has to run for the end to hold.
    """
    after = {"DateGreaterThan": {"aws:CurrentTime": end.astimezone(UTC).strftime(_TIME)}}
    return document(deny("Ended", frozen(extra_actions), ["*"], Condition=after))


def end_of(policy: Mapping[str, Any]) -> datetime | None:
    """Return the moment that a policy of :func:`end_policy` names, None where it is none."""
    try:
        text = policy["Statement"][0]["Condition"]["DateGreaterThan"]["aws:CurrentTime"]
        return datetime.strptime(text, _TIME).replace(tzinfo=UTC)
    except (KeyError, IndexError, TypeError, ValueError):
        return None


def frozen(extra_actions: Sequence[str] = ()) -> list[str]:
    """Return what a seat may make, start, change and hand its role to, as patterns of actions.

    What exists goes on, can be stopped and deleted, and is saved: nothing of it denies to write to
    the seat's own bucket and logs. ``extra_actions`` are those that profiles open on purpose: they
    are named as they are opened, and what wildcards open by the verbs that make, start or change.
    """
    opened = []
    for action in making(extra_actions):
        service, _, name = action.partition(":")
        if service.lower() in {*NEVER_FROZEN, "sagemaker"}:
            continue
        if name.startswith(("*", "?")):
            opened += [f"{service}:{verb}*" for verb in CHANGING]
        else:
            opened.append(action)
    return [*dict.fromkeys([*SAGEMAKER, *OTHERS, *opened])]
