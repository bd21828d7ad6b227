"""Conformance: batch transform jobs, which nobody can delete."""

from __future__ import annotations

from typing import Any

from tests.support.conformance import Aws
from tests.support.job_requests import IMAGE, made_once, transform

JOB = {"TransformJobName": "job"}
ARN = "arn:aws:sagemaker:us-east-1:000000000000:transform-job/job"
LOGS = "/aws/sagemaker/TransformJobs"


def prepared(aws: Aws) -> tuple[str, str]:
    """Make a model and two objects to transform, and give role and bucket."""
    place = made_once(aws)
    aws.sagemaker.create_model(
        ModelName="model", ExecutionRoleArn=place[0], PrimaryContainer={"Image": IMAGE}
    )
    for key in ("in/a.csv", "in/deep/b.csv"):
        aws.client("s3").put_object(Bucket="conformance-bucket", Key=key, Body=b"1,2")
    return place


def start(aws: Aws, name: str = "job", **more: Any) -> tuple[str, str]:
    """Start a transform job and give role and bucket."""
    place = prepared(aws)
    aws.sagemaker.create_transform_job(**transform(place, name, **more))
    return place


def shown(aws: Aws) -> dict[str, Any]:
    found: dict[str, Any] = aws.sagemaker.describe_transform_job(**JOB)
    return found


def status(aws: Aws) -> str:
    return str(shown(aws)["TransformJobStatus"])


def test_there_is_no_operation_that_deletes_a_job(aws: Aws) -> None:
    start(aws)
    aws.pass_time()
    assert not hasattr(aws.sagemaker, "delete_transform_job")
    assert status(aws) == "Completed"


def test_a_job_that_is_not_there_is_a_validation_error(aws: Aws) -> None:
    assert aws.refusal("describe_transform_job", **JOB) == (
        "ValidationException: Could not find requested job with name: job"
    )
    assert aws.refusal("stop_transform_job", **JOB) == (
        "ValidationException: Could not find job to update with name: job"
    )


def test_a_name_is_taken_for_ever(aws: Aws) -> None:
    place = start(aws)
    aws.pass_time()
    assert aws.refusal("create_transform_job", **transform(place)) == (
        "ResourceInUse: Job name must be unique within an AWS account and region, and a job with "
        f"this name already exists ({ARN})"
    )


def test_the_model_must_be_there(aws: Aws) -> None:
    place = prepared(aws)
    aws.sagemaker.delete_model(ModelName="model")
    assert aws.refusal("create_transform_job", **transform(place)) == (
        "ValidationException: Could not find model "
        '"arn:aws:sagemaker:us-east-1:000000000000:model/model".'
    )


def test_input_data_must_be_there(aws: Aws) -> None:
    place = prepared(aws)
    for key in ("in/a.csv", "in/deep/b.csv"):
        aws.client("s3").delete_object(Bucket="conformance-bucket", Key=key)
    assert aws.refusal("create_transform_job", **transform(place)).startswith(
        'ValidationException: No S3 objects found under S3 URL "s3://conformance-bucket/in/"'
    )


def test_every_object_has_an_output(aws: Aws) -> None:
    _, bucket = start(aws)
    aws.pass_time()
    assert aws.keys(bucket)[2:] == ["out/a.csv.out", "out/deep/b.csv.out"]


def test_a_running_job_writes_its_log_and_metrics(aws: Aws) -> None:
    start(aws)
    aws.advance(30)
    stream = aws.streams(LOGS)[0]
    host = stream.rpartition("-")[0]
    assert host.startswith("job/i-")
    metrics = aws.client("cloudwatch").list_metrics(
        Namespace=LOGS, Dimensions=[{"Name": "Host", "Value": host}]
    )["Metrics"]
    # Transform jobs tell nothing of their disks.
    assert {metric["MetricName"] for metric in metrics} == {"CPUUtilization", "MemoryUtilization"}


def test_a_job_leaves_a_trial_component(aws: Aws) -> None:
    start(aws)
    found = aws.sagemaker.describe_trial_component(TrialComponentName="job-aws-transform-job")
    assert found["Source"]["SourceType"] == "SageMakerTransformJob"
