"""What a teardown asks of every resource type, with the answer that most types give."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from workshop.aws import errors
from workshop.errors import WorkshopError
from workshop.teardown import ownership
from workshop.teardown.ownership import OwnershipVerdict
from workshop.teardown.resource import Resource, ScanContext


class Undeletable(Exception):  # noqa: N818 - a fact about AWS's API, not an error
    """AWS's API has no way to delete this: its record stays, and costs nothing."""


class ProtectedError(WorkshopError):
    """Somebody protects it, and it stays until they take that off; the message has the command."""


class ResourceType:
    """How to list, prove, stop and delete resources of one type. One instance serves all threads.

    botocore's errors pass through ``find`` and ``stop``: whoever calls records them, so that a
    listing that fails makes the type unknown and never empty. A subclass says how to list, delete
    and read one resource; "not found" is no error there: it is gone.
    """

    name: str
    """Singular, as people say it: ``training job``."""
    service: str = ""
    """boto3's name of the service that is called."""
    cloudformation_type: str = ""
    """CloudFormation's name for it, ``AWS::S3::Bucket``; empty where it has none."""
    reads: tuple[str, ...] = ()
    """What ``find`` and ``state`` need of IAM, as IAM names it: ``ec2:DescribeVolumes``."""
    arn_type: str = ""
    """Service and type in its ARNs, ``ec2:volume``; empty where ``find`` does not list them all."""
    after: tuple[str, ...] = ()
    """Names of the types of which everything is gone before a resource of this one is deleted."""
    is_proof: bool = False
    """Whether it proves whose resources of the types in ``after`` are, and stays while one does."""
    needs_role: bool = False
    """Whether SageMaker works with the seat's execution role to end or delete one of these."""
    wait_after_delete: bool = True
    """Whether a deletion that was answered is waited for; else the scan after it is enough."""
    by_hand: bool = False
    """Whether people have to delete it themselves, whatever is included."""
    has_contents: bool = False
    """Whether it holds other resources, and its stack can delete it once ``empty`` has run."""
    proven_by_writers: bool = False
    """Whether what wrote it proves whose it is, so that it is listed after all other types."""
    permanent: bool = False
    """Whether AWS has no way to delete it, so that records of it stay for ever."""
    log_group: str = ""
    """The log group that it writes to; what ends in a slash has a group for each resource."""

    def find(self, context: ScanContext) -> Iterator[Resource]:
        """Yield every resource that could be the workshop's, look-alikes included; all pages."""
        raise NotImplementedError

    def stop(self, context: ScanContext, resource: Resource) -> bool:  # noqa: ARG002 - most cost nothing
        """End what it costs by the hour; return whether there was anything to stop."""
        return False

    def empty(self, context: ScanContext, resource: Resource) -> None:
        """Take everything out of it, and return when it is empty."""
        raise NotImplementedError

    def delete(self, context: ScanContext, resource: Resource) -> None:
        """Ask for its deletion; raise Undeletable where AWS has no way to delete it."""
        with errors.gone_is_fine():
            self.request_deletion(context, resource)

    def state(self, context: ScanContext, resource: Resource) -> str | None:
        """Return its state now, empty for a type without states, None when it is gone."""
        with errors.gone_is_fine():
            return self.read_state(context, resource)
        return None

    def deletable_in(self, state: str) -> bool:  # noqa: ARG002 - most types in every state
        """Return whether it can be deleted in this state, or has to be waited for."""
        return True

    # --- what subclasses say ------------------------------------------------------------------

    def request_deletion(self, context: ScanContext, resource: Resource) -> None:
        """Call what deletes it."""
        raise NotImplementedError

    def read_state(self, context: ScanContext, resource: Resource) -> str | None:
        """Return its state as AWS tells it, None where an answer shows that it is gone."""
        raise NotImplementedError

    def client(self, context: ScanContext) -> Any:
        """Return the client of the type's service in the account and Region of the scan."""
        return context.clients.client(self.service, context.scope.account_region)

    def listed(
        self, context: ScanContext, operation: str, member: str, **request: Any
    ) -> Iterator[Any]:
        """Yield what a listing holds in ``member``, from its first page to its last."""
        for page in self.client(context).get_paginator(operation).paginate(**request):
            yield from page.get(member, ())

    def lists(self, arn: str) -> bool:
        """Return whether ``find`` lists the resource of this ARN if it is the workshop's."""
        _, _, service, _, _, rest = arn.split(":", 5)
        return self.arn_type == f"{service}:{rest.replace(':', '/').partition('/')[0]}"

    def judged(
        self,
        context: ScanContext,
        id_: str,
        *,
        name: str = "",
        arn: str = "",
        proof: OwnershipVerdict | None = None,
        tagged: Mapping[str, str] | None = None,
        **more: Any,
    ) -> Iterator[Resource]:
        """Yield the resource if its proof, its tags or its name make it worth a verdict."""
        verdict = ownership.judge(context, name=name or id_, arn=arn, proof=proof, tagged=tagged)
        yield from self.found(context, verdict, id_, arn=arn, **more)

    def found(
        self, context: ScanContext, verdict: OwnershipVerdict | None, id_: str, **more: Any
    ) -> Iterator[Resource]:
        """Yield the resource with the verdict on it; nothing where there is no verdict."""
        if verdict is not None:
            yield self.resource(context, verdict, id_, **more)

    def resource(
        self, context: ScanContext, verdict: OwnershipVerdict, id_: str, **more: Any
    ) -> Resource:
        """Return a resource of this type where the scan is."""
        return Resource(
            resource_type=self.name,
            id=id_,
            account_region=context.scope.account_region,
            ownership=verdict.ownership,
            why=verdict.why,
            seat=verdict.seat,
            **{"of_environment": verdict.of_environment, **more},
        )


def ordered(resource_types: Iterable[ResourceType]) -> list[ResourceType]:
    """Return the types in an order that keeps every ``after``; raise ValueError for a circle."""
    left = {resource_type.name: resource_type for resource_type in resource_types}
    done: list[ResourceType] = []
    while left:
        free = [resource for resource in left.values() if not set(resource.after) & left.keys()]
        if not free:
            raise ValueError(f"resource types wait for each other: {', '.join(left)}")
        done += [left.pop(resource_type.name) for resource_type in free]
    return done


def tag_map(tags: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Return AWS's list of tags as a mapping."""
    return {tag["Key"]: tag["Value"] for tag in tags}
