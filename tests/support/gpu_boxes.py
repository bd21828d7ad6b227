"""Three seats whose EC2 instances have one GPU, four and eight, and what is done on each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.support.local_cloud import Cloud
from workshop.demo import attendee_activity
from workshop.naming import Names

TYPES = {"small": "g5.xlarge", "large": "g5.12xlarge", "huge": "p4d.24xlarge"}
"""Profile -> the instance type of its seats: one A10G, four of them, eight A100."""
SEATS = {"ada": "small", "ben": "large", "cleo": "huge"}
G, P = "L-DB2E81BA", "L-417A185B"
"""Quotas of vCPUs: of the types G and VT, and of P."""
VCPUS = {G: 52, P: 96}
ROSTER = "\n".join(["id,profile", *(f"{seat},{profile}" for seat, profile in SEATS.items()), ""])
HEAD = "roster: {file: people.csv, profile: small}"
ROWS = "\n".join(
    ["id,profile,instance_type", *(f"{seat},box,{TYPES[SEATS[seat]]}" for seat in SEATS), ""]
)
"""The same seats, of one profile: CDK takes no cohort of three that have instances."""
OFTEN = {"Delay": 0.1, "MaxAttempts": 600}
WEIGHTS = "models/densenet.pth"


def profiles() -> str:
    """The YAML's profiles, one for each instance type."""
    made = (
        f"{profile}: {{notebook: {{enabled: false}}, ec2: {{instance_types: [{name}]}}}}"
        for profile, name in TYPES.items()
    )
    return f"profiles: {{{', '.join(made)}}}"


def running(state: str = "running") -> dict[str, tuple[str, str]]:
    """Seat -> instance type and state, where all have the same."""
    return {seat: (TYPES[profile], state) for seat, profile in SEATS.items()}


def machines(cloud: Cloud) -> Iterator[dict[str, Any]]:
    """Yield every instance that is not gone."""
    for page in cloud.client("ec2").get_paginator("describe_instances").paginate():
        for held in page["Reservations"]:
            yield from (one for one in held["Instances"] if one["State"]["Name"] != "terminated")


def seat_of(machine: dict[str, Any]) -> str:
    """Whose an instance is, by the tag that its stack gave it."""
    return next(str(tag["Value"]) for tag in machine["Tags"] if tag["Key"] == "attendee")


def states(cloud: Cloud) -> dict[str, tuple[str, str]]:
    """Seat -> instance type and state, by EC2 itself."""
    return {seat_of(one): (one["InstanceType"], one["State"]["Name"]) for one in machines(cloud)}


def work(cloud: Cloud, machine: dict[str, Any]) -> str:
    """Train on an instance and by SageMaker, with the instance's credentials; the seat's bucket.

    ``tests/sdk/test_box_training.py`` runs a whole training script.
    """
    names = Names("demo", seat_of(machine), "000000000000", "us-east-1")
    box, bucket = cloud.as_box(machine["InstanceId"]), names.bucket("data")
    box.client("s3").put_object(Bucket=bucket, Key=WEIGHTS, Body=b"weights")
    name = f"{names.job_prefix}densenet"
    box.client("sagemaker").create_training_job(
        TrainingJobName=name,
        RoleArn=names.role_arn,
        AlgorithmSpecification={
            "TrainingImage": f"{names.repository_uri('training')}:1",
            "TrainingInputMode": "File",
        },
        OutputDataConfig={"S3OutputPath": f"s3://{bucket}/output"},
        ResourceConfig={
            "InstanceType": attendee_activity.TYPE,
            "InstanceCount": 1,
            "VolumeSizeInGB": 10,
        },
        StoppingCondition={"MaxRuntimeInSeconds": 3600},
        Tags=[{"Key": "workshop", "Value": "demo"}, {"Key": "attendee", "Value": names.seat}],
    )
    # What a job writes at its end would come into a bucket that was emptied before.
    ended = box.client("sagemaker").get_waiter("training_job_completed_or_stopped")
    ended.wait(TrainingJobName=name, WaiterConfig=OFTEN)
    job = cloud.client("sagemaker").describe_training_job(TrainingJobName=name)
    assert (job["RoleArn"], job["TrainingJobStatus"]) == (names.role_arn, "Completed")
    return bucket
