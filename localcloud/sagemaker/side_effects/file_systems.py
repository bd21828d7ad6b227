"""The EFS file system that comes with a Studio domain, and stays unless it is asked to go."""

# Private names of ministack, held by ministack_adapter.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

import json

from localcloud import ministack_adapter


def create(domain_arn: str) -> str:
    """Make the file system of a domain, tagged with its ARN as AWS does; its id."""
    efs = ministack_adapter.module("services.efs")
    tag = {"Key": "ManagedByAmazonSageMakerResource", "Value": domain_arn}
    _, _, body = efs._create_file_system({"CreationToken": domain_arn, "Tags": [tag]})
    return str(json.loads(body)["FileSystemId"])


def delete(file_system: str) -> None:
    """Remove a file system; one that is gone already is no error."""
    ministack_adapter.module("services.efs")._delete_file_system(file_system)
