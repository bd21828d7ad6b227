"""IAM roles and managed policies: boundaries kept and checked, attached policies protected."""

# Private names of ministack, held by ministack_names.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count, takewhile
from typing import Any

from localcloud import ministack_adapter, protections, wordings
from localcloud.cloudformation.failures import (
    ResourceError,
    already_exists,
    error_of,
    handler_message,
)
from localcloud.iam import trust_policies

Properties = dict[str, Any]
Made = tuple[str, dict[str, Any]]
Answer = tuple[int, dict[str, str], bytes]


def _iam() -> Any:
    return ministack_adapter.module("services.iam")


def _provisioners() -> Any:
    return ministack_adapter.module("services.cloudformation.provisioners")


def boundary_error(arn: str) -> Answer | None:
    """IAM's refusal of a permissions boundary that is no known policy."""
    if _iam()._policy_exists(arn):
        return None
    answer: Answer = _iam()._error(
        404, "NoSuchEntity", f"Scope ARN: {arn} does not exist or is not attachable."
    )
    return answer


def attach_role_policy(params: dict[str, Any]) -> Answer:
    """AttachRolePolicy, refusing a policy that does not exist."""
    arn = _iam()._p(params, "PolicyArn")
    if not _iam()._policy_exists(arn):
        missing: Answer = _iam()._error(404, "NoSuchEntity", _not_attachable(arn))
        return missing
    answer: Answer = _iam()._attach_role_policy(params)
    return answer


def delete_policy(params: dict[str, Any]) -> Answer:
    """DeletePolicy, refusing a permissions boundary of somebody, and one with several versions."""
    if _iam()._boundary_usage_counts().get(_iam()._p(params, "PolicyArn")):
        used: Answer = _iam()._error(
            409, "DeleteConflict", "Cannot delete a policy attached to entities."
        )
        return used
    policy = _iam()._policies.get(_iam()._p(params, "PolicyArn"))
    answer: Answer = protections.more_versions(policy or {}) or _iam()._delete_policy(params)
    return answer


def simulate_principal_policy(params: dict[str, Any]) -> Answer:
    """SimulatePrincipalPolicy with its context, of a role by its name.

    ministack takes a role's path for a part of its name, and decides without the context.
    """
    source = _iam()._p(params, "PolicySourceArn")
    kind, slash, path_and_name = source.partition(":role/")
    name = path_and_name.rpartition("/")[2]
    if slash and name not in _iam()._roles:
        missing: Answer = _iam()._error(
            404, "NoSuchEntity", "Unable to retrieve specified IAM entity."
        )
        return missing
    source = f"{kind}{slash}{name}" if slash else source
    with _in_context(_context(params)):
        answer: Answer = _iam()._simulate_principal_policy({**params, "PolicySourceArn": [source]})
    return answer


def _context(params: dict[str, Any]) -> dict[str, str | list[str]]:
    """Return the condition keys of a simulation and their values."""
    found: dict[str, str | list[str]] = {}
    for number in count(1):
        entry = f"ContextEntries.member.{number}"
        key = _iam()._p(params, f"{entry}.ContextKeyName")
        if not key:
            return found
        values = (
            _iam()._p(params, f"{entry}.ContextKeyValues.member.{index}") for index in count(1)
        )
        given = list(takewhile(bool, values))
        found[key.lower()] = given[0] if len(given) == 1 else given
    return found


@contextmanager
def _in_context(given: dict[str, str | list[str]]) -> Iterator[None]:
    """Let ministack decide with these keys; nothing else runs meanwhile, since nothing waits."""
    evaluator = ministack_adapter.module("core.iam_evaluator")
    evaluate = evaluator.evaluate

    def decide(asked: Any, policies: Any) -> Any:
        region = given.get("aws:requestedregion", asked.region)
        return evaluate(replace(asked, region=region, service_context=given), policies)

    evaluator.evaluate = decide
    try:
        yield
    finally:
        evaluator.evaluate = evaluate


def _not_attachable(arn: str) -> str:
    return f"Policy {arn} does not exist or is not attachable."


def _check_role(props: Properties) -> None:
    wrong = trust_policies.mistake(props.get("AssumeRolePolicyDocument"))
    if wrong is not None:
        raise ResourceError(handler_message("Iam", wrong, 400, "InvalidRequest"))
    boundary = props.get("PermissionsBoundary")
    if boundary is not None and not _iam()._policy_exists(boundary):
        text = f"Scope ARN: {boundary} does not exist or is not attachable."
        raise ResourceError(handler_message("Iam", text, 404, "NotFound"))
    for arn in props.get("ManagedPolicyArns") or []:
        if not _iam()._policy_exists(arn):
            raise ResourceError(handler_message("Iam", _not_attachable(arn), 404, "NotFound"))


def create_role(logical_id: str, props: Properties, stack_name: str) -> Made:
    """AWS::IAM::Role with its boundary; an existing role is never overwritten."""
    name = props.get("RoleName")
    if name in _iam()._roles:
        raise ResourceError(already_exists("AWS::IAM::Role", str(name)))
    _check_role(props)
    made: Made = _provisioners()._iam_role_create(logical_id, _own_tags(props), stack_name)
    _set_boundary(made[0], props)
    return made


def update_role(
    physical_id: str,
    old: Properties,
    new: Properties,
    stack_name: str,
    logical_id: str | None = None,
) -> Made:
    """Change a role in place, its boundary included."""
    _check_role(new)
    made: Made = _provisioners()._iam_role_update(
        physical_id, _own_tags(old), _own_tags(new), stack_name, logical_id
    )
    _set_boundary(made[0], new)
    return made


def delete_role(physical_id: str, props: Properties) -> None:
    """Take off what the template put on, then delete as IAM does: anything else left refuses it."""
    role = _iam()._roles.get(physical_id)
    if role is None:
        return
    for arn in props.get("ManagedPolicyArns") or []:
        _iam().detach_managed_policy(role, arn)
    for policy in props.get("Policies") or []:
        role["InlinePolicies"].pop(policy["PolicyName"], None)
    _done(_iam()._delete_role({"RoleName": physical_id}))


def _own_tags(props: Properties) -> Properties:
    """Leave out CloudFormation's own tags: roles never carry them (the type's schema)."""
    tags = [tag for tag in props.get("Tags") or [] if not tag["Key"].startswith("aws:")]
    return {**props, "Tags": tags}


def _set_boundary(name: str, props: Properties) -> None:
    _iam()._roles[name]["PermissionsBoundary"] = props.get("PermissionsBoundary")


def create_managed_policy(logical_id: str, props: Properties, stack_name: str) -> Made:
    """AWS::IAM::ManagedPolicy; a policy of that name is never overwritten."""
    name = props.get("ManagedPolicyName")
    arn = f"arn:aws:iam::{ministack_adapter.account()}:policy{props.get('Path', '/')}{name}"
    if arn in _iam()._policies:
        raise ResourceError(already_exists("AWS::IAM::ManagedPolicy", arn))
    made: Made = _provisioners()._iam_managed_policy_create(logical_id, props, stack_name)
    return made


def delete_managed_policy(physical_id: str, props: Properties) -> None:
    """Detach from the entities the template names, then delete as IAM does.

    Every update has left an older version, which IAM wants deleted first and CloudFormation
    deletes.
    """
    policy = _iam()._policies.get(physical_id)
    if policy is None:
        return
    for member, store in (("Roles", "_roles"), ("Users", "_users"), ("Groups", "_groups")):
        for name in props.get(member) or []:
            entity = getattr(_iam(), store).get(name)
            if entity is not None:
                _iam().detach_managed_policy(entity, physical_id)
    for version in [
        version for version in policy["Versions"].values() if not version["IsDefaultVersion"]
    ]:
        _done(
            _iam()._delete_policy_version(
                {"PolicyArn": physical_id, "VersionId": version["VersionId"]}
            )
        )
    _done(delete_policy({"PolicyArn": physical_id}))


def _done(answer: Answer) -> None:
    failed = error_of(answer)
    if failed is not None:
        text = wordings.as_aws_words("iam", failed[2])
        raise ResourceError(handler_message("Iam", text, failed[0], "ResourceConflict"))
