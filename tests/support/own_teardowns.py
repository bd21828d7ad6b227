"""Teardowns of seats with accounts of their own, and what all of these accounts hold."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from localcloud import process
from tests.support.account_snapshots import Held
from tests.support.adversary_arena import at_once_in
from tests.support.direct_calls import QuickClients, lines_to
from tests.support.own_accounts import REGION, WORKSHOP, OwnAccounts
from tests.support.played_time import played_waits
from tests.support.workshop_command import Ran
from workshop.aws.clients import Clients
from workshop.config.environment import LoadedEnvironment
from workshop.teardown.events import TeardownEvent
from workshop.teardown.run import Teardown

Hear = Callable[[TeardownEvent], object]

APPLY = ("--apply", "--yes", WORKSHOP, "--interval", "0")


def held(own: OwnAccounts, accounts: Iterable[str] = ()) -> dict[str, Held]:
    """Return all that the accounts hold now, those of the seats unless others are named."""
    found = {}
    for account in accounts or [own.account(seat) for seat in own.seats]:
        asked = {"account": account, "region": REGION, "by_seats": False}
        found[account] = process.post(own.cloud.running, "/_localcloud/held", asked)
    return found


@contextmanager
def quick(own: OwnAccounts, hear: Hear = lambda _: None) -> Iterator[None]:
    """Let commands call by the shortest way, play their waits, and tell ``hear`` what happens."""

    def made(loaded: LoadedEnvironment) -> Clients:
        lines = lines_to(own.cloud.running)
        return QuickClients(
            lines, loaded.home, role=loaded.member_role, external_id=loaded.external_id
        )

    def teardown(clients: Any, target: Any, types: Any, sink: Any, **more: Any) -> Teardown:
        def heard(event: TeardownEvent) -> None:
            sink(event)
            hear(event)

        return Teardown(
            clients, target, types, heard, **{**more, **played_waits(own.cloud, deadline=60)}
        )

    with (
        at_once_in(own.cloud),
        mock.patch.object(Clients, "of", made),
        mock.patch("workshop.teardown.session.Teardown", teardown),
    ):
        yield


def planned(own: OwnAccounts, *options: str) -> Ran:
    """``workshop teardown``, to plan alone."""
    with quick(own):
        return own.run("teardown", "--early", *options)


def taken_down(own: OwnAccounts, *options: str, hear: Hear = lambda _: None) -> Ran:
    """``workshop teardown`` twice, to plan and to apply."""
    shown = planned(own, *options)
    assert shown.code == 0, shown.err
    with quick(own, hear):
        return own.run("teardown", "--early", *options, *APPLY)


def report(own: OwnAccounts) -> dict[str, Any]:
    """Return what the last teardown wrote."""
    files = sorted((own.folder / ".workshop/vision").glob("teardown-2*.json"))
    newest: dict[str, Any] = json.loads(files[-1].read_text())
    return newest


def handed_back(own: OwnAccounts) -> dict[str, str]:
    """Return how the last teardown hands back the account of each seat."""
    return {one["seat"]: one["handed_back"] for one in report(own)["accounts"]}
