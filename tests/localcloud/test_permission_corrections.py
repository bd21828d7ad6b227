"""Where ministack understands policies otherwise than AWS, ours does not."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud import ministack_adapter, policy_engine
from localcloud.iam import other_services

ACCOUNT, REGION = "111122223333", "eu-west-1"
HERE = f"{REGION}:{ACCOUNT}"
SCALING = "application-autoscaling"
TARGET = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": "endpoint/e/variant/v",
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}
TARGET_ARN = f"arn:aws:{SCALING}:{HERE}:scalable-target/9907c327caae5b01ad6e876b248370ca"


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("arn:x/${aws:PrincipalTag/attendee}-*", "arn:x/ada-*"),
        ("${AWS:principaltag/ATTENDEE}", "ada"),
        ("${aws:PrincipalTag/team, 'none'}", "none"),
        ("${aws:PrincipalTag/team}", "${aws:PrincipalTag/team}"),
        ("${aws:RequestedRegion}", REGION),
    ],
)
def test_variables_in_policies_are_filled_in(text: str, filled: str) -> None:
    evaluator = ministack_adapter.module("core.iam_evaluator")
    context = evaluator.EvalContext(
        principal_arn="arn:aws:sts::111122223333:assumed-role/x/SageMaker",
        principal_type="AssumedRole",
        principal_account=ACCOUNT,
        action="s3:GetObject",
        resource_arn="*",
        region=REGION,
        principal_keys={"aws:principaltag/attendee": "ada"},
    )
    (statement,) = evaluator.parse_policy_document(
        {
            "Statement": {
                "Effect": "Deny",
                "Action": "*",
                "NotResource": [text],
                "Condition": {"StringEquals": {"a:b": text, "a:c": [text]}},
            }
        }
    )
    made = policy_engine.filled(context, statement)
    assert made.not_resources == [filled]
    assert made.conditions == {"StringEquals": {"a:b": filled, "a:c": [filled]}}


@pytest.mark.parametrize(
    ("service", "operation", "given", "arn"),
    [
        (
            "logs",
            "GetLogEvents",
            {"logGroupName": "/g", "logStreamName": "s"},
            f"arn:aws:logs:{HERE}:log-group:/g:log-stream:s",
        ),
        (
            "logs",
            "GetLogEvents",
            {"logGroupIdentifier": f"arn:aws:logs:{HERE}:log-group:/g:*", "logStreamName": "s"},
            f"arn:aws:logs:{HERE}:log-group:/g:log-stream:s",
        ),
        ("logs", "DescribeLogStreams", {"logGroupName": "/g"}, f"arn:aws:logs:{HERE}:log-group:/g"),
        ("logs", "DescribeLogGroups", {}, f"arn:aws:logs:{HERE}:log-group::log-stream:"),
        ("logs", "StopQuery", {}, None),
        (
            "monitoring",
            "GetDashboard",
            {"DashboardName": "d"},
            f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/d",
        ),
        (
            "monitoring",
            "DeleteDashboards",
            {"DashboardNames": ["d"]},
            f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/d",
        ),
        ("monitoring", "DeleteDashboards", {"DashboardNames": ["c", "d"]}, None),
        ("monitoring", "ListMetrics", {}, None),
        (
            "ecr",
            "DescribeRepositories",
            {"repositoryNames": ["r"]},
            f"arn:aws:ecr:{HERE}:repository/r",
        ),
        ("ecr", "DescribeRepositories", {"repositoryNames": ["r", "s"]}, None),
        ("ecr", "PutImage", {"repositoryName": "r"}, None),
        (
            "iam",
            "CreateRole",
            {"RoleName": ["r"], "Path": ["/ws/"]},
            f"arn:aws:iam::{ACCOUNT}:role/ws/r",
        ),
        ("iam", "GetRole", {"RoleName": ["unknown"]}, None),
        ("s3", "PutObject", {}, None),
        (SCALING, "DeregisterScalableTarget", TARGET, TARGET_ARN),
        (SCALING, "DescribeScalableTargets", {"ServiceNamespace": "sagemaker"}, None),
    ],
)
def test_other_services_are_asked_about_as_aws_does(
    service: str, operation: str, given: dict[str, Any], arn: str | None
) -> None:
    with ministack_adapter.request_scope(ACCOUNT, REGION):
        assert other_services.resource_arn(service, operation, given) == arn


@pytest.mark.parametrize(
    ("actions", "not_actions", "matches"),
    [
        (["iam:*", "S3:getobject"], [], True),
        (["s3:Get?bject", "iam:*"], [], True),
        (["s3:Get", "s3:GetObject?", "3:GetObject"], [], False),
        (["s3.GetObject", "s3:Get+"], [], False),
        (["*"], [], True),
        ([], ["iam:*", "s3:*"], False),
        ([], ["iam:*", "s3:GetObjects"], True),
        ([], [], True),
    ],
)
def test_an_action_is_held_against_all_patterns_of_a_statement(
    actions: list[str], not_actions: list[str], *, matches: bool
) -> None:
    found = policy_engine.evaluator()._action_matches("s3:GetObject", actions, not_actions)
    assert found is matches
