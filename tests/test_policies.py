"""The policy documents: what a seat may touch, and what the boundary never lets through."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import Any

import pytest

from workshop import policies
from workshop.errors import WorkshopError
from workshop.localcloud.permissions import reference
from workshop.naming import Names
from workshop.policies import Document, Statement

ADA = Names("vision", "ada", "111122223333", "eu-west-1")
BOB = Names("vision", "adam", "111122223333", "eu-west-1")
"""A neighbour whose id begins with the other's."""

KEYS: dict[str, Any] = {"buckets": ("data",), "repositories": ("training",)}
LIMITS: dict[str, Any] = {
    "training_instance_types": ("ml.m5.large", "ml.g5.xlarge"),
    "processing_instance_types": ("ml.m5.large",),
    "endpoint_instance_types": ("ml.m5.xlarge",),
    "max_runtime_hours": 4,
    "warm_pools": False,
}


def seat_documents(names: Names) -> list[Document]:
    return [
        policies.data_policy(names, **KEYS),
        policies.sagemaker_policy(names, feature_store=True, search=True),
        policies.limits_policy(**LIMITS),
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
        f":log-stream:{names.job_prefix}train/algo-1",
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
    for thing in things_of(ADA):
        if thing != ADA.role_arn:  # passed under a condition
            assert any(fnmatchcase(thing, text) for text in patterns if text != "*"), thing


@pytest.mark.parametrize(
    "document", seat_documents(ADA), ids=["data", "sagemaker", "limits", "observation"]
)
def test_sids_are_unique_and_every_wildcard_has_a_reason(document: Document) -> None:
    sids = [statement["Sid"] for statement in document["Statement"]]
    assert len(sids) == len(set(sids))
    for statement in document["Statement"]:
        if statement["Effect"] == "Allow" and "*" in json.dumps(
            [statement["Action"], statement["Resource"]]
        ):
            assert policies.WHY_WILDCARD[statement["Sid"]], statement["Sid"]


def test_a_seat_makes_nothing_without_its_own_tag() -> None:
    make = statements(policies.sagemaker_policy(ADA, feature_store=False, search=False))["MakeOwn"]
    assert make["Condition"] == {
        "StringEquals": {"aws:RequestTag/attendee": "ada", "aws:RequestTag/workshop": "vision"}
    }
    creating = {
        action
        for statement in policies.sagemaker_policy(ADA, feature_store=False, search=False)[
            "Statement"
        ]
        if statement["Effect"] == "Allow"
        for action in statement["Action"]
        if action.startswith("sagemaker:Create")
    }
    # A presigned URL is for the seat's own notebook, a version of a model package for the seat's
    # own group, and an endpoint has a statement of its own.
    assert creating - set(make["Action"]) == {
        "sagemaker:CreateEndpoint",
        "sagemaker:CreateModelPackage",
        "sagemaker:CreatePresignedNotebookInstanceUrl",
    }


def test_tags_are_set_while_making_and_afterwards_on_what_is_ones_own() -> None:
    tagging = statements(policies.sagemaker_policy(ADA, feature_store=False, search=False))[
        "TagWhatIsBeingMade"
    ]
    assert tagging["Condition"]["Null"] == {"sagemaker:TaggingAction": "false"}
    forbidden = statements(policies.boundary_policy(ADA))
    # A missing tag differs from every value, so that nobody's things are closed too.
    assert forbidden["TagsOfOthers"]["Condition"] == {
        "Null": {"sagemaker:TaggingAction": "true"},
        "StringNotEquals": {"aws:ResourceTag/attendee": policies.OWN_ATTENDEE},
    }
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
    cap = statements(policies.limits_policy(**LIMITS))[sid]
    assert cap["Effect"] == "Deny"
    assert action in cap["Action"]
    assert cap["Condition"] == {
        "ForAnyValue:StringNotLike": {"sagemaker:InstanceTypes": list(LIMITS[types])}
    }


def test_a_role_can_be_passed_to_sagemaker_alone_and_only_ones_own() -> None:
    passing = statements(policies.sagemaker_policy(ADA, feature_store=False, search=False))[
        "PassOwnRole"
    ]
    assert passing["Resource"] == [ADA.role_arn]
    assert passing["Condition"] == {
        "StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}
    }


def test_base_images_come_from_other_accounts_and_not_from_neighbours() -> None:
    images = statements(policies.data_policy(ADA, **KEYS))["BaseImagesOfOtherAccounts"]
    assert images["Condition"] == {"StringNotEquals": {"aws:ResourceAccount": "111122223333"}}
    assert "ecr:PutImage" not in images["Action"]


def test_the_datasets_can_be_read_and_in_no_mode_changed() -> None:
    data = statements(policies.data_policy(ADA, **KEYS))
    assert data["SharedDatasetObjects"]["Resource"] == [f"{ADA.datasets_bucket_arn}/*"]
    allowed = set(data["SharedDatasetObjects"]["Action"]) | set(data["SharedDatasets"]["Action"])
    assert not [action for action in allowed if "Put" in action or "Delete" in action]
    # The boundary holds in managed mode too, and denies everything but reading.
    denied = statements(policies.boundary_policy(ADA))["DatasetsAreReadOnly"]
    assert denied["Effect"] == "Deny"
    assert denied["NotAction"] == ["s3:Get*", "s3:List*"]
    assert all(action.startswith(("s3:Get", "s3:List")) for action in allowed)
    assert denied["Resource"] == [ADA.datasets_bucket_arn, f"{ADA.datasets_bucket_arn}/*"]


OTHER = Names("speech", "ada", "111122223333", "eu-west-1")
"""The same seat id in another workshop of the account."""


def test_a_seat_of_the_same_id_in_another_workshop_is_a_stranger() -> None:
    mine, theirs = (
        json.dumps(policies.sagemaker_policy(names, feature_store=False, search=False))
        for names in (ADA, OTHER)
    )
    assert mine != theirs
    for sid in ("MakeOwn", "MakeOwnEndpoint", "TagWhatIsBeingMade", "UseOwn"):
        conditions = statements(policies.sagemaker_policy(ADA, feature_store=False, search=False))[
            sid
        ]["Condition"]
        assert sorted(conditions["StringEquals"].values()) == ["ada", "vision"], sid
    pattern = statements(policies.observation_policy(ADA))["ReadOwnLogs"]["Resource"][0]
    stream = f"{pattern.rpartition(':')[0]}:speech-ada-train/algo-1"
    assert not fnmatchcase(stream, pattern)


def test_an_endpoint_is_made_of_ones_own_configuration() -> None:
    """CreateEndpoint is authorised on both; an Allow on everything would take a neighbour's."""
    allowed = [
        (statement["Sid"], statement["Resource"])
        for statement in policies.sagemaker_policy(ADA, feature_store=False, search=False)[
            "Statement"
        ]
        if statement["Effect"] == "Allow" and "sagemaker:CreateEndpoint" in statement["Action"]
    ]
    assert allowed == [
        ("MakeOwnEndpoint", ["arn:aws:sagemaker:eu-west-1:111122223333:endpoint/*"]),
        ("UseOwn", ["*"]),
    ]


def test_names_are_seen_and_records_are_not() -> None:
    seen = statements(policies.sagemaker_policy(ADA, feature_store=False, search=False))[
        "SeeNames"
    ]["Action"]
    assert any(fnmatchcase("sagemaker:ListTrainingJobs", pattern) for pattern in seen)
    assert not any(fnmatchcase("sagemaker:ListTags", pattern) for pattern in seen)
    assert not {"sagemaker:Search", "sagemaker:ListTags", "sagemaker:List*"} & set(seen)


def test_a_vpc_needs_network_interfaces_in_its_own_subnet_and_the_boundary_lets_them_through() -> (
    None
):
    network = statements(
        policies.network_policy(ADA, subnet_id="subnet-1", security_group_ids=["sg-1", "sg-2"])
    )
    made, used = network["MakeInterfaces"], network["UseInterfaces"]
    assert [text.rpartition(":")[2] for text in made["Resource"]] == [
        "network-interface/*",
        "subnet/subnet-1",
        "security-group/sg-1",
        "security-group/sg-2",
    ]
    assert used["Condition"] == {"ArnLike": {"ec2:Subnet": "arn:aws:ec2:*:*:subnet/subnet-1"}}
    boundary = statements(policies.boundary_policy(ADA))["ServicesOfTheWorkshop"]["Action"]
    assert {*made["Action"], *used["Action"]} <= set(boundary)


def test_policies_that_iam_would_refuse_are_refused_with_the_cure() -> None:
    many = {
        "many": policies.data_policy(ADA, buckets=[f"b{n}" for n in range(90)], repositories=[])
    }
    with pytest.raises(WorkshopError) as told:
        policies.check_inline(many, "lab-ada-access: the role")
    assert str(told.value).startswith("lab-ada-access: the role has ")
    assert str(told.value).endswith("or close the feature store")


def test_placeholders_are_counted_at_their_longest() -> None:
    names = Names.placeholders("vision")
    document = {"Resource": names.bucket_arn("data")}
    longest = Names("vision", "a" * 12, "1" * 12, "r" * 15, "p" * 10)
    assert policies.characters(document) == len(
        json.dumps({"Resource": longest.bucket_arn("data")}, separators=(",", ":"))
    )


@pytest.mark.parametrize(
    "action",
    [
        "sagemaker:CreateNotebookInstance",
        "sagemaker:CreateNotebookInstanceLifecycleConfig",
        "sagemaker:UpdateNotebookInstanceLifecycleConfig",
        "sagemaker:CreateReservedCapacity",
        "sagemaker:CreateTrainingPlan",
        "sagemaker:CreateCluster",
        "sagemaker:DeleteTags",
    ],
)
def test_the_boundary_never_lets_these_through(action: str) -> None:
    boundary = statements(policies.boundary_policy(ADA))
    denied = boundary["Never"]["Action"] + boundary["ComputeWithoutType"]["Action"]
    assert any(fnmatchcase(action, pattern) for pattern in denied)


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


def test_every_sagemaker_action_is_one_that_aws_has() -> None:
    """A misspelt action allows nothing and, worse, denies nothing."""
    known = set(reference.load().actions)
    documents = [*seat_documents(ADA), policies.boundary_policy(ADA)]
    named = {
        action.removeprefix("sagemaker:")
        for document in documents
        for statement in document["Statement"]
        for action in statement.get("Action", [])
        if action.startswith("sagemaker:")
    }
    unknown = {action for action in named if not any(fnmatchcase(name, action) for name in known)}
    assert unknown == set()
