"""The MLflow Apps of an account and Region, from one paged listing."""

from __future__ import annotations

from workshop.account_region import AccountRegion
from workshop.aws.clients import Clients

UP = frozenset({"Creating", "Created", "Updating", "Updated"})
"""Statuses of an App that can be used, or soon."""


def mlflow_apps(clients: Clients, account_region: AccountRegion) -> dict[str, str]:
    """Return the statuses of Apps by name; botocore's errors pass through.

    Of several of one name, which AWS allows, one that is up counts.
    """
    found: dict[str, str] = {}
    for page in clients.pages(account_region, "sagemaker", "ListMlflowApps"):
        for summary in page["Summaries"]:
            if found.get(summary["Name"]) not in UP:
                found[summary["Name"]] = summary["Status"]
    return found
