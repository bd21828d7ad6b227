"""What a template refers to: CloudFormation refuses it before it makes anything."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

Template = dict[str, Any]

_VARIABLE = re.compile(r"\$\{([^!}][^}]*)\}")


class ResourceReference(NamedTuple):
    """A name in a template, the attribute that is asked of it, and the function that asks."""

    function: str
    name: str
    attribute: str = ""


def check_references(template: Template, conditions: dict[str, bool]) -> None:
    """Raise ``ValueError`` for a name that nothing in the template defines, and for a circle."""
    _check_conditions(template)
    resources = set(template.get("Resources") or {})
    parameters = set(template.get("Parameters") or {})
    for section in ("Resources", "Outputs"):
        references = [*_references(template.get(section) or {})]
        for function, name, attribute in references:
            if name in resources or not attribute or name.startswith("AWS::"):
                continue
            if function == "Fn::GetAtt":
                raise ValueError(
                    f"Template error: instance of Fn::GetAtt references undefined resource {name}"
                )
            raise ValueError(
                "Template error: instance of Fn::Sub references invalid resource attribute "
                f"{name}.{attribute}"
            )
        missing = {
            name
            for function, name, _ in references
            if not name.startswith("AWS::")
            and name not in resources
            and (function == "DependsOn" or name not in parameters)
        }
        if missing:
            raise ValueError(
                f"Template format error: Unresolved resource dependencies "
                f"[{', '.join(sorted(missing))}] in the {section} block of the template"
            )
    _check_circles(template, conditions)


def _check_conditions(template: Template) -> None:
    defined = template.get("Conditions") or {}
    resources = set(template.get("Resources") or {})
    named = {reference.name for reference in _references(defined)} & resources
    if named:
        raise ValueError(
            f"Template format error: Unresolved dependencies [{', '.join(sorted(named))}]. "
            "Cannot reference resources in the Conditions block of the template"
        )
    for section in ("Resources", "Outputs"):
        for member in (template.get(section) or {}).values():
            condition = member.get("Condition") if isinstance(member, dict) else None
            if isinstance(condition, str) and condition not in defined:
                raise ValueError(
                    f"Template format error: Unresolved condition dependency {condition} in the "
                    f"{section} block of the template"
                )
        for condition in _chosen_by(template.get(section) or {}):
            if condition not in defined:
                raise ValueError(
                    f"Template error: unresolved condition dependency {condition} in Fn::If"
                )


def _check_circles(template: Template, conditions: dict[str, bool]) -> None:
    """Raise ``ValueError`` for resources that wait for each other.

    AWS names what waits for the circle too.
    """
    waiting = {
        name: {reference.name for reference in _references({name: resource})}
        for name, resource in (template.get("Resources") or {}).items()
        if conditions.get(resource.get("Condition", ""), True)
    }
    while free := {name for name, needs in waiting.items() if not needs & waiting.keys()}:
        waiting = {name: needs for name, needs in waiting.items() if name not in free}
    if waiting:
        raise ValueError(f"Circular dependency between resources: [{', '.join(sorted(waiting))}]")


def _references(section: dict[str, Any]) -> Iterator[ResourceReference]:
    """Yield every reference of a section's members, what they depend on included."""
    for member in section.values():
        if isinstance(member, dict):
            after = member.get("DependsOn", [])
            for name in [after] if isinstance(after, str) else after:
                yield ResourceReference("DependsOn", name)
        yield from _in_value(member)


def _in_value(value: Any) -> Iterator[ResourceReference]:
    if isinstance(value, list):
        for item in value:
            yield from _in_value(item)
    elif isinstance(value, dict):
        for key, argument in value.items():
            if key == "Ref" and isinstance(argument, str):
                yield ResourceReference("Ref", argument)
            elif key == "Fn::GetAtt":
                parts = argument.split(".", 1) if isinstance(argument, str) else argument
                yield ResourceReference("Fn::GetAtt", parts[0], str(parts[-1]))
            elif key == "Fn::Sub":
                yield from _substituted(argument)
            else:
                yield from _in_value(argument)


def _substituted(argument: Any) -> Iterator[ResourceReference]:
    text, bindings = argument if isinstance(argument, list) else (argument, {})
    for variable in _VARIABLE.findall(text):
        if variable not in bindings:
            name, _, attribute = variable.partition(".")
            yield ResourceReference("Fn::Sub", name, attribute)
    yield from _in_value(list(bindings.values()))


def _chosen_by(value: Any) -> Iterator[str]:
    """Yield the condition of every Fn::If."""
    if isinstance(value, list):
        for item in value:
            yield from _chosen_by(item)
    elif isinstance(value, dict):
        choice = value.get("Fn::If")
        if isinstance(choice, list) and choice and isinstance(choice[0], str):
            yield choice[0]
        for argument in value.values():
            yield from _chosen_by(argument)
