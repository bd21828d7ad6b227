"""What each seat has that may be saved, from what a scan has found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from workshop.account_region import AccountRegion
from workshop.aws import errors
from workshop.teardown.discovery import Discovery
from workshop.teardown.plan import DONE, LOST, PlannedAction, TeardownPlan
from workshop.teardown.resource import Ownership, Resource
from workshop.teardown.resources import names
from workshop.teardown.resources.sagemaker_operations import ask
from workshop.teardown.saving import SeatArtifacts

_SAVED = (names.BUCKET, names.SHARED_FOLDER, names.LOG_STREAM)

_DESCRIBED = {
    names.TRAINING_JOB: "DescribeTrainingJob",
    names.COMPILATION_JOB: "DescribeCompilationJob",
    names.MODEL: "DescribeModel",
}


def works(plan: TeardownPlan) -> list[SeatArtifacts]:
    """The work of every seat; what cannot be read of it is told, and so is not saved.

    That is what is owned, and whatever else the plan deletes.
    """
    artefacts: dict[tuple[AccountRegion, str], list[str]] = defaultdict(list)
    unread: dict[tuple[AccountRegion, str], list[str]] = defaultdict(list)
    resources = [
        resource
        for resource, action in plan.actions
        if action in DONE
        or (resource.ownership == Ownership.OWNED and action != PlannedAction.KEEP)
    ]
    # A sweep touches no bucket, and still saves what is in them if it is asked to save.
    resources += [
        resource
        for resource in plan.discovery.of(Ownership.OWNED)
        if resource.resource_type == names.BUCKET and plan.action(resource) is None
    ]
    for resource in resources:
        if resource.resource_type in _DESCRIBED:
            try:
                artefacts[resource.place, resource.seat] += _artefacts(plan.discovery, resource)
            except errors.Refusal as error:
                message = f"{resource.resource_type} {resource.id}: {errors.describe(error)}"
                unread[resource.place, resource.seat].append(message)
    holders = _by_seat(resources)
    return [
        SeatArtifacts(
            seat=seat,
            place=place,
            buckets=tuple(one.id for one in mine if one.resource_type == names.BUCKET),
            folders=tuple(_folder(one) for one in mine if one.resource_type == names.SHARED_FOLDER),
            artefacts=tuple(dict.fromkeys(artefacts[place, seat])),
            streams=tuple(_stream(one) for one in mine if one.resource_type == names.LOG_STREAM),
            unread=tuple(unread[place, seat]),
        )
        for (place, seat), mine in sorted(holders.items())
        if unread[place, seat]
        or artefacts[place, seat]
        or any(one.resource_type in _SAVED for one in mine)
    ]


def lost_artifacts(plan: TeardownPlan) -> list[SeatArtifacts]:
    """What is lost for good when the plan is done: the files of buckets, and logs, by seat."""
    resources = [
        *(one for one in plan.resources(*LOST) if one.resource_type == names.BUCKET),
        *(
            one
            for one in plan.resources(PlannedAction.DELETE)
            if one.resource_type in (names.SHARED_FOLDER, names.LOG_STREAM)
        ),
    ]
    return [
        SeatArtifacts(
            seat=seat,
            place=place,
            buckets=tuple(one.id for one in mine if one.resource_type == names.BUCKET),
            folders=tuple(_folder(one) for one in mine if one.resource_type == names.SHARED_FOLDER),
            streams=tuple(_stream(one) for one in mine if one.resource_type == names.LOG_STREAM),
        )
        for (place, seat), mine in sorted(_by_seat(resources).items())
    ]


def _by_seat(resources: list[Resource]) -> dict[tuple[AccountRegion, str], list[Resource]]:
    found: dict[tuple[AccountRegion, str], list[Resource]] = defaultdict(list)
    for resource in resources:
        found[resource.place, resource.seat].append(resource)
    return found


def _folder(resource: Resource) -> tuple[str, str]:
    return resource.details["bucket"], resource.details["prefix"]


def _stream(resource: Resource) -> tuple[str, str]:
    return resource.details["logGroupName"], resource.details["logStreamName"]


def _artefacts(discovery: Discovery, resource: Resource) -> Iterator[str]:
    try:
        answer = ask(
            discovery.contexts[resource.place],
            _DESCRIBED[resource.resource_type],
            **resource.details,
        )
    except errors.Refusal as error:
        if errors.is_gone(error):
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
