"""botocore's own service models: the source of every member, constraint and answer shape."""

from __future__ import annotations

from functools import cache

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel, StructureShape


@cache
def service_model(service: str) -> ServiceModel:
    """Give the model of a service in the installed botocore (SageMaker's: 0.1 s, once)."""
    return ServiceModel(Loader().load_service_model(service, "service-2"), service)


@cache
def operation(service: str, name: str) -> OperationModel:
    """Give the model of one operation; ``OperationNotFoundError`` if there is none."""
    return service_model(service).operation_model(name)


@cache
def input_members(service: str, name: str) -> frozenset[str]:
    """Give the request members of an operation."""
    shape = operation(service, name).input_shape
    return frozenset(shape.members) if isinstance(shape, StructureShape) else frozenset()


@cache
def output_members(service: str, name: str) -> frozenset[str]:
    """Give the answer members of an operation."""
    shape = operation(service, name).output_shape
    return frozenset(shape.members) if isinstance(shape, StructureShape) else frozenset()
