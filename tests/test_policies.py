"""The policy documents: what a seat may touch, and what the boundary never lets through."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import Any

import pytest

from workshop import policies
from workshop.naming import Names
from workshop.policies import Document, Statement

ADA = Names("vision", "ada", "111122223333", "eu-west-1")
BOB = Names("vision", "adam", "111122223333", "eu-west-1")
"""A neighbour whose id begins with the other's."""

KEYS = {"buckets": ("data",), "repositories": ("training",)}
TYPES = {
    "training_instance_types": ("ml.m5.large", "ml.g5.xlarge"),
    "processing_instance_types": ("ml.m5.large",),
    "endpoint_instance_types": ("ml.m5.xlarge",),
}


def seat_documents(names: Names) -> list[Document]:
    return [
        policies.data_policy(names, **KEYS),
        policies.sagemaker_policy(names, **TYPES),
        policies.observation_policy(names),
    ]


def statements(document: Document) -> dict[str, Statement]:
    return {statement["Sid"]: statement for statement in document["Statement"]}


def resources(documents: list[Document]) -> list[str]:
    return [
        text
        for document in documents
        for statement in document["Statement"]
        if statement["Effect"] == "Allow" and "Condition" not in statement
        for text in statement["Resource"]
    ]


def things_of(names: Names) -> list[str]:
    return [
        names.bucket_arn("data"),
        f"{names.bucket_arn('data')}/train/labels.csv",
        names.repository_arn("training"),
        names.role_arn,
        names.notebook_arn,
        f"arn:aws:logs:eu-west-1:111122223333:log-group:/aws/sagemaker/TrainingJobs"
        f":log-stream:{names.seat}-train/algo-1",
    ]


def test_no_unconditional_resource_of_a_seat_covers_a_neighbours_thing() -> None:
    patterns = [
        # What has no resource-level permissions, and what everybody may write logs to.
        text
        for text in resources(seat_documents(ADA))
        if text != "*" and not text.endswith(":log-group:/aws/sagemaker/*")
    ]
    assert any(fnmatchcase(thing, text) for thing in things_of(ADA) for text in patterns)
    covered = [
        (thing, text)
        for thing in things_of(BOB)
        for text in patterns
        if fnmatchcase(thing, text) and not text.endswith(":log-group:*")
    ]
    assert covered == []


def test_every_seat_thing_is_within_its_own_patterns() -> None:
    patterns = resources(seat_documents(ADA))
    for thing in things_of(ADA)[:3]:
        assert any(fnmatchcase(thing, text) for text in patterns if text != "*"), thing


@pytest.mark.parametrize("document", seat_documents(ADA), ids=["data", "sagemaker", "observation"])
def test_sids_are_unique_and_every_wildcard_has_a_reason(document: Document) -> None:
    sids = [statement["Sid"] for statement in document["Statement"]]
    assert len(sids) == len(set(sids))
    for statement in document["Statement"]:
        if statement["Effect"] == "Allow" and "*" in json.dumps(
            [statement["Action"], statement["Resource"]]
        ):
            assert policies.WHY_WILDCARD[statement["Sid"]], statement["Sid"]


def test_a_seat_makes_nothing_without_its_own_tag() -> None:
    make = statements(policies.sagemaker_policy(ADA, **TYPES))["MakeOwn"]
    assert make["Condition"] == {"StringEquals": {"aws:RequestTag/attendee": "ada"}}
    creating = {
        action
        for statement in policies.sagemaker_policy(ADA, **TYPES)["Statement"]
        if statement["Effect"] == "Allow"
        for action in statement["Action"]
        if action.startswith("sagemaker:Create")
    }
    # A presigned URL is for the seat's own notebook, a model package inside its own group.
    assert creating - set(make["Action"]) == {
        "sagemaker:CreateModelPackage",
        "sagemaker:CreatePresignedNotebookInstanceUrl",
    }


def test_tags_are_set_while_making_and_never_afterwards() -> None:
    tagging = statements(policies.sagemaker_policy(ADA, **TYPES))["TagWhatIsBeingMade"]
    assert tagging["Condition"]["Null"] == {"sagemaker:TaggingAction": "false"}
    forbidden = statements(policies.boundary_policy(ADA))
    assert forbidden["TagsOfOthers"]["Condition"] == {"Null": {"sagemaker:TaggingAction": "true"}}
    assert "sagemaker:DeleteTags" in forbidden["Never"]["Action"]


@pytest.mark.parametrize(
    ("sid", "action", "types"),
    [
        ("TrainingInstanceTypes", "sagemaker:CreateTrainingJob", "training_instance_types"),
        ("ProcessingInstanceTypes", "sagemaker:CreateProcessingJob", "processing_instance_types"),
        ("EndpointInstanceTypes", "sagemaker:CreateEndpointConfig", "endpoint_instance_types"),
    ],
)
def test_instance_types_are_capped_by_a_deny(sid: str, action: str, types: str) -> None:
    """An Allow with ForAnyValue:StringEquals would let a mixed list through."""
    cap = statements(policies.sagemaker_policy(ADA, **TYPES))[sid]
    assert cap["Effect"] == "Deny"
    assert action in cap["Action"]
    assert cap["Condition"] == {
        "ForAnyValue:StringNotLike": {"sagemaker:InstanceTypes": list(TYPES[types])}
    }


def test_a_role_can_be_passed_to_sagemaker_alone_and_only_ones_own() -> None:
    passing = statements(policies.sagemaker_policy(ADA, **TYPES))["PassOwnRole"]
    assert passing["Resource"] == [ADA.role_arn]
    assert passing["Condition"] == {
        "StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}
    }


def test_base_images_come_from_other_accounts_and_not_from_neighbours() -> None:
    images = statements(policies.data_policy(ADA, **KEYS))["BaseImagesOfOtherAccounts"]
    assert images["Condition"] == {"StringNotEquals": {"aws:ResourceAccount": "111122223333"}}
    assert "ecr:PutImage" not in images["Action"]


def test_the_datasets_can_be_read_and_not_written() -> None:
    data = statements(policies.data_policy(ADA, **KEYS))
    assert data["SharedDatasetObjects"]["Resource"] == [f"{ADA.datasets_bucket_arn}/*"]
    allowed = set(data["SharedDatasetObjects"]["Action"]) | set(data["SharedDatasets"]["Action"])
    assert not [action for action in allowed if "Put" in action or "Delete" in action]
    (bucket,) = policies.datasets_bucket_statements(ADA)
    assert bucket["Effect"] == "Deny"
    assert bucket["Resource"] == [f"{ADA.datasets_bucket_arn}/*"]
    pattern = bucket["Condition"]["ArnLike"]["aws:PrincipalArn"]
    assert fnmatchcase(ADA.role_arn, pattern)


@pytest.mark.parametrize(
    "action",
    [
        "sagemaker:CreateNotebookInstanceLifecycleConfig",
        "sagemaker:UpdateNotebookInstanceLifecycleConfig",
        "sagemaker:CreateReservedCapacity",
        "sagemaker:CreateTrainingPlan",
        "sagemaker:CreateCluster",
        "sagemaker:DeleteTags",
    ],
)
def test_the_boundary_never_lets_these_through(action: str) -> None:
    assert action in statements(policies.boundary_policy(ADA))["Never"]["Action"]


def test_the_boundary_tells_seats_apart_by_the_tag_of_the_calling_role() -> None:
    boundary = statements(policies.boundary_policy(ADA))

    def as_called_by(names: Names, document: Any) -> Any:
        return json.loads(json.dumps(document).replace(policies.OWN_ATTENDEE, names.seat))

    for sid, mine, theirs in (
        ("RolesOfOthers", ADA.role_arn, BOB.role_arn),
        ("NotebooksOfOthers", ADA.notebook_arn, BOB.notebook_arn),
    ):
        statement = as_called_by(ADA, boundary[sid])
        assert statement["Effect"] == "Deny"
        assert mine in statement["NotResource"]
        assert theirs not in statement["NotResource"]


def test_the_boundary_keeps_to_the_workshops_region_and_spares_global_services() -> None:
    region = statements(policies.boundary_policy(ADA))["OtherRegions"]
    assert region["Condition"] == {"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}
    assert "iam:*" in region["NotAction"]
