"""Whatever carries the workshop's tags and is of no resource type that is known here.

The tagging service tells of it, without its state or price. A person has to look at it: what
deletes it, and what goes along with it, differs with each type.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from workshop import tags as keys
from workshop.errors import WorkshopError
from workshop.naming import COHORT
from workshop.teardown.ownership import OwnershipVerdict
from workshop.teardown.resource import Ownership, Resource, ScanContext, Scope
from workshop.teardown.resources import tagged
from workshop.teardown.resources.base import ResourceType

WHY = (
    "it has the workshop's tags; no command here deletes its type, so look at it, and delete it or"
    " take the tags off"
)


class TaggedResources(ResourceType):
    """One for each ARN; nothing here deletes it."""

    name = "tagged resource"
    service = "resourcegroupstaggingapi"
    reads = ("tag:GetResources",)
    by_hand = True

    def __init__(self, others: Iterable[ResourceType]) -> None:
        """Find what none of the ``others`` lists."""
        self._others = tuple(others)

    def find(self, context: ScanContext) -> Iterator[Resource]:
        scope = context.scope
        for arn, given in context.tagged.items():
            seat = given.get(keys.ATTENDEE, COHORT)
            if self._is_listed(scope, arn) or not (scope.whole or seat in scope.seats):
                continue
            if not _goes_with_a_stack(scope, given):
                yield from self.found(
                    context,
                    OwnershipVerdict(Ownership.CLAIMED, WHY, seat),
                    arn,
                    arn=arn,
                    hourly=None,
                )

    def _is_listed(self, scope: Scope, arn: str) -> bool:
        _, _, service, _, _, rest = arn.split(":", 5)
        kind, _, name = rest.partition("/")
        if service == "iam":
            return kind in ("role", "policy") and f"/{name}".startswith(scope.names("").iam_path)
        is_stack = service == "cloudformation" and kind == "stack"
        return is_stack or any(other.lists(arn) for other in self._others)

    def delete(self, context: ScanContext, resource: Resource) -> None:  # noqa: ARG002 - not known how
        raise WorkshopError(f"no command here deletes {resource.id}; delete it yourself")

    def read_state(self, context: ScanContext, resource: Resource) -> str | None:
        found = self.client(context).get_resources(ResourceARNList=[resource.arn])[
            "ResourceTagMappingList"
        ]
        return "" if found else None


def _goes_with_a_stack(scope: Scope, given: Mapping[str, str]) -> bool:
    """Return whether a stack of the workshop made it, and takes it away."""
    return tagged.is_of(scope, given.get(keys.ATTENDEE, COHORT), given.get(tagged.STACK, ""))
