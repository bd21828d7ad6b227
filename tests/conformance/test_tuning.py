"""Conformance: hyper-parameter tuning jobs and the training jobs they make."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.support.conformance import Aws, listed
from tests.support.job_requests import made_once, tuning

JOB = {"HyperParameterTuningJobName": "tune"}
ARN = "arn:aws:sagemaker:us-east-1:000000000000:hyper-parameter-tuning-job/tune"


def start(aws: Aws, **limits: Any) -> tuple[str, str]:
    """Start a tuning job of four training jobs, two at a time; role and bucket."""
    place = made_once(aws)
    aws.sagemaker.create_hyper_parameter_tuning_job(**tuning(place, **limits))
    return place


def shown(aws: Aws) -> dict[str, Any]:
    found: dict[str, Any] = aws.sagemaker.describe_hyper_parameter_tuning_job(**JOB)
    return found


def status(aws: Aws) -> str:
    return str(shown(aws)["HyperParameterTuningJobStatus"])


def trials(aws: Aws, **asked: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = aws.sagemaker.list_training_jobs_for_hyper_parameter_tuning_job(
        **JOB, **asked
    )["TrainingJobSummaries"]
    return found


def counters(aws: Aws) -> dict[str, int]:
    found: dict[str, int] = shown(aws)["TrainingJobStatusCounters"]
    return {name: number for name, number in found.items() if number}


def test_training_jobs_follow_each_other_until_there_are_enough(aws: Aws) -> None:
    start(aws)
    assert counters(aws) == {"InProgress": 2}
    aws.pass_time()
    assert counters(aws) == {"Completed": 2, "InProgress": 2}
    assert status(aws) == "InProgress"
    aws.pass_time()
    assert counters(aws) == {"Completed": 4}
    assert status(aws) == "Completed"
    assert shown(aws)["HyperParameterTuningEndTime"] > shown(aws)["CreationTime"]


def test_a_jump_ahead_finds_what_would_have_been_by_then(aws: Aws) -> None:
    start(aws, MaxParallelTrainingJobs=1)
    aws.advance(250)
    made = [trial["CreationTime"].timestamp() for trial in trials(aws, SortBy="CreationTime")]
    assert [round(moment - made[0]) for moment in made] == [0, 60, 120, 180]
    assert status(aws) == "Completed"


def test_the_training_jobs_are_named_after_their_tuning_job(aws: Aws) -> None:
    start(aws)
    names = [trial["TrainingJobName"] for trial in trials(aws)]
    assert all(re.fullmatch(r"tune-00[12]-[0-9a-f]{8}", name) for name in names)
    assert names == sorted(names)


def test_the_training_jobs_are_the_same_persons(aws: Aws) -> None:
    role, bucket = start(aws)
    aws.sagemaker.add_tags(ResourceArn=ARN, Tags=[{"Key": "seat", "Value": "ada"}])
    aws.pass_time()
    first, last = trials(aws)[0], trials(aws)[-1]
    job = aws.sagemaker.describe_training_job(TrainingJobName=first["TrainingJobName"])
    assert (job["RoleArn"], job["TuningJobArn"]) == (role, ARN)
    assert job["ModelArtifacts"]["S3ModelArtifacts"] in {
        f"{bucket}/{key}" for key in aws.keys(bucket)
    }
    tags = aws.sagemaker.list_tags(ResourceArn=last["TrainingJobArn"])["Tags"]
    assert tags == [{"Key": "seat", "Value": "ada"}]


def test_each_training_job_tries_values_within_the_ranges(aws: Aws) -> None:
    start(aws)
    aws.pass_time(2)
    tried = [trial["TunedHyperParameters"] for trial in trials(aws)]
    for values in tried:
        assert values.keys() == {"depth", "eta", "kind"}
        assert 2 <= int(values["depth"]) <= 9
        assert 0 <= float(values["eta"]) <= 1
        assert values["kind"] in {"a", "b"}
    assert len({tuple(values.values()) for values in tried}) == 4
    job = aws.sagemaker.describe_training_job(TrainingJobName=trials(aws)[0]["TrainingJobName"])
    assert job["HyperParameters"] == {
        **tried[0],
        "epochs": "3",
        "_tuning_objective_metric": "accuracy",
    }


def test_a_grid_tries_every_combination_once(aws: Aws) -> None:
    request = tuning(made_once(aws))
    config = request["HyperParameterTuningJobConfig"]
    config["Strategy"] = "Grid"
    config["ResourceLimits"] = {"MaxParallelTrainingJobs": 6}
    config["ParameterRanges"] = {
        "CategoricalParameterRanges": [
            {"Name": "kind", "Values": ["a", "b"]},
            {"Name": "depth", "Values": ["1", "2", "3"]},
        ]
    }
    aws.sagemaker.create_hyper_parameter_tuning_job(**request)
    tried = [tuple(trial["TunedHyperParameters"].values()) for trial in trials(aws)]
    assert tried == [(kind, depth) for kind in "ab" for depth in "123"]


@pytest.mark.parametrize(("kind", "best"), [("Maximize", max), ("Minimize", min)])
def test_the_best_training_job_has_the_best_objective(aws: Aws, kind: str, best: Any) -> None:
    request = tuning(made_once(aws))
    objective = {"Type": kind, "MetricName": "accuracy"}
    request["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"] = objective
    aws.sagemaker.create_hyper_parameter_tuning_job(**request)
    assert "BestTrainingJob" not in shown(aws)
    aws.pass_time(2)
    metric = "FinalHyperParameterTuningJobObjectiveMetric"
    values = {trial["TrainingJobName"]: trial[metric]["Value"] for trial in trials(aws)}
    found = shown(aws)["BestTrainingJob"]
    assert found["TrainingJobName"] == best(values, key=lambda name: values[name])
    job = aws.sagemaker.describe_training_job(TrainingJobName=found["TrainingJobName"])
    assert job["FinalMetricDataList"][0]["Value"] == pytest.approx(found[metric]["Value"])


def test_objectives_are_counted(aws: Aws) -> None:
    start(aws)
    aws.pass_time()
    expected = {"Succeeded": 2, "Pending": 2, "Failed": 0}
    assert shown(aws)["ObjectiveStatusCounters"] == expected


def test_to_stop_a_tuning_job_stops_its_training_jobs(aws: Aws) -> None:
    start(aws)
    aws.advance(20)
    aws.sagemaker.stop_hyper_parameter_tuning_job(**JOB)
    assert status(aws) == "Stopping"
    assert {trial["TrainingJobStatus"] for trial in trials(aws)} == {"Stopping"}
    aws.pass_time()
    assert status(aws) == "Stopped"
    assert counters(aws) == {"Stopped": 2}
    aws.pass_time(3)
    assert len(trials(aws)) == 2


def test_another_training_job_takes_the_place_of_one_that_is_stopped(aws: Aws) -> None:
    start(aws, MaxParallelTrainingJobs=1)
    first = trials(aws)[0]["TrainingJobName"]
    aws.sagemaker.stop_training_job(TrainingJobName=first)
    aws.pass_time()
    assert counters(aws) == {"Stopped": 1, "InProgress": 1}


def test_a_tuning_job_gives_up_when_nothing_succeeds(aws: Aws) -> None:
    request = tuning(made_once(aws), MaxNumberOfTrainingJobs=9, MaxParallelTrainingJobs=1)
    request["TrainingJobDefinition"]["OutputDataConfig"] = {"S3OutputPath": "s3://not-there"}
    aws.sagemaker.create_hyper_parameter_tuning_job(**request)
    aws.pass_time(5)
    job = shown(aws)
    assert job["HyperParameterTuningJobStatus"] == "Failed"
    assert job["FailureReason"] == (
        "No training job succeeded after 5 attempts. Please take a look at the training job "
        "failures to get more details."
    )


def test_only_a_job_in_progress_can_be_stopped(aws: Aws) -> None:
    start(aws)
    aws.pass_time(2)
    assert aws.refusal("stop_hyper_parameter_tuning_job", **JOB).endswith("in status Completed.")


def test_a_deleted_tuning_job_leaves_its_training_jobs(aws: Aws) -> None:
    start(aws)
    aws.pass_time(2)
    aws.sagemaker.delete_hyper_parameter_tuning_job(**JOB)
    assert status(aws) == "Deleting"
    aws.pass_time()
    assert aws.refusal("describe_hyper_parameter_tuning_job", **JOB).startswith(
        "ResourceNotFound: Amazon SageMaker can't find a tuning job"
    )
    assert aws.refusal("delete_hyper_parameter_tuning_job", **JOB).startswith(
        "ResourceNotFound: Amazon SageMaker can't find a tuning job"
    )
    assert len(aws.sagemaker.list_training_jobs()["TrainingJobSummaries"]) == 4


def test_a_training_job_can_be_deleted_before_its_tuning_job(aws: Aws) -> None:
    start(aws)
    aws.pass_time()
    gone = trials(aws)[0]["TrainingJobName"]
    aws.sagemaker.delete_training_job(TrainingJobName=gone)
    aws.pass_time()
    assert gone not in {trial["TrainingJobName"] for trial in trials(aws)}
    assert status(aws) == "Completed"


def test_the_name_of_a_tuning_job_is_taken_once(aws: Aws) -> None:
    place = start(aws)
    assert aws.refusal("create_hyper_parameter_tuning_job", **tuning(place)) == (
        "ResourceInUse: A hyperparameter tuning job with the name, tune, already exists. Choose a "
        "different name."
    )


def test_the_role_must_be_one_that_sagemaker_can_assume(aws: Aws) -> None:
    request = tuning(("arn:aws:iam::000000000000:role/nobody", aws.bucket()))
    assert aws.refusal("create_hyper_parameter_tuning_job", **request).startswith(
        "ValidationException: Could not assume role"
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"TrainingJobDefinition": None}, "TrainingJobDefinition"),
        ({"HyperParameterTuningJobConfig": "no objective"}, "objective"),
    ],
)
def test_what_says_not_enough_is_refused(aws: Aws, change: dict[str, Any], words: str) -> None:
    request = tuning(made_once(aws))
    if "TrainingJobDefinition" in change:
        del request["TrainingJobDefinition"]
    else:
        del request["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"]
    assert words in aws.refusal("create_hyper_parameter_tuning_job", **request)


def test_several_definitions_take_turns(aws: Aws) -> None:
    request = tuning(made_once(aws))
    config = request["HyperParameterTuningJobConfig"]
    own = {
        "TuningObjective": config.pop("HyperParameterTuningJobObjective"),
        "HyperParameterRanges": config.pop("ParameterRanges"),
    }
    definition = request.pop("TrainingJobDefinition")
    request["TrainingJobDefinitions"] = [
        {**definition, **own, "DefinitionName": name} for name in ("one", "two")
    ]
    aws.sagemaker.create_hyper_parameter_tuning_job(**request)
    assert [trial["TrainingJobDefinitionName"] for trial in trials(aws)] == ["one", "two"]


def test_the_training_jobs_are_listed_as_asked(aws: Aws) -> None:
    start(aws, MaxNumberOfTrainingJobs=26, MaxParallelTrainingJobs=10)
    aws.pass_time()
    operation = "list_training_jobs_for_hyper_parameter_tuning_job"
    names = [
        job["TrainingJobName"]
        for job in listed(aws.sagemaker, operation, "TrainingJobSummaries", 7, **JOB)
    ]
    assert names == sorted(names)
    assert len(names) == 20
    assert len(trials(aws, StatusEquals="InProgress", MaxResults=100)) == 10
    rated = trials(aws, SortBy="FinalObjectiveMetricValue", MaxResults=100)
    metric = "FinalHyperParameterTuningJobObjectiveMetric"
    values = [job[metric]["Value"] for job in rated]
    assert (len(values), values) == (10, sorted(values))
    backwards = trials(aws, SortOrder="Descending", MaxResults=100)
    assert [job["TrainingJobName"] for job in backwards] == names[::-1]


def test_every_tuning_job_is_listed_once(aws: Aws) -> None:
    place = made_once(aws)
    names = [f"tune{number:02}" for number in range(26)]
    for name in reversed(names):
        request = tuning(place, name, MaxNumberOfTrainingJobs=1, MaxParallelTrainingJobs=1)
        aws.sagemaker.create_hyper_parameter_tuning_job(**request)
    found = listed(
        aws.sagemaker,
        "list_hyper_parameter_tuning_jobs",
        "HyperParameterTuningJobSummaries",
        10,
    )
    assert [job["HyperParameterTuningJobName"] for job in found] == names
    assert found[0]["Strategy"] == "Bayesian"
    assert found[0]["ResourceLimits"]["MaxParallelTrainingJobs"] == 1


def test_tuning_jobs_are_filtered_by_status(aws: Aws) -> None:
    start(aws)

    def number(status: str) -> int:
        found = aws.sagemaker.list_hyper_parameter_tuning_jobs(StatusEquals=status)
        return len(found["HyperParameterTuningJobSummaries"])

    assert (number("InProgress"), number("Completed")) == (1, 0)
    aws.pass_time(2)
    assert (number("InProgress"), number("Completed")) == (0, 1)
