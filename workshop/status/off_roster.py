"""Ids that ``--only`` names and the roster does not: seats that were, and what is left of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from workshop.account_region import AccountRegion
from workshop.aws import stacks, strays
from workshop.aws.clients import Clients
from workshop.aws.strays import Stray
from workshop.config import assignment
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat, account_regions_of
from workshop.counting import count_of
from workshop.files import shown
from workshop.ledger import Ledger


@dataclass(frozen=True)
class OffRoster:
    """What is left of seats that are not on the roster.

    ``stacks`` are what AWS has, ``noted`` what the ledger tells of and AWS need not have any more;
    ``unlisted`` says why the stacks of some accounts and Regions are not known.
    """

    stacks: tuple[Stray, ...]
    noted: tuple[Stray, ...]
    unlisted: dict[AccountRegion, str] = field(default_factory=dict)

    def of(self, ids: Iterable[str]) -> list[Stray]:
        """Return what is known of these ids, each Region once, in the order of the ids."""
        left: dict[tuple[str, AccountRegion], Stray] = {}
        for seat_id in ids:
            for stray in (*self.stacks, *self.noted):
                if stray.seat == seat_id:
                    left.setdefault((seat_id, stray.account_region), stray)
        return list(left.values())


def account_regions(loaded: LoadedEnvironment) -> tuple[AccountRegion, ...]:
    """Return where seats that left the roster may be: at home, with the others, or once there.

    Where each has an account of its own, that is where the file of accounts still names them.
    """
    worked_in = Ledger(loaded.name).account_regions()
    on_roster = account_regions_of(loaded.seats)
    if not loaded.settings.accounts.are_own:
        return tuple(dict.fromkeys((loaded.home, *on_roster, *worked_in)))
    there = {place.account for place in on_roster}
    left = [
        AccountRegion(account, loaded.home.region)
        for account in loaded.assignment.seat_of
        if account not in there
    ]
    return tuple(
        place for place in dict.fromkeys((*on_roster, *left, *worked_in)) if place != loaded.home
    )


def look(clients: Clients, loaded: LoadedEnvironment) -> OffRoster:
    """List the stacks wherever the workshop is or was, and read the ledger."""
    found, unlisted = stacks.in_each(clients, account_regions(loaded))
    known = {(seat.account_region, seat.id) for seat in loaded.seats}
    noted = tuple(
        Stray(seat, account_region, ())
        for account_region, seats in Ledger(loaded.name).seats().items()
        for seat in sorted(
            {loaded.seat_id(noted_seat, account_region.account) for noted_seat in seats}
        )
        if (account_region, seat) not in known
    )
    return OffRoster(strays.off_roster(loaded, found), noted, unlisted)


def seats(loaded: LoadedEnvironment, left: Iterable[Stray]) -> tuple[Seat, ...]:
    """Return these strays as seats."""
    return tuple(strays.seat(loaded, stray) for stray in left)


def sentences(loaded: LoadedEnvironment, left: Sequence[Stray]) -> list[str]:
    """Return what is said of seats that still have stacks, with the command that ends them."""
    lines = []
    for stray in left:
        count = count_of(len(stray.stacks), "stack")
        attendee = strays.seat(loaded, stray).attendee
        prefix = f"{loaded.settings.workshop}-{attendee}-"
        kinds = ", ".join(name.removeprefix(prefix) for name in stray.stacks)
        if stray.seat == stray.account_region.account:
            file = shown(assignment.path(loaded.path))
            lines.append(
                f"account {stray.seat} is nobody's in {file}, but has {count} of the workshop:"
                f" {kinds}; write there whose it is, or end all with:"
                f" {loaded.command('teardown', '--early')}"
            )
            continue
        command = loaded.command("teardown", "--early", "--only", stray.seat)
        lines.append(
            f"{stray.seat!r} is not on the roster any more, but has {count} in"
            f" {stray.account_region}: {kinds}; end it with: {command}"
        )
    return lines
