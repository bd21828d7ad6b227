"""Synthesizes one construct alone, in a stack of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aws_cdk import Stack
from aws_cdk.assertions import Template

from stacks.build import new_app


def resources(make: Callable[[Stack], object]) -> list[dict[str, Any]]:
    """Return the resources of a template that holds what ``make`` puts into a stack."""
    stack = Stack(new_app(), "alone")
    make(stack)
    return list(Template.from_stack(stack).to_json()["Resources"].values())


def only(make: Callable[[Stack], object], kind: str) -> dict[str, Any]:
    """Return the one resource of a type that ``make`` puts into a stack."""
    (found,) = [resource for resource in resources(make) if resource["Type"] == kind]
    return found
