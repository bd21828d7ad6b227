"""The policy documents: what a seat may touch, and what the boundary never lets through."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from fnmatch import fnmatchcase
from typing import Any

import pytest

from localcloud.iam import reference
from workshop.config.profiles import Access, Notebook, Profile, Vpc
from workshop.naming import Names
from workshop.policies.boundary import boundary_policy
from workshop.policies.compute import sagemaker_policy
from workshop.policies.data import data_policy, observation_policy
from workshop.policies.documents import MANAGED_LIMIT, OWN_ATTENDEE, Document, Statement, characters
from workshop.policies.freeze import end_of, end_policy, freeze_policy
from workshop.policies.layout import (
    ATTACHMENTS,
    attached,
    attachments,
    cohort_policies,
    openings,
    seat_policies,
)
from workshop.policies.limits import limits_policy
from workshop.policies.reasons import WHY_WILDCARD

END_OF_DAY = datetime(2027, 3, 9, 17, tzinfo=timezone(timedelta(hours=1)))

ADA = Names("vision", "ada", "111122223333", "eu-west-1")
BOB = Names("vision", "adam", "111122223333", "eu-west-1")
"""A neighbour whose id begins with the other's."""

LIMITS: dict[str, Any] = {
    "training_instance_types": ("ml.m5.large", "ml.g5.xlarge"),
    "processing_instance_types": ("ml.m5.large",),
    "endpoint_instance_types": ("ml.m5.xlarge",),
    "max_runtime_hours": 4,
}
OPENED = Profile(access=Access(feature_store=True, model_packages=True, **LIMITS))


def seat_documents(names: Names) -> list[Document]:
    return list(seat_policies(names, "attendee", OPENED).values())


def statements(document: Document) -> dict[str, Statement]:
    return {statement["Sid"]: statement for statement in document["Statement"]}


@pytest.mark.parametrize("document", seat_documents(ADA))
def test_sids_are_unique_and_every_wildcard_has_a_reason(document: Document) -> None:
    sids = [statement["Sid"] for statement in document["Statement"]]
    assert len(sids) == len(set(sids))
    for statement in document["Statement"]:
        if statement["Effect"] == "Allow" and "*" in json.dumps(
            [statement["Action"], statement["Resource"]]
        ):
            assert WHY_WILDCARD[statement["Sid"]], statement["Sid"]


def test_tags_are_set_while_making_and_afterwards_on_what_is_ones_own() -> None:
    tagging = statements(sagemaker_policy(ADA))["TagWhatIsBeingMade"]
    assert tagging["Condition"]["Null"] == {"sagemaker:TaggingAction": "false"}
    forbidden = statements(boundary_policy(ADA))
    # A missing tag differs from every value, so that nobody's things are closed too.
    assert forbidden["TagsOfOthers"]["Condition"] == {
        "Null": {"sagemaker:TaggingAction": "true"},
        "StringNotEquals": {"aws:ResourceTag/attendee": OWN_ATTENDEE},
    }
    let_through = forbidden["ServicesOfTheWorkshop"]["Action"]
    assert not any(fnmatchcase("sagemaker:DeleteTags", pattern) for pattern in let_through)


def test_a_role_can_be_passed_to_sagemaker_alone_and_only_ones_own() -> None:
    passing = statements(sagemaker_policy(ADA))["PassOwnRole"]
    assert passing["Resource"] == [ADA.role_arn]
    assert passing["Condition"] == {
        "StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}
    }


def test_base_images_come_from_other_accounts_and_not_from_neighbours() -> None:
    images = statements(data_policy(ADA))["BaseImagesOfOtherAccounts"]
    assert images["Condition"] == {
        "StringNotEquals": {"aws:ResourceAccount": "111122223333"},
        # What does not tell its account is nobody's.
        "Null": {"aws:ResourceAccount": "false"},
    }
    assert "ecr:PutImage" not in images["Action"]


def test_the_datasets_can_be_read_and_in_no_mode_changed() -> None:
    data = statements(data_policy(ADA))
    assert data["SharedDatasetObjects"]["Resource"] == [f"{ADA.datasets_bucket_arn}/*"]
    allowed = set(data["SharedDatasetObjects"]["Action"]) | set(data["SharedDatasets"]["Action"])
    assert not [action for action in allowed if "Put" in action or "Delete" in action]
    # The boundary holds in managed mode too, and denies everything but reading.
    denied = statements(boundary_policy(ADA))["DatasetsAreReadOnly"]
    assert denied["Effect"] == "Deny"
    assert denied["NotAction"] == ["s3:Get*", "s3:List*"]
    assert all(action.startswith(("s3:Get", "s3:List")) for action in allowed)
    (pattern,) = denied["Resource"]
    assert fnmatchcase(ADA.datasets_bucket_arn, pattern)
    assert fnmatchcase(f"{ADA.datasets_bucket_arn}/a.csv", pattern)


OTHER = Names("speech", "ada", "111122223333", "eu-west-1")
"""The same seat id in another workshop of the account."""


def test_a_seat_of_the_same_id_in_another_workshop_is_a_stranger() -> None:
    mine, theirs = (json.dumps(sagemaker_policy(names)) for names in (ADA, OTHER))
    assert mine != theirs
    for sid in ("MakeOwn", "MakeOwnOfOwn", "TagWhatIsBeingMade", "UseOwn"):
        conditions = statements(sagemaker_policy(ADA))[sid]["Condition"]
        assert sorted(conditions["StringEquals"].values()) == ["ada", "vision"], sid
    pattern = statements(observation_policy(ADA))["ReadOwnLogs"]["Resource"][0]
    stream = f"{pattern.rpartition(':')[0]}:speech-ada-train/algo-1"
    assert not fnmatchcase(stream, pattern)


def test_an_endpoint_is_made_of_ones_own_configuration() -> None:
    """CreateEndpoint is authorised on both; an Allow on everything would take a neighbour's."""
    allowed = [
        (statement["Sid"], statement["Resource"])
        for statement in sagemaker_policy(ADA)["Statement"]
        if statement["Effect"] == "Allow" and "sagemaker:CreateEndpoint" in statement["Action"]
    ]
    assert allowed == [
        (
            "MakeOwnOfOwn",
            [
                "arn:aws:sagemaker:*:*:endpoint/*",
                "arn:aws:sagemaker:*:*:inference-component/*",
                "arn:aws:sagemaker:*:*:experiment-trial/*",
            ],
        ),
        ("UseOwn", ["*"]),
    ]


def test_names_are_seen_and_records_are_not() -> None:
    seen = statements(sagemaker_policy(ADA))["SeeNames"]["Action"]
    assert any(fnmatchcase("sagemaker:ListTrainingJobs", pattern) for pattern in seen)
    assert not any(fnmatchcase("sagemaker:ListTags", pattern) for pattern in seen)
    assert not {"sagemaker:Search", "sagemaker:ListTags", "sagemaker:List*"} & set(seen)


def test_a_vpc_needs_network_interfaces_in_its_own_subnet_and_the_boundary_lets_them_through() -> (
    None
):
    vpc = Vpc(subnet_id="subnet-0abc12345", security_group_ids=("sg-0abc12345", "sg-0abc12346"))
    profile = Profile(notebook=Notebook(network=vpc))
    network = statements(seat_policies(ADA, "gpu", profile)["gpu-opened"])
    made, used = network["MakeInterfaces"], network["UseInterfaces"]
    assert [text.rpartition(":")[2] for text in made["Resource"]] == [
        "network-interface/*",
        "subnet/subnet-0abc12345",
        "security-group/sg-0abc12345",
        "security-group/sg-0abc12346",
    ]
    subnet = "arn:aws:ec2:*:*:subnet/subnet-0abc12345"
    assert used["Condition"] == {"ArnLike": {"ec2:Subnet": subnet}}
    opened, closed = (
        statements(boundary_policy(ADA, openings([one])))["ServicesOfTheWorkshop"]["Action"]
        for one in (profile, Profile())
    )
    asked = {*made["Action"], *used["Action"], *network["SeeNetworks"]["Action"]}
    assert {one for one in asked if not any(fnmatchcase(one, each) for each in opened)} == set()
    assert [one for one in closed if one.startswith("ec2:")] == []


def test_placeholders_are_counted_at_their_longest() -> None:
    names = Names.placeholders("vision")
    document = {"Resource": names.bucket_arn("data")}
    longest = Names("vision", "a" * 12, "1" * 12, "r" * 15, "p" * 10)
    assert characters(document) == len(
        json.dumps({"Resource": longest.bucket_arn("data")}, separators=(",", ":"))
    )


def test_every_sagemaker_action_is_one_that_aws_has() -> None:
    """A misspelt action allows nothing and, worse, denies nothing."""
    known = set(reference.load().actions)
    documents = [*seat_documents(ADA), boundary_policy(ADA)]
    named = {
        action.removeprefix("sagemaker:")
        for document in documents
        for statement in document["Statement"]
        for action in statement.get("Action", [])
        if action.startswith("sagemaker:")
    }
    unknown = {action for action in named if not any(fnmatchcase(name, action) for name in known)}
    assert unknown == set()


def test_a_freeze_takes_everything_that_makes_starts_or_changes_but_records_of_runs() -> None:
    opened = ["dynamodb:CreateTable", "dynamodb:GetItem", "lambda:*", "batch:SubmitJob"]
    (frozen,) = freeze_policy([*opened, "ec2:AllocateAddress"])["Statement"]
    assert (frozen["Effect"], frozen["Resource"], "Condition" in frozen) == ("Deny", ["*"], False)

    def denied(action: str) -> bool:
        return any(fnmatchcase(action, pattern) for pattern in frozen["Action"])

    verbs = ("Add", "Create", "Put", "Register", "Retry", "Send", "Start", "Update")
    spared = {
        action
        for action in reference.load().actions
        if action.startswith(verbs) and not denied(f"sagemaker:{action}")
    }
    assert spared == {"UpdateTrial", "UpdateTrialComponent"}
    assert denied("iam:PassRole")
    assert denied("dynamodb:CreateTable")
    assert denied("lambda:CreateFunction")
    # What is opened by its name is denied by its name, whatever its verb.
    assert denied("batch:SubmitJob")
    assert denied("ec2:AllocateAddress")
    assert not denied("dynamodb:GetItem")
    for writing in (
        "s3:PutObject",
        "s3:PutObjectTagging",
        "s3:AbortMultipartUpload",
        "logs:CreateLogGroup",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "cloudwatch:PutMetricData",
        "sagemaker:BatchPutMetrics",
        "sagemaker:StopTrainingJob",
        "sagemaker:DeleteEndpoint",
    ):
        assert not denied(writing), writing


def test_the_end_takes_the_freezes_list_from_the_second_on_at_which_the_workshop_ends() -> None:
    opened = ["dynamodb:CreateTable", "lambda:*"]
    (ended,) = end_policy(END_OF_DAY, opened)["Statement"]
    (frozen,) = freeze_policy(opened)["Statement"]
    assert ended["Condition"] == {"DateGreaterThan": {"aws:CurrentTime": "2027-03-09T16:00:00Z"}}
    assert ended["Action"] == frozen["Action"]
    assert (ended["Effect"], ended["Resource"]) == ("Deny", ["*"])
    assert end_of(end_policy(END_OF_DAY)) == END_OF_DAY
    assert end_of(freeze_policy()) is None


def test_the_fullest_role_keeps_an_attachment_free_for_the_freeze() -> None:
    everything = Access.model_validate(
        {
            "extra_statements": [
                {"sid": "More", "actions": ["batch:SubmitJob"], "resources": ["*"]}
            ],
            "console_principals": ["arn:aws:iam::111122223333:role/door"],
            "feature_store": True,
        }
    )
    assert attachments("attendee", Profile(access=everything)) == ATTACHMENTS


def test_policies_are_the_same_whatever_the_seat_and_shared_where_profiles_agree() -> None:
    profiles = {"attendee": Profile(), "staff": Profile(access=Access(warm_pools=True))}
    made = cohort_policies(ADA, profiles, end=END_OF_DAY)
    assert made == cohort_policies(BOB, profiles, end=END_OF_DAY)
    one, other = (attached(name, profile) for name, profile in profiles.items())
    assert {*one} & {*other} == {"data", "sagemaker", "observation", "limits", "end"}
    assert {*one, *other, "boundary", "freeze"} == made.keys()
    assert ADA.seat not in json.dumps(made)


def test_however_many_tags_a_workshop_has_one_policy_keeps_the_first_of_them() -> None:
    for count in (0, 40):
        limits = limits_policy(ADA, [f"cost-{number:02d}" for number in range(count)])
        assert characters(limits) <= MANAGED_LIMIT
        kept = [one for one in statements(limits) if one.startswith("KeptTag")]
        assert len(kept) >= 2 + min(count, 5)
