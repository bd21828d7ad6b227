"""CloudFormation's wire: Query parameters to a request and answers to XML, both by the model."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from botocore.model import ListShape, OperationModel, Shape, StructureShape

from localcloud import ministack_adapter
from localcloud.protocol import models, responses
from localcloud.protocol.errors import ApiError
from localcloud.protocol.requests import check_request, refuse_unplayed

SERVICE = "cloudformation"

Document = dict[str, Any]
Params = Mapping[str, list[str]]
"""Decoded parameters of a request: each name with the values it was sent with."""
Answer = tuple[int, dict[str, str], bytes]

_BOOLEANS = {"true": True, "false": False}

_NOT_PLAYED: Mapping[str, tuple[str, ...]] = {
    "CreateStackSet": ("StackId", "TemplateURL"),
    "UpdateStackSet": ("TemplateURL",),
    "ListStackInstances": ("Filters", "StackInstanceAccount", "StackInstanceRegion"),
    "ListStackSetOperationResults": ("Filters",),
}
"""Operation -> members that are refused."""


def refused(code: str, message: str) -> ApiError:
    """Return a refusal with the HTTP status that the model has for ``code``, 400 if it has none."""
    model = models.service_model(SERVICE)
    status = HTTPStatus.BAD_REQUEST
    if code in model.shape_names:
        error = model.shape_for(code).metadata.get("error", {})
        status = error.get("httpStatusCode", status)
    return ApiError(code, message, int(status))


def invalid(message: str) -> ApiError:
    """Return CloudFormation's answer to an invalid request."""
    return refused("ValidationError", message)


def read(operation: str, params: Params) -> Document:
    """Return the request of an operation; ``ApiError`` if it is not allowed or not played."""
    shape = models.operation(SERVICE, operation).input_shape
    request: Document = (_read(shape, params, "") or {}) if shape is not None else {}
    try:
        check_request(SERVICE, operation, request)
    except ApiError as refusal:
        raise invalid(refusal.message) from None
    refuse_unplayed("CloudFormation", operation, request, *_NOT_PLAYED.get(operation, ()))
    return request


def answered(operation: str, answer: Document) -> Answer:
    """Return the HTTP answer to a successful operation, held to the model."""
    model = models.operation(SERVICE, operation)
    root = Element(f"{operation}Response", xmlns=_namespace(model))
    # An operation without output answers no result element, as on AWS.
    if model.output_shape is not None:
        result = SubElement(root, f"{operation}Result")
        _write(result, model.output_shape, responses.checked(SERVICE, operation, answer))
    _text(SubElement(root, "ResponseMetadata"), "RequestId", _new_id())
    return _served(HTTPStatus.OK, root)


def refusal_answer(operation: str, refusal: ApiError) -> Answer:
    """Return the HTTP answer of a refusal."""
    root = Element("ErrorResponse", xmlns=_namespace(models.operation(SERVICE, operation)))
    error = SubElement(root, "Error")
    _text(error, "Type", "Sender")
    _text(error, "Code", refusal.code)
    _text(error, "Message", refusal.message)
    _text(root, "RequestId", _new_id())
    return _served(refusal.status, root)


def _read(shape: Shape, params: Params, name: str) -> Any:
    """Return the value of the parameters under ``name``, None if there are none."""
    if isinstance(shape, StructureShape):
        prefix = f"{name}." if name else ""
        members = {
            member: _read(inner, params, f"{prefix}{member}")
            for member, inner in shape.members.items()
        }
        return {member: value for member, value in members.items() if value is not None} or None
    if isinstance(shape, ListShape):
        return _read_list(shape, params, name)
    values = params.get(name)
    return None if values is None else _scalar(shape, values[0], name)


def _read_list(shape: ListShape, params: Params, name: str) -> list[Any] | None:
    items: list[Any] = []
    while (item := _read(shape.member, params, f"{name}.member.{len(items) + 1}")) is not None:
        items.append(item)
    # An empty list is sent as an empty value of the list's own name.
    return items if items or name in params else None


def _scalar(shape: Shape, text: str, name: str) -> Any:
    if shape.type_name == "integer":
        try:
            return int(text)
        except ValueError:
            raise refused("MalformedInput", f"'{text}' at '{name}' is no integer") from None
    if shape.type_name == "boolean":
        if text.lower() not in _BOOLEANS:
            raise refused("MalformedInput", f"'{text}' at '{name}' is no boolean")
        return _BOOLEANS[text.lower()]
    return text


def _write(parent: Element, shape: Shape, value: Any) -> None:
    if isinstance(shape, StructureShape):
        for name, inner in shape.members.items():
            if name in value:
                _write(SubElement(parent, name), inner, value[name])
    elif isinstance(shape, ListShape):
        for item in value:
            _write(SubElement(parent, "member"), shape.member, item)
    elif shape.type_name == "boolean":
        parent.text = str(value).lower()
    elif shape.type_name == "timestamp":
        moment = datetime.fromtimestamp(value, UTC)
        parent.text = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    else:
        parent.text = str(value)


def _text(parent: Element, name: str, text: str) -> None:
    SubElement(parent, name).text = text


def _served(status: int, root: Element) -> Answer:
    return int(status), {"Content-Type": "text/xml"}, tostring(root, encoding="utf-8")


def _namespace(model: OperationModel) -> str:
    return str(model.service_model.metadata["xmlNamespace"])


def _new_id() -> str:
    return str(ministack_adapter.module("core.responses").new_uuid())
