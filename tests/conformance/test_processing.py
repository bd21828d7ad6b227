"""Conformance: processing jobs."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.conformance import Aws, listed
from tests.support.job_requests import machines, made_once, output, processing

JOB = {"ProcessingJobName": "job"}
ARN = "arn:aws:sagemaker:us-east-1:000000000000:processing-job/job"
LOGS = "/aws/sagemaker/ProcessingJobs"


def start(aws: Aws, name: str = "job", **more: Any) -> tuple[str, str]:
    """Start a processing job and give role and bucket."""
    place = made_once(aws)
    aws.sagemaker.create_processing_job(**processing(place, name, **more))
    return place


def shown(aws: Aws) -> dict[str, Any]:
    found: dict[str, Any] = aws.sagemaker.describe_processing_job(**JOB)
    return found


def status(aws: Aws) -> str:
    return str(shown(aws)["ProcessingJobStatus"])


def test_a_processing_job_runs_and_completes(aws: Aws) -> None:
    start(aws)
    assert status(aws) == "InProgress"
    aws.pass_time()
    job = shown(aws)
    assert job["ProcessingJobStatus"] == "Completed"
    assert job["CreationTime"] < job["ProcessingStartTime"] < job["ProcessingEndTime"]
    assert job["StoppingCondition"] == {"MaxRuntimeInSeconds": 86400}


def test_a_stopped_job_is_stopping_before_it_is_stopped(aws: Aws) -> None:
    start(aws)
    aws.sagemaker.stop_processing_job(**JOB)
    assert status(aws) == "Stopping"
    aws.pass_time()
    assert status(aws) == "Stopped"


def test_a_job_that_runs_too_long_is_stopped(aws: Aws) -> None:
    start(aws, StoppingCondition={"MaxRuntimeInSeconds": 20})
    aws.advance(26)
    assert status(aws) == "Stopping"


def test_only_a_job_in_progress_can_be_stopped(aws: Aws) -> None:
    start(aws)
    aws.pass_time()
    assert aws.refusal("stop_processing_job", **JOB) == (
        "ValidationException: The request was rejected because the processing job is in status "
        "Completed."
    )


@pytest.mark.parametrize("running", ["InProgress", "Stopping"])
def test_a_running_job_cannot_be_deleted(aws: Aws, running: str) -> None:
    start(aws)
    if running == "Stopping":
        aws.sagemaker.stop_processing_job(**JOB)
    assert aws.refusal("delete_processing_job", **JOB).startswith("ResourceInUse: ")
    assert status(aws) == running


def test_the_name_of_a_deleted_job_is_free(aws: Aws) -> None:
    place = start(aws)
    aws.pass_time()
    assert aws.refusal("create_processing_job", **processing(place)) == (
        "ResourceInUse: Job name must be unique within an AWS account and region, and a job with "
        f"this name already exists ({ARN})"
    )
    aws.sagemaker.delete_processing_job(**JOB)
    assert aws.refusal("describe_processing_job", **JOB) == (
        "ValidationException: Could not find requested job with name: job"
    )
    assert aws.refusal("stop_processing_job", **JOB) == (
        "ValidationException: Could not find job to update with name: job"
    )
    aws.sagemaker.create_processing_job(**processing(place))


def test_the_role_must_be_one_that_sagemaker_can_assume(aws: Aws) -> None:
    place = ("arn:aws:iam::000000000000:role/nobody", aws.bucket())
    assert aws.refusal("create_processing_job", **processing(place)).startswith(
        "ValidationException: Could not assume role arn:aws:iam::000000000000:role/nobody."
    )


def test_no_machines_are_refused(aws: Aws) -> None:
    resources = {"ClusterConfig": {"VolumeSizeInGB": 10}}
    request = processing(made_once(aws), ProcessingResources=resources)
    assert "InstanceType and InstanceCount" in aws.refusal("create_processing_job", **request)


def test_outputs_are_uploaded_when_a_job_completes(aws: Aws) -> None:
    _, bucket = start(aws)
    aws.advance(30)
    assert aws.keys(bucket) == []
    aws.advance(30)
    assert aws.keys(bucket) == ["out/table.csv"]


def test_a_continuous_output_is_uploaded_while_a_job_runs(aws: Aws) -> None:
    outputs = {"Outputs": [output("s3://conformance-bucket/out", "Continuous")]}
    _, bucket = start(aws, ProcessingOutputConfig=outputs)
    aws.advance(30)
    assert aws.keys(bucket) == ["out/table.csv"]


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        (
            {"ProcessingOutputConfig": {"Outputs": [output("s3://not-there/out")]}},
            "ClientError: Artifact upload failed:",
        ),
        (
            {
                "ProcessingInputs": [
                    {
                        "InputName": "data",
                        "S3Input": {
                            "S3Uri": "s3://conformance-bucket/none",
                            "S3DataType": "S3Prefix",
                        },
                    }
                ]
            },
            "ClientError: Failed to download data.",
        ),
    ],
)
def test_a_job_fails_without_its_data_or_bucket(
    aws: Aws, more: dict[str, Any], reason: str
) -> None:
    start(aws, **more)
    aws.pass_time()
    job = shown(aws)
    assert job["ProcessingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith(reason)
    summary = aws.sagemaker.list_processing_jobs()["ProcessingJobSummaries"][0]
    assert summary["FailureReason"] == job["FailureReason"]


def test_a_job_fails_whose_role_went_before_it(aws: Aws) -> None:
    start(aws)
    aws.client("iam").delete_role(RoleName="seat")
    aws.pass_time()
    assert "Cannot assume role" in shown(aws)["FailureReason"]


def test_a_running_job_writes_its_log_and_metrics(aws: Aws) -> None:
    start(aws, ProcessingResources={"ClusterConfig": machines(2)})
    aws.advance(20)
    aws.client("logs").delete_log_group(logGroupName=LOGS)
    aws.advance(10)
    assert [name[:10] for name in aws.streams(LOGS)] == ["job/algo-1", "job/algo-2"]
    metrics = aws.client("cloudwatch").list_metrics(
        Namespace=LOGS, Dimensions=[{"Name": "Host", "Value": "job/algo-2"}]
    )["Metrics"]
    names = {metric["MetricName"] for metric in metrics}
    assert names == {"CPUUtilization", "MemoryUtilization", "DiskUtilization"}


def test_a_job_leaves_a_trial_component(aws: Aws) -> None:
    start(aws)
    aws.pass_time()
    aws.sagemaker.delete_processing_job(**JOB)
    found = aws.sagemaker.describe_trial_component(TrialComponentName="job-aws-processing-job")
    assert found["Source"] == {"SourceArn": ARN, "SourceType": "SageMakerProcessingJob"}
    assert found["Status"]["PrimaryStatus"] == "Completed"


@pytest.mark.parametrize("amount", [26, 101])
def test_every_job_is_listed_once_whatever_the_number(aws: Aws, amount: int) -> None:
    place = made_once(aws)
    names = [f"job{number:03}" for number in range(amount)]
    for name in names:
        aws.sagemaker.create_processing_job(**processing(place, name))
    found = listed(aws.sagemaker, "list_processing_jobs", "ProcessingJobSummaries", 25)
    assert [job["ProcessingJobName"] for job in found] == names


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ({}, ["b", "a"]),
        ({"SortBy": "Name"}, ["a", "b"]),
        ({"SortOrder": "Descending"}, ["a", "b"]),
        ({"StatusEquals": "Stopping"}, ["a"]),
        ({"NameContains": "b"}, ["b"]),
    ],
)
def test_jobs_are_listed_as_asked(aws: Aws, asked: dict[str, str], names: list[str]) -> None:
    place = made_once(aws)
    for name in ("b", "a"):
        aws.sagemaker.create_processing_job(**processing(place, name))
        aws.advance(1)
    aws.sagemaker.stop_processing_job(ProcessingJobName="a")
    found = aws.sagemaker.list_processing_jobs(**asked)["ProcessingJobSummaries"]
    assert [job["ProcessingJobName"] for job in found] == names


def test_a_job_carries_its_tags(aws: Aws) -> None:
    tags = [{"Key": "seat", "Value": "ada"}]
    start(aws, Tags=tags)
    assert aws.sagemaker.list_tags(ResourceArn=ARN)["Tags"] == tags
