"""EC2 instances of seats by plain CDK: its command line makes them on the local cloud."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support import box_assembly, config_folder
from tests.support.cdk_command import Cdk
from tests.support.local_cloud import Cloud

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
