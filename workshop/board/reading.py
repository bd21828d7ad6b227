"""What the board reads at once: the state as ``workshop status`` has it, and what people say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from workshop.account_region import AccountRegion
from workshop.aws import places
from workshop.aws.clients import Clients
from workshop.aws.reads import read_each
from workshop.board import claims as claimed
from workshop.board import hands as raised
from workshop.board.hands import RaisedHand
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import account_regions_of
from workshop.errors import SignInError
from workshop.requests.inbox import CohortInbox
from workshop.status.collector import StatusScan
from workshop.teardown import freeze

T = TypeVar("T")
Messages = list[dict[str, Any]]


@dataclass(frozen=True)
class BoardReading:
    """The state at a moment; ``problems`` says what else could not be read, and why."""

    loaded: LoadedEnvironment
    seen: StatusScan
    hands: Mapping[AccountRegion, Mapping[str, RaisedHand]]
    messages: Mapping[AccountRegion, Messages]
    frozen: Mapping[AccountRegion, frozenset[str]]
    """Names of the roles that are frozen."""
    problems: tuple[str, ...]
    claims: Mapping[AccountRegion, str] = field(default_factory=dict)
    """How fast seats are claimed, empty where none is."""


@dataclass
class BoardSource:
    """Where a board has its environment and its state from.

    ``load`` reads the files, which a swap changes; ``take`` is the scan of ``workshop status``;
    ``connect`` makes clients anew and checks whose account it is.
    """

    clients: Clients
    load: Callable[[], LoadedEnvironment]
    take: Callable[[Clients, LoadedEnvironment], StatusScan]
    connect: Callable[[], Clients]
    known: LoadedEnvironment = field(init=False)
    """The environment as its files were read last."""
    _signed_out: bool = False

    def __post_init__(self) -> None:
        self.known = self.load()

    def read(self) -> BoardReading:
        """Read everything once; what fails beside the state itself hides nothing else.

        A board runs for days: after the sign-in has ended, each read asks whether there is another.
        """
        loaded = self.known = self.load()
        if self._signed_out:
            self.clients = self.connect()
        try:
            found = self._read(loaded)
        except SignInError:
            self._signed_out = True
            raise
        self._signed_out = False
        return found

    def _read(self, loaded: LoadedEnvironment) -> BoardReading:
        seen = self.take(self.clients, loaded)
        hands, no_hands = _each(loaded, partial(raised.up, self.clients, loaded))
        messages, no_messages = messages_in(self.clients, loaded)
        frozen, no_frozen = _each(
            loaded, lambda where: freeze.frozen(self.clients, loaded.settings.workshop, where)
        )
        claims, no_claims = _each(
            loaded, lambda where: claimed.pace(self.clients, loaded, where, seen.at)
        )
        unread = {
            "raised hands": no_hands,
            "claims": no_claims,
            "messages": no_messages,
            "which seats are frozen": no_frozen,
        }
        problems = places.unread(loaded, _by_place(unread, seen))
        problems += [] if seen.watch is None else seen.watch.sentences(loaded, seen.at)
        return BoardReading(loaded, seen, hands, messages, frozen, tuple(problems), claims)


def _by_place(
    beside: Mapping[str, Mapping[AccountRegion, str]], seen: StatusScan
) -> dict[AccountRegion, dict[str, str]]:
    """Return what could not be read beside the state and of it, by account and Region."""
    found: dict[AccountRegion, dict[str, str]] = {}
    for what, reasons in beside.items():
        for where, why in reasons.items():
            found.setdefault(where, {})[what] = why
    for where, parts in seen.unknown.items():
        found.setdefault(where, {}).update(parts)
    return found


def messages_in(
    clients: Clients, loaded: LoadedEnvironment
) -> tuple[dict[AccountRegion, Messages], dict[AccountRegion, str]]:
    """Return the messages of all accounts and Regions, to seats by their ids, and what failed."""

    def read(where: AccountRegion) -> Messages:
        found = CohortInbox(clients, loaded, where).messages()
        return [
            {**message, "seats": [loaded.seat_id(seat, where.account) for seat in message["seats"]]}
            if message.get("seats")
            else message
            for message in found
        ]

    return _each(loaded, read)


def _each(
    loaded: LoadedEnvironment, read: Callable[[AccountRegion], T]
) -> tuple[dict[AccountRegion, T], dict[AccountRegion, str]]:
    return read_each(read, account_regions_of(loaded.seats))


def told(messages: Messages, seat: str) -> str:
    """Return the last message to one seat alone, empty for none."""
    own = [message for message in messages if seat in (message.get("seats") or ())]
    return str(own[-1]["text"]) if own else ""


def told_all(messages: Messages) -> str:
    """Return the last message to everybody, empty for none."""
    everybody = [message for message in messages if message.get("seats") is None]
    return str(everybody[-1]["text"]) if everybody else ""
