"""Takes away from attendees' roles what makes new resources, before anybody looks what there is.

The cohort's policy ``freeze`` is attached to each role: what exists goes on, can be stopped and
deleted, and jobs can still write their results. Presigned links can no longer be made, and every
request of an open notebook is judged anew by IAM. It is never taken off to give anything back:
just before the role is deleted, a boundary that denies all takes its place.

Who freezes needs ``iam:AttachRolePolicy`` alone, which a condition on ``iam:PolicyARN`` can keep to
this one policy, and no right to write policies
(https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-condition-keys.html).
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from botocore.exceptions import ClientError

from workshop.account_region import AccountRegion
from workshop.aws import errors, frozen_tag
from workshop.aws.clients import Clients
from workshop.aws.errors import code
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat
from workshop.naming import COHORT, FREEZE, Names
from workshop.teardown.resource import Resource
from workshop.teardown.resources.names import EC2_INSTANCE, NOTEBOOK

THREADS = 8
NO_POLICY = (
    "the cohort has no policy {arn}; run workshop deploy to update the cohort first, or go on, and"
    " see that nobody works meanwhile"
)
NO_ROOM = (
    "{message}; take a policy off it that its stack did not put there (aws iam detach-role-policy)"
    " and run this again, or go on, and see that nobody works meanwhile"
)
NOT_ATTACHED = (
    "{message}; see that you may attach it (iam:AttachRolePolicy) and run this again, or go on, and"
    " see that nobody works meanwhile"
)


def policy_arn(clients: Clients, workshop: str, account_region: AccountRegion) -> str:
    """Return the ARN of the cohort's policy in an account and Region."""
    partition = clients.client("iam", account_region).meta.partition
    names = Names(workshop, COHORT, account_region.account, account_region.region, partition)
    return names.cohort_policy_arn(FREEZE)


def freeze(
    clients: Clients, workshop: str, account_region: AccountRegion, names: Iterable[str]
) -> dict[str, str]:
    """Attach the policy to these roles; return why it failed, by role, for those where it did.

    A role that is gone needs none. Doing it twice is doing it once.
    """
    client = clients.client("iam", account_region)
    arn = policy_arn(clients, workshop, account_region)

    def attach(name: str) -> tuple[str, str]:
        try:
            client.attach_role_policy(RoleName=name, PolicyArn=arn)
        except errors.Refusal as error:
            if not errors.is_gone(error):
                full = isinstance(error, ClientError) and code(error.response) == "LimitExceeded"
                why = NO_ROOM if full else NOT_ATTACHED
                return name, why.format(message=errors.describe(error))
            return name, NO_POLICY.format(arn=arn) if _exists(client, name) else ""
        return name, ""

    with ThreadPoolExecutor(THREADS) as pool:
        return {name: message for name, message in pool.map(attach, names) if message}


@dataclass(frozen=True)
class SeatFreeze:
    """What of a seat is not closed, in sentences.

    ``problems`` are those of its roles, ``open_still`` of the notebook that somebody may have open.
    """

    problems: tuple[str, ...]
    open_still: tuple[str, ...]


def freeze_seat(clients: Clients, loaded: LoadedEnvironment, seat: Seat) -> SeatFreeze:
    """Freeze all roles of one seat, and tag its notebook, so that nobody opens it for others."""
    where = seat.account_region
    left = freeze(clients, loaded.settings.workshop, where, loaded.roles(seat))
    partition = clients.client("sagemaker", where).meta.partition
    arn = replace(loaded.names(seat), partition=partition).notebook_arn
    tagged = frozen_tag.put_on(clients, where, [arn])
    return SeatFreeze(
        tuple(f"{role} is not frozen: {why}" for role, why in left.items()),
        (
            *(
                f"the notebook of {seat.id} may stay open for who has it open: {why}"
                for why in tagged.values()
            ),
            *(
                f"the EC2 instance of {seat.id} may be started by a door: {why}"
                for why in frozen_tag.of_box(clients, loaded, seat, frozen_tag.put_on_boxes)
            ),
        ),
    )


def frozen(clients: Clients, workshop: str, account_region: AccountRegion) -> frozenset[str]:
    """Return the names of the roles that are frozen; botocore's errors pass through."""
    pages = clients.pages(
        account_region,
        "iam",
        "ListEntitiesForPolicy",
        PolicyArn=policy_arn(clients, workshop, account_region),
        EntityFilter="Role",
    )
    try:
        return frozenset(role["RoleName"] for page in pages for role in page["PolicyRoles"])
    except ClientError as error:
        if errors.is_gone(error):  # before a cohort is deployed, nothing is frozen
            return frozenset()
        raise


def _exists(client: Any, name: str) -> bool:
    """Return whether a role is there: IAM says NoSuchEntity of the role and of the policy alike."""
    try:
        client.get_role(RoleName=name)
    except errors.Refusal as error:
        return not errors.is_gone(error)
    return True


def close_notebooks(clients: Clients, owned: Iterable[Resource]) -> dict[str, str]:
    """Tag machines as those of frozen seats; return why that failed, by ARN or id, where it did.

    Whoever opens them for attendees is denied what carries the tag: a link that another role made
    goes on whatever becomes of the seat's.
    """
    arns: dict[AccountRegion, list[str]] = {}
    ids: dict[AccountRegion, list[str]] = {}
    for resource in owned:
        if resource.resource_type == NOTEBOOK and resource.arn:
            arns.setdefault(resource.account_region, []).append(resource.arn)
        elif resource.resource_type == EC2_INSTANCE:
            ids.setdefault(resource.account_region, []).append(resource.id)
    left: dict[str, str] = {}
    for account_region, some in arns.items():
        left |= frozen_tag.put_on(clients, account_region, some)
    for account_region, some in ids.items():
        left |= frozen_tag.put_on_boxes(clients, account_region, some)
    return left


def prepare_role_for_deletion(clients: Clients, account_region: AccountRegion, name: str) -> None:
    """Deny a role everything in a way that lets CloudFormation delete it.

    A policy that its stack does not know keeps a role from being deleted; a boundary does not.
    botocore's errors pass through; a role that is gone is no error.
    """
    client = clients.client("iam", account_region)
    partition = client.meta.partition
    boundary = f"arn:{partition}:iam::aws:policy/AWSDenyAll"
    # A partition may not have that policy; the freeze goes off all the same.
    with errors.gone_is_fine():
        client.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=boundary)
    with errors.gone_is_fine():
        for page in client.get_paginator("list_attached_role_policies").paginate(RoleName=name):
            for attached in page["AttachedPolicies"]:
                if attached["PolicyName"].endswith(f"-{COHORT}-{account_region.region}-{FREEZE}"):
                    client.detach_role_policy(RoleName=name, PolicyArn=attached["PolicyArn"])
