"""Whether a teardown will be able to look for everything, found out by looking a little.

What may not be listed on the last day keeps a teardown from proving anything, so each resource type
is looked for now, by a few calls of the very listing that a teardown makes: an organization's
policies, a service that the Region does not have and the account's root are then told as AWS
decides them, and not as a simulation does.
"""

from __future__ import annotations

import copy
import shlex
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from workshop.account_region import AccountRegion
from workshop.aws import errors
from workshop.aws.clients import Clients
from workshop.aws.reads import Unavailable
from workshop.counting import count_of, first_of
from workshop.preflight.checks import Check, CheckState
from workshop.preflight.request import Answer, ParallelReads, PreflightRequest
from workshop.teardown import region_inventory, roles
from workshop.teardown.resource import ScanContext, Scope
from workshop.teardown.resources import ALL

MOST_CALLS = 5
"""For one resource type; where there is much of it, the first few calls tell enough."""

SHOWN = 5
"""How many resource types one sentence names."""

SUBJECT = "teardown"


@dataclass(frozen=True)
class TeardownRead:
    """What looking for one resource type came to: which service refused, and why."""

    service: str = ""
    reason: str = ""


def ask(asking: ParallelReads, request: PreflightRequest) -> dict[str, Answer[TeardownRead]]:
    """Begin to look for each resource type in an account and Region."""
    return {name: asking(_look, request.account_region, request, name) for name in _finders()}


def checks(
    account_region: AccountRegion, reads: Mapping[str, TeardownRead | Unavailable]
) -> Iterator[Check]:
    """Return one check that all can be looked for, or one for each service that refuses it."""
    refused: dict[tuple[str, str], list[str]] = {}
    for name, read in reads.items():
        if isinstance(read, Unavailable):
            refused.setdefault(("", read.reason), []).append(name)
        elif read.reason:
            refused.setdefault((read.service, read.reason), []).append(name)
    by_service: dict[str, dict[str, list[str]]] = {}
    for (service, why), names in refused.items():
        by_service.setdefault(service, {})[why] = names
    for service, whys in by_service.items():
        yield _check(account_region, service, whys)
    if reads and not refused:
        yield Check(
            account_region,
            SUBJECT,
            CheckState.OK,
            f"{count_of(len(reads), 'resource type')} can be looked for",
        )


def _check(account_region: AccountRegion, service: str, whys: Mapping[str, list[str]]) -> Check:
    names = [name for some in whys.values() for name in some]
    subject = names[0] if len(names) == 1 else f"{SUBJECT}: {service or 'AWS'}"
    message = (
        f"a teardown will not be able to prove that none is left of: {first_of(names, SHOWN)}"
        f" ({'; '.join(list(whys)[:SHOWN])}); have that allowed, or go on without:"
        f" --accept-unknown {shlex.quote(subject)}"
    )
    return Check(account_region, subject, CheckState.UNKNOWN, message, parts=tuple(names))


def _look(
    clients: Clients, account_region: AccountRegion, request: PreflightRequest, name: str
) -> TeardownRead:
    scope = Scope(
        workshop=request.loaded.settings.workshop,
        environment=request.loaded.name,
        account_region=account_region,
        seats=frozenset(seat.attendee for seat in request.seats),
        whole=True,
    )
    few = _LimitedClients(clients)
    try:
        for _ in _finders()[name](ScanContext(few, scope)):
            pass
    except _CallLimitError:
        return TeardownRead()
    except (BotoCoreError, ClientError) as error:
        if errors.is_not_offered(error):
            return TeardownRead()
        return TeardownRead(few.service, errors.reason(error))
    return TeardownRead()


def _finders() -> dict[str, Callable[[ScanContext], Any]]:
    """Return, by resource type, what looks for it; what is known by more than its kind as well."""
    resource_types = {resource_type.name: resource_type.find for resource_type in ALL}
    return {roles.ROLE: _roles, roles.POLICY: _policies, "tag": _tags, **resource_types}


def _roles(context: ScanContext) -> Any:
    return roles.roles(context.clients, context.scope.workshop, context.scope.account_region)


def _policies(context: ScanContext) -> Any:
    return roles.policies(context.clients, context.scope.workshop, context.scope.account_region)


def _tags(context: ScanContext) -> Any:
    return region_inventory.tagged(
        context.clients, context.scope.workshop, context.scope.account_region
    )


class _CallLimitError(Exception):
    """As many calls were made as are needed to know."""


class _LimitedClients(Clients):
    """Clients of others that make a few calls in all; ``service`` is that of the last one."""

    def __init__(self, clients: Clients) -> None:
        super().__init__(clients.home)
        self.service = ""
        self._of = clients
        self._made = 0
        self._few = threading.Lock()

    def client(
        self, service: str, account_region: AccountRegion, *, attempts: int | None = None
    ) -> Any:
        return _Client(
            self._of.client(service, account_region, attempts=attempts), partial(self.note)
        )

    def note(self, service: str) -> None:
        """Count a call that is about to be made; raises when there were enough."""
        with self._few:
            if self._made >= MOST_CALLS:
                raise _CallLimitError
            self._made += 1
            self.service = service


class _Client:
    """A client of boto3 whose calls, and pages of listings, are noted before they are made."""

    def __init__(self, client: Any, note: Callable[[str], None]) -> None:
        self._client = client
        self._note = note
        self._service = str(client.meta.service_model.service_name)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if name not in self._client.meta.method_to_api_mapping:
            return found

        def call(*given: Any, **request: Any) -> Any:
            self._note(self._service)
            return found(*given, **request)

        return call

    def get_paginator(self, name: str) -> Any:
        """Return a paginator of noted pages."""
        paginator = copy.copy(self._client.get_paginator(name))  # others have the same one
        paginator._method = getattr(self, name)  # noqa: SLF001 - the only way to each page's call
        return paginator
