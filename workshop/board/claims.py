"""What organisers see and undo of claims of free seats, which a script can make as well."""

from __future__ import annotations

from datetime import datetime

from workshop.account_region import AccountRegion
from workshop.aws.clients import Clients
from workshop.board.hands import of_door
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import account_regions_of
from workshop.handout import claim_pace, doors


def pace(clients: Clients, loaded: LoadedEnvironment, where: AccountRegion, now: datetime) -> str:
    """Return how fast seats are claimed, empty while none is; botocore's errors pass through."""
    found = of_door(clients, loaded, where, lambda state: claim_pace.read(state, now), None)
    return found.sentence() if found and found.claims else ""


def undone(clients: Clients, loaded: LoadedEnvironment, since: str, now: datetime) -> list[str]:
    """Undo all claims since a time of today, and return the seats that are free again.

    Raise UsageError for what is no time, and WorkshopError where a door is not there.
    """
    moment = claim_pace.since(since, loaded.settings.end.tzinfo, now)
    there, _ = doors.doors(clients, loaded, account_regions_of(loaded.seats))
    return [seat for door in there.values() for seat in door.undo_since(moment)]
