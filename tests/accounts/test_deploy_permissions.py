"""Who lets StackSets into the accounts, and the Regions in which these have their stacks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.support.local_cloud import Cloud
from tests.support.organizations import STACKSETS
from tests.support.own_accounts import HOME, REGION, SETTINGS, OwnAccounts, founded

AWAY = "eu-west-1"


def ended(own: OwnAccounts, code: int = 0, *more: str) -> dict[str, Any]:
    """Deploy and return the last line, which tells how it ended."""
    ran = own.run("deploy", "--json", *more)
    assert ran.code == code, ran.err + ran.out
    found: dict[str, Any] = json.loads(ran.out.splitlines()[-1])
    return found


def test_roles_in_each_account_let_stack_sets_in_where_nobody_asks_the_organization(
    cloud: Cloud, tmp_path: Path
) -> None:
    own = founded(cloud, tmp_path, "ada", "ben")
    own.write(settings=SETTINGS.replace("units: [UNIT]", "permissions: self-managed"))
    own.administrator.may_administer()
    own.administrator.may_execute(own.account("ada"))
    end = ended(own, 1)
    assert end["seats"] == {"done": 1, "failed": 1}
    ((failed),) = end["failed"]
    assert failed["seat"] == "ben"
    assert "AWSCloudFormationStackSetExecutionRole" in failed["message"]
    own.administrator.may_execute(own.account("ben"))
    assert ended(own)["seats"] == {"done": 1, "unchanged": 1}
    listed = cloud.client("cloudformation").list_stack_sets(Status="ACTIVE")["Summaries"]
    assert {one["PermissionModel"] for one in listed} == {"SELF_MANAGED"}


def test_an_account_that_aws_closed_is_taken_out_of_a_list_that_nobody_else_keeps(
    cloud: Cloud, tmp_path: Path
) -> None:
    own = founded(cloud, tmp_path, "ada", "ben")
    own.write(settings=SETTINGS.replace("units: [UNIT]", "permissions: self-managed"))
    own.organization.add_member("extra", "seats")
    own.assign("extra")
    outside = "222222222222"
    text = own.accounts_file.read_text().replace(own.account("ada"), outside)
    own.accounts_file.write_text(text)
    refused = own.run("accounts", "--write", "--replace", "ada")
    assert refused.code == 2
    assert "; if AWS closed it, take its line out of config/vision.accounts.csv\n" in refused.err
    lines = own.accounts_file.read_text().splitlines()
    own.accounts_file.write_text("\n".join(one for one in lines if ",ada" not in one))
    assert own.run("accounts", "--write").code == 0
    assert own.loaded().assignment.by_seat["ada"] == own.account("extra")


def test_a_delegated_administrator_deploys_in_the_name_of_the_management_account(
    cloud: Cloud, tmp_path: Path
) -> None:
    own = founded(cloud, tmp_path, "ada", "ben")
    own.organization.add_unit("staff")
    deputy = own.organization.add_member("deputy", "staff")
    own.call_as_root_of(deputy)
    own.write(
        settings=SETTINGS.replace(HOME.account, deputy).replace(
            "units: [UNIT]", "units: [UNIT], delegated_administrator: true"
        )
    )
    refused = own.run("deploy", "--json")
    assert refused.code == 1
    assert "register-delegated-administrator" in refused.err
    assert own.sets() == set()
    own.organization.client.register_delegated_administrator(
        AccountId=deputy, ServicePrincipal=STACKSETS
    )
    assert ended(own)["seats"] == {"done": 2}
    assert len(own.sets()) == 9
    assert own.run("deploy").err.endswith("nothing to do\n")


def test_each_account_has_its_stacks_in_the_region_of_its_row(cloud: Cloud, tmp_path: Path) -> None:
    own = founded(cloud, tmp_path, "ada", "ben", "cleo")
    own.regions["ben"] = AWAY
    own.write()
    assert ended(own)["seats"] == {"done": 3}
    found = {
        seat: [
            region
            for region in (REGION, AWAY)
            if own.administrator.stacks(own.account(seat), region)
        ]
        for seat in own.seats
    }
    assert found == {"ada": [REGION], "ben": [AWAY], "cleo": [REGION]}
    assert own.run("deploy").err.endswith("nothing to do\n")
