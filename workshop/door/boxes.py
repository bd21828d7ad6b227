"""What the door does with a seat's EC2 instance: its state, its start, and the lines that lead in.

The lines hold no secret: whoever uses them has the seat's credentials, which the door has not.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from workshop.door.seats import TURN, ClosedError, TooSoonError, listed_for_all, state_of
from workshop.door.state import BOXES
from workshop.door.visit import Visit

STACK_NAME = "aws:cloudformation:stack-name"
"""The tag that CloudFormation alone writes, on what a stack makes."""
_OF_SET = re.compile(r"StackSet-(.+)-[^-]+-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""What a stack is called that a stack set made, which is called as the stack, with a profile."""
ALIVE = ("pending", "running", "stopping", "stopped")
CLOSED = ("UnauthorizedOperation", "AccessDenied")
NONE_TO_GIVE = (
    "InsufficientInstanceCapacity",
    "ReservationCapacityExceeded",
    "VcpuLimitExceeded",
)


class NoMachineError(Exception):
    """EC2 has no machine of this kind to give now, or the account may use no more of them."""


@dataclass(frozen=True)
class DoorBox:
    """A seat's EC2 instance; ``state`` is empty where nothing is known of it."""

    id: str = ""
    state: str = ""


def has_box(visit: Visit, seat: str) -> bool:
    """Return whether the profile of a seat has an EC2 instance."""
    return bool((visit.settings.profile(seat) or {}).get("box"))


def box_states(visit: Visit) -> dict[str, str]:
    """Return the state of each seat's instance; nothing is asked where no profile has one."""
    if not any(profile.get("box") for profile in visit.settings.profiles.values()):
        return {}
    return {seat: box[1] for seat, box in listed_for_all(visit, BOXES, _listed).items()}


def box_of(visit: Visit, seat: str) -> DoorBox:
    """Return the instance of a seat as everybody's listing has it, some seconds old at most."""
    found = listed_for_all(visit, BOXES, _listed).get(seat)
    return DoorBox(*found) if found else DoorBox()


def _listed(visit: Visit) -> dict[str, Any]:
    pages = visit.client("ec2").get_paginator("describe_instances")
    filters = [
        {"Name": "tag:workshop", "Values": [visit.settings.workshop]},
        {"Name": "instance-state-name", "Values": [*ALIVE]},
    ]
    here = {visit.settings.box.replace("{seat}", seat): seat for seat in visit.seats}
    found: dict[str, Any] = {}
    for page in pages.paginate(Filters=filters):
        for reservation in page["Reservations"]:
            for instance in reservation["Instances"]:
                tags = {tag["Key"]: tag["Value"] for tag in instance.get("Tags", [])}
                name = tags.get(STACK_NAME, "")
                of_set = _OF_SET.fullmatch(name)
                seat = here.get(of_set[1] if of_set else name)
                if seat is not None:
                    found[seat] = [instance["InstanceId"], instance["State"]["Name"]]
    return found


def start_box(visit: Visit, seat: str) -> None:
    """Start a seat's instance, and let everybody's listing say so.

    Nothing is asked or started where the seat's profile has none, as when one is left of an earlier
    profile. Raise NoMachineError where EC2 has none to give, ClosedError where the door may not,
    and TooSoonError where it was asked a moment ago.
    """
    box = box_of(visit, seat) if has_box(visit, seat) else DoorBox()
    if box.state != "stopped":
        return
    state = state_of(visit)
    with suppress(ClientError, BotoCoreError):  # a seat starts though nobody counts
        if not state.is_turn(f"{seat}-start_instances", visit.time, TURN):
            raise TooSoonError
    try:
        visit.client("ec2").start_instances(InstanceIds=[box.id])
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in CLOSED:
            raise ClosedError from error
        if code in NONE_TO_GIVE:
            raise NoMachineError from error
        if code != "IncorrectInstanceState":
            raise
        return
    with suppress(ClientError, BotoCoreError):  # the next listing says it in any case
        known, condition = state.read(BOXES)
        seats = {**known.get("seats", {}), seat: [box.id, "pending"]}
        state.write(BOXES, {"at": known.get("at", 0), "seats": seats}, condition)


def box_lines(visit: Visit, seat: str, box: DoorBox) -> dict[str, str]:
    """Return the lines that lead into an instance, by what they are for."""
    lines: dict[str, str] = (visit.settings.profile(seat) or {})["box"]["lines"]
    here = {
        "{instance}": box.id,
        "{seat}": seat,
        "{region}": visit.client("ec2").meta.region_name,
        "{role}": visit.settings.console_role.replace("{seat}", seat),
    }
    filled = {}
    for name, text in lines.items():
        for placeholder, value in here.items():
            text = text.replace(placeholder, value)  # noqa: PLW2901 - one after the other
        filled[name] = text
    return filled
