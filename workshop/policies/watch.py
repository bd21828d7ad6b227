"""What the watch's function may do: freeze seats and mark their notebooks, stop what bills."""

from __future__ import annotations

from dataclasses import replace

from workshop import tags
from workshop.naming import FREEZE, Names
from workshop.policies.actions import actions
from workshop.policies.documents import Document, allow, document

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


def watch_policy(names: Names, *, starts: bool = False) -> Document:
    """Return what the watch may do in the cohort of ``names``; ``starts``: notebooks before class.

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
    return document(
        *(before_class if starts else ()),
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
            Condition={"ForAllValues:StringEquals": {"aws:TagKeys": [tags.FROZEN]}},
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
