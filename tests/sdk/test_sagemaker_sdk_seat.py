"""The SageMaker Python SDK under enforced permissions, used by somebody who knows of no tags.

``tests/sdk/newcomer.py`` runs once with the credentials of ada's role, in an environment of a
notebook that was started by the script which CloudFormation deployed; then ada's things and all
others are looked at.
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
from tests.support import cloud_contents, sdk_seats
from tests.support.assemblies import ROOT
from tests.support.cloud_contents import Held
from tests.support.local_cloud import Cloud
from tests.support.seats import ADA, BEN, tagged, two_seats
from workbench.scripts import workshop_names

pytestmark = pytest.mark.long

PACKAGES = next(Path(f"{sys.prefix}-sdk", "lib").glob("python3*/site-packages"), None)
SECONDS = 240
ENDED = ("training", "processing", "transform", "tuning")


@dataclass(frozen=True)
class Lesson:
    """What ada's program saw and said, and what others had before and after it."""

    root: Cloud
    report: dict[str, Any]
    said: str
    before: Held
    after: Held

    def tags(self, kind: str, name: str, longest: int = 63) -> list[dict[str, str]]:
        """What a thing of ada's is tagged with, which she knows by a name of her own."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("WORKSHOP_JOB_PREFIX", ADA.job_prefix)
            arn = ADA.sagemaker_arn(kind, workshop_names.prefixed(name, longest))
        found = self.root.client("sagemaker").list_tags(ResourceArn=arn)
        tags: list[dict[str, str]] = found["Tags"]
        return tags


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lesson]:
    # What the seats have before is finished, so that time alone changes nothing of it.
    with two_seats(tmp_path_factory.mktemp("seats"), **dict.fromkeys(ENDED, 0.0)) as seats:
        before = cloud_contents.of_others(seats.root, ADA)
        process.set_delays(seats.root.running, **dict.fromkeys(ENDED, 0.4), tick=0.1)
        assert PACKAGES is not None, "the SDK's environment is missing: make test makes it"
        folder = tmp_path_factory.mktemp("notebook")
        made = sdk_seats.notebook(seats.root, ADA, folder, PACKAGES)
        program = ROOT / "tests/sdk/newcomer.py"
        done = sdk_seats.run(made, seats.root, seats.ada, ADA, program=program, seconds=SECONDS)
        assert done.returncode == 0, done.stderr
        yield Lesson(
            seats.root,
            json.loads(done.stdout),
            done.stderr,
            before,
            cloud_contents.of_others(seats.root, ADA),
        )


def test_all_of_it_was_done_by_adas_role(story: Lesson) -> None:
    role = ADA.role_arn.rpartition("/")[2]
    assert f":assumed-role/{role}/" in story.report["who"]
    assert story.report["training"]["status"] == "Completed"
    assert story.report["serving"]["variant"] == "AllTraffic"
    assert story.report["pipeline"] == {
        "status": "Succeeded",
        "steps": dict.fromkeys(("prepare", "train", "package"), "Succeeded"),
    }


def test_what_was_made_without_tags_carries_the_seats(story: Lesson) -> None:
    seen, serving = story.report, story.report["serving"]
    for kind, name in (
        ("training-job", seen["training"]["name"]),
        ("processing-job", seen["processing"]["name"]),
        ("transform-job", serving["transform"]),
        ("hyper-parameter-tuning-job", seen["tuning"]),
        ("model", serving["model"]),
        ("endpoint", serving["endpoint"]),
        ("model-package-group", "newcomers"),
        ("pipeline", "newcomers"),
        ("experiment", "newcomers"),
    ):
        assert not name.startswith(ADA.job_prefix)
        found = story.tags(kind, name, 32 if "tuning" in kind else 63)
        assert all(tag in found for tag in tagged(ADA)), kind


def test_what_the_steps_of_the_pipeline_made_carries_them_and_her_prefix_too(
    story: Lesson,
) -> None:
    client = story.root.client("sagemaker")
    jobs = client.list_training_jobs(NameContains="-train-")["TrainingJobSummaries"]
    jobs += client.list_processing_jobs(NameContains="-prepare-")["ProcessingJobSummaries"]
    jobs += client.list_models(NameContains="-package-")["Models"]
    arns = [value for job in jobs for name, value in job.items() if name.endswith("Arn")]
    steps = [arn.rpartition("/")[2].removeprefix(ADA.job_prefix).partition("-")[0] for arn in arns]
    assert steps == ["train", "prepare", "package"]
    for arn in arns:
        assert all(tag in client.list_tags(ResourceArn=arn)["Tags"] for tag in tagged(ADA))


def test_what_she_made_got_her_prefix_and_was_found_by_the_names_that_she_knew(
    story: Lesson,
) -> None:
    seen = story.report["by_hand"]
    assert seen["served"] == seen["found"] == seen["name"]
    real = seen["arn"].rpartition("/")[2]
    assert real.startswith(f"{ADA.job_prefix}abalone-xxx")
    assert len(real) == 63
    models = story.root.client("sagemaker").list_models(MaxResults=100)["Models"]
    names = {model["ModelName"] for model in models}
    assert real not in names
    assert [name for name in names if not name.startswith((ADA.job_prefix, BEN.job_prefix))] == []
    assert story.said.count("workshop: names of what you make begin with demo-ada- here") == 1


@pytest.mark.parametrize(("job", "line"), [("training", "training"), ("processing", "processing")])
def test_the_log_of_a_job_that_the_sdk_named_is_followed(
    story: Lesson, job: str, line: str
) -> None:
    assert not story.report[job]["name"].startswith(ADA.job_prefix)
    assert f": {line}" in story.said
    assert "no log of" not in story.said


def test_nobody_else_has_lost_or_gained_a_thing(story: Lesson) -> None:
    kept = {what: story.after.get(what) for what in story.before}
    changed = cloud_contents.changed(story.before, kept)
    # His endpoint goes on, and with it its own log and readings.
    assert {what for what in changed if "/aws/sagemaker/Endpoints" not in what} == set()
    # What is new is ada's: SageMaker itself makes it, without tags, for jobs that lack her prefix.
    new = "\n".join(story.after.keys() - story.before.keys())
    assert BEN.job_prefix not in new
