"""Starts and stops the EC2 instances of seats.

They have no names, and ids of EC2's. The tag that CloudFormation writes tells the seat's stack that
made one, and nobody else can write it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from workshop.watch.work import AWS_ERRORS, Work

STACK = "aws:cloudformation:stack-name"
_OF_SET = re.compile(r"StackSet-(.+)-[^-]+-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""What a stack is called that a stack set made, which is called as the stack, with a profile."""
ALIVE = ("pending", "running", "stopping", "stopped")


@dataclass(frozen=True)
class Box:
    """An EC2 instance of a seat; ``since`` is when it was last launched or started."""

    seat: str
    name: str
    id: str
    state: str
    instance_type: str
    zone: str
    since: datetime
    is_tagged: bool
    """Whether it has the tags by which the watch may do anything with it."""


def listed_boxes(work: Work) -> Iterator[Box]:
    """Yield the instances of the workshop's seats, for as long as there is time.

    Those too whose own tags somebody has taken off: CloudFormation's stay.
    """
    workshop = work.settings.workshop
    filters = [
        {"Name": f"tag:{STACK}", "Values": [f"{workshop}-*", f"StackSet-{workshop}-*"]},
        {"Name": "instance-state-name", "Values": list(ALIVE)},
    ]
    pages = work.client("ec2").get_paginator("describe_instances").paginate(Filters=filters)
    for page in pages:
        for reservation in page["Reservations"]:
            for instance in reservation["Instances"]:
                work.go_on()
                box = _box(work, instance)
                if box is not None and (work.seats is None or box.seat in work.seats):
                    yield box


def stop_boxes(work: Work) -> None:
    """Stop those that run; those on their way are noted, and stopped by the next run."""
    for box in listed_boxes(work):
        if work.only is not None and box.name not in work.only:
            continue
        if box.state == "pending":
            _wait(work, box, "is pending")
        elif box.state == "running":
            _ask(work, box, "stop_instances", "EC2 instances stopped")


def start_boxes(work: Work, frozen: Collection[str]) -> None:
    """Start those that are stopped, but of frozen seats, all as early as may be.

    A stopped instance has no claim to a machine: who gets none is named, and asked for again by the
    next run.
    """
    for box in listed_boxes(work):
        if box.state == "stopped" and box.seat not in frozen:
            _ask(work, box, "start_instances", "EC2 instances started")


def _box(work: Work, instance: dict[str, Any]) -> Box | None:
    tags = {tag["Key"]: tag["Value"] for tag in instance.get("Tags", [])}
    name = tags.get(STACK, "")
    of_set = _OF_SET.fullmatch(name)
    name = of_set[1] if of_set else name
    found = re.fullmatch(rf"{re.escape(work.settings.workshop)}-([a-z][a-z0-9]{{1,11}})-box", name)
    if not found:
        return None
    zone = instance.get("Placement", {}).get("AvailabilityZone", "")
    state, since, type_ = (
        instance["State"]["Name"],
        instance["LaunchTime"],
        instance["InstanceType"],
    )
    is_tagged = tags.get("workshop") == work.settings.workshop and bool(tags.get("managed-by"))
    return Box(found[1], name, instance["InstanceId"], state, type_, zone, since, is_tagged)


def _ask(work: Work, box: Box, operation: str, done: str) -> None:
    if not box.is_tagged:
        _wait(work, box, f"{box.id} has lost its tags, without which the watch may do nothing")
        return
    try:
        getattr(work.client("ec2"), operation)(InstanceIds=[box.id])
        work.done[done] += 1
    except AWS_ERRORS as error:
        response: Any = getattr(error, "response", {})
        code = response.get("Error", {}).get("Code")
        if code == "InsufficientInstanceCapacity":
            _wait(work, box, f"gets no machine: EC2 has no {box.instance_type} in {box.zone} now")
        elif code == "ReservationCapacityExceeded":
            _wait(work, box, "gets no machine: its capacity reservation has no room now")
        else:
            _wait(work, box, str(error))


def _wait(work: Work, box: Box, why: str) -> None:
    work.refused.add(box.name)
    work.pending.append(f"EC2 instance {box.name}: {why}")
