"""What is left of a workshop in an account, by listing each resource type to its last page."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import boto3


def leftovers(session: boto3.Session, workshop: str) -> dict[str, list[str]]:
    """Return names that begin with the workshop's by resource type, empty lists where none is left.

    Every type that the stacks can make is listed; a listing that fails is an error, never "none".
    """
    listings: dict[str, Callable[[], Iterator[str]]] = {
        "stacks": lambda: _stacks(session),
        "buckets": lambda: _paged(session, "s3", "list_buckets", "Buckets[].Name"),
        "repositories": lambda: _paged(
            session, "ecr", "describe_repositories", "repositories[].repositoryName"
        ),
        "roles": lambda: _paged(session, "iam", "list_roles", "Roles[].RoleName"),
        "policies": lambda: _paged(
            session, "iam", "list_policies", "Policies[].PolicyName", Scope="Local"
        ),
        "notebooks": lambda: _paged(
            session,
            "sagemaker",
            "list_notebook_instances",
            "NotebookInstances[].NotebookInstanceName",
        ),
        "lifecycle configs": lambda: _paged(
            session,
            "sagemaker",
            "list_notebook_instance_lifecycle_configs",
            "NotebookInstanceLifecycleConfigs[].NotebookInstanceLifecycleConfigName",
        ),
        "EC2 instances": lambda: _paged(
            session,
            "ec2",
            "describe_instances",
            f"Reservations[].Instances[?State.Name!='terminated'][].{_NAME_TAG}",
        ),
        "volumes": lambda: _paged(session, "ec2", "describe_volumes", f"Volumes[].{_NAME_TAG}"),
        "security groups": lambda: _groups(session),
        "instance profiles": lambda: _paged(
            session, "iam", "list_instance_profiles", "InstanceProfiles[].InstanceProfileName"
        ),
        "dashboards": lambda: _paged(
            session, "cloudwatch", "list_dashboards", "DashboardEntries[].DashboardName"
        ),
    }
    return {
        kind: sorted(name for name in listing() if _belongs(name, workshop))
        for kind, listing in listings.items()
    }


_NAME_TAG = "Tags[?Key=='Name'].Value | []"


def _belongs(name: str, workshop: str) -> bool:
    return name.startswith((f"{workshop}-", f"{workshop}/"))


def _paged(
    session: boto3.Session, service: str, operation: str, names: str, **arguments: str
) -> Iterator[str]:
    client = session.client(service)  # type: ignore[call-overload]
    for name in client.get_paginator(operation).paginate(**arguments).search(names):
        if name is not None:
            yield str(name)


def _groups(session: boto3.Session) -> Iterator[str]:
    """Yield names of security groups without what begins those of EC2 instances."""
    names = _paged(session, "ec2", "describe_security_groups", "SecurityGroups[].GroupName")
    for name in names:
        yield name.removeprefix("box-")


def _stacks(session: boto3.Session) -> Iterator[str]:
    """Yield stacks in any state but the one in which AWS keeps a deleted stack's record."""
    client = session.client("cloudformation")
    for page in client.get_paginator("list_stacks").paginate():
        for summary in page["StackSummaries"]:
            if summary["StackStatus"] != "DELETE_COMPLETE":
                yield summary["StackName"]
