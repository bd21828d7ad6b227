"""Whatever carries the workshop's tags and is of no resource type that is known here.

The tagging service tells of it, without its state or price. A person has to look at it: what
deletes it, and what goes along with it, differs with each type.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from workshop import tags as keys
from workshop.errors import WorkshopError
from workshop.naming import COHORT, SEAT_STACKS
from workshop.teardown.ownership import OwnershipVerdict
from workshop.teardown.resource import Ownership, Resource, ScanContext, Scope
from workshop.teardown.resources import tagged
from workshop.teardown.resources.base import ResourceType
from workshop.teardown.resources.unexplained import ROOT

KNOWN: Mapping[str, frozenset[str]] = {
    "cloudformation": frozenset({"stack"}),
    "cloudwatch": frozenset({"alarm", "dashboard"}),
    "ec2": frozenset({"instance", "volume", "network-interface"}),
    "ecr": frozenset({"repository"}),
    "events": frozenset({"rule"}),
    "iam": frozenset({"role", "policy"}),  # below the workshop's path
    "scheduler": frozenset({"schedule"}),
    "sagemaker": frozenset(
        {
            *("training-job", "processing-job", "transform-job", "hyper-parameter-tuning-job"),
            *("automl-job", "compilation-job", "labeling-job", "endpoint", "endpoint-config"),
            *("model", "inference-component", "model-package", "model-package-group", "pipeline"),
            *("experiment", "experiment-trial", "experiment-trial-component", "artifact"),
            *("context", "action", "feature-group", "mlflow-tracking-server"),
            "inference-recommendations-job",
            *("notebook-instance", "notebook-instance-lifecycle-config", "code-repository"),
            *("app", "space", "user-profile", "domain"),
        }
    ),
}
"""Service -> the types in its ARNs of which the other resource types list everything."""


WHY = (
    "it has the workshop's tags; no command here deletes its type, so look at it, and delete it or"
    " take the tags off"
)


class TaggedResources(ResourceType):
    """One for each ARN; nothing here deletes it."""

    name = "tagged resource"
    service = "resourcegroupstaggingapi"
    by_hand = True

    def find(self, context: ScanContext) -> Iterator[Resource]:
        scope = context.scope
        for arn, given in context.tagged.items():
            seat = given.get(keys.ATTENDEE, COHORT)
            if is_known(scope, arn) or not (scope.whole or seat in scope.seats):
                continue
            if not _goes_with_a_stack(scope, given):
                yield from self.found(
                    context,
                    OwnershipVerdict(Ownership.CLAIMED, WHY, seat),
                    arn,
                    arn=arn,
                    hourly=None,
                )

    def delete(self, context: ScanContext, resource: Resource) -> None:  # noqa: ARG002 - not known how
        raise WorkshopError(f"no command here deletes {resource.id}; delete it yourself")

    def read_state(self, context: ScanContext, resource: Resource) -> str | None:
        found = self.client(context).get_resources(ResourceARNList=[resource.arn])[
            "ResourceTagMappingList"
        ]
        return "" if found else None


def is_known(scope: Scope, arn: str) -> bool:
    """Whether another resource type lists everything of the type that an ARN names."""
    _, _, service, _, account, rest = arn.split(":", 5)
    resource_type, _, name = rest.replace(":", "/").partition("/")
    if service == "logs":
        return rest.startswith(f"log-group:{ROOT}")
    if service == "s3":
        return not account  # access points and the like have one in their ARNs, buckets have none
    if service == "iam":
        return resource_type in KNOWN[service] and f"/{name}".startswith(scope.names("").iam_path)
    return resource_type in KNOWN.get(service, ())


def _goes_with_a_stack(scope: Scope, given: Mapping[str, str]) -> bool:
    """Whether a stack of the workshop made it, and takes it away."""
    seat = given.get(keys.ATTENDEE, COHORT)
    stack = given.get(tagged.STACK, "")
    return stack in {scope.names(seat).stack(kind) for kind in SEAT_STACKS}


TYPES: tuple[ResourceType, ...] = (TaggedResources(),)
