"""The workshop's roles and permissions boundaries: found by their path, deleted at the very end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from workshop import naming
from workshop.aws.clients import Clients
from workshop.naming import Names
from workshop.places import Place
from workshop.teardown import refusals
from workshop.teardown.model import Ownership, Scope, Thing

ROLE = "role"
BOUNDARY = "permissions boundary"


@dataclass(frozen=True)
class FoundRole:
    """A role below the workshop's path; ``seat`` is empty where its name does not tell one."""

    name: str
    arn: str
    seat: str
    created: datetime


def roles(clients: Clients, workshop: str, place: Place) -> list[FoundRole]:
    """The roles of one place below the workshop's path; botocore's errors pass through.

    Roles are the account's, and the Region is in their name.
    """
    client = clients.client("iam", place)
    path = Names(workshop, "", "", "").iam_path
    pages = client.get_paginator("list_roles").paginate(PathPrefix=path)
    pattern = re.compile(
        rf"{re.escape(workshop)}-({naming.SEAT_PATTERN.strip('^$')})-(.+)-(?:execution|console)"
    )
    found = []
    for page in pages:
        for role in page["Roles"]:
            parts = pattern.fullmatch(role["RoleName"])
            if parts is None or parts[2] == place.region:
                seat = parts[1] if parts else ""
                found.append(FoundRole(role["RoleName"], role["Arn"], seat, role["CreateDate"]))
    return found


def boundary(clients: Clients, workshop: str, place: Place) -> str | None:
    """The ARN of the permissions boundary of a place, None where there is none."""
    client = clients.client("iam", place)
    names = Names(workshop, naming.COHORT, place.account, place.region)
    pages = client.get_paginator("list_policies").paginate(Scope="Local", PathPrefix=names.iam_path)
    for page in pages:
        for policy in page["Policies"]:
            if policy["PolicyName"] == names.boundary:
                return str(policy["Arn"])
    return None


def things(scope: Scope, found: list[FoundRole], boundary_arn: str | None) -> Iterator[Thing]:
    """Roles and boundary as a teardown counts them."""
    why = f"below the path {Names(scope.workshop, '', '', '').iam_path}"
    for role in found:
        if scope.whole or role.seat in scope.seats:
            yield Thing(
                ROLE,
                role.name,
                scope.place,
                Ownership.OWNED,
                why,
                seat=role.seat,
                arn=role.arn,
                created=role.created,
            )
    if boundary_arn is not None and scope.whole:
        yield Thing(
            BOUNDARY,
            boundary_arn.rpartition("/")[2],
            scope.place,
            Ownership.OWNED,
            why,
            seat=naming.COHORT,
            arn=boundary_arn,
        )


def delete(clients: Clients, thing: Thing) -> None:
    """Delete a role or a boundary with all that hangs on it; what is gone is no error.

    botocore's errors pass through.
    """
    client = clients.client("iam", thing.place)
    try:
        if thing.kind == ROLE:
            strip(client, thing.id)
            client.delete_role(RoleName=thing.id)
        else:
            _delete_policy(client, thing.arn)
    except refusals.Refusal as error:
        if not refusals.is_gone(error):
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
