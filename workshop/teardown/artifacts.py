"""What each seat has that may be saved, from what a scan has found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace

from workshop.account_region import AccountRegion
from workshop.aws import errors
from workshop.teardown.plan import DONE, LOST, PlannedAction, TeardownPlan
from workshop.teardown.resource import Ownership, Resource
from workshop.teardown.resources import names
from workshop.teardown.resources.sagemaker_jobs import COMPILATION, TRAINING
from workshop.teardown.resources.sagemaker_operations import ask
from workshop.teardown.resources.sagemaker_serving import MODEL
from workshop.teardown.saving import SeatArtifacts

_SAVED = (names.BUCKET, names.SHARED_FOLDER, names.LOG_STREAM)

_DESCRIBED = {resource_type.name: resource_type for resource_type in (TRAINING, COMPILATION, MODEL)}
"""Types whose descriptions tell of artefacts."""


def seat_artifacts(plan: TeardownPlan) -> list[SeatArtifacts]:
    """Return the work of every seat; what cannot be read of it is in ``unread``, and so not saved.

    That is what is owned, and whatever else the plan deletes.
    """
    artefacts: dict[_Seat, list[str]] = defaultdict(list)
    unread: dict[_Seat, list[str]] = defaultdict(list)
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
                artefacts[resource.account_region, resource.seat] += _artefacts(plan, resource)
            except errors.Refusal as error:
                message = f"{resource.resource_type} {resource.id}: {errors.describe(error)}"
                unread[resource.account_region, resource.seat].append(message)
    work = _by_seat(resources, *artefacts, *unread)
    found = [
        replace(
            seat_work,
            artefacts=tuple(dict.fromkeys(artefacts[seat_work.account_region, seat_work.seat])),
            unread=tuple(unread[seat_work.account_region, seat_work.seat]),
        )
        for seat_work in work
    ]
    return [seat_work for seat_work in found if not seat_work.is_empty]


def lost_artifacts(plan: TeardownPlan) -> list[SeatArtifacts]:
    """Return what is lost for good when the plan is done: files of buckets, and logs, by seat."""
    return _by_seat(
        resource
        for resource, action in plan.actions
        if (action in LOST and resource.resource_type == names.BUCKET)
        or (action == PlannedAction.DELETE and resource.resource_type in _SAVED)
    )


_Seat = tuple[AccountRegion, str]


def _by_seat(resources: Iterable[Resource], *seats: _Seat) -> list[SeatArtifacts]:
    """Return what these seats, and those of the resources, have of what can be saved."""
    found: dict[_Seat, dict[str, list[Resource]]] = {seat: defaultdict(list) for seat in seats}
    for resource in resources:
        if resource.resource_type in _SAVED:
            types = found.setdefault((resource.account_region, resource.seat), defaultdict(list))
            types[resource.resource_type].append(resource)
    return [
        SeatArtifacts(
            seat=seat,
            account_region=account_region,
            buckets=tuple(bucket.id for bucket in types[names.BUCKET]),
            folders=tuple(
                (folder.details["bucket"], folder.details["prefix"])
                for folder in types[names.SHARED_FOLDER]
            ),
            streams=tuple(
                (stream.details["logGroupName"], stream.details["logStreamName"])
                for stream in types[names.LOG_STREAM]
            ),
        )
        for (account_region, seat), types in sorted(found.items())
    ]


def _artefacts(plan: TeardownPlan, resource: Resource) -> Iterator[str]:
    resource_type = _DESCRIBED[resource.resource_type]
    context = plan.discovery.contexts[resource.account_region]
    with errors.gone_is_fine():
        answer = ask(context, resource_type.operations.describes, **resource.details)
        containers = [answer.get("PrimaryContainer", {}), *answer.get("Containers", [])]
        found = [
            answer.get("ModelArtifacts", {}).get("S3ModelArtifacts"),
            *(container.get("ModelDataUrl") for container in containers),
        ]
        yield from filter(None, found)
