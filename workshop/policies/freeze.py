"""What a seat loses when it is frozen."""

from __future__ import annotations

from collections.abc import Sequence

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
NEVER_FROZEN = ("s3", "logs", "cloudwatch")
"""Where work under way is saved: one's own bucket, logs and readings."""


def freeze_policy(extra_actions: Sequence[str] = ()) -> Document:
    """Return the policy that ends what a seat may make, start, change and hand its role to.

    What exists goes on, can be stopped and deleted, and is saved: nothing of it denies to write to
    the seat's own bucket and logs. ``extra_actions`` are those that profiles open on purpose: they
    are denied as they are opened, and what wildcards open by the verbs that make, start or change.
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
    denied = dict.fromkeys([*SAGEMAKER, *OTHERS, *opened])
    return document(deny("Frozen", [*denied], ["*"]))
