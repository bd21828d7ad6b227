"""The quotas that a workshop meets, by the names and codes that Service Quotas gives them.

Codes are public for what everybody has; SageMaker's quotas of single instance types are found by
name. CloudWatch has no quota on the number of dashboards, so nothing is asked about them
(https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limit:
    """A quota to look for: by ``code`` where there is one, else by ``name``.

    ``everywhere``: one value for the account's whole partition, told in one Region only.
    """

    service: str
    name: str
    code: str = ""
    everywhere: bool = False


STACKS = Limit("cloudformation", "Stacks", "L-0485CB21")
REPOSITORIES = Limit("ecr", "Registered repositories", "L-CFEB8E8D")
ROLES = Limit("iam", "Roles per account", "L-FE177D64", everywhere=True)
POLICIES = Limit("iam", "Customer managed policies per account", "L-E95E4862", everywhere=True)
BUCKETS = Limit("s3", "General purpose buckets", "L-DC2B2D3D", everywhere=True)
NOTEBOOKS = Limit("sagemaker", "Total number of notebook instances", "L-04CE2E67")

ALL_TRAINING = Limit("sagemaker", "Number of instances across all training jobs", "L-00C91CB5")
ALL_PROCESSING = Limit("sagemaker", "Number of instances across all processing jobs", "L-F311B08F")
ALL_ENDPOINTS = Limit("sagemaker", "Number of instances across active endpoints", "L-7A3DF611")


def notebook(instance_type: str) -> Limit:
    """How many notebooks of one type may run."""
    return Limit("sagemaker", f"{instance_type} for notebook instance usage")


def training(instance_type: str, *, spot: bool) -> Limit:
    """How many machines of one type all training jobs together may have."""
    return Limit("sagemaker", f"{instance_type} for {'spot ' if spot else ''}training job usage")


def processing(instance_type: str) -> Limit:
    """How many machines of one type all processing jobs together may have."""
    return Limit("sagemaker", f"{instance_type} for processing job usage")


def endpoint(instance_type: str) -> Limit:
    """How many machines of one type all endpoints together may have."""
    return Limit("sagemaker", f"{instance_type} for endpoint usage")
