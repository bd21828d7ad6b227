"""Concurrent executions of Lambda: the account's limit is its quota, and functions reserve of it.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
"""

# Private names of ministack, held by ministack_names.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from localcloud import ministack_adapter
from localcloud.cloudformation.failures import ResourceError, handler_message
from localcloud.service_quotas.applied import AppliedQuotas

QUOTA = ("lambda", "Concurrent executions")
LEAST_UNRESERVED = 100
"""What functions without a reservation keep; all of it in an account that has less."""

Step = Callable[..., Any]


def patch_concurrency(quotas: AppliedQuotas) -> None:
    """Hold ministack's Lambda to the applied quota, once per process."""
    service = ministack_adapter.module("services.lambda_svc")
    # Its own cap is what the machine's memory allows.
    service._ACCOUNT_CONCURRENCY_CAP = 0
    service._get_account_settings = _with_quota(service._get_account_settings, quotas)
    service._put_function_concurrency = _within_quota(service._put_function_concurrency, quotas)
    service._acquire_execution_slot = _of_the_account(service._acquire_execution_slot, quotas)
    types = ministack_adapter.module("services.cloudformation.provisioners")._RESOURCE_HANDLERS
    functions = types["AWS::Lambda::Function"]
    for step in ("create", "update"):
        functions[step] = _reserving(functions[step], quotas)


def _limit(quotas: AppliedQuotas) -> int:
    return int(quotas.limit(*QUOTA))


def _reserved(*, besides: str = "") -> int:
    """Return what the functions of the account and Region being served have reserved."""
    functions = ministack_adapter.module("services.lambda_svc")._functions
    return sum(
        int(functions[name].get("concurrency") or 0) for name in functions if name != besides
    )


def _refused(function: str, asked: int, quotas: AppliedQuotas) -> str | None:
    """Return Lambda's sentence if too little would be left for the others, else None."""
    limit = _limit(quotas)
    least = min(LEAST_UNRESERVED, limit)
    if limit - _reserved(besides=function) - asked >= least:
        return None
    return (
        "Specified ReservedConcurrentExecutions for function decreases account's "
        f"UnreservedConcurrentExecution below its minimum value of [{least}]."
    )


def _with_quota(answer: Step, quotas: AppliedQuotas) -> Step:
    def get_account_settings() -> Any:
        status, headers, body = answer()
        settings = json.loads(body)
        limit = _limit(quotas)
        settings["AccountLimit"] |= {
            "ConcurrentExecutions": limit,
            "UnreservedConcurrentExecutions": limit - _reserved(),
        }
        return status, headers, json.dumps(settings).encode()

    return get_account_settings


def _within_quota(put: Step, quotas: AppliedQuotas) -> Step:
    def put_function_concurrency(function: str, data: dict[str, Any]) -> Any:
        sentence = _refused(function, int(data.get("ReservedConcurrentExecutions", 0)), quotas)
        if sentence is None:
            return put(function, data)
        return ministack_adapter.module("core.responses").error_response_json(
            "InvalidParameterValueException", sentence, 400
        )

    return put_function_concurrency


def _reserving(step: Step, quotas: AppliedQuotas) -> Step:
    """Make or change a function with what its template reserves for it."""

    def made(*given: Any, **named: Any) -> Any:
        # An update is given the old properties before the new ones.
        properties = [argument for argument in given if isinstance(argument, dict)][-1]
        asked = properties.get("ReservedConcurrentExecutions")
        if asked is not None:
            name = str(properties.get("FunctionName", given[0]))
            sentence = _refused(name, int(asked), quotas)
            if sentence is not None:
                raise ResourceError(handler_message("Lambda", sentence, 400, "InvalidRequest"))
        name, attributes = step(*given, **named)
        functions = ministack_adapter.module("services.lambda_svc")._functions
        functions[name]["concurrency"] = None if asked is None else int(asked)
        return name, attributes

    return made


def _of_the_account(acquire: Step, quotas: AppliedQuotas) -> Step:
    """Let functions without a reservation share what is not reserved."""
    service = ministack_adapter.module("services.lambda_svc")

    def acquire_execution_slot(function: dict[str, Any], config: dict[str, Any]) -> Any:
        if service._reserved_concurrency(function, config) is None:
            _, running = service.executions_in_flight()
            here = f"{ministack_adapter.account()}:{ministack_adapter.region()}:"
            names = [key.removeprefix(here) for key in running if key.startswith(here)]
            unreserved = sum(
                running[f"{here}{name}"]
                for name in names
                if (service._functions.get(name) or {}).get("concurrency") is None
            )
            if unreserved >= _limit(quotas) - _reserved():
                return None, "account"
        return acquire(function, config)

    return acquire_execution_slot
