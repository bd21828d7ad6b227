"""Container repositories, with all their images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError

from workshop import naming
from workshop.aws import errors
from workshop.teardown.emptying import NotEmptied
from workshop.teardown.resource import Resource, ScanContext
from workshop.teardown.resources import names, tagged
from workshop.teardown.resources.base import ResourceType, tag_map

BATCH = 100
"""Images that one BatchDeleteImage takes (botocore's service model)."""
LISTED = 1000
"""Images, and repositories, a page."""
_SHOWN = 3


class Repositories(ResourceType):
    """The seats' repositories, orphans included: names ``vision/ada/...``, and tags."""

    name = names.REPOSITORY
    has_contents = True
    service = "ecr"
    cloudformation_type = "AWS::ECR::Repository"

    def find(self, context: ScanContext) -> Iterator[Resource]:
        pages = (
            self.client(context)
            .get_paginator("describe_repositories")
            .paginate(registryId=context.scope.place.account, PaginationConfig={"PageSize": LISTED})
        )
        for page in pages:
            for repository in page["repositories"]:
                yield from self._judged(context, repository)

    def _judged(self, context: ScanContext, repository: Mapping[str, Any]) -> Iterator[Resource]:
        name, arn = repository["repositoryName"], repository["repositoryArn"]
        tags = context.tagged.get(arn)
        if tags is None:
            ours = name.startswith(f"{context.scope.workshop}/")
            if not ours or not tagged.asked_about(context.scope, name):
                return
            tags, gone = self._tags(context, arn)
            if gone:
                return
        maker = naming.seat_of_name(context.scope.workshop, name) or ""
        verdict = tagged.judge(context, name, arn, tags, maker=maker)
        yield from self.found(
            context,
            verdict,
            name,
            arn=arn,
            created=repository.get("createdAt"),
            of_environment=tagged.other_environment(context.scope, tags, maker),
            stack_tag=self._stack_tag(tags),
        )

    @staticmethod
    def _stack_tag(tags: Mapping[str, str] | None) -> str | None:
        """CloudFormation's tag where there is one, else None.

        Users find none on repositories, although the schema of the resource type promises it
        (https://github.com/aws-cloudformation/aws-cloudformation-resource-providers-ecr/issues/55).
        """
        return None if tags is None else tags.get(tagged.STACK_ID)

    def _tags(self, context: ScanContext, arn: str) -> tuple[dict[str, str] | None, bool]:
        """A repository's tags, None where they cannot be read, and whether it is gone."""
        try:
            answer = self.client(context).list_tags_for_resource(resourceArn=arn)
        except ClientError as error:
            return None, errors.is_gone(error)
        return tag_map(answer.get("tags", ())), False

    def empty(self, context: ScanContext, resource: Resource) -> None:
        """Delete all images, untagged ones and those of several platforms too.

        An image that a list of platforms names cannot go before the list: whatever is left is
        listed anew, until nothing is left or nothing goes any more. Raises NotEmptied then.
        """
        repository = {"repositoryName": resource.id, "registryId": resource.place.account}
        client = self.client(context)
        try:
            while digests := _first_page(client, repository):
                failures: list[Mapping[str, Any]] = []
                for at in range(0, len(digests), BATCH):
                    failures += client.batch_delete_image(
                        **repository,
                        imageIds=[{"imageDigest": one} for one in digests[at : at + BATCH]],
                    ).get("failures", ())
                left = [one for one in failures if one.get("failureCode") != "ImageNotFound"]
                if len(left) == len(digests):
                    raise NotEmptied(_message(resource.id, left))
        except ClientError as error:
            if not errors.is_gone(error):
                raise

    def request_deletion(self, context: ScanContext, resource: Resource) -> None:
        self.client(context).delete_repository(
            repositoryName=resource.id, registryId=resource.place.account, force=True
        )

    def read_state(self, context: ScanContext, resource: Resource) -> str | None:
        self.client(context).describe_repositories(
            repositoryNames=[resource.id], registryId=resource.place.account
        )
        return "there"


def _first_page(client: Any, repository: Mapping[str, str]) -> list[str]:
    """The digests of up to 1,000 images; one with several tags is listed once for each."""
    listed = client.list_images(**repository, maxResults=LISTED)["imageIds"]
    return list(dict.fromkeys(one["imageDigest"] for one in listed))


def _message(name: str, left: list[Mapping[str, Any]]) -> str:
    shown = "; ".join(
        f"{one.get('imageId', {}).get('imageDigest', '?')} ({one.get('failureCode')}:"
        f" {one.get('failureReason')})"
        for one in left[:_SHOWN]
    )
    more = f"; and {len(left) - _SHOWN} more" if len(left) > _SHOWN else ""
    count = f"{len(left)} images" if len(left) > 1 else "1 image"
    return (
        f"{count} in repository {name} could not be deleted: {shown}{more}; take away what holds"
        " them, then run this again"
    )


TYPES: tuple[ResourceType, ...] = (Repositories(),)
