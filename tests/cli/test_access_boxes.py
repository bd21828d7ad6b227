"""``workshop access`` of a seat with an EC2 instance, and what the YAML cannot open beside one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support import boxes, config_folder
from tests.support.workshop_command import run

NOBODY = "denied: no statement allows it"
INSTANCE = "arn:aws:ec2:eu-west-1:111122223333:instance/i-0abc1234567890def"
OWN = ("--tag", "attendee=ada", "--tag", "workshop=vision")
BENS = ("--tag", "attendee=ben", "--tag", "workshop=vision")
CHECKED = ("--context", "ssm:SessionDocumentAccessCheck=true")
UBUNTU = ("--context", "ec2:osuser=ubuntu")
SESSION = "arn:aws:ssm:eu-west-1:111122223333:session/SageMaker-0abc"
MAKER = "ssm:resourceTag/aws:ssmmessages:session-id"
FORWARD = "arn:aws:ssm:eu-west-1::document/AWS-StartPortForwardingSession"


@pytest.fixture(scope="module")
def where(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    folder = boxes.write(tmp_path_factory.mktemp("boxes"))
    return ("-e", "dev", "--config-dir", str(folder))


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (("ec2:StartInstances", INSTANCE, *OWN), "allowed by UseOwnBox (plain-caps)"),
        (("ec2:StartInstances", INSTANCE, *BENS), "denied by ThingsOfOthers (boundary)"),
        (("ec2:StartInstances", INSTANCE), NOBODY),
        (("ssm:StartSession", INSTANCE, *OWN, *CHECKED), "allowed by OwnBoxSessions (plain-caps)"),
        (("ssm:StartSession", INSTANCE, *BENS, *CHECKED), "denied by ThingsOfOthers (boundary)"),
        (("ssm:StartSession", FORWARD, *CHECKED), "allowed by SessionDocuments (plain-caps)"),
        (
            ("ssm:ResumeSession", SESSION, "--context", f"{MAKER}=x"),
            "denied: no statement allows it",
        ),
        (
            ("ec2-instance-connect:SendSSHPublicKey", INSTANCE, *OWN, *UBUNTU),
            "allowed by SendKeys (plain-caps)",
        ),
        (
            ("ec2:RunInstances", *OWN, "--instance-type", "g5.xlarge"),
            "denied: the boundary does not let it through",
        ),
        (("ec2:CreateTags", INSTANCE, *OWN), "denied: the boundary does not let it through"),
        (("ssm:SendCommand", INSTANCE, *OWN), "denied: the boundary does not let it through"),
    ],
)
def test_it_explains_what_a_seat_may_do_with_its_instance(
    where: tuple[str, ...], asked: tuple[str, ...], told: str
) -> None:
    explained = run("access", "explain", "ada", *asked, *where)
    assert (explained.code, explained.out, explained.err) == (0, f"{told}\n", "")


def test_an_instance_type_is_one_of_ec2s_where_the_action_is(where: tuple[str, ...]) -> None:
    asked = ("ec2:RunInstances", *OWN, "--instance-type", "g5.xlarge")
    printed = json.loads(run("access", "explain", "ada", *asked, *where, "--json").out)
    assert printed["context"] == {
        "aws:RequestTag/attendee": "ada",
        "aws:RequestTag/workshop": "vision",
        "ec2:InstanceType": "g5.xlarge",
    }


def test_the_matrix_holds_and_ec2_may_take_on_the_role_of_a_seat_with_an_instance(
    where: tuple[str, ...],
) -> None:
    assert run("access", "matrix", *where, "--profile", "plain").code == 0
    trust = json.loads(run("access", "show", "ada", *where).out)["trust"]
    assert [one["Principal"]["Service"] for one in trust["Statement"]] == [
        "sagemaker.amazonaws.com",
        "ec2.amazonaws.com",
    ]


@pytest.mark.parametrize("action", ["ec2:CreateTags", "ec2:Create*", "ssm:SendCommand"])
def test_what_would_open_others_instances_cannot_be_opened_where_there_are_some(
    tmp_path: Path, action: str
) -> None:
    extra = f"{{sid: More, actions: ['{action}'], resources: ['*']}}"
    opened = f"access: {{extra_statements: [{extra}]}}"
    text = boxes.PROFILES.replace("  plain:\n", f"  plain:\n    {opened}\n")
    boxes.write(tmp_path, text)
    (mistake,) = config_folder.mistakes(tmp_path)
    assert f"'{action}' would open others' instances, or hide one's own" in mistake
    without = f"{config_folder.HEAD}{config_folder.SEATS}profiles: {{attendee: {{{opened}}}}}\n"
    config_folder.write(tmp_path, without)
    config_folder.load(tmp_path)
