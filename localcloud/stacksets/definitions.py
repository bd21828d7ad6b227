"""What a stack set deploys: a template with its parameters, refused as CloudFormation would."""

# Private names of ministack, held by ministack_names.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any

from localcloud import ministack_adapter
from localcloud.cloudformation.failures import error_of
from localcloud.protocol.errors import ApiError, not_played
from localcloud.stacksets.query import Params, invalid
from localcloud.stacksets.records import Document, StackSet

LARGEST = 51_200
"""Bytes of a template: what a stack takes inline."""


@dataclass(frozen=True)
class Definition:
    """A valid template, and all its parameters by name."""

    template: str
    parameters: dict[str, str]
    secret: list[str]


def define(request: Document, params: Params, former: StackSet | None = None) -> Definition:
    """Return the definition in a request; ``former`` is the stack set that it updates.

    The template is checked as in CreateStack: references, parameters and capabilities.
    """
    handlers = ministack_adapter.module("services.cloudformation.handlers")
    body = _template(request, former)
    given = [
        {"Key": key, "Value": value, "UsePreviousValue": False}
        for key, value in _values(request.get("Parameters", [])).items()
    ]
    try:
        sent = handlers._parse_template(body)
        template = handlers._apply_transforms(sent, given)
    except Exception as error:
        # Whatever its parsers raise is an error of the template: ministack answers the same.
        raise invalid(f"Template format error: {error}") from error
    _raise(handlers._check_capabilities(sent, template, params))
    try:
        resolved = handlers._resolve_parameters(template, given)
        conditions = handlers._evaluate_conditions(template, resolved)
        handlers.validate_template_support(template, conditions, params=resolved)
    except ValueError as error:
        raise invalid(str(error)) from error
    return Definition(
        template=body,
        # A parameter that names an SSM parameter keeps the name: each account has its own value.
        parameters={
            key: str(parameter.get("SsmName", parameter["Value"]))
            for key, parameter in resolved.items()
        },
        secret=[key for key, parameter in resolved.items() if parameter["NoEcho"]],
    )


def overridden(stack_set: StackSet, wanted: list[Document]) -> dict[str, str]:
    """Return the values of ``ParameterOverrides`` whose parameters are still there."""
    return {key: value for key, value in _values(wanted).items() if key in stack_set.parameters}


def check_overrides(stack_set: StackSet, wanted: list[Document]) -> None:
    """Raise ``ApiError`` for parameters that the template lacks."""
    unknown = [key for key in _values(wanted) if key not in stack_set.parameters]
    if unknown:
        raise invalid(f"Parameters: [{', '.join(unknown)}] do not exist in the template")


def _template(request: Document, former: StackSet | None) -> str:
    previous = former is not None and bool(request.get("UsePreviousTemplate"))
    if ("TemplateBody" in request) == previous:
        raise invalid(
            "You must specify exactly one of TemplateBody, TemplateURL or, in an "
            "update, UsePreviousTemplate"
        )
    if former is not None and previous:
        return former.template
    body: str = request["TemplateBody"]
    if len(body.encode()) > LARGEST:
        raise invalid(f"The local cloud's stack sets take templates of at most {LARGEST} bytes")
    return body


def _values(parameters: list[Document]) -> dict[str, str]:
    if any(parameter.get("UsePreviousValue") for parameter in parameters):
        raise not_played("CloudFormation", "UsePreviousValue of stack sets")
    return {
        parameter.get("ParameterKey", ""): parameter.get("ParameterValue", "")
        for parameter in parameters
    }


def _raise(answer: tuple[int, Any, bytes] | None) -> None:
    """Raise the refusal that the emulator answered, if it did."""
    error = None if answer is None else error_of(answer)
    if error is not None:
        status, code, message = error
        raise ApiError(code, html.unescape(message), status)
