"""What an attendee has, seen through boto3."""

from __future__ import annotations

from dataclasses import dataclass

import boto3

from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat


@dataclass(frozen=True)
class Workbench:
    """A seat's resources, as the services describe them; empty texts for missing ones."""

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
    """Describe the resources of a seat's five stacks; a missing one is an AWS error."""
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
