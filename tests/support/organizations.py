"""An organization in a local cloud, for tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.support.local_cloud import Cloud
from tests.support.stacksets import HANDLE, Administrator, regional
from workshop import tags

MANAGED = {"PermissionModel": "SERVICE_MANAGED", "AutoDeployment": {"Enabled": False}}
STACKSETS = "member.org.stacksets.cloudformation.amazonaws.com"


@dataclass
class Organization:
    """The organization of the local cloud's own account."""

    cloud: Cloud
    units: dict[str, str] = field(default_factory=dict)
    members: dict[str, str] = field(default_factory=dict)

    @property
    def client(self) -> Any:
        return self.cloud.client("organizations")

    def add_unit(self, name: str, parent: str = "root") -> str:
        """Make a unit in the root or in another unit, by their names."""
        made = self.client.create_organizational_unit(ParentId=self.units[parent], Name=name)
        self.units[name] = made["OrganizationalUnit"]["Id"]
        return self.units[name]

    def add_member(self, name: str, unit: str = "root") -> str:
        """Make an account in a unit."""
        made = self.client.create_account(Email=f"{name}@example.org", AccountName=name)
        self.members[name] = made["CreateAccountStatus"]["AccountId"]
        if unit != "root":
            self.move(name, "root", unit)
        return self.members[name]

    def move(self, name: str, source: str, destination: str) -> None:
        self.client.move_account(
            AccountId=self.members[name],
            SourceParentId=self.units[source],
            DestinationParentId=self.units[destination],
        )

    def named(self, account_regions: Any) -> set[str]:
        """Return the names of the accounts in places."""
        names = {account: name for name, account in self.members.items()}
        return {names[account] for account, _ in account_regions}


def founded(cloud: Cloud) -> Organization:
    """Return an organization: ada and bob have seats, cyd one in the back row, dan leads."""
    given = Organization(cloud)
    given.units["root"] = given.client.list_roots()["Roots"][0]["Id"]
    given.add_unit("seats")
    given.add_unit("back row", "seats")
    given.add_unit("staff")
    for name, unit in {"ada": "seats", "bob": "seats", "cyd": "back row", "dan": "staff"}.items():
        given.add_member(name, unit)
    return given


def with_stacks(
    organization: Organization, workshop: str, *members: str, environment: str = "eu"
) -> None:
    """Have a stack set of a workshop, and its stacks in accounts of members below ``seats``."""
    client = organization.cloud.client("cloudformation")
    client.activate_organizations_access()
    given = tags.seat_tags(
        workshop=workshop, environment=environment, attendee="seat", profile="attendee", extra={}
    )
    name = f"{workshop}-seat-storage-attendee"
    client.create_stack_set(
        StackSetName=name,
        TemplateBody=HANDLE,
        Tags=[{"Key": key, "Value": value} for key, value in given.items()],
        **MANAGED,
    )
    accounts = [organization.members[member] for member in members]
    done = Administrator(organization.cloud).finished(
        "create_stack_instances",
        name,
        **targets(organization, "seats", Accounts=accounts, AccountFilterType="INTERSECTION"),
        **regional(),
    )
    assert done["Status"] == "SUCCEEDED"


def targets(organization: Organization, *units: str, **more: Any) -> dict[str, Any]:
    """Return the targets of a request, units by their names."""
    ids = [organization.units[unit] for unit in units]
    return {"DeploymentTargets": {"OrganizationalUnitIds": ids, **more}}
