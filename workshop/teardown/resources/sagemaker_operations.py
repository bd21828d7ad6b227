"""SageMaker's operations: their names, which botocore's service model tells, and calls of them."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import botocore.session
from botocore import xform_name

from workshop.aws import errors
from workshop.teardown.resource import ScanContext

PAGE = 100
_LOADING = threading.Lock()

Answer = Mapping[str, Any]


def ask(context: ScanContext, operation: str, **request: Any) -> dict[str, Any]:
    """Return the answer of one call to SageMaker; botocore's errors pass through."""
    client = context.clients.client("sagemaker", context.scope.account_region)
    answer: dict[str, Any] = getattr(client, xform_name(operation))(**request)
    return answer


def ask_unless_gone(context: ScanContext, operation: str, **request: Any) -> bool:
    """Return whether what is asked about is there to take the call."""
    with errors.gone_is_fine():
        ask(context, operation, **request)
        return True
    return False


def listed(
    context: ScanContext, operation: str, member: str, **request: Any
) -> Iterator[dict[str, Any]]:
    """Yield what all pages of a listing hold; botocore's errors pass through."""
    client = context.clients.client("sagemaker", context.scope.account_region)
    pages = client.get_paginator(xform_name(operation)).paginate(
        **request, PaginationConfig={"PageSize": PAGE}
    )
    for page in pages:
        yield from page[member]


def described(context: ScanContext, operation: str, **request: str) -> dict[str, Any] | None:
    """Return what several resources need, described once a scan; None where it is gone."""

    def find() -> dict[str, Any] | None:
        with errors.gone_is_fine():
            return ask(context, operation, **request)
        return None

    found: dict[str, Any] | None = context.memory.get((operation, *request.values()), find)
    return found


@dataclass(frozen=True)
class SageMakerOperations:
    """The operations and members that SageMaker's service model has for one noun."""

    lists: str
    """``ListTrainingJobs``."""
    member: str
    """The member of its answer that holds the page."""
    describes: str
    identity: tuple[str, ...]
    """What a description has to be asked with: ``TrainingJobName``."""
    arn: str
    """The member of summary or description that is its ARN."""
    status: str
    """The member that is its status, in summary and description; empty where it has none."""
    stops: str
    deletes: str
    """Empty where AWS has no way to stop or to delete it."""


@cache
def operations(noun: str) -> SageMakerOperations:
    """Return what botocore's model of SageMaker says about a noun, ``TrainingJob``."""
    model = _service_model()
    known = set(model.operation_names)

    def first(*names: str) -> str:
        return next((name for name in names if name in known), "")

    describes = first(f"Describe{noun}V2", f"Describe{noun}")
    lists = first(f"List{noun}s", f"List{noun.removesuffix('y')}ies")
    request = model.operation_model(describes).input_shape
    answer = model.operation_model(describes).output_shape
    short = re.sub("(Name|Arn|Id)$", "", request.required_members[-1])
    statuses = (f"{short}Status", "Status")
    page = model.operation_model(lists).output_shape
    return SageMakerOperations(
        lists=lists,
        member=next(name for name, shape in page.members.items() if shape.type_name == "list"),
        describes=describes,
        identity=tuple(request.required_members),
        arn=f"{short}Arn",
        status=next((name for name in statuses if hasattr(answer.members.get(name), "enum")), ""),
        stops=first(f"Stop{noun}"),
        deletes=first(f"Delete{noun}"),
    )


@cache
def _loaded_model() -> Any:
    return botocore.session.get_session().get_service_model("sagemaker")


def _service_model() -> Any:
    with _LOADING:  # a cache alone lets every thread that comes meanwhile read the model as well
        return _loaded_model()
