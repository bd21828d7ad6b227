"""Conformance: what training jobs write and leave behind."""

from __future__ import annotations

import io
import tarfile
from datetime import timedelta

import pytest

from tests.support.conformance import Aws
from tests.support.job_requests import TRAINING_LOGS, machines, made_once, training
from tests.support.training_jobs import ARN, JOB, shown, start, status


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
