"""The SageMaker Python SDK under enforced permissions, used by somebody who knows of no tags.

``tests/sdk/newcomer.py`` runs once with the credentials of ada's role, in an environment of a
notebook that was started by the script which CloudFormation deployed; then ada's things and all
others are looked at.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from localcloud import process
from tests.support import cloud_contents
from tests.support.assemblies import ROOT
from tests.support.lifecycle_scripts import Sandbox
from tests.support.seats import ADA, BEN, tagged, two_seats

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.cloud_contents import Held
    from tests.support.local_cloud import Cloud

PACKAGES = next(Path(f"{sys.prefix}-sdk", "lib").glob("python3*/site-packages"), None)
SECONDS = 240
ENDED = ("training", "processing", "transform", "tuning")

OPT_OUT = """
SchemaVersion: "1.0"
SageMaker: {PythonSDK: {Modules: {TelemetryOptOut: true}}}
"""


@dataclass(frozen=True)
class Lesson:
    """What ada's program saw and said, and what others had before and after it."""

    root: Cloud
    report: dict[str, Any]
    said: str
    before: Held
    after: Held

    def tags(self, kind: str, name: str) -> list[dict[str, str]]:
        """What a thing of ada's is tagged with."""
        found = self.root.client("sagemaker").list_tags(ResourceArn=ADA.sagemaker_arn(kind, name))
        tags: list[dict[str, str]] = found["Tags"]
        return tags


def notebook(root: Cloud, folder: Path) -> Sandbox:
    """Start ada's notebook with the script that is deployed."""
    found = root.client("sagemaker").describe_notebook_instance_lifecycle_config(
        NotebookInstanceLifecycleConfigName=ADA.lifecycle_config
    )
    script = base64.b64decode(found["OnStart"][0]["Content"]).decode()
    made = Sandbox(folder)
    assert PACKAGES is not None, "the SDK's environment is missing: make test makes it"
    made.environment("python3", str(PACKAGES))
    assert made.run(script).returncode == 0
    return made


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lesson]:
    # What the seats have before is finished, so that time alone changes nothing of it.
    with two_seats(tmp_path_factory.mktemp("seats"), **dict.fromkeys(ENDED, 0.0)) as seats:
        before = cloud_contents.of_others(seats.root, ADA)
        process.set_delays(seats.root.running, **dict.fromkeys(ENDED, 0.4), tick=0.1)
        made = notebook(seats.root, tmp_path_factory.mktemp("notebook"))
        (made.root / "user.yaml").write_text(OPT_OUT)
        given = seats.ada.credentials
        done = subprocess.run(
            [
                made.root / "home/ec2-user/anaconda3/envs/python3/bin/python",
                ROOT / "tests/sdk/newcomer.py",
            ],
            cwd=made.home,
            env={
                **seats.root.environment(),
                **{name.upper(): value for name, value in given.items()},
                "AWS_REGION": ADA.region,
                "AWS_DEFAULT_REGION": ADA.region,
                "HOME": str(made.root),
                "SAGEMAKER_ADMIN_CONFIG_OVERRIDE": str(made.root / "etc/xdg/sagemaker/config.yaml"),
                "SAGEMAKER_USER_CONFIG_OVERRIDE": str(made.root / "user.yaml"),
                "WORKSHOP_MODEL_PREFIX": ADA.job_prefix,
            },
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
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
        ("pipeline", f"{ADA.job_prefix}newcomers"),
        ("experiment", "newcomers"),
    ):
        for tag in tagged(ADA):
            assert tag in story.tags(kind, name), kind


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


def test_models_got_her_prefix_and_were_found_by_the_names_that_she_knew(story: Lesson) -> None:
    seen = story.report["by_hand"]
    assert seen["served"] == seen["found"]
    assert seen["found"].startswith(f"{ADA.job_prefix}abalone-xxx")
    assert len(seen["found"]) == 63
    assert story.report["serving"]["model"].startswith(ADA.job_prefix)
    models = story.root.client("sagemaker").list_models(MaxResults=100)["Models"]
    names = {model["ModelName"] for model in models}
    assert seen["found"] not in names
    assert [name for name in names if not name.startswith((ADA.job_prefix, BEN.job_prefix))] == []
    assert story.said.count("workshop: names of models begin with demo-ada- here") == 1


@pytest.mark.parametrize("job", ["training", "processing"])
def test_a_log_that_is_closed_is_said_once_and_ends_nothing(story: Lesson, job: str) -> None:
    name = story.report[job]["name"]
    assert not name.startswith(ADA.job_prefix)
    assert story.said.count(f"workshop: no log of {name}: you can read those of jobs") == 1


def test_nobody_else_has_lost_or_gained_a_thing(story: Lesson) -> None:
    kept = {what: story.after.get(what) for what in story.before}
    changed = cloud_contents.changed(story.before, kept)
    # His endpoint goes on, and with it its own log and readings.
    assert {what for what in changed if "/aws/sagemaker/Endpoints" not in what} == set()
    # What is new is ada's: SageMaker itself makes it, without tags, for jobs that lack her prefix.
    new = "\n".join(story.after.keys() - story.before.keys())
    assert BEN.job_prefix not in new
