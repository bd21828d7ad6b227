"""Container repositories, with all their images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from workshop import naming
from workshop.aws.errors import code
from workshop.teardown import refusals
from workshop.teardown.emptying import NotEmptied
from workshop.teardown.resource import Resource, ResourceType, ScanContext
from workshop.teardown.resources import tagged

BATCH = 100
"""Images that one BatchDeleteImage takes (botocore's service model)."""
LISTED = 1000
"""Images, and repositories, a page."""
_SHOWN = 3


@dataclass(frozen=True)
class Repositories:
    """The seats' repositories, orphans included: names ``vision/ada/...``, and tags."""

    name: str = "repository"
    after: tuple[str, ...] = ()
    resource_type: str = "AWS::ECR::Repository"
    needs_role: bool = False

    def find(self, world: ScanContext) -> Iterator[Resource]:
        pages = (
            _client(world)
            .get_paginator("describe_repositories")
            .paginate(registryId=world.scope.place.account, PaginationConfig={"PageSize": LISTED})
        )
        for page in pages:
            for repository in page["repositories"]:
                yield from self._judged(world, repository)

    def _judged(self, world: ScanContext, repository: Mapping[str, Any]) -> Iterator[Resource]:
        name, arn = repository["repositoryName"], repository["repositoryArn"]
        tags = world.tagged.get(arn)
        if tags is None:
            ours = name.startswith(f"{world.scope.workshop}/")
            if not ours or not tagged.asked_about(world.scope, name):
                return
            tags, gone = self._tags(world, arn)
            if gone:
                return
        maker = naming.seat_of_name(world.scope.workshop, name) or ""
        verdict = tagged.judge(world, name, arn, tags, maker=maker)
        if verdict is not None:
            yield Resource(
                kind=self.name,
                id=name,
                place=world.scope.place,
                ownership=verdict.ownership,
                why=verdict.why,
                seat=verdict.seat,
                arn=arn,
                created=repository.get("createdAt"),
                of_environment=tagged.other_environment(world.scope, tags, maker),
                stack_tag=self._stack_tag(tags),
            )

    @staticmethod
    def _stack_tag(tags: Mapping[str, str] | None) -> str | None:
        """CloudFormation's tag where there is one, else None.

        Users find none on repositories, although the schema of the resource type promises it
        (https://github.com/aws-cloudformation/aws-cloudformation-resource-providers-ecr/issues/55).
        """
        return None if tags is None else tags.get(tagged.STACK_ID)

    def _tags(self, world: ScanContext, arn: str) -> tuple[dict[str, str] | None, bool]:
        """A repository's tags, None where they cannot be read, and whether it is gone."""
        try:
            answer = _client(world).list_tags_for_resource(resourceArn=arn)
        except ClientError as error:
            return None, refusals.is_gone(error)
        return {tag["Key"]: tag["Value"] for tag in answer.get("tags", ())}, False

    def stop(self, world: ScanContext, thing: Resource) -> bool:  # noqa: ARG002 - nothing by the hour
        return False

    def empty(self, world: ScanContext, thing: Resource) -> None:
        """Delete all images, untagged ones and those of several platforms too.

        An image that a list of platforms names cannot go before the list: whatever is left is
        listed anew, until nothing is left or nothing goes any more. Raises NotEmptied then.
        """
        repository = {"repositoryName": thing.id, "registryId": thing.place.account}
        client = _client(world)
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
                    raise NotEmptied(_told(thing.id, left))
        except ClientError as error:
            if not refusals.is_gone(error):
                raise

    def delete(self, world: ScanContext, thing: Resource) -> None:
        try:
            _client(world).delete_repository(
                repositoryName=thing.id, registryId=thing.place.account, force=True
            )
        except ClientError as error:
            if not refusals.is_gone(error):
                raise

    def state(self, world: ScanContext, thing: Resource) -> str | None:
        try:
            _client(world).describe_repositories(
                repositoryNames=[thing.id], registryId=thing.place.account
            )
        except ClientError as error:
            if code(error.response) == "RepositoryNotFoundException":
                return None
            raise
        return "there"

    def deletable_in(self, state: str) -> bool:  # noqa: ARG002 - in any
        return True


def _client(world: ScanContext) -> Any:
    return world.clients.client("ecr", world.scope.place)


def _first_page(client: Any, repository: Mapping[str, str]) -> list[str]:
    """The digests of up to 1,000 images; one with several tags is listed once for each."""
    listed = client.list_images(**repository, maxResults=LISTED)["imageIds"]
    return list(dict.fromkeys(one["imageDigest"] for one in listed))


def _told(name: str, left: list[Mapping[str, Any]]) -> str:
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


KINDS: tuple[ResourceType, ...] = (Repositories(),)
