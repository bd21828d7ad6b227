"""Which key of the YAML opens what was refused: asked of the policies, not looked up."""

from __future__ import annotations

import pytest

from tests.support.rehearsals import permissions
from tests.support.seats import ADA
from workshop.access.permissions import AccessQuestion
from workshop.config.ec2 import Ec2
from workshop.rehearse import openings

OWN = {"aws:requesttag/attendee": "ada", "aws:requesttag/workshop": "demo"}
OWN_TAGS = {**OWN, "aws:tagkeys": ["attendee", "workshop"]}


@pytest.mark.parametrize(
    ("action", "resource", "context", "by", "key"),
    [
        (
            "sagemaker:CreateTrainingJob",
            ADA.sagemaker_arn("training-job", "abalone"),
            {**OWN_TAGS, "sagemaker:instancetypes": ["ml.p3.2xlarge"]},
            "TrainingInstanceTypes",
            "access.training_instance_types: ml.p3.2xlarge",
        ),
        (
            "sagemaker:CreateProcessingJob",
            ADA.sagemaker_arn("processing-job", "abalone"),
            {**OWN_TAGS, "sagemaker:instancetypes": ["ml.c5.xlarge"]},
            "ProcessingInstanceTypes",
            "access.processing_instance_types: ml.c5.xlarge",
        ),
        (
            "sagemaker:CreateTrainingJob",
            ADA.sagemaker_arn("training-job", "abalone"),
            {
                **OWN_TAGS,
                "sagemaker:instancetypes": ["ml.m5.large"],
                "sagemaker:keepaliveperiod": "600",
            },
            "WarmPools",
            "access.warm_pools: true",
        ),
        (
            "sagemaker:CreateTrainingJob",
            ADA.sagemaker_arn("training-job", "abalone"),
            {
                **OWN_TAGS,
                "sagemaker:instancetypes": ["ml.m5.large"],
                "sagemaker:maxruntimeinseconds": str(30 * 3600),
            },
            "LongJobs",
            "access.max_runtime_hours: 30",
        ),
        (
            "dynamodb:GetItem",
            "arn:aws:dynamodb:us-east-1:000000000000:table/prices",
            {},
            "",
            "access.extra_statements: dynamodb:GetItem",
        ),
        (
            "sagemaker:DescribeEndpoint",
            ADA.sagemaker_arn("endpoint", "never-made"),
            {},
            "",
            openings.NOT_ITS_OWN,
        ),
        (
            "iam:CreateRole",
            "arn:aws:iam::000000000000:role/mine",
            {},
            "",
            "",
        ),
    ],
)
def test_the_one_key_that_would_decide_otherwise_is_named(
    action: str, resource: str, context: dict[str, str | list[str]], by: str, key: str
) -> None:
    asked = permissions()
    question = AccessQuestion(action, resource, {**context, "aws:requestedregion": "us-east-1"})
    found = openings.of(question, ADA, asked.profile, asked.settings)
    assert not found.decision.allowed
    assert (found.decision.statement, found.key) == (by, key)


def test_what_is_allowed_needs_no_key() -> None:
    asked = permissions()
    question = AccessQuestion(
        "s3:GetObject", f"{ADA.bucket_arn('data')}/a", {"aws:requestedregion": "us-east-1"}
    )
    found = openings.of(question, ADA, asked.profile, asked.settings)
    assert found.decision.allowed
    assert found.key == ""


def test_no_key_is_named_that_check_would_refuse_where_seats_have_instances() -> None:
    asked = permissions()
    ssm = "arn:aws:ssm:us-east-1:000000000000:document/mine"
    question = AccessQuestion("ssm:SendCommand", ssm, {"aws:requestedregion": "us-east-1"})
    boxed = asked.profile.model_copy(update={"ec2": Ec2(instance_types=("g5.xlarge",))})
    both = {**asked.settings.profiles, "boxed": boxed}
    settings = asked.settings.model_copy(update={"profiles": both})
    found = [
        openings.of(question, ADA, asked.profile, one).key for one in (asked.settings, settings)
    ]
    assert found == ["access.extra_statements: ssm:SendCommand", ""]
