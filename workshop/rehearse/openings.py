"""Which key of the YAML would open what a seat was refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from workshop import tags
from workshop.access.permissions import AccessDecision, AccessQuestion, cell
from workshop.config.models import Environment
from workshop.config.profiles import Access, ExtraStatement, Profile
from workshop.errors import WorkshopError
from workshop.naming import Names
from workshop.policies import extra

NOT_ITS_OWN = "no key: it is not there, or not the seat's"
"""Instead of a key where the seat may do it to what carries its tags."""

_TYPES = "sagemaker:instancetypes"


@dataclass(frozen=True)
class Opening:
    """What decided, and the key that would decide otherwise; ``key`` is empty where none does."""

    decision: AccessDecision
    key: str


def of(question: AccessQuestion, names: Names, profile: Profile, settings: Environment) -> Opening:
    """Return which statement refuses, and the one key that alone would open it."""
    decision = cell(names, profile, settings).decide(question)
    if decision.allowed:
        return Opening(decision, "")
    own = {f"aws:resourcetag/{tags.ATTENDEE}": names.seat}
    own[f"aws:resourcetag/{tags.WORKSHOP}"] = names.workshop
    if not any(key.lower() in own for key in question.context):
        known = replace(question, context={**question.context, **own})
        if cell(names, profile, settings).decide(known).allowed:
            return Opening(decision, NOT_ITS_OWN)
    for key, change in candidates(question, profile.access, boxes=settings.has_boxes):
        changed = profile.model_copy(update={"access": profile.access.model_copy(update=change)})
        others = {
            name: changed if each == profile else each for name, each in settings.profiles.items()
        }
        altered = settings.model_copy(update={"profiles": others})
        try:
            if cell(names, changed, altered).decide(question).allowed:
                return Opening(decision, key)
        except WorkshopError:
            continue  # too large to be an answer
    return Opening(decision, "")


def candidates(
    question: AccessQuestion, access: Access, *, boxes: bool
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield keys that might open it, the narrowest first: how they are written, and the change.

    ``boxes``: some seat of the environment has an EC2 instance.
    """
    yield from _values(question, access)
    for field in Access.model_fields:
        value = getattr(access, field)
        if isinstance(value, bool) and not (field == "search" and value):
            yield f"access.{field}: {str(not value).lower()}", {field: not value}
    if access.logs != "shared":
        yield "access.logs: shared", {"logs": "shared"}
    try:
        statement = ExtraStatement(
            sid="Rehearsed", actions=(question.action,), resources=(question.resource,)
        )
    except ValidationError:
        return
    if not any(extra.refused(statement, boxes=boxes)):
        statements = (*access.extra_statements, statement)
        yield f"access.extra_statements: {question.action}", {"extra_statements": statements}


def _values(question: AccessQuestion, access: Access) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what the question itself names: types of instances, hours, a bucket."""
    context = {key.lower(): value for key, value in question.context.items()}
    types = context.get(_TYPES)
    wanted = [types] if isinstance(types, str) else list(types or [])
    for field in Access.model_fields:
        if wanted and field.endswith("_instance_types"):
            new = tuple(dict.fromkeys([*getattr(access, field), *wanted]))
            yield f"access.{field}: {', '.join(wanted)}", {field: new}
    seconds = context.get("sagemaker:maxruntimeinseconds")
    if isinstance(seconds, str | int | float) and float(seconds) > access.max_runtime_hours * 3600:
        hours = -(-int(float(seconds)) // 3600)
        yield f"access.max_runtime_hours: {hours}", {"max_runtime_hours": hours}
    bucket = question.resource.rpartition(":")[2].partition("/")[0]
    if question.action.startswith("s3:") and bucket not in ("", "*"):
        buckets = (*access.public_buckets, bucket)
        yield f"access.public_buckets: {bucket}", {"public_buckets": buckets}
