"""The quotas that a workshop meets, what applies to an account, and what of it is used.

Codes are public for what everybody has; SageMaker's quotas of single instance types are found by
name. CloudWatch has no quota on the number of dashboards, so nothing is asked about them
(https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from workshop.account_region import AccountRegion
from workshop.aws import errors
from workshop.aws.clients import Clients
from workshop.aws.notebooks import NotebookState, notebooks
from workshop.aws.reads import Unavailable, attempt, side_by_side
from workshop.pricing.billing import Machines
from workshop.pricing.prices import Use
from workshop.status.collector import StatusCollector
from workshop.status.describe import DescribeCache
from workshop.status.snapshot import ENDPOINT, PROCESSING, TRAINING, Owners, RunningJob


@dataclass(frozen=True)
class WorkshopQuota:
    """A quota to look for: by ``code`` where there is one, else by ``name``.

    ``everywhere``: one value for the account's whole partition, told in one Region only.
    """

    service: str
    name: str
    code: str = ""
    everywhere: bool = False


@dataclass(frozen=True, kw_only=True)
class InstanceQuota(WorkshopQuota):
    """A quota of machines of one ``use``: of one ``instance_type`` or, where it is empty, of all.

    ``spot`` is whether it counts spot instances alone or those on demand alone; None for both.
    """

    use: Use
    instance_type: str = ""
    spot: bool | None = None

    def counted(self, machines: Iterable[Machines]) -> int:
        """Return how many of these machines count against the quota."""
        return sum(
            some.count
            for some in machines
            if some.use == self.use
            and self.instance_type in {"", some.instance_type}
            and self.spot in {None, some.spot}
        )


STACKS = WorkshopQuota("cloudformation", "Stacks", "L-0485CB21")
REPOSITORIES = WorkshopQuota("ecr", "Registered repositories", "L-CFEB8E8D")
ROLES = WorkshopQuota("iam", "Roles per account", "L-FE177D64", everywhere=True)
POLICIES = WorkshopQuota(
    "iam", "Customer managed policies per account", "L-E95E4862", everywhere=True
)
BUCKETS = WorkshopQuota("s3", "General purpose buckets", "L-DC2B2D3D", everywhere=True)
NOTEBOOKS = WorkshopQuota("sagemaker", "Total number of notebook instances", "L-04CE2E67")
VOLUMES = WorkshopQuota(
    "sagemaker", "Total EBS volume size in GB across all notebook instances", "L-E4B12EA2"
)

ALL_TRAINING = InstanceQuota(
    "sagemaker", "Number of instances across all training jobs", "L-00C91CB5", use="training"
)
ALL_SPOT_TRAINING = InstanceQuota(
    "sagemaker",
    "Number of instances across all spot training jobs",
    "L-93958082",
    use="training",
    spot=True,
)
ALL_PROCESSING = InstanceQuota(
    "sagemaker", "Number of instances across all processing jobs", "L-F311B08F", use="processing"
)
ALL_ENDPOINTS = InstanceQuota(
    "sagemaker", "Number of instances across active endpoints", "L-7A3DF611", use="endpoint"
)


def of_machines(use: Use, instance_type: str, *, spot: bool | None = None) -> InstanceQuota:
    """Return the quota of the machines of one type that all of an account's may have for a use."""
    jobs = {
        "notebook": "notebook instance",
        "training": "spot training job" if spot else "training job",
        "processing": "processing job",
        "endpoint": "endpoint",
    }
    name = f"{instance_type} for {jobs[use]} usage"
    return InstanceQuota("sagemaker", name, use=use, instance_type=instance_type, spot=spot)


# --- what applies ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class AppliedQuota:
    """One quota; ``default``: AWS tells no applied value, so its default is what holds."""

    limit: WorkshopQuota
    code: str
    value: int
    adjustable: bool = True
    default: bool = False


Quotas = Mapping[WorkshopQuota, AppliedQuota | Unavailable]


def of(quotas: Quotas | Unavailable, limit: WorkshopQuota) -> AppliedQuota | Unavailable:
    """Return one of the quotas that were read; none is known where reading them failed."""
    return quotas if isinstance(quotas, Unavailable) else quotas[limit]


def applied(
    clients: Clients, account_region: AccountRegion, limits: Collection[WorkshopQuota]
) -> Quotas:
    """Return the value of each of ``limits``, all of one service.

    ``account_region`` has the Region that knows that service's quotas. The listing leaves out
    quotas without a value of their own; for these AWS's defaults are read. A value that AWS marks
    with an error is unknown, as is a quota that neither listing has.
    """
    (service,) = {limit.service for limit in limits}
    rows = attempt(lambda: list(_rows(clients, account_region, "list_service_quotas", service)))
    if isinstance(rows, Unavailable):
        return dict.fromkeys(limits, rows)
    found = {limit: _find(limit, rows, default=False) for limit in limits}
    missing = [limit for limit, quota in found.items() if quota is None]
    if missing:
        rows = attempt(
            lambda: list(_rows(clients, account_region, "list_aws_default_service_quotas", service))
        )
        for limit in missing:
            found[limit] = (
                rows if isinstance(rows, Unavailable) else _find(limit, rows, default=True)
            ) or Unavailable(f"Service Quotas has no such quota in {account_region.region}")
    return {limit: quota for limit, quota in found.items() if quota is not None}


def _rows(
    clients: Clients, account_region: AccountRegion, operation: str, service: str
) -> Iterator[Mapping[str, Any]]:
    client = clients.client("service-quotas", account_region)
    for page in client.get_paginator(operation).paginate(ServiceCode=service):
        yield from page["Quotas"]


def _find(
    limit: WorkshopQuota, rows: Collection[Mapping[str, Any]], *, default: bool
) -> AppliedQuota | Unavailable | None:
    for row in rows:
        is_it = row["QuotaCode"] == limit.code if limit.code else row["QuotaName"] == limit.name
        if not is_it:
            continue
        if "Value" not in row or row.get("ErrorReason"):
            why = row.get("ErrorReason", {}).get("ErrorCode", "no value")
            return Unavailable(f"Service Quotas cannot tell it ({why})")
        return AppliedQuota(
            limit, row["QuotaCode"], int(row["Value"]), row.get("Adjustable", True), default
        )
    return None


# --- what is used ---------------------------------------------------------------------------------

LARGE_PAGE = 1000
"""The most that S3 and ECR list at once."""

DESCRIBING = 4
"""How many notebooks are described at once."""

KINDS: Mapping[Use, str] = {
    "training": TRAINING,
    "processing": PROCESSING,
    "endpoint": ENDPOINT,
}
"""The machines that a class shares with others, and the kind of work that has them."""


def buckets(clients: Clients, account_region: AccountRegion) -> frozenset[str]:
    """Return the names of all general purpose buckets of the account, in every Region."""
    # Without a page size S3 answers in one piece, and refuses that to accounts with a raised quota.
    pages = clients.pages(account_region, "s3", "ListBuckets", size=LARGE_PAGE)
    return frozenset(bucket["Name"] for page in pages for bucket in page["Buckets"])


def identities(clients: Clients, account_region: AccountRegion) -> dict[WorkshopQuota, int]:
    """Return how many roles and customer-managed policies there are; IAM itself counts them."""
    summary = clients.client("iam", account_region).get_account_summary()["SummaryMap"]
    return {ROLES: summary["Roles"], POLICIES: summary["Policies"]}


def repositories(clients: Clients, account_region: AccountRegion) -> frozenset[str]:
    """Return the names of all private repositories of the Region."""
    pages = clients.pages(account_region, "ecr", "DescribeRepositories", size=LARGE_PAGE)
    return frozenset(found["repositoryName"] for page in pages for found in page["repositories"])


def notebook_volumes(
    clients: Clients, account_region: AccountRegion, own: Collection[str]
) -> tuple[dict[str, NotebookState], int | Unavailable]:
    """Return all notebooks, and the GB of the disks of those that are not among ``own``.

    A listing tells no disk's size, so each notebook of others is described.
    """
    found = notebooks(clients, account_region)
    client = clients.client("sagemaker", account_region)

    def size(name: str) -> int:
        with errors.gone_is_fine():
            return int(
                client.describe_notebook_instance(NotebookInstanceName=name)["VolumeSizeInGB"]
            )
        return 0

    others = sorted(found.keys() - {*own})
    return found, attempt(lambda: sum(side_by_side(size, others, threads=DESCRIBING).values()))


def of_others(
    clients: Clients, account_region: AccountRegion, owners: Owners
) -> dict[Use, tuple[Machines, ...] | Unavailable]:
    """Return the machines that jobs and endpoints of all but the workshop's seats have now.

    What belongs to nobody known counts as somebody else's.
    """
    collector = StatusCollector(clients, account_region, owners, DescribeCache())
    work = collector.of_others(tuple(KINDS.values()))
    return {use: _machines_of(work[kind]) for use, kind in KINDS.items()}


def _machines_of(
    work: tuple[RunningJob, ...] | Unavailable,
) -> tuple[Machines, ...] | Unavailable:
    if isinstance(work, Unavailable):
        return work
    machines: list[Machines] = []
    for job in work:
        if isinstance(job.machines, Unavailable):
            return Unavailable(f"the machines of {job.name}: {job.machines.reason}")
        machines += job.machines
    return tuple(machines)
