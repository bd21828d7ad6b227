"""What a deployment asks CloudFormation for, in one account and Region."""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import yaml
from botocore.exceptions import BotoCoreError, ClientError

from workshop.account_region import AccountRegion
from workshop.aws import stacks as inventory
from workshop.aws.clients import Clients
from workshop.aws.errors import code
from workshop.aws.rate_limit import MinInterval
from workshop.aws.stacks import StackSummary
from workshop.deploy import failures
from workshop.deploy.desired import DesiredStack
from workshop.deploy.failures import Cause, FailureClass
from workshop.deploy.templates import Template

CAPABILITIES = ("CAPABILITY_NAMED_IAM",)
_OVERTAKEN = re.compile(
    r"\b(?:[A-Z]+_)+(?:IN_PROGRESS|COMPLETE|FAILED|SKIPPED)\b|cannot be deleted while in status"
    r"|^Stack .*does not exist\.?$|cannot be called from current stack status"
    r"|another (?:operation|update) is|operation is already in progress"
)
"""What CloudFormation says of a stack whose state is another than the one that was planned for.

Nothing but what is wrong with a state names one.
"""
_NOTHING = re.compile(r"no updates are to be performed|didn.t contain changes", re.IGNORECASE)
_BY_ANOTHER = frozenset(
    {
        "AlreadyExistsException",
        "OperationInProgressException",
        "StackNotFoundException",
        "TokenAlreadyExistsException",
    }
)
"""Error codes that say the same."""
POLL_SPACING = 0.5
"""Seconds between two polling calls: two a second in each Region, however many stacks."""

POLL_BURST = 4
"""Polling calls that may follow sooner after a rest, as when the first stacks are awaited."""

POLL_ATTEMPTS = 8


class Answer(StrEnum):
    """How CloudFormation took a call."""

    ACCEPTED = "accepted"
    OVERTAKEN = "overtaken"
    """The stack's state is another than was planned for: mostly by somebody else's work."""
    NOTHING_TO_DO = "nothing to do"
    REFUSED = "refused"


@dataclass(frozen=True)
class CallResult:
    """The answer to one mutating call; ``stack_id`` where it was accepted.

    ``cause`` is in AWS's words, where it was not.
    """

    answer: Answer
    stack_id: str = ""
    cause: Cause | None = None


@dataclass(frozen=True)
class PollResult:
    """What one poll saw, by name; ``complete`` if it went through all stacks of the Region."""

    stacks: Mapping[str, StackSummary]
    complete: bool


class CloudFormation:
    """One account's and Region's CloudFormation; its methods may be called from several threads."""

    def __init__(self, clients: Clients, account_region: AccountRegion) -> None:
        self.account_region = account_region
        self.polls = MinInterval(POLL_SPACING, burst=POLL_BURST)
        self._clients = clients

    def create(self, desired: DesiredStack, template: Template) -> CallResult:
        return self._send(
            "create_stack",
            StackName=desired.name,
            EnableTerminationProtection=bool(desired.protected),
            **_shared(desired, template),
        )

    def update(self, desired: DesiredStack, template: Template, found: StackSummary) -> CallResult:
        if desired.protected is not None and found.protected != desired.protected:
            sent = self._protect(found, protected=desired.protected)
            if sent.answer != Answer.ACCEPTED:
                return sent
        return self._send(
            "update_stack", StackName=found.id, **_shared(desired, template, found.parameters)
        )

    def delete(self, found: StackSummary) -> CallResult:
        """Delete what is left of a stack that was never made; by its id, so no other can be hit."""
        if found.protected:
            # Nothing is in it that the protection could be meant for.
            sent = self._protect(found, protected=False)
            if sent.answer != Answer.ACCEPTED:
                return sent
        return self._send("delete_stack", StackName=found.id, ClientRequestToken=_token())

    def roll_back(self, found: StackSummary) -> CallResult:
        """Take a stack back to what it was before an update that failed and was left as it was."""
        return self._send("rollback_stack", StackName=found.id, ClientRequestToken=_token())

    def _protect(self, found: StackSummary, *, protected: bool) -> CallResult:
        return self._send(
            "update_termination_protection",
            StackName=found.id,
            EnableTerminationProtection=protected,
        )

    def seen(self, awaited: Collection[str], *, whole: bool) -> PollResult:
        """Look for stacks page by page until all ``awaited`` names are seen, or through all.

        AWS lists the newest first, so that stacks being made are on the first page; nothing
        depends on it.
        """
        found: dict[str, StackSummary] = {}
        pages = inventory.pages(
            self._clients, self.account_region, describe_stacks=self._describe_stacks
        )
        for page in pages:
            found.update((stack.name, stack) for stack in page)
            if not whole and found.keys() >= set(awaited):
                return PollResult(found, complete=False)
        return PollResult(found, complete=True)

    def _describe_stacks(self, **request: Any) -> Mapping[str, Any]:
        """One page, asked for again at the polls' own pace where botocore would come faster."""
        client = self._clients.client("cloudformation", self.account_region, attempts=1)
        for left in reversed(range(POLL_ATTEMPTS)):
            self.polls.wait()
            try:
                answer: Mapping[str, Any] = client.describe_stacks(**request)
            except (BotoCoreError, ClientError) as error:
                if not left or failures.of_error(error).kind == FailureClass.PERMANENT:
                    raise
            else:
                return answer
        raise AssertionError("the last attempt answers or raises")

    def cause(self, stack_id: str) -> Cause:
        """Return why the stack's last operation failed, from its events."""
        client = self._clients.client("cloudformation", self.account_region)
        read: list[Mapping[str, Any]] = []
        try:
            pages = client.get_paginator("describe_stack_events").paginate(StackName=stack_id)
            found = failures.root(_noted(pages, read))
        except (BotoCoreError, ClientError) as error:
            # What it was is not known, so one more attempt does no harm.
            return Cause(
                FailureClass.TRANSIENT, f"its events could not be read: {error}", known=False
            )
        if found is not None and failures.tells_elsewhere(found):
            return self._invalid(stack_id, failures.failed_operation(read)) or found
        return found or Cause(FailureClass.PERMANENT, "CloudFormation tells no reason", known=False)

    def outside(self, stack_id: str) -> tuple[str, ...]:
        """Return what the stack's last update took out of it and did not delete, as sentences."""
        client = self._clients.client("cloudformation", self.account_region)
        try:
            pages = client.get_paginator("describe_stack_events").paginate(StackName=stack_id)
            return failures.left_outside(event for page in pages for event in page["StackEvents"])
        except (BotoCoreError, ClientError) as error:
            return (f"what it was could not be read: {error}",)

    def _invalid(self, stack_id: str, operation: str) -> Cause | None:
        """Return what CloudFormation's early validation refused, None where it cannot be read.

        By its name alone, a stack tells of its last operation: the rollback.
        """
        client = self._clients.client("cloudformation", self.account_region)
        try:
            operation = operation or self._last_operation(stack_id)
            which = {"OperationId": operation} if operation else {"StackName": stack_id}
            pages = client.get_paginator("describe_events").paginate(
                **which, Filters={"FailedEvents": True}
            )
            return failures.of_validation(
                [event for page in pages for event in page["OperationEvents"]]
            )
        except (BotoCoreError, ClientError):
            return None

    def _last_operation(self, stack_id: str) -> str:
        """Return the id of a stack's last operation that was no rollback, empty for none."""
        client = self._clients.client("cloudformation", self.account_region)
        (stack,) = client.describe_stacks(StackName=stack_id)["Stacks"]
        return next(
            (
                str(operation["OperationId"])
                for operation in stack.get("LastOperations", ())
                if "ROLLBACK" not in operation.get("OperationType", "")
            ),
            "",
        )

    def document(self, stack_id: str) -> dict[str, Any]:
        """Return the template that a stack was last made from."""
        client = self._clients.client("cloudformation", self.account_region)
        body = client.get_template(StackName=stack_id, TemplateStage="Original")["TemplateBody"]
        # botocore reads JSON by itself; the CDK command line sends YAML.
        document: dict[str, Any] = yaml.safe_load(body) if isinstance(body, str) else body
        return document

    def _send(self, operation: str, **request: Any) -> CallResult:
        client = self._clients.client("cloudformation", self.account_region)
        try:
            answer = getattr(client, operation)(**request)
        except ClientError as error:
            return _refusal(error)
        except BotoCoreError as error:
            return CallResult(Answer.REFUSED, cause=failures.of_error(error))
        return CallResult(Answer.ACCEPTED, stack_id=answer.get("StackId", ""))


def _noted(
    pages: Iterable[Mapping[str, Any]], read: list[Mapping[str, Any]]
) -> Iterator[Mapping[str, Any]]:
    """Give the events of pages, and add to ``read`` those that were looked at."""
    for page in pages:
        for event in page["StackEvents"]:
            read.append(event)
            yield event


def _shared(
    desired: DesiredStack, template: Template, current: Collection[str] = ()
) -> dict[str, Any]:
    return {
        "Parameters": desired.values(current),
        "TemplateBody": template.body,
        "Capabilities": CAPABILITIES,
        "Tags": [{"Key": key, "Value": value} for key, value in desired.tagged(template).items()],
        "ClientRequestToken": _token(),
    }


def _token() -> str:
    """Makes a call that botocore repeats, because its answer was lost, the same call to AWS."""
    return f"workshop-{uuid.uuid4()}"


def _refusal(error: ClientError) -> CallResult:
    message = str(error.response.get("Error", {}).get("Message", ""))
    kind = code(error.response)
    if _NOTHING.search(message):
        return CallResult(Answer.NOTHING_TO_DO)
    busy = kind in {"ValidationError", "ValidationException"} and _OVERTAKEN.search(message)
    if busy or kind in _BY_ANOTHER:
        return CallResult(Answer.OVERTAKEN, cause=failures.of_error(error))
    return CallResult(Answer.REFUSED, cause=failures.of_error(error))
