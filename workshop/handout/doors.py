"""The door of each account and Region, as organisers handle it: its address, codes and claims."""

from __future__ import annotations

import http.client
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from workshop.account_region import AccountRegion
from workshop.aws import errors, places, stacks
from workshop.aws.clients import Clients
from workshop.aws.reads import read_each
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat, account_regions_of
from workshop.door import codes
from workshop.door.claims import Claiming
from workshop.door.codes import CLASS, code_of, helper_subject, seat_subject, spelled
from workshop.door.state import (
    CLAIMING,
    CLAIMS,
    HANDS,
    OPENED,
    TRIES,
    BusyError,
    DoorState,
)
from workshop.errors import UsageError, WorkshopError
from workshop.handout import claim_pace
from workshop.handout.claim_pace import ClaimPace
from workshop.naming import DOOR, DOOR_ADDRESS

SECONDS = 10
"""For which the door may take to answer."""


@dataclass(frozen=True)
class DoorCode:
    """Who has a code, and the code as people read it."""

    subject: str
    code: str = field(repr=False)

    @property
    def path(self) -> str:
        """What follows the door's address in a QR code."""
        return f"c/{self.code.replace('-', '')}"


@dataclass(frozen=True)
class DoorUse:
    """What a door knows of its visitors; ``claims_until`` is None while claiming is closed."""

    opened: int
    claims: tuple[str, ...]
    hands: tuple[str, ...]
    claims_until: float | None
    pace: ClaimPace


@dataclass(frozen=True)
class SeatsDoor:
    """The door of one account and Region, at an address that its stack tells."""

    clients: Clients
    loaded: LoadedEnvironment
    account_region: AccountRegion
    address: str

    @property
    def _state(self) -> DoorState:
        s3 = self.clients.client("s3", self.account_region)
        bucket = self.loaded.cohort_names(self.account_region).watch_bucket
        return DoorState(s3, bucket, self.account_region.account)

    @contextmanager
    def _kept(self) -> Iterator[DoorState]:
        """Give what the door keeps; raise WorkshopError where it cannot be read or written."""
        try:
            yield self._state
        except BusyError as error:
            raise WorkshopError(
                "others change what the door keeps all the time; run this again"
            ) from error
        except ClientError as error:
            raise WorkshopError(
                f"what the door keeps could not be used ({errors.describe(error)}); mend that and"
                " run this again"
            ) from error

    def codes(self, subjects: Iterable[str]) -> dict[str, DoorCode]:
        """Return the codes of these subjects, by subject; the first who asks makes the key."""
        with self._kept() as state:
            key, generations = state.key(), state.generations()
        return {
            subject: DoorCode(subject, spelled(code_of(key, subject, generations.get(subject, 0))))
            for subject in subjects
        }

    def seats_codes(self, seats: Iterable[Seat]) -> dict[str, DoorCode]:
        """Return the codes of seats, by the seats' ids."""
        subjects = {seat.id: seat_subject(seat.attendee) for seat in seats}
        made = self.codes(subjects.values())
        return {seat: made[subject] for seat, subject in subjects.items()}

    def shared_codes(self, helpers: int) -> list[DoorCode]:
        """Return the code of the class, and those of some helpers."""
        subjects = [CLASS, *(helper_subject(number) for number in range(1, helpers + 1))]
        return [*self.codes(subjects).values()]

    def let_claim(self, claiming: Claiming, *, renew: bool) -> DoorCode:
        """Let people claim seats, or no more, and return the class's code.

        ``renew`` gives the class a new code: who knows the old one alone claims nothing.
        """
        with self._kept() as state:
            if renew:
                state.renew(CLASS)
            for _ in range(TRIES):
                _, condition = state.read(CLAIMING)
                if state.write(CLAIMING, claiming.document(), condition):
                    return self.codes([CLASS])[CLASS]
            raise BusyError(CLAIMING)

    def undo_since(self, since: datetime) -> dict[str, DoorCode]:
        """Undo all claims since then, and return the new codes of their seats, by seat.

        Claiming is closed before, and the class's code renewed: whoever claimed too much would go
        on.
        """
        self.let_claim(Claiming(), renew=True)
        undone: list[str] = []
        with self._kept() as state:
            while late := [s for s, at in state.times(CLAIMS).items() if at >= since.timestamp()]:
                for seat in late:
                    state.undo(seat)
                undone += late
        made = self.codes(map(seat_subject, undone))
        return {seat: made[seat_subject(seat)] for seat in undone}

    def undo(self, seat: str) -> tuple[bool, DoorCode]:
        """Give a seat a new code and free it; return whether it was claimed, and the code."""
        with self._kept() as state:
            was_claimed = state.undo(seat)
        return was_claimed, self.codes([seat_subject(seat)])[seat_subject(seat)]

    def use(self, now: datetime) -> DoorUse:
        """Return what the door knows of its visitors."""
        with self._kept() as state:
            until = Claiming.read(state).until
            return DoorUse(
                opened=len(state.names(OPENED)),
                claims=tuple(state.names(CLAIMS)),
                hands=tuple(name.removesuffix(".json") for name in state.names(HANDS)),
                claims_until=until if until > now.timestamp() else None,
                pace=claim_pace.read(state, now),
            )

    def answers(self) -> bool:
        """Return whether the door answers whoever asks from here."""
        parts = urlsplit(self.address)
        host = parts.hostname or ""
        # Names below localhost lead to this machine, whether or not a resolver knows that.
        where = "127.0.0.1" if host.endswith(".localhost") else host
        kind = (
            http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        )
        connection = kind(where, parts.port, timeout=SECONDS)
        try:
            connection.request("GET", "/healthz", headers={"Host": parts.netloc})
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def doors(
    clients: Clients, loaded: LoadedEnvironment, account_regions: Sequence[AccountRegion]
) -> tuple[dict[AccountRegion, SeatsDoor], dict[AccountRegion, str]]:
    """Return the door of each account and Region, and why those of others cannot be used.

    Raise UsageError where the YAML has none. That one is not deployed keeps nobody from another
    where each seat has an account of its own, and raises WorkshopError anywhere else.
    """
    if loaded.settings.door is None:
        raise UsageError(
            f"{loaded.path} has no door; write 'door: {{}}' into it, and make it with:"
            f" {loaded.command('deploy')}"
        )
    address = partial(_address, clients, loaded)
    addresses, unread = places.read_in_each(loaded, address, account_regions)
    there = {
        where: SeatsDoor(clients, loaded, where, address) for where, address in addresses.items()
    }
    return there, unread


def seats_codes(
    clients: Clients, loaded: LoadedEnvironment, seats: Sequence[Seat]
) -> tuple[dict[str, tuple[str, DoorCode]], dict[AccountRegion, str]]:
    """Return the address and the code of each seat, and why those of others are not known.

    Raise as :func:`doors`, and WorkshopError where the codes of all are not known.
    """
    there, unread = doors(clients, loaded, account_regions_of(seats))

    def codes_in(where: AccountRegion) -> dict[str, tuple[str, DoorCode]]:
        here = [seat for seat in seats if seat.account_region == where]
        made = there[where].seats_codes(here)
        return {seat: (there[where].address, code) for seat, code in made.items()}

    found, refused = read_each(codes_in, there)
    if refused and not loaded.settings.accounts.are_own:
        raise WorkshopError(next(iter(refused.values())))
    return {seat: code for some in found.values() for seat, code in some.items()}, unread | refused


def _address(clients: Clients, loaded: LoadedEnvironment, account_region: AccountRegion) -> str:
    name = loaded.cohort_names(account_region).stack(DOOR)
    if loaded.settings.accounts.are_own:  # where AWS knows the stack by its set's name
        stack = stacks.stacks(clients, account_region).get(name)
        name = stack.id if stack else name
    try:
        answer = clients.call(account_region, "cloudformation", "DescribeStacks", StackName=name)
    except ClientError as error:
        if errors.code(error.response) != "ValidationError":
            raise
        answer = {"Stacks": [{}]}
    outputs = answer["Stacks"][0].get("Outputs", [])
    found = [output["OutputValue"] for output in outputs if output["OutputKey"] == DOOR_ADDRESS]
    if not found:
        raise WorkshopError(
            f"the door of account {account_region.account}, {account_region.region} is not there;"
            f" make it with: {loaded.command('deploy')}"
        )
    return str(found[0])


MOST_HELPERS = codes.HELPERS
"""As many helpers can have a code of their own."""
