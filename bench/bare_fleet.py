"""The least that a deployment can take, each in a process of its own: see ``bench.fleet``.

``python -m bench.bare_fleet templates|creates|listing FOLDER``; the last line is JSON with the
seconds of the work itself.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3

from workshop.deploy import assembly, desired
from workshop.deploy.desired import DesiredStack
from workshop.environments import loader

THREADS = 8


def main() -> None:
    what, folder = sys.argv[1], Path(sys.argv[2])
    work: dict[str, Callable[[Path], float]] = {
        "templates": _templates,
        "creates": _creates,
        "listing": _listing,
    }
    print(json.dumps({"seconds": work[what](folder)}))


def _stacks(folder: Path) -> list[DesiredStack]:
    loaded = loader.load("bench", folder)
    made, _ = assembly.synthesize(loaded, loaded.seats)
    return list(desired.stacks(loaded, made, loaded.seats))


def _templates(folder: Path) -> float:
    began = time.perf_counter()
    stacks = _stacks(folder)
    assert all(stack.templates[0].body for stack in stacks)
    return time.perf_counter() - began


def _creates(folder: Path) -> float:
    """CreateStack of everything, cohorts first, and nothing else: nobody waits for a stack."""
    stacks = _stacks(folder)
    clients = {
        region: boto3.client("cloudformation", region_name=region)
        for region in {stack.account_region.region for stack in stacks}
    }

    def create(stack: DesiredStack) -> None:
        template = stack.templates[0]
        tags: list[Any] = [{"Key": key, "Value": value} for key, value in stack.tags.items()]
        clients[stack.account_region.region].create_stack(
            StackName=stack.name,
            TemplateBody=template.body,
            Capabilities=["CAPABILITY_NAMED_IAM"],
            Tags=tags,
        )

    order = {"notebook": 1}
    stacks.sort(key=lambda stack: order.get(stack.kind, 0))
    began = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(create, stacks))
    return time.perf_counter() - began


def _listing(_: Path) -> float:
    client = boto3.client("cloudformation")
    began = time.perf_counter()
    for page in client.get_paginator("describe_stacks").paginate():
        assert page["Stacks"]
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
