"""Service-managed stack sets: an organization's accounts, by its units."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.protocol.errors import NOT_PLAYED
from tests.support.organizations import MANAGED, Organization, targets
from tests.support.refusals import code_of, refusal
from tests.support.stacksets import (
    AWAY,
    HANDLE,
    HOME,
    Administrator,
    bucket,
    regional,
    trust,
)


def test_the_accounts_of_a_unit_and_of_those_below_get_stacks_without_any_role(
    organization: Organization, manager: Administrator
) -> None:
    created = manager.call("create_stack_set", TemplateBody=bucket(), **MANAGED)
    done = manager.finished(
        "create_stack_instances", **targets(organization, "seats"), **regional(HOME, AWAY)
    )
    assert done["Status"] == "SUCCEEDED"
    assert done["DeploymentTargets"] == targets(organization, "seats")["DeploymentTargets"]
    assert "AdministrationRoleARN" not in done
    instances = manager.instances()
    assert organization.named(instances) == {"ada", "bob", "cyd"}
    assert len(instances) == 6
    # The unit that was asked for, whichever the account is in.
    assert {instance["OrganizationalUnitId"] for instance in instances.values()} == {
        organization.units["seats"]
    }
    for place in instances:
        [stack] = manager.stacks(*place)
        assert stack["StackStatus"] == "CREATE_COMPLETE"
    seen = manager.call("describe_stack_set")["StackSet"]
    assert seen["StackSetId"] == created["StackSetId"]
    assert seen["PermissionModel"] == "SERVICE_MANAGED"
    assert seen["AutoDeployment"] == {"Enabled": False}
    assert seen["OrganizationalUnitIds"] == [organization.units["seats"]]
    gone = manager.finished(
        "delete_stack_instances",
        RetainStacks=False,
        **targets(organization, "back row"),
        **regional(HOME, AWAY),
    )
    assert gone["Status"] == "SUCCEEDED"
    assert organization.named(manager.instances()) == {"ada", "bob"}
    assert manager.stacks(organization.members["cyd"]) == []


def test_an_instance_belongs_to_the_unit_that_it_was_deployed_by(
    organization: Organization, manager: Administrator
) -> None:
    manager.call("create_stack_set", TemplateBody=HANDLE, **MANAGED)
    seats = targets(organization, "seats")
    manager.finished("create_stack_instances", **seats, **regional(HOME, AWAY))
    organization.move("ada", "seats", "staff")
    manager.finished("delete_stack_instances", RetainStacks=False, **seats, **regional(AWAY))
    assert {region for _, region in manager.instances()} == {HOME}
    manager.finished("delete_stack_instances", RetainStacks=False, **seats, **regional(HOME))
    assert manager.instances() == {}


def test_the_management_account_gets_no_stack(
    organization: Organization, manager: Administrator
) -> None:
    manager.call("create_stack_set", TemplateBody=HANDLE, **MANAGED)
    manager.finished("create_stack_instances", **targets(organization, "root"), **regional())
    assert organization.named(manager.instances()) == {"ada", "bob", "cyd", "dan"}


@pytest.mark.parametrize(
    ("kind", "names", "expected"),
    [
        ("INTERSECTION", ("ada", "dan"), {"ada"}),
        ("NONE", (), {"ada", "bob", "cyd"}),
    ],
)
def test_accounts_refine_the_units(
    organization: Organization,
    manager: Administrator,
    kind: str,
    names: tuple[str, ...],
    expected: set[str],
) -> None:
    chosen = {"AccountFilterType": kind, "Accounts": [organization.members[name] for name in names]}
    if not names:
        del chosen["Accounts"]
    manager.call("create_stack_set", TemplateBody=HANDLE, **MANAGED)
    request = {**targets(organization, "seats", **chosen), **regional()}
    manager.finished("create_stack_instances", **request)
    assert organization.named(manager.instances()) == expected
    # What was deployed by a choice is updated and deleted by the same choice.
    done = manager.finished("update_stack_set", UsePreviousTemplate=True, **request)
    assert organization.named(manager.results(done["OperationId"])) == expected
    manager.finished("delete_stack_instances", RetainStacks=False, **request)
    assert manager.instances() == {}


def test_a_closed_account_is_left_out_and_can_only_be_let_go(
    organization: Organization, manager: Administrator
) -> None:
    manager.call("create_stack_set", TemplateBody=HANDLE, **MANAGED)
    organization.client.close_account(AccountId=organization.members["bob"])
    seats = {**targets(organization, "seats"), **regional(MaxConcurrentCount=1)}
    done = manager.finished("create_stack_instances", **seats)
    assert (done["Status"], done["StatusDetails"]) == (
        "SUCCEEDED",
        {"FailedStackInstancesCount": 0},
    )
    bob = manager.instances()[organization.members["bob"], HOME]
    assert (bob["Status"], bob["StackInstanceStatus"]) == (
        "OUTDATED",
        {"DetailedStatus": "SKIPPED_SUSPENDED_ACCOUNT"},
    )
    assert "StackId" not in bob
    manager.finished("delete_stack_instances", RetainStacks=False, **seats)
    assert organization.named(manager.instances()) == {"bob"}
    manager.finished("delete_stack_instances", RetainStacks=True, **seats)
    assert manager.instances() == {}


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"Accounts": ["111111111111"]}, "can only have OrganizationalUnit as target"),
        (
            {"DeploymentTargets": {"Accounts": ["111111111111"]}},
            "OrganizationalUnitIds are required",
        ),
        (
            {"DeploymentTargets": {"OrganizationalUnitIds": ["ou-aaaa-00000000"]}},
            "ou-aaaa-00000000 is not part of the organization",
        ),
    ],
)
def test_targets_that_cannot_be_meant_are_refused(
    manager: Administrator, request_: dict[str, Any], message: str
) -> None:
    manager.call("create_stack_set", TemplateBody=HANDLE, **MANAGED)
    request = {"Regions": [HOME], **request_}
    _, code, found = refusal(manager.call, "create_stack_instances", **request)
    assert code == "ValidationError"
    assert message in found


@pytest.mark.parametrize(
    "more",
    [
        {"AccountFilterType": "DIFFERENCE", "Accounts": ["111111111111"]},
        {"Accounts": ["111111111111"]},
        {"AccountsUrl": "s3://a/b"},
    ],
)
def test_targets_that_are_not_played_are_refused_as_such(
    organization: Organization, manager: Administrator, more: dict[str, Any]
) -> None:
    manager.call("create_stack_set", TemplateBody=HANDLE, **MANAGED)
    request = {**targets(organization, "seats", **more), **regional()}
    assert code_of(manager.call, "create_stack_instances", **request) == NOT_PLAYED
    assert manager.instances() == {}


def test_automatic_deployment_is_not_played(manager: Administrator) -> None:
    request = {**MANAGED, "AutoDeployment": {"Enabled": True}}
    refused = refusal(manager.call, "create_stack_set", TemplateBody=HANDLE, **request)[1:]
    assert refused[0] == NOT_PLAYED


@pytest.mark.parametrize(
    "request_",
    [
        {"AutoDeployment": None},
        {"ExecutionRoleName": "Seat"},
        {"AdministrationRoleARN": "arn:aws:iam::000000000000:role/Organiser"},
    ],
)
def test_a_service_managed_stack_set_takes_no_roles_and_needs_to_know_about_new_accounts(
    manager: Administrator, request_: dict[str, Any]
) -> None:
    given = {"TemplateBody": HANDLE, **MANAGED, **request_}
    request = {name: value for name, value in given.items() if value is not None}
    assert code_of(manager.call, "create_stack_set", **request) == "ValidationError"


def test_the_permission_model_changes_only_without_instances(
    organization: Organization, manager: Administrator
) -> None:
    manager.call("create_stack_set", TemplateBody=HANDLE)
    change = {"UsePreviousTemplate": True, **MANAGED}
    manager.client.deactivate_organizations_access()
    with pytest.raises(ClientError, match="must enable organizations access"):
        manager.call("update_stack_set", **change)
    manager.client.activate_organizations_access()
    done = manager.finished("update_stack_set", **change)
    assert done["Status"] == "SUCCEEDED"
    manager.finished("create_stack_instances", **targets(organization, "staff"), **regional())
    with pytest.raises(ClientError, match="cannot be changed while"):
        manager.call("update_stack_set", UsePreviousTemplate=True, PermissionModel="SELF_MANAGED")


def test_a_new_unit_has_the_policy_that_allows_all(organization: Organization) -> None:
    for target in organization.units.values():
        attached = organization.client.list_policies_for_target(
            TargetId=target, Filter="SERVICE_CONTROL_POLICY"
        )["Policies"]
        assert [one["Name"] for one in attached] == ["FullAWSAccess"]


def test_nobody_takes_on_a_role_in_an_account_that_was_closed(organization: Organization) -> None:
    cloud = organization.cloud
    roles = {}
    for name in ("ada", "bob"):
        iam = cloud.client("iam", account=organization.members[name])
        trusted = trust(AWS=f"arn:aws:iam::{cloud.running.account}:root")
        made = iam.create_role(RoleName="organiser", AssumeRolePolicyDocument=trusted)
        roles[name] = made["Role"]["Arn"]
    organization.client.close_account(AccountId=organization.members["ada"])
    sts = cloud.client("sts")
    sts.assume_role(RoleArn=roles["bob"], RoleSessionName="any")
    _, code, message = refusal(sts.assume_role, RoleArn=roles["ada"], RoleSessionName="any")
    assert code == "AccessDenied"
    assert message.endswith(f"perform: sts:AssumeRole on resource: {roles['ada']}")
