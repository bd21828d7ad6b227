"""How resources of SageMaker are listed, proven, stopped and deleted.

The types themselves are tables in ``sagemaker_*.py``: they say what botocore's service model, which
names operations and members, does not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Any

import botocore.session
from botocore import xform_name

from workshop import tags as keys
from workshop.aws import errors
from workshop.pricing import billing
from workshop.pricing.billing import Machines
from workshop.teardown import ownership
from workshop.teardown.ownership import OwnershipVerdict
from workshop.teardown.resource import Ownership, Resource, ScanContext
from workshop.teardown.resources.base import ResourceType, Undeletable, tag_map

PAGE = 100
DESCRIBING = 8
"""Threads that describe resources of one type at once."""

Answer = Mapping[str, Any]


def ask(context: ScanContext, operation: str, **request: Any) -> dict[str, Any]:
    """One call to SageMaker; botocore's errors pass through."""
    client = context.clients.client("sagemaker", context.scope.place)
    answer: dict[str, Any] = getattr(client, xform_name(operation))(**request)
    return answer


def listed(
    context: ScanContext, operation: str, member: str, **request: Any
) -> Iterator[dict[str, Any]]:
    """What a listing holds, from its first page to its last; botocore's errors pass through."""
    client = context.clients.client("sagemaker", context.scope.place)
    pages = client.get_paginator(xform_name(operation)).paginate(
        **request, PaginationConfig={"PageSize": PAGE}
    )
    for page in pages:
        yield from page[member]


def listed_key(resource_type: str) -> tuple[str, str]:
    """Where a scan's memory has the names of everything of a resource type, whosever it is."""
    return ("listed", resource_type)


Prove = Callable[[ScanContext, Answer], OwnershipVerdict | None]
"""Reads the proof from a description; None where it holds none. botocore's errors pass through."""
Price = Callable[[ScanContext, Answer], Decimal | None]
"""USD per hour now, from a description."""
WhyUnattributable = Callable[[ScanContext, Answer], str]
"""Why a description holds no proof, for what then counts as unknown; empty for all other."""


def nothing(context: ScanContext, described: Answer) -> Decimal | None:  # noqa: ARG001 - as Price is called
    """What costs nothing by the hour."""
    return Decimal(0)


def not_known(context: ScanContext, described: Answer) -> Decimal | None:  # noqa: ARG001 - the same
    """What costs something that the price list does not know."""
    return None


def machines_cost(context: ScanContext, machines: Iterable[Machines] | None) -> Decimal | None:
    """Return what machines cost an hour, None where a part of it is not known."""
    return billing.machines_cost(machines, context.scope.place.region).exact


def unproven(context: ScanContext, described: Answer) -> OwnershipVerdict | None:  # noqa: ARG001 - as Prove is called
    """Nothing in the description tells whose it is."""
    return None


def no_matter(context: ScanContext, described: Answer) -> str:  # noqa: ARG001 - as WhyUnattributable is called
    """What costs nothing, or always holds a proof."""
    return ""


def by_role(*path: str) -> Prove:
    """The proof by the role that stands at this place of a description."""

    def prove(context: ScanContext, described: Answer) -> OwnershipVerdict | None:
        found: Any = described
        for member in path:
            found = found.get(member) if isinstance(found, Mapping) else None
        return ownership.of_role(context.scope, found) if found else None

    return prove


def by_maker(context: ScanContext, described: Answer) -> OwnershipVerdict | None:
    """The proof by whoever made it, ``CreatedBy.IamIdentity``."""
    who = described.get("CreatedBy", {}).get("IamIdentity", {})
    if not who.get("Arn"):
        return None
    made = described.get("CreationTime")
    return ownership.of_maker(context, who["Arn"], who.get("PrincipalId", ""), made)


@dataclass(frozen=True)
class SageMakerOperations:
    """The operations and members that SageMaker's service model has for one noun."""

    lists: str
    """``ListTrainingJobs``."""
    member: str
    """The member of its answer that holds the page."""
    describes: str
    identity: tuple[str, ...]
    """What a description has to be asked with: ``TrainingJobName``."""
    arn: str
    """The member of summary or description that is its ARN."""
    status: str
    """The member that is its status, in summary and description; empty where it has none."""
    stops: str
    deletes: str
    """Empty where AWS has no way to stop or to delete it."""


@cache
def operations(noun: str) -> SageMakerOperations:
    """Return what botocore's model of SageMaker says about a noun, ``TrainingJob``."""
    model = _service_model()
    known = set(model.operation_names)

    def first(*names: str) -> str:
        return next((name for name in names if name in known), "")

    describes = first(f"Describe{noun}V2", f"Describe{noun}")
    lists = first(f"List{noun}s", f"List{noun.removesuffix('y')}ies")
    asked, told = (getattr(model.operation_model(describes), f"{side}_shape") for side in _SIDES)
    short = re.sub("(Name|Arn|Id)$", "", asked.required_members[-1])
    statuses = (f"{short}Status", "Status")
    page = model.operation_model(lists).output_shape
    return SageMakerOperations(
        lists=lists,
        member=next(name for name, shape in page.members.items() if shape.type_name == "list"),
        describes=describes,
        identity=tuple(asked.required_members),
        arn=f"{short}Arn",
        status=next((one for one in statuses if hasattr(told.members.get(one), "enum")), ""),
        stops=first(f"Stop{noun}"),
        deletes=first(f"Delete{noun}"),
    )


_SIDES = ("input", "output")


@cache
def _service_model() -> Any:
    return botocore.session.get_session().get_service_model("sagemaker")


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
    billed_in: frozenset[str] = frozenset()
    """Statuses in which it costs by the hour."""
    stopped_from: frozenset[str] = frozenset()
    delete_request: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """What its deletion asks for beside its name."""
    deleted_from: frozenset[str] | None = None
    """Statuses in which it can be deleted; None for all."""
    deleting_stops: bool = False
    """Whether only its deletion ends what it costs."""
    after: tuple[str, ...] = ()
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

    service = "sagemaker"

    def __post_init__(self) -> None:
        if not self.name:
            words = re.sub("(?<=.)(?=[A-Z])", " ", self.noun).lower()
            object.__setattr__(self, "name", words)

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
        return members if isinstance(members, Mapping) else {one: one for one in members}

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
        """Everything of this resource type that could be the workshop's, look-alikes included."""
        summaries = [
            one
            for one in listed(
                context, self.operations.lists, self.operations.member, **self.list_request
            )
            if one.get(self.status) not in self.gone_in
        ]
        context.memory.note(listed_key(self.name), self._names(summaries))
        if len(summaries) < 2:  # noqa: PLR2004 - one is looked at before a thread would begin
            resources = [self.judged(context, one) for one in summaries]
        else:
            with ThreadPoolExecutor(DESCRIBING) as pool:
                resources = list(pool.map(lambda one: self.judged(context, one), summaries))
        yield from (resource for resource in resources if resource is not None)

    def _names(self, summaries: Iterable[Answer]) -> frozenset[str]:
        """The names of all that was listed, whosever they are."""
        members = self.identity.values()
        return frozenset(
            "/".join(str(one[member]) for member in members if one.get(member) is not None)
            for one in summaries
        )

    def stop(self, context: ScanContext, resource: Resource) -> bool:
        """End what it costs by the hour."""
        if self.deleting_stops:
            if not self.deletable_in(resource.state) or resource.stack:
                return False
            self.delete(context, resource)
            return True
        if not self.operations.stops or resource.state not in self.stopped_from:
            return False
        try:
            ask(context, self.operations.stops, **resource.details)
        except errors.Refusal as error:
            if errors.is_gone(error):
                return False
            raise
        return True

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
        """Whether it can be deleted in this status."""
        return self.deleted_from is None or state in self.deleted_from

    # --- what some types do otherwise ---------------------------------------------------------

    def state_of(self, context: ScanContext, described: Answer) -> str:  # noqa: ARG002 - others ask
        """The status in a description."""
        return str(described.get(self.status, "")) if self.status else ""

    def prepare(self, context: ScanContext, resource: Resource) -> None:
        """Untie it from others just before it is deleted."""

    def listed_state(self, context: ScanContext, summary: Answer) -> str:
        """The status in a summary."""
        return self.state_of(context, summary)

    # --- proof ------------------------------------------------------------------------------

    def judged(self, context: ScanContext, summary: Answer) -> Resource | None:
        """Return a resource of a listing with the verdict on it; None where it is none of ours."""
        details = {
            member: str(summary[known])
            for member, known in self.identity.items()
            if summary.get(known) is not None
        }
        arn = str(summary.get(self.operations.arn, ""))
        stranger = ("stranger", self.name, arn, str(summary.get("CreationTime")))
        if self.owner_is_final and context.lasting.recall(stranger):
            return None
        shown = "/".join(details.values())
        unchanged = self._unchanged(context, shown, arn, details, summary)
        if unchanged is not None:
            return unchanged
        described: Answer | None = None
        why = ""
        try:
            described = self._described(context, details, summary)
            if described is None:
                return None
            proven = self.prove(context, described)
            if proven is None and _in_its_life(context, summary):
                why = self.unattributable(context, described)
        except errors.Refusal as error:
            if described is None and errors.is_gone(error):
                return None
            proven = OwnershipVerdict(
                Ownership.UNKNOWN, f"could not be read: {errors.describe(error)}"
            )
        whole = summary if described is None else described
        arn = arn or str(whole.get(self.operations.arn, ""))
        verdict = ownership.judge(context, name=_name(details), arn=arn, proof=proven, tagged=None)
        if proven is None and _is_none_of_ours(verdict):
            before = self._proven_before(context, shown, summary)
            verdict = before or (
                _unattributable(context, _name(details), arn, why) if why else verdict
            )
        if verdict is None:
            if self.owner_is_final and proven is not None:
                context.lasting.note(stranger, value=True)
            return None
        state = self.state_of(context, whole) if described else self.listed_state(context, summary)
        return Resource(
            resource_type=self.name,
            id=shown,
            place=context.scope.place,
            ownership=verdict.ownership,
            why=verdict.why,
            seat=verdict.seat,
            arn=arn,
            state=state,
            hourly=self._costs(context, state, described),
            created=summary.get("CreationTime"),
            details=details,
            unattributable=proven is None and verdict.ownership == Ownership.UNKNOWN,
        )

    def _described(self, context: ScanContext, details: Answer, summary: Answer) -> Answer | None:
        """All that can be read of it, once a scan; None where it is gone.

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

    def _unchanged(
        self,
        context: ScanContext,
        shown: str,
        arn: str,
        details: Mapping[str, str],
        summary: Answer,
    ) -> Resource | None:
        """One that is proven for good and costs nothing now: its description tells nothing new."""
        verdict = self._proven_before(context, shown, summary) if self.owner_is_final else None
        state = "" if verdict is None else self.listed_state(context, summary)
        if verdict is None or state in self.billed_in:
            return None
        return Resource(
            resource_type=self.name,
            id=shown,
            place=context.scope.place,
            ownership=verdict.ownership,
            why="proven by an earlier scan",
            seat=verdict.seat,
            arn=arn,
            state=state,
            created=summary["CreationTime"],
            details=details,
        )

    def _proven_before(
        self, context: ScanContext, shown: str, summary: Answer
    ) -> OwnershipVerdict | None:
        """Such as a transform job, which outlives the model that proves it."""
        created = summary.get("CreationTime")
        moment = "" if created is None else created.isoformat()
        seat = context.proven.get((self.name, shown, context.scope.place, moment))
        if seat is None or not (context.scope.whole or seat in context.scope.seats):
            return None
        return OwnershipVerdict(
            Ownership.OWNED, "proven before, by what has been deleted since", seat
        )

    def _costs(self, context: ScanContext, state: str, described: Answer | None) -> Decimal | None:
        if state not in self.billed_in:
            return Decimal(0)
        if described is None:
            return None
        try:
            return self.hourly(context, described)
        except errors.Refusal:
            return None


def _is_none_of_ours(verdict: OwnershipVerdict | None) -> bool:
    return verdict is None or verdict.ownership == Ownership.FOREIGN


def _in_its_life(context: ScanContext, summary: Answer) -> bool:
    """Whether it was made since the workshop began: what was there before is none of it."""
    created = summary.get("CreationTime")
    return context.since is not None and created is not None and created >= context.since


def _unattributable(context: ScanContext, name: str, arn: str, why: str) -> OwnershipVerdict | None:
    """The verdict on what nothing proves any more: its own tags, else that it is unknown."""
    try:
        tagged = tag_map(ask(context, "ListTags", ResourceArn=arn)["Tags"])
    except errors.Refusal:
        tagged = {}
    if keys.WORKSHOP in tagged:
        return ownership.judge(context, name=name, arn=arn, proof=None, tagged=tagged)
    return OwnershipVerdict(Ownership.UNKNOWN, f"whose it is cannot be told: {why}")


def _name(details: Mapping[str, str]) -> str:
    """The part of an identity that people chose: the last, or what an ARN ends in."""
    last = list(details.values())[-1]
    return last.partition("/")[2] if last.startswith("arn:") else last
