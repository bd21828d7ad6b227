"""Conformance: training jobs, their warm pools and what they leave."""

from __future__ import annotations

import io
import tarfile
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from tests.support.conformance import Aws, listed
from tests.support.job_requests import IMAGE, TRAINING_LOGS, channel, machines, made_once, training

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


def pool(aws: Aws, name: str = "job") -> dict[str, Any]:
    found: dict[str, Any] = shown(aws, name)["WarmPoolStatus"]
    return found


def path(aws: Aws) -> list[str]:
    return [transition["Status"] for transition in shown(aws)["SecondaryStatusTransitions"]]


# --- statuses -----------------------------------------------------------------------------------


def test_a_training_job_runs_and_completes(aws: Aws) -> None:
    start(aws)
    assert status(aws) == "InProgress"
    aws.pass_time()
    assert status(aws) == "Completed"


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


@pytest.mark.parametrize("running", ["InProgress", "Stopping"])
def test_a_running_job_cannot_be_deleted(aws: Aws, running: str) -> None:
    start(aws)
    if running == "Stopping":
        aws.sagemaker.stop_training_job(**JOB)
    assert aws.refusal("delete_training_job", **JOB).startswith("ResourceInUse: ")
    assert status(aws) == running


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


@pytest.mark.parametrize("operation", ["describe", "stop", "delete"])
def test_a_job_that_is_not_there_is_a_validation_error(aws: Aws, operation: str) -> None:
    assert aws.refusal(f"{operation}_training_job", **JOB) == (
        "ValidationException: Requested resource not found."
    )


# --- what is refused or fails -------------------------------------------------------------------


def test_the_role_must_be_one_that_sagemaker_can_assume(aws: Aws) -> None:
    _, bucket = made_once(aws)
    request = training(("arn:aws:iam::000000000000:role/nobody", bucket))
    assert aws.refusal("create_training_job", **request) == (
        "ValidationException: Could not assume role arn:aws:iam::000000000000:role/nobody. Please "
        "ensure that the role exists and allows principal 'sagemaker.amazonaws.com' to assume the "
        "role."
    )


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


def test_a_job_fails_at_its_end_without_its_output_bucket(aws: Aws) -> None:
    start(aws, OutputDataConfig={"S3OutputPath": "s3://not-there/out"})
    aws.pass_time()
    job = shown(aws)
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Failed", "Failed")
    assert job["FailureReason"].startswith("ClientError: Artifact upload failed:")


def test_a_job_fails_whose_role_went_before_it(aws: Aws) -> None:
    start(aws)
    aws.client("iam").delete_role(RoleName="seat")
    aws.pass_time()
    assert "Cannot assume role" in shown(aws)["FailureReason"]


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


# --- side effects -------------------------------------------------------------------------------


def test_every_machine_writes_to_a_stream_of_its_own(aws: Aws) -> None:
    start(aws, ResourceConfig=machines(2))
    aws.advance(30)
    epoch = int(shown(aws)["TrainingStartTime"].timestamp())
    assert aws.streams(TRAINING_LOGS) == [f"job/algo-1-{epoch}", f"job/algo-2-{epoch}"]


def test_machines_of_several_types_are_numbered_through(aws: Aws) -> None:
    groups = [
        {"InstanceType": kind, "InstanceCount": 1, "InstanceGroupName": kind[-2:]}
        for kind in ("ml.m5.large", "ml.c5.xlarge")
    ]
    start(aws, ResourceConfig={"InstanceGroups": groups, "VolumeSizeInGB": 10})
    aws.advance(30)
    assert [name[:10] for name in aws.streams(TRAINING_LOGS)] == ["job/algo-1", "job/algo-2"]


@pytest.mark.parametrize("running", ["InProgress", "Stopping"])
def test_a_log_group_deleted_under_a_running_job_comes_back(aws: Aws, running: str) -> None:
    start(aws)
    aws.advance(20)
    if running == "Stopping":
        aws.sagemaker.stop_training_job(**JOB)
    aws.client("logs").delete_log_group(logGroupName=TRAINING_LOGS)
    assert aws.streams(TRAINING_LOGS) == []
    aws.advance(10)
    assert status(aws) == running
    assert len(aws.streams(TRAINING_LOGS)) == 1


def test_a_log_group_deleted_after_a_job_stays_gone(aws: Aws) -> None:
    start(aws)
    aws.pass_time()
    aws.client("logs").delete_log_group(logGroupName=TRAINING_LOGS)
    aws.pass_time()
    assert aws.streams(TRAINING_LOGS) == []


def test_a_running_job_publishes_how_busy_its_machines_are(aws: Aws) -> None:
    start(aws)
    aws.pass_time()
    dimensions = [{"Name": "Host", "Value": "job/algo-1"}]
    found = aws.client("cloudwatch").list_metrics(Namespace=TRAINING_LOGS, Dimensions=dimensions)
    names = {metric["MetricName"] for metric in found["Metrics"]}
    assert names == {"CPUUtilization", "MemoryUtilization", "DiskUtilization"}
    end = shown(aws)["TrainingEndTime"]
    points = aws.client("cloudwatch").get_metric_statistics(
        Namespace=TRAINING_LOGS,
        MetricName="CPUUtilization",
        Dimensions=dimensions,
        StartTime=end - timedelta(seconds=120),
        EndTime=end + timedelta(seconds=60),
        Period=60,
        Statistics=["SampleCount"],
    )["Datapoints"]
    assert sum(point["SampleCount"] for point in points) == 6


def test_a_machine_with_an_accelerator_publishes_that_too(aws: Aws) -> None:
    start(aws, ResourceConfig={**machines(), "InstanceType": "ml.g5.xlarge"})
    aws.pass_time()
    found = aws.client("cloudwatch").list_metrics(Namespace=TRAINING_LOGS)["Metrics"]
    assert {"GPUUtilization", "GPUMemoryUtilization"} <= {metric["MetricName"] for metric in found}


def test_the_metrics_a_job_defines_have_final_values(aws: Aws) -> None:
    start(aws)
    aws.pass_time()
    assert [item["MetricName"] for item in shown(aws)["FinalMetricDataList"]] == ["accuracy"]


def test_the_model_is_a_real_archive_below_the_output_path(aws: Aws) -> None:
    _, bucket = start(aws)
    aws.pass_time()
    assert shown(aws)["ModelArtifacts"]["S3ModelArtifacts"] == (
        f"{bucket}/out/job/output/model.tar.gz"
    )
    body = aws.client("s3").get_object(
        Bucket="conformance-bucket", Key="out/job/output/model.tar.gz"
    )["Body"]
    with tarfile.open(fileobj=io.BytesIO(body.read())) as archive:
        assert archive.getnames() == ["model.json"]


def test_a_model_written_again_is_a_new_version(aws: Aws) -> None:
    place = start(aws)
    aws.pass_time()
    aws.sagemaker.delete_training_job(**JOB)
    aws.pass_time()
    aws.sagemaker.create_training_job(**training(place))
    aws.pass_time()
    versions = aws.client("s3").list_object_versions(
        Bucket="conformance-bucket", Prefix="out/job/output/model.tar.gz"
    )["Versions"]
    assert len(versions) == 2


def test_an_unpacked_model_is_a_prefix(aws: Aws) -> None:
    output = {"S3OutputPath": "s3://conformance-bucket/out", "CompressionType": "NONE"}
    _, bucket = start(aws, OutputDataConfig=output)
    aws.pass_time()
    assert aws.keys(bucket) == ["out/job/output/model/model.json"]


def test_a_job_stopped_while_it_trains_leaves_what_it_has(aws: Aws) -> None:
    _, bucket = start(aws)
    aws.advance(20)
    aws.sagemaker.stop_training_job(**JOB)
    assert aws.keys(bucket) == []
    aws.pass_time()
    assert aws.keys(bucket) == ["out/job/output/model.tar.gz"]


def test_checkpoints_are_written_while_a_job_runs(aws: Aws) -> None:
    _, bucket = start(aws, CheckpointConfig={"S3Uri": "s3://conformance-bucket/points"})
    aws.advance(25)
    assert aws.keys(bucket) == ["points/checkpoint-10.json", "points/checkpoint-20.json"]
    aws.client("s3").delete_object(Bucket="conformance-bucket", Key="points/checkpoint-10.json")
    aws.advance(10)
    assert aws.keys(bucket)[-1] == "points/checkpoint-30.json"


def test_a_job_leaves_a_trial_component_that_outlives_it(aws: Aws) -> None:
    start(aws, HyperParameters={"epochs": "3"})
    component = {"TrialComponentName": "job-aws-training-job"}
    found = aws.sagemaker.describe_trial_component(**component)
    assert found["Status"]["PrimaryStatus"] == "InProgress"
    assert found["Source"] == {"SourceArn": ARN, "SourceType": "SageMakerTrainingJob"}
    assert found["Parameters"] == {"epochs": {"StringValue": "3"}}
    aws.pass_time()
    aws.sagemaker.delete_training_job(**JOB)
    aws.pass_time()
    found = aws.sagemaker.describe_trial_component(**component)
    assert found["Status"]["PrimaryStatus"] == "Completed"
    assert [metric["MetricName"] for metric in found["Metrics"]] == ["accuracy"]


def test_an_experiment_config_puts_the_component_into_the_trial(aws: Aws) -> None:
    aws.sagemaker.create_experiment(ExperimentName="exp")
    aws.sagemaker.create_trial(TrialName="try", ExperimentName="exp")
    config = {"ExperimentName": "exp", "TrialName": "try", "TrialComponentDisplayName": "fit"}
    start(aws, ExperimentConfig=config)
    found = aws.sagemaker.list_trial_components(TrialName="try")["TrialComponentSummaries"]
    assert [component["DisplayName"] for component in found] == ["fit"]
    assert shown(aws)["ExperimentConfig"] == config


def test_an_experiment_config_must_name_what_is_there(aws: Aws) -> None:
    request = training(made_once(aws), ExperimentConfig={"TrialName": "no"})
    assert aws.refusal("create_training_job", **request).startswith("ResourceNotFound: ")


# --- warm pools ---------------------------------------------------------------------------------


def warm(seconds: int = 600, **more: Any) -> dict[str, Any]:
    return machines(KeepAlivePeriodInSeconds=seconds, **more)


def test_a_warm_pool_is_available_after_its_job_for_as_long_as_asked(aws: Aws) -> None:
    start(aws, ResourceConfig=warm(600))
    assert "WarmPoolStatus" not in shown(aws)
    aws.pass_time()
    assert pool(aws)["Status"] == "Available"
    aws.advance(599)
    assert pool(aws) == {"Status": "Available", "ResourceRetainedBillableTimeInSeconds": 599}
    aws.advance(60)
    assert pool(aws) == {"Status": "Terminated", "ResourceRetainedBillableTimeInSeconds": 600}


def test_a_job_that_keeps_a_warm_pool_cannot_be_deleted(aws: Aws) -> None:
    start(aws, ResourceConfig=warm())
    aws.pass_time()
    assert aws.refusal("delete_training_job", **JOB).startswith("ResourceInUse: ")
    aws.advance(600)
    aws.sagemaker.delete_training_job(**JOB)


def test_a_new_job_has_nothing_to_do_with_the_warm_pool_of_one_of_its_name(aws: Aws) -> None:
    place = start(aws, ResourceConfig=warm(10))
    aws.pass_time()
    aws.advance(10)
    aws.sagemaker.delete_training_job(**JOB)
    aws.pass_time()
    aws.sagemaker.create_training_job(**training(place))
    assert "WarmPoolStatus" not in shown(aws)


def test_an_update_to_zero_seconds_ends_a_warm_pool(aws: Aws) -> None:
    start(aws, ResourceConfig=warm())
    aws.pass_time()
    answer = aws.sagemaker.update_training_job(
        **JOB, ResourceConfig={"KeepAlivePeriodInSeconds": 0}
    )
    assert answer["TrainingJobArn"] == ARN
    assert pool(aws)["Status"] == "Terminated"
    aws.sagemaker.delete_training_job(**JOB)


def test_an_update_can_keep_a_warm_pool_for_longer(aws: Aws) -> None:
    start(aws, ResourceConfig=warm(100))
    aws.pass_time()
    aws.sagemaker.update_training_job(**JOB, ResourceConfig={"KeepAlivePeriodInSeconds": 200})
    aws.advance(150)
    assert pool(aws)["Status"] == "Available"
    assert shown(aws)["ResourceConfig"]["KeepAlivePeriodInSeconds"] == 200
    aws.advance(50)
    assert pool(aws)["Status"] == "Terminated"


def test_a_job_like_the_one_before_reuses_its_warm_pool(aws: Aws) -> None:
    place = start(aws, ResourceConfig=warm())
    aws.pass_time()
    aws.advance(30)
    aws.sagemaker.create_training_job(**training(place, "next", ResourceConfig=warm(100)))
    assert pool(aws) == {
        "Status": "Reused",
        "ResourceRetainedBillableTimeInSeconds": 30,
        "ReusedByJob": "next",
    }
    assert pool(aws, "next")["Status"] == "InUse"
    aws.pass_time()
    assert pool(aws, "next")["Status"] == "Available"
    aws.sagemaker.delete_training_job(**JOB)


def test_a_reused_warm_pool_ends_with_a_job_that_keeps_none(aws: Aws) -> None:
    place = start(aws, ResourceConfig=warm())
    aws.pass_time()
    aws.sagemaker.create_training_job(**training(place, "next"))
    aws.pass_time()
    assert pool(aws, "next")["Status"] == "Terminated"


def test_a_job_unlike_the_one_before_leaves_its_warm_pool_alone(aws: Aws) -> None:
    place = start(aws, ResourceConfig=warm())
    aws.pass_time()
    other = training((aws.role("other"), place[1]), "next", ResourceConfig=warm())
    aws.sagemaker.create_training_job(**other)
    more = training(place, "more", ResourceConfig=warm(InstanceCount=2))
    aws.sagemaker.create_training_job(**more)
    assert pool(aws)["Status"] == "Available"


def test_jobs_are_filtered_by_their_warm_pools(aws: Aws) -> None:
    place = start(aws, ResourceConfig=warm())
    aws.sagemaker.create_training_job(**training(place, "cold"))
    aws.pass_time()
    found = aws.sagemaker.list_training_jobs(WarmPoolStatusEquals="Available")
    assert [summary["TrainingJobName"] for summary in found["TrainingJobSummaries"]] == ["job"]
    assert found["TrainingJobSummaries"][0]["WarmPoolStatus"]["Status"] == "Available"


def test_a_stopped_job_keeps_its_warm_pool_too(aws: Aws) -> None:
    start(aws, ResourceConfig=warm())
    aws.advance(20)
    aws.sagemaker.stop_training_job(**JOB)
    aws.pass_time()
    assert pool(aws)["Status"] == "Available"


def test_a_warm_pool_is_not_for_spot_machines(aws: Aws) -> None:
    condition = {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 60}
    request = training(
        made_once(aws),
        EnableManagedSpotTraining=True,
        StoppingCondition=condition,
        ResourceConfig=warm(),
    )
    assert "managed spot training" in aws.refusal("create_training_job", **request)


def test_only_an_available_warm_pool_can_be_updated(aws: Aws) -> None:
    start(aws, ResourceConfig=warm())
    change = {"ResourceConfig": {"KeepAlivePeriodInSeconds": 0}}
    assert "Available" in aws.refusal("update_training_job", **JOB, **change)
    aws.pass_time()
    aws.advance(600)
    assert "Available" in aws.refusal("update_training_job", **JOB, **change)


def test_an_update_must_ask_for_something(aws: Aws) -> None:
    start(aws)
    assert aws.refusal("update_training_job", **JOB) == (
        "ValidationException: Invalid UpdateTrainingJobRequest, the request cannot be empty"
    )


def test_debugging_can_be_turned_on_only_while_a_job_runs(aws: Aws) -> None:
    start(aws)
    change = {"RemoteDebugConfig": {"EnableRemoteDebug": True}}
    aws.sagemaker.update_training_job(**JOB, **change)
    assert shown(aws)["RemoteDebugConfig"] == change["RemoteDebugConfig"]
    aws.pass_time()
    assert "only while" in aws.refusal("update_training_job", **JOB, **change)


# --- lists and tags -----------------------------------------------------------------------------


@pytest.mark.parametrize("amount", [26, 51, 101, 201])
def test_every_job_is_listed_once_whatever_the_number(aws: Aws, amount: int) -> None:
    place = made_once(aws)
    names = [f"job{number:03}" for number in range(amount)]
    for name in names:
        aws.sagemaker.create_training_job(**training(place, name))
    found = listed(aws.sagemaker, "list_training_jobs", "TrainingJobSummaries", 25)
    assert [job["TrainingJobName"] for job in found] == names


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
