"""Repositories: whose they are, and all images out of them."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.local_cloud import IAM, Cloud, template
from tests.support.scan_context import (
    account_region,
    context,
    counted,
    found,
    owners,
    resource,
    tag_list,
)
from workshop.teardown.emptying import NotEmptied
from workshop.teardown.resource import ScanContext
from workshop.teardown.resources.repositories import Repositories, _first_page

KIND = Repositories()


def repository(cloud: Cloud, name: str, **tags: str) -> str:
    tagged = {"tags": tag_list(**tags)} if tags else {}
    cloud.client("ecr").create_repository(repositoryName=name, **tagged)
    return name


def images(cloud: Cloud, name: str, count: int) -> None:
    for number in range(count):
        cloud.client("ecr").put_image(
            repositoryName=name, imageManifest=f'{{"layers": [{number}]}}', imageTag=f"v{number}"
        )


def test_tags_claim_a_repository_and_so_does_a_name_that_only_its_seat_may_use(
    cloud: Cloud,
) -> None:
    repository(cloud, "vision/ada/training", attendee="ada")
    repository(cloud, "vision/ben/training")
    repository(cloud, "vision/cem/training", attendee="cem")
    repository(cloud, "of/another-name", attendee="ada")
    repository(cloud, "visionary/ada/training")
    repository(cloud, "speech/ada/training", attendee="ada", workshop="speech")
    assert owners(KIND, context(cloud)) == {
        "vision/ada/training": ("claimed", "ada"),
        "vision/ben/training": ("claimed", "ben"),
        "of/another-name": ("claimed", "ada"),
    }


def test_a_repository_of_a_stack_that_is_gone_is_still_proven(cloud: Cloud) -> None:
    tags = tag_list(attendee="ada")
    properties = {"RepositoryName": "vision/ada/training", "Tags": tags}
    kept = {"Type": "AWS::ECR::Repository", "DeletionPolicy": "Retain", "Properties": properties}
    cloud.deploy("vision-ada-registry", template({"One": kept}), **IAM)
    cloud.destroy("vision-ada-registry")
    resources = found(KIND, context(cloud))
    assert resources["vision/ada/training"].ownership.value == "owned"
    assert resources["vision/ada/training"].why == (
        "made by the stack vision-ada-registry, as CloudFormation's own tag says"
    )


def test_a_repository_whose_tags_cannot_be_read_is_unknown(cloud: Cloud) -> None:
    repository(cloud, "vision/ada/training")
    cloud.faults({"effect": "denied", "operation": "ecr:ListTagsForResource"})
    assert owners(KIND, context(cloud)) == {"vision/ada/training": ("unknown", "ada")}


def test_a_denied_listing_is_an_error_and_not_none(cloud: Cloud) -> None:
    cloud.faults({"effect": "denied", "operation": "ecr:DescribeRepositories"})
    with pytest.raises(ClientError, match="AccessDenied"):
        list(KIND.find(context(cloud)))


def test_no_tags_are_read_one_by_one_of_what_the_tagging_service_knows(cloud: Cloud) -> None:
    for number in range(26):
        repository(cloud, f"vision/ada/r{number}", attendee="ada")
        repository(cloud, f"vision/cem/r{number}")
    here = context(cloud, "ada")
    calls = counted(here.clients.client("ecr", account_region(cloud)))
    assert len(found(KIND, here)) == 26
    assert calls == {"DescribeRepositories": 1}


@pytest.mark.parametrize("count", [26, 51, 101, 201])
def test_all_images_go_a_hundred_a_call(cloud: Cloud, count: int) -> None:
    name = repository(cloud, "vision/ada/training", attendee="ada")
    images(cloud, name, count)
    here = context(cloud)
    calls = counted(here.clients.client("ecr", account_region(cloud)))
    KIND.empty(here, resource(here, KIND.name, name))
    assert cloud.client("ecr").list_images(repositoryName=name)["imageIds"] == []
    assert calls == {"ListImages": 2, "BatchDeleteImage": -(-count // 100)}


def test_untagged_images_and_several_tags_of_one_go_too(cloud: Cloud) -> None:
    ecr, name = cloud.client("ecr"), repository(cloud, "vision/ada/training", attendee="ada")
    for tag in ("v1", "latest"):
        ecr.put_image(repositoryName=name, imageManifest='{"layers": [1]}', imageTag=tag)
    ecr.put_image(repositoryName=name, imageManifest='{"layers": [2]}')
    here = context(cloud)
    KIND.empty(here, resource(here, KIND.name, name))
    assert ecr.list_images(repositoryName=name)["imageIds"] == []


def test_throttled_deletions_are_repeated(cloud: Cloud) -> None:
    name = repository(cloud, "vision/ada/training", attendee="ada")
    images(cloud, name, 2)
    cloud.faults({"effect": "throttle", "operation": "ecr:BatchDeleteImage", "times": 1})
    here = context(cloud)
    KIND.empty(here, resource(here, KIND.name, name))
    assert cloud.client("ecr").list_images(repositoryName=name)["imageIds"] == []


def test_a_repository_goes_with_its_images_and_stays_gone(cloud: Cloud) -> None:
    name = repository(cloud, "vision/ada/training", attendee="ada")
    images(cloud, name, 1)
    here = context(cloud)
    one = found(KIND, here)[name]
    assert KIND.state(here, one) == "there"
    KIND.delete(here, one)
    assert KIND.state(here, one) is None
    KIND.delete(here, one)
    KIND.empty(here, one)


class PlayedRegistry:
    """A repository of images of which some are parts of others, as ECR keeps them."""

    def __init__(self, lists: dict[str, set[str]], *, broken: bool = False) -> None:
        self.lists = lists
        self.broken = broken
        self.images = sorted({*lists, *(part for parts in lists.values() for part in parts)})

    def client(self, *_: Any) -> PlayedRegistry:
        return self

    def list_images(self, **_: Any) -> Any:
        return {"imageIds": [{"imageDigest": one} for one in self.images]}

    def batch_delete_image(self, imageIds: Any, **_: Any) -> Any:  # noqa: N803
        held = {part for one in self.images for part in self.lists.get(one, ())}
        failures = []
        for one in imageIds:
            digest = one["imageDigest"]
            if self.broken or digest in held:
                code = "ImageReferencedByManifestList"
                failures.append({"imageId": one, "failureCode": code, "failureReason": "held"})
            else:
                self.images.remove(digest)
        return {"failures": failures}


def emptied(cloud: Cloud, registry: PlayedRegistry) -> None:
    here = ScanContext(registry, context(cloud).scope)  # type: ignore[arg-type]
    KIND.empty(here, resource(here, KIND.name, "vision/ada/training"))


def test_images_of_several_platforms_go_after_the_list_that_names_them(cloud: Cloud) -> None:
    registry = PlayedRegistry({"list": {"amd64", "arm64"}})
    emptied(cloud, registry)
    assert registry.images == []


def test_images_that_stay_are_told_with_the_reason(cloud: Cloud) -> None:
    with pytest.raises(NotEmptied) as caught:
        emptied(cloud, PlayedRegistry({"list": {"amd64"}}, broken=True))
    assert str(caught.value) == (
        "2 images in repository vision/ada/training could not be deleted: amd64"
        " (ImageReferencedByManifestList: held); list (ImageReferencedByManifestList: held); take"
        " away what holds them, then run this again"
    )


def test_an_image_with_several_tags_is_deleted_once() -> None:
    registry = PlayedRegistry({"a": set()})
    registry.images = ["a", "a", "b"]
    assert _first_page(registry, {}) == ["a", "b"]
