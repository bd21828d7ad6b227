"""Deletes the stacks of a teardown: each account and Region for itself, or all by stack sets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from workshop.account_region import AccountRegion
from workshop.aws.clients import Clients
from workshop.counting import count_of
from workshop.events import now
from workshop.teardown import closing, stack_order
from workshop.teardown.discovery import AT_ONCE
from workshop.teardown.events import (
    DeletionOutcome,
    DeletionResult,
    DeletionResults,
    Sink,
    TeardownEvent,
    TeardownStep,
)
from workshop.teardown.members import MemberAccounts
from workshop.teardown.own_sets import OwnSet
from workshop.teardown.plan import TeardownPlan
from workshop.teardown.resource import Ownership, Resource
from workshop.teardown.resources import network_interfaces
from workshop.teardown.resources.base import ResourceType
from workshop.teardown.scan_target import ScanTarget
from workshop.teardown.set_stacks import SetStacks
from workshop.teardown.stack_order import StackOrder
from workshop.teardown.stacks import StackDeleter
from workshop.teardown.waits import WaitPolicy


@dataclass(frozen=True)
class StackRemoval:
    """The removal of all stacks of ``target`` that ``may_go``.

    ``problems`` are the seats that keep what they have, and why, by where they are;
    ``sweep_shared`` deletes through its own API what the seats of a place share.
    """

    clients: Clients
    target: ScanTarget
    resource_types: Mapping[str, ResourceType]
    results: DeletionResults
    problems: Mapping[AccountRegion, Mapping[str, str]]
    may_go: Callable[[Resource], bool]
    sweep_shared: Callable[[TeardownPlan, AccountRegion], object]
    say: Sink
    waits: WaitPolicy
    stack_waits: WaitPolicy
    clock: Callable[[], float]
    pause: Callable[[float], object]

    def delete(self, current: TeardownPlan) -> None:
        """Delete the stacks of a plan but for what goes last; note what became of each."""
        orders = {where: self._order(current, where) for where in current.discovery.contexts}
        own = set(self.target.own_accounts)
        with ThreadPoolExecutor(max(1, min(len(orders), AT_ONCE))) as pool:
            list(pool.map(self._in_order, [orders[place] for place in orders if place not in own]))
            if self.target.members is not None:
                work = self._set_stacks(self.target.members, current.discovery.sets)
                self._by_sets(work, [orders[place] for place in orders if place in own], pool)
        for order in orders.values():
            self.results.note(order.engine.abandoned)

    def close(
        self,
        proven: Collection[AccountRegion],
        given_up: Collection[AccountRegion],
        last: Iterable[Resource],
    ) -> list[DeletionResult]:
        """Let go of the accounts that are shown to be empty, and of those that are given up.

        Return what became of what goes last.
        """
        members, target = self.target.members, self.target
        if members is None:
            return []
        results = closing.Closing(
            members, target.workshop, target.environment, partial(self._set_stacks, members)
        ).close(proven, given_up, last, sets_too=members.home in target.seats)
        for result in results:
            self._emit(result.message, result.resource, result.outcome)
        return results

    def _in_order(self, order: StackOrder) -> None:
        for some in order.steps():
            self.results.note(order.engine.delete(some))

    def _by_sets(
        self, work: SetStacks, orders: Sequence[StackOrder], pool: ThreadPoolExecutor
    ) -> None:
        """Go through the orders of all accounts side by side: an operation is for all of them.

        What a stack set cannot delete, or has not made, is deleted where it is.
        """
        going = {order.account_region: order.steps() for order in orders}
        engines = {order.account_region: order.engine for order in orders}
        while going:
            found = dict(zip(going, pool.map(_next_of, going.values()), strict=True))
            going = {place: going[place] for place, some in found.items() if some is not None}
            done, others = work.delete(stack for some in found.values() for stack in some or ())
            self.results.note(done)
            left: dict[AccountRegion, list[Resource]] = defaultdict(list)
            for stack in others:
                left[stack.account_region].append(stack)
            for results in pool.map(lambda item: engines[item[0]].delete(item[1]), left.items()):
                self.results.note(results)

    def _set_stacks(self, members: MemberAccounts, sets: Sequence[OwnSet]) -> SetStacks:
        return SetStacks(members.calls, sets, self.say, self.stack_waits, self.clock, self.pause)

    def _order(self, current: TeardownPlan, account_region: AccountRegion) -> StackOrder:
        discovery = current.discovery
        engine = StackDeleter(
            self.clients,
            discovery.contexts[account_region],
            self.resource_types,
            [
                resource
                for resource in discovery.at(account_region)
                if resource.ownership == Ownership.OWNED and not discovery.is_kept(resource)
            ],
            self.say,
            abandon=current.choices.abandon,
            waits=self.stack_waits,
            clock=self.clock,
            pause=self.pause,
        )
        # Where an account is a seat's own, what others have is no reason to wait.
        alone = account_region in self.target.own_accounts
        problems = self.problems.get(account_region, {})
        waits = bool(problems) if alone else any(self.problems.values())
        return StackOrder(
            current,
            account_region,
            stack_order.of_account_region(current, account_region, self.may_go),
            engine,
            self.results,
            problems,
            seats_only=waits or not self.target.whole,
            await_interfaces=partial(self._await_interfaces, current, account_region),
            sweep_shared=partial(self.sweep_shared, current, account_region),
        )

    def _await_interfaces(self, current: TeardownPlan, account_region: AccountRegion) -> None:
        """Wait until SageMaker has given back its network interfaces, for which it needs roles."""
        waiting = [
            resource
            for resource in current.discovery.at(account_region)
            if network_interfaces.is_released_by_sagemaker(resource)
        ]
        if waiting:
            self._emit(
                f"waiting for {count_of(len(waiting), 'network interface')} of SageMaker in"
                f" {account_region}"
            )
            context = current.discovery.contexts[account_region]
            gone = network_interfaces.awaited(context, waiting, self.waits, self.pause)
            self.results.note(
                DeletionResult(interface, DeletionOutcome.ALREADY_GONE) for interface in gone
            )

    def _emit(
        self, message: str, resource: Resource | None = None, outcome: DeletionOutcome | None = None
    ) -> None:
        self.say(TeardownEvent(now(), TeardownStep.STACKS, message, resource, outcome))


def _next_of(steps: Iterator[list[Resource]]) -> list[Resource] | None:
    return next(steps, None)
