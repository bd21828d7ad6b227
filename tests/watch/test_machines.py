"""What the watch stops, whatever is in its way, and what it leaves alone."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain, repeat

import pytest

from tests.support.local_cloud import Cloud
from tests.support.teardown_demo import ADA, BEN, role, serves, trains
from tests.support.watch_runs import (
    END,
    PLENTY,
    SETTINGS,
    attached,
    run,
    watch_without_stacks,
)
from workshop.naming import FREEZE
from workshop.watch import handler
from workshop.watch.work import Work

TAGS = [{"Key": "workshop", "Value": "demo"}, {"Key": "attendee", "Value": "ada"}]


@pytest.fixture(autouse=True)
def _watched(cloud: Cloud) -> None:
    cloud.delays(training=3600, endpoint=0, stopping=0, tick=0)
    watch_without_stacks(cloud)
    role(cloud, ADA)
    role(cloud, BEN)


def endpoints(cloud: Cloud) -> list[str]:
    pages = cloud.client("sagemaker").get_paginator("list_endpoints").paginate()
    return [one["EndpointName"] for page in pages for one in page["Endpoints"]]


def training(cloud: Cloud, name: str) -> str:
    found = cloud.client("sagemaker").describe_training_job(TrainingJobName=name)
    return str(found["TrainingJobStatus"])


def works(cloud: Cloud) -> None:
    serves(cloud, "serve", ADA.role_arn, ADA)
    trains(cloud, "fit", ADA.role_arn)
    arn = ADA.sagemaker_arn("training-job", "fit")
    cloud.client("sagemaker").add_tags(ResourceArn=arn, Tags=TAGS)


def test_everything_of_the_workshop_is_stopped_and_nothing_else(cloud: Cloud) -> None:
    works(cloud)
    theirs = cloud.role("somebody")
    serves(cloud, "theirs", theirs)
    trains(cloud, "demo-ada-theirs", theirs)
    made = run(cloud)
    assert made.problems == []
    assert dict(made.done) == {"roles frozen": 2, "endpoints deleted": 1, "jobs stopped": 1}
    assert endpoints(cloud) == ["theirs"]
    assert training(cloud, "fit") in ("Stopping", "Stopped")
    assert training(cloud, "demo-ada-theirs") == "InProgress"


def test_it_freezes_by_the_path_of_roles_whatever_their_tags(cloud: Cloud) -> None:
    """A role that lost its tags is frozen like any other; to do it twice is to do it once."""
    for _ in range(2):
        assert run(cloud).done["roles frozen"] == 2
    assert attached(cloud, ADA.role) == attached(cloud, BEN.role) == [ADA.cohort_policy(FREEZE)]


def test_a_freeze_that_is_gone_stops_nothing_else(cloud: Cloud) -> None:
    works(cloud)
    cloud.client("iam").delete_policy(PolicyArn=ADA.cohort_policy_arn(FREEZE))
    made = run(cloud)
    assert len([one for one in made.problems if "is not frozen" in one]) == 2
    assert made.done["jobs stopped"] == made.done["endpoints deleted"] == 1


def test_a_freeze_that_was_taken_off_by_hand_is_put_on_again(cloud: Cloud) -> None:
    run(cloud)
    cloud.client("iam").detach_role_policy(
        RoleName=ADA.role, PolicyArn=ADA.cohort_policy_arn(FREEZE)
    )
    run(cloud)
    assert attached(cloud, ADA.role) == [ADA.cohort_policy(FREEZE)]


@pytest.mark.parametrize(
    "operation", ["sagemaker:ListEndpoints", "sagemaker:ListTrainingJobs", "iam:ListRoles"]
)
def test_a_listing_that_fails_stops_no_other_and_is_made_up_for(
    cloud: Cloud, operation: str
) -> None:
    works(cloud)
    cloud.faults({"effect": "throttle", "operation": operation, "times": 1})
    first = run(cloud)
    assert first.problems
    assert sum(first.done.values()) > 0
    second = run(cloud)
    assert second.problems == []
    assert endpoints(cloud) == []
    assert training(cloud, "fit") in ("Stopping", "Stopped")


def test_an_answer_that_nobody_expects_stops_no_other_kind(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    works(cloud)
    client = cloud.client("sagemaker")
    pages = client.get_paginator("list_endpoints")
    monkeypatch.setattr(pages, "paginate", lambda **_: [{"Endpoints": [{}]}])
    real = client.get_paginator
    monkeypatch.setattr(
        client, "get_paginator", lambda name: pages if name == "list_endpoints" else real(name)
    )
    made = run(cloud)
    assert made.problems == ["endpoints: KeyError('EndpointName')"]
    assert made.done["jobs stopped"] == 1


def test_a_run_without_time_does_what_it_can_and_the_next_goes_on(cloud: Cloud) -> None:
    works(cloud)
    first = run(cloud, left=chain(repeat(PLENTY, 2), repeat(1.0)))
    assert first.unfinished
    assert training(cloud, "fit") == "InProgress"
    second = run(cloud)
    assert not second.unfinished
    assert training(cloud, "fit") in ("Stopping", "Stopped")


@pytest.mark.parametrize("slow", ["iam.AttachRolePolicy", "sagemaker.ListTags"])
def test_what_takes_all_the_time_keeps_nothing_else_from_being_stopped(
    cloud: Cloud, slow: str
) -> None:
    """Played time: each call of one operation takes 40 of the 300 seconds that a run has."""
    works(cloud)
    for number in range(10):
        role(cloud, replace(ADA, seat=f"seat{number}"))
        cloud.client("sagemaker").create_endpoint(
            EndpointName=f"of-others-{number}", EndpointConfigName="serve"
        )
    notebook = {"InstanceType": "ml.t3.medium", "RoleArn": ADA.role_arn}
    cloud.client("sagemaker").create_notebook_instance(
        NotebookInstanceName=ADA.notebook, **notebook
    )
    took: list[float] = []
    clients = {name: cloud.client(name) for name in ("iam", "s3", "sagemaker", "sns")}
    clients["application-autoscaling"] = cloud.client("application-autoscaling")
    on_slow = clients[slow.partition(".")[0]].meta.events
    on_slow.register(f"before-call.{slow}", lambda **_: took.append(40.0))
    made = Work(SETTINGS, END, lambda: PLENTY - sum(took), client=clients.__getitem__)
    handler.end(made)
    assert made.unfinished
    assert made.left() > 0
    assert training(cloud, "fit") in ("Stopping", "Stopped")
    book = cloud.client("sagemaker").describe_notebook_instance(NotebookInstanceName=ADA.notebook)
    assert book["NotebookInstanceStatus"] in ("Stopping", "Stopped")


def test_all_of_101_endpoints_go_in_one_run(cloud: Cloud) -> None:
    serves(cloud, "serve", ADA.role_arn, ADA)
    for number in range(100):
        cloud.client("sagemaker").create_endpoint(
            EndpointName=f"more-{number}", EndpointConfigName="serve", Tags=TAGS
        )
    assert len(endpoints(cloud)) == 101
    assert run(cloud).done["endpoints deleted"] == 101
    assert endpoints(cloud) == []


def test_an_endpoint_that_is_still_being_made_goes_at_the_first_moment_possible(
    cloud: Cloud,
) -> None:
    cloud.freeze()
    cloud.delays(training=3600, endpoint=600, stopping=0, tick=0)
    serves(cloud, "serve", ADA.role_arn, ADA)
    assert run(cloud).pending == ["endpoint serve is Creating"]
    cloud.advance(601)
    assert run(cloud).done["endpoints deleted"] == 1


def test_what_scales_an_endpoint_is_taken_away_before_it(cloud: Cloud) -> None:
    serves(cloud, "serve", ADA.role_arn, ADA)
    scaling = cloud.client("application-autoscaling")
    scaling.register_scalable_target(
        ServiceNamespace="sagemaker",
        ResourceId="endpoint/serve/variant/all",
        ScalableDimension="sagemaker:variant:DesiredInstanceCount",
        MinCapacity=1,
        MaxCapacity=2,
    )
    assert run(cloud).done["endpoints deleted"] == 1
    assert not scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]


def test_a_notebook_is_stopped_by_its_name_and_no_other(cloud: Cloud) -> None:
    client = cloud.client("sagemaker")
    for name in (ADA.notebook, "demo-notebook", "demonstration-ada-notebook"):
        client.create_notebook_instance(
            NotebookInstanceName=name, InstanceType="ml.t3.medium", RoleArn=ADA.role_arn
        )
    assert run(cloud).done["notebooks stopped"] == 1
    left = client.list_notebook_instances(StatusEquals="InService")["NotebookInstances"]
    assert {one["NotebookInstanceName"] for one in left} == {
        "demo-notebook",
        "demonstration-ada-notebook",
    }
