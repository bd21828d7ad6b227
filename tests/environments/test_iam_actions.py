"""An action that IAM does not have is doubted at its line, and every one that it has is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.config_folder import HEAD, SEATS, load, write
from tools import iam_actions as written
from tools import iam_reference
from workshop.environments import iam_actions

IS_NONE = "is no action that this release knows"
IS_A_CALL = f"is a call, and IAM asks for an action of another name; see {iam_actions.REFERENCE}"


@pytest.mark.parametrize(
    ("action", "told"),
    [
        ("s3:GetObjekt", f"{IS_NONE}; did you mean 's3:GetObject'? check its spelling"),
        (
            "s3:DeleteObjectVersio",
            f"{IS_NONE}; did you mean 's3:DeleteObjectVersion'? check its spelling",
        ),
        (
            "dynamodb:Gett*",
            "fits no action that this release knows; did you mean 'dynamodb:GetItem'? check its"
            " spelling",
        ),
        ("q:Zzzzzzzzzzzz", f"{IS_NONE}; check its spelling"),
        ("s3:ListObjectsV2", IS_A_CALL),
        ("lambda:Invoke", IS_A_CALL),
        ("bedrock:Converse", IS_A_CALL),
    ],
)
def test_an_action_that_iam_does_not_have_is_doubted_with_the_nearest(
    action: str, told: str
) -> None:
    assert iam_actions.doubt(action) == f"'{action}' {told}"


def test_a_service_that_iam_does_not_have_is_doubted_too() -> None:
    assert iam_actions.doubt("dynamo:GetItem") == (
        "'dynamo' is no service of IAM that this release knows; did you mean 'dynamodb'? check its"
        " spelling"
    )


@pytest.mark.parametrize("action", ["ec2:*", "s3:getobject", "dynamodb:Get*", "execute-api:Invoke"])
def test_patterns_and_any_case_are_taken_as_iam_takes_them(action: str) -> None:
    assert iam_actions.doubt(action) == ""


def test_no_action_of_the_reference_is_doubted() -> None:
    services = (
        "bedrock",
        "dynamodb",
        "ecr",
        "iam",
        "lambda",
        "s3",
        "sagemaker",
        "sagemaker-mlflow",
    )
    actions = [one.action for service in services for one in iam_reference.actions(service)]
    assert len(actions) > 700
    assert [action for action in actions if iam_actions.doubt(action)] == []


def test_what_is_shipped_is_what_its_generator_writes() -> None:
    assert written.main(["--check"]) == 0


def test_a_doubt_stands_at_the_line_of_the_action_and_refuses_nothing(tmp_path: Path) -> None:
    statement = "{sid: Data, actions: ['s3:GetObject',\n      's3:PutObjekt'], resources: ['*']}"
    text = f"profiles:\n  attendee: {{access: {{extra_statements: [\n      {statement}]}}}}\n"
    write(tmp_path, f"{HEAD}{SEATS}{text}")
    place = "profiles.attendee.access.extra_statements[0].actions[1]"
    (doubt,) = [one for one in load(tmp_path).warnings if "PutObjekt" in one and IS_NONE in one]
    assert f":10: {place}: 's3:PutObjekt' {IS_NONE}; did you mean 's3:PutObject'?" in doubt
