"""The main job through the real CDK command line, on the local cloud over HTTP."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from stacks import app
from tests.support.assemblies import ROOT
from tests.support.cdk_command import Cdk, without_aws
from tests.support.local_cloud import Cloud
from tests.support.usual_stacks import USUAL_STACKS
from workshop import errors

NOBODY = (
    "workshop: no seat 'nobody' in environment 'demo'; known: grace, ada, alan, edsger, zoe;"
    " see all with: workshop roster -e demo"
)
DEPLOY = ("--all", "--require-approval", "never", "--concurrency", "8")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A copy of the shipped configuration that a test may change."""
    folder = tmp_path / "config"
    shutil.copytree(ROOT / "config", folder)
    return folder


@pytest.fixture
def cdk(cloud: Cloud, tmp_path: Path, config: Path) -> Cdk:
    return Cdk(cloud.environment(), tmp_path / "cdk.out", {"env": "demo", "config": str(config)})


def stacks(cloud: Cloud) -> set[str]:
    """Every stack that is not deleted."""
    listed = cloud.client("cloudformation").describe_stacks()["Stacks"]
    return {stack["StackName"] for stack in listed}


def buckets(cloud: Cloud) -> set[str]:
    return {bucket["Name"] for bucket in cloud.client("s3").list_buckets()["Buckets"]}


def dashboards(cloud: Cloud) -> int:
    return len(cloud.client("cloudwatch").list_dashboards()["DashboardEntries"])


def notebook(cloud: Cloud) -> dict[str, Any]:
    """Ada's, as SageMaker describes it."""
    described: dict[str, Any] = cloud.client("sagemaker").describe_notebook_instance(
        NotebookInstanceName="demo-ada-notebook"
    )
    return described


@pytest.mark.long
def test_a_seat_is_deployed_changed_and_destroyed_without_a_trace(
    cloud: Cloud, cdk: Cdk, config: Path
) -> None:
    seat = {"attendee": "ada"}
    cdk.succeed("deploy", *DEPLOY, **seat)
    wanted = {f"demo-ada-{kind}" for kind in USUAL_STACKS}
    assert stacks(cloud) == {"demo-cohort-start", "demo-cohort", "demo-cohort-watch", *wanted}
    before = notebook(cloud)
    assert (before["NotebookInstanceStatus"], before["VolumeSizeInGB"]) == ("InService", 20)

    same = cdk.succeed_again("diff", "--fail")
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
    assert updated.count("(no changes)") == len(USUAL_STACKS) + 2
    after = notebook(cloud)
    assert (after["NotebookInstanceStatus"], after["VolumeSizeInGB"]) == ("InService", 25)
    assert after["NotebookInstanceArn"] == before["NotebookInstanceArn"]

    cdk.succeed_again("destroy", "--all", "--force")
    assert stacks(cloud) == set()
    assert buckets(cloud) == set()
    assert cloud.client("ecr").describe_repositories()["repositories"] == []
    iam = cloud.client("iam")
    assert iam.list_roles(PathPrefix="/ws/")["Roles"] == []
    assert iam.list_policies(Scope="Local")["Policies"] == []
    assert dashboards(cloud) == 0
    assert cloud.client("sagemaker").list_notebook_instances()["NotebookInstances"] == []


@pytest.mark.long
def test_one_seat_goes_alone_and_the_cohort_stays_for_the_others(
    cloud: Cloud, cdk: Cdk, tmp_path: Path
) -> None:
    cdk.succeed("deploy", *DEPLOY, attendee="ada,alan")
    everything = stacks(cloud)

    alone = dataclasses.replace(cdk, output=tmp_path / "ada")
    refused = alone.run("destroy", "--all", "--force", attendee="ada")
    assert refused.code != 0
    assert "demo-cohort" in refused.text
    left = stacks(cloud)
    assert left == {stack for stack in everything if not stack.startswith("demo-ada-")}
    # The boundary refused to go, and the datasets and the dashboard went no further than it.
    assert "demo-cohort-datasets-000000000000-us-east-1" in buckets(cloud)
    assert dashboards(cloud) == 2

    cdk.succeed_again("destroy", "demo-alan-*", "--force")
    assert stacks(cloud) == {"demo-cohort", "demo-cohort-start", "demo-cohort-watch"}


def test_a_used_bucket_is_not_deleted_and_its_stack_says_what_to_run(
    cloud: Cloud, cdk: Cdk
) -> None:
    cdk.succeed("deploy", "demo-ada-storage", "--require-approval", "never", attendee="ada")
    bucket = "demo-ada-data-000000000000-us-east-1"
    cloud.client("s3").put_object(Bucket=bucket, Key="train/a.csv", Body=b"1")

    refused = cdk.again("destroy", "demo-ada-storage", "--force")
    assert refused.code != 0
    assert "not empty" in refused.text
    client = cloud.client("cloudformation")
    (stack,) = client.describe_stacks(StackName="demo-ada-storage")["Stacks"]
    assert stack["Description"].endswith("workshop teardown -e demo --only SEAT")
    outputs = {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}
    assert outputs["Teardown"] == "workshop teardown -e demo --only ada"
    assert cloud.client("s3").get_object(Bucket=bucket, Key="train/a.csv")["Body"].read() == b"1"

    [version] = cloud.client("s3").list_object_versions(Bucket=bucket)["Versions"]
    cloud.client("s3").delete_object(
        Bucket=bucket, Key="train/a.csv", VersionId=version["VersionId"]
    )
    cdk.succeed_again("destroy", "demo-ada-storage", "--force")
    assert "demo-ada-storage" not in stacks(cloud)
    assert bucket not in buckets(cloud)


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
        ({"env": "demo", "attendee": "nobody"}, NOBODY),
    ],
)
def test_a_wrong_name_is_one_sentence_with_the_known_names(
    context: dict[str, str],
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(errors.ERROR_FILE, str(tmp_path / "error"))
    code = app.main(context)
    assert code != 0
    assert capsys.readouterr().err.splitlines() == [sentence]
    noted = errors.of_document(json.loads((tmp_path / "error").read_text()))
    assert (noted.exit_code, noted.lines()) == (code, [sentence])


def test_the_sentence_is_told_by_cdk(tmp_path: Path) -> None:
    cdk = Cdk(without_aws(), tmp_path / "cdk.out")
    answer = cdk.run("ls", env="demo", attendee="nobody")
    assert answer.code == 1
    assert NOBODY in answer.text.splitlines()
    assert "Traceback" not in answer.text


@pytest.mark.long
def test_ls_names_the_stacks_of_the_chosen_seats(tmp_path: Path) -> None:
    listed = Cdk(without_aws(), tmp_path / "cdk.out").succeed("ls", env="demo", attendee="zoe,ada")
    names = [line for line in listed.splitlines() if line.startswith("demo-")]
    assert {*names[:3]} == {"demo-cohort-start", "demo-cohort", "demo-cohort-watch"}
    assert {name.split("-")[1] for name in names} == {"cohort", "zoe", "ada"}
    assert len(names) == 13
