"""How one kind of SageMaker's resources is listed, proven, stopped and deleted: the engine.

The kinds themselves are tables in ``sagemaker_*.py``. Operations and members are named as in the
service model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from botocore import xform_name

from workshop import tags as keys
from workshop.pricing import prices
from workshop.pricing.prices import Use
from workshop.teardown import ownership, refusals
from workshop.teardown.ownership import Proof
from workshop.teardown.resource import Ownership, Resource, ScanContext, Undeletable

PAGE = 100
DESCRIBING = 8
"""Threads that describe things of one kind at once."""

Answer = Mapping[str, Any]


def ask(world: ScanContext, operation: str, **request: Any) -> dict[str, Any]:
    """One call to SageMaker; botocore's errors pass through."""
    client = world.clients.client("sagemaker", world.scope.place)
    answer: dict[str, Any] = getattr(client, xform_name(operation))(**request)
    return answer


def listed(
    world: ScanContext, operation: str, member: str, **request: Any
) -> Iterator[dict[str, Any]]:
    """What a listing holds, from its first page to its last; botocore's errors pass through."""
    client = world.clients.client("sagemaker", world.scope.place)
    pages = client.get_paginator(xform_name(operation)).paginate(
        **request, PaginationConfig={"PageSize": PAGE}
    )
    for page in pages:
        yield from page[member]


def listed_key(kind: str) -> tuple[str, str]:
    """Where a scan's memory has the names of everything of a kind, whosever it is."""
    return ("listed", kind)


Prove = Callable[[ScanContext, Answer], Proof | None]
"""Reads the proof from a description; None where it holds none. botocore's errors pass through."""
Price = Callable[[ScanContext, Answer], Decimal | None]
"""USD per hour now, from a description."""
Untold = Callable[[ScanContext, Answer], str]
"""Why a description holds no proof, for what then counts as unknown; empty for all other."""


def nothing(world: ScanContext, described: Answer) -> Decimal | None:  # noqa: ARG001 - as Price is called
    """What costs nothing by the hour."""
    return Decimal(0)


def not_known(world: ScanContext, described: Answer) -> Decimal | None:  # noqa: ARG001 - the same
    """What costs something that the price list does not know."""
    return None


def machines(world: ScanContext, use: Use, instance_type: str, count: int) -> Decimal | None:
    """What so many machines cost an hour."""
    found = prices.hourly(use, instance_type, world.scope.place.region)
    return None if found is None else found * count


def unproven(world: ScanContext, described: Answer) -> Proof | None:  # noqa: ARG001 - as Prove is called
    """Nothing in the description tells whose it is."""
    return None


def no_matter(world: ScanContext, described: Answer) -> str:  # noqa: ARG001 - as Untold is called
    """What costs nothing, or always holds a proof."""
    return ""


def by_role(*path: str) -> Prove:
    """The proof by the role that stands at this place of a description."""

    def prove(world: ScanContext, described: Answer) -> Proof | None:
        found: Any = described
        for member in path:
            found = found.get(member) if isinstance(found, Mapping) else None
        return ownership.of_role(world.scope, found) if found else None

    return prove


def by_maker(world: ScanContext, described: Answer) -> Proof | None:
    """The proof by whoever made it, ``CreatedBy.IamIdentity``."""
    who = described.get("CreatedBy", {}).get("IamIdentity", {})
    if not who.get("Arn"):
        return None
    made = described.get("CreationTime")
    return ownership.of_maker(world, who["Arn"], who.get("PrincipalId", ""), made)


@dataclass(frozen=True)
class SageMakerType:
    """One kind as a table; see :class:`workshop.teardown.resource.Kind` for what it can do."""

    name: str
    lists: str
    """``ListTrainingJobs``."""
    member: str
    """The member of its answer that holds the page."""
    identity: Mapping[str, str]
    """Request member -> member of the summary: what names one to the service."""
    arn: str
    """The member of summary or description that is its ARN."""
    describes: str
    prove: Prove
    status: str = ""
    """The member that is its status, in summary and description; empty where it has none."""
    hourly: Price = nothing
    billed_in: frozenset[str] = frozenset()
    """Statuses in which it costs by the hour."""
    stops: str = ""
    stopped_from: frozenset[str] = frozenset()
    deletes: str = ""
    """Empty where AWS has no way to delete it."""
    delete_request: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """What its deletion asks for beside its name."""
    deleted_from: frozenset[str] | None = None
    """Statuses in which it can be deleted; None for all."""
    deleting_stops: bool = False
    """Whether only its deletion ends what it costs."""
    after: tuple[str, ...] = ()
    resource_type: str = ""
    """CloudFormation's name for it."""
    needs_role: bool = False
    """Whether SageMaker works with the execution role while it ends or deletes one: it runs
    machines, or keeps network interfaces and grants that only that role may give back
    (https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DeleteEndpoint.html)."""
    prompt: bool = False
    """Whether nobody waits for it once its deletion was answered: the next look tells."""
    lasting: bool = False
    """Whether whose it is can never change, so that a stranger is described only once."""
    list_request: Mapping[str, Any] = field(default_factory=dict, hash=False)
    gone_in: frozenset[str] = frozenset()
    """Statuses that stand for being gone."""
    untold: Untold = no_matter
    listing_proves: bool = False
    """Whether a summary may hold the proof, so that not all have to be described."""

    @property
    def permanent(self) -> bool:
        """Whether AWS has no way to delete it."""
        return not self.deletes

    # --- what a teardown asks ---------------------------------------------------------------

    def find(self, world: ScanContext) -> Iterator[Resource]:
        """Everything of this kind that could be the workshop's, look-alikes included."""
        summaries = [
            one
            for one in listed(world, self.lists, self.member, **self.list_request)
            if one.get(self.status) not in self.gone_in
        ]
        world.memory.note(listed_key(self.name), self._names(summaries))
        if len(summaries) < 2:  # noqa: PLR2004 - one is looked at before a thread would begin
            things = [self.look(world, one) for one in summaries]
        else:
            with ThreadPoolExecutor(DESCRIBING) as pool:
                things = list(pool.map(lambda one: self.look(world, one), summaries))
        yield from (thing for thing in things if thing is not None)

    def _names(self, summaries: Iterable[Answer]) -> frozenset[str]:
        """The names of all that was listed, whosever they are."""
        members = self.identity.values()
        return frozenset(
            "/".join(str(one[member]) for member in members if one.get(member) is not None)
            for one in summaries
        )

    def stop(self, world: ScanContext, thing: Resource) -> bool:
        """End what it costs by the hour."""
        if self.deleting_stops:
            if not self.deletable_in(thing.state) or thing.stack:
                return False
            self.delete(world, thing)
            return True
        if not self.stops or thing.state not in self.stopped_from:
            return False
        try:
            ask(world, self.stops, **thing.details)
        except refusals.Refusal as error:
            if refusals.is_gone(error):
                return False
            raise
        return True

    def delete(self, world: ScanContext, thing: Resource) -> None:
        """Ask for its deletion."""
        if not self.deletes:
            raise Undeletable(f"AWS has no way to delete a {self.name}")
        try:
            self.prepare(world, thing)
            ask(world, self.deletes, **thing.details, **self.delete_request)
        except refusals.Refusal as error:
            if not refusals.is_gone(error):
                raise

    def state(self, world: ScanContext, thing: Resource) -> str | None:
        """Its status now, None when it is gone."""
        try:
            described = ask(world, self.describes, **thing.details)
        except refusals.Refusal as error:
            if refusals.is_gone(error):
                return None
            raise
        state = self.state_of(world, described)
        return None if state in self.gone_in else state

    def deletable_in(self, state: str) -> bool:
        """Whether it can be deleted in this status."""
        return self.deleted_from is None or state in self.deleted_from

    # --- what some kinds do otherwise -------------------------------------------------------

    def state_of(self, world: ScanContext, described: Answer) -> str:  # noqa: ARG002 - others ask
        """The status in a description."""
        return str(described.get(self.status, "")) if self.status else ""

    def prepare(self, world: ScanContext, thing: Resource) -> None:
        """Untie it from others just before it is deleted."""

    def listed_state(self, world: ScanContext, summary: Answer) -> str:
        """The status in a summary."""
        return self.state_of(world, summary)

    # --- proof ------------------------------------------------------------------------------

    def look(self, world: ScanContext, summary: Answer) -> Resource | None:
        """One thing of a listing with the verdict on it; None where it is none of ours."""
        details = {
            member: str(summary[known])
            for member, known in self.identity.items()
            if summary.get(known) is not None
        }
        arn = str(summary.get(self.arn, ""))
        stranger = ("stranger", self.name, arn, str(summary.get("CreationTime")))
        if self.lasting and world.lasting.recall(stranger):
            return None
        shown = "/".join(details.values())
        unchanged = self._unchanged(world, shown, arn, details, summary)
        if unchanged is not None:
            return unchanged
        described: Answer | None = None
        why = ""
        try:
            described = self._described(world, details, summary)
            if described is None:
                return None
            proven = self.prove(world, described)
            if proven is None and _in_its_life(world, summary):
                why = self.untold(world, described)
        except refusals.Refusal as error:
            if described is None and refusals.is_gone(error):
                return None
            proven = Proof(Ownership.UNKNOWN, f"could not be read: {refusals.told(error)}")
        whole = summary if described is None else described
        arn = arn or str(whole.get(self.arn, ""))
        verdict = ownership.judge(world, name=_name(details), arn=arn, proof=proven, tagged=None)
        if proven is None and _is_none_of_ours(verdict):
            before = self._proven_before(world, shown, summary)
            verdict = before or (_untold(world, _name(details), arn, why) if why else verdict)
        if verdict is None:
            if self.lasting and proven is not None:
                world.lasting.note(stranger, value=True)
            return None
        state = self.state_of(world, whole) if described else self.listed_state(world, summary)
        return Resource(
            kind=self.name,
            id=shown,
            place=world.scope.place,
            ownership=verdict.ownership,
            why=verdict.why,
            seat=verdict.seat,
            arn=arn,
            state=state,
            hourly=self._costs(world, state, described),
            created=summary.get("CreationTime"),
            details=details,
            untold=proven is None and verdict.ownership == Ownership.UNKNOWN,
        )

    def _described(self, world: ScanContext, details: Answer, summary: Answer) -> Answer | None:
        """All that can be read of it, once a scan; None where it is gone.

        A summary will do that holds the proof, or where there is none to be had.
        """
        proves = self.listing_proves and self.prove(world, summary) is not None
        if proves or self.prove is unproven:
            return summary
        found: Answer | None = world.memory.get(
            (self.describes, *details.values()), lambda: ask(world, self.describes, **details)
        )
        return found

    def _unchanged(
        self, world: ScanContext, shown: str, arn: str, details: Mapping[str, str], summary: Answer
    ) -> Resource | None:
        """One that is proven for good and costs nothing now: its description tells nothing new."""
        whose = self._proven_before(world, shown, summary) if self.lasting else None
        state = "" if whose is None else self.listed_state(world, summary)
        if whose is None or state in self.billed_in:
            return None
        return Resource(
            kind=self.name,
            id=shown,
            place=world.scope.place,
            ownership=whose.ownership,
            why="proven by an earlier look",
            seat=whose.seat,
            arn=arn,
            state=state,
            created=summary["CreationTime"],
            details=details,
        )

    def _proven_before(
        self, world: ScanContext, shown: str, summary: Answer
    ) -> ownership.Whose | None:
        """Such as a transform job, which outlives the model that proves it."""
        created = summary.get("CreationTime")
        moment = "" if created is None else created.isoformat()
        seat = world.proven.get((self.name, shown, world.scope.place, moment))
        if seat is None or not (world.scope.whole or seat in world.scope.seats):
            return None
        return ownership.Whose(
            Ownership.OWNED, "proven before, by what has been deleted since", seat
        )

    def _costs(self, world: ScanContext, state: str, described: Answer | None) -> Decimal | None:
        if state not in self.billed_in:
            return Decimal(0)
        if described is None:
            return None
        try:
            return self.hourly(world, described)
        except refusals.Refusal:
            return None


def _is_none_of_ours(verdict: ownership.Whose | None) -> bool:
    return verdict is None or verdict.ownership == Ownership.FOREIGN


def _in_its_life(world: ScanContext, summary: Answer) -> bool:
    """Whether it was made since the workshop began: what was there before is none of it."""
    created = summary.get("CreationTime")
    return world.since is not None and created is not None and created >= world.since


def _untold(world: ScanContext, name: str, arn: str, why: str) -> ownership.Whose | None:
    """The verdict on what nothing proves any more: its own tags, else that it is unknown."""
    try:
        told = ask(world, "ListTags", ResourceArn=arn)["Tags"]
    except refusals.Refusal:
        told = []
    tagged = {tag["Key"]: tag["Value"] for tag in told}
    if keys.WORKSHOP in tagged:
        return ownership.judge(world, name=name, arn=arn, proof=None, tagged=tagged)
    return ownership.Whose(Ownership.UNKNOWN, f"whose it is cannot be told: {why}")


def _name(details: Mapping[str, str]) -> str:
    """The part of an identity that people chose: the last, or what an ARN ends in."""
    last = list(details.values())[-1]
    return last.partition("/")[2] if last.startswith("arn:") else last
