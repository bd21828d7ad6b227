"""Asks SageMaker how the seats' notebooks are, and for the links that open them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from botocore.exceptions import BotoCoreError, ClientError

from workshop.account_region import AccountRegion
from workshop.aws.clients import Clients
from workshop.aws.errors import code
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat, account_regions

TO_OPEN = timedelta(minutes=5)
"""How long a presigned URL waits to be opened; not to be changed
(https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreatePresignedNotebookInstanceUrl.html).
"""

SHORTEST, LONGEST = timedelta(minutes=30), timedelta(hours=12)
"""Of a session that a presigned URL opens (the same page); AWS's default is the longest."""

AT_ONCE = 8
"""Calls in flight, over all places together."""

OPEN = "InService"
MISSING = "missing"
UNKNOWN = "unknown"
"""Beside SageMaker's own statuses: it is not there, and it could not be asked."""


@dataclass(frozen=True)
class Presigned:
    """A link that opens a notebook without any sign-in, for whoever has it."""

    url: str = field(repr=False)
    open_before: datetime
    session: timedelta


@dataclass(frozen=True)
class HandoutNotebook:
    """How the notebook of one seat is; ``problem`` is why it cannot be opened, else empty."""

    status: str
    problem: str = ""
    link: Presigned | None = None


def statuses(
    clients: Clients, loaded: LoadedEnvironment, seats: Sequence[Seat]
) -> dict[str, HandoutNotebook]:
    """The notebooks of the seats by seat id, from one paged listing for each place."""
    where = account_regions(seats)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        prefix = f"{loaded.settings.workshop}-"
        listings = pool.map(lambda place: _listing(clients, place, prefix), where)
        listed = dict(zip(where, listings, strict=True))
    return {
        seat.id: _state(loaded.names(seat).notebook, listed[seat.account_region]) for seat in seats
    }


def presigned(
    clients: Clients,
    loaded: LoadedEnvironment,
    seats: Sequence[Seat],
    *,
    session: timedelta = LONGEST,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> dict[str, HandoutNotebook]:
    """The same, each open notebook with a fresh link; one seat's failure is that seat's alone."""
    found = statuses(clients, loaded, seats)

    def opened(seat: Seat) -> HandoutNotebook:
        before = found[seat.id]
        # A listing that failed proves nothing: asking for the link itself may well be allowed.
        if before.status not in {OPEN, UNKNOWN}:
            return before
        # Counted from before the call: the link lives from some moment of the call on.
        asked = now().replace(microsecond=0)
        try:
            answer = clients.client(
                "sagemaker", seat.account_region
            ).create_presigned_notebook_instance_url(
                NotebookInstanceName=loaded.names(seat).notebook,
                SessionExpirationDurationInSeconds=int(session.total_seconds()),
            )
        except (BotoCoreError, ClientError) as error:
            return HandoutNotebook(before.status, f"AWS gave no link: {_told(error)}")
        link = Presigned(answer["AuthorizedUrl"], asked + TO_OPEN, session)
        return HandoutNotebook(OPEN, link=link)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return {
            seat.id: notebook for seat, notebook in zip(seats, pool.map(opened, seats), strict=True)
        }


def _listing(clients: Clients, place: AccountRegion, prefix: str) -> dict[str, str] | str:
    """Status by name of the workshop's notebooks in one place, or why nobody knows."""

    def pages() -> Iterator[tuple[str, str]]:
        client = clients.client("sagemaker", place)
        pager = client.get_paginator("list_notebook_instances")
        for page in pager.paginate(NameContains=prefix, PaginationConfig={"PageSize": 100}):
            for instance in page["NotebookInstances"]:
                yield instance["NotebookInstanceName"], instance["NotebookInstanceStatus"]

    try:
        return dict(pages())
    except (BotoCoreError, ClientError) as error:
        return _told(error)


def _state(name: str, listed: dict[str, str] | str) -> HandoutNotebook:
    if isinstance(listed, str):
        return HandoutNotebook(UNKNOWN, f"AWS did not list notebooks: {listed}")
    status = listed.get(name, MISSING)
    if status == OPEN:
        return HandoutNotebook(status)
    told = "there is no such notebook" if status == MISSING else f"the notebook is {status}"
    return HandoutNotebook(status, told)


def _told(error: BotoCoreError | ClientError) -> str:
    if isinstance(error, ClientError):
        return f"{code(error.response)}: {error.response['Error'].get('Message', '')}"
    return str(error)
