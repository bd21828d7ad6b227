"""Which stacks an account holds, from one paged listing of all of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from botocore.exceptions import ClientError

from workshop import tags
from workshop.account_region import AccountRegion
from workshop.aws import errors
from workshop.aws.clients import Clients
from workshop.aws.reads import read_each
from workshop.naming import stack_of_set

SETTLED = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"})
"""Statuses of a stack that is what its last operation meant it to be."""

BROKEN = frozenset({"CREATE_FAILED", "DELETE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED"})
"""Statuses of a stack that failed to be made, or to be deleted: what is left of it has to go."""

ROLLED_BACK = frozenset({"UPDATE_ROLLBACK_COMPLETE", "IMPORT_ROLLBACK_COMPLETE"})
"""Statuses of a stack that is what it was before its last operation, which failed."""

NOT_THERE = BROKEN | {"DELETE_IN_PROGRESS", "REVIEW_IN_PROGRESS", "ROLLBACK_IN_PROGRESS"}
"""Statuses of a stack whose resources are not there, or will be deleted and made again."""

UNREADABLE = "****"
"""What stands for the value of a parameter that nobody is to read (``NoEcho``)."""

_LOGICAL_IDS = re.compile(r"The following resource\(s\) failed to \w+: \[[^\]]*\]\.? *")
"""How CloudFormation sums up an operation that failed; why it did is in the stack's events."""

LISTED_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class StackSummary:
    """A stack as CloudFormation describes it; ``id`` is its ARN, by which calls name it.

    ``name`` is what the workshop calls it, also where a stack set made it under another name.
    ``reason`` is what CloudFormation says of the status, without logical ids, which tell nobody.
    ``changed`` is when its last update began, None for a stack that had none.
    """

    name: str
    id: str
    status: str
    reason: str
    created: datetime
    changed: datetime | None
    protected: bool
    tags: Mapping[str, str] = field(hash=False)
    parameters: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Values by name; of one that nobody is to read, UNREADABLE."""

    @property
    def template(self) -> str:
        """The digest of the template that was last asked for, empty where nobody noted it."""
        return self.tags.get(tags.TEMPLATE, "")

    @property
    def in_progress(self) -> bool:
        return self.status.endswith("_IN_PROGRESS")

    def belongs_to(self, workshop: str, environment: str) -> bool:
        """Return whether the provisioner made it for this environment."""
        return tags.belong_to(workshop, environment, self.tags)


def pages(
    clients: Clients,
    account_region: AccountRegion,
    *,
    describe_stacks: Callable[..., Mapping[str, Any]] | None = None,
) -> Iterator[list[StackSummary]]:
    """Yield the stacks that are not deleted, a page of up to 100 at a time.

    ``describe_stacks`` makes each request, in place of the client. botocore's errors pass through:
    a listing that fails is not an empty one.
    """
    describe = describe_stacks or clients.client("cloudformation", account_region).describe_stacks
    token: dict[str, str] = {}
    while True:
        answer = describe(**token)
        yield [_found(stack) for stack in answer["Stacks"]]
        if not answer.get("NextToken"):
            return
        token = {"NextToken": answer["NextToken"]}


def stacks(
    clients: Clients,
    account_region: AccountRegion,
    *,
    attempts: int | None = None,
) -> dict[str, StackSummary]:
    """Return all stacks that are not deleted, by name; by its ARN one whose name is taken.

    Two of one name are a stack set's and another one, and neither is hidden by the other.
    ``attempts`` are those of a call, where they are not as many as of all others.
    """
    found: dict[str, StackSummary] = {}
    client = clients.client("cloudformation", account_region, attempts=attempts)
    for page in pages(clients, account_region, describe_stacks=client.describe_stacks):
        for stack in page:
            found[stack.id if stack.name in found else stack.name] = stack
    return found


def tags_of(clients: Clients, account_region: AccountRegion, stack_id: str) -> Mapping[str, str]:
    """Return the tags of a stack by its id, none for one that is not there.

    botocore's other errors pass through: tags that could not be read are not none.
    """
    if not stack_id:
        return {}
    try:
        answer = clients.call(
            account_region, "cloudformation", "DescribeStacks", StackName=stack_id
        )
    except ClientError as error:
        if errors.is_gone(error):
            return {}
        raise
    (stack,) = answer["Stacks"]
    return _found(stack).tags


def in_each(
    clients: Clients, account_regions: Collection[AccountRegion]
) -> tuple[dict[AccountRegion, dict[str, StackSummary]], dict[AccountRegion, str]]:
    """Return the stacks of several accounts and Regions, and why those of others are not known."""
    return read_each(partial(stacks, clients), account_regions, threads=LISTED_AT_ONCE)


def _found(stack: Mapping[str, Any]) -> StackSummary:
    return StackSummary(
        name=stack_of_set(stack["StackName"]),
        id=stack["StackId"],
        status=stack["StackStatus"],
        reason=_LOGICAL_IDS.sub("", stack.get("StackStatusReason", "")),
        created=stack["CreationTime"],
        changed=stack.get("LastUpdatedTime"),
        protected=stack.get("EnableTerminationProtection", False),
        # What AWS itself adds is nobody's wish, and cannot be taken away.
        tags={
            tag["Key"]: tag["Value"]
            for tag in stack.get("Tags", [])
            if not tag["Key"].startswith("aws:")
        },
        parameters={
            parameter["ParameterKey"]: parameter.get("ParameterValue", "")
            for parameter in stack.get("Parameters", [])
        },
    )
