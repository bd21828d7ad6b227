"""Which accounts are in the units of an organization, and in which state: asked of AWS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from workshop.account_region import AccountRegion
from workshop.aws import errors
from workshop.aws.clients import Clients
from workshop.errors import WorkshopError

ACTIVE = "ACTIVE"
_PAGE = 20
"""Accounts or units of a page, at most
(https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccountsForParent.html)."""


@dataclass(frozen=True, slots=True)
class MemberAccount:
    """An account of an organization; ``state`` as AWS writes it, such as ``SUSPENDED``.

    ``unit`` is the unit, or the root, that it is in. Vending tools name accounts after people.
    """

    account: str
    state: str
    unit: str
    name: str = field(default="", repr=False)


@dataclass(frozen=True)
class Organization:
    """The accounts of some units of an organization, by their ids, and its management account."""

    members: Mapping[str, MemberAccount]
    management: str


def read(clients: Clients, home: AccountRegion, units: Sequence[str]) -> Organization:
    """Return the accounts in ``units`` and in all units below, as ``home`` may list them.

    That is the management account, or a delegated administrator of any service. Raises
    WorkshopError where anything cannot be listed: what is not known is not empty.
    """
    found: dict[str, MemberAccount] = {}
    try:
        described = clients.call(home, "organizations", "DescribeOrganization")["Organization"]
        waiting, seen = list(units), set[str]()
        while waiting:
            unit = waiting.pop(0)
            if unit in seen:
                continue
            seen.add(unit)
            for one in _listed(clients, home, "Accounts", unit):
                found.setdefault(one["Id"], _member(one, unit))
            waiting += [one["Id"] for one in _listed(clients, home, "OrganizationalUnits", unit)]
    except (BotoCoreError, ClientError) as error:
        raise WorkshopError(_why_not(error, home, units)) from error
    return Organization(found, described.get("MasterAccountId", ""))


def _listed(
    clients: Clients, home: AccountRegion, what: str, unit: str
) -> Iterator[Mapping[str, Any]]:
    operation = f"List{what}ForParent"
    for page in clients.pages(home, "organizations", operation, size=_PAGE, ParentId=unit):
        yield from page[what]


def _member(account: Mapping[str, Any], unit: str) -> MemberAccount:
    # State tells more than Status, which it replaces
    # (https://docs.aws.amazon.com/organizations/latest/APIReference/API_Account.html).
    state = account.get("State") or account.get("Status") or "unknown"
    return MemberAccount(account["Id"], state, unit, account.get("Name", ""))


def _why_not(error: Exception, home: AccountRegion, units: Sequence[str]) -> str:
    said = errors.code(error.response) if isinstance(error, ClientError) else ""
    unread = "the accounts of the organization are not known"
    if said == "AWSOrganizationsNotInUseException":
        return (
            f"{unread}: account {home.account} is in no organization; name the management account"
            " or a delegated administrator as 'account', or take 'units' away and list the"
            " accounts with 'workshop roster --import'"
        )
    if said == "ParentNotFoundException":
        named = ", ".join(units)
        return (
            f"{unread}: not all of {named} are in the organization of account {home.account};"
            " correct 'accounts.units'"
        )
    if errors.is_denied(error):
        return (
            f"{unread} ({errors.reason(error)}); call as the management account or a delegated"
            " administrator, allowed organizations:DescribeOrganization, ListAccountsForParent and"
            " ListOrganizationalUnitsForParent"
        )
    return f"{unread} ({errors.reason(error)}); run the command again"
