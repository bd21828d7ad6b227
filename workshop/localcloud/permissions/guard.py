"""Asks ministack's evaluator whether the caller may perform a SageMaker operation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workshop.localcloud import emulator
from workshop.localcloud.permissions import members, questions
from workshop.localcloud.permissions.denials import denial, unsigned
from workshop.localcloud.wire.requests import check_request

if TYPE_CHECKING:
    from workshop.localcloud.sagemaker.engine import Engine
    from workshop.localcloud.sagemaker.tables import Members


class Guard:
    """Refuses what the caller's policies do not allow; called before each operation."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __call__(self, operation: str, request: Members, headers: dict[str, str]) -> None:
        """Raise ``ApiError`` unless every question is answered with yes.

        Operations that the service does not have are left to the engine, whose refusal they are.
        """
        key = emulator.access_key(headers)
        if not key:
            # To ministack nobody is the account's root.
            raise unsigned()
        service = members.service_of(operation)
        if service is None:
            return
        if service != "sagemaker-runtime":
            # An invocation comes without its body, which is anything.
            check_request(service, operation, request)
        for question in questions.of(self._engine, operation, request):
            refused = emulator.module("core.iam_evaluator").enforce(
                key,
                question.action,
                "sagemaker",
                emulator.region(),
                question.resource,
                question.context,
            )
            if refused is not None:
                raise denial(refused, question, key, headers)
