"""Releases of the SageMaker Python SDK that labs pin, in seats under enforced permissions.

``tests/sdk/lab.py`` is one lab, with names of its own. Each release runs it in an environment of a
notebook that was started by the script which CloudFormation deployed, for two seats one after the
other. The newest release of the SDK is that of ``test_sagemaker_sdk_seat.py``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from localcloud import process
from tests.support import sdk_seats
from tests.support.assemblies import ROOT
from tests.support.seats import ADA, BEN, Seats, tagged, two_seats
from workshop.naming import Names

pytestmark = pytest.mark.long

RELEASES = ("2.125", "2.163", "2.257")
SECONDS = 300
ENDED = ("training", "processing", "transform", "tuning")


@dataclass(frozen=True)
class Lesson:
    """What a seat's copy of the lab saw and said."""

    names: Names
    report: dict[str, Any]
    said: str


@pytest.fixture(scope="module")
def seats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seats]:
    with two_seats(tmp_path_factory.mktemp("seats"), **dict.fromkeys(ENDED, 0.0)) as made:
        process.set_delays(made.root.running, **dict.fromkeys(ENDED, 0.4), tick=0.1)
        yield made


@pytest.fixture(scope="module", params=RELEASES)
def lessons(
    request: pytest.FixtureRequest, seats: Seats, tmp_path_factory: pytest.TempPathFactory
) -> list[Lesson]:
    """The lab as ada runs it, and after her ben."""
    release: str = request.param
    packages = next(Path(f"{sys.prefix}-sdk-{release}", "lib").glob("python3*/site-packages"), None)
    assert packages is not None, "the release's environment is missing: make test-long makes it"
    found = []
    for names, cloud in ((ADA, seats.ada), (BEN, seats.ben)):
        made = sdk_seats.notebook(seats.root, names, tmp_path_factory.mktemp("notebook"), packages)
        lab = ROOT / "tests/sdk/lab.py"
        done = sdk_seats.run(made, seats.root, cloud, names, program=lab, seconds=SECONDS)
        assert done.returncode == 0, done.stderr
        found.append(Lesson(names, json.loads(done.stdout.splitlines()[-1]), done.stderr))
        assert found[-1].report["release"].startswith(f"{release}.")
    return found


def test_every_attendee_runs_the_lab_to_its_end_with_the_names_that_it_writes(
    lessons: list[Lesson],
) -> None:
    for lesson in lessons:
        seen = lesson.report
        assert seen["endpoint"] == ["abalone-live", "abalone-live"]
        assert seen["endpoint_arn"].endswith(f":endpoint/{lesson.names.job_prefix}abalone-live")
        assert (seen["answer"], seen["listed_endpoint"]) == (True, True)
        assert seen["pipeline"] == {
            "status": "Succeeded",
            "steps": {"TrainAbalone": "Succeeded", "Register-RegisterModel": "Succeeded"},
            "versions": lesson.report["pipeline"]["versions"],
            "name": "AbalonePipeline",
        }
        assert seen["tracked"] == {"experiment": "abalone", "run": "first", "runs": 1}


def test_the_sdks_bucket_is_the_seats_and_the_model_is_where_the_job_put_it(
    lessons: list[Lesson],
) -> None:
    for lesson in lessons:
        seen, bucket = lesson.report, lesson.names.bucket("data")
        assert seen["bucket"] == bucket
        assert seen["listed"] == ["abalone/input/train.csv"]
        job = f"{lesson.names.job_prefix}{seen['job']}"
        assert seen["model_data"] == f"s3://{bucket}/abalone/{job}/output/model.tar.gz"


def test_the_log_of_the_job_is_followed(lessons: list[Lesson]) -> None:
    for lesson in lessons:
        assert "s: training" in lesson.said
        assert "no log of" not in lesson.said


def test_what_was_made_carries_the_seats_tags_and_what_was_deleted_is_gone(
    lessons: list[Lesson], seats: Seats
) -> None:
    client = seats.root.client("sagemaker")
    for lesson in lessons:
        job = f"{lesson.names.job_prefix}{lesson.report['job']}"
        for kind, name in (
            ("training-job", job),
            # In ARNs pipelines are in small letters.
            ("pipeline", f"{lesson.names.job_prefix}abalonepipeline"),
            ("model-package-group", f"{lesson.names.job_prefix}AbaloneGroup"),
            ("experiment", f"{lesson.names.job_prefix}abalone"),
        ):
            arn = lesson.names.sagemaker_arn(kind, name)
            tags = client.list_tags(ResourceArn=arn)["Tags"]
            assert all(tag in tags for tag in tagged(lesson.names)), arn
    names = {each["EndpointName"] for each in client.list_endpoints()["Endpoints"]}
    assert not [name for name in names if name.endswith("abalone-live")]


def test_a_machine_that_is_not_open_is_refused_with_those_that_are(lessons: list[Lesson]) -> None:
    for lesson in lessons:
        assert lesson.report["refused"].endswith(
            "(workshop: ml.p3.16xlarge is not open for training here, ml.m5.large and ml.g5.xlarge"
            " are; ask the organiser, who can open it with access.training_instance_types)"
        )
