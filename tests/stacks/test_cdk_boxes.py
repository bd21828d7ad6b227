"""EC2 instances of seats by plain CDK: its command line makes them on the local cloud."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from stacks.app import TEMPLATE_LIMIT
from stacks.cdk_yaml import as_cdk_sends
from tests.support import box_assembly, config_folder, gpu_boxes
from tests.support.box_assembly import boxed_demo
from tests.support.cdk_command import Cdk
from tests.support.local_cloud import IAM, Cloud

DEPLOY = ("--require-approval", "never", "--concurrency", "8")


@pytest.fixture
def cdk(cloud: Cloud, tmp_path: Path) -> Cdk:
    """CDK's command line in a workshop with two profiles, and room for their instances."""
    cloud.quotas(region=box_assembly.REGION, ec2={"L-DB2E81BA": 64})
    config = tmp_path / "config"
    config_folder.write(config, f"{box_assembly.TEXT}{box_assembly.PROFILES}\n", "demo")
    (config / "people.csv").write_text(box_assembly.ROSTER, encoding="utf-8")
    box_assembly.write_pins(config)
    return Cdk(cloud.environment(), tmp_path / "cdk.out", {"env": "demo", "config": str(config)})


def stacks(cloud: Cloud) -> set[str]:
    listed = cloud.client("cloudformation").describe_stacks()["Stacks"]
    return {stack["StackName"] for stack in listed}


def machines(cloud: Cloud) -> dict[str, dict[str, Any]]:
    """Every instance that is not gone, by its name."""
    pages = cloud.client("ec2").get_paginator("describe_instances").paginate()
    every = [one for page in pages for held in page["Reservations"] for one in held["Instances"]]
    return {
        next(tag["Value"] for tag in one["Tags"] if tag["Key"] == "Name"): one
        for one in every
        if one["State"]["Name"] != "terminated"
    }


def left(cloud: Cloud) -> dict[str, list[Any]]:
    """What an instance brings with it and could leave behind."""
    ec2, iam = cloud.client("ec2"), cloud.client("iam")
    groups = ec2.describe_security_groups()["SecurityGroups"]
    return {
        "volumes": ec2.describe_volumes()["Volumes"],
        "groups": [one["GroupName"] for one in groups if one["GroupName"] != "default"],
        "interfaces": ec2.describe_network_interfaces()["NetworkInterfaces"],
        "profiles": iam.list_instance_profiles()["InstanceProfiles"],
        "roles": iam.list_roles(PathPrefix="/ws/")["Roles"],
    }


@pytest.mark.long
def test_a_seat_with_an_instance_is_deployed_changed_and_destroyed_without_a_trace(
    cloud: Cloud, cdk: Cdk
) -> None:
    cdk.succeed("deploy", "--all", *DEPLOY, attendee="ada")
    wanted = {f"demo-ada-{kind}" for kind in ("storage", "registry", "access", "box", "monitoring")}
    assert stacks(cloud) == {"demo-cohort-start", "demo-cohort", "demo-cohort-watch", *wanted}
    (before,) = machines(cloud).values()
    assert (before["State"]["Name"], before["InstanceType"]) == ("running", "g5.xlarge")
    assert "Number of stacks with differences: 0" in cdk.succeed_again("diff", "--fail")

    demo = Path(cdk.context["config"]) / "demo.yaml"
    demo.write_text(demo.read_text().replace("[g5.xlarge, g4dn.xlarge]", "[g4dn.xlarge]"))
    cdk.succeed("deploy", "demo-ada-box", "--exclusively", *DEPLOY, attendee="ada")
    (after,) = machines(cloud).values()
    assert (after["State"]["Name"], after["InstanceType"]) == ("running", "g4dn.xlarge")
    assert after["InstanceId"] == before["InstanceId"]

    cdk.succeed_again("destroy", "--all", "--force")
    assert stacks(cloud) == set()
    assert machines(cloud) == {}
    assert {kind: found for kind, found in left(cloud).items() if found} == {}


@pytest.mark.long
def test_one_gpu_four_and_eight_by_cdk_and_plain_calls_from_deployment_to_destruction(
    cloud: Cloud, cdk: Cdk
) -> None:
    cloud.quotas(region=box_assembly.REGION, ec2=gpu_boxes.VCPUS)
    roster = Path(cdk.context["config"]) / "people.csv"
    roster.write_text(gpu_boxes.ROWS, encoding="utf-8")
    cdk.succeed("deploy", "--all", *DEPLOY)
    assert gpu_boxes.states(cloud) == gpu_boxes.running()

    ec2, ssm, s3 = cloud.client("ec2"), cloud.client("ssm"), cloud.client("s3")
    ids = [one["InstanceId"] for one in gpu_boxes.machines(cloud)]
    buckets = [gpu_boxes.work(cloud, one) for one in gpu_boxes.machines(cloud)]
    for id_ in ids:
        assert ssm.get_connection_status(Target=id_)["Status"] == "connected"
        session = ssm.start_session(Target=id_)["SessionId"]
        ssm.terminate_session(SessionId=session)

    ec2.stop_instances(InstanceIds=ids)
    ec2.get_waiter("instance_stopped").wait(InstanceIds=ids, WaiterConfig=gpu_boxes.OFTEN)
    assert gpu_boxes.states(cloud) == gpu_boxes.running("stopped")
    ec2.start_instances(InstanceIds=ids)
    ec2.get_waiter("instance_running").wait(InstanceIds=ids, WaiterConfig=gpu_boxes.OFTEN)
    assert gpu_boxes.states(cloud) == gpu_boxes.running()

    # CDK deletes no bucket with files in it: they are somebody's work.
    for bucket in buckets:
        [weights] = s3.list_object_versions(Bucket=bucket, Prefix=gpu_boxes.WEIGHTS)["Versions"]
        assert weights["Size"] == len(b"weights")
        for one in s3.list_object_versions(Bucket=bucket)["Versions"]:
            s3.delete_object(Bucket=bucket, Key=one["Key"], VersionId=one["VersionId"])
    cdk.succeed_again("destroy", "--all", "--force")
    assert stacks(cloud) == set()
    assert machines(cloud) == {}
    assert {kind: found for kind, found in left(cloud).items() if found} == {}


def test_cdk_takes_a_cohort_of_two_profiles_with_instances_without_a_bootstrap() -> None:
    """Each of them has policies of its own, and CDK sends them as YAML."""
    assert len(as_cdk_sends(boxed_demo().template("demo-cohort"))) <= TEMPLATE_LIMIT


def test_an_instance_comes_and_goes_beside_the_role_of_its_seat(
    cloud: Cloud, tmp_path: Path
) -> None:
    """From templates that were synthesized before; the whole of it is in ``make test-long``."""
    made = boxed_demo()
    for stack in ("demo-cohort-start", "demo-cohort", "demo-ada-access"):
        assert cloud.deploy(stack, made.text(stack), **IAM) == "CREATE_COMPLETE"
    output = tmp_path / "cdk.out"
    shutil.copytree(made.directory, output)
    cdk = Cdk(cloud.environment(), output)
    cdk.succeed_again("deploy", "demo-ada-box", "--exclusively", "--require-approval", "never")
    assert {name: one["State"]["Name"] for name, one in machines(cloud).items()} == {
        "demo-ada-box": "running"
    }
    cdk.succeed_again("destroy", "demo-ada-box", "--exclusively", "--force")
    assert machines(cloud) == {}
    found = left(cloud)
    assert [role["RoleName"] for role in found.pop("roles")] != []
    assert {kind: some for kind, some in found.items() if some} == {}
