"""Which accounts an organization has for seats, and in which state: asked of AWS."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from workshop.account_region import AccountRegion
from workshop.aws import errors
from workshop.aws.clients import Clients
from workshop.aws.reads import side_by_side
from workshop.errors import WorkshopError

ACTIVE = "ACTIVE"
CLOSED = ("SUSPENDED", "PENDING_CLOSURE", "CLOSED")
_PAGE = 20
"""Accounts or units of a page, at most
(https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccountsForParent.html)."""
AT_ONCE = 4
"""Calls of Organizations, which tolerates few a second; botocore repeats those that it refuses."""


@dataclass(frozen=True, slots=True)
class MemberAccount:
    """An account of an organization; ``state`` as AWS writes it, such as ``SUSPENDED``.

    ``unit`` is the unit, or the root, that it is in, empty where nobody has asked. Vending tools
    name accounts after people.
    """

    account: str
    state: str
    unit: str
    name: str = field(default="", repr=False)


@dataclass(frozen=True)
class Organization:
    """The accounts of some units of an organization, by their ids, and its management account.

    Without units, ``has_units``, they are those of a list that are in the organization; seats may
    have the others of the list as well.
    """

    members: Mapping[str, MemberAccount]
    management: str
    has_units: bool = True

    def trouble(self, account: str) -> str:
        """Return why no seat can have an account, empty where nothing is known against it."""
        member = self.members.get(account)
        if self.has_units and account == self.management:
            return "is the management account, to which StackSets does not deploy"
        if member is None:
            return "is in none of the units any more" if self.has_units else ""
        return "" if member.state == ACTIVE else f"is {member.state.lower().replace('_', ' ')}"

    def has_lost(self, account: str) -> bool:
        """Return whether AWS, or the organization, lets nobody use an account any more."""
        member = self.members.get(account)
        return self.has_units if member is None else member.state in CLOSED


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
            for account in _listed(clients, home, "Accounts", unit):
                found.setdefault(account["Id"], _member(account, unit))
            waiting += [
                child["Id"] for child in _listed(clients, home, "OrganizationalUnits", unit)
            ]
    except (BotoCoreError, ClientError) as error:
        raise WorkshopError(_why_not(error, home, units)) from error
    return Organization(found, described.get("MasterAccountId", ""))


def of_list(clients: Clients, home: AccountRegion, accounts: Iterable[str]) -> Organization | None:
    """Return those of ``accounts`` that are in the organization, from a call for each.

    None where nobody in ``home`` may ask: it is in no organization, or neither manages it nor
    administers anything of it. Raises WorkshopError where an answer is missing for another reason.
    """

    def member(account: str) -> MemberAccount | None:
        try:
            answer = clients.call(home, "organizations", "DescribeAccount", AccountId=account)
        except ClientError as error:
            if errors.code(error.response) == "AccountNotFoundException":
                return None
            raise
        return _member(answer["Account"], "")

    try:
        described = clients.call(home, "organizations", "DescribeOrganization")["Organization"]
        found = side_by_side(member, [*dict.fromkeys(accounts)], threads=AT_ONCE)
    except (BotoCoreError, ClientError) as error:
        if _is_none_of_its_business(error):
            return None
        raise WorkshopError(_why_not(error, home, ())) from error
    members = {account: member for account, member in found.items() if member is not None}
    return Organization(members, described.get("MasterAccountId", ""), has_units=False)


def _is_none_of_its_business(error: BotoCoreError | ClientError) -> bool:
    """Whether Organizations refuses an account, and not IAM whoever calls in it."""
    if not isinstance(error, ClientError):
        return False
    code = errors.code(error.response)
    return code == "AWSOrganizationsNotInUseException" or (
        code == "AccessDeniedException" and "not authorized to perform" not in errors.message(error)
    )


def _listed(
    clients: Clients, home: AccountRegion, children: str, unit: str
) -> Iterator[Mapping[str, Any]]:
    operation = f"List{children}ForParent"
    for page in clients.pages(home, "organizations", operation, size=_PAGE, ParentId=unit):
        yield from page[children]


def _member(account: Mapping[str, Any], unit: str) -> MemberAccount:
    # State tells more than Status, which it replaces
    # (https://docs.aws.amazon.com/organizations/latest/APIReference/API_Account.html).
    state = account.get("State") or account.get("Status") or "unknown"
    return MemberAccount(account["Id"], state, unit, account.get("Name", ""))


def _why_not(error: Exception, home: AccountRegion, units: Sequence[str]) -> str:
    code = errors.code(error.response) if isinstance(error, ClientError) else ""
    unread = "the accounts of the organization are not known"
    if code == "AWSOrganizationsNotInUseException":
        return (
            f"{unread}: account {home.account} is in no organization; name the management account"
            " or a delegated administrator as 'account', or take 'units' away and list the"
            " accounts with 'workshop roster --import'"
        )
    if code == "ParentNotFoundException":
        named = ", ".join(units)
        return (
            f"{unread}: not all of {named} are in the organization of account {home.account};"
            " correct 'accounts.units'"
        )
    if errors.is_denied(error):
        calls = (
            "ListAccountsForParent and ListOrganizationalUnitsForParent"
            if units
            else "DescribeAccount"
        )
        return (
            f"{unread} ({errors.reason(error)}); call as the management account or a delegated"
            f" administrator, allowed organizations:DescribeOrganization, {calls}"
        )
    return f"{unread} ({errors.reason(error)}); run the command again"
