"""The status of the seats' notebooks, and the links that open them, from SageMaker."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

from workshop.aws.clients import Clients
from workshop.aws.notebooks import NotebookState, notebooks
from workshop.aws.reads import Unavailable, attempt, attempt_each, side_by_side
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat, account_regions_of

TO_OPEN = timedelta(minutes=5)
"""How long a presigned URL waits to be opened; not to be changed
(https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreatePresignedNotebookInstanceUrl.html).
"""

SHORTEST, LONGEST = timedelta(minutes=30), timedelta(hours=12)
"""Of a session that a presigned URL opens (the same page); AWS's default is the longest."""

AT_ONCE = 8
"""Calls in flight, over all accounts and Regions."""

OPEN = "InService"
MISSING = "missing"
NO_NOTEBOOK = "none"
UNKNOWN = "unknown"
"""Beside SageMaker's own statuses: no such notebook, none to have, and a listing that failed."""


@dataclass(frozen=True)
class Presigned:
    """A link that opens a notebook for whoever has it, without a sign-in."""

    url: str = field(repr=False)
    open_before: datetime
    session: timedelta


@dataclass(frozen=True)
class HandoutNotebook:
    """A seat's notebook; ``problem`` is why it cannot be opened, else empty."""

    status: str
    problem: str = ""
    link: Presigned | None = None


def statuses(
    clients: Clients, loaded: LoadedEnvironment, seats: Sequence[Seat]
) -> dict[str, HandoutNotebook]:
    """Return the notebooks by seat id, from one paged listing for each account and Region."""
    list_in = partial(notebooks, clients, workshop=loaded.settings.workshop)
    listed = attempt_each(list_in, account_regions_of(seats), threads=AT_ONCE)
    return {seat.id: _state(loaded, seat, listed[seat.account_region]) for seat in seats}


def presigned(
    clients: Clients,
    loaded: LoadedEnvironment,
    seats: Sequence[Seat],
    *,
    session: timedelta = LONGEST,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> dict[str, HandoutNotebook]:
    """Return the same, each open notebook with a new link; no seat's failure is another's.

    A session is no longer than ``session``, and ends with the workshop, as far as AWS makes ones so
    short: it is judged by the rights of whoever made the link, which the end does not touch.
    """
    found = statuses(clients, loaded, seats)
    lasts = max(SHORTEST, min(session, loaded.settings.end - now()))

    def opened(seat: Seat) -> HandoutNotebook:
        before = found[seat.id]
        # A listing that failed proves nothing: asking for the link itself may well be allowed.
        if before.status not in {OPEN, UNKNOWN}:
            return before
        # Counted from before the call: the link lives from some moment of the call on.
        asked = now().replace(microsecond=0)
        answer = attempt(
            lambda: clients.call(
                seat.account_region,
                "sagemaker",
                "CreatePresignedNotebookInstanceUrl",
                NotebookInstanceName=loaded.names(seat).notebook,
                SessionExpirationDurationInSeconds=int(lasts.total_seconds()),
            )
        )
        if isinstance(answer, Unavailable):
            return HandoutNotebook(before.status, f"AWS gave no link: {answer.reason}")
        link = Presigned(answer["AuthorizedUrl"], asked + TO_OPEN, lasts)
        return HandoutNotebook(OPEN, link=link)

    made = side_by_side(opened, seats, threads=AT_ONCE)
    return {seat.id: notebook for seat, notebook in made.items()}


def _state(
    loaded: LoadedEnvironment, seat: Seat, listed: Mapping[str, NotebookState] | Unavailable
) -> HandoutNotebook:
    name = loaded.names(seat).notebook
    if not seat.instance_type and (isinstance(listed, Unavailable) or name not in listed):
        return HandoutNotebook(NO_NOTEBOOK)
    if isinstance(listed, Unavailable):
        return HandoutNotebook(UNKNOWN, f"AWS did not list notebooks: {listed.reason}")
    if name not in listed:
        return HandoutNotebook(MISSING, "there is no such notebook")
    status = listed[name].status
    return HandoutNotebook(status, "" if status == OPEN else f"the notebook is {status}")
