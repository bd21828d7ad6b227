"""botocore's own SageMaker model: the source of every member, constraint and answer shape."""

from __future__ import annotations

from functools import cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel, Shape, StructureShape


@cache
def service_model() -> ServiceModel:
    """Give the SageMaker service model of the installed botocore (about 0.1 s to load, once)."""
    loader = Loader()
    return ServiceModel(loader.load_service_model("sagemaker", "service-2"), "sagemaker")


@cache
def operation(name: str) -> OperationModel:
    """Give the model of one operation; ``OperationNotFoundError`` if there is none."""
    return service_model().operation_model(name)


def input_members(name: str) -> frozenset[str]:
    """Give the request members of an operation."""
    shape = operation(name).input_shape
    return frozenset(shape.members) if isinstance(shape, StructureShape) else frozenset()


def shaped(shape: Shape | None, value: Any) -> Any:
    """Cut ``value`` to ``shape``: members the shape lacks and those that are None are dropped."""
    if shape is None:
        return {}
    if isinstance(shape, StructureShape):
        return {
            name: shaped(member, value[name])
            for name, member in shape.members.items()
            if value.get(name) is not None
        }
    if shape.type_name == "list":
        member = shape.member  # type: ignore[attr-defined]
        return [shaped(member, item) for item in value]
    return value
