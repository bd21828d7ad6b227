"""The permissions that an operation needs: every action on every resource."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from localcloud.iam import conditions, reference, resources
from localcloud.iam import request_members as members
from localcloud.iam.conditions import Context
from localcloud.sagemaker.engine import SageMakerEngine
from localcloud.sagemaker.resource_type import Members
from localcloud.sagemaker.roles import PRINCIPAL

ROLE = "RoleArn"
"""The shape of every member that names a role to be passed, whatever the member is called."""


@dataclass(frozen=True)
class RequiredPermission:
    """A permission: ``sagemaker:StopTrainingJob`` on an ARN, with these condition keys."""

    action: str
    resource: str
    context: Context


def of(engine: SageMakerEngine, operation: str, request: Members) -> list[RequiredPermission]:
    """Return the permissions in the order in which AWS checks them: itself, its tags, its roles.

    The request has to be one that the service model allows.
    """
    found = members.of(operation, request)
    named = resources.of(engine, operation, request, found)
    asked = conditions.of_request(operation, found)
    own = [
        RequiredPermission(
            f"sagemaker:{operation}", arn, {**asked, **_of_resource(engine, operation, arn)}
        )
        for arn in named
    ]
    return [
        *own,
        *_tagging(operation, asked, resources.made(engine, operation, request, named)),
        *_passing(found),
    ]


def _of_resource(engine: SageMakerEngine, operation: str, arn: str) -> Context:
    resource_type = reference.load().type_of(arn)
    owner = engine.by_arn(resources.owner(arn))
    if resource_type is None or owner is None:
        return {}
    itself = engine.by_arn(arn)
    members = {} if itself is None else itself[1]["members"]
    return conditions.of_resource(operation, resource_type, owner[1]["tags"], members)


def _tagging(operation: str, asked: Context, arn: str) -> Iterator[RequiredPermission]:
    """Tags in a Create request need the permission to tag as well.

    https://docs.aws.amazon.com/sagemaker/latest/dg/security_iam_id-based-policy-examples.html
    """
    tags = {
        key: value
        for key, value in asked.items()
        if key == conditions.TAG_KEYS or key.startswith("aws:RequestTag/")
    }
    if tags and operation not in {"AddTags", "DeleteTags"}:
        context = {**tags, conditions.TAGGING_ACTION: operation}
        yield RequiredPermission("sagemaker:AddTags", arn, context)


def _passing(found: list[members.Member]) -> Iterator[RequiredPermission]:
    roles = dict.fromkeys(member.value for member in found if member.shape == ROLE)
    for role in roles:
        yield RequiredPermission("iam:PassRole", role, {"iam:PassedToService": PRINCIPAL})
