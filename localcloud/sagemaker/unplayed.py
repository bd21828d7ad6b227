"""Operations of SageMaker's REST services that are not played: they are refused by their names.

Each of these services signs as ``sagemaker`` and sends no ``X-Amz-Target``, so method and path
identify an operation, as botocore's models have them.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any
from urllib.parse import unquote

from localcloud.protocol import models
from localcloud.protocol.errors import not_played
from localcloud.protocol.json_service import Answer
from localcloud.sagemaker.engine import SageMakerEngine
from localcloud.sagemaker.resource_type import Members

SERVICES = ("sagemaker-runtime", "sagemaker-featurestore-runtime", "sagemaker-metrics")


@cache
def _operations() -> list[tuple[str, re.Pattern[str], str]]:
    """Return methods, paths and names; what is in the path has the name of its member."""
    found = []
    for service in SERVICES:
        model = models.service_model(service)
        for name in model.operation_names:
            http = model.operation_model(name).http
            path = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(http["requestUri"]))
            found.append((http["method"], re.compile(path), name))
    return found


def operation(method: str, path: str) -> str | None:
    """Return the operation that a request means by its path, or None if it is none of these."""
    for verb, pattern, name in _operations():
        if verb == method and pattern.fullmatch(path):
            return name
    return None


def members(
    path: str,
    headers: dict[str, str],  # noqa: ARG001 - asked like all
    query: dict[str, Any],  # noqa: ARG001
    body: bytes,  # noqa: ARG001
) -> Members:
    """Return what the path names."""
    for _, pattern, _ in _operations():
        if found := pattern.fullmatch(path):
            return {member: unquote(value) for member, value in found.groupdict().items()}
    return {}


def perform(engine: SageMakerEngine, asked: str, request: Members, body: bytes) -> Answer:  # noqa: ARG001
    """Refuse it."""
    raise not_played("SageMaker", asked)
