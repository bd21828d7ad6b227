"""A world for the kinds of a teardown: the seats ada and ben of the workshop vision, by name."""

from __future__ import annotations

import os
from collections import Counter
from functools import cache
from typing import Any
from unittest import mock

import boto3

from tests.localcloud import Cloud
from workshop.aws.clients import Clients
from workshop.places import Place
from workshop.teardown import discover
from workshop.teardown.model import Kind, Memory, Ownership, Scope, Thing, World

REGION = "us-east-1"
TAGS = {"workshop": "vision", "environment": "dev", "managed-by": "workshop-provisioner"}


@cache
def _session(_: str) -> boto3.Session:
    """One for all tests against one cloud: it reads each service model once."""
    return boto3.Session()


def place(cloud: Cloud) -> Place:
    return Place(cloud.running.account, cloud.running.region)


def world(cloud: Cloud, *seats: str, whole: bool = False, lasting: Memory | None = None) -> World:
    """What kinds get; the tags are those that the tagging service tells now."""
    with mock.patch.dict(os.environ, cloud.environment(), clear=True):
        clients = Clients(place(cloud))
        clients._sessions[place(cloud).account] = _session(cloud.endpoint)
        for service in (
            *("s3", "ecr", "logs", "cloudwatch", "ec2", "events", "scheduler", "sts"),
            "resourcegroupstaggingapi",
        ):
            clients.client(service, place(cloud))  # takes credentials and endpoint from there
    scope = Scope("vision", "dev", place(cloud), frozenset(seats or ("ada", "ben")), whole)
    tagged = discover.tagged(clients, "vision", place(cloud))
    return World(clients, scope, tagged, lasting=lasting or Memory())


def found(kind: Kind, world: World) -> dict[str, Thing]:
    """What a kind finds, by its id."""
    things = list(kind.find(world))
    assert len({thing.id for thing in things}) == len(things)
    return {thing.id: thing for thing in things}


def owners(kind: Kind, world: World) -> dict[str, tuple[str, str]]:
    """Id -> ownership and seat of what a kind finds."""
    return {name: (thing.ownership.value, thing.seat) for name, thing in found(kind, world).items()}


def thing(world: World, kind: str, name: str, **details: str) -> Thing:
    """A thing as a scan gives it."""
    return Thing(kind, name, world.scope.place, Ownership.OWNED, "a test", "ada", details=details)


def pages_of(world: World, cloud: Cloud, operation: str, **size: int) -> None:
    """Let a listing of S3 have small pages."""
    client = world.clients.client("s3", place(cloud))
    client.meta.events.register(
        f"provide-client-params.s3.{operation}", lambda params, **_: {**params, **size}
    )


def counted(client: Any) -> Counter[str]:
    """Counts a client's calls from now on, by operation."""
    calls: Counter[str] = Counter()
    client.meta.events.register(
        "before-call", lambda model, **_: calls.update([model.name]), unique_id=str(id(calls))
    )
    return calls


def tag_list(**tags: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in {**TAGS, **tags}.items()]
