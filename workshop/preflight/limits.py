"""The quotas that a workshop meets, by the names and codes that Service Quotas gives them.

Codes are public for what everybody has; SageMaker's quotas of single instance types are found by
name. CloudWatch has no quota on the number of dashboards, so nothing is asked about them
(https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from workshop.pricing.prices import Use
from workshop.status.snapshot import Machines


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
        """How many of these machines count against the quota."""
        return sum(
            one.count
            for one in machines
            if one.use == self.use
            and self.instance_type in {"", one.instance_type}
            and self.spot in {None, one.spot}
        )


STACKS = WorkshopQuota("cloudformation", "Stacks", "L-0485CB21")
REPOSITORIES = WorkshopQuota("ecr", "Registered repositories", "L-CFEB8E8D")
ROLES = WorkshopQuota("iam", "Roles per account", "L-FE177D64", everywhere=True)
POLICIES = WorkshopQuota(
    "iam", "Customer managed policies per account", "L-E95E4862", everywhere=True
)
BUCKETS = WorkshopQuota("s3", "General purpose buckets", "L-DC2B2D3D", everywhere=True)
NOTEBOOKS = WorkshopQuota("sagemaker", "Total number of notebook instances", "L-04CE2E67")

ALL_TRAINING = InstanceQuota(
    "sagemaker", "Number of instances across all training jobs", "L-00C91CB5", use="training"
)
ALL_PROCESSING = InstanceQuota(
    "sagemaker", "Number of instances across all processing jobs", "L-F311B08F", use="processing"
)
ALL_ENDPOINTS = InstanceQuota(
    "sagemaker", "Number of instances across active endpoints", "L-7A3DF611", use="endpoint"
)


def notebook(instance_type: str) -> InstanceQuota:
    """How many notebooks of one type may run."""
    return _machines(f"{instance_type} for notebook instance usage", "notebook", instance_type)


def training(instance_type: str, *, spot: bool) -> InstanceQuota:
    """How many machines of one type all training jobs together may have."""
    name = f"{instance_type} for {'spot ' if spot else ''}training job usage"
    return _machines(name, "training", instance_type, spot=spot)


def processing(instance_type: str) -> InstanceQuota:
    """How many machines of one type all processing jobs together may have."""
    return _machines(f"{instance_type} for processing job usage", "processing", instance_type)


def endpoint(instance_type: str) -> InstanceQuota:
    """How many machines of one type all endpoints together may have."""
    return _machines(f"{instance_type} for endpoint usage", "endpoint", instance_type)


def _machines(
    name: str, use: Use, instance_type: str, *, spot: bool | None = None
) -> InstanceQuota:
    return InstanceQuota("sagemaker", name, use=use, instance_type=instance_type, spot=spot)
