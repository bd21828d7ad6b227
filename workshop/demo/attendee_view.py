"""What an attendee has, seen through boto3."""

from __future__ import annotations

import boto3

from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat


def read_back(
    session: boto3.Session, loaded: LoadedEnvironment, seat: Seat
) -> list[tuple[str, str, str]]:
    """Return what a seat's five stacks hold as the services describe it: what, name and state.

    A missing resource is an AWS error.
    """
    mine = loaded.names(seat)
    profile = loaded.settings.profiles[seat.profile]
    s3, sagemaker = session.client("s3"), session.client("sagemaker")
    buckets = [mine.bucket(key) for key in profile.storage.buckets]
    for bucket in buckets:
        s3.head_bucket(Bucket=bucket)
    repositories = session.client("ecr").describe_repositories(
        repositoryNames=[mine.repository(key) for key in profile.registry.repositories]
    )["repositories"]
    role = session.client("iam").get_role(RoleName=mine.role)["Role"]
    notebook = sagemaker.describe_notebook_instance(NotebookInstanceName=mine.notebook)
    link = sagemaker.create_presigned_notebook_instance_url(NotebookInstanceName=mine.notebook)
    dashboard = session.client("cloudwatch").get_dashboard(DashboardName=mine.dashboard)
    return [
        *(("bucket", bucket, "") for bucket in buckets),
        *(("repository", repository["repositoryName"], "") for repository in repositories),
        ("role", role["RoleName"], ""),
        ("notebook", notebook["NotebookInstanceName"], notebook["NotebookInstanceStatus"]),
        ("notebook URL", link["AuthorizedUrl"].partition("?")[0], "presigned"),
        ("dashboard", dashboard["DashboardName"], ""),
    ]
