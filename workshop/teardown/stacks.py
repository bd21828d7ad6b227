"""Deletes the stacks of one place: seats first, their roles after their things, the cohort last.

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
from workshop.aws import stacks as inventory
from workshop.aws.clients import Clients
from workshop.aws.stacks import StackSummary
from workshop.errors import SignInError, WorkshopError
from workshop.teardown import freeze, refusals, roles
from workshop.teardown.events import (
    DeletionOutcome,
    DeletionResult,
    Sink,
    TeardownEvent,
    TeardownStep,
    now,
)
from workshop.teardown.resource import Ownership, Resource, ResourceType, ScanContext

THREADS = 8


@dataclass(frozen=True)
class StackWaits:
    """How long, how often and how many stacks at once; times in seconds."""

    deadline: float = 1800
    attempts: int = 4
    """Deletions of one stack, the first included."""
    look: float = 0.5
    slowest_look: float = 10
    concurrency: int = 50


@dataclass
class _StackDeletion:
    thing: Resource
    began: float = 0
    attempts: int = 0
    left_behind: bool = False
    result: DeletionResult | None = None


@dataclass
class StackDeleter:
    """The deletion of stacks in one place.

    ``things`` are what the kinds found, by which a resource that stays is taken out of the way.
    With ``abandon``, what cannot be deleted is left behind and named.
    """

    clients: Clients
    world: ScanContext
    kinds: Mapping[str, ResourceType]
    things: Iterable[Resource]
    sink: Sink
    abandon: bool = False
    patience: StackWaits = field(default_factory=StackWaits)
    clock: Callable[[], float] = time.monotonic
    pause: Callable[[float], object] = time.sleep
    abandoned: list[DeletionResult] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._by_id: dict[str, Resource] = {}
        for thing in self.things:
            self._by_id[thing.id] = thing
            if thing.arn:
                self._by_id[thing.arn] = thing

    @property
    def place(self) -> AccountRegion:
        """Where the stacks are."""
        return self.world.scope.place

    def delete(self, stacks: Sequence[Resource]) -> list[DeletionResult]:
        """Delete these, which do not depend on each other; what became of each."""
        waiting = [_StackDeletion(thing) for thing in stacks]
        jobs = list(waiting)
        watched: dict[str, _StackDeletion] = {}
        look = self.patience.look
        with ThreadPoolExecutor(THREADS, thread_name_prefix="stacks") as pool:
            while waiting or watched:
                room = self.patience.concurrency - len(watched)
                begun, waiting = waiting[:room], waiting[room:]
                for job, accepted in zip(begun, pool.map(self._ask, begun), strict=True):
                    if accepted:
                        watched[job.thing.arn] = job
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
                look = self.patience.look if moved else min(self.patience.slowest_look, look * 1.5)
                if watched or waiting:
                    self.pause(look)
        return [job.result for job in jobs if job.result is not None]

    def _ask(self, job: _StackDeletion) -> bool:
        """Ask for a deletion; whether there is something to watch now."""
        job.began = job.began or self.clock()
        job.attempts += 1
        client = self.clients.client("cloudformation", self.place)
        try:
            client.delete_stack(StackName=job.thing.arn)
        except refusals.Refusal as error:
            if refusals.is_gone(error):
                self._end(job, DeletionOutcome.ALREADY_GONE)
                return False
            if refusals.is_hopeless(error) or "TerminationProtection" in refusals.message(error):
                self._end(job, DeletionOutcome.STUCK, refusals.told(error))
                return False
            # Such as one that is being updated: its deadline goes on, and it is asked again.
            job.attempts -= 1
        return True

    def _seen(self, watched: dict[str, _StackDeletion]) -> dict[str, StackSummary] | None:
        """All stacks by their ARN; None where they could not be listed: unread is not gone.

        Where no other listing would do better, nothing is watched any more.
        """
        try:
            pages = inventory.pages(self.clients, self.place)
            return {stack.id: stack for page in pages for stack in page}
        except refusals.Refusal as error:
            if refusals.is_passing(error):
                self._tell(f"the stacks could not be listed, asking again: {refusals.told(error)}")
                return None
            for job in watched.values():
                told = "its deletion was asked for, and how it ends is not known: stacks could not"
                self._end(job, DeletionOutcome.STUCK, f"{told} be listed ({refusals.told(error)})")
            watched.clear()
            return None

    def _has_ended(self, job: _StackDeletion, found: StackSummary | None) -> bool:
        if found is None:
            self._end(job, DeletionOutcome.DELETED)
            return True
        return not found.status.startswith("DELETE_IN_PROGRESS")

    def _give_up_late(self, watched: dict[str, _StackDeletion]) -> None:
        for arn, job in list(watched.items()):
            if self.clock() - job.began > self.patience.deadline:
                del watched[arn]
                told = f"still being deleted after {self.patience.deadline:.0f} seconds"
                self._end(job, DeletionOutcome.STUCK, told)

    # --- what could not be deleted ------------------------------------------------------------

    def _heal(self, job: _StackDeletion) -> bool:
        """Take out of the way what kept a stack from going; whether to delete it again."""
        left = self._left(job)
        told = "; ".join(
            f"{one['LogicalResourceId']}: {one.get('ResourceStatusReason', 'no reason given')}"
            for one in left
        )
        late = self.clock() - job.began > self.patience.deadline
        if not left and job.attempts < self.patience.attempts and not late:
            return True  # not deleted, and nothing has failed: somebody was at work on it
        self._tell(told, job.thing)
        if job.attempts < self.patience.attempts and not late:
            for one in left:
                self._clear(one)
            return True
        if self.abandon and left and not late and not job.left_behind:
            return self._leave_behind(job, left)
        self._end(job, DeletionOutcome.STUCK, told or "CloudFormation does not delete it")
        return False

    def _left(self, job: _StackDeletion) -> list[dict[str, Any]]:
        client = self.clients.client("cloudformation", self.place)
        try:
            pages = client.get_paginator("list_stack_resources").paginate(StackName=job.thing.arn)
            return [
                one
                for page in pages
                for one in page["StackResourceSummaries"]
                if one["ResourceStatus"] == "DELETE_FAILED"
            ]
        except refusals.Refusal as error:
            self._tell(f"its resources could not be read: {refusals.told(error)}", job.thing)
            return []

    def _clear(self, resource: Mapping[str, Any]) -> None:
        """Empty or untie one resource that a workshop's stack holds, which is proof."""
        physical = resource.get("PhysicalResourceId", "")
        client = self.clients.client("iam", self.place)
        try:
            if resource["ResourceType"] == "AWS::IAM::Role":
                roles.strip(client, physical)
                return
            thing = self._by_id.get(physical)
            if thing is not None and thing.kind in self.kinds:
                self.kinds[thing.kind].delete(self.world, thing)
        except SignInError:
            raise
        except (*refusals.Refusal, WorkshopError) as error:
            told = refusals.told(error) if isinstance(error, refusals.Refusal) else str(error)
            self._tell(f"{physical} stays in its way: {told}")

    def _leave_behind(self, job: _StackDeletion, left: list[dict[str, Any]]) -> bool:
        """Delete the stack without what cannot be deleted, and note that."""
        job.left_behind = True
        client = self.clients.client("cloudformation", self.place)
        try:
            client.delete_stack(
                StackName=job.thing.arn,
                RetainResources=[one["LogicalResourceId"] for one in left],
            )
        except refusals.Refusal as error:
            self._end(job, DeletionOutcome.STUCK, refusals.told(error))
            return False
        for one in left:
            physical = one.get("PhysicalResourceId", one["LogicalResourceId"])
            thing = self._by_id.get(physical) or Resource(
                kind=one["ResourceType"],
                id=physical,
                place=self.place,
                ownership=Ownership.OWNED,
                why=f"a resource of the stack {job.thing.id}",
                seat=job.thing.seat,
                hourly=None,
            )
            told = one.get("ResourceStatusReason", "")
            self.abandoned.append(DeletionResult(thing, DeletionOutcome.ABANDONED, told))
        return True

    # --- roles --------------------------------------------------------------------------------

    def bury_roles(self, names: Iterable[str]) -> None:
        """Make roles ready to be deleted by their stacks; what fails is told, and healed later."""

        def bury(name: str) -> None:
            try:
                freeze.bury(self.clients, self.place, name)
            except refusals.Refusal as error:
                self._tell(f"role {name}: {refusals.told(error)}")

        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(bury, names))

    def delete_orphans(self, things: Iterable[Resource]) -> list[DeletionResult]:
        """Delete roles and policies that no stack holds; what became of each."""
        results = []
        for thing in things:
            try:
                roles.delete(self.clients, thing)
                results.append(DeletionResult(thing, DeletionOutcome.DELETED))
            except refusals.Refusal as error:
                results.append(DeletionResult(thing, DeletionOutcome.STUCK, refusals.told(error)))
            self._tell(results[-1].told, thing, results[-1].outcome)
        return results

    def _end(self, job: _StackDeletion, outcome: DeletionOutcome, told: str = "") -> None:
        job.result = DeletionResult(job.thing, outcome, told)
        self._tell(told, job.thing, outcome)

    def _tell(
        self, told: str, thing: Resource | None = None, outcome: DeletionOutcome | None = None
    ) -> None:
        self.sink(TeardownEvent(now(), TeardownStep.STACKS, told, thing, outcome))
