"""Conformance: compilation jobs."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.conformance import Aws, listed
from tests.support.job_requests import compilation, made_once, put

JOB = {"CompilationJobName": "job"}
ARN = "arn:aws:sagemaker:us-east-1:000000000000:compilation-job/job"
LOGS = "/aws/sagemaker/CompilationJobs"


def prepared(aws: Aws) -> tuple[str, str]:
    place = made_once(aws)
    put(aws, "in/model.tar.gz")
    return place


def start(aws: Aws, name: str = "job", **more: Any) -> tuple[str, str]:
    """Start a compilation job and give role and bucket."""
    place = prepared(aws)
    aws.sagemaker.create_compilation_job(**compilation(place, name, **more))
    return place


def shown(aws: Aws) -> dict[str, Any]:
    found: dict[str, Any] = aws.sagemaker.describe_compilation_job(**JOB)
    return found


def status(aws: Aws) -> str:
    return str(shown(aws)["CompilationJobStatus"])


def test_a_compilation_job_starts_runs_and_completes(aws: Aws) -> None:
    start(aws)
    assert status(aws) == "STARTING"
    assert "CompilationStartTime" not in shown(aws)
    aws.advance(30)
    assert status(aws) == "INPROGRESS"
    aws.advance(30)
    job = shown(aws)
    assert (job["CompilationJobStatus"], job["FailureReason"]) == ("COMPLETED", "")
    assert job["CreationTime"] < job["CompilationStartTime"] < job["CompilationEndTime"]


def test_the_compiled_model_is_named_after_its_device(aws: Aws) -> None:
    _, bucket = start(aws)
    assert shown(aws)["ModelArtifacts"]["S3ModelArtifacts"] == f"{bucket}/out/model-ml_c5.tar.gz"
    aws.pass_time()
    assert aws.keys(bucket) == ["in/model.tar.gz", "out/model-ml_c5.tar.gz"]


def test_a_job_that_runs_too_long_is_stopped(aws: Aws) -> None:
    _, bucket = start(aws, StoppingCondition={"MaxRuntimeInSeconds": 20})
    aws.advance(30)
    assert status(aws) == "STOPPING"
    aws.pass_time()
    assert status(aws) == "STOPPED"
    assert aws.keys(bucket) == ["in/model.tar.gz"]


@pytest.mark.parametrize("running", ["STARTING", "INPROGRESS", "STOPPING"])
def test_a_running_job_cannot_be_deleted(aws: Aws, running: str) -> None:
    start(aws)
    if running != "STARTING":
        aws.advance(20)
    if running == "STOPPING":
        aws.sagemaker.stop_compilation_job(**JOB)
    assert f"is in status {running}" in aws.refusal("delete_compilation_job", **JOB)


def test_a_deleted_job_is_gone_and_its_model_stays(aws: Aws) -> None:
    place = start(aws)
    aws.pass_time()
    assert aws.refusal("create_compilation_job", **compilation(place)).startswith("ResourceInUse:")
    aws.sagemaker.delete_compilation_job(**JOB)
    assert aws.refusal("describe_compilation_job", **JOB) == (
        "ValidationException: Could not find compilation job 'job'."
    )
    assert "out/model-ml_c5.tar.gz" in aws.keys(place[1])


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (
            {"InputConfig": {"S3Uri": "s3://conformance-bucket/no", "Framework": "ONNX"}},
            "No S3 objects found under S3 URL",
        ),
        ({"OutputConfig": {"S3OutputLocation": "s3://conformance-bucket/out"}}, "TargetDevice"),
        (
            {
                "ModelPackageVersionArn": (
                    "arn:aws:sagemaker:us-east-1:000000000000:model-package/a/1"
                )
            },
            "at the same time",
        ),
    ],
)
def test_what_cannot_be_compiled_is_refused(aws: Aws, more: dict[str, Any], words: str) -> None:
    request = compilation(prepared(aws), **more)
    assert words in aws.refusal("create_compilation_job", **request)


def test_an_input_is_needed(aws: Aws) -> None:
    request = compilation(prepared(aws))
    del request["InputConfig"]
    assert "InputConfig" in aws.refusal("create_compilation_job", **request)


def test_a_running_job_writes_its_log(aws: Aws) -> None:
    start(aws)
    aws.advance(20)
    assert aws.streams(LOGS) == ["job"]
    aws.client("logs").delete_log_group(logGroupName=LOGS)
    aws.advance(10)
    assert aws.streams(LOGS) == ["job"]


def test_jobs_are_listed_by_target_status_and_order(aws: Aws) -> None:
    place = prepared(aws)
    names = [f"job{number:02}" for number in range(26)]
    platform = {"Os": "LINUX", "Arch": "ARM64"}
    output = {"S3OutputLocation": f"{place[1]}/out", "TargetPlatform": platform}
    for name in names:
        request = compilation(place, name, OutputConfig=output)
        aws.sagemaker.create_compilation_job(**request)
    aws.sagemaker.stop_compilation_job(CompilationJobName="job03")
    found = listed(aws.sagemaker, "list_compilation_jobs", "CompilationJobSummaries", 10)
    assert [job["CompilationJobName"] for job in found] == names
    assert found[0]["CompilationTargetPlatformOs"] == "LINUX"
    stopping = aws.sagemaker.list_compilation_jobs(StatusEquals="STOPPING")
    assert [summary["CompilationJobName"] for summary in stopping["CompilationJobSummaries"]] == [
        "job03"
    ]
    last = aws.sagemaker.list_compilation_jobs(SortBy="Name", SortOrder="Descending", MaxResults=1)
    assert last["CompilationJobSummaries"][0]["CompilationJobName"] == "job25"
