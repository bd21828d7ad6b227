"""A training script on a seat's EC2 instance, with that instance's credentials and no others.

The instance's own user data runs for real, in a folder: it reads its set-up from the cohort's
parameters, and the Python that it sets up runs ``tests/sdk/baseline.py`` under enforced
permissions.
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from localcloud import process
from tests.support import sdk_seats
from tests.support.assemblies import ROOT
from tests.support.box_assembly import boxed_demo
from tests.support.lifecycle_scripts import Sandbox
from tests.support.local_cloud import IAM, Cloud
from workshop.naming import Names

ADA, BEN = (Names("demo", seat, "000000000000", "us-east-1") for seat in ("ada", "ben"))
PACKAGES = str(Path(boto3.__file__).parents[1])
IMAGES = {"train/normal/a.txt": "1", "train/normal/b.txt": "2", "train/lesion/a.txt": "8"}


@dataclass(frozen=True)
class Trained:
    """What the script printed, and the cloud afterwards."""

    root: Cloud
    box: Cloud
    instance: str
    machine: Sandbox
    told: dict[str, Any]


def _seat(root: Cloud, names: Names, kinds: tuple[str, ...]) -> None:
    parameters = [{"ParameterKey": "AttendeeId", "ParameterValue": names.seat}]
    for kind in kinds:
        text = boxed_demo().text(ADA.stack(kind))
        status = root.deploy(names.stack(kind), text, Parameters=parameters, **IAM)
        assert status == "CREATE_COMPLETE", root.reasons(names.stack(kind), "CREATE_FAILED")


def _booted(box: Cloud, user_data: str, folder: Path) -> Sandbox:
    """Run the user data of an instance in a folder, where ``aws`` is the real one."""
    machine = Sandbox(folder)
    for name in ("useradd", "usermod", "id", "curl", "shutdown", "sleep"):
        machine.command(name)
    machine.command("getent", "exit 2")
    given = {
        **{name.upper(): value for name, value in box.credentials.items()},
        "AWS_ENDPOINT_URL": box.endpoint,
    }
    exports = "; ".join(f"export {key}={value}" for key, value in given.items())
    aws = Path(sys.executable).with_name("aws")
    machine.command("aws", f'{exports}; exec {sys.executable} {aws} "$@"')
    machine.environment("python3", PACKAGES)
    done = machine.run(user_data)
    assert (done.returncode, done.stderr) == (0, "")
    assert not (machine.home / "WORKSHOP-START.txt").exists()
    return machine


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trained]:
    state_dir = tmp_path_factory.mktemp("cloud")
    at_once = dict.fromkeys(("instance", "agent", "training", "tick"), 0.0)
    root = Cloud(process.start(state_dir, enforce_iam=True, delays=at_once).running, state_dir)
    try:
        root.quotas(region=ADA.region, ec2={"L-DB2E81BA": 64})
        for kind in ("cohort-start", "cohort"):
            assert root.deploy(f"demo-{kind}", boxed_demo().text(f"demo-{kind}"), **IAM)
        _seat(root, ADA, ("storage", "registry", "access", "box"))
        _seat(root, BEN, ("storage",))
        for key, value in IMAGES.items():
            root.client("s3").put_object(Bucket=ADA.bucket("data"), Key=key, Body=value.encode())
        ec2 = root.client("ec2")
        (held,) = ec2.describe_instances()["Reservations"]
        instance = held["Instances"][0]["InstanceId"]
        asked = {"InstanceId": instance, "Attribute": "userData"}
        encoded = ec2.describe_instance_attribute(**asked)["UserData"]["Value"]
        box = root.as_box(instance)
        user_data = base64.b64decode(encoded).decode()
        machine = _booted(box, user_data, tmp_path_factory.mktemp("machine"))
        program = ROOT / "tests/sdk/baseline.py"
        done = sdk_seats.run(machine, root, box, ADA, program=program, seconds=120)
        assert done.returncode == 0, done.stderr
        yield Trained(root, box, instance, machine, json.loads(done.stdout))
    finally:
        process.stop(state_dir)


def test_it_reads_its_data_and_writes_a_model_to_the_seats_bucket(trained: Trained) -> None:
    stored = trained.root.client("s3").get_object(
        Bucket=ADA.bucket("data"), Key="models/baseline/model.json"
    )
    assert json.loads(stored["Body"].read()) == {"lesion": 8.0, "normal": 1.5}


def test_it_starts_a_job_of_the_seat_under_a_name_of_its_own(trained: Trained) -> None:
    told = trained.told
    assert told["who"].endswith(f":assumed-role/{ADA.role}/{trained.instance}")
    assert told["status"] == "Completed"
    assert told["artifact"].startswith(f"s3://{ADA.bucket('data')}/output/")
    sagemaker = trained.root.client("sagemaker")
    job = sagemaker.describe_training_job(TrainingJobName="demo-ada-spine-densenet")
    assert told["job"] == job["TrainingJobArn"]
    assert job["RoleArn"] == ADA.role_arn
    tags = {
        one["Key"]: one["Value"] for one in sagemaker.list_tags(ResourceArn=told["job"])["Tags"]
    }
    assert (tags["attendee"], tags["workshop"]) == ("ada", "demo")


def test_the_same_script_reaches_nothing_of_a_neighbour(trained: Trained) -> None:
    s3, theirs = trained.box.client("s3"), BEN.bucket("data")
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.list_objects_v2(Bucket=theirs)
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.put_object(Bucket=theirs, Key="models/mine", Body=b"1")
