"""Puts a message where every running machine shows it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from workshop import events
from workshop.aws.clients import Clients
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat, account_regions_of
from workshop.counting import count_of
from workshop.errors import UsageError
from workshop.requests import inbox
from workshop.requests.everywhere import in_each
from workshop.requests.inbox import CohortInbox


def message(text: str) -> str:
    """Return the one line that is shown; raise UsageError for none, and where it is too long."""
    shown = " ".join(text.split())
    if not shown:
        raise UsageError("the message is empty; write what everybody is to read")
    if len(shown) > inbox.LONGEST_MESSAGE:
        raise UsageError(
            f"the message has {len(shown):,} characters; use {inbox.LONGEST_MESSAGE:,} at most,"
            " or hand out a file with: workshop share"
        )
    return shown


def tell(clients: Clients, loaded: LoadedEnvironment, seats: Sequence[Seat], text: str) -> str:
    """Tell everybody where these seats are; return how many show it, and when."""
    now = events.now().timestamp()
    message_id = inbox.new_id(now)
    edit = partial(inbox.with_message, message_id=message_id, text=text, now=now)
    in_each(
        loaded,
        account_regions_of(seats),
        lambda where: CohortInbox(clients, loaded, where).change(edit),
    )
    count = count_of(len(seats), "seat")
    return f"machines of {count} show it within two minutes"
