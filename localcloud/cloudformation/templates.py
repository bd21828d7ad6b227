"""Mistakes in a template or request that CloudFormation refuses before it makes anything."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from localcloud.cloudformation.references import check_references

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
            check_references(template, conditions)

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


_POLICIES = {
    "DeletionPolicy": ("Delete", "Retain", "RetainExceptOnCreate", "Snapshot"),
    "UpdateReplacePolicy": ("Delete", "Retain", "Snapshot"),
}
_ATTRIBUTES = {
    "Condition",
    "CreationPolicy",
    "DependsOn",
    "Metadata",
    "Properties",
    "Type",
    "UpdatePolicy",
    *_POLICIES,
}
"""Attributes of a resource
(https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-product-attribute-reference.html)."""

_LOGICAL_ID = re.compile(r"[A-Za-z0-9]+")
_EXPORT_NAME = re.compile(r"[A-Za-z0-9:-]+")


def _refuse_malformed(template: Template) -> None:
    unknown = sorted(template.keys() - _SECTIONS)
    if unknown:
        raise ValueError(f"Invalid template property or properties [{', '.join(unknown)}]")
    _refuse_nulls(template, "")
    resources = template.get("Resources")
    if not isinstance(resources, dict) or not resources:
        raise ValueError("Template format error: At least one Resources member must be defined.")
    for name, resource in resources.items():
        if not isinstance(resource, dict):
            raise ValueError("Template format error: Any Resources member must be an object.")  # noqa: TRY004
        if not template.get("Transform"):
            _refuse_malformed_resource(name, resource)
    _refuse_malformed_outputs(template.get("Outputs") or {})


def _refuse_nulls(value: Any, path: str) -> None:
    if value is None:
        raise ValueError(f"[{path}] 'null' values are not allowed in templates")
    members = value.items() if isinstance(value, dict) else ()
    for key, member in enumerate(value) if isinstance(value, list) else members:
        _refuse_nulls(member, f"{path}/{key}")


def _refuse_malformed_resource(name: str, resource: Template) -> None:
    if not _LOGICAL_ID.fullmatch(name):
        raise ValueError(f"Template format error: Resource name {name} is non alphanumeric.")
    if "Type" not in resource:
        raise ValueError(
            f"Template format error: [/Resources/{name}] Every Resources object must contain "
            "a Type member."
        )
    for attribute in sorted(resource.keys() - _ATTRIBUTES):
        raise ValueError(f"Invalid template resource property '{attribute}'")
    for attribute, policies in _POLICIES.items():
        policy = resource.get(attribute, "Delete")
        if isinstance(policy, str) and policy not in policies:
            raise ValueError(
                f"Template format error: Unrecognized {attribute} {policy} for resource {name}"
            )


def _refuse_malformed_outputs(outputs: Template) -> None:
    exports: list[str] = []
    for name, output in outputs.items():
        if "Value" not in output:
            raise ValueError(
                f"Template format error: [/Outputs/{name}] Every Outputs member must contain a "
                "Value object"
            )
        export = output.get("Export", {}).get("Name")
        if isinstance(export, str) and not _EXPORT_NAME.fullmatch(export):
            raise ValueError(
                f"Template format error: Output {name} is malformed. The Name field of every "
                "Export member must be specified and consist only of alphanumeric characters, "
                "colons, or hyphens."
            )
        exports += [] if export is None else [json.dumps(export, sort_keys=True).strip('"')]
    twice = sorted({export for export in exports if exports.count(export) > 1})
    if twice:
        raise ValueError(
            "Template format error: The Outputs section contains duplicate Export names: "
            f"[{', '.join(twice)}]. Specify a unique name for each export."
        )


# --- conditions ----------------------------------------------------------------------------------

Evaluate = Callable[..., dict[str, bool]]


def with_mappings(evaluate: Evaluate) -> Evaluate:
    """``_evaluate_conditions`` that looks into the mappings, as conditions may."""

    def evaluate_conditions(template: Template, params: dict[str, Any]) -> dict[str, bool]:
        conditions = template.get("Conditions")
        if conditions:
            known = {name: parameter.get("Value") for name, parameter in params.items()}
            looked_up = _looked_up(conditions, template.get("Mappings") or {}, known)
            template = {**template, "Conditions": looked_up}
        return evaluate(template, params)

    return evaluate_conditions


def _looked_up(value: Any, mappings: dict[str, Any], known: dict[str, Any]) -> Any:
    if isinstance(value, list):
        return [_looked_up(item, mappings, known) for item in value]
    if not isinstance(value, dict):
        return value
    if "Fn::FindInMap" not in value:
        return {key: _looked_up(item, mappings, known) for key, item in value.items()}
    keys: list[Any] = [
        known.get(key["Ref"], key["Ref"]) if isinstance(key, dict) and "Ref" in key else key
        for key in _looked_up(value["Fn::FindInMap"], mappings, known)
    ]
    found: Any = mappings
    for key in keys[:3]:
        if not isinstance(found, dict) or key not in found:
            named = "::".join(map(str, keys[:3]))
            raise ValueError(f"Template error: Unable to get mapping for {named}")
        found = found[key]
    return found
