"""The plan that was shown last: kept in a file, and held to when it is done.

What was proven when the plan was made is taken as proven while it is done, so the file decides what
is deleted: it is its owner's alone, and one that others could have written is not read.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workshop import files
from workshop.account_region import AccountRegion
from workshop.counting import first_of
from workshop.errors import GuardError
from workshop.naming import COHORT
from workshop.teardown.discovery import STACKS_AND_IDENTITIES
from workshop.teardown.plan import DONE, Choices, PlanLine, TeardownPlan
from workshop.teardown.region_inventory import is_settled, stands_for
from workshop.teardown.resource import Identity, Ownership, Resource, ScanCache
from workshop.teardown.resources import names

FILE = "teardown-plan.json"

_OF_A_STACK = ("ResourceType", "PhysicalResourceId")
"""What has to be known of the resources of a stack."""

_BY_THEMSELVES = frozenset({names.LOG_STREAM, names.LOG_GROUP, names.TRIAL_COMPONENT})
"""What anything that runs brings forth by itself, and whose proof may come after it."""


@dataclass(frozen=True)
class PlanSubject:
    """What a plan is about: one environment of one workshop in one account."""

    account: str
    workshop: str
    environment: str


@dataclass(frozen=True)
class ShownPlan:
    """A plan as it was shown: ``seats`` are the ids that it was about, by account and Region."""

    subject: PlanSubject
    digest: str
    chosen: Mapping[str, Any]
    lines: tuple[PlanLine, ...]
    seats: frozenset[tuple[str, str]]
    held: tuple[Any, ...] = ()
    _by_key: dict[tuple[str, str, str], PlanLine] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_key = {(line.resource_type, line.id, line.account_region): line for line in self.lines}
        object.__setattr__(self, "_by_key", by_key)

    @classmethod
    def of(cls, plan: TeardownPlan, subject: PlanSubject) -> ShownPlan:
        """Return what is shown of a plan."""
        discovery = plan.discovery
        held = tuple(
            [
                *stands_for(stack),
                [[resource.get(member, "") for member in _OF_A_STACK] for resource in resources],
            ]
            for (account_region, name), resources in discovery.stack_resources.items()
            if resources
            and (stack := discovery.stacks.get((account_region, name)))
            and is_settled(stack)
        )
        return cls(
            subject=subject,
            digest=plan.digest,
            chosen=plan.choices.document(),
            lines=tuple(plan.lines),
            seats=frozenset(
                (str(account_region), seat)
                for account_region, context in discovery.contexts.items()
                for seat in (*map(context.scope.known, context.scope.seats), COHORT, "")
            ),
            held=held,
        )

    @classmethod
    def read(cls, folder: Path, subject: PlanSubject) -> ShownPlan | None:
        """Return the plan in a folder; None if none is about this, or others could write it."""
        text = files.own_content(folder / FILE)
        if text is None:
            return None
        try:
            kept = json.loads(text)
            read = cls(
                subject=PlanSubject(**kept["subject"]),
                digest=kept["digest"],
                chosen=kept["chosen"],
                lines=tuple(PlanLine(*line) for line in kept["lines"]),
                seats=frozenset((account_region, seat) for account_region, seat in kept["seats"]),
                held=tuple(kept["held"]),
            )
        except (ValueError, KeyError, TypeError):  # of another version, or cut off
            return None
        return read if read.subject == subject else None

    def write(self, folder: Path) -> None:
        """Keep it for ``--apply``, in place of the one before."""
        files.make_folder(folder)
        kept = {
            "subject": vars(self.subject),
            "digest": self.digest,
            "chosen": self.chosen,
            "lines": self.lines,
            "seats": sorted(self.seats),
            "held": self.held,
        }
        files.write(folder / FILE, json.dumps(kept, indent=1) + "\n")

    # --- what was known when it was made ------------------------------------------------------

    def proven(self, where: Iterable[AccountRegion]) -> dict[Identity, str]:
        """Return what was proven, and its seats."""
        account_regions = {str(account_region): account_region for account_region in where}
        # Without its moment of creation, it may be another one of the same name.
        return {
            (
                line.resource_type,
                line.id,
                account_regions[line.account_region],
                line.created,
            ): line.seat
            for line in self.lines
            if line.ownership == Ownership.OWNED
            and line.account_region in account_regions
            and line.created
        }

    def memory(self) -> ScanCache:
        """Return what was read, of what lasts: what each stack holds."""
        memory = ScanCache()
        for *stack, resources in self.held:
            some = tuple(dict(zip(_OF_A_STACK, resource, strict=True)) for resource in resources)
            memory.note(tuple(stack), some)
        return memory

    # --- what it allows -----------------------------------------------------------------------

    def allows(self, resource: Resource) -> bool:
        """Return whether what is there now may be deleted: it was shown so, or is a seat's own.

        What seats of the plan have made since then goes along, as far as it is owned. What was
        shown as somebody else's stays so, and what is only claimed goes only if it was shown.
        """
        before = self._before(resource)
        same = before is not None and before.created == resource.identity[-1]
        shown = same and before is not None and before.action in DONE
        if resource.ownership != Ownership.OWNED:
            return shown and resource.ownership == Ownership.CLAIMED
        if resource.resource_type in STACKS_AND_IDENTITIES:
            return before is not None and before.action in DONE
        if same and not shown and not self._is_proven_since(resource, before):
            return False
        return (str(resource.account_region), resource.seat) in self.seats

    def refuse_changes(self, plan: TeardownPlan, again: str) -> None:
        """Raise GuardError where ``plan`` has what nobody but the organiser can have brought about.

        A stack, a role or a seat that was not shown, or a resource that has changed hands.
        ``again`` is the command that shows a plan. What has gone meanwhile is no reason to refuse,
        so that a run that was killed can simply be repeated; nor is what seats made: it goes along
        where it is owned, and stays otherwise, so that nobody can keep a teardown from beginning.
        """
        new = [
            resource
            for resource in plan.resources(*DONE)
            if resource.ownership == Ownership.OWNED and not self._was_shown_or_is_a_seats(resource)
        ]
        if new:
            first = new[0]
            which = first_of([f"{resource.resource_type} {resource.id}" for resource in new], 1)
            before = self._before(first)
            same = before is not None and before.created == first.identity[-1]
            message = "was not shown as the workshop's" if same else "was not in it"
            raise GuardError(
                f"the plan is stale: {which} {message}; look at it again with: {again}"
            )

    def _was_shown_or_is_a_seats(self, resource: Resource) -> bool:
        if resource.resource_type not in STACKS_AND_IDENTITIES:
            return self.allows(resource)
        before = self._before(resource)
        return (
            before is not None and before.created == resource.identity[-1] and before.action in DONE
        )

    @staticmethod
    def _is_proven_since(resource: Resource, before: PlanLine | None) -> bool:
        """Return whether what nothing proved when it was shown is its seat's all the same.

        Whoever takes the configuration of an endpoint away can put it back, as often as they like.
        """
        if resource.resource_type in _BY_THEMSELVES:
            return True
        doubted = (Ownership.CLAIMED, Ownership.UNKNOWN)
        return (
            before is not None
            and before.ownership in doubted
            and before.seat in ("", resource.seat)
        )

    def _before(self, resource: Resource) -> PlanLine | None:
        return self._by_key.get((resource.resource_type, resource.id, str(resource.account_region)))


def lines_in(folder: Path) -> tuple[PlanLine, ...]:
    """Return the lines of the plan in a folder, whatever it is about: it tells of Regions."""
    text = files.own_content(folder / FILE)
    try:
        return tuple(PlanLine(*line) for line in json.loads(text)["lines"]) if text else ()
    except (ValueError, KeyError, TypeError):
        return ()


def check_options(
    shown: ShownPlan | None, digest: str | None, choices: Choices, again: str
) -> None:
    """Raise GuardError where the plan that was shown had others; AWS is not asked for that.

    ``digest`` is what the caller names, None for the plan that was shown last. Whether there is one
    at all, and whether another digest is the present plan's, :func:`plan_to_hold` finds out.
    """
    if shown is None or (digest is not None and shown.digest != digest):
        return
    if shown.chosen != choices.document():
        raise GuardError(
            f"the plan that was shown had other options than this command; look at one"
            f" with these first: {again}"
        )


def plan_to_hold(
    shown: ShownPlan | None,
    digest: str | None,
    plan: TeardownPlan,
    subject: PlanSubject,
    again: str,
) -> ShownPlan:
    """Return the plan to hold to; raise GuardError unless ``plan`` is what is left of it."""
    if digest == plan.digest:
        return ShownPlan.of(plan, subject)
    if shown is None and digest is None:
        raise GuardError(f"no plan was shown yet; look at one first with: {again}")
    if shown is None or (digest is not None and shown.digest != digest):
        raise GuardError(f"{digest} is not the plan that holds now; look at it with: {again}")
    check_options(shown, digest, plan.choices, again)
    shown.refuse_changes(plan, again)
    return shown
