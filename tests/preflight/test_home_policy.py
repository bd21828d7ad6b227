"""With exactly the policy for home that is handed out, seats of their own accounts come and go."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support import own_teardowns
from tests.support.local_cloud import Cloud
from tests.support.own_accounts import SETTINGS, OwnAccounts, founded
from tests.support.own_teardowns import taken_down
from tests.support.preflights import NOW
from tests.support.stacksets import ADMINISTRATION, EXECUTION
from tests.support.teardown_workshop import QUIET
from workshop.preflight import home_policy, organiser_page, preflight
from workshop.preflight.permissions import COMMON_BILL_SUBJECT

SELF_MANAGED = SETTINGS.replace("units: [UNIT]", "permissions: self-managed")


@pytest.fixture
def allowed(enforcing: Cloud, tmp_path: Path, request: pytest.FixtureRequest) -> OwnAccounts:
    """Two seats, and a user of the home account who may do what the policy says."""
    enforcing.reset()
    made = founded(enforcing, tmp_path, "ada", "ben")
    made.write(settings=request.param)
    enforcing.delays(**QUIET)
    if request.param == SELF_MANAGED:
        made.administrator.may_administer()
        made.administrator.may_execute(*map(made.account, made.seats))
        for seat in made.seats:
            made.within("iam", seat).attach_role_policy(
                RoleName=EXECUTION, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess"
            )
    iam = enforcing.client("iam")
    iam.create_user(UserName="organiser")
    for number, document in enumerate(home_policy.documents(made.loaded(), "aws")):
        iam.put_user_policy(
            UserName="organiser",
            PolicyName=f"home{number}",
            PolicyDocument=json.dumps(document),
        )
    key = iam.create_access_key(UserName="organiser")["AccessKey"]
    made.key = (key["AccessKeyId"], key["SecretAccessKey"])
    return made


@pytest.mark.parametrize(
    "allowed",
    [
        pytest.param(SETTINGS, id="service"),
        pytest.param(SELF_MANAGED, id="self", marks=pytest.mark.long),
    ],
    indirect=True,
)
def test_with_exactly_this_policy_the_accounts_are_deployed_and_handed_back(
    allowed: OwnAccounts,
) -> None:
    with own_teardowns.quick(allowed):
        for command in ("accounts", "plan", "deploy", "preflight", "status", "stop", "start"):
            ran = allowed.run(command)
            assert ran.code == 0, command + ran.out + ran.err
            assert "AccessDenied" not in ran.out + ran.err, command
    done = taken_down(allowed)
    assert done.code == 0, done.out + done.err
    assert "AccessDenied" not in done.out + done.err


@pytest.mark.parametrize("allowed", [SETTINGS], indirect=True)
def test_what_the_bill_of_all_accounts_asks_is_in_the_policy_and_missed_where_it_is_not(
    allowed: OwnAccounts,
) -> None:
    loaded = allowed.loaded()

    def warned() -> list[str]:
        with allowed.calling():
            found = preflight(allowed.clients(), loaded, loaded.seats, {}, now=NOW)
        return [one.message for one in found.checks if one.subject == COMMON_BILL_SUBJECT]

    assert warned() == []
    denied = {"Effect": "Deny", "Action": "iam:SimulatePrincipalPolicy", "Resource": "*"}
    for action, told in (
        ("organizations:ListAccounts", "bill --reconcile may need organizations:ListAccounts,"),
        ("iam:SimulatePrincipalPolicy", "whether all accounts' costs can be asked for at once is"),
    ):
        allowed.cloud.client("iam").put_user_policy(
            UserName="organiser",
            PolicyName="less",
            PolicyDocument=json.dumps(
                {"Version": "2012-10-17", "Statement": [{**denied, "Action": action}]}
            ),
        )
        [message] = warned()
        assert message.startswith(told)


def test_the_page_has_one_policy_for_home_and_none_for_each_account(
    cloud: Cloud, tmp_path: Path
) -> None:
    own = founded(cloud, tmp_path, "ada", "ben")
    loaded = own.loaded()
    made = organiser_page.files(loaded, loaded.seats, partition="aws")
    assert [*made] == [organiser_page.PAGE, "organiser-000000000000-1.json"]
    assert own.account("ada") not in "".join(made.values())
    own.write(settings=SETTINGS.replace("units: [UNIT]", "units: [UNIT], role: LabAdministrator"))
    loaded = own.loaded()
    made = organiser_page.files(loaded, loaded.seats, partition="aws")
    assert (
        "Those of members go to the role LabAdministrator in each seat's account."
        in made[organiser_page.PAGE]
    )
    members = "".join(text for name, text in made.items() if "members" in name)
    assert "arn:aws:iam::*:role/ws/vision/*" in members
    assert f"arn:aws:iam::000000000000:role/{ADMINISTRATION}" not in "".join(made.values())
