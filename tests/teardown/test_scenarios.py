"""What a day leaves behind, in whatever state: each time both invariants hold."""

from __future__ import annotations

from tests.support import account_snapshots as snapshots
from tests.support import attendee_resources as pieces
from tests.support import teardown_workshop as scenarios
from tests.support.attendee_resources import CLAIMED, PROVEN
from tests.support.local_cloud import Cloud
from tests.support.teardown_runs import proving, teardown
from tests.support.teardown_workshop import UNPROVEN, small
from workshop.teardown.events import DeletionOutcome
from workshop.teardown.plan import Choices
from workshop.teardown.resource import Ownership

SEATS = ("ada", "ben")


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
    assert run.ended(DeletionOutcome.UNDELETABLE) == {
        *("demo-ada-auto", "demo-ada-batch"),
        *("free-auto", "free-batch"),
    }
    again = teardown(room)
    proving(again)
    assert again.before == again.after
    assert not again.ended(DeletionOutcome.DELETED)


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


def test_tags_that_were_taken_off_hide_nothing(cloud: Cloud) -> None:
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
    # Nothing but its tags tells who serves a model.
    run = teardown(room)
    run.check()
    assert (run.code, "Endpoint demo-ada-serve" in run.left) == (4, True)
    proving(teardown(room, choices=Choices(include_claimed=True)))


def test_tags_of_a_seat_on_somebody_elses_work_are_claims_until_they_are_included(
    cloud: Cloud,
) -> None:
    room = scenarios.room(cloud)
    stranger = room.stranger(prefix="theirs-", tags_of="ada")
    for make in (pieces.training, pieces.endpoint, pieces.experiments):
        make(stranger)
    room.others_are_here()
    room.cohort()
    room.seat("ada", "access")
    run = teardown(room)
    run.check()
    assert run.code == 4
    assert run.report is not None
    left = {(one.resource_type, one.ownership) for one in run.report.left}
    assert {("training job", Ownership.CLAIMED), ("endpoint", Ownership.CLAIMED)} <= left
    assert run.report.cost.usd > 0
    run = teardown(room, choices=Choices(include_claimed=True))
    assert not {"Endpoint theirs-serve", "TrainingJob theirs-fit"} & run.after.keys()


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
    proving(teardown(room, pause=cloud.advance))


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
    proving(teardown(room, pause=cloud.advance))


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
        one.resource.resource_type
        for one in run.events
        if one.resource is not None
        and one.outcome in (DeletionOutcome.DELETED, DeletionOutcome.ALREADY_GONE)
    ]
    before = ["scalable target", "inference component", "endpoint", "endpoint configuration"]
    assert [resource_type for resource_type in order if resource_type in before] == before
    assert order.index("endpoint configuration") < order.index("model")


def test_a_warm_pool_is_let_go(cloud: Cloud) -> None:
    room = small(cloud)
    cloud.delays(training=0)
    name = pieces.pooled(room.attendee("ada"))
    described = cloud.client("sagemaker").describe_training_job(TrainingJobName=name)
    assert described["WarmPoolStatus"]["Status"] == "Available"
    proving(teardown(room))
