"""The check whether the caller may perform a SageMaker operation, by ministack's evaluator."""

from __future__ import annotations

from typing import Any

from localcloud import ministack_adapter
from localcloud.iam import request_members, required_permissions
from localcloud.iam.denials import denial, unshared, unsigned
from localcloud.iam.required_permissions import RequiredPermission
from localcloud.protocol.requests import check_request
from localcloud.sagemaker.engine import SageMakerEngine
from localcloud.sagemaker.resource_type import Members


class Guard:
    """Refuses what the caller's policies do not allow; called before each operation."""

    def __init__(self, engine: SageMakerEngine) -> None:
        self._engine = engine

    def __call__(self, operation: str, request: Members, headers: dict[str, str]) -> None:
        """Raise ``ApiError`` unless every required permission is allowed.

        Operations that the service does not have are left to the engine, whose refusal they are.
        """
        key = ministack_adapter.access_key(headers)
        if not key:
            # An unsigned request is the account's root to ministack.
            raise unsigned()
        service = request_members.service_of(operation)
        if service is None:
            return
        if service != "sagemaker-runtime":
            # An invocation comes without its body, which is anything.
            check_request(service, operation, request)
        for question in required_permissions.of(self._engine, operation, request):
            refused = _refusal(question, key)
            if refused is not None:
                raise denial(refused, question, key, headers)
            if _is_anothers(question):
                raise unshared(question)

    def allows(self, operation: str, request: Members, key: str) -> bool:
        """Return whether whoever has this access key may perform an operation now."""
        asked = required_permissions.of(self._engine, operation, request)
        return all(
            _refusal(question, key) is None and not _is_anothers(question) for question in asked
        )


def _is_anothers(question: RequiredPermission) -> bool:
    """Return whether it is about SageMaker in another account, which here shares nothing."""
    _, _, service, _, account, *_ = [*question.resource.split(":"), *[""] * 5]
    is_account = account.isdigit() and account != ministack_adapter.account()
    return service == "sagemaker" and is_account


def _refusal(question: RequiredPermission, key: str) -> Any:
    """Return what ministack's evaluator refuses with, or None."""
    return ministack_adapter.module("core.iam_evaluator").enforce(
        key,
        question.action,
        "sagemaker",
        ministack_adapter.region(),
        question.resource,
        question.context,
    )
