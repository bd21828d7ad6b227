"""The workshop's roles and managed policies: found by their path, deleted at the very end."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from workshop import events, naming, tags
from workshop.account_region import AccountRegion
from workshop.aws import errors
from workshop.aws.clients import Clients
from workshop.naming import Names
from workshop.teardown import ownership
from workshop.teardown.resource import Ownership, Resource, ScanCache, Scope, SeenRole

ROLE = "role"
POLICY = "policy"

_POLICY = re.compile(
    rf"(?P<workshop>{naming.WORKSHOP_PATTERN.strip('^$')})-{naming.COHORT}"
    rf"-(?P<region>{naming.REGION_PATTERN.strip('^$')})-.+"
)


@dataclass(frozen=True)
class WorkshopIdentity:
    """A role or a customer managed policy below the workshop's path.

    ``seat`` and ``region`` are those of its name, empty where that tells none; a policy is the
    cohort's.
    """

    resource_type: str
    name: str
    arn: str
    seat: str
    region: str
    created: datetime
    id: str = ""


def roles(clients: Clients, workshop: str, account_region: AccountRegion) -> list[WorkshopIdentity]:
    """Return the roles of an account below the workshop's path; botocore's errors pass through."""
    pages = clients.client("iam", account_region).get_paginator("list_roles")
    found = []
    for page in pages.paginate(PathPrefix=_path(workshop)):
        for role in page["Roles"]:
            seat, region = ownership.role_name(workshop, role["RoleName"]) or ("", "")
            found.append(
                WorkshopIdentity(
                    *(ROLE, role["RoleName"], role["Arn"], seat, region, role["CreateDate"]),
                    id=role.get("RoleId", ""),
                )
            )
    return found


def policies(
    clients: Clients, workshop: str, account_region: AccountRegion
) -> list[WorkshopIdentity]:
    """Return the managed policies below that path; botocore's errors pass through."""
    pages = clients.client("iam", account_region).get_paginator("list_policies")
    found = []
    for page in pages.paginate(Scope="Local", PathPrefix=_path(workshop)):
        for policy in page["Policies"]:
            name, created = policy["PolicyName"], policy["CreateDate"]
            parts = _POLICY.fullmatch(name)
            region = parts["region"] if parts and parts["workshop"] == workshop else ""
            seat = naming.COHORT if region else ""
            found.append(WorkshopIdentity(POLICY, name, policy["Arn"], seat, region, created))
    return found


def environment(clients: Clients, account_region: AccountRegion, resource: Resource) -> str:
    """Return the environment that its tags name; botocore's errors pass through."""
    client = clients.client("iam", account_region)
    if resource.resource_type == ROLE:
        pages = client.get_paginator("list_role_tags").paginate(RoleName=resource.id)
    else:
        pages = client.get_paginator("list_policy_tags").paginate(PolicyArn=resource.arn)
    with errors.gone_is_fine():
        given = {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}
        return str(given.get(tags.ENVIRONMENT, ""))
    return ""


def resources(scope: Scope, found: Iterable[WorkshopIdentity]) -> Iterator[Resource]:
    """Yield roles and policies as a teardown counts them."""
    why = f"below the path {_path(scope.workshop)}"
    for identity in found:
        if not (scope.whole or (identity.resource_type == ROLE and identity.seat in scope.seats)):
            continue
        named = identity.resource_type == ROLE or bool(identity.region)
        yield Resource(
            identity.resource_type,
            identity.name,
            scope.account_region,
            Ownership.OWNED if named else Ownership.FOREIGN,
            why if named else f"{why}, and of a name that the workshop does not give",
            seat=identity.seat,
            arn=identity.arn,
            created=identity.created,
        )


# --- roles that were seen, by which their work is known when they are gone -----------------------


def remember(memory: ScanCache, seen: Iterable[SeenRole]) -> None:
    """Note roles of the workshop in a lasting memory."""
    for role in seen:
        _seen(memory, role.account)[role.id] = role


def remembered(memory: ScanCache, account: str) -> tuple[SeenRole, ...]:
    """Return the roles of an account that were noted in a lasting memory."""
    return tuple(_seen(memory, account).values())


def _seen(memory: ScanCache, account: str) -> dict[str, SeenRole]:
    """Return the roles of an account by id."""
    known: dict[str, SeenRole] = memory.get(("roles seen", account), dict)
    return known


def seen_now(found: Iterable[WorkshopIdentity], account: str) -> list[SeenRole]:
    """Return roles that are there, as they are noted."""
    moment = events.now()
    return [
        SeenRole(account, identity.name, identity.id, identity.created, moment)
        for identity in found
        if identity.id
    ]


# --- deletion ------------------------------------------------------------------------------------


def delete(clients: Clients, resource: Resource) -> None:
    """Delete a role or a policy with all that hangs on it; what is gone is no error.

    botocore's errors pass through.
    """
    client = clients.client("iam", resource.account_region)
    with errors.gone_is_fine():
        if resource.resource_type == ROLE:
            strip(client, resource.id)
            client.delete_role(RoleName=resource.id)
        else:
            _delete_policy(client, resource.arn)


def strip(client: Any, name: str) -> None:
    """Take every policy off a role, and it out of its instance profiles.

    IAM lists for a while what is gone already; the next is asked for all the same.
    """
    for page in client.get_paginator("list_role_policies").paginate(RoleName=name):
        for policy in page["PolicyNames"]:
            with errors.gone_is_fine():
                client.delete_role_policy(RoleName=name, PolicyName=policy)
    for page in client.get_paginator("list_attached_role_policies").paginate(RoleName=name):
        for attached in page["AttachedPolicies"]:
            with errors.gone_is_fine():
                client.detach_role_policy(RoleName=name, PolicyArn=attached["PolicyArn"])
    for page in client.get_paginator("list_instance_profiles_for_role").paginate(RoleName=name):
        for profile in page["InstanceProfiles"]:
            with errors.gone_is_fine():
                client.remove_role_from_instance_profile(
                    RoleName=name, InstanceProfileName=profile["InstanceProfileName"]
                )


def _delete_policy(client: Any, arn: str) -> None:
    for page in client.get_paginator("list_policy_versions").paginate(PolicyArn=arn):
        for version in page["Versions"]:
            if not version["IsDefaultVersion"]:
                with errors.gone_is_fine():
                    client.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
    client.delete_policy(PolicyArn=arn)


def _path(workshop: str) -> str:
    return Names(workshop, "", "", "").iam_path
