"""The bare calls of StackSets, each in a process of its own: see ``bench.accounts``.

``python -m bench.bare_accounts deploy|listing FOLDER``; the last line is JSON with the seconds of
the calls.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import boto3

from workshop.accounts import desired
from workshop.accounts.desired import DesiredSet
from workshop.config.environment import LoadedEnvironment
from workshop.deploy import assembly
from workshop.environments import loader
from workshop.naming import ORGANISER, ORGANISER_ACCOUNT, ORGANISER_PRINCIPALS

POLL = 0.5
"""Seconds between two looks at an operation."""


def main() -> None:
    what, folder = sys.argv[1], Path(sys.argv[2])
    work = {"deploy": _deploy, "listing": _listing}
    print(json.dumps({"seconds": work[what](folder)}))


def _deploy(folder: Path) -> float:
    loaded = loader.load("bench", folder)
    made, _ = assembly.synthesize(loaded, loaded.seats)
    by_kind = {stack_set.kind: stack_set for stack_set in desired.sets(loaded, made, loaded.seats)}
    client = boto3.client("cloudformation")
    began = time.perf_counter()
    for level in desired.levels(by_kind):
        open_ones = [_begin(client, loaded, by_kind[kind]) for kind in level]
        while open_ones:
            time.sleep(POLL)
            open_ones = [operation for operation in open_ones if _is_open(client, *operation)]
    return time.perf_counter() - began


def _begin(client: Any, loaded: LoadedEnvironment, stack_set: DesiredSet) -> tuple[str, str]:
    everybody = f"arn:aws:iam::{loaded.home.account}:*"
    values = {ORGANISER_ACCOUNT: loaded.home.account, ORGANISER_PRINCIPALS: everybody}
    client.create_stack_set(
        StackSetName=stack_set.name,
        TemplateBody=stack_set.template.body,
        Capabilities=["CAPABILITY_NAMED_IAM"],
        PermissionModel="SERVICE_MANAGED",
        AutoDeployment={"Enabled": False},
        Tags=[{"Key": key, "Value": value} for key, value in stack_set.tagged.items()],
        Parameters=[
            {"ParameterKey": key, "ParameterValue": value}
            for key, value in (values.items() if stack_set.kind == ORGANISER else ())
        ],
    )
    answer = client.create_stack_instances(
        StackSetName=stack_set.name,
        DeploymentTargets={"OrganizationalUnitIds": list(loaded.settings.accounts.units)},
        Regions=[loaded.home.region],
        OperationPreferences={"MaxConcurrentPercentage": 100, "FailureTolerancePercentage": 100},
    )
    return stack_set.name, answer["OperationId"]


def _is_open(client: Any, name: str, operation: str) -> bool:
    answer = client.describe_stack_set_operation(StackSetName=name, OperationId=operation)
    status = answer["StackSetOperation"]["Status"]
    assert status in {"QUEUED", "RUNNING", "SUCCEEDED"}, status
    return bool(status != "SUCCEEDED")


def _listing(_: Path) -> float:
    client = boto3.client("cloudformation")
    began = time.perf_counter()
    for page in client.get_paginator("list_stack_sets").paginate(Status="ACTIVE"):
        for summary in page["Summaries"]:
            pages = client.get_paginator("list_stack_instances")
            for instances in pages.paginate(StackSetName=summary["StackSetName"]):
                assert instances["Summaries"]
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
