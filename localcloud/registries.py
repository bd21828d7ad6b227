"""ECR in the registry of another account, which a request names as ``registryId``.

ministack looks into the caller's own whatever is named. In AWS the repository's policy has to allow
it besides the caller's
(https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policies.html).
"""

# Private names of ministack, held by ministack_names.HELD.
from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from localcloud import ministack_adapter, policy_engine

Answer = tuple[int, dict[str, str], bytes]


def named(given: Mapping[str, Any]) -> str:
    """Return the account whose registry a request with these members is about."""
    return str(given.get("registryId") or ministack_adapter.account())


def arn(registry: str, repository: str) -> str:
    """Return the ARN of a repository in the Region of the request being served."""
    return f"arn:aws:ecr:{ministack_adapter.region()}:{registry}:repository/{repository}"


def patch_registries() -> None:
    """Serve the registry that is named, once per process."""
    ecr, handlers = _ecr(), ministack_adapter.module("app").SERVICE_HANDLERS
    service, own_policy = handlers["ecr"], ecr.repository_policy_for_arn

    def policy(resource: str) -> tuple[str, str] | None:
        account = resource.split(":")[4] if resource.startswith("arn:") else ""
        if account in {"", ministack_adapter.account()}:
            found: tuple[str, str] | None = own_policy(resource)
            return found
        with ministack_adapter.request_scope(account, ministack_adapter.region()):
            return own_policy(resource) or ("", account)

    async def answer(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Answer:
        try:
            given = json.loads(body or b"{}")
        except ValueError:
            given = {}
        registry = named(given) if isinstance(given, dict) else ministack_adapter.account()
        given_to: Answer
        if registry == ministack_adapter.account():
            given_to = await service(method, path, headers, body, query)
            return given_to
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        refused = _refusal(operation, registry, given)
        if refused is not None:
            return refused
        with ministack_adapter.request_scope(registry, ministack_adapter.region()):
            given_to = await service(method, path, headers, body, query)
            return given_to

    handlers["ecr"], ecr.repository_policy_for_arn = answer, policy


def _refusal(operation: str, registry: str, given: Mapping[str, Any]) -> Answer | None:
    """Return AWS's answer unless the policy of each named repository allows it to the caller."""
    names = given.get("repositoryNames") or [given.get("repositoryName") or "*"]
    return next(
        (refusal for name in names if (refusal := _of_one(operation, registry, name))), None
    )


def _of_one(operation: str, registry: str, name: str) -> Answer | None:
    evaluator, ecr = policy_engine.evaluator(), _ecr()
    who, action, resource = evaluator.caller_arn(), f"ecr:{operation}", arn(registry, name)
    context = evaluator.EvalContext(
        principal_arn=who,
        principal_type="AssumedRole" if ":assumed-role/" in who else "User",
        principal_account=ministack_adapter.account(),
        action=action,
        resource_arn=resource,
        region=ministack_adapter.region(),
    )
    text, _ = ecr.repository_policy_for_arn(resource)
    if evaluator.resource_policy_allows(text, context, same_account=False):
        return None
    refusal: Answer = ministack_adapter.module("core.responses").error_response_json(
        "AccessDeniedException",
        f"User: {who} is not authorized to perform: {action} on resource: {resource} because no"
        f" resource-based policy allows the {action} action",
        400,
    )
    return refusal


def _ecr() -> Any:
    return ministack_adapter.module("services.ecr")
