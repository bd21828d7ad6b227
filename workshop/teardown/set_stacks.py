"""Deletes stacks through the stack sets that made them: one operation for a set and a Region.

However many accounts there are, StackSets is asked for each operation how it stands, and once what
came of it. What an operation cannot delete is for whoever can look into the account.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from workshop.account_region import AccountRegion
from workshop.accounts.stack_sets import StackSetCalls
from workshop.aws import errors
from workshop.counting import count_of
from workshop.events import now
from workshop.teardown.events import DeletionOutcome, DeletionResult, Sink, TeardownEvent
from workshop.teardown.events import TeardownStep as Step
from workshop.teardown.own_sets import OwnSet
from workshop.teardown.resource import Resource
from workshop.teardown.waits import STACKS, WaitPolicy

FOR_EACH = 10.0
"""Seconds by which each account puts off the deadline of an operation."""

_NOT_REACHED = "StackSets left it out: its account is in that organizational unit no more"

_Asked = tuple[str, str, str]
"""A stack set, a Region, and the organizational unit by which instances were made."""


@dataclass(frozen=True)
class _Operation:
    """One operation under way."""

    name: str
    id: str
    places: Collection[AccountRegion]
    deadline: float


@dataclass
class SetStacks:
    """The stacks that ``sets`` made, wherever they are."""

    calls: StackSetCalls
    sets: Sequence[OwnSet]
    sink: Sink
    waits: WaitPolicy = STACKS
    clock: Callable[[], float] = time.monotonic
    pause: Callable[[float], object] = time.sleep

    def __post_init__(self) -> None:
        self._by_stack = {
            instance.stack_id: (own, instance)
            for own in self.sets
            for instance in own.instances
            if instance.stack_id
        }

    def delete(self, stacks: Iterable[Resource]) -> tuple[list[DeletionResult], list[Resource]]:
        """Delete stacks of any accounts, which do not depend on each other.

        Return what was deleted, and those that no set made or that its set could not delete.
        """
        asked: dict[_Asked, dict[AccountRegion, Resource]] = {}
        others: list[Resource] = []
        for stack in stacks:
            if stack.arn not in self._by_stack:
                others.append(stack)
                continue
            own, instance = self._by_stack[stack.arn]
            key = (own.name, stack.account_region.region, instance.unit)
            asked.setdefault(key, {})[stack.account_region] = stack
        whys = self._removed(asked, retain=False)
        done = []
        for key, some in asked.items():
            for place, stack in some.items():
                why = whys[key].get(place)
                if why is None:
                    done.append(DeletionResult(stack, DeletionOutcome.DELETED))
                    self._emit("", stack, DeletionOutcome.DELETED)
                else:
                    others.append(stack)
                    self._emit(f"its stack set could not delete it: {why}", stack)
        return done, others

    def forget(
        self, sets: Iterable[OwnSet], places: Collection[AccountRegion], *, retain: bool
    ) -> dict[AccountRegion, str]:
        """Delete the instances of sets at some places; return where that failed, and why.

        With ``retain`` nothing happens there: the stack is known to be gone, or nobody can be in
        the account.
        """
        asked: dict[_Asked, set[AccountRegion]] = {}
        for own in sets:
            for instance in own.instances:
                if instance.account_region in places:
                    key = (own.name, instance.account_region.region, instance.unit)
                    asked.setdefault(key, set()).add(instance.account_region)
        whys = self._removed(asked, retain=retain)
        return {place: why for some in whys.values() for place, why in some.items()}

    def _removed(
        self, asked: Mapping[_Asked, Collection[AccountRegion]], *, retain: bool
    ) -> dict[_Asked, dict[AccountRegion, str]]:
        """Return, for each set, where its instances could not be deleted, and why."""
        whys: dict[_Asked, dict[AccountRegion, str]] = {key: {} for key in asked}
        open_: dict[_Asked, _Operation] = {}
        for key, places in asked.items():
            name, _, unit = key
            units = [unit] if unit else []
            try:
                id_ = self.calls.delete_instances(name, places, retain=retain, units=units)
            except errors.Refusal as error:
                whys[key] = self._of_those_there(name, places, errors.describe(error))
                continue
            deadline = self.clock() + self.waits.deadline + FOR_EACH * len(places)
            open_[key] = _Operation(name, id_, places, deadline)
            self._emit(f"{name}: {count_of(len(places), 'account')} in one operation")
        wait = self.waits.first_wait
        while open_:
            ended = [key for key, operation in open_.items() if self._has_ended(operation)]
            for key in ended:
                whys[key] = self._why_not(open_.pop(key))
            wait = self.waits.first_wait if ended else self.waits.next(wait)
            if open_:
                self.pause(wait)
        return whys

    def _has_ended(self, operation: _Operation) -> bool:
        """Return whether an operation has ended, or nobody waits for it any more."""
        if self.clock() > operation.deadline:
            return True
        try:
            return self.calls.operation(operation.name, operation.id).has_ended
        except errors.Refusal as error:
            self._emit(f"{operation.name}: {errors.describe(error)}")
            return errors.is_hopeless(error)

    def _why_not(self, operation: _Operation) -> dict[AccountRegion, str]:
        try:
            results = self.calls.results(operation.name, operation.id)
        except errors.Refusal as error:
            why = f"how its deletion ended is not known: {errors.describe(error)}"
            return dict.fromkeys(operation.places, why)
        found = {result.account_region: result for result in results}
        whys = {
            place: f"{result.status}: {result.reason}".rstrip(": ")
            for place, result in found.items()
            if result.status != "SUCCEEDED" and place in operation.places
        }
        missed = [place for place in operation.places if place not in found]
        # An operation before it, of a run that was broken off, may have deleted the instance.
        return whys | self._of_those_there(operation.name, missed, _NOT_REACHED)

    def _of_those_there(
        self, name: str, places: Collection[AccountRegion], why: str
    ) -> dict[AccountRegion, str]:
        """Return ``why`` for those of the places at which the set has instances still."""
        if not places:
            return {}
        try:
            left = {instance.account_region for instance in self.calls.instances(name)}
        except errors.Refusal as error:
            return dict.fromkeys(places, f"{why}; {errors.describe(error)}")
        return {place: why for place in places if place in left}

    def _emit(
        self, message: str, resource: Resource | None = None, outcome: DeletionOutcome | None = None
    ) -> None:
        self.sink(TeardownEvent(now(), Step.STACKS, message, resource, outcome))
