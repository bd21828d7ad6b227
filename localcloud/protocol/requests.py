"""Checks a request against the service model, with AWS's own error messages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from botocore.model import ListShape, Shape, StringShape, StructureShape

from localcloud.protocol import models
from localcloud.protocol.errors import ApiError, invalid, not_played


def check_request(service: str, operation: str, request: dict[str, Any]) -> None:
    """Raise ``ApiError`` for anything in ``request`` the model does not allow.

    All violations are listed at once, as the service does. Members the model does not know are
    refused too, although the real service would ignore them: here they are always mistakes.
    """
    shape = models.operation(service, operation).input_shape
    problems = list(_problems(shape, request, "")) if shape is not None else []
    if problems:
        plural = "s" if len(problems) > 1 else ""
        raise invalid(f"{len(problems)} validation error{plural} detected: " + "; ".join(problems))


def refuse_unplayed(service: str, operation: str, request: dict[str, Any], *members: str) -> None:
    """Raise ``ApiError`` for members that are not played: an answer without them would be wrong."""
    for member in members:
        if member in request:
            raise not_played(service, f"{member} in {operation}")


def _problems(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if not models.is_typed_as(shape, value):
        raise ApiError(
            "SerializationException",
            f"{type(value).__name__} at '{path}' can not be converted to {shape.type_name}",
        )
    if isinstance(shape, StructureShape):
        yield from _structure_problems(shape, value, path)
    elif isinstance(shape, ListShape):
        yield from _bounds(shape, value, path, len(value), "length")
        for index, item in enumerate(value, 1):
            yield from _problems(shape.member, item, f"{path}.{index}.member")
    elif isinstance(shape, StringShape):
        yield from _string_problems(shape, value, path)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from _bounds(shape, value, path, value, "value")


def _structure_problems(shape: StructureShape, value: dict[str, Any], path: str) -> Iterator[str]:
    for name in shape.required_members:
        if value.get(name) is None:
            yield _failed("null", _at(path, name), "Member must not be null", quoted=False)
    for name, member in value.items():
        if name not in shape.members:
            yield _failed(str(member), _at(path, name), "Member must be one the operation knows")
        elif member is not None:
            yield from _problems(shape.members[name], member, _at(path, name))


def _string_problems(shape: StringShape, value: str, path: str) -> Iterator[str]:
    if shape.enum and value not in shape.enum:
        known = ", ".join(shape.enum)
        yield _failed(value, path, f"Member must satisfy enum value set: [{known}]")
    pattern = shape.metadata.get("pattern")
    if pattern is not None and not models.matches_pattern(pattern, value):
        yield _failed(value, path, f"Member must satisfy regular expression pattern: {pattern}")
    yield from _bounds(shape, value, path, len(value), "length")


def _bounds(shape: Shape, value: Any, path: str, size: float, what: str) -> Iterator[str]:
    for key, wrong, words in (
        ("max", size > shape.metadata.get("max", size), "less than or equal to"),
        ("min", size < shape.metadata.get("min", size), "greater than or equal to"),
    ):
        if wrong:
            yield _failed(value, path, f"Member must have {what} {words} {shape.metadata[key]}")


def _failed(value: Any, path: str, constraint: str, *, quoted: bool = True) -> str:
    shown = f"'{value}'" if quoted else value
    return f"Value {shown} at '{path}' failed to satisfy constraint: {constraint}"


def _at(path: str, member: str) -> str:
    camel = member[:1].lower() + member[1:]
    return f"{path}.{camel}" if path else camel
