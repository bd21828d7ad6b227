"""The demo tells the truth: it finds what is left, fails when a step fails, and leaves no cloud."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest

from localcloud import process
from tests.support import machines
from tests.support.assemblies import ROOT
from tests.support.cdk_command import without_aws
from tests.support.local_cloud import TRUST, Cloud
from workshop.cli import demo, one_run
from workshop.demo import own_copy
from workshop.demo import program as child
from workshop.demo.cdk_command import CdkCommand
from workshop.demo.leftovers import leftovers
from workshop.environments import loader
from workshop.errors import GuardError, UsageError, WorkshopError

WORKSHOP = Path(sys.executable).with_name("workshop")
NOTHING = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
)


WITH_SIGNALS = """\
import os, signal, sys
for sign in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
    signal.signal(sign, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])
"""
"""Starts a command as a terminal would, even where the tests run with signals ignored."""


@pytest.fixture
def session(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> boto3.Session:
    for name, value in cloud.environment().items():
        monkeypatch.setenv(name, value)
    return boto3.Session()


def make_one_of_each(cloud: Cloud, name: str) -> None:
    """One thing of each kind that the stacks can make, called ``name`` or in its folder."""
    cloud.client("s3").create_bucket(Bucket=name)
    cloud.client("ecr").create_repository(repositoryName=f"{name.partition('-')[0]}/x")
    iam, sagemaker = cloud.client("iam"), cloud.client("sagemaker")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]
    iam.create_policy(PolicyName=name, PolicyDocument=NOTHING)
    sagemaker.create_notebook_instance(
        NotebookInstanceName=name, InstanceType="ml.t3.medium", RoleArn=role["Arn"]
    )
    sagemaker.create_notebook_instance_lifecycle_config(NotebookInstanceLifecycleConfigName=name)
    _make_an_instance(cloud, name)
    cloud.client("cloudwatch").put_dashboard(DashboardName=name, DashboardBody='{"widgets":[]}')
    cloud.deploy(
        name, json.dumps({"Resources": {"X": {"Type": "AWS::CloudFormation::WaitConditionHandle"}}})
    )


def _make_an_instance(cloud: Cloud, name: str) -> None:
    ec2 = cloud.client("ec2")
    cloud.client("iam").create_instance_profile(InstanceProfileName=name)
    group = ec2.create_security_group(GroupName=f"box-{name}", Description="of a test")["GroupId"]
    tagged = [{"Key": "Name", "Value": name}]
    ec2.run_instances(
        ImageId=machines.image(cloud.client),
        InstanceType="g5.xlarge",
        MinCount=1,
        MaxCount=1,
        SecurityGroupIds=[group],
        TagSpecifications=[
            {"ResourceType": kind, "Tags": tagged} for kind in ("instance", "volume")
        ],
    )


def test_whatever_is_left_of_the_workshop_is_found_and_nothing_of_others(
    cloud: Cloud, session: boto3.Session
) -> None:
    make_one_of_each(cloud, "lab-x")
    make_one_of_each(cloud, "laboratory-x")
    found = leftovers(session, "lab")
    assert found.pop("repositories") == ["lab/x"]
    assert set(found) == {
        *("stacks", "buckets", "roles", "policies"),
        *("notebooks", "lifecycle configs", "dashboards"),
        *("EC2 instances", "volumes", "security groups", "instance profiles"),
    }
    assert {kind: names for kind, names in found.items() if names != ["lab-x"]} == {}


def test_every_page_is_read(cloud: Cloud, session: boto3.Session) -> None:
    for number in range(101):
        cloud.client("sagemaker").create_notebook_instance_lifecycle_config(
            NotebookInstanceLifecycleConfigName=f"lab-{number:03d}"
        )
    assert len(leftovers(session, "lab")["lifecycle configs"]) == 101


def test_the_shipped_environment_has_a_seat_more_whose_machine_is_an_ec2_instance(
    tmp_path: Path,
) -> None:
    shipped = loader.load("demo", demo.SHIPPED)
    made = own_copy.with_gpu_seat(shipped, tmp_path / "copy")
    boxed = [seat.id for seat in made.seats if made.settings.profiles[seat.profile].has_box]
    assert boxed == ["barbara"]
    assert [seat.id for seat in made.seats if seat.id not in boxed] == [
        seat.id for seat in shipped.seats
    ]
    assert made.seats[-1].id == shipped.seats[-1].id
    assert made.path == tmp_path / "copy" / "demo.yaml"


def test_a_failing_cdk_ends_in_a_sentence_with_the_last_lines(tmp_path: Path) -> None:
    # Without a cdk.json it is the installed app that runs.
    cdk = CdkCommand(tmp_path, tmp_path / "logs", without_aws())
    with pytest.raises(WorkshopError) as told:
        cdk.run("ls", "-c", "env=nope", "-c", f"config={ROOT / 'config'}")
    text = str(told.value)
    assert text.startswith(f"cdk ls failed with exit code 1; all of its output is in {tmp_path}")
    assert f"no environment 'nope' in {ROOT / 'config'}/; known: demo, dev, prod" in text


def test_where_there_is_no_cdk_it_is_told_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    cdk = CdkCommand(tmp_path, tmp_path / "logs", {"PATH": str(tmp_path)})
    assert cdk.program is None
    with pytest.raises(UsageError, match=r"; install it with: npm install -g aws-cdk@2$"):
        cdk.run("ls")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the configuration, and a cdk.json whose app never ends."""
    shutil.copytree(ROOT / "config", tmp_path / "config")
    (tmp_path / "cdk.json").write_text(json.dumps({"app": "echo synthesizing; sleep 600"}))
    return tmp_path


def test_a_second_demo_in_the_same_folder_is_refused_and_a_later_one_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with one_run.alone(demo.STATE_DIR, "demo"):
        with pytest.raises(GuardError) as refused, one_run.alone(demo.STATE_DIR, "demo"):
            pytest.fail("the first still runs")
        assert str(refused.value) == "another demo runs in this folder; wait until it has ended"
    with one_run.alone(demo.STATE_DIR, "demo"):
        assert (tmp_path / demo.STATE_DIR / "demo.lock").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "sign", [signal.SIGTERM, pytest.param(signal.SIGHUP, marks=pytest.mark.long), signal.SIGINT]
)
def test_an_interrupted_demo_fails_and_stops_its_cloud(folder: Path, sign: int) -> None:
    state_dir = folder / ".workshop" / "demo-cloud"
    with subprocess.Popen(
        [sys.executable, "-c", WITH_SIGNALS, str(WORKSHOP), "demo"],
        cwd=folder,
        env=without_aws(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as story:
        assert story.stderr is not None
        assert any(line.startswith("2. workshop image pin") for line in story.stderr)
        assert process.status(state_dir) is not None
        os.kill(story.pid, sign)
        try:
            story.communicate(timeout=120)
        finally:
            story.kill()
        assert story.returncode > 0
    assert process.status(state_dir) is None


def test_a_signal_while_a_program_is_being_started_ends_that_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    started: list[subprocess.Popen[str]] = []

    class Hit(subprocess.Popen[str]):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            started.append(self)
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(subprocess, "Popen", Hit)
    with pytest.raises(KeyboardInterrupt), child.running(["sleep", "600"], os.environ):
        pytest.fail("it was broken off before")
    assert started[0].returncode == -signal.SIGTERM
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_program_that_takes_its_time_to_end_is_waited_for_and_then_killed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(child, "GRACE", 0.5)
    deaf = (
        "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "print('ready', flush=True); signal.pause()"
    )
    ended: list[subprocess.Popen[str]] = []

    def broken_off() -> None:
        with child.running([sys.executable, "-c", deaf], os.environ, heard=True) as started:
            ended.append(started)
            assert started.stdout is not None
            assert started.stdout.readline() == "ready\n"
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        broken_off()
    assert ended[0].wait() == -signal.SIGKILL
