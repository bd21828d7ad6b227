"""A scan context for resource types: the seats ada and ben of the workshop vision, by name."""

from __future__ import annotations

import os
import threading
from collections import Counter
from functools import cache
from typing import Any
from unittest import mock

import boto3

from tests.support.local_cloud import Cloud
from workshop.account_region import AccountRegion
from workshop.aws.clients import Clients
from workshop.teardown import region_inventory
from workshop.teardown.resource import Ownership, Resource, ScanCache, ScanContext, Scope
from workshop.teardown.resources.base import ResourceType

TAGS = {"workshop": "vision", "environment": "dev", "managed-by": "workshop-provisioner"}


@cache
def _session(_: str) -> boto3.Session:
    """One for all tests against one cloud: it reads each service model once."""
    return boto3.Session()


def account_region(cloud: Cloud) -> AccountRegion:
    return AccountRegion(cloud.running.account, cloud.running.region)


class _PlayedClients(Clients):
    """Takes the cloud's credentials and address, whenever a client is first asked for."""

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(account_region(cloud))
        self._environment = cloud.environment()
        self._patching = threading.Lock()
        self._sessions[self.home.account] = _session(cloud.endpoint)

    def client(self, service: str, account_region: AccountRegion, **more: Any) -> Any:
        with self._patching, mock.patch.dict(os.environ, self._environment, clear=True):
            return super().client(service, account_region, **more)


def context(
    cloud: Cloud, *seats: str, whole: bool = False, lasting: ScanCache | None = None
) -> ScanContext:
    """What resource types get; the tags are those that the tagging service tells now."""
    clients = _PlayedClients(cloud)
    scope = Scope("vision", "dev", account_region(cloud), frozenset(seats or ("ada", "ben")), whole)
    tagged = region_inventory.tagged(clients, "vision", account_region(cloud))
    return ScanContext(clients, scope, tagged, lasting=lasting or ScanCache())


def found(resource_type: ResourceType, context: ScanContext) -> dict[str, Resource]:
    """What a resource type finds, by its id."""
    resources = list(resource_type.find(context))
    assert len({resource.id for resource in resources}) == len(resources)
    return {resource.id: resource for resource in resources}


def owners(resource_type: ResourceType, context: ScanContext) -> dict[str, tuple[str, str]]:
    """Id -> ownership and seat of what a resource type finds."""
    return {
        name: (resource.ownership.value, resource.seat)
        for name, resource in found(resource_type, context).items()
    }


def resource(context: ScanContext, resource_type: str, name: str, **details: str) -> Resource:
    """A resource as a scan gives it."""
    return Resource(
        resource_type,
        name,
        context.scope.account_region,
        Ownership.OWNED,
        "a test",
        "ada",
        details=details,
    )


def pages_of(context: ScanContext, cloud: Cloud, operation: str, **size: int) -> None:
    """Let a listing of S3 have small pages."""
    client = context.clients.client("s3", account_region(cloud))
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
