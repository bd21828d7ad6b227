"""Calls to AWS that are counted, and the listing of all notebooks."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

from botocore import xform_name

from workshop.account_region import AccountRegion
from workshop.aws.clients import Clients
from workshop.status.snapshot import NotebookState

PAGE = 100
"""What the service gives at most, but for CloudWatch Logs, whose most is 50."""


class Calls:
    """Calls in one place, counted by ``service:Operation``; retries are left out."""

    def __init__(self, clients: Clients, place: AccountRegion) -> None:
        self.place = place
        self._clients = clients
        self._made: Counter[str] = Counter()
        self._lock = threading.Lock()

    def note(self, operation: str) -> None:
        """Count one call that somebody else makes."""
        with self._lock:
            self._made[operation] += 1

    def one(self, service: str, operation: str, **request: Any) -> dict[str, Any]:
        """Call an operation, named as in the API; botocore's errors pass through."""
        self.note(f"{service}:{operation}")
        client = self._clients.client(service, self.place)
        answer: dict[str, Any] = getattr(client, xform_name(operation))(**request)
        return answer

    def pages(
        self, service: str, operation: str, *, size: int = PAGE, **request: Any
    ) -> Iterator[dict[str, Any]]:
        """The pages of a listing; botocore's errors pass through."""
        client = self._clients.client(service, self.place)
        pages = client.get_paginator(xform_name(operation)).paginate(
            **request, PaginationConfig={"PageSize": size}
        )
        self.note(f"{service}:{operation}")
        for number, page in enumerate(pages):
            if number:
                self.note(f"{service}:{operation}")
            yield page

    @property
    def made(self) -> dict[str, int]:
        """How many calls so far."""
        with self._lock:
            return dict(sorted(self._made.items()))


def notebooks(calls: Calls, workshop: str) -> dict[str, NotebookState]:
    """The notebooks of a place whose names begin with the workshop's, by name.

    botocore's errors pass through: a listing that fails is not an empty one.
    """
    prefix = f"{workshop}-"
    return {
        one["NotebookInstanceName"]: NotebookState(
            name=one["NotebookInstanceName"],
            arn=one["NotebookInstanceArn"],
            status=one["NotebookInstanceStatus"],
            instance_type=one["InstanceType"],
            changed=one["LastModifiedTime"],
        )
        for page in calls.pages("sagemaker", "ListNotebookInstances", NameContains=prefix)
        for one in page["NotebookInstances"]
        # NameContains also finds what holds the prefix further on.
        if one["NotebookInstanceName"].startswith(prefix)
    }
