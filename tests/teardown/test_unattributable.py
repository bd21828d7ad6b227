"""What nothing tells whose it is any more: neither deleted nor passed over while it may cost."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support import account_snapshots as snapshots
from tests.support import attendee_resources as pieces
from tests.support.direct_calls import lines_to
from tests.support.local_cloud import TRUST, Cloud
from tests.support.sessions import Maker, session_over
from tests.support.small_workshop import HOME
from tests.support.teardown_runs import TeardownRun, proving, quick_clients, teardown
from tests.support.teardown_workshop import QUIET, Site
from workshop.teardown.events import DeletionOutcome
from workshop.teardown.plan import Choices
from workshop.teardown.resource import Ownership, Resource, ScanCache, ScanContext, Scope
from workshop.teardown.resources.sagemaker_serving import ENDPOINT

ROLE = "Role demo-ada-us-east-1-execution"
GONE = "whose it is cannot be told: its configuration is gone"


@pytest.fixture
def room(cloud: Cloud) -> Site:
    """A seat's role, which is all that is left of a workshop, an hour after it was made."""
    made = empty(cloud)
    begins(made)
    return made


def empty(cloud: Cloud) -> Site:
    cloud.freeze()
    cloud.delays(**QUIET)
    return Site(cloud, session_over(lines_to(cloud.running), cloud.endpoint))


def begins(room: Site) -> None:
    names = room.names("ada")
    room.cloud.client("iam").create_role(
        RoleName=names.role, Path=names.iam_path, AssumeRolePolicyDocument=json.dumps(TRUST)
    )
    room.cloud.advance(3600)


def torn_down(room: Site, **more: object) -> TeardownRun:
    return teardown(room, **more)  # type: ignore[arg-type]


def headless(hand: Maker, word: str = "serve", *, config: bool = True, model: bool = True) -> str:
    """An endpoint of which configuration, model or both have been deleted."""
    name = pieces.endpoint(hand, word)
    if config:
        hand.client("sagemaker").delete_endpoint_config(EndpointConfigName=name)
    if model:
        hand.client("sagemaker").delete_model(ModelName=name)
    return name


def ada(room: Site, prefix: str = "mine-") -> Maker:
    """Ada, whose work carries no tag at all, as a bystander's may."""
    return replace(room.attendee("ada", prefix=prefix, tagged=False), forced=())


def seen(run: TeardownRun, resource_type: str = "endpoint") -> dict[str, Resource]:
    """What the plan showed of a resource type, but for what looks alike."""
    resources = run.plan.discovery.resources.values()
    return {
        one.id: one
        for one in resources
        if one.resource_type == resource_type and "their" not in one.id
    }


def delete_by_hand(room: Site, name: str) -> None:
    """As an organiser does who has looked at it; its log tells no more than it did."""
    room.cloud.client("sagemaker").delete_endpoint(EndpointName=name)
    room.cloud.client("logs").delete_log_group(logGroupName=f"/aws/sagemaker/Endpoints/{name}")


@pytest.mark.parametrize(
    ("config", "model", "why"),
    [
        (True, True, GONE),
        (True, False, GONE),
        (
            *(False, True),
            "whose it is cannot be told: no model of its configuration is left that has a role",
        ),
    ],
)
def test_an_endpoint_without_any_proof_is_unknown_and_nothing_is_called_gone(
    room: Site, why: str, *, config: bool, model: bool
) -> None:
    name = headless(ada(room), config=config, model=model)
    pieces.endpoint(room.attendee("ada", prefix="other-", tagged=False))
    run = torn_down(room)
    run.check()
    assert run.code == 4
    assert run.report is not None
    assert [(one.id, one.why) for one in run.report.left if one.resource_type == "endpoint"] == [
        (name, why)
    ]
    assert f"Endpoint {name}" in run.after
    # It may need any seat's role to be deleted; all that can be told of goes all the same.
    assert ROLE in run.after
    assert not any("other-" in what for what in run.after)
    again = torn_down(room)
    assert again.code == 4
    assert seen(again)[name].ownership == Ownership.UNKNOWN
    if not config:
        room.cloud.client("sagemaker").delete_endpoint_config(EndpointConfigName=name)
    delete_by_hand(room, name)
    proving(torn_down(room))


def test_what_is_left_behind_does_not_make_it_forgotten(room: Site) -> None:
    name = headless(ada(room))
    run = torn_down(room, choices=Choices(abandon=True))
    run.check()
    assert (run.code, ROLE in run.after) == (4, False)
    # Of the workshop, nothing is there by now but the plan that was shown.
    again = torn_down(room, choices=Choices(abandon=True))
    assert again.code == 4
    assert set(seen(again)) == {name}


def test_an_endpoint_from_before_the_workshop_is_nobodys_business(room: Site) -> None:
    name = headless(ada(room))
    created = room.cloud.client("sagemaker").describe_endpoint(EndpointName=name)["CreationTime"]
    scope = Scope("demo", "demo", HOME, frozenset({"ada"}), whole=True)
    context = ScanContext(quick_clients(room), scope, since=created)
    assert [one.ownership for one in ENDPOINT.find(context)] == [Ownership.UNKNOWN]
    for since in (created + timedelta(seconds=1), None):
        assert list(ENDPOINT.find(replace(context, since=since, memory=ScanCache()))) == []


def test_a_tag_tells_that_an_endpoint_is_somebody_elses(room: Site) -> None:
    name = headless(ada(room))
    client = room.cloud.client("sagemaker")
    arn = client.describe_endpoint(EndpointName=name)["EndpointArn"]
    client.add_tags(ResourceArn=arn, Tags=[{"Key": "workshop", "Value": "speech"}])
    room.others = {what for what in snapshots.of(room.cloud) if name in what}
    proving(torn_down(room))


def test_what_its_name_or_its_tags_claim_stays_a_claim(room: Site) -> None:
    headless(ada(room, "demo-ada-"))
    headless(room.attendee("ada", prefix="tagged-"))
    run = torn_down(room)
    assert run.code == 4
    assert {name: one.ownership for name, one in seen(run).items()} == {
        "demo-ada-serve": Ownership.CLAIMED,
        "tagged-serve": Ownership.CLAIMED,
    }
    proving(torn_down(room, choices=Choices(include_claimed=True)))


def test_what_was_proven_before_goes_though_its_proof_went_meanwhile(room: Site) -> None:
    pieces.endpoint(room.attendee("ada", prefix="mine-", tagged=False))

    def take_away() -> None:
        client = room.cloud.client("sagemaker")
        client.delete_endpoint_config(EndpointConfigName="mine-serve")
        client.delete_model(ModelName="mine-serve")

    proving(torn_down(room, planned=take_away))


@pytest.mark.parametrize("prefix", ["mine-", "demo-batch-"])
def test_a_transform_job_without_its_model_is_unknown_while_it_runs(
    room: Site, prefix: str
) -> None:
    hand = ada(room, prefix)
    hand = replace(hand, names=replace(hand.names, workshop="other"))
    hand.client("s3").create_bucket(Bucket=hand.bucket)
    room.others = {f"Bucket {hand.bucket}", f"Object {hand.bucket}/in/1.csv null"}
    pieces.transform(hand)
    name = hand.called("batch")
    hand.client("sagemaker").delete_model(ModelName=hand.called("batched"))
    run = torn_down(room)
    run.check()
    assert run.code == 4
    [job] = seen(run, "transform job").values()
    assert (job.id, job.ownership, job.hourly is None) == (name, Ownership.UNKNOWN, False)
    assert not run.ended(DeletionOutcome.STOPPED)
    hand.client("sagemaker").stop_transform_job(TransformJobName=name)
    # Its record costs nothing, and cannot be deleted.
    room.records.add(name)
    proving(torn_down(room))
