"""How resources of SageMaker are listed, proven, stopped and deleted.

The types themselves are tables in ``sagemaker_*.py``: they say what botocore's service model, which
names operations and members, does not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import partial
from typing import Any

from workshop import tags as keys
from workshop.aws import errors
from workshop.pricing import billing
from workshop.pricing.billing import Machines
from workshop.teardown import ownership
from workshop.teardown.ownership import OwnershipVerdict
from workshop.teardown.resource import Ownership, Resource, ScanContext
from workshop.teardown.resources.base import ResourceType, Undeletable
from workshop.teardown.resources.sagemaker_operations import (
    Answer,
    SageMakerOperations,
    ask,
    ask_unless_gone,
    listed,
    operations,
)
from workshop.teardown.resources.sagemaker_proof import Prove, own_tags, unproven

DESCRIBING = 8
"""Threads that describe resources of one type at once."""

Price = Callable[[ScanContext, Answer], Decimal | None]
"""USD per hour now, from a description."""
WhyUnattributable = Callable[[ScanContext, Answer], str]
"""Why a description holds no proof, for what then counts as unknown; empty for all other."""


def listed_key(resource_type: str) -> tuple[str, str]:
    """Return where a scan's memory has the names of everything of a type, whosever it is."""
    return ("listed", resource_type)


def nothing(context: ScanContext, description: Answer) -> Decimal | None:  # noqa: ARG001 - as Price is called
    """Return 0, the price of what costs nothing by the hour."""
    return Decimal(0)


def not_known(context: ScanContext, description: Answer) -> Decimal | None:  # noqa: ARG001 - the same
    """Return None, the price of what costs something that the price list does not know."""
    return None


def machines_cost(
    machines: Callable[[ScanContext, Answer], Iterable[Machines] | None],
) -> Price:
    """Return what tells the price of these machines, None where a part of it is not known."""

    def price(context: ScanContext, description: Answer) -> Decimal | None:
        region = context.scope.account_region.region
        return billing.machines_cost(machines(context, description), region).exact

    return price


def no_matter(context: ScanContext, description: Answer) -> str:  # noqa: ARG001 - as WhyUnattributable is called
    """Return nothing: it costs nothing, or always holds a proof."""
    return ""


@dataclass(frozen=True)
class SageMakerType(ResourceType):
    """A resource type of SageMaker: what botocore's model does not say about its ``noun``."""

    noun: str
    """``TrainingJob``, as operations and CloudFormation call it."""
    prove: Prove
    name: str = ""
    """The noun in words where nothing else is given."""
    members: Mapping[str, str] | tuple[str, ...] = ()
    """Request member -> member of the summary: what names one to the service, where that is not
    just what a description has to be asked with."""
    hourly: Price = nothing
    billed_in: frozenset[str] | None = frozenset()
    """Statuses in which it costs by the hour; None where ``hourly`` tells of each."""
    stopped_from: frozenset[str] = frozenset()
    delete_request: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """What its deletion asks for beside its name."""
    deleted_from: frozenset[str] | None = None
    """Statuses in which it can be deleted; None for all."""
    deleting_stops: bool = False
    """Whether only its deletion ends what it costs."""
    after: tuple[str, ...] = ()
    also_reads: tuple[str, ...] = ()
    """Operations that listing and proving one needs beside those of its noun."""
    is_proof: bool = False
    needs_role: bool = False
    """Whether SageMaker works with the execution role while it ends or deletes one: it runs
    machines, or keeps network interfaces and grants that only that role may give back
    (https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DeleteEndpoint.html)."""
    wait_after_delete: bool = True
    owner_is_final: bool = False
    """Whether whose it is can never change, so that a stranger is described only once."""
    list_request: Mapping[str, Any] = field(default_factory=dict, hash=False)
    gone_in: frozenset[str] = frozenset()
    """Statuses that stand for being gone."""
    unattributable: WhyUnattributable = no_matter
    listing_proves: bool = False
    """Whether a summary may hold the proof, so that not all have to be described."""
    log_group: str = ""
    arn_type: str = ""
    """``sagemaker:`` and the noun with hyphens where nothing else is given."""

    service = "sagemaker"

    def __post_init__(self) -> None:
        words = re.sub("(?<=.)(?=[A-Z])", " ", self.noun).lower()
        object.__setattr__(self, "name", self.name or words)
        hyphened = f"sagemaker:{words.replace(' ', '-')}"
        object.__setattr__(self, "arn_type", self.arn_type or hyphened)

    @property
    def reads(self) -> tuple[str, ...]:  # type: ignore[override]
        """What ``find`` and ``state`` need of IAM, whose actions are called as operations are."""
        own = self.operations.lists, self.operations.describes, "ListTags"
        return tuple(f"sagemaker:{operation}" for operation in (*own, *self.also_reads))

    @property
    def cloudformation_type(self) -> str:  # type: ignore[override]
        """CloudFormation's name for it; a stack can hold it if there is such a type."""
        return f"AWS::SageMaker::{self.noun}"

    @property
    def operations(self) -> SageMakerOperations:
        """The names of its operations and members."""
        return operations(self.noun)

    @property
    def identity(self) -> Mapping[str, str]:
        """Request member -> member of the summary: what names one to the service."""
        members = self.members or self.operations.identity
        return members if isinstance(members, Mapping) else {member: member for member in members}

    @property
    def status(self) -> str:
        """The member that is its status; empty where it has none."""
        return self.operations.status

    @property
    def permanent(self) -> bool:  # type: ignore[override]
        """Whether AWS has no way to delete it."""
        return not self.operations.deletes

    # --- what a teardown asks ---------------------------------------------------------------

    def find(self, context: ScanContext) -> Iterator[Resource]:
        """Yield everything of this type that could be the workshop's, look-alikes included."""
        names = self.operations
        summaries = [
            summary
            for summary in listed(context, names.lists, names.member, **self.list_request)
            if summary.get(self.status) not in self.gone_in
        ]
        everybodys = frozenset("/".join(self._details(summary).values()) for summary in summaries)
        context.memory.note(listed_key(self.name), everybodys)
        if len(summaries) < 2:  # noqa: PLR2004 - one is looked at before a thread would begin
            resources = [self.of_summary(context, summary) for summary in summaries]
        else:
            with ThreadPoolExecutor(DESCRIBING) as pool:
                resources = list(pool.map(partial(self.of_summary, context), summaries))
        yield from (resource for resource in resources if resource is not None)

    def _details(self, summary: Answer) -> dict[str, str]:
        return {
            member: str(summary[known])
            for member, known in self.identity.items()
            if summary.get(known) is not None
        }

    def stop(self, context: ScanContext, resource: Resource) -> bool:
        """End what it costs by the hour."""
        if self.deleting_stops:
            if not self.deletable_in(resource.state) or resource.stack:
                return False
            self.delete(context, resource)
            return True
        if not self.operations.stops or resource.state not in self.stopped_from:
            return False
        return ask_unless_gone(context, self.operations.stops, **resource.details)

    def delete(self, context: ScanContext, resource: Resource) -> None:
        """Ask for its deletion."""
        if self.permanent:
            raise Undeletable(f"AWS has no way to delete this {self.name}")
        super().delete(context, resource)

    def request_deletion(self, context: ScanContext, resource: Resource) -> None:
        self.prepare(context, resource)
        ask(context, self.operations.deletes, **resource.details, **self.delete_request)

    def read_state(self, context: ScanContext, resource: Resource) -> str | None:
        described = ask(context, self.operations.describes, **resource.details)
        state = self.state_of(context, described)
        return None if state in self.gone_in else state

    def deletable_in(self, state: str) -> bool:
        """Return whether it can be deleted in this status."""
        return self.deleted_from is None or state in self.deleted_from

    # --- what some types do otherwise ---------------------------------------------------------

    def state_of(self, context: ScanContext, described: Answer) -> str:  # noqa: ARG002 - others ask
        """Return the status in a description."""
        return str(described.get(self.status, "")) if self.status else ""

    def prepare(self, context: ScanContext, resource: Resource) -> None:
        """Untie it from others just before it is deleted."""

    def listed_state(self, context: ScanContext, summary: Answer) -> str:
        """Return the status in a summary."""
        return self.state_of(context, summary)

    # --- proof ------------------------------------------------------------------------------

    def of_summary(self, context: ScanContext, summary: Answer) -> Resource | None:
        """Return a resource of a listing with the verdict on it; None where it is none of ours."""
        details = self._details(summary)
        id_, name = "/".join(details.values()), _name(details)
        arn = str(summary.get(self.operations.arn, ""))
        stranger = ("stranger", self.name, arn, str(summary.get("CreationTime")))
        if self.owner_is_final and context.lasting.recall(stranger):
            return None
        before = self._proven_before(context, id_, summary)
        more = {"arn": arn, "created": summary.get("CreationTime"), "details": details}
        if before is not None and self._is_settled(context, summary):
            before = replace(before, why="proven by an earlier scan")
            state = self.listed_state(context, summary)
            return self.resource(context, before, id_, state=state, **more)
        description: Answer | None = None
        why = ""
        try:
            description = self._described(context, details, summary)
            if description is None:
                return None
            proven = self.prove(context, description)
            if proven is None and _in_its_life(context, summary):
                why = self.unattributable(context, description)
        except errors.Refusal as error:
            if description is None and errors.is_gone(error):
                return None
            proven = ownership.unread(error)
        whole = summary if description is None else description
        arn = arn or str(whole.get(self.operations.arn, ""))
        verdict = ownership.judge(context, name=name, arn=arn, proof=proven, tagged=None)
        if proven is None and (verdict is None or verdict.ownership == Ownership.FOREIGN):
            verdict = before or (_unattributable(context, name, arn, why) if why else verdict)
        if verdict is None:
            if self.owner_is_final and proven is not None:
                context.lasting.note(stranger, value=True)
            return None
        read_state = self.listed_state if description is None else self.state_of
        state = read_state(context, whole)
        return self.resource(
            context,
            verdict,
            id_,
            state=state,
            hourly=self._costs(context, state, description),
            unattributable=proven is None and verdict.ownership == Ownership.UNKNOWN,
            **{**more, "arn": arn},
        )

    def _is_settled(self, context: ScanContext, summary: Answer) -> bool:
        """Return whether a description would tell nothing new of what is proven."""
        return self.owner_is_final and self._is_free(self.listed_state(context, summary))

    def _described(self, context: ScanContext, details: Answer, summary: Answer) -> Answer | None:
        """Return all that can be read of it, once a scan; None where it is gone.

        A summary will do that holds the proof, or where there is none to be had.
        """
        proves = self.listing_proves and self.prove(context, summary) is not None
        if proves or self.prove is unproven:
            return summary
        found: Answer | None = context.memory.get(
            (self.operations.describes, *details.values()),
            lambda: ask(context, self.operations.describes, **details),
        )
        return found

    def _proven_before(
        self, context: ScanContext, shown: str, summary: Answer
    ) -> OwnershipVerdict | None:
        """Such as a transform job, which outlives the model that proves it."""
        created = summary.get("CreationTime")
        moment = "" if created is None else created.isoformat()
        seat = context.proven.get((self.name, shown, context.scope.account_region, moment))
        if seat is None or not (context.scope.whole or seat in context.scope.seats):
            return None
        return OwnershipVerdict(
            Ownership.OWNED, "proven before, by what has been deleted since", seat
        )

    def _is_free(self, state: str) -> bool:
        return self.billed_in is not None and state not in self.billed_in

    def _costs(self, context: ScanContext, state: str, described: Answer | None) -> Decimal | None:
        if self._is_free(state):
            return Decimal(0)
        if described is None:
            return None
        try:
            return self.hourly(context, described)
        except errors.Refusal:
            return None


def _in_its_life(context: ScanContext, summary: Answer) -> bool:
    """Return whether it was made since the workshop began: what was there before is none of it."""
    created = summary.get("CreationTime")
    return context.since is not None and created is not None and created >= context.since


def _unattributable(context: ScanContext, name: str, arn: str, why: str) -> OwnershipVerdict | None:
    """Return the verdict on what nothing proves any more: its own tags, else that it is unknown."""
    try:
        tagged = own_tags(context, arn)
    except errors.Refusal:
        tagged = {}
    if keys.WORKSHOP in tagged:
        return ownership.judge(context, name=name, arn=arn, proof=None, tagged=tagged)
    return OwnershipVerdict(Ownership.UNKNOWN, f"whose it is cannot be told: {why}")


def _name(details: Mapping[str, str]) -> str:
    """Return the part of an identity that people chose: the last, or what an ARN ends in."""
    last = list(details.values())[-1]
    return last.partition("/")[2] if last.startswith("arn:") else last
