"""The accounts of an operation, and who may request it: the organization's side."""

# Private names of ministack, held by ministack_names.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from localcloud import ministack_adapter
from localcloud.protocol.errors import not_played
from localcloud.stacksets.query import invalid
from localcloud.stacksets.records import Document, StackSet


@dataclass(frozen=True)
class DeploymentTarget:
    """An account, and the organizational unit or root that it was reached by."""

    account: str
    unit: str = ""


def management_account(account: str) -> str:
    """Return the account that manages the organization of ``account``: itself if it is in none."""
    accounts = ministack_adapter.module("services.organizations")._accounts
    for manager, member in accounts.to_dict():
        if member == account and manager != account:
            return str(manager)
    return account


def accounts_billed_to(account: str) -> set[str]:
    """Return the accounts whose costs an account sees: those it manages, and always itself."""
    accounts = ministack_adapter.module("services.organizations")._accounts
    return {account} | {member for manager, member in accounts.to_dict() if manager == account}


def is_suspended(stack_set: StackSet, account: str) -> bool:
    """Whether a member of the organization has been closed."""
    if not stack_set.service_managed:
        return False
    with ministack_adapter.request_scope(stack_set.account, stack_set.region):
        found = ministack_adapter.module("services.organizations")._accounts.get(account) or {}
    return bool(found.get("Status") == "SUSPENDED")


def to_deploy_to(stack_set: StackSet, request: Document) -> list[DeploymentTarget]:
    """Return the accounts in which CreateStackInstances makes stacks, once each.

    The management account never gets one by a service-managed stack set.
    """
    if not stack_set.service_managed:
        return [DeploymentTarget(account) for account in _accounts(request)]
    units, accounts = _units(stack_set, request)
    found: dict[str, DeploymentTarget] = {}
    for unit in units:
        for account in _members_of(stack_set, unit):
            if accounts is None or account in accounts:
                found.setdefault(account, DeploymentTarget(account, unit))
    return list(found.values())


def deployed_to(stack_set: StackSet, request: Document) -> list[DeploymentTarget]:
    """Return the accounts with instances that an update or deletion is about, once each."""
    if not stack_set.service_managed:
        return [DeploymentTarget(account) for account in _accounts(request)]
    units, accounts = _units(stack_set, request)
    inside = {account for unit in units for account in _members_of(stack_set, unit)}
    found = {
        instance.account: DeploymentTarget(instance.account, instance.unit)
        for instance in stack_set.instances.values()
        if instance.unit in units or instance.account in inside
    }
    return [target for target in found.values() if accounts is None or target.account in accounts]


def _accounts(request: Document) -> list[str]:
    targets = request.get("DeploymentTargets", {})
    if "OrganizationalUnitIds" in targets:
        raise invalid(
            "StackSets with SELF_MANAGED permission model can only have accounts as target"
        )
    if "Accounts" in request and targets:
        raise invalid("You can specify Accounts or DeploymentTargets, but not both")
    accounts = request.get("Accounts") or targets.get("Accounts")
    if not accounts:
        raise invalid("You must specify at least one account")
    return list(dict.fromkeys(accounts))


def _units(stack_set: StackSet, request: Document) -> tuple[list[str], list[str] | None]:
    """Return organizational units, and the accounts in them that are meant, None for all."""
    targets = request.get("DeploymentTargets", {})
    if not targets:
        raise invalid(
            "StackSets with SERVICE_MANAGED permission model can only have OrganizationalUnit "
            "as target"
        )
    if "Accounts" in request:
        raise invalid("You can specify Accounts or DeploymentTargets, but not both")
    units = list(dict.fromkeys(targets.get("OrganizationalUnitIds", [])))
    if not units:
        raise invalid("OrganizationalUnitIds are required")
    known = _known_units(stack_set)
    for unit in units:
        if unit not in known:
            raise invalid(f"Organizational unit {unit} is not part of the organization")
    if "AccountsUrl" in targets:
        raise not_played("CloudFormation", "AccountsUrl of stack sets")
    accounts: list[str] = targets.get("Accounts", [])
    kind = targets.get("AccountFilterType", "UNION" if accounts else "NONE")
    if kind not in {"INTERSECTION", "NONE"}:
        raise not_played("CloudFormation", f"AccountFilterType {kind} of stack sets")
    if kind == "INTERSECTION" and not accounts:
        raise invalid(f"AccountFilterType {kind} needs Accounts")
    return units, accounts if kind == "INTERSECTION" else None


def _known_units(stack_set: StackSet) -> set[str]:
    organizations = ministack_adapter.module("services.organizations")
    with ministack_adapter.request_scope(stack_set.account, stack_set.region):
        return {*organizations._roots.keys(), *organizations._ous.keys()}


def _members_of(stack_set: StackSet, unit: str) -> list[str]:
    """Return the members in a unit and in those below it."""
    organizations = ministack_adapter.module("services.organizations")
    with ministack_adapter.request_scope(stack_set.account, stack_set.region):
        below: list[Any] = organizations._ous.values()
        units = {unit, *_descendants(unit, below)}
        return [
            member["Id"]
            for member in organizations._accounts.values()
            if member["_ParentId"] in units and member["Id"] != stack_set.account
        ]


def _descendants(unit: str, units: list[Any]) -> Iterator[str]:
    for child in units:
        if child["_ParentId"] == unit:
            yield child["Id"]
            yield from _descendants(child["Id"], units)
