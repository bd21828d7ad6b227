"""What an attendee has, seen through boto3."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

import boto3

from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat
from workshop.naming import Names


def read_back(
    session: boto3.Session, loaded: LoadedEnvironment, seat: Seat
) -> list[tuple[str, str, str]]:
    """Return what a seat's stacks hold as the services describe it: what, name and state.

    A missing resource is an AWS error.
    """
    mine = loaded.names(seat)
    profile = loaded.settings.profiles[seat.profile]
    s3 = session.client("s3")
    buckets = [mine.bucket(key) for key in profile.storage.buckets]
    for bucket in buckets:
        s3.head_bucket(Bucket=bucket)
    repositories = session.client("ecr").describe_repositories(
        repositoryNames=[mine.repository(key) for key in profile.registry.repositories]
    )["repositories"]
    role = session.client("iam").get_role(RoleName=mine.role)["Role"]
    dashboard = session.client("cloudwatch").get_dashboard(DashboardName=mine.dashboard)
    return [
        *(("bucket", bucket, "") for bucket in buckets),
        *(("repository", repository["repositoryName"], "") for repository in repositories),
        ("role", role["RoleName"], ""),
        *(_notebook(session, mine) if profile.has_notebook else ()),
        *(_box(session, mine) if profile.has_box else ()),
        ("dashboard", dashboard["DashboardName"], ""),
    ]


def box(session: boto3.Session, names: Names) -> Mapping[str, Any]:
    """Return a seat's EC2 instance; raise ValueError unless there is one and no more."""
    filters: Any = [{"Name": "tag:Name", "Values": [names.box]}]
    found = session.client("ec2").describe_instances(Filters=filters)["Reservations"]
    (instance,) = [instance for each in found for instance in each["Instances"]]
    return cast("Mapping[str, Any]", instance)


def _notebook(session: boto3.Session, mine: Names) -> Iterator[tuple[str, str, str]]:
    sagemaker = session.client("sagemaker")
    notebook = sagemaker.describe_notebook_instance(NotebookInstanceName=mine.notebook)
    yield "notebook", notebook["NotebookInstanceName"], notebook["NotebookInstanceStatus"]
    link = sagemaker.create_presigned_notebook_instance_url(NotebookInstanceName=mine.notebook)
    yield "notebook URL", link["AuthorizedUrl"].partition("?")[0], "presigned"


def _box(session: boto3.Session, mine: Names) -> Iterator[tuple[str, str, str]]:
    instance = box(session, mine)
    yield "EC2 instance", f"{mine.box} ({instance['InstanceType']})", instance["State"]["Name"]
