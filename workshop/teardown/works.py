"""What each seat has that may be saved, from what a look has found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from workshop.places import Place
from workshop.teardown import refusals
from workshop.teardown.discover import Discovery
from workshop.teardown.kinds.sagemaker_kind import ask
from workshop.teardown.model import Ownership, Thing
from workshop.teardown.saving import Work

_DESCRIBED = {
    "training job": "DescribeTrainingJob",
    "compilation job": "DescribeCompilationJob",
    "model": "DescribeModel",
}


def works(discovery: Discovery) -> list[Work]:
    """The work of every seat; what cannot be read of it is told, and so is not saved."""
    buckets: dict[tuple[Place, str], list[str]] = defaultdict(list)
    streams: dict[tuple[Place, str], list[tuple[str, str]]] = defaultdict(list)
    artefacts: dict[tuple[Place, str], list[str]] = defaultdict(list)
    unread: dict[tuple[Place, str], list[str]] = defaultdict(list)
    for thing in discovery.of(Ownership.OWNED):
        whose = (thing.place, thing.seat)
        if thing.kind == "bucket":
            buckets[whose].append(thing.id)
        elif thing.kind == "log stream":
            details = thing.details
            streams[whose].append((details["logGroupName"], details["logStreamName"]))
        elif thing.kind in _DESCRIBED:
            try:
                artefacts[whose] += _artefacts(discovery, thing)
            except refusals.Refusal as error:
                unread[whose].append(f"{thing.kind} {thing.id}: {refusals.told(error)}")
    return [
        Work(
            seat=whose[1],
            place=whose[0],
            buckets=tuple(buckets[whose]),
            artefacts=tuple(dict.fromkeys(artefacts[whose])),
            streams=tuple(streams[whose]),
            unread=tuple(unread[whose]),
        )
        for whose in sorted({*buckets, *streams, *artefacts, *unread})
    ]


def _artefacts(discovery: Discovery, thing: Thing) -> Iterator[str]:
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
