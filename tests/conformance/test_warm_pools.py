"""Conformance: warm pools of training jobs."""

from __future__ import annotations

from typing import Any

from tests.support.conformance import Aws
from tests.support.job_requests import machines, made_once, training
from tests.support.training_jobs import ARN, JOB, shown, start


def pool(aws: Aws, name: str = "job") -> dict[str, Any]:
    found: dict[str, Any] = shown(aws, name)["WarmPoolStatus"]
    return found


def warm(seconds: int = 600, **more: Any) -> dict[str, Any]:
    return machines(KeepAlivePeriodInSeconds=seconds, **more)


def test_a_warm_pool_is_available_after_its_job_for_as_long_as_asked(aws: Aws) -> None:
    start(aws, ResourceConfig=warm(600))
    assert "WarmPoolStatus" not in shown(aws)
    aws.pass_time()
    assert pool(aws)["Status"] == "Available"
    aws.advance(599)
    assert pool(aws) == {"Status": "Available", "ResourceRetainedBillableTimeInSeconds": 599}
    aws.advance(60)
    assert pool(aws) == {"Status": "Terminated", "ResourceRetainedBillableTimeInSeconds": 600}


def test_a_job_that_keeps_a_warm_pool_cannot_be_deleted(aws: Aws) -> None:
    start(aws, ResourceConfig=warm())
    aws.pass_time()
    assert aws.refusal("delete_training_job", **JOB).startswith("ResourceInUse: ")
    aws.advance(600)
    aws.sagemaker.delete_training_job(**JOB)


def test_a_new_job_has_nothing_to_do_with_the_warm_pool_of_one_of_its_name(aws: Aws) -> None:
    place = start(aws, ResourceConfig=warm(10))
    aws.pass_time()
    aws.advance(10)
    aws.sagemaker.delete_training_job(**JOB)
    aws.pass_time()
    aws.sagemaker.create_training_job(**training(place))
    assert "WarmPoolStatus" not in shown(aws)


def test_an_update_to_zero_seconds_ends_a_warm_pool(aws: Aws) -> None:
    start(aws, ResourceConfig=warm())
    aws.pass_time()
    answer = aws.sagemaker.update_training_job(
        **JOB, ResourceConfig={"KeepAlivePeriodInSeconds": 0}
    )
    assert answer["TrainingJobArn"] == ARN
    assert pool(aws)["Status"] == "Terminated"
    aws.sagemaker.delete_training_job(**JOB)


def test_an_update_can_keep_a_warm_pool_for_longer(aws: Aws) -> None:
    start(aws, ResourceConfig=warm(100))
    aws.pass_time()
    aws.sagemaker.update_training_job(**JOB, ResourceConfig={"KeepAlivePeriodInSeconds": 200})
    aws.advance(150)
    assert pool(aws)["Status"] == "Available"
    assert shown(aws)["ResourceConfig"]["KeepAlivePeriodInSeconds"] == 200
    aws.advance(50)
    assert pool(aws)["Status"] == "Terminated"


def test_a_job_like_the_one_before_reuses_its_warm_pool(aws: Aws) -> None:
    place = start(aws, ResourceConfig=warm())
    aws.pass_time()
    aws.advance(30)
    aws.sagemaker.create_training_job(**training(place, "next", ResourceConfig=warm(100)))
    assert pool(aws) == {
        "Status": "Reused",
        "ResourceRetainedBillableTimeInSeconds": 30,
        "ReusedByJob": "next",
    }
    assert pool(aws, "next")["Status"] == "InUse"
    aws.pass_time()
    assert pool(aws, "next")["Status"] == "Available"
    aws.sagemaker.delete_training_job(**JOB)


def test_a_reused_warm_pool_ends_with_a_job_that_keeps_none(aws: Aws) -> None:
    place = start(aws, ResourceConfig=warm())
    aws.pass_time()
    aws.sagemaker.create_training_job(**training(place, "next"))
    aws.pass_time()
    assert pool(aws, "next")["Status"] == "Terminated"


def test_a_job_unlike_the_one_before_leaves_its_warm_pool_alone(aws: Aws) -> None:
    place = start(aws, ResourceConfig=warm())
    aws.pass_time()
    other = training((aws.role("other"), place[1]), "next", ResourceConfig=warm())
    aws.sagemaker.create_training_job(**other)
    more = training(place, "more", ResourceConfig=warm(InstanceCount=2))
    aws.sagemaker.create_training_job(**more)
    assert pool(aws)["Status"] == "Available"


def test_jobs_are_filtered_by_their_warm_pools(aws: Aws) -> None:
    place = start(aws, ResourceConfig=warm())
    aws.sagemaker.create_training_job(**training(place, "cold"))
    aws.pass_time()
    found = aws.sagemaker.list_training_jobs(WarmPoolStatusEquals="Available")
    assert [summary["TrainingJobName"] for summary in found["TrainingJobSummaries"]] == ["job"]
    assert found["TrainingJobSummaries"][0]["WarmPoolStatus"]["Status"] == "Available"


def test_a_stopped_job_keeps_its_warm_pool_too(aws: Aws) -> None:
    start(aws, ResourceConfig=warm())
    aws.advance(20)
    aws.sagemaker.stop_training_job(**JOB)
    aws.pass_time()
    assert pool(aws)["Status"] == "Available"


def test_a_warm_pool_is_not_for_spot_machines(aws: Aws) -> None:
    condition = {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 60}
    request = training(
        made_once(aws),
        EnableManagedSpotTraining=True,
        StoppingCondition=condition,
        ResourceConfig=warm(),
    )
    assert "managed spot training" in aws.refusal("create_training_job", **request)


def test_only_an_available_warm_pool_can_be_updated(aws: Aws) -> None:
    start(aws, ResourceConfig=warm())
    change = {"ResourceConfig": {"KeepAlivePeriodInSeconds": 0}}
    assert "Available" in aws.refusal("update_training_job", **JOB, **change)
    aws.pass_time()
    aws.advance(600)
    assert "Available" in aws.refusal("update_training_job", **JOB, **change)


def test_an_update_must_ask_for_something(aws: Aws) -> None:
    start(aws)
    assert aws.refusal("update_training_job", **JOB) == (
        "ValidationException: Invalid UpdateTrainingJobRequest, the request cannot be empty"
    )
