"""What carries the tags that IAM forces on a seat's work is never called somebody else's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest

from tests.support import attendee_resources as pieces
from tests.support import teardown_workshop as scenarios
from tests.support.attendee_resources import IMAGE, MACHINES
from tests.support.local_cloud import Cloud
from tests.support.sessions import Maker
from tests.support.small_workshop import HOME
from tests.support.teardown_demo import HERE, RESOURCE_TYPES
from tests.support.teardown_runs import TeardownRun, at_once, quick_clients, teardown
from tests.support.teardown_workshop import Site
from workshop.aws.clients import Clients
from workshop.teardown.plan import Choices
from workshop.teardown.resource import Ownership, ScanContext, Scope
from workshop.teardown.resources import ALL

CLAIMED = Ownership.CLAIMED


@pytest.fixture
def room(cloud: Cloud) -> Site:
    """Ada's role, and a model of the organiser's with a role of their own."""
    made = scenarios.room(cloud)
    pieces.model(made.stranger("ProdFraudRole", prefix="fraud-"), "prod")
    made.others_are_here()
    made.cohort()
    made.seat("ada", "storage", "access")
    cloud.advance(3600)
    return made


def serves(hand: Maker, name: str, *models: str, tagged: bool = True) -> None:
    """An endpoint whose models may be anybody's."""
    client, given = hand.client("sagemaker"), hand.tagged if tagged else []
    variants = [
        {
            "ModelName": model,
            "VariantName": model,
            "InstanceType": "ml.m5.large",
            "InitialInstanceCount": 20,
        }
        for model in models
    ]
    client.create_endpoint_config(EndpointConfigName=name, ProductionVariants=variants, Tags=given)
    client.create_endpoint(EndpointName=name, EndpointConfigName=name, Tags=given)


def transforms(hand: Maker, model: str) -> None:
    source: dict[str, Any] = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{hand.bucket}/in"}
    hand.client("s3").put_object(Bucket=hand.bucket, Key="in/1.csv", Body=b"1")
    hand.client("sagemaker").create_transform_job(
        TransformJobName=hand.called("batch"),
        ModelName=model,
        TransformInput={"DataSource": {"S3DataSource": source}},
        TransformOutput={"S3OutputPath": f"s3://{hand.bucket}/out"},
        TransformResources={"InstanceType": MACHINES["InstanceType"], "InstanceCount": 1},
        Tags=hand.tagged,
    )


def left(run: TeardownRun) -> dict[tuple[str, str], tuple[str, str]]:
    assert run.report is not None
    return {(one.resource_type, one.id): (one.ownership, one.seat) for one in run.report.left}


@pytest.mark.parametrize(("only", "known"), [(None, True), (["ada"], False)])
def test_work_with_somebody_elses_model_is_neither_deleted_nor_called_gone(
    room: Site, *, only: list[str] | None, known: bool
) -> None:
    ada = room.attendee("ada")
    own = pieces.model(ada)
    serves(ada, "all-theirs", "fraud-prod")
    serves(ada, "mixed", own, "fraud-prod")
    transforms(ada, "fraud-prod")
    if not known:  # the tagging service is minutes behind
        denied = {"effect": "denied", "operation": "resourcegroupstaggingapi:GetResources"}
        room.cloud.faults(denied)
    for _ in range(2):  # by then, the model that was hers is deleted
        run = teardown(room, only=only)
        run.check()
        assert run.code == 4
        expected = {
            ("endpoint", "all-theirs"),
            ("endpoint", "mixed"),
            ("endpoint configuration", "all-theirs"),
            ("endpoint configuration", "mixed"),
            ("transform job", "demo-ada-batch"),
        }
        assert {what: left(run).get(what) for what in expected} == dict.fromkeys(
            expected, (CLAIMED, "ada")
        )
        assert run.report is not None
        assert run.report.cost.usd > 60 * 0.115
    run = teardown(room, only=only, choices=Choices(include_claimed=True))
    assert not [what for what in run.after if what.startswith("Endpoint")]


@pytest.mark.parametrize("only", [None, ["ada"]])
def test_a_bystanders_endpoint_that_only_names_a_seats_model_is_claimed_and_not_deleted(
    room: Site, only: list[str] | None
) -> None:
    """Whose a served model is says nothing of who serves it: without tags anybody may have."""
    named = pieces.model(room.attendee("ada"))
    bystander = room.stranger("deployer", prefix="best-")
    room.cloud.client("s3").create_bucket(Bucket=bystander.bucket)
    serves(bystander, "best-of-class", named, tagged=False)
    transforms(bystander, named)
    scaling = f"endpoint/best-of-class/variant/{named}", "sagemaker:variant:DesiredInstanceCount"
    pieces.scaled(bystander, *scaling)
    run = teardown(room, only=only)
    run.check()
    assert run.code == 4
    expected = [
        ("endpoint", "best-of-class"),
        ("endpoint configuration", "best-of-class"),
        ("transform job", "best-batch"),
        ("scalable target", " ".join(scaling)),
    ]
    seen = {(one.resource_type, one.id): one for one in run.plan.discovery.resources.values()}
    assert {what: (seen[what].ownership, seen[what].seat) for what in expected} == dict.fromkeys(
        expected, (CLAIMED, "ada")
    )
    assert {"Endpoint best-of-class", "EndpointConfig best-of-class"} <= run.after.keys()
    assert run.report is not None
    assert run.report.cost.usd > 20 * 0.115


def test_who_made_an_endpoint_is_told_by_its_tags_and_not_by_the_model_that_it_serves(
    room: Site,
) -> None:
    room.seat("ben", "access")
    theirs = pieces.model(room.attendee("ben", prefix="bens-"))
    serves(room.attendee("ada"), "adas", theirs)
    organiser = replace(room.stranger("deployer"), tags=(("workshop", "other"),))
    serves(organiser, "best-of-class", theirs)
    bens = teardown(room, only=["ben"])
    assert bens.code == 0
    assert "Endpoint adas" in bens.after
    assert "Endpoint best-of-class" in bens.after
    adas = teardown(room, only=["ada"])
    adas.check()
    assert "Endpoint adas" not in adas.after or adas.code == 4


def test_whatever_has_the_tags_is_listed_by_its_own_type_or_as_a_tagged_resource() -> None:
    start, given = "arn:aws:", {"workshop": "demo", "attendee": "ada"}
    others = (
        "s3:us-east-1:000000000000:accesspoint/mine",
        "iam::000000000000:policy/mine",
        "iam::000000000000:policy/ws/other/mine",
        "sagemaker:us-east-1:000000000000:monitoring-schedule/mine",
    )
    known = (
        "s3:::demo-ada-data",
        "iam::000000000000:policy/ws/demo/demo-cohort-us-east-1-freeze",
        "cloudwatch::000000000000:dashboard/mine",
        "sagemaker:us-east-1:000000000000:space/d-1/mine",
    )
    scope = Scope("demo", "demo", HERE, frozenset({"ada"}), whole=True)
    tagged = {start + arn: given for arn in (*others, *known)}
    listed = ALL[-1].find(ScanContext(cast("Clients", None), scope, tagged=tagged))
    assert [one.id for one in listed] == [start + arn for arn in others]


@pytest.mark.parametrize("resource_type", ["Studio space", "Studio user profile", "Studio app"])
def test_tags_claim_what_is_in_somebody_elses_studio(room: Site, resource_type: str) -> None:
    stranger = room.stranger("StudioRole", prefix="team-")
    pieces.studio(stranger)
    client = stranger.client("sagemaker")
    domain = {"DomainId": client.list_domains()["Domains"][0]["DomainId"]}
    space = {**domain, "SpaceName": stranger.called("me")}
    arns = {
        "Studio space": lambda: client.describe_space(**space)["SpaceArn"],
        "Studio app": lambda: client.describe_app(**space, AppType="JupyterLab", AppName="default")[
            "AppArn"
        ],
        "Studio user profile": lambda: client.describe_user_profile(
            **domain, UserProfileName=stranger.called("me")
        )["UserProfileArn"],
    }
    tagged = {arns[resource_type](): {"workshop": "demo", "attendee": "ada"}}
    scope = Scope("demo", "demo", HOME, frozenset({"ada"}), whole=True)
    here = ScanContext(quick_clients(room), scope, tagged=tagged)
    with at_once(room):
        found = [(one.ownership, one.seat) for one in RESOURCE_TYPES[resource_type].find(here)]
    assert found == [(CLAIMED, "ada")]


def test_tags_on_a_job_with_another_role_claim_it_for_the_seat(room: Site) -> None:
    stranger = room.stranger(prefix="odd-", tags_of="ada")
    stranger.client("sagemaker").create_training_job(
        TrainingJobName="odd-fit",
        RoleArn=stranger.role,
        AlgorithmSpecification={"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        OutputDataConfig={"S3OutputPath": "s3://out/"},
        ResourceConfig=MACHINES,
        StoppingCondition={"MaxRuntimeInSeconds": 3600},
        Tags=stranger.tagged,
    )
    for only in (["ada"], None):
        run = teardown(room, only=only)
        assert (run.code, left(run)["training job", "odd-fit"]) == (4, (CLAIMED, "ada"))
        assert run.report is not None
        assert run.report.cost.usd > 0
