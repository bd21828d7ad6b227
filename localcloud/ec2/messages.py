"""Requests and answers of EC2's Query protocol, by botocore's service model."""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from xml.sax.saxutils import escape

from botocore.model import ListShape, Shape, StructureShape

from localcloud import ministack_adapter
from localcloud.protocol import models
from localcloud.protocol.errors import ApiError

Document = dict[str, Any]
Answer = tuple[int, dict[str, str], bytes]
Operation = Callable[[Document], Document]

SERVICE = "ec2"
_NOT_MEMBERS = re.compile(
    r"Action|Version|AWSAccessKeyId|Signature\w*|Timestamp|Expires|X-Amz-[\w-]+"
)
_NO_MEMBER = object()


def answering(name: str, perform: Operation) -> Callable[[Document], Answer]:
    """Return an entry of ministack's table of actions: the operation behind the protocol."""

    def answer(params: Document) -> Answer:
        try:
            request = parsed(name, params)
            return _dry_run() if request.get("DryRun") else written(name, perform(request))
        except ApiError as refusal:
            failure = refusal
        except Exception as error:  # noqa: BLE001 - it is reported and does not end the server
            traceback.print_exc(file=sys.stderr)
            failure = ApiError("InternalError", f"local cloud: {name}: {error}", 500)
        return refused(failure)

    return answer


def _dry_run() -> Answer:
    message = "Request would have succeeded, but DryRun flag is set."
    return refused(ApiError("DryRunOperation", message, HTTPStatus.PRECONDITION_FAILED))


def refused(failure: ApiError) -> Answer:
    """Return a refusal as EC2 writes it."""
    answer: Answer = ministack_adapter.module("services.ec2")._error(  # noqa: SLF001
        failure.code, escape(failure.message), failure.status
    )
    return answer


def parsed(name: str, params: Document) -> Document:
    """Return the members of a request as boto3 takes them; raise ``ApiError`` for unknown ones."""
    given = {key: _first(value) for key, value in params.items() if not _NOT_MEMBERS.match(key)}
    shape = models.operation(SERVICE, name).input_shape
    read: set[str] = set()
    request = _member(shape, "", given, read) if shape is not None else {}
    for key in given.keys() - read:
        raise ApiError("UnknownParameter", f"The parameter {key} is not recognized")
    required = shape.required_members if isinstance(shape, StructureShape) else ()
    for member in required:
        if member not in request:
            raise ApiError("MissingParameter", f"The request must contain the parameter {member}")
    return request


def parsed_structure(name: str, params: Document, prefix: str) -> Document:
    """Return the members of a structure of the model, from the parameters that begin so."""
    given = {key: _first(value) for key, value in params.items()}
    found = _member(models.service_model(SERVICE).shape_for(name), prefix, given, set())
    return {} if found is _NO_MEMBER else dict(found)


def written(name: str, answer: Document) -> Answer:
    """Return an answer with the members that the model gives the operation."""
    shape = models.operation(SERVICE, name).output_shape
    body = "".join(_elements(shape, answer)) if shape is not None else "<return>true</return>"
    made: Answer = ministack_adapter.module("services.ec2")._xml(  # noqa: SLF001
        HTTPStatus.OK, f"{name}Response", body
    )
    return made


def _first(value: Any) -> str:
    return str(value[0] if isinstance(value, list) and value else value or "")


def _member(shape: Shape, prefix: str, given: dict[str, str], read: set[str]) -> Any:
    if isinstance(shape, StructureShape):
        found = {}
        for name, member in shape.members.items():
            path = f"{prefix}.{_name(name, member)}" if prefix else _name(name, member)
            value = _member(member, path, given, read)
            if value is not _NO_MEMBER:
                found[name] = value
        return found if found or not prefix else _NO_MEMBER
    if isinstance(shape, ListShape):
        items: list[Any] = []
        while (item := _item(shape, f"{prefix}.{len(items) + 1}", given, read)) is not _NO_MEMBER:
            items.append(item)
        return items or _NO_MEMBER
    if prefix not in given:
        return _NO_MEMBER
    read.add(prefix)
    return _typed(shape, prefix, given[prefix])


def _item(shape: ListShape, prefix: str, given: dict[str, str], read: set[str]) -> Any:
    # A look at the keys first: what is empty would be looked into as deep as the model goes.
    if prefix not in given and not any(key.startswith(f"{prefix}.") for key in given):
        return _NO_MEMBER
    return _member(shape.member, prefix, given, read)


def _name(name: str, shape: Shape) -> str:
    """Return a member's name in a request, as botocore's serializer writes it."""
    query = shape.serialization.get("queryName")
    own = str(query or shape.serialization.get("name", name))
    return own if query else own[0].upper() + own[1:]


def _typed(shape: Shape, name: str, text: str) -> Any:
    if shape.type_name == "boolean":
        return text.lower() == "true"
    if shape.type_name in {"integer", "long"}:
        try:
            return int(text)
        except ValueError:
            raise ApiError(
                "InvalidParameterValue",
                f"Value ({text}) for parameter {name} is invalid. Parameter may not be null or "
                "empty.",
            ) from None
    return text


def _elements(shape: Shape, value: Document) -> Iterator[str]:
    if not isinstance(shape, StructureShape):
        return
    for name, member in shape.members.items():
        if value.get(name) is not None:
            element = member.serialization.get("name", name)
            yield f"<{element}>{_text(member, value[name])}</{element}>"


def _text(shape: Shape, value: Any) -> str:
    if isinstance(shape, StructureShape):
        return "".join(_elements(shape, value))
    if isinstance(shape, ListShape):
        return "".join(f"<item>{_text(shape.member, item)}</item>" for item in value)
    if shape.type_name == "boolean":
        return str(bool(value)).lower()
    if shape.type_name == "timestamp":
        return moment(value)
    return escape(str(value))


def moment(seconds: float) -> str:
    """Return a time as EC2 writes it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
