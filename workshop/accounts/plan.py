"""What is to be done in each seat's own account, by the stack sets that there are."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from workshop import tags
from workshop.account_region import AccountRegion
from workshop.accounts import by_hand, reasons, values
from workshop.accounts.by_hand import Changes
from workshop.accounts.desired import DesiredSet
from workshop.accounts.found_sets import GONE, FoundSets, LostStack, kind_of
from workshop.accounts.organization import ACTIVE, MemberAccount
from workshop.accounts.set_plan import SetPlan, Stacks
from workshop.accounts.stack_sets import (
    CURRENT,
    INOPERABLE,
    OUTDATED,
    StackInstance,
)
from workshop.accounts.values import SetValues
from workshop.aws.reads import Unavailable, attempt
from workshop.aws.stacks import StackSummary
from workshop.aws.strays import Stray
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat
from workshop.deploy import diff
from workshop.deploy import plan as planning
from workshop.deploy.desired import DesiredStack
from workshop.deploy.plan import DeployPlan, StackAction, StackPlan
from workshop.naming import COHORT, COHORT_STACKS, ORGANISER, Names, stack_that_makes

_TYPES_WITH_WORK = (*("AWS::S3::Bucket", "AWS::ECR::Repository", diff.NOTEBOOK, diff.INSTANCE),)

Document = Callable[[AccountRegion, str], Mapping[str, Any]]
"""Returns the template of a stack (account and Region, id)."""

HOLDING_WORK = frozenset({COHORT, *map(stack_that_makes, _TYPES_WITH_WORK)})
"""The stacks whose update can remove what people have made, or the data that they share."""

NOBODY = "-"
"""Stands for the seat of an account that nobody has."""
EXAMPLES = 3
"""Accounts that are asked for the template of stacks that the same operation has made."""
_NO_MOMENT = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True)
class OwnAccountsPlan(DeployPlan):
    """The plan for seats with accounts of their own: each has all stacks of its account.

    ``members`` are the accounts of the units, None where these are not known, as ``unlisted``
    tells. ``unread`` are stacks of which nobody knows yet what an update would remove, by set.
    ``listed`` are the stacks of accounts in which something is to be done, where one can be.
    """

    sets: tuple[SetPlan, ...] = ()
    members: Mapping[str, MemberAccount] | None = field(default=None, repr=False)
    unread: Mapping[str, frozenset[AccountRegion]] = field(default_factory=dict)
    listed: Mapping[AccountRegion, Mapping[str, StackSummary]] = field(
        default_factory=dict, repr=False
    )

    @property
    def not_made(self) -> frozenset[str]:
        """The seats whose accounts lack a stack that stands beside the seat's own."""
        return frozenset(
            stack.desired.seat
            for stack in self.stacks
            if stack.desired.kind in COHORT_STACKS and stack.action == StackAction.CREATE
        )

    def beside_seats(self) -> OwnAccountsPlan:
        """Return it with what stands beside the seats' own stacks alone, where all of it is made.

        In one account, that is what all seats share.
        """
        left_out = self.not_made
        stacks = [
            stack
            for stack in self.stacks
            if stack.desired.kind in COHORT_STACKS and stack.desired.seat not in left_out
        ]
        there = {(stack.desired.kind, stack.desired.seat) for stack in stacks}
        sets = tuple(
            set_plan
            for set_plan in self.sets
            if any((set_plan.desired.kind, seat.id) in there for seat in set_plan.desired.seats)
        )
        return replace(self, seats=planning.seats(stacks), sets=sets)


def propose(
    loaded: LoadedEnvironment,
    desired: Sequence[DesiredSet],
    found: FoundSets,
    *,
    principals: Sequence[str],
    members: Mapping[str, MemberAccount] | None,
    overrides: Callable[[str, AccountRegion], Mapping[str, str]],
    document: Document,
    seats: Sequence[Seat],
    shown: Mapping[AccountRegion, Stacks] = MappingProxyType({}),
    remove: frozenset[str] = frozenset(),
) -> OwnAccountsPlan:
    """Return the plan for ``seats``, and strays where these are all seats of the environment.

    ``members`` are the accounts of the units, None where these are not known; ``overrides`` gives
    the parameters in which an instance differs from its set, ``document`` a stack's template.
    ``shown`` are the stacks as accounts show them, where they do. ``remove`` names what holds data
    and may be removed.
    """
    sets = tuple(_set(loaded, desired_set, found, principals, overrides) for desired_set in desired)
    decided = [
        by_hand.changed(
            plan,
            replace(decide(loaded, plan, seat, found, members), remove=remove),
            shown.get(seat.account_region, {}),
        )
        for plan in sets
        for seat in plan.desired.seats
    ]
    by_name = {(plan.desired.profile, plan.desired.kind): plan for plan in sets}
    whose = {seat.account_region: seat.profile for seat in seats}
    before = Templates(found, document)
    changes: dict[int, tuple[diff.PropertyChange, ...]] = {}
    unread: dict[str, set[AccountRegion]] = {}
    for number, plan in enumerate(decided):
        if plan.action == StackAction.UPDATE:
            where = plan.desired.account_region
            of_set = by_name[whose[where], plan.desired.kind]
            if plan.by_hand:
                changes[number] = by_hand.taken_back(of_set, plan)
                continue
            some = before.changes(of_set.desired, where)
            if isinstance(some, Unavailable):
                unread.setdefault(of_set.desired.name, set()).add(where)
            else:
                changes[number] = some
    removed = {
        diff.data_of(change)
        for some in changes.values()
        for change in some
        if diff.removes_data(change)
    }
    finished = [
        by_hand.with_changes(plan, changes[number], removed) if number in changes else plan
        for number, plan in enumerate(decided)
    ]
    order = {seat.id: number for number, seat in enumerate(seats)}
    finished.sort(key=lambda plan: order[plan.desired.seat])
    return OwnAccountsPlan(
        planning.seats(planning.held_back(finished)),
        _strays(loaded, seats, found),
        sets=sets,
        unread={name: frozenset(some) for name, some in unread.items()},
    )


def _set(
    loaded: LoadedEnvironment,
    desired: DesiredSet,
    found: FoundSets,
    principals: Sequence[str],
    overrides: Callable[[str, AccountRegion], Mapping[str, str]],
) -> SetPlan:
    current = found.sets.get(desired.name)
    if current and not current.belongs_to(loaded.settings.workshop, loaded.name):
        environment = current.tags.get(tags.ENVIRONMENT, "")
        refused = reasons.foreign(loaded, desired.name, environment)
        return SetPlan(desired, None, SetValues(), refused)

    def in_region(region: str) -> Mapping[str, str]:
        there = [where for where in found.instances[desired.name] if where.region == region]
        return overrides(desired.name, there[0]) if there else {}

    return SetPlan(desired, current, values.of(loaded, desired, current, principals, in_region))


def decide(
    loaded: LoadedEnvironment,
    plan: SetPlan,
    seat: Seat,
    found: FoundSets,
    members: Mapping[str, MemberAccount] | None,
) -> StackPlan:
    """Return what is to be done with the stack of a set in one seat's account."""
    stack, where = plan.desired.of(seat), seat.account_region
    instance = found.instances.get(plan.desired.name, {}).get(where)
    current = _summary(plan, instance)
    refused = plan.refused or _refused(loaded, seat, found, members)
    if refused:
        return StackPlan(stack, current, StackAction.REFUSED, refused)
    if lost := _lost(plan, instance, found):
        return made_anew(loaded, stack, current, lost, instance)
    if instance is not None and instance.status == INOPERABLE:
        refused = reasons.inoperable(loaded, seat, instance)
        return StackPlan(stack, current, StackAction.REFUSED, refused)
    if instance is None or not instance.stack_id:
        return StackPlan(stack, None, StackAction.CREATE, _failed(instance))
    overridden = where.region in plan.values.outdated
    if instance.status == CURRENT and not plan.differs and not overridden:
        drifted = reasons.DRIFTED if instance.drift == "DRIFTED" else ""
        return StackPlan(stack, current, StackAction.UNCHANGED, drifted)
    why = [_failed(instance)]
    if overridden:
        why.append(values.NEWER_PRICES)
    elif plan.differs:
        why.append(plan.values.message)
    return StackPlan(stack, current, StackAction.UPDATE, "; ".join(filter(None, why)))


def _refused(
    loaded: LoadedEnvironment,
    seat: Seat,
    found: FoundSets,
    members: Mapping[str, MemberAccount] | None,
) -> str:
    """Return why nothing can be done in an account, empty where something can."""
    if members is not None:
        member = members.get(seat.account)
        if member is None:
            return reasons.elsewhere(loaded, seat)
        if member.state != ACTIVE:
            return reasons.suspended(loaded, seat, member.state)
    for name, other in found.by_account.get(seat.account, {}).items():
        _, profile = kind_of(loaded.settings.workshop, name) or ("", "")
        if profile != seat.profile:
            return reasons.other_profile(loaded, seat, profile)
        if other.account_region.region != seat.region:
            return reasons.other_region(loaded, seat, other.account_region.region)
    return ""


def made_anew(
    loaded: LoadedEnvironment,
    stack: DesiredStack,
    current: StackSummary | None,
    lost: LostStack,
    instance: StackInstance | None = None,
) -> StackPlan:
    """Return the plan of a stack that no update mends."""
    if lost.status == GONE and instance is not None and instance.status == OUTDATED:
        return StackPlan(stack, None, StackAction.CREATE, _failed(instance))  # it never was there
    if current is not None and lost.status:
        current = replace(current, status=lost.status)
    if lost.status == "DELETE_IN_PROGRESS":
        again = loaded.command("deploy", "--only", stack.seat)
        message = f"its stack is being deleted; then: {again}"
        return StackPlan(stack, current, StackAction.REFUSED, message)
    return planning.telling_of_work(StackPlan(stack, current, StackAction.CLEAR, lost.message))


def _lost(plan: SetPlan, instance: StackInstance | None, found: FoundSets) -> LostStack | None:
    """Return why a stack has to be deleted and made anew, None where it has not.

    Of the organiser's role, no update makes again what somebody has changed in it; but one that
    is not to let the caller in yet is no such role. There is nothing in its stack to be lost.
    """
    if instance is None:
        return None
    if plan.desired.kind == ORGANISER:
        if instance.status == INOPERABLE:
            return LostStack("", reasons.not_deleted(instance))
        if plan.values.message:
            return None
    return found.lost.get(instance.stack_id)


def _failed(instance: StackInstance | None) -> str:
    """Return what went wrong with an instance when it was last worked on, empty for nothing."""
    if instance is None or instance.detail not in ("FAILED", "CANCELLED") or not instance.reason:
        return ""
    return f"{instance.detail}: {reasons.cause_of(instance.reason)}"


def _summary(plan: SetPlan, instance: StackInstance | None) -> StackSummary | None:
    """Return a stack as the set tells of it: its account is not asked."""
    if instance is None or not instance.stack_id:
        return None
    current = plan.current
    given = dict(current.tags) if current else {}
    if instance.status != CURRENT:  # it may have been made from another template than its set has
        given.pop(tags.TEMPLATE, None)
    return StackSummary(
        plan.desired.stack,
        instance.stack_id,
        instance.status,
        instance.reason,
        created=_NO_MOMENT,
        changed=None,
        protected=False,
        tags=given,
        parameters=current.parameters if current else {},
    )


class Templates:
    """The templates that stacks were last made from, read as seldom as can be.

    A stack that is as its set has the set's. Of the others, those that the same operation was last
    about have the same one, and an example tells it.
    """

    def __init__(self, found: FoundSets, document: Document) -> None:
        self._found = found
        self._document = document
        self._known: dict[tuple[str, str, str], Changes | Unavailable] = {}

    def changes(self, desired: DesiredSet, where: AccountRegion) -> Changes | Unavailable:
        """Return what an update changes in a set's stack, Unavailable where nobody could read it.

        Of stacks that hold nobody's work, only those are looked at that cost no call.
        """
        instance = self._found.instances[desired.name][where]
        operation = "" if instance.status == CURRENT else instance.operation
        key = (desired.name, operation, where.region)
        if key not in self._known:
            before = (
                self._read(desired.name, operation)
                if operation and desired.kind in HOLDING_WORK
                else json.loads(self._found.sets[desired.name].template)
            )
            self._known[key] = (
                before
                if isinstance(before, Unavailable)
                else diff.between(before, desired.template.document, where.region)
            )
        return self._known[key]

    def _read(self, name: str, operation: str) -> Mapping[str, Any] | Unavailable:
        answer: Mapping[str, Any] | Unavailable = Unavailable("no stack of it was made")
        examples = [
            instance
            for instance in self._found.instances[name].values()
            if instance.operation == operation and instance.status != CURRENT and instance.stack_id
        ]
        for instance in examples[:EXAMPLES]:
            where, stack = instance.account_region, instance.stack_id
            answer = attempt(lambda where=where, stack=stack: self._document(where, stack))  # type: ignore[misc]
            if not isinstance(answer, Unavailable):
                break
        return answer


def _strays(
    loaded: LoadedEnvironment, seats: Collection[Seat], found: FoundSets
) -> tuple[Stray, ...]:
    """Return the stacks in accounts of nobody on the roster; of some seats, they are not told."""
    if len(seats) < len(loaded.seats):
        return ()
    return tuple(_strays_of(loaded, found))


def _strays_of(loaded: LoadedEnvironment, found: FoundSets) -> Iterator[Stray]:
    known = {seat.account for seat in loaded.seats}
    names = Names(loaded.settings.workshop, "", "", "")
    for account, instances in sorted(found.by_account.items()):
        if account in known:
            continue
        of_region: dict[AccountRegion, list[str]] = {}
        profile = ""
        for name, instance in instances.items():
            kind, profile = kind_of(loaded.settings.workshop, name) or ("", "")
            who = name.split("-")[1]
            of_region.setdefault(instance.account_region, []).append(
                replace(names, seat=who).stack(kind)
            )
        seat = loaded.assignment.seat_of.get(account, NOBODY)
        for where, stacks in of_region.items():
            yield Stray(seat, where, tuple(sorted(stacks)), profile)
