"""The members of a request at any depth, along its shape in the service model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from botocore.model import ListShape, Shape, StructureShape

from localcloud.protocol import models

SERVICES = ("sagemaker", "sagemaker-runtime", "sagemaker-metrics")
"""The service models whose operations are allowed as actions of SageMaker."""


@dataclass(frozen=True)
class Member:
    """One member: the names that lead to it (places in lists left out), its shape, its value."""

    path: tuple[str, ...]
    shape: str
    value: Any

    def ends(self, path: str) -> bool:
        """Whether this is where ``path`` leads, such as ``OutputDataConfig.KmsKeyId``.

        A ``^`` in front asks for a member of the request itself.
        """
        names = tuple(path.removeprefix("^").split("."))
        if path.startswith("^"):
            return self.path == names
        return self.path[-len(names) :] == names


def service_of(operation: str) -> str | None:
    """Return the service that has an operation, or None if it is none of SageMaker's."""
    known = (
        service
        for service in SERVICES
        if operation in models.service_model(service).operation_names
    )
    return next(known, None)


def of(operation: str, request: dict[str, Any]) -> list[Member]:
    """Return the members of a request that the model allows, the outer before the inner.

    The operation has to be one of SageMaker's. What is inside a map is left out: its keys are the
    caller's own words, not the service's.
    """
    shape = models.operation(service_of(operation) or SERVICES[0], operation).input_shape
    return list(_walk(shape, request, ())) if shape is not None else []


def _walk(shape: Shape, value: Any, path: tuple[str, ...]) -> Iterator[Member]:
    if isinstance(shape, StructureShape):
        for name, inner in value.items():
            if inner is not None:
                found = shape.members[name]
                yield Member((*path, name), found.name, inner)
                yield from _walk(found, inner, (*path, name))
    elif isinstance(shape, ListShape):
        for item in value:
            yield from _walk(shape.member, item, path)
