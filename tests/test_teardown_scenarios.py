"""What a day leaves behind and what goes wrong at its end: each time both invariants hold."""

from __future__ import annotations

import json

import pytest

from tests import teardown_pieces as pieces
from tests import teardown_scenarios as scenarios
from tests import teardown_snapshots as snapshots
from tests.localcloud import TRUST, Cloud
from tests.teardown_pieces import CLAIMED, PROVEN, Hand
from tests.teardown_runs import IMPATIENT, Crash, proving, teardown
from tests.teardown_scenarios import UNPROVEN, Room
from workshop.localcloud import process
from workshop.teardown.happenings import Happening, Outcome, Step
from workshop.teardown.kinds import sagemaker_kind
from workshop.teardown.plan import Choices

SEATS = ("ada", "ben")


def small(cloud: Cloud, **delays: float) -> Room:
    """The cohort and ada's role and bucket, beside somebody whose things look like hers."""
    room = scenarios.room(cloud, **delays)
    scenarios.look_alikes(room)
    room.others_are_here()
    room.cohort()
    room.seat("ada", "storage", "access")
    return room


def busy(cloud: Cloud, **delays: float) -> Room:
    """A small room in which ada works."""
    room = small(cloud, **delays)
    ada = room.attendee("ada", prefix="mine-", tagged=False)
    for make in (
        *(pieces.data, pieces.training, pieces.transform, pieces.endpoint),
        *(pieces.experiments, pieces.packages, pieces.pipelines, pieces.notebook, pieces.log),
    ):
        make(ada)
    return room


# --- whatever attendees make ------------------------------------------------------------------


def test_a_whole_workshop_goes_and_nothing_of_anybody_else(cloud: Cloud) -> None:
    room = scenarios.room(cloud)
    scenarios.strangers(room)
    room.others_are_here()
    room.cohort()
    for seat in SEATS:
        room.seat(seat)
    for make in PROVEN.values():
        make(room.attendee("ada"))
        make(room.attendee("ben", prefix="free-", tagged=False))
    pieces.pooled(room.attendee("ben"))
    run = teardown(room)
    proving(run)
    assert len(run.before) - len(run.after) > 130
    assert run.ended(Outcome.UNDELETABLE) == {
        *("demo-ada-auto", "demo-ada-batch"),
        *("free-auto", "free-batch"),
    }
    again = teardown(room)
    proving(again)
    assert again.before == again.after
    assert not again.ended(Outcome.DELETED)


def test_one_seat_goes_and_its_neighbour_with_all_of_theirs_stays(cloud: Cloud) -> None:
    room = scenarios.room(cloud)
    room.cohort()
    room.seat("ben")
    for make in PROVEN.values():
        make(room.attendee("ben"))
    room.others_are_here()
    room.seat("ada")
    for make in (pieces.data, pieces.training, pieces.endpoint, pieces.experiments):
        make(room.attendee("ada"))
    run = teardown(room, only=["ada"])
    proving(run)


def test_what_is_only_claimed_stays_until_it_is_included(cloud: Cloud) -> None:
    room = small(cloud)
    for make in CLAIMED.values():
        make(room.attendee("ada", prefix=f"demo-ada-{UNPROVEN}-"))
    claimed = set(snapshots.of(cloud)) - room.others
    pieces.training(room.attendee("ada"))
    run = teardown(room)
    run.check()
    assert run.code == 4
    stays = {what for what in claimed if UNPROVEN in what}
    assert {what: run.after[what] for what in stays} == {what: run.before[what] for what in stays}
    assert len(stays) == len(CLAIMED) - 1  # an instance has no name, but tags
    run = teardown(room, choices=Choices(include_claimed=True))
    proving(run)
    assert not claimed & run.after.keys()


def test_an_attendee_who_took_the_tags_off_hides_nothing(cloud: Cloud) -> None:
    room = small(cloud)
    ada = room.attendee("ada")
    for make in (pieces.training, pieces.endpoint, pieces.experiments, pieces.packages):
        make(ada)
    client = ada.client("sagemaker")
    found = client.search(Resource="TrainingJob")["Results"]
    arns = [one["TrainingJob"]["TrainingJobArn"] for one in found]
    arns += [client.describe_endpoint(EndpointName=ada.called("serve"))["EndpointArn"]]
    arns += [client.describe_experiment(ExperimentName=ada.called("cats"))["ExperimentArn"]]
    for arn in arns:
        if "/demo-ada-" in arn and "their" not in arn:
            client.delete_tags(ResourceArn=arn, TagKeys=["workshop", "attendee", "environment"])
    ada.client("s3").delete_bucket_tagging(Bucket=ada.bucket)
    proving(teardown(room))


def test_tags_of_a_seat_on_somebody_elses_work_prove_nothing(cloud: Cloud) -> None:
    room = scenarios.room(cloud)
    thief = room.stranger(prefix="theirs-", tags_of="ada")
    for make in (pieces.training, pieces.endpoint, pieces.experiments, pieces.packages):
        make(thief)
    room.others_are_here()
    room.cohort()
    room.seat("ada", "access")
    run = teardown(room, choices=Choices(include_claimed=True))
    run.check()
    assert run.code == 0, run.report and run.report.markdown()


# --- states ----------------------------------------------------------------------------------


def test_jobs_in_every_state_go(cloud: Cloud) -> None:
    room = small(cloud)
    cloud.delays(training=0)
    ada = room.attendee("ada")
    client = ada.client("sagemaker")
    pieces.training(ada, "completed")
    cloud.faults({"effect": "capacity", "instance_type": "ml.g5.*"})
    big = {**pieces.MACHINES, "InstanceType": "ml.g5.xlarge"}
    pieces.training(ada, "failed", ResourceConfig=big)
    cloud.faults()
    cloud.delays(training=scenarios.LONG)
    pieces.training(ada, "running")
    client.stop_training_job(TrainingJobName=pieces.training(ada, "stopped"))
    cloud.delays(stopping=0.1)
    client.stop_training_job(TrainingJobName=pieces.training(ada, "stopping"))
    jobs = client.list_training_jobs(NameContains="demo-ada-")["TrainingJobSummaries"]
    states = {one["TrainingJobStatus"] for one in jobs}
    assert states == {"Completed", "Failed", "InProgress", "Stopped", "Stopping"}
    proving(teardown(room, planned=lambda: process.set_clock(cloud.running, freeze=False)))


def test_endpoints_in_every_state_go(cloud: Cloud) -> None:
    room = small(cloud)
    ada = room.attendee("ada")
    client = ada.client("sagemaker")
    pieces.endpoint(ada, "up")
    cloud.faults({"effect": "capacity", "instance_type": "ml.g5.*"})
    failed = pieces.endpoint(ada, "failed", InstanceType="ml.g5.xlarge")
    assert client.describe_endpoint(EndpointName=failed)["EndpointStatus"] == "Failed"
    cloud.faults()
    changing = pieces.endpoint(ada, "changing")
    assert client.describe_endpoint(EndpointName=changing)["EndpointStatus"] == "InService"
    cloud.delays(endpoint=0.1)
    pieces.endpoint(ada, "creating")
    client.update_endpoint(EndpointName=changing, EndpointConfigName=ada.called("up"))
    found = client.list_endpoints(NameContains="demo-ada-")["Endpoints"]
    states = {one["EndpointName"]: one["EndpointStatus"] for one in found}
    assert {states[ada.called(word)] for word in ("up", "failed", "changing", "creating")} == {
        *("InService", "Failed", "Updating", "Creating")
    }
    proving(teardown(room, planned=lambda: process.set_clock(cloud.running, freeze=False)))


def test_notebooks_that_are_stopped_already_go(cloud: Cloud) -> None:
    room = small(cloud)
    room.seat("ada", "notebook")
    ada = room.attendee("ada")
    extra = pieces.notebook(ada)
    for name in (extra, ada.names.notebook):
        ada.client("sagemaker").stop_notebook_instance(NotebookInstanceName=name)
    proving(teardown(room))


def test_what_an_endpoint_depends_on_goes_in_order(cloud: Cloud) -> None:
    room = small(cloud)
    pieces.components(room.attendee("ada"))
    run = teardown(room)
    proving(run)
    order = [
        one.thing.kind
        for one in run.happenings
        if one.thing is not None and one.outcome in (Outcome.DELETED, Outcome.ALREADY_GONE)
    ]
    before = ["scalable target", "inference component", "endpoint", "endpoint configuration"]
    assert [kind for kind in order if kind in before] == before
    assert order.index("endpoint configuration") < order.index("model")


def test_a_warm_pool_is_let_go(cloud: Cloud) -> None:
    room = small(cloud)
    cloud.delays(training=0)
    name = pieces.pooled(room.attendee("ada"))
    described = cloud.client("sagemaker").describe_training_job(TrainingJobName=name)
    assert described["WarmPoolStatus"]["Status"] == "Available"
    proving(teardown(room))


# --- what goes wrong --------------------------------------------------------------------------


def test_throttling_of_everything_only_takes_longer(cloud: Cloud) -> None:
    room = busy(cloud)
    rules = [
        {"effect": "throttle", "operation": "*", "probability": 0.25, "seed": 3},
        {"effect": "error", "operation": "*", "probability": 0.05, "seed": 4, "status": 503},
    ]
    proving(teardown(room, planned=lambda: cloud.faults(*rules)))


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        ("sagemaker:ListEndpoints", "endpoint"),
        ("s3:ListBuckets", "bucket"),
        ("logs:DescribeLogGroups", "log stream"),
        ("cloudformation:DescribeStacks", "stack"),
        ("iam:ListRoles", "role"),
        ("tagging:GetResources", "tag"),
    ],
)
def test_a_kind_whose_listing_is_denied_is_unknown_and_nothing_is_called_gone(
    cloud: Cloud, operation: str, kind: str
) -> None:
    room = small(cloud)
    ada = room.attendee("ada", prefix="mine-", tagged=False)
    for make in (pieces.training, pieces.endpoint, pieces.experiments, pieces.packages):
        make(ada)
    operation = operation.replace("tagging:", "resourcegroupstaggingapi:")
    denied = {"effect": "denied", "operation": operation}
    run = teardown(room, planned=lambda: cloud.faults(denied))
    run.check()
    assert run.code == 4
    assert kind in run.unknown
    assert run.report is not None
    assert not any(one.thing.kind == kind for one in run.report.of(Outcome.DELETED))
    assert "Role demo-ada-us-east-1-execution" in run.after
    proving(teardown(room))


@pytest.mark.parametrize(
    ("effect", "operation"),
    [
        ("denied", "sagemaker:Describe*"),
        ("error", "sagemaker:Delete*"),
        ("denied", "s3:DeleteObjects"),
        ("denied", "iam:PutRolePolicy"),
        ("error", "cloudformation:DeleteStack"),
        ("denied", "cloudformation:ListStackResources"),
    ],
)
def test_what_is_refused_for_good_is_told_and_done_when_it_can_be(
    cloud: Cloud, operation: str, effect: str
) -> None:
    room = small(cloud)
    ada = room.attendee("ada", prefix="mine-", tagged=False)
    for make in (pieces.data, pieces.training, pieces.endpoint):
        make(ada)
    rule = {"effect": effect, "operation": operation}
    run = teardown(room, planned=lambda: cloud.faults(rule), patience=IMPATIENT)
    run.check()
    harmless = operation.startswith("iam:")
    assert (run.code == 0) == (harmless and run.left == set())
    proving(teardown(room))


def test_a_job_that_never_stops_is_stuck_and_keeps_its_role(cloud: Cloud) -> None:
    room = busy(cloud)
    stuck = {"effect": "stuck", "noun": "TrainingJob", "name": "mine-fit", "status": "Stopping"}
    run = teardown(room, planned=lambda: cloud.faults(stuck), patience=IMPATIENT)
    run.check()
    assert run.code == 4
    assert "mine-fit" in run.ended(Outcome.STUCK)
    assert {"Role demo-ada-us-east-1-execution", "Stack demo-cohort"} <= run.after.keys()
    assert run.report is not None
    assert run.report.hourly[0] > 0
    cloud.advance(60)
    proving(teardown(room))


def test_keys_that_s3_fails_at_are_asked_for_again(cloud: Cloud) -> None:
    room = busy(cloud)
    failing = {"effect": "keys", "match": "train/*", "times": 3}
    proving(teardown(room, planned=lambda: cloud.faults(failing)))


def test_keys_that_may_not_be_deleted_are_told_and_keep_their_bucket(cloud: Cloud) -> None:
    room = busy(cloud)
    kept = {"effect": "keys", "match": "train/*", "code": "AccessDenied"}
    run = teardown(room, planned=lambda: cloud.faults(kept))
    run.check()
    assert run.code == 4
    bucket = room.names("ada").bucket("data")
    assert bucket in run.ended(Outcome.STUCK)
    assert run.report is not None
    told = {one.thing.id: one.told for one in run.report.of(Outcome.STUCK)}
    assert "train/labels.csv (AccessDenied" in told[bucket]
    proving(teardown(room))


def test_an_endpoint_whose_role_was_deleted_by_hand_is_not_called_gone(cloud: Cloud) -> None:
    room = small(cloud)
    ada = room.attendee("ada")
    pieces.training(ada)
    pieces.experiments(ada)
    pieces.endpoint(ada)
    _delete_role(room)
    run = teardown(room, patience=IMPATIENT)
    run.check()
    assert run.code == 4
    assert any(what == "Endpoint demo-ada-serve" for what in run.left)
    assert run.report is not None
    assert [one.thing.kind for one in run.report.of(Outcome.STUCK)].count("endpoint") == 1
    # Once a role of that name is there again, all of it can go.
    cloud.client("iam").create_role(
        RoleName=ada.names.role,
        Path=ada.names.iam_path,
        AssumeRolePolicyDocument=json.dumps(TRUST),
    )
    cloud.advance(60)
    proving(teardown(room))


def test_things_of_a_role_that_was_deleted_by_hand_are_proven_all_the_same(cloud: Cloud) -> None:
    room = small(cloud)
    ada = room.attendee("ada", prefix="mine-", tagged=False)
    for make in (pieces.training, pieces.experiments, pieces.packages, pieces.notebook):
        make(ada)
    _delete_role(room)
    proving(teardown(room))


def _delete_role(room: Room) -> None:
    client, name = room.cloud.client("iam"), room.names("ada").role
    for policy in client.list_role_policies(RoleName=name)["PolicyNames"]:
        client.delete_role_policy(RoleName=name, PolicyName=policy)
    for one in client.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        client.detach_role_policy(RoleName=name, PolicyArn=one["PolicyArn"])
    client.delete_role(RoleName=name)


# --- what comes meanwhile ---------------------------------------------------------------------


def works_on(room: Room, *, at: Step, times: int = 1) -> list[str]:
    """Ada makes something each time a step is told of; what she made comes into the list."""
    made: list[str] = []

    def hear(happening: Happening) -> None:
        if happening.step == at and len(made) < times:
            made.append(pieces.training(room.attendee("ada"), f"late{len(made)}"))
            pieces.endpoint(room.attendee("ada"), f"late{len(made)}")

    room.hear = hear
    return made


@pytest.mark.parametrize("at", [Step.FREEZE, Step.STOP, Step.DELETE])
def test_what_comes_in_the_middle_goes_as_well(cloud: Cloud, at: Step) -> None:
    room = busy(cloud)
    made = works_on(room, at=at)
    run = teardown(room, hear=room.hear)
    proving(run)
    assert len(made) == 1


def test_what_comes_between_the_two_looks_is_seen(cloud: Cloud) -> None:
    room = small(cloud)
    pieces.training(room.attendee("ada"))
    looks: list[float] = []

    def pause(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 1:
            # Such as a job of a role whose session was still open.
            role = room.names("ada").role_arn
            late = Hand(room.session, room.names("ada"), role, "late-", ())
            _remake_role(room)
            pieces.training(late)

    run = teardown(room, pause=pause)
    proving(run)
    assert len(looks) == 2


def _remake_role(room: Room) -> None:
    names = room.names("ada")
    room.cloud.client("iam").create_role(
        RoleName=names.role,
        Path=names.iam_path,
        AssumeRolePolicyDocument=json.dumps(TRUST),
    )


def test_what_comes_again_and_again_goes_in_the_end(cloud: Cloud) -> None:
    room = small(cloud)
    pieces.training(room.attendee("ada"))
    made = works_on(room, at=Step.DELETE, times=3)
    proving(teardown(room, hear=room.hear))
    assert len(made) == 3


# --- crashes ----------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [0, 2, 9, 18, 26])
def test_after_a_crash_anywhere_the_next_run_ends_it_and_a_third_does_nothing(
    cloud: Cloud, number: int
) -> None:
    room = busy(cloud)
    heard: list[Happening] = []

    def hear(happening: Happening) -> None:
        heard.append(happening)
        if len(heard) > number:
            raise Crash

    first = teardown(room, hear=hear)
    first.check()
    assert first.report is None
    proving(teardown(room))
    third = teardown(room)
    proving(third)
    assert third.before == third.after


# --- pages ------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", [1, 2])
def test_every_kind_is_read_beyond_its_first_page(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    monkeypatch.setattr(sagemaker_kind, "PAGE", page)
    room = small(cloud)
    room.seat("ada", "registry")
    for prefix in ("one-", "two-", "three-"):
        ada = room.attendee("ada", prefix=prefix, tagged=False)
        for make in PROVEN.values():
            make(ada)
    proving(teardown(room))
