"""The workshop's roles and managed policies: found by their path, deleted at the very end."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from workshop import naming, tags
from workshop.account_region import AccountRegion
from workshop.aws import errors
from workshop.aws.clients import Clients
from workshop.naming import Names
from workshop.teardown.resource import Ownership, Resource, ScanCache, Scope, SeenRole

ROLE = "role"
POLICY = "policy"

_REGION = naming.REGION_PATTERN.strip("^$")
_SEAT = naming.SEAT_PATTERN.strip("^$")


@dataclass(frozen=True)
class FoundRole:
    """A role below the workshop's path; ``seat`` is empty where its name does not tell one."""

    name: str
    arn: str
    seat: str
    created: datetime
    id: str = ""
    region: str = ""
    """The Region in its name, empty where that holds none."""


@dataclass(frozen=True)
class FoundPolicy:
    """A customer managed policy below the workshop's path."""

    name: str
    arn: str
    region: str = ""
    created: datetime | None = None


@dataclass(frozen=True)
class WorkshopIdentities:
    """All roles and policies of one account below the workshop's path."""

    roles: tuple[FoundRole, ...] = ()
    policies: tuple[FoundPolicy, ...] = field(default=())

    @property
    def regions(self) -> dict[str, set[str]]:
        """Region -> the seats (``cohort`` for policies) of which something says so there."""
        found: dict[str, set[str]] = {}
        for role in self.roles:
            if role.region:
                found.setdefault(role.region, set()).add(role.seat)
        for policy in self.policies:
            if policy.region:
                found.setdefault(policy.region, set()).add(naming.COHORT)
        return found


def roles(clients: Clients, workshop: str, place: AccountRegion) -> tuple[FoundRole, ...]:
    """The roles of an account below the workshop's path; botocore's errors pass through."""
    client = clients.client("iam", place)
    pages = client.get_paginator("list_roles").paginate(PathPrefix=_path(workshop))
    pattern = re.compile(rf"{re.escape(workshop)}-({_SEAT})-(.+)-(?:execution|console)")
    found = []
    for page in pages:
        for role in page["Roles"]:
            parts = pattern.fullmatch(role["RoleName"])
            region = parts[2] if parts and re.fullmatch(_REGION, parts[2]) else ""
            found.append(
                FoundRole(
                    name=role["RoleName"],
                    arn=role["Arn"],
                    seat=parts[1] if parts else "",
                    created=role["CreateDate"],
                    id=role.get("RoleId", ""),
                    region=region,
                )
            )
    return tuple(found)


def policies(clients: Clients, workshop: str, place: AccountRegion) -> tuple[FoundPolicy, ...]:
    """The managed policies of an account below that path; botocore's errors pass through."""
    client = clients.client("iam", place)
    pages = client.get_paginator("list_policies").paginate(
        Scope="Local", PathPrefix=_path(workshop)
    )
    pattern = re.compile(rf"{re.escape(workshop)}-{naming.COHORT}-({_REGION})-.+")
    found = []
    for page in pages:
        for policy in page["Policies"]:
            parts = pattern.fullmatch(policy["PolicyName"])
            region = parts[1] if parts else ""
            made = policy.get("CreateDate")
            found.append(FoundPolicy(policy["PolicyName"], policy["Arn"], region, made))
    return tuple(found)


def here(found: WorkshopIdentities, place: AccountRegion, *, first: bool) -> WorkshopIdentities:
    """Those of one place; what tells no Region counts in the ``first`` place of its account."""

    def is_here(region: str) -> bool:
        return region == place.region or (first and not region)

    return WorkshopIdentities(
        tuple(one for one in found.roles if is_here(one.region)),
        tuple(one for one in found.policies if is_here(one.region)),
    )


def environment(clients: Clients, place: AccountRegion, resource: Resource) -> str:
    """The environment that the tags of a role or policy name; botocore's errors pass through."""
    client = clients.client("iam", place)
    if resource.resource_type == ROLE:
        pages = client.get_paginator("list_role_tags").paginate(RoleName=resource.id)
    else:
        pages = client.get_paginator("list_policy_tags").paginate(PolicyArn=resource.arn)
    try:
        given = {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}
    except errors.Refusal as error:
        if errors.is_gone(error):
            return ""
        raise
    return str(given.get(tags.ENVIRONMENT, ""))


def resources(scope: Scope, found: WorkshopIdentities) -> Iterator[Resource]:
    """Roles and policies as a teardown counts them."""
    why = f"below the path {_path(scope.workshop)}"
    for role in found.roles:
        if scope.whole or role.seat in scope.seats:
            yield Resource(
                ROLE,
                role.name,
                scope.place,
                Ownership.OWNED,
                why,
                seat=role.seat,
                arn=role.arn,
                created=role.created,
            )
    for policy in found.policies if scope.whole else ():
        yield Resource(
            POLICY,
            policy.name,
            scope.place,
            Ownership.OWNED if policy.region else Ownership.FOREIGN,
            why if policy.region else f"{why}, and of a name that the workshop does not give",
            seat=naming.COHORT if policy.region else "",
            arn=policy.arn,
            created=policy.created,
        )


# --- roles that were seen, by which their work is known when they are gone -----------------------


def remember(memory: ScanCache, seen: Iterable[SeenRole]) -> None:
    """Note roles of the workshop in a lasting memory."""
    known: dict[tuple[str, str], SeenRole] = memory.get("roles seen", dict)
    known.update({(one.account, one.id): one for one in seen})


def remembered(memory: ScanCache) -> tuple[SeenRole, ...]:
    """The roles that were noted in a lasting memory."""
    known: Mapping[tuple[str, str], SeenRole] = memory.get("roles seen", dict)
    return tuple(known.values())


def seen_now(found: Iterable[FoundRole], account: str) -> list[SeenRole]:
    """Roles that are there, as they are noted."""
    moment = datetime.now(UTC)
    return [SeenRole(account, one.name, one.id, one.created, moment) for one in found if one.id]


# --- deletion ------------------------------------------------------------------------------------


def delete(clients: Clients, resource: Resource) -> None:
    """Delete a role or a policy with all that hangs on it; what is gone is no error.

    botocore's errors pass through.
    """
    client = clients.client("iam", resource.place)
    try:
        if resource.resource_type == ROLE:
            strip(client, resource.id)
            client.delete_role(RoleName=resource.id)
        else:
            _delete_policy(client, resource.arn)
    except errors.Refusal as error:
        if not errors.is_gone(error):
            raise


def strip(client: Any, name: str) -> None:
    """Take every policy off a role, and it out of its instance profiles."""
    for page in client.get_paginator("list_role_policies").paginate(RoleName=name):
        for policy in page["PolicyNames"]:
            client.delete_role_policy(RoleName=name, PolicyName=policy)
    for page in client.get_paginator("list_attached_role_policies").paginate(RoleName=name):
        for attached in page["AttachedPolicies"]:
            client.detach_role_policy(RoleName=name, PolicyArn=attached["PolicyArn"])
    for page in client.get_paginator("list_instance_profiles_for_role").paginate(RoleName=name):
        for profile in page["InstanceProfiles"]:
            client.remove_role_from_instance_profile(
                RoleName=name, InstanceProfileName=profile["InstanceProfileName"]
            )


def _delete_policy(client: Any, arn: str) -> None:
    for page in client.get_paginator("list_policy_versions").paginate(PolicyArn=arn):
        for version in page["Versions"]:
            if not version["IsDefaultVersion"]:
                client.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
    client.delete_policy(PolicyArn=arn)


def _path(workshop: str) -> str:
    return Names(workshop, "", "", "").iam_path
