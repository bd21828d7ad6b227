"""What is known is not asked again: a teardown's calls, counted."""

from __future__ import annotations

import pytest

from tests.support import teardown_demo
from tests.support.local_cloud import Cloud
from tests.support.teardown_demo import ADA, trains
from workshop.aws.clients import Clients
from workshop.teardown.plan import Choices
from workshop.teardown.resource import Ownership
from workshop.teardown.run import Teardown


@pytest.fixture
def clients(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Clients:
    cloud.delays(training=0, endpoint=0, stopping=0, tick=0)
    return teardown_demo.connect(cloud, monkeypatch)


def asked(job: Teardown, operation: str) -> int:
    """How often one more look asks for this."""
    before = job.clients.calls.get(operation, 0)
    job.discover()
    return job.clients.calls.get(operation, 0) - before


def test_a_job_that_has_ended_is_described_once(cloud: Cloud, clients: Clients) -> None:
    teardown_demo.role(cloud, ADA)
    trains(cloud, "fit", ADA.role_arn)
    job = teardown_demo.job(clients, "ada")
    described = [asked(job, "sagemaker:DescribeTrainingJob") for _ in range(3)]
    assert described == [1, 0, 0]
    [resource] = [
        one for one in job.discover().resources.values() if one.resource_type == "training job"
    ]
    told = cloud.client("sagemaker").describe_training_job(TrainingJobName="fit")
    assert resource.state == told["TrainingJobStatus"]
    assert (resource.ownership, resource.seat) == (Ownership.OWNED, "ada")
    assert resource.why == "proven by an earlier scan"


def test_a_job_that_runs_is_described_for_what_it_costs(cloud: Cloud, clients: Clients) -> None:
    cloud.delays(training=3600)
    teardown_demo.role(cloud, ADA)
    trains(cloud, "fit", ADA.role_arn)
    job = teardown_demo.job(clients, "ada")
    assert [asked(job, "sagemaker:DescribeTrainingJob") for _ in range(2)] == [1, 1]


def test_another_job_of_the_same_name_is_described_anew(cloud: Cloud, clients: Clients) -> None:
    teardown_demo.role(cloud, ADA)
    trains(cloud, "fit", ADA.role_arn)
    job = teardown_demo.job(clients, "ada")
    job.discover()
    cloud.client("sagemaker").delete_training_job(TrainingJobName="fit")
    cloud.advance(60)
    trains(cloud, "fit", cloud.role("somebody"))
    assert not [
        one for one in job.discover().resources.values() if one.resource_type == "training job"
    ]


def test_a_component_is_proven_by_the_listing_and_its_job(cloud: Cloud, clients: Clients) -> None:
    teardown_demo.role(cloud, ADA)
    trains(cloud, "fit", ADA.role_arn)
    job = teardown_demo.job(clients, "ada")
    whose = {one.resource_type: one.ownership for one in job.discover().resources.values()}
    assert whose["trial component"] == Ownership.OWNED
    assert "sagemaker:DescribeTrialComponent" not in clients.calls


def test_a_component_in_a_trial_is_taken_out_of_it(cloud: Cloud, clients: Clients) -> None:
    teardown_demo.role(cloud, ADA)
    trains(cloud, "fit", ADA.role_arn)
    client = cloud.client("sagemaker")
    client.create_experiment(ExperimentName="theirs")
    client.create_trial(TrialName="theirs", ExperimentName="theirs")
    [component] = client.list_trial_components()["TrialComponentSummaries"]
    client.associate_trial_component(
        TrialName="theirs", TrialComponentName=component["TrialComponentName"]
    )
    job = teardown_demo.job(clients, "ada")
    report = job.apply(job.plan(Choices()))
    assert report.code == 0
    assert client.list_trial_components()["TrialComponentSummaries"] == []
    assert [one["TrialName"] for one in client.list_trials()["TrialSummaries"]] == ["theirs"]


def test_a_stack_is_read_again_only_when_it_has_changed(cloud: Cloud, clients: Clients) -> None:
    teardown_demo.deploy(cloud, ADA)
    job = teardown_demo.job(clients, "ada")
    stacks = len(teardown_demo.stack_names(cloud))
    operation = "cloudformation:ListStackResources"
    assert [asked(job, operation) for _ in range(2)] == [stacks, 0]
    name = ADA.stack("storage")
    cloud.client("cloudformation").update_stack(
        StackName=name,
        UsePreviousTemplate=True,
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Tags=[
            *(cloud.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]["Tags"]),
            {"Key": "more", "Value": "yes"},
        ],
    )
    cloud.client("cloudformation").get_waiter("stack_update_complete").wait(
        StackName=name, WaiterConfig={"Delay": 0}
    )
    assert asked(job, operation) == 1


def test_the_report_lists_the_calls(cloud: Cloud, clients: Clients) -> None:
    teardown_demo.role(cloud, ADA)
    trains(cloud, "fit", ADA.role_arn)
    job = teardown_demo.job(clients, "ada")
    report = job.apply(job.plan(Choices()))
    assert report.document()["calls"]["sagemaker:DeleteTrainingJob"] == 1
    made = sum(report.calls.values())
    assert ("calls", f"{made}, for {len(report.results)} resources") in list(report.facts())
