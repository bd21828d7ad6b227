"""What the watch's function may do: freeze seats and mark their notebooks, stop what bills."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from workshop import tags
from workshop.naming import FREEZE, Names
from workshop.policies.actions import actions
from workshop.policies.documents import Document, Statement, allow, document

LISTS = actions(
    "sagemaker",
    "DescribeEndpoint DescribeEndpointConfig DescribeProcessingJob DescribeTrainingJob",
    "DescribeTransformJob",
    "ListAutoMLJobs ListEndpoints ListHyperParameterTuningJobs ListInferenceComponents",
    "ListNotebookInstances ListProcessingJobs ListTags ListTrainingJobs ListTransformJobs",
)
STOPS = actions(
    "sagemaker",
    "DeleteEndpoint DeleteInferenceComponent StopAutoMLJob StopHyperParameterTuningJob",
    "StopProcessingJob StopTrainingJob StopTransformJob UpdateTrainingJob",
)
"""UpdateTrainingJob lets go machines that are kept warm after a job."""
INBOX = "workshop/inbox.json"
"""What notebooks read of the datasets bucket (``workshop.agent.inbox``)."""


def function_trust_policy() -> Document:
    """Return who may take on the role of a function: Lambda."""
    return document(
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    )


_ONLY_FROZEN = {"ForAllValues:StringEquals": {"aws:TagKeys": [tags.FROZEN]}}
FIND_BOXES = allow("FindBoxes", ["ec2:DescribeInstances"], ["*"])


def boxes_statement(names: Names, sid: str, does: Sequence[str], **condition: Any) -> Statement:
    """Return what does something to EC2 instances that the workshop's stacks made, and to no other.

    They have no names, and are known by their tags; ``condition`` is what else has to hold.
    """
    made = {
        f"aws:ResourceTag/{tags.WORKSHOP}": names.workshop,
        f"aws:ResourceTag/{tags.MANAGED_BY}": tags.MANAGED_BY_VALUE,
    }
    instances = f"arn:{names.partition}:ec2:{names.region}:{names.account}:instance/*"
    return allow(sid, does, [instances], Condition={"StringEquals": made, **condition})


def watch_policy(names: Names, *, starts: bool = False, boxes: bool = False) -> Document:
    """Return what the watch may do in the cohort of ``names``.

    ``starts``: also start notebooks before class; ``boxes``: the same to seats' EC2 instances.

    It attaches the one policy and writes none, makes no log group that would outlive the workshop,
    and stops and deletes what carries the workshop's tag alone; data it never deletes.
    """
    cohort = names.cohort
    here = f"{cohort.region}:{cohort.account}"
    seats = replace(names, seat="*")
    scaling = f"arn:{names.partition}:application-autoscaling:{here}:scalable-target/*"
    before_class = [
        allow("FindFrozen", ["iam:ListEntitiesForPolicy"], [cohort.cohort_policy_arn(FREEZE)]),
        allow("StartNotebooks", ["sagemaker:StartNotebookInstance"], [seats.notebook_arn]),
    ]
    of_boxes = [
        FIND_BOXES,
        boxes_statement(cohort, "StopBoxes", ["ec2:StopInstances"]),
        boxes_statement(cohort, "MarkBoxes", ["ec2:CreateTags"], **_ONLY_FROZEN),
    ]
    if starts:
        of_boxes.append(boxes_statement(cohort, "StartBoxes", ["ec2:StartInstances"]))
    return document(
        *(before_class if starts else ()),
        *(of_boxes if boxes else ()),
        allow("FindRoles", ["iam:ListRoles"], ["*"]),
        allow(
            "Freeze",
            ["iam:AttachRolePolicy"],
            [seats.role_arn, seats.console_role_arn],
            Condition={"ArnEquals": {"iam:PolicyARN": cohort.cohort_policy_arn(FREEZE)}},
        ),
        allow(
            "FindMachines",
            [*LISTS, "application-autoscaling:DescribeScalableTargets"],
            ["*"],
        ),
        allow(
            "StopMachines",
            STOPS,
            ["*"],
            Condition={"StringEquals": {f"aws:ResourceTag/{tags.WORKSHOP}": names.workshop}},
        ),
        # A request without tags has no keys of tags, and passes.
        allow(
            "StopNotebooks",
            ["sagemaker:AddTags", "sagemaker:StopNotebookInstance"],
            [seats.notebook_arn],
            Condition=_ONLY_FROZEN,
        ),
        allow("StopScaling", ["application-autoscaling:DeregisterScalableTarget"], [scaling]),
        allow("OwnBucket", ["s3:ListBucket"], [cohort.watch_bucket_arn]),
        allow(
            "OwnState",
            ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
            [f"{cohort.watch_bucket_arn}/*"],
        ),
        # A missing inbox is told from a closed one by who may list.
        allow("DatasetsBucket", ["s3:ListBucket"], [cohort.datasets_bucket_arn]),
        allow(
            "Inbox",
            ["s3:GetObject", "s3:PutObject"],
            [f"{cohort.datasets_bucket_arn}/{INBOX}"],
        ),
        allow("Say", ["sns:Publish"], [cohort.watch_topic_arn]),
        allow(
            "WriteWatchLogs",
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            [f"arn:{names.partition}:logs:{here}:log-group:{cohort.watch_log_group}:*"],
        ),
    )
