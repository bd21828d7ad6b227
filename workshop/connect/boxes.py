"""A seat's EC2 instance as whoever connects needs it: which it is, and if it can be entered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from botocore.exceptions import ClientError

from workshop.aws import boxes, places
from workshop.aws.boxes import BoxState
from workshop.aws.clients import Clients
from workshop.aws.reads import Unavailable, attempt_each
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat, account_regions_of
from workshop.errors import UsageError, WorkshopError

RUNNING = "running"
MISSING = "missing"
UNKNOWN = "unknown"
"""Beside EC2's own states: no such instance, and a listing that failed."""
AT_ONCE = 8
"""Calls in flight, over all accounts and Regions."""
_CURES = {"stopped": "start", "stopping": "start", MISSING: "deploy"}
"""State -> the command that mends it; what is missing here, time mends."""


@dataclass(frozen=True)
class SeatBox:
    """A seat's instance; ``problem`` is why nobody can enter it, else empty."""

    state: str
    problem: str = ""
    id: str = ""
    instance_type: str = ""
    zone: str = ""


def of_seats(
    clients: Clients, loaded: LoadedEnvironment, seats: Sequence[Seat]
) -> dict[str, SeatBox]:
    """Return the instances by seat id, of those seats alone whose profile has one."""
    chosen = [seat for seat in seats if loaded.settings.profiles[seat.profile].has_box]
    list_in = partial(boxes.boxes, clients, workshop=loaded.settings.workshop)
    listed = attempt_each(list_in, account_regions_of(chosen), threads=AT_ONCE)
    return {
        seat.id: _box(loaded.names(seat).stack("box"), listed[seat.account_region])
        for seat in chosen
    }


def of_seat(clients: Clients, loaded: LoadedEnvironment, seat: Seat) -> SeatBox:
    """Return the instance of one seat; raise WorkshopError where none can be named, with a cure."""
    if not loaded.settings.profiles[seat.profile].has_box:
        raise UsageError(
            f"{seat.id} has no EC2 instance: the profile {seat.profile!r} has no 'ec2'; open its"
            f" notebook with: {loaded.command('handout', '--only', seat.id)}"
        )
    found = of_seats(clients, loaded, [seat])[seat.id]
    if found.state == MISSING:
        raise WorkshopError(f"{seat.id} has no EC2 instance yet{cure(loaded, seat.id, MISSING)}")
    if found.state == UNKNOWN:
        lost = loaded.settings.accounts.are_own and places.NO_WAY_IN in found.problem
        way_in = places.way_in(loaded, [seat.account_region]) if lost else ""
        raise WorkshopError(f"{found.problem}; {way_in or 'mend that and run this again'}")
    return found


def is_online(clients: Clients, seat: Seat, box: SeatBox) -> bool | None:
    """Return whether Systems Manager reaches an instance that runs; None where AWS does not say."""
    try:
        answer = clients.call(seat.account_region, "ssm", "GetConnectionStatus", Target=box.id)
    except ClientError:
        return None
    return bool(answer["Status"] == "connected")


def cure(loaded: LoadedEnvironment, seat: str, state: str) -> str:
    """Return what lets an instance be entered, as the end of a sentence; empty where time does."""
    verb = _CURES.get(state)
    if verb is None:
        return ""
    once = " once it is stopped" if state == "stopping" else ""
    what = "make it" if state == MISSING else f"start it{once}"
    return f"; {what} with: {loaded.command(verb, '--only', seat)}"


def _box(name: str, listed: Mapping[str, BoxState] | Unavailable) -> SeatBox:
    if isinstance(listed, Unavailable):
        return SeatBox(UNKNOWN, f"AWS did not list EC2 instances: {listed.reason}")
    found = listed.get(name)
    if found is None:
        return SeatBox(MISSING, "there is no such EC2 instance")
    problem = "" if found.status == RUNNING else f"the EC2 instance is {found.status}"
    return SeatBox(found.status, problem, found.id, found.instance_type, found.zone)
