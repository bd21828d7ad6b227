"""An environment as everything else gets it: without mistakes, with its seats and their names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from workshop import naming, tags
from workshop.account_region import AccountRegion
from workshop.config import command_line, unknown_seats
from workshop.config.images import Pins
from workshop.config.models import Environment
from workshop.config.roster import Seat
from workshop.errors import UsageError
from workshop.naming import Names


@dataclass(frozen=True)
class LoadedEnvironment:
    """An environment without mistakes, and its seats in the roster's order.

    ``warnings`` are for every command, ``remarks`` for those that look at the files alone;
    ``pins`` are the machine images of its folder.
    """

    name: str
    path: Path
    settings: Environment
    seats: tuple[Seat, ...]
    warnings: tuple[str, ...]
    remarks: tuple[str, ...] = ()
    pins: Pins = field(default_factory=Pins)

    @property
    def home(self) -> AccountRegion:
        """The account and Region of whatever names no other."""
        return AccountRegion(self.settings.account, self.settings.region)

    def command(self, verb: str, *options: str) -> str:
        """Return the command that does ``verb`` with this environment."""
        return command_line.command(verb, self.name, self.path.parent, *options)

    def chosen(self, ids: Sequence[str] | None) -> tuple[Seat, ...]:
        """Return the seats of these ids, each once and in the order given; None chooses all.

        Raises UsageError for an id that is not on the roster.
        """
        if ids is None:
            return self.seats
        by_id: dict[str, list[Seat]] = {}
        for seat in self.seats:
            by_id.setdefault(seat.id, []).append(seat)
        unknown = [seat_id for seat_id in ids if seat_id not in by_id]
        if unknown:
            raise UsageError(unknown_seats.message(unknown, self.seats, self.name, self.path))
        return tuple(seat for seat_id in dict.fromkeys(ids) for seat in by_id[seat_id])

    def seats_in(self, account_region: AccountRegion) -> tuple[Seat, ...]:
        """Return the seats of one account and Region."""
        return tuple(seat for seat in self.seats if seat.account_region == account_region)

    def names(self, seat: Seat) -> Names:
        """Return the names of what belongs to ``seat``."""
        return Names(self.settings.workshop, seat.id, seat.account, seat.region)

    def stacks(self, seat: Seat) -> tuple[str, ...]:
        """Return the names of the stacks that a seat has, in the order in which they are made."""
        return tuple(map(self.names(seat).stack, self.kinds(seat)))

    def kinds(self, seat: Seat) -> tuple[str, ...]:
        """Return the stacks that a seat has by the last word of their names, in that order."""
        return self.settings.profiles[seat.profile].stacks

    def roles(self, seat: Seat) -> tuple[str, ...]:
        """Return the names of the roles that a seat has.

        Of a role that is not there, IAM does not know the path: whoever may use roles below the
        workshop's path alone is denied, and not told that it is missing.
        """
        names = self.names(seat)
        has_console = self.settings.profiles[seat.profile].access.has_console
        return (names.role, names.console_role) if has_console else (names.role,)

    def cohort_names(self, account_region: AccountRegion) -> Names:
        """Return the names of what the seats of one account and Region share."""
        return Names(
            self.settings.workshop, naming.COHORT, account_region.account, account_region.region
        )

    def tags(self, attendee: str, profile: str) -> dict[str, str]:
        """Return the tags of what belongs to a seat, or to the cohort (``cohort`` for both)."""
        return tags.seat_tags(
            workshop=self.settings.workshop,
            environment=self.name,
            attendee=attendee,
            profile=profile,
            extra=self.settings.tags,
        )
