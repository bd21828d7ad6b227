"""Requests for quota increases: recorded, and open until the quota is raised by hand.

Nobody decides about them here. The admin endpoint ``quotas`` stands for AWS's support: it approves
an open request that its value fulfils.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from typing import Any

from localcloud import ministack_adapter
from localcloud.accounts import AccountRegion
from localcloud.clock import Clock
from localcloud.protocol.errors import ApiError
from localcloud.service_quotas.catalogue import Quota


@dataclass
class Increase:
    """One request; ``created`` and ``updated`` in seconds since the epoch."""

    id: str
    account: str
    region: str
    service: str
    code: str
    desired: float
    requester: str
    created: float
    updated: float
    status: str = "PENDING"


class Increases:
    """All requests of all accounts, oldest first."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._all: dict[str, Increase] = {}

    def ask(self, where: AccountRegion, quota: Quota, desired: float, requester: str) -> Increase:
        """Record a request; ``ApiError`` if one is open for that quota already."""
        if self._open(where, quota) is not None:
            raise ApiError(
                "ResourceAlreadyExistsException",
                "Only one open service quota increase request is allowed per quota.",
            )
        now = self._clock.now()
        made = Increase(
            id=str(ministack_adapter.module("core.responses").new_uuid()).replace("-", ""),
            account=where[0],
            region=where[1],
            service=quota.service,
            code=quota.code,
            desired=desired,
            requester=requester,
            created=now,
            updated=now,
        )
        self._all[made.id] = made
        return made

    def seen_from(self, places: Collection[AccountRegion]) -> list[Increase]:
        """The requests made in these places, newest first."""
        found = [
            increase
            for increase in self._all.values()
            if (increase.account, increase.region) in places
        ]
        return found[::-1]

    def approve(self, where: AccountRegion, quota: Quota, value: float) -> None:
        """Close the open request for a quota if ``value`` is all that it asked for."""
        asked = self._open(where, quota)
        if asked is not None and value >= asked.desired:
            asked.status, asked.updated = "APPROVED", self._clock.now()

    def reset(self) -> None:
        self._all.clear()

    def get_state(self) -> list[dict[str, Any]]:
        return [asdict(increase) for increase in self._all.values()]

    def load_persisted_state(self, data: Iterable[dict[str, Any]]) -> None:
        self._all = {document["id"]: Increase(**document) for document in data}

    def _open(self, where: AccountRegion, quota: Quota) -> Increase | None:
        for increase in self._all.values():
            same = (increase.account, increase.region, increase.service, increase.code)
            if increase.status == "PENDING" and same == (*where, quota.service, quota.code):
                return increase
        return None
