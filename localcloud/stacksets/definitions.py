"""What a stack set deploys: a template with its parameters, refused as CloudFormation would."""

# Private names of ministack, held by ministack_names.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any

from localcloud import ministack_adapter
from localcloud.cloudformation.failures import error_of
from localcloud.protocol.errors import ApiError
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
    body = _template(request, params, former)
    given = _given(request.get("Parameters", []), former.parameters if former else {})
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


def overridden(
    stack_set: StackSet, wanted: list[Document], former: dict[str, str]
) -> dict[str, str]:
    """Return the overrides that ``ParameterOverrides`` make of an instance's former ones.

    What the list does not mention goes back to the stack set's value.
    """
    overrides: dict[str, str] = {}
    for override in wanted:
        key = override["ParameterKey"]
        if not override.get("UsePreviousValue"):
            overrides[key] = override.get("ParameterValue", "")
        elif key in former:
            overrides[key] = former[key]
    return {key: value for key, value in overrides.items() if key in stack_set.parameters}


def check_overrides(stack_set: StackSet, wanted: list[Document]) -> None:
    """Raise ``ApiError`` for parameters that the template lacks."""
    keys = [str(override.get("ParameterKey")) for override in wanted]
    unknown = [key for key in keys if key not in stack_set.parameters]
    if unknown:
        raise invalid(f"Parameters: [{', '.join(unknown)}] do not exist in the template")


def _template(request: Document, params: Params, former: StackSet | None) -> str:
    previous = former is not None and bool(request.get("UsePreviousTemplate"))
    if ("TemplateBody" in request) + ("TemplateURL" in request) + previous != 1:
        raise invalid(
            "You must specify exactly one of TemplateBody, TemplateURL or, in an "
            "update, UsePreviousTemplate"
        )
    if former is not None and previous:
        return former.template
    handlers = ministack_adapter.module("services.cloudformation.handlers")
    body, refusal = handlers._resolve_template(params)
    _raise(refusal)
    if len(body.encode()) > LARGEST:
        raise invalid(f"The local cloud's stack sets take templates of at most {LARGEST} bytes")
    return str(body)


def _given(parameters: list[Document], former: dict[str, str]) -> list[dict[str, Any]]:
    """Return parameters as the emulator's resolver takes them."""
    given = []
    for parameter in parameters:
        key = parameter.get("ParameterKey", "")
        value = parameter.get("ParameterValue", "")
        if parameter.get("UsePreviousValue"):
            if key not in former:
                raise invalid(f"Parameters: [{key}] have no previous value")
            value = former[key]
        given.append({"Key": key, "Value": value, "UsePreviousValue": False})
    return given


def _raise(answer: tuple[int, Any, bytes] | None) -> None:
    """Raise the refusal that the emulator answered, if it did."""
    error = None if answer is None else error_of(answer)
    if error is not None:
        status, code, message = error
        raise ApiError(code, html.unescape(message), status)
