"""Which account's stack sets a request is about, and whether it may use them."""

from __future__ import annotations

from localcloud import ministack_adapter
from localcloud.stacksets.access import OrganizationsAccess
from localcloud.stacksets.query import invalid, refused
from localcloud.stacksets.records import SERVICE_MANAGED, Document, StackSet
from localcloud.stacksets.store import StackSetStore
from localcloud.stacksets.targets import management_account


class Administration:
    """Finds the stack sets of a request.

    ``CallAs: DELEGATED_ADMIN`` reaches the service-managed ones of the management account; without
    it, each account has its own.
    """

    def __init__(self, store: StackSetStore, access: OrganizationsAccess) -> None:
        self.store = store
        self.access = access

    def account(self, request: Document) -> str:
        """Return the account in which the stack sets of a request are kept."""
        caller = ministack_adapter.account()
        if request.get("CallAs") != "DELEGATED_ADMIN":
            return caller
        manager = management_account(caller)
        if not self.access.is_delegated(manager, caller):
            raise invalid("Account used is not a delegated administrator")
        return manager

    def find(self, request: Document) -> StackSet:
        """Return the stack set of a request, which may be deleted if it is named by its id."""
        return self._visible(request, self.store.find(self.account(request), _name(request)))

    def active(self, request: Document) -> StackSet:
        """Return the stack set of a request that changes it."""
        return self._visible(request, self.store.active(self.account(request), _name(request)))

    def operable(self, request: Document) -> StackSet:
        """Return the stack set of a request that deploys it."""
        stack_set = self.active(request)
        self.require_access(stack_set.account, stack_set.permission_model)
        return stack_set

    def require_access(self, account: str, permission_model: str) -> None:
        """Raise ``ApiError`` where service-managed stack sets cannot be operated."""
        if permission_model != SERVICE_MANAGED:
            return
        if management_account(account) != account:
            raise invalid(
                "You must be the management account or delegated admin account of an organization "
                "before operating a SERVICE_MANAGED stack set"
            )
        if not self.access.is_active(account):
            raise invalid(
                "You must enable organizations access to operate a service managed stack set"
            )

    def _visible(self, request: Document, stack_set: StackSet) -> StackSet:
        if request.get("CallAs") == "DELEGATED_ADMIN" and not stack_set.service_managed:
            raise refused("StackSetNotFoundException", f"StackSet {_name(request)} not found")
        return stack_set


def _name(request: Document) -> str:
    return str(request["StackSetName"])
