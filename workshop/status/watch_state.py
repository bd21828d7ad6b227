"""What the watch has written down: when it ran last, and what it has counted of each seat."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from botocore.exceptions import ClientError

from workshop.account_region import AccountRegion
from workshop.aws import errors, places, subscriptions
from workshop.aws.clients import Clients
from workshop.aws.reads import (
    Unavailable,
    attempt,
    read_each,
)
from workshop.aws.stacks import NOT_THERE, StackSummary
from workshop.aws.subscriptions import PENDING, MailSubscription
from workshop.config.environment import LoadedEnvironment
from workshop.counting import first_of
from workshop.naming import WATCH
from workshop.watch.counted import Spending
from workshop.watch.messages import STATE
from workshop.watch.spending import SPENDING, spending_of

SILENCE = timedelta(minutes=15)
"""After so long without a run something is wrong: it runs every five minutes."""


@dataclass(frozen=True)
class WatchOfRegion:
    """What one watch has written down, and whom it tells.

    ``ran`` is None where it never ran, ``made`` where nobody knows since when there is the stack.
    ``mails`` is empty where nobody is to be told by e-mail.
    """

    ran: datetime | None
    made: datetime | None
    basis: str
    """By which prices it counts, in words."""
    problems: tuple[str, ...]
    """What it could not do when it ran last."""
    usd: Mapping[str, Mapping[str, Decimal]]
    """What it has counted, by seat and kind."""
    mails: tuple[MailSubscription, ...] | Unavailable
    spending: Spending
    """The same with what runs of each seat."""


@dataclass(frozen=True)
class WatchState:
    """What the watches of all accounts and Regions know.

    ``unread`` is why one could not be asked. ``notify`` is the variable with the addresses that are
    told by e-mail, None for nobody.
    """

    of: Mapping[AccountRegion, WatchOfRegion]
    unread: Mapping[AccountRegion, str]
    notify: str | None = None

    @property
    def usd(self) -> dict[str, Mapping[str, Decimal]]:
        """Return what was counted, by seat and kind."""
        return {
            seat: kinds
            for region_watch in self.of.values()
            for seat, kinds in region_watch.usd.items()
        }

    def used(self, seat: str) -> Decimal | None:
        """Return what a seat has used; None where nothing of it was counted."""
        return sum(self.usd[seat].values(), Decimal(0)) if seat in self.usd else None

    def sentences(self, loaded: LoadedEnvironment, now: datetime) -> list[str]:
        """Return what is wrong with the watches, each with its cure, and what is not known."""
        wrong = [
            (where, why)
            for where, watch in self.of.items()
            for why in (*_silence(watch, now), *self._mails(watch))
        ]
        found = [*places.told(loaded, wrong), *self.sentences_of_unread(loaded)]
        return [f"warning: {sentence}" for sentence in found]

    def sentences_of_unread(
        self, loaded: LoadedEnvironment, without: Collection[AccountRegion] = ()
    ) -> list[str]:
        """Return which watches could not be asked, and why."""
        return places.told(
            loaded,
            [
                (where, f"what the watch has counted could not be read: {why}")
                for where, why in self.unread.items()
                if where not in without
            ],
        )

    def _mails(self, watch: WatchOfRegion) -> Iterator[str]:
        if self.notify is None:
            return
        if isinstance(watch.mails, Unavailable):
            yield f"whom the watch tells by e-mail could not be read: {watch.mails.reason}"
            return
        if not watch.mails:
            yield f"the watch tells nobody by e-mail; set {self.notify} and deploy again"
        pending = [mail.masked for mail in watch.mails if not mail.confirmed]
        if pending:
            yield (
                f"{', '.join(pending)} {'is' if len(pending) == 1 else 'are'} unconfirmed"
                f" ({PENDING}) and told nothing by e-mail until the link in AWS's mail is clicked;"
                " AWS forgets an unconfirmed address after some days"
            )


def _silence(watch: WatchOfRegion, now: datetime) -> Iterator[str]:
    if watch.ran is None:
        if watch.made is None or now - watch.made > SILENCE:
            yield "the watch has never run, so nothing ends the workshop; look at its function"
    elif now - watch.ran > SILENCE:
        yield (
            f"the watch has not run since {watch.ran:%Y-%m-%d %H:%M} UTC, so nothing holds seats to"
            " their caps; look at the function's logs"
        )
    if watch.problems:
        some = first_of(watch.problems, 1)
        yield f"at its last run the watch could not do all: {some}"


def read(
    clients: Clients,
    loaded: LoadedEnvironment,
    account_regions: Collection[AccountRegion],
    stacked: Mapping[AccountRegion, Mapping[str, StackSummary]] | None = None,
) -> WatchState | None:
    """Return what the watches have written down.

    ``stacked`` are the stacks of accounts and Regions as far as they are known: there a watch is
    asked if it has a stack. None for a workshop without caps of which no stack is known.
    """
    settings, stacked = loaded.settings, stacked or {}
    asked: dict[AccountRegion, datetime | None] = {}
    for where in account_regions:
        names, there = loaded.cohort_names(where), stacked.get(where)
        stack = there.get(names.stack(WATCH)) if there else None
        if stack is not None and stack.status not in NOT_THERE:
            asked[where] = stack.created
        elif settings.budget.is_capped:
            asked[where] = None
    if not asked:
        return None

    known, unread = read_each(lambda where: _of_region(clients, loaded, where, asked[where]), asked)
    return WatchState(known, unread, settings.budget.notify)


def _of_region(
    clients: Clients, loaded: LoadedEnvironment, where: AccountRegion, made: datetime | None
) -> WatchOfRegion:
    names = loaded.cohort_names(where)
    state = _document(clients, where, names.watch_bucket, STATE)
    spending = _document(clients, where, names.watch_bucket, SPENDING)
    mails: tuple[MailSubscription, ...] | Unavailable = ()
    if loaded.settings.budget.notify:
        mails = attempt(lambda: subscriptions.of_watch(clients, where, names))
    return WatchOfRegion(
        ran=datetime.fromisoformat(state["ran"]) if "ran" in state else None,
        made=made,
        basis=str(state.get("basis", "")),
        problems=tuple(map(str, state.get("problems", ()))),
        usd={
            loaded.seat_id(seat, where.account): {
                kind: Decimal(str(usd)) for kind, usd in kinds.items()
            }
            for seat, kinds in spending.get("usd", {}).items()
        },
        mails=mails,
        spending=spending_of(spending),
    )


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
