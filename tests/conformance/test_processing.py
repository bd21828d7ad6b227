"""Conformance: processing jobs."""

from __future__ import annotations

from typing import Any

from tests.support.conformance import Aws
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


def test_a_processing_job_may_run_a_day_if_it_does_not_say(aws: Aws) -> None:
    start(aws)
    assert shown(aws)["StoppingCondition"] == {"MaxRuntimeInSeconds": 86400}


def test_a_job_that_runs_too_long_is_stopped(aws: Aws) -> None:
    start(aws, StoppingCondition={"MaxRuntimeInSeconds": 20})
    aws.advance(26)
    assert status(aws) == "Stopping"


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


def test_a_job_fails_without_its_data(aws: Aws) -> None:
    missing = {"S3Uri": "s3://conformance-bucket/none", "S3DataType": "S3Prefix"}
    start(aws, ProcessingInputs=[{"InputName": "data", "S3Input": missing}])
    aws.pass_time()
    job = shown(aws)
    assert job["ProcessingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("ClientError: Failed to download data.")
    summary = aws.sagemaker.list_processing_jobs()["ProcessingJobSummaries"][0]
    assert summary["FailureReason"] == job["FailureReason"]


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
