"""Training jobs of conformance tests: started, and read."""

from __future__ import annotations

from typing import Any

from tests.support.conformance import Aws
from tests.support.job_requests import made_once, training

JOB = {"TrainingJobName": "job"}
ARN = "arn:aws:sagemaker:us-east-1:000000000000:training-job/job"


def start(aws: Aws, name: str = "job", **more: Any) -> tuple[str, str]:
    """Start a training job and give role and bucket."""
    place = made_once(aws)
    aws.sagemaker.create_training_job(**training(place, name, **more))
    return place


def shown(aws: Aws, name: str = "job") -> dict[str, Any]:
    found: dict[str, Any] = aws.sagemaker.describe_training_job(TrainingJobName=name)
    return found


def status(aws: Aws, name: str = "job") -> str:
    return str(shown(aws, name)["TrainingJobStatus"])
