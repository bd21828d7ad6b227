"""The main job through the real CDK command line, on the local cloud over HTTP."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.assemblies import ROOT, exemplars, shipped
from tests.support.cdk_command import Cdk, without_aws
from tests.support.local_cloud import Cloud
from workshop.naming import SEAT_STACKS

DEPLOY = ("--all", "--require-approval", "never", "--concurrency", "8")
AWS = Path(sys.executable).with_name("aws")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A copy of the shipped configuration that a test may change."""
    folder = tmp_path / "config"
    shutil.copytree(ROOT / "config", folder)
    return folder


@pytest.fixture
def cdk(cloud: Cloud, tmp_path: Path, config: Path) -> Cdk:
    return Cdk(cloud.environment(), tmp_path / "cdk.out", {"env": "demo", "config": str(config)})


def aws(cloud: Cloud, *words: str) -> object:
    """The AWS command line's own view of the local cloud."""
    done = subprocess.run(
        [str(AWS), *words, "--output", "json"],
        env=cloud.environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return json.loads(done.stdout)


def stacks(cloud: Cloud) -> set[str]:
    """Every stack that is not deleted, by the AWS command line."""
    listed = aws(
        cloud,
        *("cloudformation", "list-stacks"),
        *("--query", "StackSummaries[?StackStatus!='DELETE_COMPLETE'].StackName"),
    )
    assert isinstance(listed, list)
    return set(listed)


def test_a_seat_is_deployed_changed_and_destroyed_without_a_trace(
    cloud: Cloud, cdk: Cdk, config: Path
) -> None:
    seat = {"attendee": "ada"}
    cdk.succeed("deploy", *DEPLOY, **seat)
    wanted = {f"demo-ada-{kind}" for kind in SEAT_STACKS}
    assert stacks(cloud) == {"demo-cohort", *wanted}
    described = ("sagemaker", "describe-notebook-instance", "--notebook-instance-name")
    before = aws(cloud, *described, "demo-ada-notebook")
    assert isinstance(before, dict)
    assert (before["NotebookInstanceStatus"], before["VolumeSizeInGB"]) == ("InService", 20)

    same = cdk.succeed("diff", "--fail", **seat)
    assert "Number of stacks with differences: 0" in same

    demo = config / "demo.yaml"
    demo.write_text(demo.read_text().replace("volume_gb: 20", "volume_gb: 25"))
    changed = cdk.run("diff", "--fail", **seat)
    assert changed.code == 1
    assert "Number of stacks with differences: 1" in changed.text
    marks = [line for line in changed.text.splitlines() if re.match(r"\[[+~-]\]", line)]
    assert len(marks) == 1, marks
    assert '"VolumeSizeInGB":"20"' in marks[0]
    assert '"VolumeSizeInGB":"25"' in marks[0]

    updated = cdk.succeed_again("deploy", *DEPLOY)
    assert updated.count("(no changes)") == len(SEAT_STACKS)
    after = aws(cloud, *described, "demo-ada-notebook")
    assert isinstance(after, dict)
    assert (after["NotebookInstanceStatus"], after["VolumeSizeInGB"]) == ("InService", 25)
    assert after["NotebookInstanceArn"] == before["NotebookInstanceArn"]

    cdk.succeed_again("destroy", "--all", "--force")
    assert stacks(cloud) == set()
    assert aws(cloud, "s3api", "list-buckets", "--query", "Buckets[].Name") in ([], None)
    assert aws(cloud, "ecr", "describe-repositories", "--query", "repositories") == []
    assert aws(cloud, "iam", "list-roles", "--path-prefix", "/ws/", "--query", "Roles") == []
    assert aws(cloud, "iam", "list-policies", "--scope", "Local", "--query", "Policies") == []
    assert aws(cloud, "cloudwatch", "list-dashboards", "--query", "DashboardEntries") == []
    assert aws(cloud, "sagemaker", "list-notebook-instances", "--query", "NotebookInstances") == []


def test_one_seat_goes_alone_and_the_cohort_stays_for_the_others(cloud: Cloud, cdk: Cdk) -> None:
    cdk.succeed("deploy", *DEPLOY, attendee="ada,alan")
    everything = stacks(cloud)

    refused = cdk.run("destroy", "--all", "--force", attendee="ada")
    assert refused.code != 0
    assert "demo-cohort" in refused.text
    left = stacks(cloud)
    assert left == {stack for stack in everything if not stack.startswith("demo-ada-")}
    # The boundary refused to go, and the datasets and the dashboard went no further than it.
    kept = aws(cloud, "s3api", "list-buckets", "--query", "Buckets[].Name")
    assert isinstance(kept, list)
    assert "demo-cohort-datasets-000000000000-us-east-1" in kept
    assert aws(cloud, "cloudwatch", "list-dashboards", "--query", "length(DashboardEntries)") == 2

    cdk.succeed("destroy", "demo-alan-*", "--force", attendee="alan")
    assert stacks(cloud) == {"demo-cohort"}


def test_a_used_bucket_is_not_deleted_and_its_stack_says_what_to_run(
    cloud: Cloud, cdk: Cdk
) -> None:
    cdk.succeed("deploy", "demo-ada-storage", "--require-approval", "never", attendee="ada")
    bucket = "demo-ada-data-000000000000-us-east-1"
    cloud.client("s3").put_object(Bucket=bucket, Key="train/a.csv", Body=b"1")

    refused = cdk.again("destroy", "demo-ada-storage", "--force")
    assert refused.code != 0
    assert "not empty" in refused.text
    told = aws(cloud, "cloudformation", "describe-stacks", "--stack-name", "demo-ada-storage")
    assert isinstance(told, dict)
    (stack,) = told["Stacks"]
    assert stack["Description"].endswith("workshop teardown -e demo --only SEAT")
    outputs = {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}
    assert outputs["Teardown"] == "workshop teardown -e demo --only ada"
    assert cloud.client("s3").get_object(Bucket=bucket, Key="train/a.csv")["Body"].read() == b"1"


@pytest.mark.parametrize("name", ["demo", "dev", "prod"])
def test_synth_needs_no_credentials_and_writes_what_the_tests_look_at(
    name: str, tmp_path: Path
) -> None:
    """The flags that templates depend on hold under ``cdk`` and in the tests alike."""
    nobody = {**without_aws(), "HOME": str(tmp_path), "CI": "true"}
    assembly = shipped(name)
    seats = ",".join(exemplars(assembly.loaded).values())
    Cdk(nobody, tmp_path / "cdk.out").succeed("synth", "--quiet", env=name, attendee=seats)
    for stack in assembly.stacks():
        written = (tmp_path / "cdk.out" / f"{stack}.template.json").read_text()
        assert written == assembly.text(stack), stack


@pytest.mark.parametrize(
    ("context", "sentence"),
    [
        ({}, "workshop: which environment? Add '-c env=NAME'; known: demo, dev, prod"),
        ({"env": "nope"}, "workshop: no environment 'nope' in config/; known: demo, dev, prod"),
        (
            {"env": "demo", "atendee": "ada"},
            "workshop: unknown context key 'atendee'; did you mean '-c attendee='?",
        ),
        (
            {"env": "demo", "attendee": " , "},
            "workshop: '-c attendee=' names nobody; name a seat, or leave it out for all",
        ),
        (
            {"env": "demo", "attendee": "nobody"},
            "workshop: no attendee 'nobody' in environment 'demo';"
            " known: grace, ada, alan, edsger, zoe",
        ),
    ],
)
def test_a_wrong_name_is_one_sentence_with_the_known_names(
    context: dict[str, str], sentence: str, tmp_path: Path
) -> None:
    answer = Cdk(without_aws(), tmp_path / "cdk.out").run("ls", **context)
    assert answer.code == 1
    assert sentence in answer.text.splitlines()
    assert "Traceback" not in answer.text


def test_ls_names_the_stacks_of_the_chosen_seats(tmp_path: Path) -> None:
    listed = Cdk(without_aws(), tmp_path / "cdk.out").succeed("ls", env="demo", attendee="zoe,ada")
    names = [line for line in listed.splitlines() if line.startswith("demo-")]
    assert names[0] == "demo-cohort"
    assert {name.split("-")[1] for name in names} == {"cohort", "zoe", "ada"}
    assert len(names) == 11
