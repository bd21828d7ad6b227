"""What each seat has that may be saved, from what a scan has found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from workshop.account_region import AccountRegion
from workshop.teardown import refusals
from workshop.teardown.discovery import Discovery
from workshop.teardown.plan import DONE, LOST, PlannedAction, TeardownPlan
from workshop.teardown.resource import Ownership, Resource
from workshop.teardown.resources.sagemaker_type import ask
from workshop.teardown.saving import SeatArtifacts

BUCKET = "bucket"
SHARED = "folder in the shared bucket"
LOG_STREAM = "log stream"

_DESCRIBED = {
    "training job": "DescribeTrainingJob",
    "compilation job": "DescribeCompilationJob",
    "model": "DescribeModel",
}


def works(plan: TeardownPlan) -> list[SeatArtifacts]:
    """The work of every seat; what cannot be read of it is told, and so is not saved.

    That is what is owned, and whatever else the plan deletes.
    """
    artefacts: dict[tuple[AccountRegion, str], list[str]] = defaultdict(list)
    unread: dict[tuple[AccountRegion, str], list[str]] = defaultdict(list)
    things = [
        thing
        for thing, fate in plan.fates
        if fate in DONE or (thing.ownership == Ownership.OWNED and fate != PlannedAction.KEEP)
    ]
    # A sweep touches no bucket, and still saves what is in them if it is asked to save.
    things += [
        thing
        for thing in plan.discovery.of(Ownership.OWNED)
        if thing.kind == BUCKET and plan.fate(thing) is None
    ]
    for thing in things:
        if thing.kind in _DESCRIBED:
            try:
                artefacts[thing.place, thing.seat] += _artefacts(plan.discovery, thing)
            except refusals.Refusal as error:
                told = f"{thing.kind} {thing.id}: {refusals.told(error)}"
                unread[thing.place, thing.seat].append(told)
    holders = _by_seat(things)
    return [
        SeatArtifacts(
            seat=seat,
            place=place,
            buckets=tuple(one.id for one in mine if one.kind == BUCKET),
            folders=tuple(_folder(one) for one in mine if one.kind == SHARED),
            artefacts=tuple(dict.fromkeys(artefacts[place, seat])),
            streams=tuple(_stream(one) for one in mine if one.kind == LOG_STREAM),
            unread=tuple(unread[place, seat]),
        )
        for (place, seat), mine in sorted(holders.items())
        if unread[place, seat]
        or artefacts[place, seat]
        or any(one.kind in (BUCKET, SHARED, LOG_STREAM) for one in mine)
    ]


def doomed(plan: TeardownPlan) -> list[SeatArtifacts]:
    """What is lost for good when the plan is done: the files of buckets, and logs, by seat."""
    things = [
        *(one for one in plan.things(*LOST) if one.kind == BUCKET),
        *(one for one in plan.things(PlannedAction.DELETE) if one.kind in (SHARED, LOG_STREAM)),
    ]
    return [
        SeatArtifacts(
            seat=seat,
            place=place,
            buckets=tuple(one.id for one in mine if one.kind == BUCKET),
            folders=tuple(_folder(one) for one in mine if one.kind == SHARED),
            streams=tuple(_stream(one) for one in mine if one.kind == LOG_STREAM),
        )
        for (place, seat), mine in sorted(_by_seat(things).items())
    ]


def _by_seat(things: list[Resource]) -> dict[tuple[AccountRegion, str], list[Resource]]:
    found: dict[tuple[AccountRegion, str], list[Resource]] = defaultdict(list)
    for thing in things:
        found[thing.place, thing.seat].append(thing)
    return found


def _folder(thing: Resource) -> tuple[str, str]:
    return thing.details["bucket"], thing.details["prefix"]


def _stream(thing: Resource) -> tuple[str, str]:
    return thing.details["logGroupName"], thing.details["logStreamName"]


def _artefacts(discovery: Discovery, thing: Resource) -> Iterator[str]:
    try:
        answer = ask(discovery.worlds[thing.place], _DESCRIBED[thing.kind], **thing.details)
    except refusals.Refusal as error:
        if refusals.is_gone(error):
            return
        raise
    containers: list[dict[str, Any]] = [
        answer.get("PrimaryContainer", {}),
        *answer.get("Containers", []),
    ]
    found = [
        answer.get("ModelArtifacts", {}).get("S3ModelArtifacts"),
        *(one.get("ModelDataUrl") for one in containers),
    ]
    yield from (one for one in found if one)
