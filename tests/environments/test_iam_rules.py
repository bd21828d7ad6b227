"""What IAM would refuse of statements and principals is told by its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.config_folder import HEAD, SEATS, mistakes, write

STATEMENT = "profiles.attendee.access.extra_statements[0]"
PRINCIPAL = "profiles.attendee.access.console_principals[0]"
TABLE = "arn:aws:dynamodb:eu-west-1:123456789012:table/x"


def statement(more: str = "", resource: str = TABLE, sid: str = "Prices") -> str:
    return f"      - {{sid: {sid}, actions: ['s3:GetObject'], resources: ['{resource}']{more}}}\n"


def of_statements(folder: Path, *statements: str, region: str = "eu-west-1") -> list[str]:
    """The mistakes of an environment; the first statement is in line 9."""
    head = HEAD.replace("region: eu-west-1", f"region: {region}")
    text = "profiles:\n  attendee: {access: {extra_statements: [\n"
    body = ",\n".join(one.strip().removeprefix("- ") for one in statements)
    write(folder, f"{head}{SEATS}{text}{body}\n  ]}}}}\n")
    return mistakes(folder)


@pytest.mark.parametrize(
    ("conditions", "told"),
    [
        (
            "{StringEqualz: {'aws:RequestedRegion': a}}",
            "'StringEqualz' is no condition operator of IAM's; did you mean 'StringEquals'? write"
            " one such as 'StringEquals'",
        ),
        (
            "{StringEquals: {region: a}}",
            "'region' is no condition key; write service and name, such as 'aws:RequestedRegion'",
        ),
        (
            "{StringEquals: {'aws:RequestedRegion': []}}",
            "'aws:RequestedRegion' is compared with nothing; give it a value, or remove it",
        ),
        ("{StringEquals: {}}", "'StringEquals' has no condition key; give it one, or remove it"),
        (
            "{StringEquals: {'aws:RequestedRegion': '漢'}}",
            "'漢' can be in no policy; IAM takes Latin letters and signs alone",
        ),
    ],
)
def test_a_condition_that_iam_does_not_know_is_told(
    tmp_path: Path, conditions: str, told: str
) -> None:
    found = of_statements(tmp_path, statement(f", conditions: {conditions}"))
    assert found == [f"9: {STATEMENT}: {told}"]


@pytest.mark.parametrize(
    "operator",
    ["StringLikeIfExists", "ForAllValues:StringEquals", "DateGreaterThanEquals", "Null", "bool"],
)
def test_every_form_of_an_operator_is_taken(tmp_path: Path, operator: str) -> None:
    condition = f", conditions: {{'{operator}': {{'aws:TagKeys': [a]}}}}"
    assert of_statements(tmp_path, statement(condition)) == []


def test_two_statements_of_one_name_are_both_told(tmp_path: Path) -> None:
    found = of_statements(tmp_path, statement(), statement(), statement(sid="Other"))
    assert found == [
        f"{line}: profiles.attendee.access.extra_statements[{number}].sid: 'Prices' names two"
        " statements; give each its own"
        for number, line in enumerate((9, 10))
    ]


@pytest.mark.parametrize(
    ("resource", "region", "told"),
    [
        (
            TABLE.replace("arn:aws:", "arn:aws-cn:"),
            "eu-west-1",
            "IAM in eu-west-1 takes no ARN of aws-cn; write 'arn:aws:...'",
        ),
        (
            TABLE,
            "us-gov-west-1",
            "IAM in us-gov-west-1 takes no ARN of aws; write 'arn:aws-us-gov:...'",
        ),
        (
            "arn:aws:s3:eu-west-1:123456789012:bucket",
            "eu-west-1",
            "'arn:aws:s3:eu-west-1:123456789012:bucket': the ARN of a bucket has neither Region"
            " nor account; write 'arn:aws:s3:::bucket/*'",
        ),
    ],
)
def test_a_resource_that_iam_does_not_take_is_told(
    tmp_path: Path, resource: str, region: str, told: str
) -> None:
    found = of_statements(tmp_path, statement(resource=resource), region=region)
    assert found == [f"9: {STATEMENT}.resources[0]: {told}"]


@pytest.mark.parametrize(
    "resource", ["*", "arn:aws:s3:::bucket/*", "arn:aws:s3:eu-west-1:123456789012:accesspoint/x"]
)
def test_what_iam_takes_is_taken(tmp_path: Path, resource: str) -> None:
    assert of_statements(tmp_path, statement(resource=resource)) == []


@pytest.mark.parametrize(
    ("principal", "told"),
    [
        ("arn:aws-cn:iam::123456789012:role/a", "IAM in eu-west-1 takes no ARN of aws-cn"),
        *(
            (f"arn:aws:iam::123456789012:role/{name}", "is no IAM user, role or account")
            for name in ("a//b", "a/", "x" * 65)
        ),
    ],
)
def test_a_principal_that_no_role_can_trust_is_told(
    tmp_path: Path, principal: str, told: str
) -> None:
    access = f"{{access: {{console_principals: ['{principal}']}}}}"
    write(tmp_path, f"{HEAD}{SEATS}profiles:\n  attendee: {access}\n")
    (found,) = mistakes(tmp_path)
    assert found.startswith(f"8: {PRINCIPAL}: ")
    assert told in found


def test_the_name_of_a_role_to_deploy_with_has_64_characters_at_most(tmp_path: Path) -> None:
    write(tmp_path, f"{HEAD}{SEATS}deploy: {{role: path/{'x' * 64}}}\n")
    assert mistakes(tmp_path) == []
    write(tmp_path, f"{HEAD}{SEATS}deploy: {{role: path/{'x' * 65}}}\n")
    (found,) = mistakes(tmp_path)
    assert "is not a role" in found
