"""Who may have service-managed stack sets: trusted access and delegated administrators."""

from __future__ import annotations

from tests.support.organizations import MANAGED, STACKSETS, Organization, targets
from tests.support.refusals import code_of, refusal
from tests.support.stacksets import HANDLE, Administrator, regional


def test_the_organization_has_to_be_opened_by_cloudformation_itself(
    organization: Organization,
) -> None:
    administrator = Administrator(organization.cloud)
    closed = (
        "ValidationError",
        "You must enable organizations access to operate a service managed stack set",
    )
    request = {"TemplateBody": HANDLE, **MANAGED}
    assert administrator.client.describe_organizations_access()["Status"] == "DISABLED"
    assert refusal(administrator.call, "create_stack_set", **request)[1:] == closed
    organization.client.enable_aws_service_access(ServicePrincipal=STACKSETS)
    assert refusal(administrator.call, "create_stack_set", **request)[1:] == closed
    administrator.client.activate_organizations_access()
    assert administrator.client.describe_organizations_access()["Status"] == "ENABLED"
    administrator.call("create_stack_set", **request)
    administrator.client.deactivate_organizations_access()
    seats = {**targets(organization, "seats"), **regional()}
    assert refusal(administrator.call, "create_stack_instances", **seats)[1:] == closed
    # A member is no management account, whatever it has opened.
    member = Administrator(organization.cloud, account=organization.members["ada"])
    assert refusal(member.call, "create_stack_set", **request)[1:] == (
        "ValidationError",
        "You must be the management account or delegated admin account of an organization before "
        "operating a SERVICE_MANAGED stack set",
    )
    assert code_of(member.client.activate_organizations_access) == "InvalidOperationException"


def test_a_delegated_administrator_reads_the_organization_and_no_other_member_does(
    organization: Organization,
) -> None:
    cloud, seats = organization.cloud, {"ParentId": organization.units["seats"]}
    ada, dan = (
        cloud.client("organizations", account=organization.members[name]) for name in ("ada", "dan")
    )
    organization.client.enable_aws_service_access(ServicePrincipal=STACKSETS)
    organization.client.register_delegated_administrator(
        AccountId=organization.members["dan"], ServicePrincipal=STACKSETS
    )
    listed = dan.list_accounts_for_parent(**seats)["Accounts"]
    assert listed == organization.client.list_accounts_for_parent(**seats)["Accounts"] != []
    assert code_of(ada.list_accounts_for_parent, **seats) == "AccessDeniedException"
    assert ada.describe_organization() | {"ResponseMetadata": {}} == (
        organization.client.describe_organization() | {"ResponseMetadata": {}}
    )


def test_a_delegated_administrator_has_the_stack_sets_of_the_management_account(
    organization: Organization, manager: Administrator
) -> None:
    dan = Administrator(
        organization.cloud, account=organization.members["dan"], call_as="DELEGATED_ADMIN"
    )
    request = {"TemplateBody": HANDLE, **MANAGED}
    not_yet = ("ValidationError", "Account used is not a delegated administrator")
    assert refusal(dan.call, "create_stack_set", **request)[1:] == not_yet
    organization.client.register_delegated_administrator(
        AccountId=dan.account, ServicePrincipal=STACKSETS
    )
    dan.call("create_stack_set", **request)
    done = dan.finished("create_stack_instances", **targets(organization, "seats"), **regional())
    assert done["Status"] == "SUCCEEDED"
    assert manager.instances() == dan.instances() != {}
    manager.call("create_stack_set", "own", TemplateBody=HANDLE)
    listed = dan.client.list_stack_sets(CallAs="DELEGATED_ADMIN")["Summaries"]
    assert [stack_set["StackSetName"] for stack_set in listed] == ["seats"]
    assert dan.client.list_stack_sets()["Summaries"] == []
    assert code_of(dan.call, "describe_stack_set", "own") == "StackSetNotFoundException"
    blocked = refusal(manager.client.deactivate_organizations_access)[1:]
    assert blocked[0] == "InvalidOperationException"


def test_only_a_member_of_an_opened_organization_can_be_delegated(
    organization: Organization, manager: Administrator
) -> None:
    client, dan = manager.cloud.client("organizations"), organization.members["dan"]
    request = {"AccountId": dan, "ServicePrincipal": STACKSETS}
    client.register_delegated_administrator(**request)
    twice = refusal(client.register_delegated_administrator, **request)[1:]
    assert twice[0] == "AccountAlreadyRegisteredException"
    for account, service, code in (
        (organization.cloud.running.account, STACKSETS, "ConstraintViolationException"),
        ("999999999999", STACKSETS, "AccountNotFoundException"),
        (dan, "config.amazonaws.com", "ConstraintViolationException"),
        (dan, "no principal", "InvalidInputException"),
    ):
        wrong = {"AccountId": account, "ServicePrincipal": service}
        assert code_of(client.register_delegated_administrator, **wrong) == code
    member = organization.cloud.client("organizations", account=dan)
    denied = refusal(member.register_delegated_administrator, **request)[1:]
    assert denied[0] == "AccessDeniedException"
