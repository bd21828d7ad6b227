"""What has to be done to get from the stacks there are to the stacks there should be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from workshop import tags
from workshop.account_region import AccountRegion
from workshop.aws.boxes import BoxState, tagged_again
from workshop.aws.notebooks import NotebookState
from workshop.aws.stacks import BROKEN, ROLLED_BACK, SETTLED, StackSummary
from workshop.aws.strays import Stray
from workshop.deploy import clearing, machines
from workshop.deploy.desired import DesiredStack
from workshop.deploy.diff import (
    Effect,
    PropertyChange,
    data_of,
    noun,
    removes_data,
    words,
)
from workshop.naming import COHORT, NOTIFY, PRICES, stack_that_makes


class StackAction(StrEnum):
    """What is to be done with one stack; for a seat, the most that is done with any of its own."""

    UNCHANGED = "unchanged"
    WAIT = "wait"
    """Somebody else is at work on it; what is left to do shows afterwards."""
    UPDATE = "update"
    ROLL_BACK = "roll back and update"
    """Its update failed and stayed as it was: CloudFormation updates it once it is rolled back."""
    CREATE = "create"
    CLEAR = "clear and retry"
    """It failed to be made: what is left of it is deleted, and it is made again."""
    REFUSED = "refused"


REVIEWED_WITHIN = timedelta(minutes=15)
"""A stack that waits so long for its first change set has been given up by whoever made it."""


@dataclass(frozen=True)
class StackPlan:
    """One stack: as it should be, as it is, and what is to be done.

    ``message`` says why, empty where that is plain. ``changes`` are only known for an update, and
    only after somebody read the stack's template. ``remove`` names the data that may be removed,
    as ``diff.data_of`` does.
    """

    desired: DesiredStack
    current: StackSummary | None
    action: StackAction
    message: str = ""
    changes: tuple[PropertyChange, ...] = ()
    remove: frozenset[str] = frozenset()
    template: int | None = None
    """Which of the desired templates an update leads to, where the stack's own one decides."""
    by_hand: bool = False
    """Whether somebody has changed its parameters, of which its stack set tells nothing."""

    @property
    def loses_work(self) -> tuple[str, ...]:
        """The resource types with which people's work may go where the stack is cleared."""
        if self.action != StackAction.CLEAR or self.current is None:
            return ()
        added = {change.type for change in self.changes if change.effect == Effect.ADDED}
        types = clearing.work_in(self.desired, self.current)
        return tuple(type_ for type_ in types if type_ not in added)


@dataclass(frozen=True)
class SeatPlan:
    """The stacks of one seat, or of the cohort, in one account and Region."""

    seat: str
    account_region: AccountRegion
    stacks: tuple[StackPlan, ...]

    @property
    def action(self) -> StackAction:
        order = list(StackAction)
        return max((stack.action for stack in self.stacks), key=order.index)


@dataclass(frozen=True)
class DeployPlan:
    """All seats, the cohorts first, and what belongs to none of them.

    ``unlisted`` tells why accounts and Regions in which there may be further strays could not be
    looked at, and ``unseen`` why the notebooks of an account and Region could not be listed.
    """

    seats: tuple[SeatPlan, ...]
    strays: tuple[Stray, ...]
    unlisted: Mapping[AccountRegion, str] = field(default_factory=dict)
    unseen: Mapping[AccountRegion, str] = field(default_factory=dict)

    @property
    def stacks(self) -> Iterable[StackPlan]:
        return (stack for seat in self.seats for stack in seat.stacks)

    @property
    def removed(self) -> set[str]:
        """What holds data and is removed, whether that may be or not."""
        changes = (change for stack in self.stacks for change in stack.changes)
        cleared = (clearing.names_of(stack.desired, stack.loses_work) for stack in self.stacks)
        return {
            *(data_of(change) for change in changes if removes_data(change)),
            *(name for names in cleared for name in names),
        }

    @property
    def totals(self) -> dict[StackAction, int]:
        """How many seats there are of each action, the cohorts left out."""
        counted = Counter(seat.action for seat in self.seats if seat.seat != COHORT)
        return {action: counted[action] for action in StackAction}


def decide(desired: DesiredStack, found: StackSummary | None, now: datetime) -> StackPlan:
    """Return what is to be done with one stack."""
    if found is None or found.status == "DELETE_COMPLETE":
        return StackPlan(desired, None, StackAction.CREATE)
    environment = found.tags.get(tags.ENVIRONMENT, "")
    if not found.belongs_to(desired.tags[tags.WORKSHOP], desired.tags[tags.ENVIRONMENT]):
        whose = f"environment {environment!r}" if environment else "something else"
        message = (
            f"a stack of this name belongs to {whose}; rename the workshop, or remove the stack"
        )
        return StackPlan(desired, found, StackAction.REFUSED, message)
    if found.status in SETTLED | ROLLED_BACK:
        # A notebook that got another type for want of capacity is as good as the first.
        good = any(found.tags == desired.tagged(template) for template in desired.templates)
        values = [
            name
            for name, value in desired.parameters.items()
            if found.parameters.get(name) != value
        ]
        unchanged = good and desired.protected in (None, found.protected) and not values
        if unchanged:
            # CloudFormation says there what an update could not delete.
            message = because(found) if found.reason and found.status in SETTLED else ""
            return StackPlan(desired, found, StackAction.UNCHANGED, message)
        why = [because(found)] if found.status in ROLLED_BACK else []
        if PRICES in values:
            why.append("newer prices by which the watch counts")
        if NOTIFY[0] in values:
            is_told = any(desired.parameters.get(name) for name in NOTIFY)
            others = "others are told by e-mail, each of whom AWS asks to confirm it"
            why.append(others if is_told else "nobody is told by e-mail any more")
        return StackPlan(desired, found, StackAction.UPDATE, "; ".join(why))
    action = _repair(found, now)
    message = because(found)
    if action == StackAction.REFUSED:
        message = f"{message.rstrip('.')}; {_cure(desired, found)}"
    return telling_of_work(StackPlan(desired, found, action, message))


def telling_of_work(plan: StackPlan) -> StackPlan:
    """Return the plan with the work that clearing deletes in its message, where it does."""
    if not (lost := plan.loses_work):
        return plan
    return replace(plan, message=f"{plan.message}; {clearing.sentence(lost)}")


def untold(before: StackPlan, plan: StackPlan) -> str:
    """Return why a stack is not cleared that holds work of which no plan has told, empty if it is.

    Of two plans of a stack, ``before`` is the one that was shown. A stack that never was whole
    holds nobody's work.
    """
    was_whole = plan.current is not None and plan.current.status not in _NEVER_WHOLE
    if not was_whole or not plan.loses_work or before.loses_work:
        return ""
    again = plan.desired.command("deploy", "--only", plan.desired.seat)
    return (
        f"{plan.message}, of which the plan could not tell; nothing was deleted; to do so, run:"
        f" {again}"
    )


_NEVER_WHOLE = BROKEN - {"DELETE_FAILED"}


def _repair(found: StackSummary, now: datetime) -> StackAction:
    """Return what is to be done with a stack that is not as its last operation meant it to be."""
    if found.status == "REVIEW_IN_PROGRESS" and now - found.created > REVIEWED_WITHIN:
        return StackAction.CLEAR
    if found.in_progress:
        return StackAction.WAIT
    if found.status in BROKEN:
        return StackAction.CLEAR
    return StackAction.ROLL_BACK if found.status == "UPDATE_FAILED" else StackAction.REFUSED


def _cure(desired: DesiredStack, found: StackSummary) -> str:
    if found.status == "UPDATE_ROLLBACK_FAILED":
        named = f"--stack-name {found.name} --region {desired.account_region.region}"
        return f"repair it with: aws cloudformation continue-update-rollback {named}"
    return cure_of_clearing(desired)


def cure_of_clearing(desired: DesiredStack) -> str:
    """Return how to get rid of a stack that CloudFormation alone does not delete."""
    return _tear_down(desired.command, [desired.seat])


def _tear_down(command: Callable[..., str], seats: Sequence[str]) -> str:
    only = () if COHORT in seats else ("--only", ",".join(seats))
    how = command("teardown", "--early", *only, "--save-to", "FOLDER")
    return f"tear it down, then deploy it again: {how}"


def cure_of_taken(desired: DesiredStack) -> str:
    """Return what helps where a bucket or a repository is there already, and in no stack."""
    kept = cure_of_kept(desired.command, [desired.seat])
    return f"{kept}; else give the workshop another name"


def cure_of_kept(command: Callable[..., str], seats: Sequence[str]) -> str:
    """Return how to get rid of what an earlier edition kept of these seats, and save it before.

    ``command`` gives the command that does a verb with the environment.
    """
    keys = dict.fromkeys("'keep_datasets'" if seat == COHORT else "'keep'" for seat in seats)
    return (
        f"if an earlier edition kept it, take its {' and '.join(keys)} out of the YAML for now and"
        f" {_tear_down(command, seats)}"
    )


def with_notebook(plan: StackPlan, notebook: NotebookState | None) -> StackPlan:
    """Return the plan of a notebook's stack once it is known whether there is its notebook.

    CloudFormation does not see what was done to it since: its word is for the stack alone.
    """
    if plan.current is None or plan.action not in (StackAction.UNCHANGED, StackAction.UPDATE):
        return plan
    only = ("--only", plan.desired.seat)
    if notebook is None:
        message = f"its notebook is missing, though the stack is {plan.current.status}"
        return _cleared(replace(plan, action=StackAction.CLEAR, message=message))
    if notebook.status == "Deleting":
        message = f"its notebook is being deleted; then: {plan.desired.command('deploy', *only)}"
        return replace(plan, action=StackAction.REFUSED, message=message)
    if notebook.status == "Failed" and plan.action == StackAction.UNCHANGED:
        message = (
            f"its notebook is Failed; start it with: {plan.desired.command('start', *only)},"
            " or give it another instance type"
        )
        return replace(plan, action=StackAction.REFUSED, message=message)
    return plan


def _cleared(plan: StackPlan) -> StackPlan:
    """Return the plan of a whole stack that is to be cleared for want of its machine.

    What else it has that holds work goes only if somebody has asked for that by name.
    """
    names = clearing.names_of(plan.desired, plan.loses_work)
    asked_for = {*names, *plan.remove}
    if asked_for <= plan.remove:
        return telling_of_work(plan)
    asked = [word for name in sorted(asked_for) for word in ("--remove", name)]
    again = plan.desired.command("deploy", "--only", plan.desired.seat, *asked)
    message = (
        f"{plan.message}; {clearing.sentence(plan.loses_work)}, and nobody asked for that; save"
        f" what you need of it, then run: {again}"
    )
    return replace(plan, action=StackAction.REFUSED, message=message)


def with_box(plan: StackPlan, box: BoxState | None) -> StackPlan:
    """Return the plan of an instance's stack once it is known whether there is its instance.

    CloudFormation does not see that somebody has terminated it.
    """
    if plan.current is None or plan.action not in (StackAction.UNCHANGED, StackAction.UPDATE):
        return plan
    if box is None:
        message = f"its EC2 instance is missing, though the stack is {plan.current.status}"
        return _cleared(replace(plan, action=StackAction.CLEAR, message=message))
    if box.status == "shutting-down":
        again = plan.desired.command("deploy", "--only", plan.desired.seat)
        message = f"its EC2 instance is being terminated; then: {again}"
        return replace(plan, action=StackAction.REFUSED, message=message)
    if box.lost_tags and plan.action == StackAction.UNCHANGED:
        again = tagged_again(box, plan.desired.account_region.region)
        keys = ", ".join(repr(key) for key, _ in box.lost_tags)
        return replace(plan, message=f"its EC2 instance has lost {keys}; tag it with: {again}")
    return plan


def current_template(plan: StackPlan) -> int:
    """Which of the desired templates an update should lead to: the one that is there, or the first.

    A notebook that runs on a fallback type keeps it: to change its tags, nobody should have to find
    capacity again.
    """
    if plan.template is not None:
        return plan.template
    digests = [template.digest for template in plan.desired.templates]
    there = plan.current.template if plan.current else ""
    return digests.index(there) if there in digests else 0


def with_changes(
    plan: StackPlan, changes: tuple[PropertyChange, ...], also: Iterable[str] = ()
) -> StackPlan:
    """Return the plan of an update once its changes are known.

    ``also`` names what other stacks would remove: one command asks for all of it.
    """
    refused = [change for change in changes if change.effect == Effect.REFUSED]
    data = dict.fromkeys(data_of(change) for change in changes if removes_data(change))
    unasked = [name for name in data if name not in plan.remove]
    if unasked and not refused:
        asked_for = sorted({*unasked, *also, *plan.remove})
        message = _keeps_data(plan.desired, unasked, asked_for, changes)
        return replace(plan, action=StackAction.REFUSED, message=message, changes=changes)
    if not refused:
        return replace(plan, changes=changes)
    names = ", ".join(
        dict.fromkeys(f"the {noun(change.type)}'s {words(change.property)}" for change in refused)
    )
    message = (
        f"{names} cannot be changed in place, and CloudFormation replaces nothing that has a name;"
        f" tear {plan.desired.seat} down first (whatever is on a notebook's disk is lost), or take"
        " the change back"
    )
    return replace(plan, action=StackAction.REFUSED, message=message, changes=changes)


_OF_WORK = frozenset(map(stack_that_makes, ("AWS::S3::Bucket", "AWS::ECR::Repository")))
"""The stacks of a seat that hold work; the others tell of them, and let the seat at them."""


def held_back(plans: Sequence[StackPlan]) -> list[StackPlan]:
    """Return the plans, without updates that rest on the refused removal of what holds work.

    Else a seat's role, notebook and dashboard would know of a bucket no more that stays.
    """
    refused = {
        (plan.desired.account_region, plan.desired.seat): plan.desired.kind
        for plan in plans
        if plan.action == StackAction.REFUSED
        and any(map(removes_data, plan.changes))
        and plan.desired.kind != machines.BOX  # what else the seat has knows nothing of its disk
    }

    def held(plan: StackPlan) -> StackPlan:
        storing = refused.get((plan.desired.account_region, plan.desired.seat))
        if not storing or plan.action != StackAction.UPDATE or plan.desired.kind in _OF_WORK:
            return plan
        message = f"goes with its seat's {storing}, which is refused"
        return replace(plan, action=StackAction.REFUSED, message=message)

    return [held(plan) for plan in plans]


def without_needs(plans: Iterable[StackPlan]) -> Iterator[StackPlan]:
    """Yield the plans, of which none makes or changes what needs a refused stack of its seat."""
    refused: set[tuple[AccountRegion, str, str]] = set()
    for plan in plans:
        desired, made = plan.desired, plan
        of_seat = (desired.account_region, desired.seat)
        if plan.action != StackAction.UNCHANGED and (*of_seat, desired.needs) in refused:
            message = plan.message or f"needs {desired.needs}, which is refused"
            made = replace(plan, action=StackAction.REFUSED, message=message)
        if made.action == StackAction.REFUSED:
            refused.add((*of_seat, desired.name))
        yield made


def unseen(plan: StackPlan, reason: str) -> StackPlan:
    """Return the plan of an update whose stack's template could not be read.

    Nobody knows what such an update would remove.
    """
    return replace(plan, action=StackAction.REFUSED, message=unread_template(plan.desired, reason))


def unread_template(desired: DesiredStack, reason: str) -> str:
    """Return why a stack is not updated, and what helps."""
    return (
        f"its template could not be read ({reason}), so that nobody knows what an update would"
        " remove; see to it that you can read it (cloudformation:GetTemplate), then run again:"
        f" {desired.command('deploy')}"
    )


def _keeps_data(
    desired: DesiredStack,
    data: Sequence[str],
    asked_for: Iterable[str],
    changes: Iterable[PropertyChange],
) -> str:
    """Return why a stack is refused whose update would remove what holds people's work."""
    names = ", ".join(data)
    asked = [word for name in asked_for for word in ("--remove", name)]
    anew = [words(change.property) for change in changes if change.effect == Effect.REPLACED]
    if anew:
        return (
            f"its EC2 instance would be made anew for another {' and '.join(anew)}, and what is on"
            f" its disk is lost; save that with: {desired.command('save', '--only', desired.seat)},"
            f" and replace it with: {desired.command('deploy', *asked)}, or take the change back"
        )
    return (
        f"{names} would be removed with what is in it, and nobody asked for that; put it back into"
        f" the YAML, or remove it with: {desired.command('deploy', *asked)}"
    )


def left_outside(desired: DesiredStack, left: Sequence[str]) -> str:
    """Return what an update took out of a stack and did not delete, and what deletes it."""
    if not left:
        return ""
    command = desired.command("teardown")
    return f"in no stack any more: {', '.join(left)}; in the end it is deleted by: {command}"


def seats(stacks: Iterable[StackPlan]) -> tuple[SeatPlan, ...]:
    """Return the stacks by seat, in their order: what a stack needs comes before it."""
    grouped: dict[tuple[AccountRegion, str], list[StackPlan]] = {}
    for stack in without_needs(stacks):
        grouped.setdefault((stack.desired.account_region, stack.desired.seat), []).append(stack)
    return tuple(
        SeatPlan(seat, account_region, tuple(stacks))
        for (account_region, seat), stacks in grouped.items()
    )


def because(found: StackSummary) -> str:
    """Return a stack's status, with its reason where there is one."""
    return f"{found.status}: {found.reason}" if found.reason else found.status
