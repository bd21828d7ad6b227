"""Deletes the stacks of one Region: seats first, roles after their resources, the cohort last.

One bulk listing tells how all of them are, however many. A stack that CloudFormation could not
delete is diagnosed resource by resource; what is proven to be the workshop's is taken out of the
way, and the stack is deleted again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from workshop.account_region import AccountRegion
from workshop.aws import errors
from workshop.aws import stacks as stack_listing
from workshop.aws.clients import Clients
from workshop.aws.stacks import StackSummary
from workshop.counting import count_of
from workshop.deploy import diff
from workshop.errors import SignInError, WorkshopError
from workshop.events import now
from workshop.teardown import freeze, guard, roles
from workshop.teardown.events import (
    DeletionOutcome,
    DeletionResult,
    Sink,
    TeardownEvent,
    TeardownStep,
)
from workshop.teardown.resource import Ownership, Resource, ScanContext
from workshop.teardown.resources.base import ResourceType
from workshop.teardown.waits import STACKS, WaitPolicy

THREADS = 8


@dataclass
class _StackDeletion:
    resource: Resource
    began: float = 0
    attempts: int = 0
    left_behind: bool = False
    reason: str = ""
    """What CloudFormation says of the stack itself."""
    in_the_way: list[str] = field(default_factory=list)
    """Why what kept it from going could not be taken out of the way."""
    result: DeletionResult | None = None


@dataclass
class StackDeleter:
    """The deletion of stacks in one account and Region.

    By ``resources``, all that was found, what keeps a stack from going is taken out of the way.
    With ``abandon``, what cannot be deleted is left behind and named.
    """

    clients: Clients
    context: ScanContext
    resource_types: Mapping[str, ResourceType]
    resources: Iterable[Resource]
    sink: Sink
    abandon: bool = False
    waits: WaitPolicy = STACKS
    clock: Callable[[], float] = time.monotonic
    pause: Callable[[float], object] = time.sleep
    abandoned: list[DeletionResult] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._by_id: dict[str, Resource] = {}
        for resource in self.resources:
            self._by_id[resource.id] = resource
            if resource.arn:
                self._by_id[resource.arn] = resource

    @property
    def account_region(self) -> AccountRegion:
        """Where the stacks are."""
        return self.context.scope.account_region

    def delete(self, stacks: Sequence[Resource]) -> list[DeletionResult]:
        """Delete these, which do not depend on each other; what became of each."""
        waiting = [_StackDeletion(resource) for resource in stacks]
        jobs = list(waiting)
        watched: dict[str, _StackDeletion] = {}
        wait = self.waits.first_wait
        with ThreadPoolExecutor(THREADS, thread_name_prefix="stacks") as pool:
            while waiting or watched:
                room = self.waits.at_once - len(watched)
                begun, waiting = waiting[:room], waiting[room:]
                for job, accepted in zip(begun, pool.map(self._ask, begun), strict=True):
                    if accepted:
                        watched[job.resource.arn] = job
                seen = self._seen(watched) if watched else None
                before = len(watched)
                if seen is not None:
                    ended = [
                        arn for arn, job in watched.items() if self._has_ended(job, seen.get(arn))
                    ]
                    failed = [watched.pop(arn) for arn in ended]
                    again = [job for job in failed if job.result is None]
                    for job, more in zip(again, pool.map(self._heal, again), strict=True):
                        if more:
                            waiting.append(job)
                self._give_up_late(watched)
                moved = len(watched) < before or bool(waiting)
                wait = self.waits.first_wait if moved else self.waits.next(wait)
                if watched or waiting:
                    self.pause(wait)
        return [job.result for job in jobs if job.result is not None]

    def _ask(self, job: _StackDeletion) -> bool:
        """Ask for a deletion; whether there is something to watch now."""
        job.began = job.began or self.clock()
        job.attempts += 1
        client = self.clients.client("cloudformation", self.account_region)
        try:
            client.delete_stack(StackName=job.resource.arn)
        except errors.Refusal as error:
            if errors.is_gone(error):
                self._end(job, DeletionOutcome.ALREADY_GONE)
                return False
            if "TerminationProtection" in errors.message(error):
                where = self.account_region
                # A stack set's stacks have longer names than people know them by.
                stack = job.resource.arn.split("/")[1]
                why = guard.protected_against(stack, where.region)
                self._end(job, DeletionOutcome.STUCK, f"{why}, in account {where.account}")
                return False
            if errors.is_hopeless(error):
                self._end(job, DeletionOutcome.STUCK, errors.describe(error))
                return False
            # Such as one that is being updated: its deadline goes on, and it is asked again.
            job.attempts -= 1
        return True

    def _seen(self, watched: dict[str, _StackDeletion]) -> dict[str, StackSummary] | None:
        """Return all stacks by their ARN; None where they could not be listed: unread is not gone.

        Where no other listing would do better, nothing is watched any more.
        """
        try:
            pages = stack_listing.pages(self.clients, self.account_region)
            return {stack.id: stack for page in pages for stack in page}
        except errors.Refusal as error:
            if errors.is_passing(error):
                self._emit(
                    f"the stacks could not be listed, asking again: {errors.describe(error)}"
                )
                return None
            for job in watched.values():
                message = (
                    "its deletion was asked for, and how it ends is not known: stacks could not"
                )
                self._end(
                    job, DeletionOutcome.STUCK, f"{message} be listed ({errors.describe(error)})"
                )
            watched.clear()
            return None

    def _has_ended(self, job: _StackDeletion, found: StackSummary | None) -> bool:
        if found is None:
            self._end(job, DeletionOutcome.DELETED)
            return True
        job.reason = found.reason
        return not found.status.startswith("DELETE_IN_PROGRESS")

    def _give_up_late(self, watched: dict[str, _StackDeletion]) -> None:
        for arn, job in list(watched.items()):
            if self.clock() - job.began > self.waits.deadline:
                del watched[arn]
                message = (
                    f"still being deleted after {count_of(round(self.waits.deadline), 'second')}"
                )
                self._end(job, DeletionOutcome.STUCK, message)

    # --- what could not be deleted ------------------------------------------------------------

    def _heal(self, job: _StackDeletion) -> bool:
        """Take out of the way what kept a stack from going; whether to delete it again."""
        left = self._left(job)
        message = "; ".join(
            f"{diff.noun(held['ResourceType'])} {held.get('PhysicalResourceId', '')}:"
            f" {held.get('ResourceStatusReason', 'no reason given')}"
            for held in left
        )
        late = self.clock() - job.began > self.waits.deadline
        if not left and job.attempts < self.waits.attempts and not late:
            return True  # not deleted, and nothing has failed: somebody was at work on it
        self._emit(message, job.resource)
        if job.attempts < self.waits.attempts and not late:
            job.in_the_way = [why for resource in left if (why := self._clear(resource))]
            return True
        if self.abandon and left and not late and not job.left_behind:
            return self._leave_behind(job, left)
        # An export that another stack uses fails no resource: the stack is as it was before.
        message = message or job.reason or "CloudFormation does not delete it"
        message = "; ".join([message, *job.in_the_way])
        self._end(job, DeletionOutcome.STUCK, message)
        return False

    def _left(self, job: _StackDeletion) -> list[dict[str, Any]]:
        client = self.clients.client("cloudformation", self.account_region)
        try:
            pages = client.get_paginator("list_stack_resources").paginate(
                StackName=job.resource.arn
            )
            return [
                resource
                for page in pages
                for resource in page["StackResourceSummaries"]
                if resource["ResourceStatus"] == "DELETE_FAILED"
            ]
        except errors.Refusal as error:
            self._emit(f"its resources could not be read: {errors.describe(error)}", job.resource)
            return []

    def _clear(self, held: Mapping[str, Any]) -> str:
        """Empty or untie one resource that a workshop's stack holds, which is proof.

        Return why that was refused, empty where it was not.
        """
        physical = held.get("PhysicalResourceId", "")
        client = self.clients.client("iam", self.account_region)
        try:
            if held["ResourceType"] == "AWS::IAM::Role":
                roles.strip(client, physical)
                return ""
            resource = self._by_id.get(physical)
            if resource is not None and resource.resource_type in self.resource_types:
                self.resource_types[resource.resource_type].delete(self.context, resource)
        except SignInError:
            raise
        except (*errors.Refusal, WorkshopError) as error:
            message = errors.describe(error) if isinstance(error, errors.Refusal) else str(error)
            self._emit(f"{physical} stays in its way: {message}")
            return message
        return ""

    def _leave_behind(self, job: _StackDeletion, left: list[dict[str, Any]]) -> bool:
        """Delete the stack without what cannot be deleted, and note that."""
        job.left_behind = True
        client = self.clients.client("cloudformation", self.account_region)
        try:
            client.delete_stack(
                StackName=job.resource.arn,
                RetainResources=[resource["LogicalResourceId"] for resource in left],
            )
        except errors.Refusal as error:
            self._end(job, DeletionOutcome.STUCK, errors.describe(error))
            return False
        for summary in left:
            physical = summary.get("PhysicalResourceId", summary["LogicalResourceId"])
            resource = self._by_id.get(physical) or Resource(
                resource_type=summary["ResourceType"],
                id=physical,
                account_region=self.account_region,
                ownership=Ownership.OWNED,
                why=f"a resource of the stack {job.resource.id}",
                seat=job.resource.seat,
                hourly=None,
            )
            message = summary.get("ResourceStatusReason", "")
            self.abandoned.append(DeletionResult(resource, DeletionOutcome.ABANDONED, message))
        return True

    # --- roles --------------------------------------------------------------------------------

    def prepare_roles_for_deletion(self, names: Iterable[str]) -> None:
        """Make roles ready to be deleted by their stacks; what fails is said, and healed later."""

        def prepare_role_for_deletion(name: str) -> None:
            try:
                freeze.prepare_role_for_deletion(self.clients, self.account_region, name)
            except errors.Refusal as error:
                self._emit(f"role {name}: {errors.describe(error)}")

        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(prepare_role_for_deletion, names))

    def delete_orphans(self, resources: Iterable[Resource]) -> list[DeletionResult]:
        """Delete roles and policies that no stack holds; what became of each."""
        results = []
        for resource in resources:
            results.append(self._delete_orphan(resource))
            self._emit(results[-1].message, resource, results[-1].outcome)
        return results

    def _delete_orphan(self, resource: Resource) -> DeletionResult:
        """Delete a role or a policy; IAM may hold for a while what was taken off it against it."""
        wait, message = self.waits.first_wait, ""
        for attempt in range(self.waits.attempts):
            if attempt:
                self.pause(wait)
                wait = self.waits.next(wait)
            try:
                roles.delete(self.clients, resource)
            except errors.Refusal as error:
                message = errors.describe(error)
                if not message.startswith("DeleteConflict"):
                    break
            else:
                return DeletionResult(resource, DeletionOutcome.DELETED)
        return DeletionResult(resource, DeletionOutcome.STUCK, message)

    def _end(self, job: _StackDeletion, outcome: DeletionOutcome, message: str = "") -> None:
        job.result = DeletionResult(job.resource, outcome, message)
        self._emit(message, job.resource, outcome)

    def _emit(
        self, message: str, resource: Resource | None = None, outcome: DeletionOutcome | None = None
    ) -> None:
        self.sink(TeardownEvent(now(), TeardownStep.STACKS, message, resource, outcome))
