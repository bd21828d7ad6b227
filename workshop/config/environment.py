"""An environment as everything else gets it: without mistakes, with its seats and their names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from workshop import naming, tags
from workshop.account_region import AccountRegion
from workshop.config import command_line, unknown_seats
from workshop.config.assignment import Assignment
from workshop.config.images import Pins
from workshop.config.models import Environment
from workshop.config.roster import Seat
from workshop.errors import UsageError
from workshop.naming import Names


@dataclass(frozen=True)
class LoadedEnvironment:
    """An environment without mistakes, and its seats in the roster's order.

    ``warnings`` are for every command, ``remarks`` for those that look at the files alone;
    ``pins`` are the machine images of its folder, ``assignment`` the accounts of seats that have
    their own.
    """

    name: str
    path: Path
    settings: Environment
    seats: tuple[Seat, ...]
    warnings: tuple[str, ...]
    remarks: tuple[str, ...] = ()
    pins: Pins = field(default_factory=Pins)
    assignment: Assignment = field(default_factory=Assignment)

    @property
    def home(self) -> AccountRegion:
        """The account and Region of whatever names no other."""
        return AccountRegion(self.settings.account, self.settings.region)

    @property
    def member_role(self) -> str | None:
        """The role, with its path, that is taken on in every other account; None for none."""
        accounts, names = self.settings.accounts, self.cohort_names(self.home)
        if accounts.are_own:
            return accounts.role or f"{names.iam_path}{names.organiser_role}".lstrip("/")
        return self.settings.deploy.role

    @property
    def external_id(self) -> str | None:
        """What has to be known to take on that role, None for nothing."""
        accounts = self.settings.accounts
        if accounts.external_id is not None or not accounts.makes_role:
            return accounts.external_id
        return f"{self.settings.workshop}/{self.name}"

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

    def seat_id(self, attendee: str, account: str) -> str:
        """Return the roster's id of whom AWS knows as ``attendee`` in an account.

        The two differ where each seat has an account of its own; of one that is nobody's, it is the
        account's id.
        """
        if attendee != naming.ALONE or not self.settings.accounts.are_own:
            return attendee
        return self.assignment.seat_of.get(account, account)

    def names(self, seat: Seat) -> Names:
        """Return the names of what belongs to ``seat``."""
        return Names(self.settings.workshop, seat.attendee, seat.account, seat.region)

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

    def artifact(self, kind: str, account_region: AccountRegion, seat: Seat | None = None) -> str:
        """Return what a stack is called in the CDK app: of a ``seat``, or of what seats share.

        Its name, with the account and Region behind it where seats share it away from home; where
        each seat has an account of its own, the name of the stack set.
        """
        names = self.names(seat) if seat else self.cohort_names(account_region)
        if self.settings.accounts.are_own:
            (alone,) = self.seats_in(account_region)
            return names.stack_set(kind, alone.profile)
        if seat or account_region == self.home:
            return names.stack(kind)
        return f"{names.stack(kind)}-{account_region.account}-{account_region.region}"

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
