"""A seat's day: what an attendee makes through the API, with the credentials of their notebook."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3

from workshop import tags
from workshop.counting import count_of
from workshop.naming import Names

TYPE = "ml.m5.large"


def run_lab(session: boto3.Session, names: Names, *, bucket: str, repository: str) -> Iterator[str]:
    """Make data, an image, jobs, a registered model and an endpoint; yield a line for each.

    ``session`` has the credentials of the seat's role; ``bucket`` and ``repository`` are keys of
    its profile. Much of it would go on costing money after the stacks are gone.
    """
    yield _data(session, names.bucket(bucket))
    yield _image(session, names, names.repository(repository))
    yield from _jobs(session, names, names.bucket(bucket), names.repository_uri(repository))
    yield from _served(session, names, names.repository_uri(repository))
    yield from _noted(session, names)


def _data(session: boto3.Session, bucket: str) -> str:
    s3 = session.client("s3")
    for body in (b"cat,1", b"cat,2"):
        s3.put_object(Bucket=bucket, Key="train/labels.csv", Body=body)
    s3.put_object(Bucket=bucket, Key="models/first.tar.gz", Body=b"weights")
    s3.delete_object(Bucket=bucket, Key="models/first.tar.gz")
    s3.create_multipart_upload(Bucket=bucket, Key="train/unfinished.bin")
    versions = s3.list_object_versions(Bucket=bucket)
    kept = len(versions.get("Versions", [])) + len(versions.get("DeleteMarkers", []))
    return f"s3://{bucket}: {count_of(kept, 'version')} with delete markers, 1 unfinished upload"


def _image(session: boto3.Session, names: Names, repository: str) -> str:
    session.client("ecr").put_image(
        repositoryName=repository,
        imageManifest='{"schemaVersion": 2, "config": {}, "layers": []}',
        imageTag="v1",
        registryId=names.account,
    )
    return f"image {repository}:v1"


def _jobs(session: boto3.Session, names: Names, bucket: str, image: str) -> Iterator[str]:
    sagemaker = session.client("sagemaker")
    machines: Any = {"InstanceType": TYPE, "InstanceCount": 1, "VolumeSizeInGB": 10}
    # The second as the SageMaker Python SDK names it by default.
    for name in (f"{names.job_prefix}first", f"pytorch-training-{names.seat}-2027-03-15-10-00-00"):
        sagemaker.create_training_job(
            TrainingJobName=name,
            RoleArn=names.role_arn,
            AlgorithmSpecification={"TrainingImage": f"{image}:v1", "TrainingInputMode": "File"},
            OutputDataConfig={"S3OutputPath": f"s3://{bucket}/output"},
            ResourceConfig=machines,
            StoppingCondition={"MaxRuntimeInSeconds": 3600},
            Tags=_tags(names),
        )
        yield f"training job {name}"
    name = f"{names.job_prefix}features"
    sagemaker.create_processing_job(
        ProcessingJobName=name,
        ProcessingResources={"ClusterConfig": machines},
        AppSpecification={"ImageUri": f"{image}:v1"},
        RoleArn=names.role_arn,
        StoppingCondition={"MaxRuntimeInSeconds": 3600},
        Tags=_tags(names),
    )
    yield f"processing job {name}"


def _served(session: boto3.Session, names: Names, image: str) -> Iterator[str]:
    sagemaker = session.client("sagemaker")
    name = f"{names.job_prefix}first"
    sagemaker.create_model(
        ModelName=name,
        ExecutionRoleArn=names.role_arn,
        PrimaryContainer={"Image": f"{image}:v1"},
        Tags=_tags(names),
    )
    variant: Any = {
        "VariantName": "all",
        "ModelName": name,
        "InstanceType": TYPE,
        "InitialInstanceCount": 1,
    }
    sagemaker.create_endpoint_config(
        EndpointConfigName=name, ProductionVariants=[variant], Tags=_tags(names)
    )
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name, Tags=_tags(names))
    yield f"model and endpoint {name}"


def _noted(session: boto3.Session, names: Names) -> Iterator[str]:
    sagemaker = session.client("sagemaker")
    name = f"{names.job_prefix}cats"
    sagemaker.create_model_package_group(ModelPackageGroupName=name, Tags=_tags(names))
    sagemaker.create_experiment(ExperimentName=name, Tags=_tags(names))
    sagemaker.create_trial(TrialName=name, ExperimentName=name, Tags=_tags(names))
    yield f"model group, experiment and trial {name}"


def _tags(names: Names) -> list[Any]:
    """Return the tags that every Python kernel of the notebook adds."""
    own = {tags.WORKSHOP: names.workshop, tags.ATTENDEE: names.seat}
    return [{"Key": key, "Value": value} for key, value in own.items()]
