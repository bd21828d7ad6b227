"""Lineage: artifacts, contexts and actions, and the associations that tie them to one another.

SageMaker names an artifact itself, and it is asked for by its ARN. What is associated cannot be
deleted (the developer guide, "Delete lineage tracking entities"). The wordings of refusals are not
measured on AWS. Nothing is made here by jobs and endpoints, as AWS does by itself.
"""

# Every check of a table is called alike, whether it needs all arguments or not.
# ruff: noqa: ARG001
from __future__ import annotations

import secrets
from typing import Any

from localcloud.protocol.errors import ApiError, invalid
from localcloud.sagemaker.engine import SageMakerEngine
from localcloud.sagemaker.resource_type import Filter, Members, Record, SageMakerResourceType

_NOT_FOUND = "ResourceNotFound"


def _id(engine: SageMakerEngine, request: Members) -> str:
    return secrets.token_hex(16)


def _source(engine: SageMakerEngine, record: Record) -> Any:
    return record["members"]["Source"].get("SourceUri")


def _is_tied_to_nothing(engine: SageMakerEngine, request: Members, members: Members) -> None:
    for kind in KINDS:
        if request.get(kind.name) is not None:
            arn = engine.existing(kind, request)["arn"]
            if any(
                arn in (association["SourceArn"], association["DestinationArn"])
                for association in _all(engine)
            ):
                raise invalid(f"{arn} cannot be deleted: it still has associations.")


def _kind(noun: str, *, named: bool) -> SageMakerResourceType:
    """Return an entity; one without a name of its own is asked for by its ARN."""
    return SageMakerResourceType(
        noun=noun,
        words=noun,
        name="" if named else f"{noun}Arn",
        missing=f"{noun} '{{name}}' does not exist.",
        missing_code=_NOT_FOUND,
        duplicate=f"{noun} {{arn}} already exists.",
        lowercase_arn=named,
        identify=None if named else _id,
        takes_arn=not named,
        filters={"SourceUri": Filter("", of=_source), f"{noun}Type": Filter(f"{noun}Type")},
        on_delete=(_is_tied_to_nothing,),
    )


ACTION, CONTEXT = _kind("Action", named=True), _kind("Context", named=True)
ARTIFACT = _kind("Artifact", named=False)
KINDS = (ACTION, ARTIFACT, CONTEXT)


def _all(engine: SageMakerEngine) -> list[Members]:
    """Return every association; each is kept with the entity that it comes from."""
    return [
        association
        for kind in KINDS
        for record in engine.records(kind)
        for association in record.get("associations", [])
    ]


def _entity(engine: SageMakerEngine, arn: str) -> tuple[SageMakerResourceType, Record]:
    found = engine.by_arn(arn)
    if found is None or found[0] not in KINDS:
        raise ApiError(_NOT_FOUND, f"{arn} does not exist.")
    return found


def associate(engine: SageMakerEngine, request: Members) -> Members:
    """AddAssociation: ties two entities, once."""
    ends = {end: request[end] for end in ("SourceArn", "DestinationArn")}
    (_, source), _ = _entity(engine, ends["SourceArn"]), _entity(engine, ends["DestinationArn"])
    kind = request.get("AssociationType", "AssociatedWith")
    others = [
        association
        for association in source.get("associations", [])
        if not ends.items() <= association.items()
    ]
    made = {**ends, "AssociationType": kind, "CreationTime": engine.clock.now()}
    source["associations"] = [*others, made]
    return ends


def disassociate(engine: SageMakerEngine, request: Members) -> Members:
    """DeleteAssociation: refused where there is none."""
    ends = {end: request[end] for end in ("SourceArn", "DestinationArn")}
    _, source = _entity(engine, ends["SourceArn"])
    left = [
        association
        for association in source.get("associations", [])
        if not ends.items() <= association.items()
    ]
    if len(left) == len(source.get("associations", [])):
        raise ApiError(_NOT_FOUND, f"There is no association of {' with '.join(ends.values())}.")
    source["associations"] = left
    return ends


def associations(engine: SageMakerEngine, request: Members) -> Members:
    """ListAssociations: on one page."""
    asked = {
        member: request[member]
        for member in ("SourceArn", "DestinationArn", "AssociationType")
        if member in request
    }
    return {
        "AssociationSummaries": [
            association for association in _all(engine) if asked.items() <= association.items()
        ]
    }


OPERATIONS = {
    "AddAssociation": associate,
    "DeleteAssociation": disassociate,
    "ListAssociations": associations,
}
"""Operations that no table describes."""
