"""What IAM would refuse of statements and principals is told by its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.config_folder import HEAD, SEATS, load, mistakes, write

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
            "{Bool: {'aws:SecureTransport': yes}}",
            "'yes' is no truth value, which Bool compares; write one, 'true' or 'false'",
        ),
        (
            "{DateLessThan: {'aws:CurrentTime': tomorrow}}",
            "'tomorrow' is no date, which DateLessThan compares; write one, such as"
            " '2027-03-15T18:00:00Z'",
        ),
        (
            "{NumericLessThanIfExists: {'aws:MultiFactorAuthAge': an hour}}",
            "'an hour' is no number, which NumericLessThan compares; write one, such as '3600'",
        ),
        (
            "{IpAddress: {'aws:SourceIp': ['10.0.0.0/8', 10.0.0.300]}}",
            "'10.0.0.300' is no range of addresses, which IpAddress compares; write one, such as"
            " '203.0.113.0/24'",
        ),
        (
            "{ArnEquals: {'aws:SourceArn': table}}",
            "'table' is no ARN, which ArnEquals compares; write one, such as 'arn:aws:s3:::bucket'",
        ),
        (
            "{BinaryEquals: {'aws:userid': '%'}}",
            "'%' is no base64, which BinaryEquals compares; write one, such as 'QUJD'",
        ),
        (
            "{NullIfExists: {'aws:SourceArn': true}}",
            "'NullIfExists': IAM knows no IfExists of Null; write 'Null'",
        ),
        (
            "{StringEquals: {'aws:userid': a, 'aws:UserId': b}}",
            "'aws:userid' and 'aws:UserId' are one to IAM; write their values in one list",
        ),
        (
            "{StringEquals: {'aws:userid': '${userid}'}}",
            "'${userid}' is no policy variable; write a condition key in it, such as"
            " '${aws:PrincipalTag/attendee}'",
        ),
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
    place = STATEMENT if "can be in no policy" in told else f"{STATEMENT}.conditions"
    assert found == [f"9: {place}: {told}"]


@pytest.mark.parametrize(
    ("operator", "value"),
    [
        ("StringLikeIfExists", "a"),
        ("ForAllValues:StringEquals", "a"),
        ("DateGreaterThanEquals", "2027-03-15T18:00:00Z"),
        ("DateLessThan", "1900000000"),
        ("Null", "true"),
        ("bool", "False"),
        ("NumericLessThanIfExists", "3600"),
        ("NotIpAddress", "'::1'"),
        ("IpAddress", "'${aws:PrincipalTag/range}'"),
        ("ArnLike", "'arn:aws:s3:::*'"),
        ("BinaryEquals", "QUJD"),
    ],
)
def test_every_form_of_an_operator_is_taken(tmp_path: Path, operator: str, value: str) -> None:
    condition = f", conditions: {{'{operator}': {{'aws:TagKeys': [{value}]}}}}"
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
        (
            TABLE.replace("123456789012", "12345678901"),
            "eu-west-1",
            "'arn:aws:dynamodb:eu-west-1:12345678901:table/x': '12345678901' has 11 digits, and an"
            " account's id 12; correct it",
        ),
        (
            f"{TABLE} ",
            "eu-west-1",
            f"'{TABLE} ' has blanks around it; remove them",
        ),
        (
            "arn:aws:iam:eu-west-1:123456789012:role/x",
            "eu-west-1",
            "'arn:aws:iam:eu-west-1:123456789012:role/x': the ARN of IAM has no Region; write"
            " 'arn:aws:iam::...'",
        ),
        (
            "arn:aws:s3:::b/${aws:PrincipalTag/attendee",
            "eu-west-1",
            "'arn:aws:s3:::b/${aws:PrincipalTag/attendee' has a policy variable without its end;"
            " close it with '}'",
        ),
    ],
)
def test_a_resource_that_iam_does_not_take_is_told(
    tmp_path: Path, resource: str, region: str, told: str
) -> None:
    found = of_statements(tmp_path, statement(resource=resource), region=region)
    assert found == [f"9: {STATEMENT}.resources[0]: {told}"]


@pytest.mark.parametrize(
    "resource",
    [
        *("*", "arn:aws:s3:::bucket/*", "arn:aws:s3:eu-west-1:123456789012:accesspoint/x"),
        *("arn:aws:s3:::b/${aws:PrincipalTag/attendee}/${*}", "arn:aws:dynamodb:*:*:table/x"),
        "arn:aws:s3:::b/${aws:PrincipalTag/team, 'none'}/*",
    ],
)
def test_what_iam_takes_is_taken(tmp_path: Path, resource: str) -> None:
    assert of_statements(tmp_path, statement(resource=resource.replace("'", "''"))) == []


def test_a_region_of_an_arn_that_nobody_knows_is_a_doubt_with_its_line(tmp_path: Path) -> None:
    resource = TABLE.replace("eu-west-1", "eu-vest-1")
    assert of_statements(tmp_path, statement(resource=resource)) == []
    assert any(
        f":9: {STATEMENT}.resources[0]: 'eu-vest-1' is no Region that this release knows; did you"
        " mean 'eu-west-1'?" in warning
        for warning in load(tmp_path).warnings
    )


def test_numbers_and_truth_values_of_a_condition_need_no_quotes(tmp_path: Path) -> None:
    tests = "Bool: {'aws:SecureTransport': true}, NumericLessThan: {'aws:EpochTime': [1, 2]}"
    assert of_statements(tmp_path, statement(f", conditions: {{{tests}}}")) == []
    (extra,) = load(tmp_path).settings.profiles["attendee"].access.extra_statements
    assert extra.conditions == {
        "Bool": {"aws:SecureTransport": ("true",)},
        "NumericLessThan": {"aws:EpochTime": ("1", "2")},
    }


@pytest.mark.parametrize(
    ("principal", "told"),
    [
        ("arn:aws-cn:iam::123456789012:role/a", "IAM in eu-west-1 takes no ARN of aws-cn"),
        *(
            (f"arn:aws:iam::123456789012:role/{name}", "is no IAM user, role or account")
            for name in ("a//b", "a/", "x" * 65, "r\u00f6lle")
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


@pytest.mark.parametrize(
    "name", ["a..b", "192.168.1.1", "xn--bucket", "sthree-bucket", "bucket-s3alias", "bucket.mrap"]
)
def test_a_bucket_that_s3_has_for_nobody_is_told(tmp_path: Path, name: str) -> None:
    write(
        tmp_path,
        f"{HEAD}{SEATS}keep: {{to: 's3://{name}/x'}}\nprofiles:\n"
        f"  attendee: {{access: {{public_buckets: ['{name}']}}}}\n",
    )
    first, second = mistakes(tmp_path)
    assert first.startswith(f"7: keep.to: 's3://{name}/x' is no place to save to; ")
    assert second.startswith(
        f"9: profiles.attendee.access.public_buckets[0]: '{name}' is no bucket's name; "
    )
