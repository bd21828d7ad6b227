"""The least that a teardown of ``bench.filled`` can take: ``python -m bench.bare_teardown FOLDER``.

It looks for nothing, since it knows every name, proves nothing and looks at nothing afterwards: the
stops and deletes alone, from as many threads as ours, versions by thousands. It waits only until
the stacks are gone.
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from bench import filled
from workshop.environments import loader
from workshop.naming import SEAT_STACKS, Names
from workshop.teardown.waits import RESOURCES

THREADS = RESOURCES.at_once
SERVICES = ("s3", "ecr", "sagemaker", "logs", "cloudformation")


def main() -> None:
    loaded = loader.load("bench", Path(sys.argv[1]))
    region = loaded.home.region
    config = Config(max_pool_connections=THREADS)
    clients = {service: _client(service, region, config) for service in SERVICES}
    seats = [loaded.names(seat) for seat in loaded.seats]
    with ThreadPoolExecutor(THREADS) as pool:
        streams = _streams(clients["logs"])
        list(pool.map(lambda seat: _clear(clients, seat), seats))
        list(pool.map(lambda stream: clients["logs"].delete_log_stream(**stream), streams))
    _wait(clients["cloudformation"], 1)
    _empty(clients["s3"], seats[0].datasets_bucket)
    clients["cloudformation"].delete_stack(StackName=seats[0].cohort.stack("cohort"))
    _wait(clients["cloudformation"], 0)


def _client(service: Any, region: str, config: Config) -> Any:
    return boto3.client(service, region_name=region, config=config)


def _clear(clients: dict[str, Any], seat: Names) -> None:
    sagemaker, start = clients["sagemaker"], seat.job_prefix
    for number in range(filled.ENDED, filled.ENDED + filled.RUNNING):
        if number % 2:
            sagemaker.stop_processing_job(ProcessingJobName=f"{start}job-{number}")
        else:
            sagemaker.stop_training_job(TrainingJobName=f"{start}job-{number}")
    sagemaker.delete_endpoint(EndpointName=f"{start}serve")
    sagemaker.stop_notebook_instance(NotebookInstanceName=seat.notebook)
    sagemaker.delete_endpoint_config(EndpointConfigName=f"{start}serve")
    for number in range(filled.MODELS):
        sagemaker.delete_model(ModelName=f"{start}model-{number}")
    _delete_jobs(clients["sagemaker"], start)
    clients["logs"].delete_log_group(logGroupName=f"/aws/sagemaker/Endpoints/{start}serve")
    clients["ecr"].batch_delete_image(
        repositoryName=seat.repository(filled.REPOSITORY),
        imageIds=[{"imageTag": f"v{number}"} for number in range(filled.IMAGES)],
    )
    _empty(clients["s3"], seat.bucket(filled.BUCKET))
    for kind in SEAT_STACKS:
        clients["cloudformation"].delete_stack(StackName=seat.stack(kind))


def _delete_jobs(sagemaker: Any, start: str) -> None:
    """Jobs, and the components that they left behind."""
    for number in range(filled.ENDED + filled.RUNNING):
        name = f"{start}job-{number}"
        kind = "processing" if number % 2 else "training"
        sagemaker.delete_trial_component(TrialComponentName=f"{name}-aws-{kind}-job")
        if number % 2:
            sagemaker.delete_processing_job(ProcessingJobName=name)
        else:
            sagemaker.delete_training_job(TrainingJobName=name)


def _streams(client: Any) -> list[dict[str, str]]:
    """All but the names of log streams can be known: they hold the moment of a job's start."""
    groups = ("/aws/sagemaker/TrainingJobs", "/aws/sagemaker/ProcessingJobs")
    return [
        {"logGroupName": group, "logStreamName": stream["logStreamName"]}
        for group in groups
        for page in client.get_paginator("describe_log_streams").paginate(logGroupName=group)
        for stream in page["logStreams"]
    ]


def _empty(client: Any, bucket: str) -> None:
    for page in client.get_paginator("list_object_versions").paginate(Bucket=bucket):
        found = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
        keys = [{"Key": version["Key"], "VersionId": version["VersionId"]} for version in found]
        if keys:
            client.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})


def _wait(client: Any, left: int) -> None:
    """Until no more than so many stacks are there."""
    while (
        sum(len(page["Stacks"]) for page in client.get_paginator("describe_stacks").paginate())
        > left
    ):
        time.sleep(0.1)


if __name__ == "__main__":
    main()
