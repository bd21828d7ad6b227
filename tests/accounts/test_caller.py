"""Whether an organiser's role was changed, or the caller may not take it on: AWS says the same."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.accounts.test_by_hand import ORGANISER, ROLE, ended, trusts_nobody
from tests.support.local_cloud import Cloud
from tests.support.own_accounts import ACCOUNT, REGION, OwnAccounts, founded, organiser_key
from workshop.account_region import AccountRegion
from workshop.accounts import seen_accounts
from workshop.aws import errors

POLICIES = "workshop preflight -e vision --policy FOLDER"
DENIED = f"you may not take on the role ws/vision/{ROLE} there, whomever it lets in; have"


@pytest.fixture
def deployed(enforcing: Cloud, tmp_path: Path) -> OwnAccounts:
    """Two seats, and an organiser who is a user."""
    enforcing.reset()
    made = founded(enforcing, tmp_path, "ada", "ben", key=organiser_key(enforcing))
    made.deploy(principals=ORGANISER)
    return made


def forbid(own: OwnAccounts, *actions: str, resource: str = "*") -> None:
    """Deny the organiser some actions by a policy of its own."""
    statement = {"Effect": "Deny", "Action": actions, "Resource": resource}
    own.cloud.client("iam").put_user_policy(
        UserName="organiser",
        PolicyName="less",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )


def roles(own: OwnAccounts) -> list[str]:
    """The ids of the organiser's roles, which are others once they are made again."""
    return [own.within("iam", seat).get_role(RoleName=ROLE)["Role"]["RoleId"] for seat in own.seats]


def said(own: OwnAccounts, *more: str) -> str:
    """Deploy, which has nothing to do; return what it says, in one line."""
    ran = own.run("deploy", *more)
    assert ran.err.endswith("nothing to do\n"), ran.err + ran.out
    return " ".join(ran.err.split())


@pytest.mark.parametrize("is_worded", [True, False], ids=["as one policy", "as any refusal"])
def test_a_caller_who_may_take_on_no_role_has_none_made_again(
    deployed: OwnAccounts, monkeypatch: pytest.MonkeyPatch, *, is_worded: bool
) -> None:
    """AWS may name the policy that has decided, and names none between accounts."""
    if not is_worded:
        monkeypatch.setattr(errors, "is_callers", lambda _: False)
    before = roles(deployed)
    forbid(deployed, "sts:AssumeRole")
    told = said(deployed)
    assert told.count(DENIED) == 1
    assert f"{DENIED} sts:AssumeRole allowed to you, as the policies do which are" in told
    assert f"written by: {POLICIES}" in told
    assert "made again" not in told
    assert roles(deployed) == before


def test_of_two_accounts_that_refuse_the_role_that_was_changed_is_made_again(
    deployed: OwnAccounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(errors, "is_callers", lambda _: False)
    ada, ben = roles(deployed)
    forbid(deployed, "sts:AssumeRole", resource=f"arn:aws:iam::{deployed.account('ada')}:role/*")
    trusts_nobody(deployed, "ben")
    (changed,) = json.loads(deployed.run("plan", "--json").out)["seats"][1:]
    assert [one["name"] for one in changed["stacks"] if one["action"] != "unchanged"] == [ROLE]
    ended(deployed)
    after = roles(deployed)
    assert after[0] == ada
    assert after[1] != ben


def test_where_iam_simulates_nothing_roles_are_made_again_one_by_one_if_asked_for(
    deployed: OwnAccounts,
) -> None:
    ada, ben = roles(deployed)
    forbid(deployed, "iam:SimulatePrincipalPolicy")
    for seat in deployed.seats:
        trusts_nobody(deployed, seat)
    told = said(deployed)
    assert "no account lets you in, and whether you may not take on roles or theirs were" in told
    assert "(SimulatePrincipalPolicy: AccessDenied); have sts:AssumeRole and iam:Sim" in told
    assert told.count("have a role made again with: workshop deploy -e vision --only ada") == 1
    assert roles(deployed) == [ada, ben]
    assert ended(deployed, "--only", "ada")["seats"] == {"done": 1}
    assert roles(deployed)[0] != ada
    # Who is in one account may take on roles: that of the other is known to be changed.
    assert ended(deployed)["seats"] == {"done": 1, "unchanged": 1}
    assert roles(deployed)[1] != ben


def failed(message: str, operation: str = "AssumeRole") -> ClientError:
    answer: Any = {"Error": {"Code": "AccessDenied", "Message": message}}
    return ClientError(answer, operation)


IDENTITY = "because no identity-based policy allows the sts:AssumeRole action"


@pytest.mark.parametrize(
    ("error", "is_callers"),
    [
        (failed(f"User: arn is not authorized to perform: sts:AssumeRole {IDENTITY}"), True),
        (failed("with an explicit deny in a permissions boundary"), True),
        (failed("because no session policy allows the sts:AssumeRole action"), True),
        (failed("with an explicit deny in a VPC endpoint policy"), True),
        (failed("Roles may not be assumed by root accounts."), True),
        (failed("because no role trust policy allows the sts:AssumeRole action"), False),
        (
            failed(IDENTITY.replace("sts:AssumeRole", "cloudformation:Desc"), "DescribeStacks"),
            False,
        ),
    ],
)
def test_what_aws_says_of_the_callers_own_policies_is_no_word_on_the_role(
    monkeypatch: pytest.MonkeyPatch, error: ClientError, *, is_callers: bool
) -> None:
    def refused(*_: object, **__: object) -> Iterator[None]:
        raise error

    monkeypatch.setattr("workshop.aws.stacks.stacks", refused)
    place = AccountRegion(ACCOUNT, REGION)
    seen = seen_accounts.look(None, [place])  # type: ignore[arg-type]
    assert (place in seen.callers, place in seen.refused) == (is_callers, not is_callers)
