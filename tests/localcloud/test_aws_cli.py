"""The AWS CLI sees jobs and endpoints of the local cloud, and a restart leaves them there."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from localcloud import process
from tests.support.local_cloud import Cloud

AWS = Path(sys.executable).with_name("aws")
IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/seat:1"
MACHINES = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5}


def aws(cloud: Cloud, *arguments: str) -> Any:
    """Run one command; what it prints as JSON, None for nothing."""
    done = subprocess.run(
        [AWS, *arguments, "--output", "json"],
        env=cloud.environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout) if done.stdout.strip() else None


def fill(cloud: Cloud) -> None:
    """Make a training job and an endpoint, both done at once."""
    cloud.delays(training=0, endpoint=0)
    client, role = cloud.client("sagemaker"), cloud.role()
    cloud.client("s3").create_bucket(Bucket="seat-data")
    client.create_training_job(
        TrainingJobName="job",
        AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        RoleArn=role,
        OutputDataConfig={"S3OutputPath": "s3://seat-data/models"},
        ResourceConfig=MACHINES,
        StoppingCondition={"MaxRuntimeInSeconds": 600},
    )
    client.create_model(ModelName="model", PrimaryContainer={"Image": IMAGE}, ExecutionRoleArn=role)
    variant = {"VariantName": "all", "ModelName": "model", "InitialInstanceCount": 1}
    client.create_endpoint_config(
        EndpointConfigName="config",
        ProductionVariants=[{**variant, "InstanceType": "ml.m5.large"}],
    )
    client.create_endpoint(EndpointName="endpoint", EndpointConfigName="config")


def test_the_aws_cli_lists_describes_and_waits(cloud: Cloud) -> None:
    fill(cloud)
    listed = aws(cloud, "sagemaker", "list-training-jobs", "--status-equals", "Completed")
    assert [job["TrainingJobName"] for job in listed["TrainingJobSummaries"]] == ["job"]
    endpoint = ("--endpoint-name", "endpoint")
    assert aws(cloud, "sagemaker", "wait", "endpoint-in-service", *endpoint) is None
    found = aws(cloud, "sagemaker", "describe-endpoint", *endpoint)
    assert found["EndpointStatus"] == "InService"


def test_a_restart_leaves_jobs_endpoints_and_quotas_as_they_were(tmp_path: Path) -> None:
    options: dict[str, Any] = {"persist": True, "delays": {"training": 0, "endpoint": 0}}
    state_dir = tmp_path / "state"
    cloud = Cloud(process.start(state_dir, **options).running, state_dir)
    quota = "ml.g5.xlarge for training job usage"
    fill(cloud)
    cloud.quotas(sagemaker={quota: 2})
    process.stop(state_dir)
    again = Cloud(process.start(state_dir, **options).running, state_dir)
    client = again.client("sagemaker")
    assert client.describe_training_job(TrainingJobName="job")["TrainingJobStatus"] == "Completed"
    assert client.describe_endpoint(EndpointName="endpoint")["EndpointStatus"] == "InService"
    quotas = again.client("service-quotas").get_paginator("list_service_quotas")
    values = {
        quota["QuotaName"]: quota["Value"]
        for page in quotas.paginate(ServiceCode="sagemaker")
        for quota in page["Quotas"]
    }
    assert values[quota] == 2
    process.stop(state_dir)
