"""Checks an answer against the service model: what the model does not know is our own mistake."""

from __future__ import annotations

from typing import Any

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

from localcloud.protocol import models

SOMETIMES_ABSENT = frozenset({"DescribeModelPackage.ModelPackageName"})
"""Members that the model requires and the service leaves out: a version of a model package group
has no name (answers of the service in public issue threads)."""


class AnswerError(Exception):
    """A table of ours holds what the service cannot answer; served as status 500."""


def checked(service: str, operation: str, answer: dict[str, Any]) -> dict[str, Any]:
    """Return ``answer`` without members that are None; ``AnswerError`` for what the model lacks.

    Required members, types and enumerations are checked too: botocore's own parser lets all of
    these pass, so that a misspelt member would go unseen.
    """
    shape = models.operation(service, operation).output_shape
    if shape is None:
        if answer:
            raise AnswerError(f"{operation} answers nothing, not {sorted(answer)}")
        return {}
    given: dict[str, Any] = _checked(shape, answer, operation)
    return given


def projected(shape: StructureShape, view: dict[str, Any]) -> dict[str, Any]:
    """Return the part of a resource that a summary shows."""
    return {name: view[name] for name in shape.members if view.get(name) is not None}


def _checked(shape: Shape, value: Any, path: str) -> Any:
    if not models.is_typed_as(shape, value):
        raise AnswerError(f"{path} is {type(value).__name__}, not {shape.type_name}")
    if isinstance(shape, StructureShape):
        return _structure(shape, value, path)
    if isinstance(shape, ListShape):
        return [_checked(shape.member, item, path) for item in value]
    if isinstance(shape, MapShape):
        return {key: _checked(shape.value, item, f"{path}.{key}") for key, item in value.items()}
    if isinstance(shape, StringShape) and shape.enum and value not in shape.enum:
        raise AnswerError(f"{path} is '{value}', which is none of {shape.enum}")
    return value


def _structure(shape: StructureShape, value: dict[str, Any], path: str) -> dict[str, Any]:
    unknown = value.keys() - shape.members.keys()
    if unknown:
        raise AnswerError(f"{path} has no member {', '.join(sorted(unknown))}")
    given = {
        name: _checked(shape.members[name], item, f"{path}.{name}")
        for name, item in value.items()
        if item is not None
    }
    missing = [
        name
        for name in shape.required_members
        if name not in given and f"{path}.{name}" not in SOMETIMES_ABSENT
    ]
    if missing:
        raise AnswerError(f"{path} lacks {', '.join(missing)}")
    return given
