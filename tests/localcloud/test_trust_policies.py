"""IAM refuses a trust policy that nobody could use, by the API and in a stack."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.local_cloud import IAM, TRUST, Cloud, template
from tests.support.refusals import refusal

ACCOUNT = "000000000000"
NOBODY = f"arn:aws:iam::{ACCOUNT}:role/nosuch"


def trusting(principal: Any, **members: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal, **members}
    return {"Version": "2012-10-17", "Statement": [statement]}


REFUSED = [
    ("{not", "This policy contains invalid Json"),
    (trusting({"AWS": NOBODY}), f'Invalid principal in policy: "AWS":"{NOBODY}"'),
    (trusting({"AWS": "123"}), 'Invalid principal in policy: "AWS":"123"'),
    (trusting({"AWS": f"arn:aws-cn:iam::{ACCOUNT}:root"}), "Invalid principal in policy"),
    (trusting({"Service": "sagemaker"}), 'Invalid principal in policy: "Service":"sagemaker"'),
    (trusting({"AWS": "*"}, Resource="*"), "Has prohibited field Resource"),
    (trusting({"AWS": "*"}, Action="s3:GetObject"), "may only specify STS AssumeRole actions"),
    (
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole"}]},
        "Missing required field Principal",
    ),
]


@pytest.mark.parametrize(("document", "message"), REFUSED)
def test_a_trust_policy_that_nobody_could_use_is_refused(
    cloud: Cloud, document: Any, message: str
) -> None:
    iam, text = cloud.client("iam"), document if isinstance(document, str) else json.dumps(document)
    cloud.role("made")
    calls: dict[str, dict[str, str]] = {
        "create_role": {"RoleName": "other", "AssumeRolePolicyDocument": text},
        "update_assume_role_policy": {"RoleName": "made", "PolicyDocument": text},
    }
    for operation, request in calls.items():
        _, code, said = refusal(getattr(iam, operation), **request)
        assert code == "MalformedPolicyDocument"
        assert message in said


@pytest.mark.parametrize(
    "document",
    [
        TRUST,
        trusting({"AWS": ACCOUNT}),
        trusting({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}),
        trusting({"AWS": "arn:aws:iam::444455556666:role/of-another-account"}),
        trusting(
            {"Service": ["lambda.amazonaws.com"]}, Action=["sts:AssumeRole", "sts:TagSession"]
        ),
    ],
)
def test_one_that_somebody_can_use_is_taken(cloud: Cloud, document: Any) -> None:
    text = json.dumps(document)
    made = cloud.client("iam").create_role(RoleName="new", AssumeRolePolicyDocument=text)
    assert made["Role"]["RoleName"] == "new"


def test_a_stack_with_such_a_role_fails_in_the_words_of_its_handler(cloud: Cloud) -> None:
    role = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": REFUSED[5][0]}}
    assert cloud.deploy("bad", template({"Role": role}), **IAM) == "ROLLBACK_COMPLETE"
    reason = cloud.reasons("bad", "CREATE_FAILED")["Role"]
    assert "Has prohibited field Resource" in reason
    assert "HandlerErrorCode: InvalidRequest" in reason
