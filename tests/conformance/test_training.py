"""Conformance: training jobs, their statuses and lists."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from tests.support.conformance import Aws
from tests.support.job_requests import IMAGE, TRAINING_LOGS, channel, machines, made_once, training
from tests.support.training_jobs import ARN, JOB, shown, start, status


def path(aws: Aws) -> list[str]:
    return [transition["Status"] for transition in shown(aws)["SecondaryStatusTransitions"]]


# --- statuses -----------------------------------------------------------------------------------


def test_the_secondary_status_tells_how_far_a_job_is(aws: Aws) -> None:
    start(aws)
    seen = [shown(aws)["SecondaryStatus"]]
    for seconds in (7, 13, 35, 5):
        aws.advance(seconds)
        seen.append(shown(aws)["SecondaryStatus"])
    assert seen == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    assert path(aws) == seen


def test_each_transition_begins_when_the_one_before_ends(aws: Aws) -> None:
    start(aws)
    aws.pass_time()
    transitions = shown(aws)["SecondaryStatusTransitions"]
    for before, after in pairwise(transitions):
        assert before["EndTime"] == after["StartTime"]
    assert transitions[-1]["StatusMessage"] == "Training job completed"


def test_the_time_from_start_to_end_is_billed(aws: Aws) -> None:
    start(aws)
    assert "TrainingStartTime" not in shown(aws)
    aws.pass_time()
    job = shown(aws)
    seconds = (job["TrainingEndTime"] - job["TrainingStartTime"]).total_seconds()
    assert job["TrainingTimeInSeconds"] == job["BillableTimeInSeconds"] == int(seconds)
    assert job["CreationTime"] < job["TrainingStartTime"]


def test_a_stopped_job_is_stopping_before_it_is_stopped(aws: Aws) -> None:
    start(aws)
    aws.advance(20)
    aws.sagemaker.stop_training_job(**JOB)
    assert (status(aws), shown(aws)["SecondaryStatus"]) == ("Stopping", "Stopping")
    aws.pass_time()
    assert status(aws) == "Stopped"
    assert path(aws) == ["Starting", "Downloading", "Training", "Stopping", "Stopped"]


def test_a_job_stopped_before_it_had_machines_is_not_billed(aws: Aws) -> None:
    _, bucket = start(aws)
    aws.sagemaker.stop_training_job(**JOB)
    aws.pass_time()
    assert not {"TrainingStartTime", "BillableTimeInSeconds"} & shown(aws).keys()
    assert (aws.streams(TRAINING_LOGS), aws.keys(bucket)) == ([], [])


def test_a_job_that_runs_too_long_is_stopped(aws: Aws) -> None:
    start(aws, StoppingCondition={"MaxRuntimeInSeconds": 20})
    aws.advance(25)
    assert status(aws) == "InProgress"
    aws.advance(1)
    assert status(aws) == "Stopping"
    aws.pass_time()
    job = shown(aws)
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")
    assert path(aws)[-2:] == ["Stopping", "MaxRuntimeExceeded"]


@pytest.mark.parametrize("final", ["Completed", "Stopped", "Stopping"])
def test_only_a_job_in_progress_can_be_stopped(aws: Aws, final: str) -> None:
    start(aws)
    if final == "Completed":
        aws.pass_time()
    else:
        aws.sagemaker.stop_training_job(**JOB)
        aws.pass_time(1 if final == "Stopped" else 0)
    assert aws.refusal("stop_training_job", **JOB) == (
        "ValidationException: The request was rejected because the training job is in status "
        f"{final}."
    )


def test_a_deleted_job_is_seen_as_deleting_and_then_not_at_all(aws: Aws) -> None:
    place = start(aws)
    aws.pass_time()
    aws.sagemaker.delete_training_job(**JOB)
    assert status(aws) == "Deleting"
    aws.pass_time()
    assert aws.refusal("describe_training_job", **JOB) == (
        "ValidationException: Requested resource not found."
    )
    aws.sagemaker.create_training_job(**training(place))


def test_the_name_of_a_stopped_job_stays_taken(aws: Aws) -> None:
    place = start(aws)
    aws.sagemaker.stop_training_job(**JOB)
    aws.pass_time()
    assert aws.refusal("create_training_job", **training(place)) == (
        "ResourceInUse: Training job names must be unique within an AWS account and region, and a "
        f"training job with this name already exists ({ARN})"
    )


# --- what is refused or fails -------------------------------------------------------------------


def test_input_data_must_be_there(aws: Aws) -> None:
    role, bucket = place = made_once(aws)
    request = training(place, InputDataConfig=[channel(f"{bucket}/data/")])
    assert aws.refusal("create_training_job", **request) == (
        f'ValidationException: No S3 objects found under S3 URL "{bucket}/data/" given in input '
        "data source. Please ensure that the bucket exists in the selected region (us-east-1), "
        f'that objects exist under that S3 prefix, and that the role "{role}" has "s3:ListBucket" '
        'permissions on bucket "conformance-bucket".'
    )
    aws.client("s3").put_object(Bucket="conformance-bucket", Key="data/a.csv", Body=b"1")
    aws.sagemaker.create_training_job(**request)


def test_neither_image_nor_algorithm_is_refused(aws: Aws) -> None:
    request = training(made_once(aws), AlgorithmSpecification={"TrainingInputMode": "File"})
    assert "exactly one of TrainingImage and AlgorithmName" in (
        aws.refusal("create_training_job", **request)
    )


def test_no_machines_are_refused(aws: Aws) -> None:
    request = training(made_once(aws), ResourceConfig={"VolumeSizeInGB": 10})
    assert "InstanceType and InstanceCount" in aws.refusal("create_training_job", **request)


def test_a_spot_job_needs_a_time_to_wait(aws: Aws) -> None:
    place = made_once(aws)
    for condition in ({}, {"MaxWaitTimeInSeconds": 3599}):
        request = training(
            place,
            EnableManagedSpotTraining=True,
            StoppingCondition={"MaxRuntimeInSeconds": 3600, **condition},
        )
        assert aws.refusal("create_training_job", **request).startswith(
            "ValidationException: Invalid MaxWaitTimeInSeconds. It must be present"
        )


def test_only_a_spot_job_may_have_a_time_to_wait(aws: Aws) -> None:
    condition = {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 60}
    request = training(made_once(aws), StoppingCondition=condition)
    assert aws.refusal("create_training_job", **request) == (
        "ValidationException: Invalid MaxWaitTimeInSeconds. It is only supported when "
        "EnableManagedSpotTraining is set to true"
    )


def test_a_spot_job_is_billed_for_less_than_it_took(aws: Aws) -> None:
    condition = {"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 7200}
    start(aws, EnableManagedSpotTraining=True, StoppingCondition=condition)
    aws.pass_time()
    job = shown(aws)
    assert job["BillableTimeInSeconds"] < job["TrainingTimeInSeconds"]


def test_what_is_not_said_is_shown_as_the_service_takes_it(aws: Aws) -> None:
    request = training(made_once(aws))
    del request["StoppingCondition"]
    aws.sagemaker.create_training_job(**request)
    job = shown(aws)
    assert job["StoppingCondition"] == {"MaxRuntimeInSeconds": 86400}
    assert (job["EnableManagedSpotTraining"], job["EnableNetworkIsolation"]) == (False, False)
    assert job["RoleArn"] == request["RoleArn"]
    assert job["AlgorithmSpecification"]["TrainingImage"] == IMAGE


def test_debugging_can_be_turned_on_only_while_a_job_runs(aws: Aws) -> None:
    start(aws)
    change = {"RemoteDebugConfig": {"EnableRemoteDebug": True}}
    aws.sagemaker.update_training_job(**JOB, **change)
    assert shown(aws)["RemoteDebugConfig"] == change["RemoteDebugConfig"]
    aws.pass_time()
    assert "only while" in aws.refusal("update_training_job", **JOB, **change)


# --- lists and tags -----------------------------------------------------------------------------


@pytest.fixture
def three(aws: Aws) -> Aws:
    """Three jobs: ``a`` stopped, ``b`` completed 60 s after it was made, ``ab`` in progress."""
    place = made_once(aws)
    for name in ("b", "a"):
        aws.sagemaker.create_training_job(**training(place, name))
    aws.advance(5)
    aws.sagemaker.stop_training_job(TrainingJobName="a")
    aws.pass_time()
    aws.sagemaker.create_training_job(**training(place, "ab"))
    return aws


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ({}, ["a", "b", "ab"]),
        ({"SortOrder": "Descending"}, ["ab", "b", "a"]),
        ({"SortBy": "Name"}, ["a", "ab", "b"]),
        ({"SortBy": "Status", "SortOrder": "Descending"}, ["a", "ab", "b"]),
        ({"NameContains": "B", "SortBy": "Name"}, ["ab", "b"]),
        ({"StatusEquals": "Stopped"}, ["a"]),
        ({"StatusEquals": "InProgress"}, ["ab"]),
        ({"StatusEquals": "Failed"}, []),
    ],
)
def test_jobs_are_listed_as_asked(three: Aws, asked: dict[str, str], names: list[str]) -> None:
    found = three.sagemaker.list_training_jobs(**asked)["TrainingJobSummaries"]
    assert [job["TrainingJobName"] for job in found] == names


def test_jobs_are_listed_by_when_they_were_made_and_changed(three: Aws) -> None:
    before = shown(three, "ab")["CreationTime"] - timedelta(seconds=1)
    client = three.sagemaker

    def names(**asked: Any) -> list[str]:
        found = client.list_training_jobs(SortBy="Name", **asked)["TrainingJobSummaries"]
        return [job["TrainingJobName"] for job in found]

    assert names(CreationTimeBefore=before) == ["a", "b"]
    assert names(CreationTimeAfter=before) == ["ab"]
    assert names(LastModifiedTimeBefore=before) == ["b"]
    assert names(LastModifiedTimeAfter=before) == ["a", "ab"]


def test_jobs_are_filtered_by_their_training_plan(aws: Aws) -> None:
    plan = "arn:aws:sagemaker:us-east-1:000000000000:training-plan/plan"
    place = start(aws, ResourceConfig=machines(TrainingPlanArn=plan))
    aws.sagemaker.create_training_job(**training(place, "other"))
    found = aws.sagemaker.list_training_jobs(TrainingPlanArnEquals=plan)["TrainingJobSummaries"]
    assert [job["TrainingJobName"] for job in found] == ["job"]


def test_a_job_carries_its_tags_even_when_it_has_ended(aws: Aws) -> None:
    start(aws, Tags=[{"Key": "seat", "Value": "ada"}])
    aws.pass_time()
    aws.sagemaker.add_tags(ResourceArn=ARN, Tags=[{"Key": "more", "Value": "1"}])
    aws.sagemaker.delete_tags(ResourceArn=ARN, TagKeys=["seat"])
    tags = aws.sagemaker.list_tags(ResourceArn=ARN)["Tags"]
    assert tags == [{"Key": "more", "Value": "1"}]
