"""Jobs of the local cloud at the end of quotas and machines, stuck, or after a restart."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud import ministack_adapter
from localcloud.clock import Clock
from localcloud.sagemaker.engine import SageMakerEngine
from localcloud.sagemaker.service import build_engine
from localcloud.transitions import delays
from tests.support.conformance import Aws
from tests.support.job_requests import (
    TRAINING_LOGS,
    automl,
    machines,
    made_once,
    processing,
    training,
    tuning,
)
from tests.support.local_cloud import TRUST, Cloud

GPU = {**machines(), "InstanceType": "ml.p3.2xlarge"}
WARM = machines(KeepAlivePeriodInSeconds=600)
SPOT = {
    "EnableManagedSpotTraining": True,
    "StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 60},
}


def limit(cloud: Cloud, amount: int, name: str = "ml.m5.large for training job usage") -> None:
    cloud.quotas(sagemaker={name: amount})


def pool(aws: Aws, name: str) -> str | None:
    found = aws.sagemaker.describe_training_job(TrainingJobName=name)
    status: str | None = found.get("WarmPoolStatus", {}).get("Status")
    return status


def test_a_training_job_says_with_which_key_it_encrypts_also_where_that_is_none(aws: Aws) -> None:
    place = made_once(aws)
    aws.sagemaker.create_training_job(**training(place, "job"))
    found = aws.sagemaker.describe_training_job(TrainingJobName="job")
    assert found["OutputDataConfig"]["KmsKeyId"] == ""


# --- quotas -------------------------------------------------------------------------------------


def test_a_job_beyond_the_quota_of_its_type_is_refused_until_another_ends(
    aws: Aws, cloud: Cloud
) -> None:
    limit(cloud, 2)
    place = made_once(aws)
    aws.sagemaker.create_training_job(**training(place, "a", ResourceConfig=machines(2)))
    assert aws.refusal("create_training_job", **training(place, "b")).startswith(
        "ResourceLimitExceeded: The account-level service limit 'ml.m5.large for training job "
        "usage' is 2 Instances, with current utilization of 2 Instances and a request delta of 1 "
        "Instances."
    )
    aws.sagemaker.stop_training_job(TrainingJobName="a")
    assert "ResourceLimitExceeded" in aws.refusal("create_training_job", **training(place, "b"))
    aws.pass_time()
    aws.sagemaker.create_training_job(**training(place, "b"))


def test_spot_machines_have_a_quota_of_their_own(aws: Aws, cloud: Cloud) -> None:
    limit(cloud, 0)
    place = made_once(aws)
    aws.sagemaker.create_training_job(**training(place, "spot", **SPOT))
    limit(cloud, 0, "ml.m5.large for spot training job usage")
    assert "spot training job usage" in (
        aws.refusal("create_training_job", **training(place, "more", **SPOT))
    )


@pytest.mark.parametrize(
    "quota",
    [
        "Number of instances across all training jobs",
        "Maximum number of instances per training job",
    ],
)
def test_machines_are_counted_over_all_types_and_within_a_job(
    aws: Aws, cloud: Cloud, quota: str
) -> None:
    limit(cloud, 1, quota)
    request = training(made_once(aws), ResourceConfig=machines(2))
    assert quota in aws.refusal("create_training_job", **request)


@pytest.mark.parametrize(
    "quota",
    [
        "ml.m5.large for processing job usage",
        "Number of instances across all processing jobs",
        "Maximum number of instances per processing job",
    ],
)
def test_processing_jobs_have_quotas_of_their_own(aws: Aws, cloud: Cloud, quota: str) -> None:
    limit(cloud, 0, quota)
    assert quota in aws.refusal("create_processing_job", **processing(made_once(aws)))


def test_a_tuning_job_is_refused_that_asks_for_too_many_machines_at_a_time(
    aws: Aws, cloud: Cloud
) -> None:
    limit(cloud, 1)
    place = made_once(aws)
    assert "request delta of 2" in (
        aws.refusal("create_hyper_parameter_tuning_job", **tuning(place))
    )
    request = tuning(place, MaxParallelTrainingJobs=11)
    assert "can run in parallel at once" in (
        aws.refusal("create_hyper_parameter_tuning_job", **request)
    )


def test_a_tuning_job_waits_for_machines_that_others_took(aws: Aws, cloud: Cloud) -> None:
    limit(cloud, 2)
    place = made_once(aws)
    aws.sagemaker.create_hyper_parameter_tuning_job(**tuning(place))
    aws.advance(20)
    first = aws.sagemaker.list_training_jobs()["TrainingJobSummaries"][0]["TrainingJobName"]
    limit(cloud, 1)
    aws.sagemaker.stop_training_job(TrainingJobName=first)
    aws.pass_time(5)
    found = aws.sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName="tune")
    assert found["HyperParameterTuningJobStatus"] == "Completed"
    assert found["TrainingJobStatusCounters"]["Completed"] == 3


def test_a_tuning_job_fails_that_finds_no_machines_at_all(aws: Aws, cloud: Cloud) -> None:
    request = tuning(made_once(aws), MaxNumberOfTrainingJobs=2, MaxParallelTrainingJobs=1)
    aws.sagemaker.create_hyper_parameter_tuning_job(**request)
    limit(cloud, 0)
    first = aws.sagemaker.list_training_jobs()["TrainingJobSummaries"][0]["TrainingJobName"]
    aws.sagemaker.stop_training_job(TrainingJobName=first)
    aws.pass_time()
    found = aws.sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName="tune")
    assert "ml.m5.large for training job usage" in found["FailureReason"]


def test_automl_jobs_are_counted(aws: Aws, cloud: Cloud) -> None:
    quota = "Maximum number of concurrent AutoML Jobs"
    limit(cloud, 1, quota)
    place = made_once(aws)
    aws.sagemaker.create_auto_ml_job_v2(**automl(place))
    assert quota in aws.refusal("create_auto_ml_job_v2", **automl(place, "more"))


def test_an_automl_job_fails_whose_jobs_find_no_machines(aws: Aws, cloud: Cloud) -> None:
    limit(cloud, 0, "ml.m5.4xlarge for processing job usage")
    aws.sagemaker.create_auto_ml_job_v2(**automl(made_once(aws)))
    aws.pass_time()
    found = aws.sagemaker.describe_auto_ml_job_v2(AutoMLJobName="auto")
    assert "ml.m5.4xlarge for processing job usage" in found["FailureReason"]


# --- warm pools and quotas ----------------------------------------------------------------------


def test_a_warm_pool_beyond_its_quota_is_not_kept_and_refused_to_nobody(
    aws: Aws, cloud: Cloud
) -> None:
    limit(cloud, 1, "ml.m5.large for training warm pool usage")
    place = made_once(aws)
    for name in ("a", "b"):
        aws.sagemaker.create_training_job(**training(place, name, ResourceConfig=WARM))
    aws.pass_time()
    assert [pool(aws, name) for name in ("a", "b")] == ["Available", None]
    aws.sagemaker.delete_training_job(TrainingJobName="b")


def test_waiting_machines_count_among_those_of_jobs(aws: Aws, cloud: Cloud) -> None:
    limit(cloud, 1)
    place = made_once(aws)
    aws.sagemaker.create_training_job(**training(place, "a", ResourceConfig=WARM))
    aws.pass_time()
    other = training((aws.role("other"), place[1]), "b")
    assert "current utilization of 1" in aws.refusal("create_training_job", **other)
    aws.sagemaker.create_training_job(**training(place, "c", ResourceConfig=WARM))
    assert (pool(aws, "a"), pool(aws, "c")) == ("Reused", "InUse")
    aws.pass_time()
    aws.advance(600)
    aws.sagemaker.create_training_job(**other)


# --- faults -------------------------------------------------------------------------------------


def test_a_job_without_capacity_fails_before_it_has_started(aws: Aws, cloud: Cloud) -> None:
    limit(cloud, 2, "ml.p3.2xlarge for training job usage")
    cloud.faults({"effect": "capacity", "instance_type": "ml.p3.*", "times": 1})
    place = made_once(aws)
    for name in ("first", "second"):
        aws.sagemaker.create_training_job(**training(place, name, ResourceConfig=GPU))
    aws.advance(6)
    found = aws.sagemaker.describe_training_job(TrainingJobName="first")
    assert found["FailureReason"].startswith("CapacityError: ")
    states = [transition["Status"] for transition in found["SecondaryStatusTransitions"]]
    assert states == ["Starting", "Failed"]
    assert "TrainingStartTime" not in found
    assert aws.streams(TRAINING_LOGS) == []
    aws.pass_time()
    found = aws.sagemaker.describe_training_job(TrainingJobName="second")
    assert found["TrainingJobStatus"] == "Completed"


def test_a_job_that_sticks_goes_on_writing_its_log(aws: Aws, cloud: Cloud) -> None:
    cloud.faults({"effect": "stuck", "noun": "TrainingJob", "status": "Stopping"})
    aws.sagemaker.create_training_job(**training(made_once(aws)))
    aws.advance(20)
    aws.sagemaker.stop_training_job(TrainingJobName="job")
    aws.pass_time(3)
    aws.client("logs").delete_log_group(logGroupName=TRAINING_LOGS)
    aws.advance(10)
    assert len(aws.streams(TRAINING_LOGS)) == 1
    cloud.faults()
    aws.pass_time()
    found = aws.sagemaker.describe_training_job(TrainingJobName="job")
    assert found["TrainingJobStatus"] == "Stopped"


def test_a_warm_pool_that_sticks_keeps_its_job(aws: Aws, cloud: Cloud) -> None:
    cloud.faults({"effect": "stuck", "noun": "WarmPool", "status": "Available"})
    aws.sagemaker.create_training_job(**training(made_once(aws), ResourceConfig=WARM))
    aws.pass_time()
    zero = {"KeepAlivePeriodInSeconds": 0}
    aws.sagemaker.update_training_job(TrainingJobName="job", ResourceConfig=zero)
    assert pool(aws, "job") == "Available"
    with pytest.raises(ClientError):
        aws.sagemaker.delete_training_job(TrainingJobName="job")


def test_another_account_sees_no_jobs_and_shares_no_quota(aws: Aws, cloud: Cloud) -> None:
    limit(cloud, 1)
    aws.sagemaker.create_training_job(**training(made_once(aws)))
    other = cloud.client("sagemaker", account="111122223333")
    assert other.list_training_jobs()["TrainingJobSummaries"] == []
    role = cloud.client("iam", account="111122223333").create_role(
        RoleName="seat", AssumeRolePolicyDocument=json.dumps(TRUST)
    )["Role"]["Arn"]
    other.create_training_job(**training((role, "s3://conformance-bucket")))


# --- restarts -----------------------------------------------------------------------------------


class Restarted:
    """An engine over a hand-turned source of time that can be thrown away and restored."""

    def __init__(self) -> None:
        self.time = 1_000_000.0
        self.engine = self._new()

    def _new(self) -> SageMakerEngine:
        waits = delays({"training": 60, "stopping": 60, "tuning": 60, "tick": 0})
        return build_engine(Clock(lambda: self.time), waits)

    def restart(self) -> None:
        kept = json.loads(json.dumps(self.engine.snapshot()))
        self.engine = self._new()
        self.engine.restore(kept)

    def call(self, operation: str, **request: Any) -> dict[str, Any]:
        return self.engine.call(operation, request)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Restarted:
    """An engine with the role ``seat`` and an empty bucket ``b``."""
    role = {
        "Arn": "arn:aws:iam::000000000000:role/seat",
        "AssumeRolePolicyDocument": json.dumps(TRUST),
    }
    monkeypatch.setattr(ministack_adapter.module("services.iam"), "_roles", {"seat": role})
    monkeypatch.setattr(ministack_adapter.module("services.s3"), "_buckets", {"b": {"objects": {}}})
    return Restarted()


PLACE = ("arn:aws:iam::000000000000:role/seat", "s3://b")
NAME = {"TrainingJobName": "job"}


def test_jobs_and_warm_pools_go_on_after_a_restart(machine: Restarted) -> None:
    machine.call("CreateTrainingJob", **training(PLACE, ResourceConfig=WARM))
    machine.time += 30
    machine.restart()
    machine.time += 30
    job = machine.call("DescribeTrainingJob", **NAME)
    assert (job["TrainingJobStatus"], job["WarmPoolStatus"]["Status"]) == ("Completed", "Available")
    machine.restart()
    machine.time += 600
    job = machine.call("DescribeTrainingJob", **NAME)
    assert job["WarmPoolStatus"]["Status"] == "Terminated"


def test_a_tuning_job_goes_on_after_a_restart(machine: Restarted) -> None:
    machine.call("CreateHyperParameterTuningJob", **tuning(PLACE))
    machine.restart()
    machine.time += 120
    name = {"HyperParameterTuningJobName": "tune"}
    found = machine.call("DescribeHyperParameterTuningJob", **name)
    assert found["HyperParameterTuningJobStatus"] == "Completed"
    assert found["TrainingJobStatusCounters"]["Completed"] == 4
