"""Conformance: what holds for every type of job that runs on machines of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.conformance import Aws, listed
from tests.support.job_requests import (
    IMAGE,
    compilation,
    made_once,
    output,
    processing,
    put,
    training,
    transform,
)

NOWHERE = {"S3OutputPath": "s3://not-there/out"}


@dataclass(frozen=True)
class JobType:
    """One type of job: its request, and a member of it with which its output goes nowhere."""

    noun: str
    request: Callable[..., dict[str, Any]]
    without_bucket: dict[str, Any]
    newest_first: bool = False

    @property
    def words(self) -> str:
        return f"{self.noun.lower()}_job"

    def call(self, aws: Aws, verb: str, name: str = "job") -> dict[str, Any]:
        """Call an operation that takes nothing but the name of a job."""
        named = {f"{self.noun}JobName": name}
        answer: dict[str, Any] = getattr(aws.sagemaker, f"{verb}_{self.words}")(**named)
        return answer

    def create(
        self, aws: Aws, place: tuple[str, str], name: str = "job", **more: Any
    ) -> dict[str, Any]:
        """Create a job in a place that ``prepared`` made."""
        create = getattr(aws.sagemaker, f"create_{self.words}")
        answer: dict[str, Any] = create(**self.request(place, name, **more))
        return answer

    def start(self, aws: Aws, **more: Any) -> None:
        """Create the first job of a test."""
        self.create(aws, prepared(aws), **more)

    def status(self, aws: Aws) -> str:
        """Return its status, which compilation jobs have in capital letters."""
        return str(self.call(aws, "describe")[f"{self.noun}JobStatus"])

    def list(self, aws: Aws, **asked: Any) -> list[str]:
        """Return the names of a listing's first page."""
        found = getattr(aws.sagemaker, f"list_{self.words}s")(**asked)
        return [one[f"{self.noun}JobName"] for one in found[f"{self.noun}JobSummaries"]]


TRAINING = JobType("Training", training, {"OutputDataConfig": NOWHERE})
PROCESSING = JobType(
    "Processing",
    processing,
    {"ProcessingOutputConfig": {"Outputs": [output("s3://not-there/out")]}},
)
TRANSFORM = JobType("Transform", transform, {"TransformOutput": NOWHERE}, newest_first=True)
COMPILATION = JobType(
    "Compilation",
    compilation,
    {"OutputConfig": {"S3OutputLocation": "s3://not-there/out", "TargetDevice": "ml_c5"}},
)


def of_types(*types: JobType) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("job", types, ids=lambda job: job.noun)


every_type = of_types(TRAINING, PROCESSING, TRANSFORM, COMPILATION)


def prepared(aws: Aws) -> tuple[str, str]:
    """Make what the requests of all types name, and give role and bucket."""
    place = made_once(aws)
    aws.sagemaker.create_model(
        ModelName="model", ExecutionRoleArn=place[0], PrimaryContainer={"Image": IMAGE}
    )
    put(aws, "in/model.tar.gz")
    return place


@every_type
def test_a_job_starts_runs_and_completes(aws: Aws, job: JobType) -> None:
    job.start(aws)
    assert f"{job.noun}StartTime" not in job.call(aws, "describe")
    aws.pass_time()
    seen = job.call(aws, "describe")
    assert seen[f"{job.noun}JobStatus"].lower() == "completed"
    assert seen["CreationTime"] < seen[f"{job.noun}StartTime"] < seen[f"{job.noun}EndTime"]


@every_type
def test_a_stopped_job_is_stopping_before_it_is_stopped(aws: Aws, job: JobType) -> None:
    job.start(aws)
    job.call(aws, "stop")
    assert job.status(aws).lower() == "stopping"
    aws.pass_time()
    assert job.status(aws).lower() == "stopped"


@every_type
def test_a_job_that_has_ended_cannot_be_stopped(aws: Aws, job: JobType) -> None:
    job.start(aws)
    aws.pass_time()
    named = {f"{job.noun}JobName": "job"}
    assert aws.refusal(f"stop_{job.words}", **named) == (
        f"ValidationException: The request was rejected because the {job.noun.lower()} job is in "
        f"status {job.status(aws)}."
    )


@of_types(TRAINING, PROCESSING)
@pytest.mark.parametrize("running", ["InProgress", "Stopping"])
def test_a_running_job_cannot_be_deleted(aws: Aws, job: JobType, running: str) -> None:
    job.start(aws)
    if running == "Stopping":
        job.call(aws, "stop")
    named = {f"{job.noun}JobName": "job"}
    assert aws.refusal(f"delete_{job.words}", **named).startswith("ResourceInUse: ")
    assert job.status(aws) == running


@of_types(TRAINING, PROCESSING, COMPILATION)
def test_the_role_must_be_one_that_sagemaker_can_assume(aws: Aws, job: JobType) -> None:
    _, bucket = prepared(aws)
    request = job.request(("arn:aws:iam::000000000000:role/nobody", bucket))
    assert aws.refusal(f"create_{job.words}", **request) == (
        "ValidationException: Could not assume role arn:aws:iam::000000000000:role/nobody. Please "
        "ensure that the role exists and allows principal 'sagemaker.amazonaws.com' to assume the "
        "role."
    )


@every_type
def test_a_job_fails_whose_role_went_before_it(aws: Aws, job: JobType) -> None:
    job.start(aws)
    aws.client("iam").delete_role(RoleName="seat")
    aws.pass_time()
    assert "Cannot assume role" in job.call(aws, "describe")["FailureReason"]


@every_type
def test_a_job_fails_without_its_output_bucket(aws: Aws, job: JobType) -> None:
    job.start(aws, **job.without_bucket)
    aws.pass_time()
    seen = job.call(aws, "describe")
    assert seen[f"{job.noun}JobStatus"].lower() == "failed"
    assert seen["FailureReason"].startswith("ClientError: Artifact upload failed:")


@of_types(TRAINING, PROCESSING, TRANSFORM)
@pytest.mark.parametrize("amount", [26, 101])
def test_every_job_is_listed_once_whatever_the_number(aws: Aws, job: JobType, amount: int) -> None:
    place = prepared(aws)
    names = [f"job{number:03}" for number in range(amount)]
    for name in names:
        job.create(aws, place, name)
    found = listed(aws.sagemaker, f"list_{job.words}s", f"{job.noun}JobSummaries", 25)
    in_order = names[::-1] if job.newest_first else names
    assert [one[f"{job.noun}JobName"] for one in found] == in_order


@of_types(PROCESSING, TRANSFORM)
def test_jobs_are_listed_as_asked(aws: Aws, job: JobType) -> None:
    place = prepared(aws)
    for name in ("b", "a"):
        job.create(aws, place, name)
        aws.advance(1)
    job.call(aws, "stop", "a")
    assert job.list(aws) == (["a", "b"] if job.newest_first else ["b", "a"])
    assert job.list(aws, SortOrder="Ascending") == ["b", "a"]
    assert job.list(aws, SortOrder="Descending") == ["a", "b"]
    assert job.list(aws, SortBy="Name", SortOrder="Ascending") == ["a", "b"]
    assert job.list(aws, StatusEquals="Stopping") == ["a"]
    assert job.list(aws, NameContains="b") == ["b"]


@every_type
def test_a_job_carries_its_tags(aws: Aws, job: JobType) -> None:
    tags = [{"Key": "seat", "Value": "ada"}]
    job.start(aws, Tags=tags)
    arn = job.call(aws, "describe")[f"{job.noun}JobArn"]
    assert aws.sagemaker.list_tags(ResourceArn=arn)["Tags"] == tags
