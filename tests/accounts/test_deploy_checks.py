"""What a deployment by stack sets asks of the organization and the accounts before it begins."""

from __future__ import annotations

import json
from typing import Any

from tests.support.own_accounts import SETTINGS, OwnAccounts

GPU = "ml.g5.xlarge for training job usage"
LARGER = SETTINGS.replace("attendee: {}", "attendee: {notebook: {volume_gb: 30}}")


def ended(own: OwnAccounts, code: int, *more: str) -> dict[str, Any]:
    """Deploy and return the last line, which tells how it ended."""
    ran = own.run("deploy", "--json", *more)
    assert ran.code == code, ran.err
    found: dict[str, Any] = json.loads(ran.out.splitlines()[-1])
    return found


def no_notebooks(own: OwnAccounts, target: str) -> str:
    """Attach a service control policy under which no notebook is made; return its id."""
    client = own.organization.client
    denied = {"Effect": "Deny", "Action": "sagemaker:CreateNotebookInstance", "Resource": "*"}
    made = client.create_policy(
        Content=json.dumps({"Version": "2012-10-17", "Statement": [denied]}),
        Description="",
        Name="no-notebooks",
        Type="SERVICE_CONTROL_POLICY",
    )
    policy: str = made["Policy"]["PolicySummary"]["Id"]
    client.attach_policy(PolicyId=policy, TargetId=target)
    return policy


def test_an_account_that_a_policy_denies_something_is_left_out_before_anything_is_made_in_it(
    own: OwnAccounts,
) -> None:
    policy = no_notebooks(own, own.account("ben"))
    end = ended(own, 1)
    assert end["seats"] == {"done": 2, "failed": 1}
    [failed] = end["failed"]
    assert failed["seat"] == "ben"
    assert failed["message"].startswith(
        "vision-cohort-organiser: preflight: service control policies: 'no-notebooks' denies"
        " StackSets sagemaker:CreateNotebookInstance; have that allowed"
    )
    assert own.stacks("ben") == set()
    assert len(own.stacks("ada")) == 9
    own.organization.client.detach_policy(PolicyId=policy, TargetId=own.account("ben"))
    assert ended(own, 0)["seats"] == {"done": 1, "unchanged": 2}


def test_what_keeps_from_all_accounts_refuses_before_a_stack_set_is_made(own: OwnAccounts) -> None:
    no_notebooks(own, own.organization.units["seats"])
    assert ended(own, 3)["stopped"] == (
        "preflight refuses (3 failed); each check says what cures it"
    )
    own.cloud.client("cloudformation").deactivate_organizations_access()
    ran = own.run("deploy", "--only", "ada")
    assert ran.code == 3
    assert "aws cloudformation activate-organizations-access" in ran.out
    assert own.sets() == set()


def test_accounts_in_which_the_organiser_is_already_are_asked_for_their_quotas(
    own: OwnAccounts,
) -> None:
    own.deploy()
    own.cloud.quotas(account=own.account("ben"), sagemaker={GPU: 0})
    own.write(settings=LARGER)
    ran = own.run("deploy")
    assert ran.code == 1, ran.err
    assert "0 for 1 seat of attendee: nobody can use it" in " ".join(ran.out.split())
    own.cloud.quotas(account=own.account("ben"), sagemaker={GPU: 1})
    denied = {"effect": "deny", "operation": "servicequotas:*", "account": own.account("ben")}
    own.cloud.faults(denied)
    assert [one["seat"] for one in ended(own, 1)["failed"]] == ["ben"]
    own.cloud.faults()
    assert ended(own, 0)["seats"] == {"done": 1, "unchanged": 2}
