"""Whatever carries the workshop's tags and is of no resource type that is known here.

The tagging service tells of it, without its state or price. A person has to look at it: what
deletes it, and what goes along with it, differs with each type.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from workshop import tags as keys
from workshop.errors import WorkshopError
from workshop.naming import COHORT, SEAT_STACKS
from workshop.teardown.resource import Ownership, Resource, ResourceType, ScanContext, Scope
from workshop.teardown.resources import tagged
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
            *("notebook-instance", "notebook-instance-lifecycle-config", "code-repository"),
            *("app", "space", "user-profile", "domain"),
        }
    ),
}
"""Service -> the types in its ARNs of which the other kinds list everything."""


@dataclass(frozen=True)
class TaggedResources:
    """One for each ARN; nothing here deletes it."""

    name: str = "tagged resource"
    after: tuple[str, ...] = ()
    resource_type: str = ""
    needs_role: bool = False
    by_hand: bool = True

    def find(self, world: ScanContext) -> Iterator[Resource]:
        scope = world.scope
        for arn, given in world.tagged.items():
            seat = given.get(keys.ATTENDEE, COHORT)
            if is_known(scope, arn) or not (scope.whole or seat in scope.seats):
                continue
            if not _goes_with_a_stack(scope, given):
                yield Resource(
                    kind=self.name,
                    id=arn,
                    place=scope.place,
                    ownership=Ownership.CLAIMED,
                    why="it has the workshop's tags; no command here deletes its type, so look"
                    " at it, and delete it or take the tags off",
                    seat=seat,
                    arn=arn,
                    hourly=None,
                )

    def stop(self, world: ScanContext, thing: Resource) -> bool:  # noqa: ARG002 - not known how
        return False

    def delete(self, world: ScanContext, thing: Resource) -> None:  # noqa: ARG002 - not known how
        raise WorkshopError(f"no command here deletes {thing.id}; delete it yourself")

    def state(self, world: ScanContext, thing: Resource) -> str | None:
        client = world.clients.client("resourcegroupstaggingapi", world.scope.place)
        found = client.get_resources(ResourceARNList=[thing.arn])["ResourceTagMappingList"]
        return "" if found else None

    def deletable_in(self, state: str) -> bool:  # noqa: ARG002 - in none that is known
        return True


def is_known(scope: Scope, arn: str) -> bool:
    """Whether another kind lists everything of the type that an ARN names."""
    _, _, service, _, account, rest = arn.split(":", 5)
    kind, _, name = rest.replace(":", "/").partition("/")
    if service == "logs":
        return rest.startswith(f"log-group:{ROOT}")
    if service == "s3":
        return not account  # access points and the like have one in their ARNs, buckets have none
    if service == "iam":
        return kind in KNOWN[service] and f"/{name}".startswith(scope.names("").iam_path)
    return kind in KNOWN.get(service, ())


def _goes_with_a_stack(scope: Scope, given: Mapping[str, str]) -> bool:
    """Whether a stack of the workshop made it, and takes it away."""
    seat = given.get(keys.ATTENDEE, COHORT)
    stack = given.get(tagged.STACK, "")
    return stack in {scope.names(seat).stack(kind) for kind in SEAT_STACKS}


KINDS: tuple[ResourceType, ...] = (TaggedResources(),)
