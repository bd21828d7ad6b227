"""A whole teardown of deployed seats, and what keeps it from calling something gone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any, ClassVar

import pytest

from tests.support import teardown_demo
from tests.support.local_cloud import Cloud
from tests.support.played_time import PlayedTime, played_waits
from tests.support.teardown_demo import ADA, BEN, serves, trains
from tests.support.usual_stacks import USUAL_STACKS
from workshop.aws.clients import Clients
from workshop.naming import COHORT, Names
from workshop.teardown import freeze, roles
from workshop.teardown.events import DeletionOutcome, TeardownEvent, TeardownStep
from workshop.teardown.plan import Choices, PlannedAction
from workshop.teardown.report import LEFT, NOT_PROVEN, TeardownReport
from workshop.teardown.resource import Ownership, Resource, ScanContext
from workshop.teardown.resources import ALL
from workshop.teardown.resources.sagemaker_jobs import TRAINING, Training
from workshop.teardown.run import Teardown
from workshop.teardown.saving import Saved
from workshop.teardown.scan_target import ScanTarget

COHORT_NAMES = Names("demo", COHORT, teardown_demo.HERE.account, teardown_demo.HERE.region)


@pytest.fixture
def clients(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Clients:
    cloud.delays(training=3600, endpoint=0, stopping=0, tick=0)
    return teardown_demo.connect(cloud, monkeypatch)


def torn_down(job: Teardown, **choices: Any) -> TeardownReport:
    return job.apply(job.plan(Choices(**choices)))


def used(cloud: Cloud) -> None:
    """Resources that an attendee makes, without any name or tag that says so."""
    trains(cloud, "fit", ADA.role_arn)
    serves(cloud, "serve", ADA.role_arn, ADA)
    cloud.client("s3").put_object(Bucket=ADA.bucket("data"), Key="train/a", Body=b"1")
    cloud.client("s3").put_object(Bucket=ADA.bucket("data"), Key="train/a", Body=b"2")


def test_all_of_it_goes_and_nothing_else(cloud: Cloud, clients: Clients) -> None:
    teardown_demo.deploy(cloud, ADA, BEN)
    used(cloud)
    theirs = cloud.role("somebody")
    trains(cloud, "demo-ada-theirs", theirs)
    serves(cloud, "theirs", theirs)
    cloud.client("s3").create_bucket(Bucket="demonstration")
    told: list[TeardownEvent] = []
    report = torn_down(teardown_demo.job(clients, "ada", "ben", told=told.append))
    assert (report.code, report.proven, len(report.scans)) == (0, True, 2)
    assert teardown_demo.stack_names(cloud) == set()
    assert teardown_demo.roles(cloud) == set()
    client = cloud.client("sagemaker")
    assert [one["EndpointName"] for one in client.list_endpoints()["Endpoints"]] == ["theirs"]
    assert [one["ModelName"] for one in client.list_models()["Models"]] == ["theirs"]
    jobs = client.list_training_jobs()["TrainingJobSummaries"]
    assert [(one["TrainingJobName"], one["TrainingJobStatus"]) for one in jobs] == [
        ("demo-ada-theirs", "InProgress")
    ]
    assert [one["Name"] for one in cloud.client("s3").list_buckets()["Buckets"]] == [
        "demonstration"
    ]
    assert [
        resource.id for resource in report.foreign if resource.resource_type == "training job"
    ] == ["demo-ada-theirs"]
    steps = [one.step for one in told]
    assert (
        steps.index(TeardownStep.FREEZE)
        < steps.index(TeardownStep.STOP)
        < steps.index(TeardownStep.STACKS)
    )
    again = torn_down(teardown_demo.job(clients, "ada", "ben"))
    assert again.code == 0
    assert not again.of(DeletionOutcome.DELETED, DeletionOutcome.STOPPED, DeletionOutcome.STUCK)


def test_one_seat_goes_and_the_others_and_the_cohort_stay(cloud: Cloud, clients: Clients) -> None:
    teardown_demo.deploy(cloud, ADA, BEN)
    used(cloud)
    trains(cloud, "bens", BEN.role_arn)
    report = torn_down(teardown_demo.job(clients, "ada", whole=False))
    assert report.code == 0
    assert teardown_demo.stack_names(cloud) == {
        "demo-cohort",
        *(BEN.stack(kind) for kind in USUAL_STACKS),
    }
    assert teardown_demo.roles(cloud) == {BEN.role}
    assert not teardown_demo.is_frozen(cloud, BEN)
    [job] = cloud.client("sagemaker").list_training_jobs()["TrainingJobSummaries"]
    assert (job["TrainingJobName"], job["TrainingJobStatus"]) == ("bens", "InProgress")


def test_strays_that_are_not_on_the_roster_go_as_well(cloud: Cloud, clients: Clients) -> None:
    teardown_demo.deploy(cloud, BEN)
    trains(cloud, "bens", BEN.role_arn)
    report = torn_down(teardown_demo.job(clients, "ada"))
    assert report.code == 0
    assert teardown_demo.stack_names(cloud) == set()


def test_a_kind_that_cannot_be_listed_keeps_the_roles_and_is_not_proven(
    cloud: Cloud, clients: Clients
) -> None:
    teardown_demo.deploy(cloud, ADA)
    used(cloud)
    cloud.faults({"effect": "denied", "operation": "sagemaker:ListEndpoints"})
    report = torn_down(teardown_demo.job(clients))
    assert report.code == 4
    assert teardown_demo.stack_names(cloud) == {ADA.stack("access"), "demo-cohort"}
    assert teardown_demo.roles(cloud) == {ADA.role}
    [unknown] = report.scans[-1].unknown
    assert unknown.resource_type == "endpoint"
    # A configuration proves whose its endpoint is, so neither may go before it is known.
    cloud.faults()
    assert torn_down(teardown_demo.job(clients)).code == 0
    assert cloud.client("sagemaker").list_endpoints()["Endpoints"] == []


def test_no_sum_is_whole_on_the_way_where_something_could_not_be_listed(
    cloud: Cloud, clients: Clients
) -> None:
    teardown_demo.deploy(cloud, ADA)
    used(cloud)
    cloud.faults({"effect": "denied", "operation": "sagemaker:ListEndpoints"})
    told: list[TeardownEvent] = []
    torn_down(teardown_demo.job(clients, told=told.append))
    costs = [one.cost for one in told if one.cost is not None]
    assert costs
    assert not any(one.complete for one in costs)


def test_a_claim_is_left_alone_and_keeps_no_role_that_nobody_needs_for_it(
    cloud: Cloud, clients: Clients
) -> None:
    teardown_demo.deploy(cloud, ADA)
    cloud.client("sagemaker").create_model(
        ModelName="demo-ada-x", PrimaryContainer={"Image": teardown_demo.IMAGE}
    )
    report = torn_down(teardown_demo.job(clients))
    assert report.code == 4
    assert [resource.id for resource in report.left if resource.resource_type == "model"] == [
        "demo-ada-x"
    ]
    assert teardown_demo.stack_names(cloud) == set()
    report = torn_down(teardown_demo.job(clients), include_claimed=True)
    assert report.code == 0
    assert cloud.client("sagemaker").list_models()["Models"] == []


def test_a_stuck_endpoint_keeps_its_role_its_proof_and_the_cohort(
    cloud: Cloud, clients: Clients
) -> None:
    teardown_demo.deploy(cloud, ADA)
    serves(cloud, "serve", ADA.role_arn, ADA)
    cloud.faults({"effect": "stuck", "noun": "Endpoint", "name": "serve", "status": "Deleting"})
    job = teardown_demo.job(clients, **played_waits(cloud, deadline=60))
    report = torn_down(job)
    assert report.code == 4
    stuck = {one.resource.resource_type: one.message for one in report.of(DeletionOutcome.STUCK)}
    assert stuck["endpoint"].startswith("still Deleting")
    assert {"endpoint", "endpoint configuration", "model", "stack"} <= stuck.keys()
    assert teardown_demo.stack_names(cloud) == {ADA.stack("access"), "demo-cohort"}
    assert report.cost.per_hour.startswith("0.115 ")
    cloud.faults()
    assert torn_down(teardown_demo.job(clients, proven=job.proven)).code == 0


def test_a_role_that_was_deleted_by_hand_does_not_hide_what_ran_with_it(
    cloud: Cloud, clients: Clients
) -> None:
    teardown_demo.deploy(cloud, ADA)
    trains(cloud, "fit", ADA.role_arn)
    iam = cloud.client("iam")
    roles.strip(iam, ADA.role)
    iam.delete_role(RoleName=ADA.role)
    assert torn_down(teardown_demo.job(clients)).code == 0
    assert cloud.client("sagemaker").list_training_jobs()["TrainingJobSummaries"] == []


def test_a_bucket_that_fills_again_is_emptied_when_its_stack_fails(
    cloud: Cloud, clients: Clients
) -> None:
    teardown_demo.deploy(cloud, ADA)
    told: list[TeardownEvent] = []

    def refill(event: TeardownEvent) -> None:
        told.append(event)
        hers = event.resource is not None and event.resource.id == ADA.bucket("data")
        if event.outcome == DeletionOutcome.EMPTIED and hers:
            cloud.client("s3").put_object(Bucket=ADA.bucket("data"), Key="late", Body=b"1")

    report = torn_down(teardown_demo.job(clients, told=refill))
    assert report.code == 0
    errors = [event.message for event in told if event.step == TeardownStep.STACKS]
    assert any(f"bucket {ADA.bucket('data')}: " in error for error in errors), errors


def test_what_was_made_in_mid_sweep_is_found_and_goes_too(cloud: Cloud, clients: Clients) -> None:
    teardown_demo.deploy(cloud, ADA)
    made: list[str] = []

    def late(event: TeardownEvent) -> None:
        if event.step == TeardownStep.DELETE and not made:
            made.append("late")
            serves(cloud, "late", ADA.role_arn, ADA)

    used(cloud)
    report = torn_down(teardown_demo.job(clients, told=late))
    assert made
    assert report.code == 0
    assert cloud.client("sagemaker").list_models()["Models"] == []


def test_freezing_twice_is_freezing_once_and_needs_no_right_to_write_policies(
    cloud: Cloud, clients: Clients
) -> None:
    teardown_demo.deploy(cloud, ADA)
    cloud.faults({"effect": "denied", "operation": "iam:PutRolePolicy"})
    for _ in range(2):
        assert freeze.freeze(clients, "demo", teardown_demo.HERE, [ADA.role, "gone"]) == {}
        assert teardown_demo.is_frozen(cloud, ADA)
    assert cloud.client("iam").list_role_policies(RoleName=ADA.role)["PolicyNames"] == []
    # What its stack does not know would keep the role from being deleted.
    freeze.prepare_role_for_deletion(clients, teardown_demo.HERE, ADA.role)
    assert not teardown_demo.is_frozen(cloud, ADA)


def test_a_notebook_that_is_closed_is_owned_as_before_and_no_other_is_closed(
    cloud: Cloud, clients: Clients
) -> None:
    teardown_demo.deploy(cloud, ADA, BEN)
    job = teardown_demo.job(clients, "ada", whole=False)
    owned = job.plan(Choices()).discovery.of(Ownership.OWNED)
    assert freeze.close_notebooks(clients, owned) == {}
    assert teardown_demo.is_marked(cloud, ADA)
    assert not teardown_demo.is_marked(cloud, BEN)
    again = job.plan(Choices()).discovery.of(Ownership.OWNED)
    assert {one.identity for one in again} == {one.identity for one in owned}
    cloud.faults({"effect": "denied", "operation": "sagemaker:AddTags"})
    assert "AccessDenied" in freeze.close_notebooks(clients, owned)[ADA.notebook_arn]


def test_a_notebook_that_cannot_be_closed_is_told_and_keeps_nothing_back(
    cloud: Cloud, clients: Clients
) -> None:
    teardown_demo.deploy(cloud, ADA)
    cloud.faults({"effect": "denied", "operation": "sagemaker:AddTags"})
    told: list[TeardownEvent] = []
    assert torn_down(teardown_demo.job(clients, told=told.append)).code == 0
    frozen = [str(one) for one in told if one.step == TeardownStep.FREEZE]
    assert any(f"{ADA.notebook_arn} may stay open until it is stopped" in one for one in frozen)


def test_a_role_that_cannot_be_frozen_is_told_with_what_to_do(
    cloud: Cloud, clients: Clients
) -> None:
    teardown_demo.role(cloud, ADA)
    told = freeze.freeze(clients, "demo", teardown_demo.HERE, [ADA.role, "gone"])
    arn = ADA.cohort_policy_arn("freeze")
    assert told == {
        ADA.role: f"the cohort has no policy {arn}; run workshop deploy to update the cohort first,"
        " or go on, and see that nobody works meanwhile"
    }
    cloud.faults({"effect": "denied", "operation": "iam:AttachRolePolicy"})
    told = freeze.freeze(clients, "demo", teardown_demo.HERE, [ADA.role])
    assert "AccessDenied" in told[ADA.role]
    assert "iam:AttachRolePolicy" in told[ADA.role].partition("; ")[2]


def test_a_role_without_room_for_the_freeze_is_told_with_a_cure_and_goes_all_the_same(
    cloud: Cloud, clients: Clients
) -> None:
    teardown_demo.deploy(cloud, ADA)
    iam = cloud.client("iam")
    attached = iam.list_attached_role_policies(RoleName=ADA.role)["AttachedPolicies"]
    # What an organiser has attached by hand, where the stack leaves room for the freeze alone.
    iam.attach_role_policy(RoleName=ADA.role, PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    cloud.quotas(iam={"Managed policies per role": len(attached) + 1})
    happened: list[TeardownEvent] = []
    report = torn_down(teardown_demo.job(clients, told=happened.append))
    full = f"Cannot exceed quota for PoliciesPerRole: {len(attached) + 1}"
    cure = "take a policy off it that its stack did not put there (aws iam detach-role-policy)"
    [told] = [one.message for one in happened if "is not frozen" in one.message]
    assert told.startswith(f"role {ADA.role} is not frozen: LimitExceeded: {full}; {cure}")
    assert list(report.not_frozen) == [ADA.role]
    assert (report.code, teardown_demo.roles(cloud)) == (0, set())


def test_what_is_kept_is_left_and_does_not_count(cloud: Cloud, clients: Clients) -> None:
    teardown_demo.deploy(cloud, ADA)
    kept = ScanTarget(
        "demo",
        "demo",
        teardown_demo.job(clients).target.seats,
        whole=True,
        keep={teardown_demo.HERE: frozenset({ADA.bucket("data")})},
    )
    serves(cloud, ADA.bucket("data"), ADA.role_arn, ADA)  # the same name, and nothing that is kept
    job = teardown_demo.job(clients, target=kept)
    plan = job.plan(Choices())
    assert [(one.resource_type, one.id) for one in plan.resources(PlannedAction.KEEP)] == [
        ("bucket", ADA.bucket("data"))
    ]
    job.apply(plan)
    client = cloud.client("sagemaker")
    assert (client.list_endpoints()["Endpoints"], client.list_models()["Models"]) == ([], [])


def test_a_seat_whose_work_could_not_be_saved_costs_nothing_and_keeps_its_data_and_the_cohort(
    cloud: Cloud, clients: Clients
) -> None:
    teardown_demo.deploy(cloud, ADA, BEN)
    used(cloud)
    datasets = COHORT_NAMES.datasets_bucket
    cloud.client("s3").put_object(Bucket=datasets, Key="train.csv", Body=b"1")
    unsaved = Saved("ada", teardown_demo.HERE, missing=1, problems=["its bucket could not be read"])
    job = teardown_demo.job(clients, "ada", "ben", save=lambda _: [unsaved])
    report = torn_down(job)
    assert report.code == 4
    assert report.not_saved == {"ada": "its bucket could not be read"}
    assert teardown_demo.stack_names(cloud) == {
        "demo-cohort",
        *(ADA.stack(kind) for kind in USUAL_STACKS),
    }
    [cohort] = cloud.client("cloudformation").describe_stacks(StackName="demo-cohort")["Stacks"]
    assert cohort["StackStatus"] == "CREATE_COMPLETE"
    s3, client = cloud.client("s3"), cloud.client("sagemaker")
    assert len(s3.list_object_versions(Bucket=ADA.bucket("data"))["Versions"]) == 2
    assert [one["Key"] for one in s3.list_objects_v2(Bucket=datasets)["Contents"]] == ["train.csv"]
    assert client.list_endpoints()["Endpoints"] == []
    [fit] = client.list_training_jobs()["TrainingJobSummaries"]
    assert fit["TrainingJobStatus"] == "Stopped"
    [notebook] = client.list_notebook_instances()["NotebookInstances"]
    assert notebook["NotebookInstanceStatus"] == "Stopped"
    # As the command knows it from the plan: a log of an endpoint that was stopped is still hers.
    again = torn_down(teardown_demo.job(clients, "ada", "ben", proven=job.proven))
    assert again.code == 0, again.markdown()


def test_a_sweep_leaves_workbenches_and_data(cloud: Cloud, clients: Clients) -> None:
    teardown_demo.deploy(cloud, ADA)
    used(cloud)
    before = teardown_demo.stack_names(cloud)
    report = torn_down(teardown_demo.job(clients), stacks=False, contents=False)
    assert report.code == 0
    assert teardown_demo.stack_names(cloud) == before
    client = cloud.client("sagemaker")
    assert (client.list_models()["Models"], client.list_endpoints()["Endpoints"]) == ([], [])
    [notebook] = client.list_notebook_instances()["NotebookInstances"]
    assert notebook["NotebookInstanceStatus"] == "Stopped"
    assert len(cloud.client("s3").list_object_versions(Bucket=ADA.bucket("data"))["Versions"]) == 2
    assert not teardown_demo.is_frozen(cloud, ADA)


class _Lingering(Training):
    """Training jobs that are seen once more after their deletion was answered."""

    asked: ClassVar[set[str]] = set()

    def find(self, context: ScanContext) -> Iterator[Resource]:
        for resource in super().find(context):
            yield replace(resource, state="Deleting") if resource.id in self.asked else resource

    def delete(self, context: ScanContext, resource: Resource) -> None:  # noqa: ARG002 - AWS takes its time
        self.asked.add(resource.id)

    def state(self, context: ScanContext, resource: Resource) -> str | None:
        if resource.id in self.asked:
            super().delete(context, resource)
        return super().state(context, resource)


def test_what_lingers_after_its_deletion_is_waited_for_and_told_as_deleted(
    cloud: Cloud, clients: Clients
) -> None:
    teardown_demo.deploy(cloud, ADA)
    cloud.delays(training=0)
    trains(cloud, "fit", ADA.role_arn)
    members = {field.name: getattr(TRAINING, field.name) for field in fields(TRAINING)}
    resource_types = [
        _Lingering(**members) if resource_type is TRAINING else resource_type
        for resource_type in ALL
    ]
    told: list[TeardownEvent] = []
    job = teardown_demo.job(clients, resource_types=resource_types, told=told.append)
    report = torn_down(job)
    assert report.code == 0
    assert cloud.client("sagemaker").list_training_jobs()["TrainingJobSummaries"] == []
    [deleted] = [
        one
        for one in report.results
        if (one.resource.resource_type, one.resource.id) == ("training job", "fit")
    ]
    assert deleted.outcome == DeletionOutcome.DELETED
    assert "something came meanwhile, or is not gone yet; once more" in {
        one.message for one in told
    }


def test_what_iam_still_lists_is_looked_for_again_when_it_has_caught_up(
    cloud: Cloud, clients: Clients
) -> None:
    teardown_demo.deploy(cloud, ADA)
    cloud.freeze()
    cloud.faults({"effect": "stale", "operation": "iam:List*", "seconds": 20})
    time = PlayedTime(cloud)

    def pause(seconds: float) -> None:
        cloud.advance(seconds)
        time.pause(seconds)

    job = teardown_demo.job(clients, interval=30, clock=time.clock, pause=pause)
    report = torn_down(job)
    assert report.code == 0, report.markdown()
    assert teardown_demo.roles(cloud) == set()


class _Deaf(Training):
    """Training jobs whose deletion is answered and never done."""

    def delete(self, context: ScanContext, resource: Resource) -> None:
        pass


@pytest.mark.parametrize("stacks", [True, False])
def test_what_is_still_there_after_its_deletion_was_answered_is_stuck(
    cloud: Cloud, clients: Clients, *, stacks: bool
) -> None:
    teardown_demo.deploy(cloud, ADA)
    cloud.delays(training=0)
    trains(cloud, "fit", ADA.role_arn)
    members = {field.name: getattr(TRAINING, field.name) for field in fields(TRAINING)}
    resource_types = [
        _Deaf(**members) if resource_type is TRAINING else resource_type for resource_type in ALL
    ]
    job = teardown_demo.job(
        clients, resource_types=resource_types, **played_waits(cloud, deadline=60)
    )
    report = torn_down(job, stacks=stacks)
    assert report.code == (NOT_PROVEN if stacks else LEFT)
    outcomes = {
        (one.resource.resource_type, one.resource.id): one.outcome for one in report.results
    }
    assert outcomes["training job", "fit"] == DeletionOutcome.STUCK
    assert ADA.role in teardown_demo.roles(cloud)
