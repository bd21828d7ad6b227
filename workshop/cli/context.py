"""An environment with its way to AWS, as the commands that talk to AWS begin."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from workshop import naming
from workshop.account_region import AccountRegion
from workshop.aws import account_guard, places
from workshop.aws.clients import Clients
from workshop.cli import alike, console, options
from workshop.config import command_line, unknown_seats
from workshop.config.assignment import Assignment
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat, account_regions_of
from workshop.environments import loader
from workshop.errors import GuardError, UsageError, WorkshopError
from workshop.pricing import kept
from workshop.status import off_roster


@dataclass(frozen=True)
class CommandContext:
    """An environment, the chosen seats, and clients for accounts that have proven to be right."""

    loaded: LoadedEnvironment
    seats: tuple[Seat, ...]
    clients: Clients
    options: tuple[str, ...]
    """How the environment and the seats were named on the command line."""

    def command(self, verb: str, *more: str) -> str:
        """Return the command that does ``verb`` with the same seats."""
        return shlex.join(["workshop", verb, *self.options, *more])

    def command_for(self, verb: str, ids: Iterable[str]) -> str:
        """Return the command that does ``verb`` with some of the seats alone.

        Many that are the whole roster are not named.
        """
        some = [*dict.fromkeys(ids)]
        if len(some) > alike.FEW and {*some} == {seat.id for seat in self.loaded.seats}:
            return self.loaded.command(verb)
        return self.loaded.command(verb, "--only", ",".join(some))

    def warn_of_lost(self, reasons: Iterable[tuple[Seat, str]]) -> None:
        """Say once how to be in accounts of seats' own again, if that is what the reasons are."""
        lost = [seat.account_region for seat, why in reasons if places.NO_WAY_IN in why]
        if lost and self.loaded.settings.accounts.are_own:
            console.warn(places.way_in(self.loaded, dict.fromkeys(lost)))

    def refuse_doubted_accounts(self, what: str) -> None:
        """Raise GuardError where nobody can tell that the chosen seats' accounts are theirs.

        ``what`` is what would be done with the account of another then.
        """
        loaded, chosen = self.loaded, {seat.id for seat in self.seats}
        of_chosen = Assignment(
            tuple(line for line in loaded.assignment.accounts if line.seat in chosen)
        )
        ids = [seat.id for seat in loaded.seats]
        doubts = loader.doubted_accounts(loaded.name, loaded.path, of_chosen, ids)
        if doubts:
            raise GuardError(f"{what} might be of another seat: {doubts[0]}")

    @property
    def account_regions(self) -> Sequence[AccountRegion]:
        """Return where the chosen seats are."""
        return account_regions_of(self.seats)


def opened(
    env: str,
    config_dir: Path,
    *,
    only: str | None = None,
    profile: str | None = None,
    with_strays: bool = False,
    pinned: bool = False,
) -> CommandContext:
    """Load an environment, choose its seats and check whose account it is.

    ``pinned`` where instances are made: whatever else is done needs no machine image.
    ``with_strays``: ``only`` may also name seats that left the roster and of which something is
    left. Raises ConfigError and UsageError before AWS is asked anything but what is left of unknown
    seats, and GuardError when the caller's account is another than the environment's.
    """
    loaded = loader.load(env, config_dir, pinned=pinned)
    kept.use(loaded.name)
    clients = Clients.of(loaded)
    known = {seat.id for seat in loaded.seats}
    unknown = [word for word in options.ids(only) or () if word not in known]
    if unknown:
        left = _left_of(unknown, loaded, clients, allowed=with_strays)
        loaded = replace(loaded, seats=(*loaded.seats, *left))
    chosen = options.seats(loaded, only, profile)
    for warning in loaded.warnings:
        console.warn(warning)
    # Of accounts that are seats' own, one that cannot be reached keeps nobody from the others.
    others = () if loaded.settings.accounts.are_own else account_regions_of(chosen)
    account_guard.check_accounts(clients, loaded, [loaded.home, *others])
    named_by = named(env, config_dir, only=only, profile=profile)
    return CommandContext(loaded, chosen, clients, named_by)


def _left_of(
    unknown: Sequence[str], loaded: LoadedEnvironment, clients: Clients, *, allowed: bool
) -> tuple[Seat, ...]:
    """Return the seats of ids that are not on the roster; raise UsageError where there are none."""
    if not all(map(naming.is_seat_id, unknown)):
        raise _unknown(unknown, loaded, ())
    try:
        account_guard.check_accounts(clients, loaded, [loaded.home])
        found = off_roster.look(clients, loaded)
    except WorkshopError as error:
        raise _unknown(
            unknown, loaded, [f"if stacks of it are left is not known: {error}"]
        ) from None
    left = found.of(unknown)
    there = {stray.seat for stray in left if stray.stacks or allowed}
    lost = [word for word in unknown if word not in there]
    if lost:
        raise _unknown(
            lost,
            loaded,
            [
                f"if stacks of it are left in {at} is not known: {why}"
                for at, why in found.unlisted.items()
            ],
        )
    if not allowed:
        raise UsageError("; ".join(off_roster.sentences(loaded, left)))
    return off_roster.seats(loaded, left)


def _unknown(unknown: Sequence[str], loaded: LoadedEnvironment, more: Sequence[str]) -> UsageError:
    plain = unknown_seats.message(unknown, loaded.seats, loaded.name, loaded.path)
    return UsageError("; ".join((plain, *more)))


def named(
    env: str, config_dir: Path, *, only: str | None = None, profile: str | None = None
) -> tuple[str, ...]:
    """Return the options that name an environment and its seats on a command line."""
    chosen = ["--only", only] if only else []
    chosen += ["--profile", profile] if profile else []
    return (*command_line.environment(env, config_dir), *chosen)
