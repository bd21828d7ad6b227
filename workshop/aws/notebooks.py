"""The notebook instances of an account and Region, from one paged listing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from workshop.account_region import AccountRegion
from workshop.aws.clients import Clients


@dataclass(frozen=True, slots=True)
class NotebookState:
    """A notebook instance as it is listed; ``changed`` is when its status last changed."""

    name: str
    arn: str
    status: str
    instance_type: str
    changed: datetime
    created: datetime


def notebooks(
    clients: Clients, account_region: AccountRegion, workshop: str = ""
) -> dict[str, NotebookState]:
    """Return notebooks by name: all, or those whose names begin with ``<workshop>-``.

    botocore's errors pass through: a listing that fails is not an empty one.
    """
    prefix = f"{workshop}-" if workshop else ""
    request: dict[str, Any] = {"NameContains": prefix} if prefix else {}
    return {
        summary["NotebookInstanceName"]: NotebookState(
            name=summary["NotebookInstanceName"],
            arn=summary["NotebookInstanceArn"],
            status=summary["NotebookInstanceStatus"],
            instance_type=summary.get("InstanceType", ""),
            changed=summary["LastModifiedTime"],
            created=summary["CreationTime"],
        )
        for page in clients.pages(account_region, "sagemaker", "ListNotebookInstances", **request)
        for summary in page["NotebookInstances"]
        # NameContains also finds names that hold the prefix further on.
        if summary["NotebookInstanceName"].startswith(prefix)
    }
