"""What the emulator's Organizations lacks: trusted access and delegated administrators.

State is kept by management account. StackSets is opened by CloudFormation's own
ActivateOrganizationsAccess; enabling its service principal in Organizations is not enough, on AWS
neither.
"""

# Private names of ministack, held by ministack_names.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from localcloud import ministack_adapter
from localcloud.protocol.errors import ApiError
from localcloud.protocol.requests import check_request
from localcloud.protocol.responses import checked
from localcloud.stacksets.query import Answer, refused
from localcloud.stacksets.targets import management_account

STACKSETS = "member.org.stacksets.cloudformation.amazonaws.com"
"""The service principal of StackSets in an organization."""

Document = dict[str, Any]
Operation = Callable[[Document], Document]
Handler = Callable[[Document], Answer]

READING = (
    *("DescribeOrganization", "ListRoots", "ListAccounts", "DescribeAccount", "ListParents"),
    *("ListAccountsForParent", "ListOrganizationalUnitsForParent", "DescribeOrganizationalUnit"),
    *("ListPoliciesForTarget", "DescribePolicy"),
)
"""What members of an organization may ask of it, if anybody lets them."""

_JSON = {"Content-Type": "application/x-amz-json-1.1"}


class OrganizationsAccess:
    """Who may act in an organization besides its management account."""

    def __init__(self) -> None:
        self._enabled: set[tuple[str, str]] = set()
        """Management accounts and service principals."""
        self._delegated: set[tuple[str, str, str]] = set()
        """Management accounts, members and service principals."""
        self._activated: set[str] = set()
        """Management accounts in which StackSets may act."""
        self.operations: dict[str, Operation] = {
            "EnableAWSServiceAccess": self._enable,
            "RegisterDelegatedAdministrator": self._register,
        }

    def serve(self, name: str) -> Callable[[Document], Answer]:
        """Return an operation as the emulator's Organizations calls it."""
        operation = self.operations[name]

        def answer(payload: Document) -> Answer:
            try:
                _check(name, payload)
                given = checked("organizations", name, operation(payload))
            except ApiError as refusal:
                return _refusal(refusal)
            return 200, dict(_JSON), json.dumps(given).encode()

        return answer

    def of_manager(self, name: str, handler: Handler) -> Handler:
        """Return a reading operation as a member of an organization calls it, too.

        DescribeOrganization is for all members, the others are for delegated administrators of any
        service
        (https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccountsForParent.html).
        """

        def answer(payload: Document) -> Answer:
            account = ministack_adapter.account()
            manager = management_account(account)
            if manager == account:
                return handler(payload)
            delegated = {delegation[:2] for delegation in self._delegated}
            if name != "DescribeOrganization" and (manager, account) not in delegated:
                return _refusal(_not_permitted())
            with ministack_adapter.request_scope(manager, ministack_adapter.region()):
                return handler(payload)

        return answer

    def is_active(self, manager: str) -> bool:
        """Whether StackSets may act in the organization that ``manager`` manages."""
        return manager in self._activated

    def is_delegated(self, manager: str, member: str) -> bool:
        """Whether a member may administer stack sets of the organization."""
        return (manager, member, STACKSETS) in self._delegated

    def activate(self) -> None:
        """Open the caller's organization to StackSets."""
        manager = ministack_adapter.account()
        if management_account(manager) != manager:
            raise refused(
                "InvalidOperationException",
                "You must be the management account of an organization to activate access",
            )
        ministack_adapter.module("services.organizations")._ensure_org()
        self._activated.add(manager)
        self._enabled.add((manager, STACKSETS))

    def deactivate(self) -> None:
        """Close the caller's organization to StackSets."""
        manager = ministack_adapter.account()
        if any(
            (delegation[0], delegation[2]) == (manager, STACKSETS) for delegation in self._delegated
        ):
            raise refused(
                "InvalidOperationException",
                "You must deregister all delegated administrators before deactivating access",
            )
        self._activated.discard(manager)
        self._enabled.discard((manager, STACKSETS))

    def snapshot(self) -> Document:
        """Return the state as JSON values."""
        return {
            "enabled": sorted(self._enabled),
            "delegated": sorted(self._delegated),
            "activated": sorted(self._activated),
        }

    def restore(self, document: Document) -> None:
        """Restore what ``snapshot`` returned."""
        self._enabled = {(manager, principal) for manager, principal in document["enabled"]}
        self._delegated = {
            (manager, member, principal) for manager, member, principal in document["delegated"]
        }
        self._activated = set(document["activated"])

    def clear(self) -> None:
        self._enabled.clear()
        self._delegated.clear()
        self._activated.clear()

    def _enable(self, request: Document) -> Document:
        self._enabled.add((_manager(), request["ServicePrincipal"]))
        return {}

    def _register(self, request: Document) -> Document:
        manager, member, principal = _manager(), request["AccountId"], request["ServicePrincipal"]
        _require_member(manager, member)
        if (manager, principal) not in self._enabled:
            raise ApiError(
                "ConstraintViolationException",
                "You must enable service access before registering a delegated administrator",
            )
        if (manager, member, principal) in self._delegated:
            raise ApiError(
                "AccountAlreadyRegisteredException",
                "The provided account is already a delegated administrator for your organization.",
            )
        self._delegated.add((manager, member, principal))
        return {}


def _check(name: str, payload: Document) -> None:
    try:
        check_request("organizations", name, payload)
    except ApiError as refusal:
        raise ApiError("InvalidInputException", refusal.message) from None


def _manager() -> str:
    """Return the caller's account; ``ApiError`` if it is a member of somebody's organization."""
    account = ministack_adapter.account()
    if management_account(account) != account:
        raise _not_permitted()
    return account


def _not_permitted() -> ApiError:
    return ApiError("AccessDeniedException", "You don't have permissions to access this resource.")


def _refusal(refusal: ApiError) -> Answer:
    return refusal.status, {**_JSON, "x-amzn-errortype": refusal.code}, refusal.body()


def _require_member(manager: str, member: str) -> None:
    if member not in ministack_adapter.module("services.organizations")._accounts:
        raise ApiError(
            "AccountNotFoundException",
            "You specified an account that doesn't exist.",
        )
    if member == manager:
        raise ApiError(
            "ConstraintViolationException",
            "You cannot register the management account as a delegated administrator.",
        )
