"""Mistakes in a template or request that CloudFormation refuses before it makes anything."""

# Private names of ministack, held by ministack_names.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from localcloud import ministack_adapter

Template = dict[str, Any]
Validate = Callable[..., None]
Resolve = Callable[..., dict[str, Any]]


def checked_references(validate: Validate) -> Validate:
    """``validate_template_support`` that also refuses names nothing in the template defines."""

    def validate_template_support(
        template: Template, conditions: dict[str, bool], params: dict[str, Any] | None = None
    ) -> None:
        _refuse_malformed(template)
        validate(template, conditions, params)
        if not template.get("Transform"):
            _refuse_unresolved(template)

    return validate_template_support


def checked_parameters(resolve: Resolve) -> Resolve:
    """``_resolve_parameters`` that also refuses unknown and missing parameters, all at once."""

    def resolve_parameters(
        template: Template,
        provided_params: list[dict[str, Any]],
        previous_params: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        defined = template.get("Parameters") or {}
        given = [parameter["Key"] for parameter in provided_params if "Key" in parameter]
        unknown = [key for key in given if key not in defined]
        if unknown:
            raise ValueError(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
        missing = [
            key
            for key, definition in defined.items()
            if "Default" not in definition and key not in given
        ]
        if missing:
            raise ValueError(f"Parameters: [{', '.join(missing)}] must have values")
        return resolve(template, provided_params, previous_params)

    return resolve_parameters


_SECTIONS = {
    "AWSTemplateFormatVersion",
    "Conditions",
    "Description",
    "Hooks",
    "Mappings",
    "Metadata",
    "Outputs",
    "Parameters",
    "Resources",
    "Rules",
    "Transform",
}


def _refuse_malformed(template: Template) -> None:
    unknown = sorted(template.keys() - _SECTIONS)
    if unknown:
        raise ValueError(f"Invalid template property or properties [{', '.join(unknown)}]")
    resources = template.get("Resources")
    if not isinstance(resources, dict) or not resources:
        raise ValueError("Template format error: At least one Resources member must be defined.")
    for name, resource in resources.items():
        if not isinstance(resource, dict):
            raise ValueError("Template format error: Any Resources member must be an object.")  # noqa: TRY004
        if "Type" not in resource and not template.get("Transform"):
            raise ValueError(
                f"Template format error: [/Resources/{name}] Every Resources object must contain "
                "a Type member."
            )


def _refuse_unresolved(template: Template) -> None:
    resources = template.get("Resources") or {}
    known = {*resources, *(template.get("Parameters") or {})}
    for section in ("Resources", "Outputs"):
        missing = sorted(set(_unknown(template.get(section) or {}, known, set(resources))))
        if missing:
            raise ValueError(
                f"Template format error: Unresolved resource dependencies "
                f"[{', '.join(missing)}] in the {section} block of the template"
            )


def _unknown(section: dict[str, Any], known: set[str], resources: set[str]) -> Iterator[str]:
    references = ministack_adapter.module("services.cloudformation.engine")._intrinsic_references
    for name, attribute in references(section):
        if not name.startswith("AWS::") and name not in (resources if attribute else known):
            yield name
    for definition in section.values():
        after = definition.get("DependsOn", []) if isinstance(definition, dict) else []
        for name in [after] if isinstance(after, str) else after:
            if name not in resources:
                yield name
