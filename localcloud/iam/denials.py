"""A refusal in AWS's own words, which name the kind of policy that decided.

https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
"""

# Private names of ministack, held by ministack_names.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from localcloud import ministack_adapter
from localcloud.iam.required_permissions import RequiredPermission
from localcloud.protocol.errors import ApiError

Layer = tuple[str, Any]
"""A kind of policy and the parsed documents of this kind that the caller has."""


def unsigned() -> ApiError:
    """Return the answer to an unsigned request."""
    return ApiError("MissingAuthenticationTokenException", "Missing Authentication Token")


def unshared(question: RequiredPermission) -> ApiError:
    """Return the answer to whoever may, about what another account shares with nobody."""
    who = ministack_adapter.module("core.iam_evaluator").caller_arn()
    return ApiError(
        "AccessDeniedException",
        f"User: {who} is not authorized to perform: {question.action} on resource: "
        f"{question.resource} because no resource-based policy allows the {question.action} action",
    )


def denial(
    refused: Any, question: RequiredPermission, key: str, headers: dict[str, str]
) -> ApiError:
    """Return the service's answer for what the evaluator refused."""
    evaluator = ministack_adapter.module("core.iam_evaluator")
    if isinstance(refused, evaluator.AuthError):
        failure = ministack_adapter.module("core.iam_actions")._auth_failure(
            "sagemaker", refused.code, refused.message, headers
        )
        code, status, message = failure
        return ApiError(code, message, status)
    return ApiError(
        "AccessDeniedException",
        f"User: {refused.principal_arn} is not authorized to perform: {question.action} "
        f"on resource: {question.resource} {_reason(question, key)}",
    )


def _reason(question: RequiredPermission, key: str) -> str:
    evaluator = ministack_adapter.module("core.iam_evaluator")
    principal = evaluator.resolve_principal(key, ministack_adapter.account())
    context = evaluator.EvalContext(
        principal_arn=principal.arn,
        principal_type=principal.type,
        principal_account=principal.account,
        action=question.action,
        resource_arn=question.resource,
        region=ministack_adapter.region(),
        service_context={name.lower(): value for name, value in question.context.items()},
        principal_keys=principal.keys,
    )
    decisions = {
        name: evaluator.evaluate(context, documents).decision
        for name, documents in _layers(principal, key)
    }
    for name, decision in decisions.items():
        if decision == "Deny":
            return f"with an explicit deny in {'an' if name[0] == 'i' else 'a'} {name}"
    silent = next(name for name, decision in decisions.items() if decision != "Allow")
    return f"because no {silent} allows the {question.action} action"


def _layers(principal: Any, key: str) -> Iterator[Layer]:
    """In AWS's order of evaluation; ministack gives the limits without their names."""
    yield "identity-based policy", principal.policies
    session = ministack_adapter.module("services.sts")._sessions.get(key) or {}
    names = ["session policy"] if session.get("SessionPolicies") is not None else []
    if len(principal.limits) > len(names):
        names = ["permissions boundary", *names]
    yield from zip(names, principal.limits, strict=True)
