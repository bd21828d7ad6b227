"""Container repositories, with all their images."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from workshop import naming
from workshop.aws import errors
from workshop.counting import and_more, count_of
from workshop.teardown.emptying import NotEmptied
from workshop.teardown.resource import Resource, ScanContext
from workshop.teardown.resources import names
from workshop.teardown.resources.base import ResourceType
from workshop.teardown.resources.tagged import TaggedType

BATCH = 100
"""Images that one BatchDeleteImage takes (botocore's service model)."""
LISTED = 1000
"""Images, and repositories, a page."""
_SHOWN = 3


class Repositories(TaggedType):
    """The seats' repositories, orphans included: names ``vision/ada/...``, and tags.

    Users find no tag of CloudFormation's on them, although the schema of the resource type promises
    it (https://github.com/aws-cloudformation/aws-cloudformation-resource-providers-ecr/issues/55).
    """

    name = names.REPOSITORY
    has_contents = True
    service = "ecr"
    cloudformation_type = "AWS::ECR::Repository"
    reads = ("ecr:DescribeRepositories", "ecr:ListImages", "ecr:ListTagsForResource")
    arn_type = "ecr:repository"

    def find(self, context: ScanContext) -> Iterator[Resource]:
        workshop = context.scope.workshop
        for repository in self.listed(
            context,
            *("describe_repositories", "repositories"),
            registryId=context.scope.account_region.account,
            PaginationConfig={"PageSize": LISTED},
        ):
            name, arn = repository["repositoryName"], repository["repositoryArn"]
            if arn in context.tagged or name.startswith(f"{workshop}/"):
                yield from self.judged_by_own_tags(
                    context,
                    name,
                    arn,
                    maker=naming.seat_of_name(workshop, name) or "",
                    created=repository.get("createdAt"),
                )

    def read_tags(self, context: ScanContext, name: str, arn: str) -> Iterable[Mapping[str, str]]:  # noqa: ARG002 - as its base
        answer = self.client(context).list_tags_for_resource(resourceArn=arn)
        tags: Iterable[Mapping[str, str]] = answer.get("tags", ())
        return tags

    def empty(self, context: ScanContext, resource: Resource) -> None:
        """Delete all images, untagged ones and those of several platforms too.

        An image that a list of platforms names cannot go before the list: whatever is left is
        listed anew, until nothing is left or nothing goes any more. Raises NotEmptied then.
        """
        repository = {"repositoryName": resource.id, "registryId": resource.account_region.account}
        client = self.client(context)
        with errors.gone_is_fine():
            while digests := _first_page(client, repository):
                failures: list[Mapping[str, Any]] = []
                for at in range(0, len(digests), BATCH):
                    batch = [{"imageDigest": digest} for digest in digests[at : at + BATCH]]
                    answer = client.batch_delete_image(**repository, imageIds=batch)
                    failures += answer.get("failures", ())
                left = [
                    failure for failure in failures if failure.get("failureCode") != "ImageNotFound"
                ]
                if len(left) == len(digests):
                    raise NotEmptied(_message(resource.id, left))

    def request_deletion(self, context: ScanContext, resource: Resource) -> None:
        self.client(context).delete_repository(
            repositoryName=resource.id, registryId=resource.account_region.account, force=True
        )

    def read_state(self, context: ScanContext, resource: Resource) -> str | None:
        self.client(context).describe_repositories(
            repositoryNames=[resource.id], registryId=resource.account_region.account
        )
        return "there"


def _first_page(client: Any, repository: Mapping[str, str]) -> list[str]:
    """Return the digests of up to 1,000 images; one with several tags is listed once for each."""
    listed = client.list_images(**repository, maxResults=LISTED)["imageIds"]
    return list(dict.fromkeys(image["imageDigest"] for image in listed))


def _message(name: str, left: list[Mapping[str, Any]]) -> str:
    shown = "; ".join(
        f"{resource.get('imageId', {}).get('imageDigest', '?')} ({resource.get('failureCode')}:"
        f" {resource.get('failureReason')})"
        for resource in left[:_SHOWN]
    )
    more = and_more(len(left) - _SHOWN)
    count = count_of(len(left), "image")
    return (
        f"{count} in repository {name} could not be deleted: {shown}{more}; take away what holds"
        " them, then run this again"
    )


TYPES: tuple[ResourceType, ...] = (Repositories(),)
