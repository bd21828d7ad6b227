"""What the watch has written down: when it ran last, and what it has counted of each seat."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from botocore.exceptions import ClientError

from workshop.account_region import AccountRegion
from workshop.aws import errors
from workshop.aws.clients import Clients
from workshop.aws.reads import Unavailable, attempt, side_by_side
from workshop.config.environment import LoadedEnvironment
from workshop.watch.messages import STATE
from workshop.watch.spending import SPENDING

SILENCE = timedelta(minutes=15)
"""After so long without a run something is wrong: it runs every five minutes."""


@dataclass(frozen=True)
class WatchState:
    """What the watches of all accounts and Regions know.

    ``ran`` is when each ran last, ``unread`` why one could not be asked; ``usd`` is what was
    counted, by seat and kind.
    """

    ran: Mapping[AccountRegion, datetime]
    usd: Mapping[str, Mapping[str, Decimal]]
    unread: Mapping[AccountRegion, str]

    def used(self, seat: str) -> Decimal | None:
        """Return what a seat has used; None where nothing of it was counted."""
        return sum(self.usd[seat].values(), Decimal(0)) if seat in self.usd else None

    def sentences(self, now: datetime) -> list[str]:
        """Return which watches are silent, and which could not be asked."""
        silent = [
            f"warning: {where}: the watch has not run since {ran:%Y-%m-%d %H:%M} UTC, so nothing"
            " holds seats to their caps; look at the function's logs"
            for where, ran in self.ran.items()
            if now - ran > SILENCE
        ]
        return silent + [f"warning: {sentence}" for sentence in self.sentences_of_unread]

    @property
    def sentences_of_unread(self) -> list[str]:
        """Return which watches could not be asked, and why."""
        return [
            f"{where}: what the watch has counted could not be read: {why}"
            for where, why in self.unread.items()
        ]


def read(
    clients: Clients, loaded: LoadedEnvironment, account_regions: Collection[AccountRegion]
) -> WatchState | None:
    """Return what the watches have written down, None for a workshop without caps."""
    if not loaded.settings.budget.is_capped:
        return None

    def both(where: AccountRegion) -> tuple[dict[str, Any], dict[str, Any]] | Unavailable:
        bucket = loaded.cohort_names(where).watch_bucket
        return attempt(
            lambda: (
                _document(clients, where, bucket, STATE),
                _document(clients, where, bucket, SPENDING),
            )
        )

    ran, unread = {}, {}
    usd: dict[str, dict[str, Decimal]] = {}
    answers = side_by_side(both, account_regions, threads=max(1, len(account_regions)))
    for where, answer in answers.items():
        if isinstance(answer, Unavailable):
            unread[where] = answer.reason
            continue
        state, spending = answer
        if "ran" in state:
            ran[where] = datetime.fromisoformat(state["ran"])
        for seat, kinds in spending.get("usd", {}).items():
            usd[seat] = {kind: Decimal(str(one)) for kind, one in kinds.items()}
    return WatchState(ran, usd, unread)


def _document(clients: Clients, where: AccountRegion, bucket: str, key: str) -> dict[str, Any]:
    """Return an object of JSON, empty where the watch has not written it yet."""
    try:
        body = clients.call(where, "s3", "GetObject", Bucket=bucket, Key=key)["Body"]
    except ClientError as error:
        if errors.code(error.response) == "NoSuchKey":
            return {}
        raise
    document: dict[str, Any] = json.loads(body.read())
    return document
