"""Whoever a console role trusts has to exist, or IAM takes none of the roles."""

from __future__ import annotations

import pytest

from tests.support.preflights import THREE, Preflights, one, refused
from workshop.preflight import CheckState

ROLE = "arn:aws:iam::000000000000:role/doors/entrance"
USER = "arn:aws:iam::000000000000:user/teacher"


def trusting(*principals: str) -> str:
    listed = "".join(f"\n        - {principal}" for principal in principals)
    return f"{THREE}profiles:\n  attendee:\n    access:\n      console_principals:{listed}\n"


def test_users_and_roles_that_exist_are_in_order(preflights: Preflights) -> None:
    iam = preflights.cloud.client("iam")
    trust = '{"Version":"2012-10-17","Statement":[]}'
    iam.create_role(RoleName="entrance", Path="/doors/", AssumeRolePolicyDocument=trust)
    iam.create_user(UserName="teacher")
    report = preflights.ask(trusting(ROLE, USER, "arn:aws:iam::000000000000:root"))
    assert report.passed
    assert one(report, "trusted principals").message == "2 exist"


@pytest.mark.parametrize("missing", [ROLE, USER])
def test_one_that_does_not_exist_is_refused_with_its_line(
    preflights: Preflights, missing: str
) -> None:
    root = "arn:aws:iam::000000000000:root"
    text = trusting(root, missing)
    report = preflights.ask(text)
    assert refused(report) == [missing]
    line = 1 + text.splitlines().index(f"        - {missing}")
    message = one(report, missing).message
    assert message.endswith(
        f"dev.yaml:{line}: profiles.attendee.access.console_principals[1]: there is no such user"
        " or role; correct it, or make it first"
    )


def test_a_wrong_path_is_told_with_the_right_arn(preflights: Preflights) -> None:
    right = preflights.cloud.role("entrance")
    message = one(preflights.ask(trusting(ROLE)), ROLE).message
    assert message.endswith(f": its ARN is {right}; correct it, or make it first")


def test_one_that_may_not_be_read_is_unknown_and_one_of_a_strange_account_a_warning(
    preflights: Preflights,
) -> None:
    strange = ROLE.replace("000000000000", "999988887777")
    preflights.cloud.faults({"effect": "denied", "operation": "iam:GetRole"})
    report = preflights.ask(trusting(ROLE, strange))
    assert refused(report) == [ROLE]
    assert one(report, ROLE).reason == "GetRole: AccessDenied"
    check = one(report, strange)
    assert (check.state, check.message) == (
        CheckState.WARNING,
        "it is in account 999988887777, where nothing is asked; see that it exists, or every seat"
        " fails",
    )
