"""What the tags of a resource prove, and what they only claim."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from workshop import naming
from workshop import tags as keys
from workshop.aws import errors
from workshop.naming import COHORT, kinds_of
from workshop.teardown import ownership
from workshop.teardown.ownership import OwnershipVerdict
from workshop.teardown.resource import Ownership, Resource, ScanContext, Scope
from workshop.teardown.resources.base import ResourceType, tag_map

STACK = "aws:cloudformation:stack-name"
STACK_ID = "aws:cloudformation:stack-id"
"""Both are written by CloudFormation on what a stack makes, and left there when the stack goes. AWS
keeps the prefix to itself (https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html).
"""


class TaggedType(ResourceType):
    """A resource type that proves whose it is by the tags of CloudFormation and the provisioner.

    The tags of what the tagging service does not tell are read, one call each, of what has a name
    of a seat that is torn down.
    """

    without_stack_tag: str | None = None
    """What ``stack_tag`` is of a resource whose tags were read, and which has no such tag."""

    def read_tags(self, context: ScanContext, name: str, arn: str) -> Iterable[Mapping[str, str]]:
        """Return AWS's list of its tags; botocore's errors pass through."""
        raise NotImplementedError

    def judged_by_own_tags(
        self, context: ScanContext, name: str, arn: str, *, maker: str = "", **more: Any
    ) -> Iterator[Resource]:
        """Yield the resource with the verdict of its tags; nothing where it is gone."""
        tags: Mapping[str, str] | None = context.tagged.get(arn)
        if tags is None:
            if not asked_about(context.scope, name):
                return
            try:
                tags = tag_map(self.read_tags(context, name, arn))
            except errors.Refusal as error:
                if errors.is_gone(error):
                    return
        yield from self.judged_by_tags(context, name, tags, arn=arn, maker=maker, **more)

    def judged_by_tags(
        self,
        context: ScanContext,
        id_: str,
        tags: Mapping[str, str] | None,
        *,
        name: str = "",
        arn: str = "",
        maker: str = "",
        **more: Any,
    ) -> Iterator[Resource]:
        """Yield the resource with the verdict of these tags, None where they could not be read."""
        yield from self.found(
            context,
            judge(context, name or id_, arn, tags, maker=maker),
            id_,
            arn=arn,
            of_environment=other_environment(context.scope, tags, maker),
            stack_tag=None if tags is None else tags.get(STACK_ID, self.without_stack_tag),
            **more,
        )


def asked_about(scope: Scope, name: str) -> bool:
    """Return whether a name may be of a seat in the scope; of others not even tags are read."""
    return scope.whole or naming.seat_of_name(scope.workshop, name) in scope.seats


def judge(
    context: ScanContext, name: str, arn: str, tags: Mapping[str, str] | None, *, maker: str = ""
) -> OwnershipVerdict | None:
    """Return the verdict on what the workshop tags; None where it does not look alike.

    ``tags`` is None where they could not be read. A name without tags is no claim here, unless IAM
    lets nobody but one seat use it: ``maker`` is that seat.
    """
    found = proven(context.scope, tags, maker)
    return ownership.judge(context, name=name, arn=arn, proof=found, tagged=tags or {})


def proven(
    scope: Scope, tags: Mapping[str, str] | None, maker: str = ""
) -> OwnershipVerdict | None:
    """Return what tags prove; None where they claim it for the workshop and no more."""
    if tags is None:
        return OwnershipVerdict(Ownership.UNKNOWN, "its tags could not be read")
    owner = tags.get(keys.WORKSHOP), tags.get(keys.ENVIRONMENT)
    if owner == (scope.workshop, scope.environment):
        stack, seat = tags.get(STACK), tags.get(keys.ATTENDEE, "")
        if stack and seat in scope.seats | {COHORT} and is_of(scope, seat, stack):
            message = f"made by the stack {stack}, as CloudFormation's own tag says"
            return OwnershipVerdict(Ownership.OWNED, message, seat)
        return None
    if maker in scope.seats and not tags.get(STACK):
        message = f"only {maker} may use such a name, and nothing tells who made it"
        return OwnershipVerdict(Ownership.CLAIMED, message, maker)
    if owner == (None, None):
        return OwnershipVerdict(
            Ownership.FOREIGN, "its name begins alike, and it has no tag of the workshop"
        )
    return OwnershipVerdict(
        Ownership.FOREIGN, f"its tags say workshop {owner[0]}, environment {owner[1]}"
    )


def other_environment(scope: Scope, tags: Mapping[str, str] | None, maker: str = "") -> str:
    """Return the environment of the workshop whose tags these are, empty for this one and for none.

    What ``maker`` may have made and tagged itself tells nothing of environments, unless
    CloudFormation's own tag does.
    """
    known = {} if tags is None else tags
    environment = known.get(keys.ENVIRONMENT, "")
    if known.get(keys.WORKSHOP) != scope.workshop or environment in ("", scope.environment):
        return ""
    of_stack = is_of(scope, known.get(keys.ATTENDEE, ""), known.get(STACK, ""))
    return environment if of_stack or maker not in scope.seats else ""


def is_of(scope: Scope, seat: str, stack: str) -> bool:
    """Return whether a stack has the name of one of this seat's, or was made by its stack set."""
    known = {scope.names(seat).stack(kind) for kind in kinds_of(seat)}
    return naming.stack_of_set(stack) in known
