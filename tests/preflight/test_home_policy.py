"""With exactly the policy for home that is handed out, seats of their own accounts come and go."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support import own_teardowns
from tests.support.local_cloud import Cloud
from tests.support.own_accounts import SETTINGS, OwnAccounts, founded
from tests.support.own_teardowns import taken_down
from tests.support.stacksets import ADMINISTRATION, EXECUTION
from tests.support.teardown_workshop import QUIET
from workshop.preflight import home_policy, organiser_page

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
