"""A repository keeps the newest images, and goes away with them."""

from __future__ import annotations

import json
from typing import Any

from tests.support.single_construct import only
from workbench.repository import WorkbenchRepository


def repository(**changes: Any) -> dict[str, Any]:
    values = {
        "repository_name": "vision/${AttendeeId}/training",
        "immutable_tags": True,
        "scan_on_push": True,
        "keep_images": 5,
        "untagged_days": 1,
        **changes,
    }
    return only(
        lambda stack: WorkbenchRepository(stack, "Images", **values), "AWS::ECR::Repository"
    )


def test_old_images_go_by_themselves_untagged_ones_first() -> None:
    rules = json.loads(repository()["Properties"]["LifecyclePolicy"]["LifecyclePolicyText"])
    assert [
        (
            one["selection"]["tagStatus"],
            one["selection"]["countType"],
            one["selection"]["countNumber"],
        )
        for one in rules["rules"]
    ] == [("untagged", "sinceImagePushed", 1), ("any", "imageCountMoreThan", 5)]


def test_a_tag_names_one_image_for_ever_unless_the_yaml_says_otherwise() -> None:
    assert repository()["Properties"]["ImageTagMutability"] == "IMMUTABLE"
    assert repository(immutable_tags=False)["Properties"]["ImageTagMutability"] == "MUTABLE"


def test_images_are_scanned_as_the_yaml_says() -> None:
    for scan in (True, False):
        configuration = repository(scan_on_push=scan)["Properties"]["ImageScanningConfiguration"]
        assert configuration == {"ScanOnPush": scan}


def test_images_hinder_no_deletion_unless_they_are_kept() -> None:
    made, kept = repository(), repository(keep=True)
    assert (made["DeletionPolicy"], made["Properties"]["EmptyOnDelete"]) == ("Delete", True)
    assert kept["Properties"]["EmptyOnDelete"] is False
    assert (kept["DeletionPolicy"], kept["UpdateReplacePolicy"]) == (
        "RetainExceptOnCreate",
        "Retain",
    )
