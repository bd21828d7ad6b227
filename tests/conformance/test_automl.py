"""Conformance: AutoML jobs of version 2 and what they leave behind."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.support.conformance import Aws, listed
from tests.support.job_requests import automl, made_once, put

JOB = {"AutoMLJobName": "auto"}
ARN = "arn:aws:sagemaker:us-east-1:000000000000:automl-job/auto"


def start(aws: Aws, **more: Any) -> tuple[str, str]:
    """Start an AutoML job on one object of data; role and bucket."""
    place = made_once(aws)
    put(aws, "in/a.csv")
    aws.sagemaker.create_auto_ml_job_v2(**automl(place, **more))
    return place


def shown(aws: Aws) -> dict[str, Any]:
    found: dict[str, Any] = aws.sagemaker.describe_auto_ml_job_v2(**JOB)
    return found


def statuses(aws: Aws) -> tuple[str, str]:
    job = shown(aws)
    return job["AutoMLJobStatus"], job["AutoMLJobSecondaryStatus"]


def training_statuses(aws: Aws) -> list[str]:
    found = aws.sagemaker.list_training_jobs()["TrainingJobSummaries"]
    return [job["TrainingJobStatus"] for job in found]


def test_an_automl_job_looks_at_the_data_and_then_trains(aws: Aws) -> None:
    start(aws)
    assert statuses(aws) == ("InProgress", "Starting")
    aws.advance(20)
    assert statuses(aws) == ("InProgress", "AnalyzingData")
    aws.advance(40)
    assert statuses(aws) == ("InProgress", "ModelTuning")
    aws.pass_time()
    assert statuses(aws) == ("Completed", "Completed")
    assert shown(aws)["EndTime"] > shown(aws)["CreationTime"]


def test_its_description_has_its_role_and_its_problem(aws: Aws) -> None:
    role, _ = start(aws)
    job = shown(aws)
    assert (job["RoleArn"], job["AutoMLJobArn"]) == (role, ARN)
    assert job["AutoMLProblemTypeConfigName"] == "Tabular"


def test_its_jobs_belong_to_the_same_role_and_carry_its_tags(aws: Aws) -> None:
    tags = [{"Key": "seat", "Value": "ada"}]
    role, _ = start(aws, Tags=tags)
    aws.pass_time()
    client = aws.sagemaker
    (analysis,) = client.list_processing_jobs()["ProcessingJobSummaries"]
    training = client.list_training_jobs()["TrainingJobSummaries"]
    assert re.fullmatch(r"auto-pr-1-[0-9a-f]{8}", analysis["ProcessingJobName"])
    assert len(training) == 2
    names = {"ProcessingJobName": analysis["ProcessingJobName"]}
    found = client.describe_processing_job(**names)
    assert (found["RoleArn"], found["AutoMLJobArn"]) == (role, ARN)
    for job in training:
        found = client.describe_training_job(TrainingJobName=job["TrainingJobName"])
        assert (found["RoleArn"], found["AutoMLJobArn"]) == (role, ARN)
        assert client.list_tags(ResourceArn=job["TrainingJobArn"])["Tags"] == tags


def test_it_leaves_a_model_and_objects(aws: Aws) -> None:
    role, bucket = start(aws)
    aws.pass_time(2)
    (model,) = aws.sagemaker.list_models()["Models"]
    found = aws.sagemaker.describe_model(ModelName=model["ModelName"])
    assert found["ExecutionRoleArn"] == role
    artifact = found["PrimaryContainer"]["ModelDataUrl"]
    assert artifact.removeprefix(f"{bucket}/") in aws.keys(bucket)


def test_the_most_candidates_can_be_limited(aws: Aws) -> None:
    criteria = {"CompletionCriteria": {"MaxCandidates": 1}, "TargetAttributeName": "y"}
    start(aws, AutoMLProblemTypeConfig={"TabularJobConfig": criteria})
    aws.pass_time()
    assert len(training_statuses(aws)) == 1


@pytest.mark.parametrize("transitions", [0, 1])
def test_to_stop_it_stops_its_jobs(aws: Aws, transitions: int) -> None:
    start(aws)
    aws.pass_time(transitions)
    aws.sagemaker.stop_auto_ml_job(**JOB)
    assert statuses(aws) == ("Stopping", "Stopping")
    client = aws.sagemaker
    analysis = client.list_processing_jobs()["ProcessingJobSummaries"]
    running = training_statuses(aws) or [job["ProcessingJobStatus"] for job in analysis]
    assert set(running) == {"Stopping"}
    aws.pass_time()
    assert statuses(aws) == ("Stopped", "Stopped")
    left = client.list_training_jobs(StatusEquals="InProgress")["TrainingJobSummaries"]
    left += client.list_processing_jobs(StatusEquals="InProgress")["ProcessingJobSummaries"]
    assert left == []
    aws.pass_time(2)
    assert training_statuses(aws) == ["Stopped", "Stopped"] * transitions


def test_it_fails_without_data(aws: Aws) -> None:
    aws.sagemaker.create_auto_ml_job_v2(**automl(made_once(aws)))
    aws.pass_time()
    assert statuses(aws) == ("Failed", "Failed")
    assert shown(aws)["FailureReason"].startswith("ClientError: Failed to download data.")


def test_it_fails_when_no_candidate_succeeds(aws: Aws) -> None:
    start(aws)
    aws.pass_time()
    aws.client("iam").delete_role(RoleName="seat")
    aws.pass_time()
    assert statuses(aws) == ("Failed", "Failed")
    assert training_statuses(aws) == ["Failed", "Failed"]


def test_there_is_no_operation_that_deletes_it(aws: Aws) -> None:
    start(aws)
    aws.pass_time(2)
    assert not hasattr(aws.sagemaker, "delete_auto_ml_job")
    assert aws.refusal("stop_auto_ml_job", **JOB).endswith("is in status Completed.")
    assert statuses(aws) == ("Completed", "Completed")


@pytest.mark.parametrize("operation", ["describe_auto_ml_job_v2", "stop_auto_ml_job"])
def test_a_job_that_is_not_there_is_not_found(aws: Aws, operation: str) -> None:
    assert aws.refusal(operation, **JOB) == (
        "ResourceNotFound: Amazon SageMaker can't find an AutoML job called auto."
    )


def test_a_name_is_taken_for_ever(aws: Aws) -> None:
    place = start(aws)
    aws.pass_time(2)
    assert aws.refusal("create_auto_ml_job_v2", **automl(place)).startswith("ResourceInUse: ")


def test_the_role_must_be_one_that_sagemaker_can_assume(aws: Aws) -> None:
    request = automl(("arn:aws:iam::000000000000:role/nobody", aws.bucket()))
    assert aws.refusal("create_auto_ml_job_v2", **request).startswith(
        "ValidationException: Could not assume role"
    )


def test_every_job_is_listed_once(aws: Aws) -> None:
    place = made_once(aws)
    names = [f"auto{number:02}" for number in range(26)]
    for name in names:
        aws.sagemaker.create_auto_ml_job_v2(**automl(place, name))
    aws.sagemaker.stop_auto_ml_job(AutoMLJobName="auto07")
    found = listed(aws.sagemaker, "list_auto_ml_jobs", "AutoMLJobSummaries", 10)
    assert [job["AutoMLJobName"] for job in found] == names[::-1]
    stopping = aws.sagemaker.list_auto_ml_jobs(StatusEquals="Stopping")["AutoMLJobSummaries"]
    assert [job["AutoMLJobSecondaryStatus"] for job in stopping] == ["Stopping"]
