"""What an attendee has and does, seen and done through boto3."""

from __future__ import annotations

from dataclasses import dataclass

import boto3

from workshop.environment import LoadedEnvironment
from workshop.roster import Seat


@dataclass(frozen=True)
class Workbench:
    """What one seat has, as the services describe it; empty texts for what is not there."""

    seat: str
    profile: str
    buckets: tuple[str, ...]
    repositories: tuple[str, ...]
    role: str
    notebook: str
    status: str
    url: str
    dashboard: str


def read_back(session: boto3.Session, loaded: LoadedEnvironment, seat: Seat) -> Workbench:
    """Describe everything that a seat's five stacks made; a missing thing is an AWS error."""
    mine = loaded.names(seat)
    profile = loaded.settings.profiles[seat.profile]
    s3, ecr = session.client("s3"), session.client("ecr")
    sagemaker = session.client("sagemaker")
    buckets = [mine.bucket(key) for key in profile.storage.buckets]
    for bucket in buckets:
        s3.head_bucket(Bucket=bucket)
    repositories = ecr.describe_repositories(
        repositoryNames=[mine.repository(key) for key in profile.registry.repositories]
    )["repositories"]
    notebook = sagemaker.describe_notebook_instance(NotebookInstanceName=mine.notebook)
    url = sagemaker.create_presigned_notebook_instance_url(NotebookInstanceName=mine.notebook)
    dashboard = session.client("cloudwatch").get_dashboard(DashboardName=mine.dashboard)
    return Workbench(
        seat=seat.id,
        profile=seat.profile,
        buckets=tuple(buckets),
        repositories=tuple(repository["repositoryName"] for repository in repositories),
        role=session.client("iam").get_role(RoleName=mine.role)["Role"]["RoleName"],
        notebook=notebook["NotebookInstanceName"],
        status=notebook["NotebookInstanceStatus"],
        url=url["AuthorizedUrl"],
        dashboard=dashboard["DashboardName"],
    )


def put_object(session: boto3.Session, bucket: str, key: str, body: bytes) -> int:
    """Put an object twice and return how many versions the bucket then keeps of it."""
    s3 = session.client("s3")
    s3.put_object(Bucket=bucket, Key=key, Body=body)
    s3.put_object(Bucket=bucket, Key=key, Body=body + b"\n")
    found = s3.list_object_versions(Bucket=bucket, Prefix=key).get("Versions", [])
    return len(found)


def stop_and_start(session: boto3.Session, notebook: str) -> tuple[str, str]:
    """Stop the notebook, start it again, and return the state reached each time."""
    sagemaker = session.client("sagemaker")

    def status() -> str:
        return sagemaker.describe_notebook_instance(NotebookInstanceName=notebook)[
            "NotebookInstanceStatus"
        ]

    sagemaker.stop_notebook_instance(NotebookInstanceName=notebook)
    sagemaker.get_waiter("notebook_instance_stopped").wait(
        NotebookInstanceName=notebook, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    stopped = status()
    sagemaker.start_notebook_instance(NotebookInstanceName=notebook)
    sagemaker.get_waiter("notebook_instance_in_service").wait(
        NotebookInstanceName=notebook, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    return stopped, status()


def empty_bucket(session: boto3.Session, bucket: str) -> int:
    """Remove every version and marker from a bucket; returns how many went.

    CloudFormation refuses to delete a bucket that holds anything, and so it should.
    """
    versions = session.resource("s3").Bucket(bucket).object_versions
    removed = 0
    for answer in versions.delete():
        removed += len(answer.get("Deleted", []))
        if answer.get("Errors"):
            raise RuntimeError(f"{bucket}: {answer['Errors']}")
    return removed
