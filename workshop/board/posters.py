"""What the page for the room says: where the doors are, and the class's code while it claims."""

from __future__ import annotations

from dataclasses import dataclass, field

from workshop import events
from workshop.aws.clients import Clients
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import account_regions_of
from workshop.door.codes import CLASS
from workshop.handout import doors


@dataclass(frozen=True)
class Poster:
    """The address of a door; ``code`` is the class's, empty while nobody may claim a seat."""

    where: str
    address: str
    code: str = field(default="", repr=False)


def posters_of(clients: Clients, loaded: LoadedEnvironment) -> list[Poster]:
    """Return a poster for each door, none without one; WorkshopError passes through."""
    if loaded.settings.door is None:
        return []
    now, posters = events.now(), []
    there, _ = doors.doors(clients, loaded, account_regions_of(loaded.seats))
    for where, door in there.items():
        may_claim = door.use(now).claims_until is not None
        code = door.codes([CLASS])[CLASS].code if may_claim else ""
        posters.append(Poster(str(where), door.address, code))
    return posters
