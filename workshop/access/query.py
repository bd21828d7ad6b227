"""Questions as people ask them: an action, a resource, tags, an instance type."""

from __future__ import annotations

from collections.abc import Sequence

from workshop.access.permissions import AccessQuestion
from workshop.config.rules import ACTION
from workshop.errors import UsageError
from workshop.naming import Names

ELSEWHERE = "another"
"""Stands for the account of somebody else."""


def question(
    names: Names,
    action: str,
    resource: str,
    *,
    tags: Sequence[str] = (),
    instance_types: Sequence[str] = (),
    context: Sequence[str] = (),
) -> AccessQuestion:
    """Return a question; ``tags`` and ``context`` are texts such as ``team=red``.

    Tags are those of the request where something is made or tagged, else those that the resource
    carries. Raises UsageError for what is not of that form.

    The ARN of a repository tells whose it is, that of a bucket does not: those that are called as
    the workshop is, or by the account's number as the Python SDK's default bucket is, are taken for
    this account's, and any other for somebody else's.
    """
    if not ACTION.holds(action) or action.endswith("*"):
        raise UsageError(f"'{action}' is not an action; write service and name: s3:GetObject")
    made = action.partition(":")[2].startswith(("Create", "AddTags", "RunInstances"))
    given: dict[str, str | list[str]] = {}
    for key, value in (_pair(text, "--tag") for text in tags):
        given[f"aws:{'RequestTag' if made else 'ResourceTag'}/{key}"] = value
        if action.startswith("ssm:"):
            given[f"ssm:resourceTag/{key}"] = value
    if instance_types and action.startswith("ec2:"):
        given["ec2:InstanceType"] = instance_types[0]
    elif instance_types:
        given["sagemaker:InstanceTypes"] = list(instance_types)
    if action.startswith(("ecr:", "s3:")):
        given["aws:ResourceAccount"] = _owner(names, resource)
    given.update(_pair(text, "--context") for text in context)
    return AccessQuestion(action, resource, given)


def _owner(names: Names, resource: str) -> str:
    """Return the account that S3 and ECR would name as a resource's owner."""
    *_, account, name = ["", "", *resource.split(":", 5)]
    bucket = name.partition("/")[0]
    if resource == "*" or names.account in bucket or bucket.startswith(f"{names.workshop}-"):
        return names.account
    return account or ELSEWHERE


def _pair(text: str, option: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise UsageError(f"'{text}' is not of the form {option} key=value")
    return key, value
