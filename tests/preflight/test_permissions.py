"""What the caller may do, as IAM's simulation says."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support import boxes
from tests.support.preflights import HEAD, HOME, THREE, Preflights, one, refused
from workshop.account_region import AccountRegion
from workshop.aws.reads import Unavailable
from workshop.naming import Names
from workshop.preflight import CheckState, called_actions, permissions
from workshop.preflight.checks import DeniedAction
from workshop.preflight.permissions import SimulatedDecision

NAMES = Names("vision", "ada", "000000000000", "eu-west-1")
USER = "arn:aws:iam::000000000000:user/me"
CALLER = "arn:aws:sts::000000000000:assumed-role/Deployer/me"


def statement(effect: str, *actions: str, resource: str = "*", **principal: Any) -> dict[str, Any]:
    about = principal or {"Resource": resource}
    return {"Effect": effect, "Action": list(actions), **about}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def as_role(preflights: Preflights, *statements: dict[str, Any], path: str = "/") -> dict[str, str]:
    """The variables of whoever has taken on a role with these permissions."""
    cloud = preflights.cloud
    trust = document(statement("Allow", "sts:AssumeRole", Principal={"AWS": "*"}))
    iam = cloud.client("iam")
    made = iam.create_role(RoleName="Deployer", Path=path, AssumeRolePolicyDocument=trust)
    iam.put_role_policy(RoleName="Deployer", PolicyName="own", PolicyDocument=document(*statements))
    given = cloud.client("sts").assume_role(RoleArn=made["Role"]["Arn"], RoleSessionName="me")[
        "Credentials"
    ]
    return {
        "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
        "AWS_SESSION_TOKEN": given["SessionToken"],
    }


@pytest.mark.parametrize("path", ["/", "/aws-reserved/sso.amazonaws.com/eu-west-1/"])
def test_a_role_that_may_do_everything_passes_whatever_its_path(
    preflights: Preflights, path: str
) -> None:
    report = preflights.ask(
        THREE, variables=as_role(preflights, statement("Allow", "*"), path=path)
    )
    check = one(report, "permissions")
    assert (check.state, check.message) == (CheckState.OK, "allowed: 97 actions")


def test_what_is_denied_fails_and_is_named_with_its_resource(preflights: Preflights) -> None:
    names = "arn:aws:iam::000000000000:role/ws/vision/*"
    role = as_role(
        preflights,
        statement("Allow", "*"),
        statement("Deny", "iam:CreateRole", resource=names),
        statement("Deny", "s3:*", resource="arn:aws:s3:::vision-*"),
    )
    report = preflights.ask(THREE, variables=role)
    assert refused(report) == ["permissions"]
    check = one(report, "permissions")
    assert check.message == "you may not do 11 actions of iam and s3; have it allowed"
    bucket = "arn:aws:s3:::vision-seat01-data-000000000000-eu-west-1"
    made = "arn:aws:iam::000000000000:role/ws/vision/vision-seat01-eu-west-1-execution"
    assert check.denied[0] == DeniedAction("iam:CreateRole", made)
    assert {denied.resource for denied in check.denied[1:]} == {bucket}
    assert DeniedAction("s3:PutBucketPolicy", bucket) in check.denied
    assert not preflights.ask(THREE, accept=["permissions"], variables=role).passed


@pytest.mark.parametrize("operation", ["iam:SimulatePrincipalPolicy", "iam:GetRole"])
def test_a_simulation_that_is_refused_is_unknown_and_not_in_order(
    preflights: Preflights, operation: str
) -> None:
    role = as_role(preflights, statement("Allow", "*"))
    preflights.cloud.faults({"effect": "denied", "operation": operation})
    report = preflights.ask(THREE, variables=role)
    assert refused(report) == ["permissions"]
    told = one(report, "permissions").message
    assert told.startswith(f"IAM's simulation does not answer ({operation[4:]}: AccessDenied); ")
    assert preflights.ask(THREE, accept=["permissions"], variables=role).passed


def test_the_root_is_asked_nothing(preflights: Preflights) -> None:
    preflights.cloud.faults({"effect": "denied", "operation": "iam:SimulatePrincipalPolicy"})
    report = preflights.ask(THREE)
    assert one(report, "permissions").message == (
        "you are the account's root user, who may do all that no organization forbids"
    )


def decision(*, allowed: bool, hanging: bool = False) -> SimulatedDecision:
    return SimulatedDecision("s3:CreateBucket", "arn:aws:s3:::b", allowed=allowed, open=hanging)


def test_a_denial_that_hangs_on_an_unknown_condition_is_unknown() -> None:
    yes, no = decision(allowed=True), decision(allowed=False)
    hanging = decision(allowed=False, hanging=True)
    states = [
        next(permissions.check(HOME, CALLER, found)).state
        for found in ([yes], [yes, hanging], [yes, hanging, no], Unavailable("why"))
    ]
    assert states == [CheckState.OK, CheckState.UNKNOWN, CheckState.FAILED, CheckState.UNKNOWN]
    (unread,) = permissions.check(HOME, Unavailable("why"), ())
    assert unread.state == CheckState.UNKNOWN


def test_each_action_is_asked_of_the_resource_it_is_about_in_the_partition() -> None:
    questions = permissions.questions(
        NAMES,
        "aws-cn",
        bucket="data",
        repository="training",
        has_door=True,
        has_mlflow=True,
        has_box=True,
    )
    asked = dict(questions)
    actions = {action for some in asked.values() for action in some}
    assert actions >= {action for some in called_actions.ACTIONS.values() for action in some}
    assert {resource.split(":")[1] for resource in asked.keys() - {"*"}} == {"aws-cn"}
    role = "arn:aws-cn:iam::000000000000:role/ws/vision/vision-ada-eu-west-1-execution"
    assert "iam:AttachRolePolicy" in asked[role]
    assert "iam:PassRole" in asked[role]


def test_a_role_that_may_be_passed_to_notebooks_alone_is_no_role_of_the_watch(
    preflights: Preflights,
) -> None:
    passing = statement("Deny", "iam:PassRole")
    passing["Condition"] = {"StringNotEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
    role = as_role(preflights, statement("Allow", "*"), passing)
    check = one(preflights.ask(THREE, variables=role), "permissions")
    assert check.denied == (
        DeniedAction(
            "iam:PassRole", "arn:aws:iam::000000000000:role/ws/vision/vision-cohort-eu-west-1-watch"
        ),
    )


def test_where_seats_have_instances_their_roles_have_to_be_passed_to_ec2_too(
    preflights: Preflights,
) -> None:
    passing = statement("Deny", "iam:PassRole")
    passing["Condition"] = {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
    role = as_role(preflights, statement("Allow", "*"), passing)
    assert one(preflights.ask(THREE, variables=role), "permissions").state == CheckState.OK
    boxes.write(preflights.folder)
    seats = "roster: {seats: 3, profile: plain}"
    profile = "{notebook: {enabled: false}, ec2: {instance_types: [g5.xlarge]}}"
    text = f"{HEAD}{seats}\nprofiles: {{plain: {profile}}}\n"
    check = one(preflights.ask(text, variables=role), "permissions")
    assert check.denied == (
        DeniedAction(
            "iam:PassRole",
            "arn:aws:iam::000000000000:role/ws/vision/vision-seat01-eu-west-1-execution",
        ),
    )


class Simulating:
    """IAM whose simulation answers in pages of one, and notes what it was given."""

    def __init__(self, *answers: dict[str, Any]) -> None:
        self._answers = answers
        self.given: list[dict[str, Any]] = []

    def client(self, service: str, account_region: AccountRegion) -> Simulating:
        assert (service, account_region) == ("iam", HOME)
        return self

    def get_paginator(self, operation: str) -> Simulating:
        assert operation == "simulate_principal_policy"
        return self

    def paginate(self, **given: Any) -> list[dict[str, Any]]:
        self.given.append(given)
        return [{"EvaluationResults": [answer]} for answer in self._answers]


def test_the_simulation_knows_the_region_and_whom_a_role_is_passed_to() -> None:
    def answer(action: str, said: str, *missing: str) -> dict[str, Any]:
        found = {"EvalActionName": action, "EvalDecision": said}
        return {**found, "MissingContextValues": list(missing)} if missing else found

    iam = Simulating(
        answer("s3:CreateBucket", "allowed"),
        answer("s3:DeleteBucket", "implicitDeny", "aws:RequestTag/team"),
        answer("s3:PutBucketPolicy", "explicitDeny"),
    )
    asked = [("arn:aws:s3:::b", ("s3:CreateBucket", "s3:DeleteBucket", "s3:PutBucketPolicy"))]
    found = permissions.simulated(iam, HOME, USER, asked)  # type: ignore[arg-type]
    assert [(one.allowed, one.open) for one in found] == [
        (True, False),
        (False, True),
        (False, False),
    ]
    (given,) = iam.given
    assert given["ResourceArns"] == ["arn:aws:s3:::b"]
    keys = {one["ContextKeyName"]: one["ContextKeyValues"] for one in given["ContextEntries"]}
    assert keys == {
        "aws:RequestedRegion": ["eu-west-1"],
        "iam:PassedToService": ["sagemaker.amazonaws.com"],
    }
