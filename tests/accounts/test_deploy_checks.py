"""What a deployment by stack sets asks of the organization and the accounts before it begins."""

from __future__ import annotations

import json
from typing import Any

from tests.support.own_accounts import OwnAccounts

NOTEBOOK = "AWS::SageMaker::NotebookInstance"
MACHINES = "ml.t3.medium for notebook instance usage"
SET = "vision-seat-notebook-attendee"


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


def test_an_account_in_which_the_organiser_is_already_is_asked_for_its_quotas(
    own: OwnAccounts,
) -> None:
    broken = {"effect": "handler", "type": NOTEBOOK, "code": "GeneralServiceException"}
    own.cloud.faults({**broken, "account": own.account("ben")})
    assert ended(own, 1, "--failure-percent", "50")["seats"] == {"done": 2, "failed": 1}
    own.cloud.faults()
    own.cloud.quotas(account=own.account("ben"), sagemaker={MACHINES: 0})
    before = own.administrator.client.list_stack_set_operations(StackSetName=SET)["Summaries"]
    ran = own.run("deploy")
    assert ran.code == 3, ran.err  # nobody else has anything to be done
    assert "AWS allows 0" in " ".join(ran.out.split())
    own.join("dora")
    [failed] = ended(own, 1)["failed"]
    assert failed["seat"] == "ben"
    assert f"preflight: {MACHINES}: you need 1" in failed["message"]
    after = own.administrator.client.list_stack_set_operations(StackSetName=SET)["Summaries"]
    assert len(after) == len(before) + 1  # that of dora
    own.cloud.quotas(account=own.account("ben"), sagemaker={MACHINES: 1})
    assert ended(own, 0)["seats"] == {"done": 1, "unchanged": 3}
