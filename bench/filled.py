"""A local cloud full of what a workshop's attendees made: the start of every measured teardown.

Each seat has its five stacks, 10 jobs of which 2 still run, 3 models, an endpoint, 20 images and
1,000 versions of objects. Stacks are made by plain CreateStack, and the rest by ready-made requests
over few connections: only the teardown is measured.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from bench.calls import Connection, MeasuredCall
from localcloud import process as local_cloud
from localcloud.authentication import keys
from localcloud.record import Running
from workshop import tags
from workshop.config.environment import LoadedEnvironment
from workshop.deploy import assembly, desired
from workshop.deploy.desired import DesiredStack
from workshop.environments import loader
from workshop.naming import Names

CONNECTIONS = 4
ENDED, RUNNING, MODELS, IMAGES, KEYS, VERSIONS = 8, 2, 3, 20, 250, 4
TYPE = "ml.m5.large"
BUCKET, REPOSITORY = "data", "training"
"""The keys of a seat that the YAML says nothing of."""
LONG = 86_400.0
"""Seconds that the jobs take that are to be found running."""
QUOTAS = {
    f"{TYPE} for {use} usage": 10_000 for use in ("training job", "processing job", "endpoint")
}

TARGETS = {"sagemaker": "SageMaker", "ecr": "AmazonEC2ContainerRegistry_V20150921"}

"""No server here looks at a signature."""


@dataclass(frozen=True)
class Workshop:
    """An environment with all its templates, synthesized once."""

    loaded: LoadedEnvironment
    stacks: tuple[DesiredStack, ...]

    @property
    def seats(self) -> list[Names]:
        """The names of every seat."""
        return [self.loaded.names(seat) for seat in self.loaded.seats]


def synthesized(folder: Path) -> Workshop:
    """Read ``bench.yaml`` in ``folder`` and make the templates of all its seats."""
    loaded = loader.load("bench", folder)
    made, _ = assembly.synthesize(loaded, loaded.seats)
    return Workshop(loaded, tuple(desired.stacks(loaded, made, loaded.seats)))


def fill(workshop: Workshop, running: Running) -> None:
    """Empty a local cloud and fill it; every transition takes no time there, but for what runs."""
    local_cloud.reset(running)
    region = workshop.loaded.home.region
    local_cloud.set_quotas(running, region="us-east-1", iam={"Roles per account": 5000})
    local_cloud.set_quotas(running, region=region, sagemaker=QUOTAS)
    _create_stacks(workshop, running)
    seats = workshop.seats
    _make(running, (resource for seat in seats for resource in _lasting(seat)))
    # Requests overtake each other, and each of these needs one of those before.
    _make(running, (_endpoint_config(seat) for seat in seats))
    _make(running, (_endpoint(seat) for seat in seats))
    local_cloud.set_delays(running, training=LONG, processing=LONG)
    _make(running, (job for seat in seats for job in _jobs(seat, range(ENDED, ENDED + RUNNING))))


def left(workshop: Workshop, running: Running) -> list[str]:
    """What is there of the stacks, jobs, models and endpoints that were made."""
    region = workshop.loaded.home.region
    sagemaker = _client("sagemaker", running, region)
    return [
        *(stack["StackName"] for stack in _stacks(_client("cloudformation", running, region))),
        *(bucket["Name"] for bucket in _client("s3", running, region).list_buckets()["Buckets"]),
        *(
            summary["TrainingJobName"]
            for summary in sagemaker.list_training_jobs()["TrainingJobSummaries"]
        ),
        *(model["ModelName"] for model in sagemaker.list_models()["Models"]),
        *(endpoint["EndpointName"] for endpoint in sagemaker.list_endpoints()["Endpoints"]),
    ]


def _create_stacks(workshop: Workshop, running: Running) -> None:
    client = _client("cloudformation", running, workshop.loaded.home.region)

    def create(stack: DesiredStack) -> None:
        template = stack.templates[0]
        given: list[Any] = [
            {"Key": key, "Value": value} for key, value in stack.tagged(template).items()
        ]
        client.create_stack(
            StackName=stack.name,
            TemplateBody=template.body,
            Capabilities=["CAPABILITY_NAMED_IAM"],
            Tags=given,
        )

    # By need: cohort, then roles, then the rest.
    ranks = {stack.name: 0 for stack in workshop.stacks if not stack.needs}
    while len(ranks) < len(workshop.stacks):
        ranks |= {
            stack.name: ranks[stack.needs] + 1
            for stack in workshop.stacks
            if stack.needs in ranks and stack.name not in ranks
        }
    for rank in sorted(set(ranks.values())):
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            list(
                pool.map(create, [stack for stack in workshop.stacks if ranks[stack.name] == rank])
            )
        while "CREATE_IN_PROGRESS" in (
            found := {stack["StackStatus"] for stack in _stacks(client)}
        ):
            time.sleep(0.1)
    assert found == {"CREATE_COMPLETE"}, found


def _client(service: Any, running: Running, region: str) -> Any:
    return boto3.client(
        service,
        region_name=region,
        endpoint_url=running.endpoint,
        aws_access_key_id=running.account,
        aws_secret_access_key=keys.account_secret(running.secret, running.account),
    )


def _stacks(client: Any) -> list[dict[str, Any]]:
    pages = client.get_paginator("describe_stacks").paginate()
    return [stack for page in pages for stack in page["Stacks"]]


def _make(running: Running, requests: Iterable[MeasuredCall]) -> None:
    """Send these over few connections, each in its order; they are not held all at once."""
    shared, lock = iter(requests), threading.Lock()

    def send(_: int) -> None:
        connection = Connection(running.port)
        while True:
            # A generator is not to be entered by two threads, and the next one is a moment's work.
            with lock:
                request = next(shared, None)
            if request is None:
                break
            connection.call(request.to(running.port, running.secret))
        connection.close()

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        list(pool.map(send, range(CONNECTIONS)))


def _lasting(seat: Names) -> Iterator[MeasuredCall]:
    """What a seat made and what has ended."""
    bucket = seat.bucket(BUCKET)
    for version in range(VERSIONS):
        for key in range(KEYS):
            yield _put(seat, bucket, f"train/part-{key:04}.csv", b"%d" % version)
    for number in range(IMAGES):
        config = {"digest": f"sha256:{number:064x}", "size": 1}
        yield _call(
            "ecr",
            "PutImage",
            seat,
            repositoryName=seat.repository(REPOSITORY),
            imageManifest=json.dumps({"schemaVersion": 2, "config": config, "layers": []}),
            imageTag=f"v{number}",
        )
    yield from _jobs(seat, range(ENDED))
    own = {"Tags": _tags(seat)}
    image = f"{seat.repository_uri(REPOSITORY)}:v1"
    for number in range(MODELS):
        name = f"{seat.job_prefix}model-{number}"
        container = {"Image": image}
        role = {"ExecutionRoleArn": seat.role_arn}
        yield _call(
            "sagemaker",
            "CreateModel",
            seat,
            ModelName=name,
            PrimaryContainer=container,
            **role,
            **own,
        )


def _endpoint_config(seat: Names) -> MeasuredCall:
    variant = {
        "VariantName": "all",
        "ModelName": f"{seat.job_prefix}model-0",
        "InstanceType": TYPE,
        "InitialInstanceCount": 1,
    }
    return _call(
        "sagemaker",
        "CreateEndpointConfig",
        seat,
        EndpointConfigName=f"{seat.job_prefix}serve",
        ProductionVariants=[variant],
        Tags=_tags(seat),
    )


def _endpoint(seat: Names) -> MeasuredCall:
    name = f"{seat.job_prefix}serve"
    named = {"EndpointName": name, "EndpointConfigName": name}
    return _call("sagemaker", "CreateEndpoint", seat, **named, Tags=_tags(seat))


def _jobs(seat: Names, numbers: range) -> Iterator[MeasuredCall]:
    """Training and processing jobs, by turns."""
    machines = {"InstanceType": TYPE, "InstanceCount": 1, "VolumeSizeInGB": 10}
    image = f"{seat.repository_uri(REPOSITORY)}:v1"
    common = {
        "RoleArn": seat.role_arn,
        "StoppingCondition": {"MaxRuntimeInSeconds": int(LONG)},
        "Tags": _tags(seat),
    }
    for number in numbers:
        name = f"{seat.job_prefix}job-{number}"
        if number % 2:
            yield _call(
                "sagemaker",
                "CreateProcessingJob",
                seat,
                ProcessingJobName=name,
                ProcessingResources={"ClusterConfig": machines},
                AppSpecification={"ImageUri": image},
                **common,
            )
        else:
            yield _call(
                "sagemaker",
                "CreateTrainingJob",
                seat,
                TrainingJobName=name,
                AlgorithmSpecification={"TrainingImage": image, "TrainingInputMode": "File"},
                OutputDataConfig={"S3OutputPath": f"s3://{seat.bucket('data')}/output"},
                ResourceConfig=machines,
                **common,
            )


def _tags(seat: Names) -> list[dict[str, str]]:
    own = {tags.WORKSHOP: seat.workshop, tags.ATTENDEE: seat.seat}
    return [{"Key": key, "Value": value} for key, value in own.items()]


def _call(service: str, operation: str, seat: Names, **members: Any) -> MeasuredCall:
    headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": f"{TARGETS[service]}.{operation}",
    }
    body = json.dumps(members).encode()
    return MeasuredCall("POST", "/", headers, body, service, seat.account, seat.region)


def _put(seat: Names, bucket: str, key: str, body: bytes) -> MeasuredCall:
    return MeasuredCall("PUT", f"/{bucket}/{key}", {}, body, "s3", seat.account, seat.region)
