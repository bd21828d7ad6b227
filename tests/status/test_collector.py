"""Which machines a job or an endpoint has, and what else only shows in a real answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.local_cloud import Cloud
from tests.support.notebook_workshop import IMAGE, Room, notebook, of_seats


@pytest.fixture
def one(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Room:
    """One seat."""
    made = of_seats(cloud, tmp_path, monkeypatch, 1)
    cloud.delays(training=600, processing=600, transform=600)
    return made


def told(room: Room) -> dict[str, Any]:
    seat: dict[str, Any] = room.told("status")["seats"][0]
    return seat


def test_a_warm_pool_costs_on_after_its_job(one: Room) -> None:
    one.cloud.client("s3").create_bucket(Bucket="out")
    one.cloud.quotas(sagemaker={"ml.m5.large for training warm pool usage": 4})
    one.trains("vision-seat01-fit", KeepAlivePeriodInSeconds=3600)
    one.cloud.advance(601)
    assert told(one)["jobs"] == {"warm pool": 1}
    assert told(one)["usd_per_hour"] == {"least": 0.23, "complete": True}


def test_groups_of_machines_are_added_up(one: Room) -> None:
    groups = [
        {"InstanceGroupName": "data", "InstanceType": "ml.m5.large", "InstanceCount": 2},
        {"InstanceGroupName": "fit", "InstanceType": "ml.c5.xlarge", "InstanceCount": 1},
    ]
    one.cloud.client("sagemaker").create_training_job(
        TrainingJobName="vision-seat01-fit",
        RoleArn=one.role,
        AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        OutputDataConfig={"S3OutputPath": "s3://out/"},
        ResourceConfig={"InstanceGroups": groups, "VolumeSizeInGB": 5},
        StoppingCondition={"MaxRuntimeInSeconds": 3600},
    )
    assert told(one)["usd_per_hour"] == {"least": 0.434, "complete": True}


def test_processing_transform_and_tuning_jobs_are_told_by_their_kinds(one: Room) -> None:
    client = one.cloud.client("sagemaker")
    machine = {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1}
    client.create_processing_job(
        ProcessingJobName="vision-seat01-clean",
        ProcessingResources={"ClusterConfig": {**machine, "VolumeSizeInGB": 5}},
        AppSpecification={"ImageUri": IMAGE},
        RoleArn=one.role,
    )
    client.create_model(
        ModelName="model", PrimaryContainer={"Image": IMAGE}, ExecutionRoleArn=one.role
    )
    one.cloud.client("s3").create_bucket(Bucket="out")
    one.cloud.client("s3").put_object(Bucket="out", Key="in/rows.csv", Body=b"1,2\n")
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://out/in/"}}
    client.create_transform_job(
        TransformJobName="vision-seat01-guess",
        ModelName="model",
        TransformInput={"DataSource": source},
        TransformOutput={"S3OutputPath": "s3://out/"},
        TransformResources=machine,
    )
    objective = {"Type": "Maximize", "MetricName": "accuracy"}
    client.create_hyper_parameter_tuning_job(
        HyperParameterTuningJobName="vision-seat01-tune",
        HyperParameterTuningJobConfig={
            "Strategy": "Random",
            "HyperParameterTuningJobObjective": objective,
            "ResourceLimits": {"MaxNumberOfTrainingJobs": 2, "MaxParallelTrainingJobs": 2},
            "ParameterRanges": {
                "IntegerParameterRanges": [{"Name": "depth", "MinValue": "2", "MaxValue": "9"}]
            },
        },
        TrainingJobDefinition={
            "AlgorithmSpecification": {
                "TrainingImage": IMAGE,
                "TrainingInputMode": "File",
                "MetricDefinitions": [{"Name": "accuracy", "Regex": "accuracy=(.*);"}],
            },
            "RoleArn": one.role,
            "OutputDataConfig": {"S3OutputPath": "s3://out/"},
            "ResourceConfig": {**machine, "VolumeSizeInGB": 5},
            "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
        },
    )
    seen = told(one)
    # A tuning job costs by its training jobs.
    assert seen["jobs"] == {"training": 2, "processing": 1, "transform": 1, "tuning": 1}
    assert seen["usd_per_hour"] == {"least": 0.92, "complete": True}


def test_a_job_that_is_stopping_counts_and_one_that_has_stopped_does_not(one: Room) -> None:
    one.cloud.delays(stopping=600)
    one.trains("vision-seat01-fit")
    one.cloud.client("sagemaker").stop_training_job(TrainingJobName="vision-seat01-fit")
    assert told(one)["jobs"] == {"training": 1}
    one.cloud.advance(601)
    assert told(one)["jobs"] == {}


def test_a_serverless_endpoint_is_up_and_costs_by_the_request(one: Room) -> None:
    client = one.cloud.client("sagemaker")
    client.create_model(
        ModelName="model", PrimaryContainer={"Image": IMAGE}, ExecutionRoleArn=one.role
    )
    serverless = {"MemorySizeInMB": 2048, "MaxConcurrency": 5}
    client.create_endpoint_config(
        EndpointConfigName="config",
        ProductionVariants=[
            {"VariantName": "all", "ModelName": "model", "ServerlessConfig": serverless}
        ],
    )
    client.create_endpoint(EndpointName="vision-seat01-answer", EndpointConfigName="config")
    seen = told(one)
    assert seen["endpoints"] == 1
    assert seen["usd_per_hour"] == {"least": 0.0, "complete": True}


def test_an_endpoint_without_its_configuration_has_a_cost_that_nobody_knows(one: Room) -> None:
    one.serves("vision-seat01-answer")
    one.cloud.client("sagemaker").delete_endpoint_config(EndpointConfigName="vision-seat01-answer")
    seen = told(one)
    assert seen["endpoints"] == 1
    assert seen["usd_per_hour"] == {"least": 0.0, "complete": False}


def test_a_failed_endpoint_is_not_up(one: Room) -> None:
    one.cloud.faults({"effect": "capacity", "instance_type": "ml.m5.large"})
    one.cloud.delays(endpoint=0)
    one.serves("vision-seat01-answer")
    described = one.cloud.client("sagemaker").describe_endpoint(EndpointName="vision-seat01-answer")
    assert described["EndpointStatus"] == "Failed"
    assert told(one)["endpoints"] == 0


def test_a_notebook_that_is_being_deleted_costs_nothing_any_more(one: Room) -> None:
    client = one.cloud.client("sagemaker")
    one.notebooks([1])
    name = {"NotebookInstanceName": notebook(1)}
    client.stop_notebook_instance(**name)
    assert told(one)["notebook"] == "Stopped"
    one.cloud.delays(notebook=60)
    client.delete_notebook_instance(**name)
    seen = told(one)
    assert (seen["notebook"], seen["usd_per_hour"]["least"]) == ("Deleting", 0.0)
