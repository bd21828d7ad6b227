"""A class whose seats have EC2 instances in the local cloud, made by stacks as small as can be."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from unittest import mock

from tests.support.config_folder import write
from tests.support.local_cloud import IAM, Cloud, template
from tests.support.machines import PLAIN, image
from workshop.config import images
from workshop.config.images import Pin, Pins
from workshop.naming import Names

ADA = Names("vision", "ada", "000000000000", "us-east-1")
ORGANISERS = "arn:aws:iam::000000000000:role/organisers"
OTHERS = "arn:aws:iam::000000000000:role/others"
PROFILES = f"""\
profiles:
  gpu:
    notebook: {{enabled: false}}
    ec2: {{instance_types: [t3.medium], image: amazon-linux}}
    access: {{console_organisers: ["{ORGANISERS}"]}}
  alone:
    notebook: {{enabled: false}}
    ec2: {{instance_types: [t3.medium], image: amazon-linux}}
  both:
    ec2: {{instance_types: [t3.medium], image: amazon-linux}}
    access: {{console_principals: ["{ORGANISERS}"]}}
  book: {{}}
"""
PEOPLE = "id,profile\nada,gpu\nben,alone\ncleo,both\ndan,book\n"
_MAY = {"Effect": "Allow", "Action": "sts:AssumeRole"}
END = datetime.fromisoformat("2099-03-09T17:00:00+01:00")


def write_boxes(folder: Path, *, end: datetime = END, more: str = "") -> Path:
    """An environment ``dev`` of four seats; one has a notebook alone, and one has both."""
    write(
        folder,
        "workshop: vision\naccount: '000000000000'\nregion: us-east-1\n"
        f"start: 2026-01-08T09:00:00+01:00\nend: {end.isoformat()}\n{more}"
        f"roster: {{file: people.csv, profile: gpu}}\n{PROFILES}",
    )
    (folder / "people.csv").write_text(PEOPLE, encoding="utf-8")
    pin = Pin.model_validate(
        {
            "image": "ami-0abc1234567890000",
            "architecture": "x86_64",
            "root_device": "/dev/xvda",
            "root_gb": 8,
            "created": "2026-11-02",
        }
    )
    file = images.path(folder)
    file.parent.mkdir(exist_ok=True)
    file.write_text(images.text(Pins({"us-east-1": {PLAIN: pin}})), encoding="utf-8")
    return folder


def box_stack(cloud: Cloud, seat: str, workshop: str = ADA.workshop, stack: str = "") -> str:
    """Make a seat's instance by a stack of its name, as a deployment does; return its id.

    ``stack`` is another name of the stack, such as StackSets gives it.
    """
    names = Names(workshop, seat, ADA.account, ADA.region)
    stack = stack or names.stack("box")
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "ec2.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    resources = {
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [statement]},
                "ManagedPolicyArns": ["arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"],
            },
        },
        "Profile": {
            "Type": "AWS::IAM::InstanceProfile",
            "Properties": {"Roles": [{"Ref": "Role"}]},
        },
        "Box": {
            "Type": "AWS::EC2::Instance",
            "Properties": {
                "ImageId": image(cloud.client),
                "InstanceType": "t3.medium",
                "IamInstanceProfile": {"Ref": "Profile"},
                "Tags": [{"Key": "Name", "Value": names.box}],
            },
        },
    }
    tags = {"attendee": seat, "workshop": names.workshop}
    carried = [{"Key": key, "Value": value} for key, value in tags.items()]
    outputs = {"BoxId": {"Value": {"Ref": "Box"}}}
    text = template(resources, Outputs=outputs)
    status = cloud.deploy(stack, text, Tags=carried, **IAM)
    assert status == "CREATE_COMPLETE", cloud.reasons(stack, "CREATE_FAILED")
    [made] = cloud.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    return str(made["Outputs"][0]["OutputValue"])


def organisers(cloud: Cloud) -> None:
    """Make two roles that may take on others, as far as these let them; one is the organisers'."""
    for name in ("organisers", "others"):
        trust = [{**_MAY, "Principal": {"Service": "sagemaker.amazonaws.com"}}]
        _role(cloud.client("iam"), name, "/", trust, ["sts:*", "ec2:*", "ssm:*"])


def console_role(cloud: Cloud, seat: str = "ada") -> str:
    """Make a seat's console role, which organisers may take on, and two roles that might."""
    organisers(cloud)
    return console_role_beside(cloud, seat)


def console_role_beside(cloud: Cloud, seat: str) -> str:
    """Make the console role of one seat more."""
    names = Names(ADA.workshop, seat, ADA.account, ADA.region)
    _role(
        cloud.client("iam"),
        names.console_role,
        names.iam_path,
        [{**_MAY, "Principal": {"AWS": ORGANISERS}}],
        ["s3:ListAllMyBuckets"],
    )
    return names.console_role_arn


def _role(iam: object, name: str, path: str, trust: Sequence[object], actions: list[str]) -> None:
    client: mock.Mock = iam  # type: ignore[assignment]  # boto3's clients have no type
    version = {"Version": "2012-10-17"}
    client.create_role(
        RoleName=name,
        Path=path,
        AssumeRolePolicyDocument=json.dumps({**version, "Statement": trust}),
    )
    statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    client.put_role_policy(
        RoleName=name,
        PolicyName="may",
        PolicyDocument=json.dumps({**version, "Statement": [statement]}),
    )


@contextmanager
def terminal(variables: dict[str, str], folder: Path) -> Iterator[None]:
    """Be in a terminal of these variables, in a folder."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        with mock.patch.dict(os.environ, variables, clear=True):
            yield
    finally:
        os.chdir(before)
