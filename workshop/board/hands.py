"""The hands that attendees have raised at the door, which keeps them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from workshop.account_region import AccountRegion
from workshop.aws import errors
from workshop.aws.clients import Clients
from workshop.config.environment import LoadedEnvironment
from workshop.door.state import DoorState

T = TypeVar("T")

ORGANISER = "organiser"
"""Who has taken a hand that was taken on the board."""


@dataclass(frozen=True)
class RaisedHand:
    """What somebody needs; ``taken`` is who sees to it, empty for nobody yet."""

    word: str
    at: datetime
    taken: str


def up(clients: Clients, loaded: LoadedEnvironment, where: AccountRegion) -> dict[str, RaisedHand]:
    """Return the hands that are up, by seat; botocore's errors pass through."""
    none: dict[str, dict[str, Any]] = {}
    hands = of_door(clients, loaded, where, DoorState.hands, none)
    read = {seat: _read(hand) for seat, hand in hands.items()}
    return {seat: hand for seat, hand in read.items() if hand is not None}


def take(clients: Clients, loaded: LoadedEnvironment, where: AccountRegion, seat: str) -> str:
    """Note that the organiser sees to a hand; return why that is not so, empty if it is."""
    if state_of(clients, loaded, where).take_hand(seat, ORGANISER):
        return ""
    hand = up(clients, loaded, where).get(seat)
    return f"{seat}: {hand.taken} sees to it already" if hand else f"{seat}: the hand is down"


def state_of(clients: Clients, loaded: LoadedEnvironment, where: AccountRegion) -> DoorState:
    """Return what the door of an account and Region keeps."""
    bucket = loaded.cohort_names(where).watch_bucket
    return DoorState(clients.client("s3", where), bucket, where.account)


def of_door(
    clients: Clients,
    loaded: LoadedEnvironment,
    where: AccountRegion,
    read: Callable[[DoorState], T],
    nothing: T,
) -> T:
    """Return what is read of a door, ``nothing`` without one; botocore's errors pass through."""
    if loaded.settings.door is None:
        return nothing
    try:
        return read(state_of(clients, loaded, where))
    except ClientError as error:
        if errors.code(error.response) == "NoSuchBucket":  # nothing is deployed yet
            return nothing
        raise


def _read(hand: Mapping[str, Any]) -> RaisedHand | None:
    try:
        at = datetime.fromtimestamp(float(hand["at"]), UTC)
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        return None
    taken = str(hand.get("taken") or "")
    by = taken if taken in ("", ORGANISER) else f"helper {taken}"
    return RaisedHand(str(hand.get("word", "")), at, by)
