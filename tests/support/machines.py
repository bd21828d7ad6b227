"""EC2 instances for tests: what they are run from, and how they are looked at."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.support.local_cloud import Cloud

PARAMETER = (
    "/aws/service/deeplearning/ami/x86_64/oss-nvidia-driver-gpu-pytorch-2.9-ubuntu-22.04"
    "/latest/ami-id"
)
"""Names an image of AWS's for GPUs."""
PLAIN = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"

SSH_KEY = f"ssh-ed25519 {'A' * 68} ada@laptop"


def image(client: Callable[..., Any], parameter: str = PLAIN) -> str:
    """Return the id of a public image."""
    return str(client("ssm").get_parameter(Name=parameter)["Parameter"]["Value"])


def run(client: Callable[..., Any], instance_type: str = "t3.medium", **more: Any) -> str:
    """Run one instance and return its id."""
    wanted: dict[str, Any] = {"MinCount": 1, "MaxCount": 1, "InstanceType": instance_type, **more}
    wanted.setdefault("ImageId", image(client))
    made = client("ec2").run_instances(**wanted)
    return str(made["Instances"][0]["InstanceId"])


def described(client: Callable[..., Any], name: str) -> dict[str, Any]:
    """Return an instance as EC2 describes it."""
    [reservation] = client("ec2").describe_instances(InstanceIds=[name])["Reservations"]
    [instance] = reservation["Instances"]
    return dict(instance)


def state(client: Callable[..., Any], name: str) -> str:
    """Return the state of an instance."""
    return str(described(client, name)["State"]["Name"])


def tag_map(resource: dict[str, Any]) -> dict[str, str]:
    """Return the tags of a resource that an answer describes."""
    return {one["Key"]: one["Value"] for one in resource.get("Tags", ())}


def online_box(cloud: Cloud, seat: str = "ada", **more: Any) -> str:
    """Run an instance that Systems Manager reaches, as the stack of a seat makes it; its id."""
    iam = cloud.client("iam")
    name = f"box-{seat}"
    principal = {"Service": "ec2.amazonaws.com"}
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
    iam.attach_role_policy(
        RoleName=name, PolicyArn="arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
    )
    iam.create_instance_profile(InstanceProfileName=name)
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
    return run(cloud.client, IamInstanceProfile={"Name": name}, **more)
