"""A preflight where each seat has an account of its own: asked of each, and told once of all."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.support.local_cloud import Cloud
from tests.support.organizations import with_stacks
from tests.support.own_accounts import ACCOUNT, SETTINGS, OwnAccounts, founded, organiser_key
from tests.support.preflights import NOW
from tests.support.stacksets import HANDLE, trust
from workshop import tags
from workshop.aws import stacks
from workshop.cli import preflight_view
from workshop.preflight import CheckState, PreflightReport, preflight
from workshop.preflight.own_accounts import PRINCIPAL

ROLE = "LabAdministrator"
SEATS = ("ada", "ben", "cleo", "dora")
ROLE_NAMED = SETTINGS.replace("units: [UNIT]", f"units: [UNIT], role: {ROLE}")
GPU = "ml.g5.xlarge for training job usage"


@pytest.fixture
def four(enforcing: Cloud, tmp_path: Path) -> OwnAccounts:
    """Four seats of which nothing is deployed; the organiser can be in three of their accounts."""
    enforcing.reset()
    made = founded(enforcing, tmp_path, *SEATS, key=organiser_key(enforcing))
    made.write(settings=ROLE_NAMED)
    for seat in SEATS[:3]:
        made.let_in(seat, ROLE)
    return made


def asked(made: OwnAccounts) -> PreflightReport:
    with made.calling():
        loaded, clients = made.loaded(), made.clients()
        found, _ = stacks.in_each(clients, [seat.account_region for seat in loaded.seats])
        return preflight(clients, loaded, loaded.seats, found, now=NOW, tries_reads=False)


def told(report: PreflightReport) -> list[str]:
    return [" ".join(line.split()) for line in preflight_view.lines(report)]


def failures(report: PreflightReport) -> dict[tuple[str, str], str]:
    """Return the message of what fails, by the seat, empty for home, and the subject."""
    return {
        (report.seats.get(check.account_region.account, ""), check.subject): check.message
        for check in report.of(CheckState.FAILED)
    }


def control(made: OwnAccounts, name: str, target: str, statement: dict[str, Any]) -> None:
    """Attach a service control policy."""
    client = made.organization.client
    content = json.dumps({"Version": "2012-10-17", "Statement": [{"Sid": "a", **statement}]})
    policy = client.create_policy(
        Content=content, Description="", Name=name, Type="SERVICE_CONTROL_POLICY"
    )
    client.attach_policy(PolicyId=policy["Policy"]["PolicySummary"]["Id"], TargetId=target)


def test_what_is_the_same_in_many_accounts_is_told_once_with_how_many_are_in_order(
    four: OwnAccounts,
) -> None:
    four.cloud.quotas(account=four.account("ben"), sagemaker={GPU: 0})
    four.cloud.quotas(account=four.account("cleo"), sagemaker={GPU: 0})
    report = asked(four)
    lines = told(report)
    at = lines.index(f"failed 2 accounts (ben, cleo) {GPU} (L-B6D80D9C)")
    assert lines[at + 1 : at + 4] == [
        "0 for 1 seat of attendee: nobody can use it; ask AWS for 1, or take it out of",
        "access.training_instance_types",
        "in order in 1 other account",
    ]
    assert f"2 accounts (ben, cleo): {GPU}" in lines
    assert sum(line.startswith("aws service-quotas request-service") for line in lines) == 1


def test_an_account_that_nobody_can_be_in_is_one_unknown_and_keeps_nothing_from_the_others(
    four: OwnAccounts,
) -> None:
    report = asked(four)
    [lost] = report.of(CheckState.UNKNOWN)
    assert (report.seats[lost.account_region.account], lost.subject) == ("dora", "account")
    assert lost.message == (
        "nobody can be in the account (AssumeRole: AccessDenied), and its quotas, permissions and"
        " Regions are not known; check 'accounts.role' and 'accounts.external_id', and whom the"
        " role trusts, or go on without: --accept-unknown account"
    )
    assert not report.of(CheckState.FAILED)
    asked_of = {
        report.seats.get(check.account_region.account)
        for check in report.of(CheckState.OK)
        if check.quota_code
    }
    assert asked_of == {"ada", "ben", "cleo"}
    four.write()  # the role is the one that is made by the first deployment
    [lost, *_] = asked(four).of(CheckState.UNKNOWN)
    assert "the first stack set makes the organiser's role there" in lost.message


def test_policies_of_the_organization_are_read_down_the_tree(four: OwnAccounts) -> None:
    deny = {"Effect": "Deny", "Resource": "*"}
    notebooks = {**deny, "Action": "sagemaker:*NotebookInstance*"}
    control(four, "no-notebooks", four.organization.units["seats"], notebooks)
    control(four, "no-jobs", four.account("ben"), {**deny, "Action": "sagemaker:CreateTrainingJob"})
    control(four, "no-models", four.account("ben"), {**deny, "Action": "sagemaker:CreateModel"})
    role = {"Effect": "Deny", "Action": "iam:CreateRole"}
    control(
        four, "no-roles", four.account("cleo"), {**role, "Resource": "arn:aws:iam::*:role/ws/*"}
    )
    control(four, "no-groups", four.account("ada"), {**deny, "Action": "iam:CreateGroup"})
    found = failures(asked(four))
    unit = four.organization.units["seats"]
    of_all = f"'no-notebooks' at {unit} denies StackSets sagemaker:CreateNotebookInstance"
    assert {seat for seat, subject in found if subject == "service control policies"} == {*SEATS}
    messages = {seat: found[seat, "service control policies"] for seat in SEATS}
    assert all(message.startswith(of_all) for message in messages.values())
    both = "sagemaker:CreateTrainingJob, sagemaker:CreateModel"
    assert f"'no-jobs', 'no-models' deny seats {both};" in messages["ben"]
    assert "'no-roles' denies StackSets iam:CreateRole;" in messages["cleo"]
    assert "no-groups" not in messages["ada"]


LISTED = ROLE_NAMED.replace(
    "units: [UNIT]", "permissions: self-managed, execution_role: LabAdministrator"
)


def test_policies_over_a_list_of_accounts_are_found_without_a_unit(four: OwnAccounts) -> None:
    """Ada's account is closed, and dora's is in no organization that home may ask."""
    four.administrator.may_administer()
    four.write(settings=LISTED)
    outside = "222222222222"
    text = four.accounts_file.read_text().replace(four.account("dora"), outside)
    four.accounts_file.write_text(text)
    four.organization.client.close_account(AccountId=four.account("ada"))
    deny = {"Effect": "Deny", "Resource": "*", "Action": "sagemaker:CreateTrainingJob"}
    control(four, "no-jobs", four.organization.units["seats"], deny)
    report = asked(four)
    found = failures(report)
    subject = "service control policies"
    assert {seat for seat, about in found if about == subject} == {"ada", "ben", "cleo"}
    unit = four.organization.units["seats"]
    assert found["ben", subject].startswith(f"'no-jobs' at {unit} denies seats")
    assert found["ada", "organization"].startswith("the account is suspended; have that undone")
    [warned] = [one for one in report.of(CheckState.WARNING) if one.subject == "organization"]
    assert (report.seats[warned.account_region.account], warned.message) == (
        "dora",
        f"the account is not in the organization of account {ACCOUNT}: check its id; what the"
        " policies of its own organization deny is not known here",
    )
    assert not [one for one in report.of(CheckState.UNKNOWN) if one.subject == subject]


def test_policies_that_no_caller_of_an_account_may_read_are_a_warning_and_refuse_nothing(
    four: OwnAccounts,
) -> None:
    dan = four.organization.add_member("dan")
    four.administrator.within("iam", dan).create_role(
        RoleName="AWSCloudFormationStackSetAdministrationRole",
        AssumeRolePolicyDocument=trust(Service="cloudformation.amazonaws.com"),
    )
    four.call_as_root_of(dan)
    four.write(settings=LISTED.replace(f'account: "{ACCOUNT}"', f'account: "{dan}"'))
    report = asked(four)
    [policies] = [one for one in report.checks if one.subject == "service control policies"]
    assert policies.state == CheckState.WARNING
    assert policies.message.startswith(f"account {dan} may not read them: it neither manages the")
    assert "organization" not in {one.subject for one in report.checks}


def test_an_account_in_which_another_workshop_has_a_seat_fails_with_the_command_for_another(
    four: OwnAccounts,
) -> None:
    """Stack sets of the same home tell of ada's; of ben's, only the stacks there do."""
    with_stacks(four.organization, "audio", "ada")
    given = tags.seat_tags(
        workshop="video", environment="eu", attendee="seat", profile="attendee", extra={}
    )
    four.within("cloudformation", "ben").create_stack(
        StackName="StackSet-video-seat-storage-attendee-1",
        TemplateBody=HANDLE,
        Tags=[{"Key": key, "Value": value} for key, value in given.items()],
    )
    found = failures(asked(four))
    assert {seat for seat, _ in found} == {"ada", "ben"}
    message = found["ada", "other workshops"]
    assert message.startswith("workshop 'audio', environment 'eu', has a seat in the account,")
    assert "workshop 'video', environment 'eu'," in found["ben", "other workshops"]
    again = shlex.split(message.rpartition("with: workshop ")[2])
    four.organization.add_member("extra", "seats")
    ran = four.run("accounts", *again[again.index("--write") :])
    assert ran.code == 0, ran.err
    assert four.loaded().assignment.by_seat["ada"] == four.account("extra")


def test_what_nobody_may_read_of_the_organization_is_unknown(four: OwnAccounts) -> None:
    denied = {"Effect": "Deny", "Action": "organizations:ListPoliciesForTarget", "Resource": "*"}
    four.cloud.client("iam").put_user_policy(
        UserName="organiser",
        PolicyName="less",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [denied]}),
    )
    unknown = {check.subject: check.message for check in asked(four).of(CheckState.UNKNOWN)}
    assert unknown["service control policies"].startswith(
        "they could not be read (ListPoliciesForTarget: AccessDenied"
    )


def test_stack_sets_without_access_to_the_organization_is_told_with_the_cure(
    four: OwnAccounts,
) -> None:
    four.cloud.client("cloudformation").deactivate_organizations_access()
    assert failures(asked(four)) == {
        ("", "StackSets"): (
            "StackSets has no access to the organization; give it that in the management account"
            " with: aws cloudformation activate-organizations-access"
        )
    }


def test_another_account_than_the_managing_one_has_to_be_a_delegated_administrator(
    four: OwnAccounts,
) -> None:
    dan = four.organization.add_member("dan")
    four.call_as_root_of(dan)
    settings = ROLE_NAMED.replace(f'account: "{ACCOUNT}"', f'account: "{dan}"')
    delegated = settings.replace("mode: ou", "mode: ou, delegated_administrator: true")
    four.write(settings=delegated)
    cure = (
        "aws organizations register-delegated-administrator --service-principal"
        f" {PRINCIPAL} --account-id {dan}"
    )
    assert failures(asked(four))["", "StackSets"] == (
        f"account {dan} is no delegated administrator of StackSets; make it one in the management"
        f" account with: {cure}"
    )
    four.organization.client.register_delegated_administrator(
        AccountId=dan, ServicePrincipal=PRINCIPAL
    )
    checks = {check.subject: check for check in asked(four).checks}
    assert checks["StackSets"].state == CheckState.OK


def test_an_account_that_is_closed_or_left_the_units_fails_with_the_command_for_another(
    four: OwnAccounts,
) -> None:
    four.organization.client.close_account(AccountId=four.account("ada"))
    four.organization.move("ben", "seats", "root")
    found = {seat: text for (seat, subject), text in failures(asked(four)).items()}
    assert found == {
        seat: (
            f"the account is {why}; have that undone, or give the seat another one with: workshop"
            f" accounts -e vision --config-dir {four.config} --write --replace {seat}"
        )
        for seat, why in (("ada", "suspended"), ("ben", "in none of the units any more"))
    }
    four.organization.add_member("extra1", "seats")
    four.organization.add_member("extra2", "seats")
    ran = four.run("accounts", "--write", "--replace", "ada,ben")
    assert ran.code == 0, ran.err
    assert not [one for one in failures(asked(four)) if one[1] == "organization"]


def test_with_self_managed_permissions_the_roles_of_stack_sets_have_to_be_there(
    four: OwnAccounts,
) -> None:
    more = "permissions: self-managed, execution_role: LabAdministrator"
    four.write(settings=ROLE_NAMED.replace("mode: ou", f"mode: ou, {more}"))
    found = failures(asked(four))
    assert [*found] == [("", "StackSets")]
    assert found["", "StackSets"].startswith(
        "there is no role AWSCloudFormationStackSetAdministrationRole in the environment's account"
    )
    four.write(settings=ROLE_NAMED.replace("mode: ou", "mode: ou, permissions: self-managed"))
    assert {seat for seat, subject in failures(asked(four)) if subject == "execution role"} == {
        "ada",
        "ben",
        "cleo",
    }
