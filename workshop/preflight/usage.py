"""What an account holds now, from paged listings of whole kinds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from workshop.account_region import AccountRegion
from workshop.aws.clients import Clients
from workshop.preflight.reading import Unread
from workshop.pricing.prices import Use
from workshop.status.attribution import Owners
from workshop.status.calls import Calls
from workshop.status.collector import StatusCollector
from workshop.status.describe import DescribeCache
from workshop.status.snapshot import ENDPOINT, PROCESSING, TRAINING, Machines, RunningJob, Unknown

LARGE_PAGE = 1000
"""The most that S3 and ECR list at once."""

PAGE = 100
"""The most that SageMaker lists at once."""

KINDS: Mapping[Use, str] = {
    "training": TRAINING,
    "processing": PROCESSING,
    "endpoint": ENDPOINT,
}
"""The machines that a class shares with others, and the kind of work that has them."""


@dataclass(frozen=True)
class AccountIdentities:
    """How many roles and customer-managed policies an account has."""

    roles: int
    policies: int


@dataclass(frozen=True)
class ExistingNotebook:
    """A notebook instance as it is listed."""

    name: str
    instance_type: str
    status: str


def buckets(clients: Clients, place: AccountRegion) -> frozenset[str]:
    """The names of all general purpose buckets of the account, in every Region."""
    # Without a page size S3 answers in one piece, and refuses that to accounts with a raised quota.
    pages = clients.client("s3", place).get_paginator("list_buckets")
    found = pages.paginate(PaginationConfig={"PageSize": LARGE_PAGE})
    return frozenset(one["Name"] for page in found for one in page["Buckets"])


def identities(clients: Clients, place: AccountRegion) -> AccountIdentities:
    """The account's roles and policies, counted by IAM itself in one call."""
    summary = clients.client("iam", place).get_account_summary()["SummaryMap"]
    return AccountIdentities(roles=summary["Roles"], policies=summary["Policies"])


def repositories(clients: Clients, place: AccountRegion) -> frozenset[str]:
    """The names of all private repositories of the place."""
    pages = clients.client("ecr", place).get_paginator("describe_repositories")
    found = pages.paginate(PaginationConfig={"PageSize": LARGE_PAGE})
    return frozenset(one["repositoryName"] for page in found for one in page["repositories"])


def notebooks(clients: Clients, place: AccountRegion) -> tuple[ExistingNotebook, ...]:
    """All notebook instances of the place."""
    pages = clients.client("sagemaker", place).get_paginator("list_notebook_instances")
    found = pages.paginate(PaginationConfig={"PageSize": PAGE})
    return tuple(
        ExistingNotebook(
            one["NotebookInstanceName"], one.get("InstanceType", ""), one["NotebookInstanceStatus"]
        )
        for page in found
        for one in page["NotebookInstances"]
    )


def of_others(
    clients: Clients, place: AccountRegion, owners: Owners
) -> dict[Use, tuple[Machines, ...] | Unread]:
    """The machines that jobs and endpoints of all but the workshop's seats have now.

    What belongs to nobody known counts as somebody else's.
    """
    asking = StatusCollector(clients, Calls(clients, place), owners, DescribeCache())
    found = asking.of_others(tuple(KINDS.values()))
    return {use: _machines(found[kind]) for use, kind in KINDS.items()}


def _machines(work: tuple[RunningJob, ...] | Unknown) -> tuple[Machines, ...] | Unread:
    if isinstance(work, Unknown):
        return Unread(work.why.rstrip(". "))
    found: list[Machines] = []
    for one in work:
        if isinstance(one.machines, Unknown):
            return Unread(f"the machines of {one.name}: {one.machines.why}".rstrip(". "))
        found += one.machines
    return tuple(found)
