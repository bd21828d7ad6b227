"""The EC2 instances of seats in an account and Region, from one paged listing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from workshop import tags
from workshop.account_region import AccountRegion
from workshop.aws import errors, stacks
from workshop.aws.clients import Clients
from workshop.naming import FROM_STACK_SET, stack_of_set, stack_that_makes

_KNOWN_BY = (tags.WORKSHOP, tags.MANAGED_BY, tags.ATTENDEE)
"""What policies and the door know an instance by."""
_TYPE = "AWS::EC2::Instance"
STACK_ID = "aws:cloudformation:stack-id"
STACK_NAME = "aws:cloudformation:stack-name"
"""Written by CloudFormation on what a stack makes; nobody else can write a tag of ``aws:``."""

_ENDED = re.compile(r"\((\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (?:GMT|UTC)\)")

ALIVE = ("pending", "running", "stopping", "stopped", "shutting-down")
"""States of an instance that is there: what was terminated is shown for an hour more."""


PROTECTIONS = {
    "disableApiTermination": ("termination", "--no-disable-api-termination"),
    "disableApiStop": ("being stopped", "--no-disable-api-stop"),
}
"""Attribute of an instance, as EC2's refusal names it: against what it is, and what ends it."""


@dataclass(frozen=True, slots=True)
class BoxState:
    """An EC2 instance of a seat; ``changed`` is when it was last launched or started.

    ``name`` is that of the stack that made it, which is the seat's name for it. ``reason`` is what
    EC2 says of its last change.
    """

    name: str
    id: str
    status: str
    instance_type: str
    zone: str
    changed: datetime
    created: datetime
    reason: str = ""
    lost_tags: tuple[tuple[str, str], ...] = ()
    """The tags that its stack gave it and that others know it by, where it has them no more."""

    @property
    def ended(self) -> datetime | None:
        """When somebody stopped it: EC2 tells that in words, and of a shutdown from inside not."""
        found = _ENDED.search(self.reason)
        if found is None or self.status not in ("stopping", "stopped"):
            return None
        moment = datetime.strptime(found[1], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
        return max(moment, self.changed)


def boxes(clients: Clients, account_region: AccountRegion, workshop: str) -> dict[str, BoxState]:
    """Return the instances that the stacks of a workshop's seats made, by the stacks' names.

    What CloudFormation wrote on them, nobody takes off. One without the workshop's tags is known by
    those of its stack, which is asked for them. botocore's errors pass through: a listing that
    fails is not an empty one.
    """
    made_by = [f"{workshop}-*", f"{FROM_STACK_SET}{workshop}-*"]
    filters = [
        {"Name": f"tag:{STACK_NAME}", "Values": made_by},
        {"Name": "instance-state-name", "Values": list(ALIVE)},
    ]
    found: dict[str, BoxState] = {}
    for page in clients.pages(account_region, "ec2", "DescribeInstances", Filters=filters):
        for reservation in page["Reservations"]:
            for instance in reservation["Instances"]:
                given = {tag["Key"]: tag["Value"] for tag in instance.get("Tags", ())}
                name = stack_of_set(given.get(STACK_NAME, ""))
                if not name.startswith(f"{workshop}-"):
                    continue
                is_ours = given.get(tags.WORKSHOP) == workshop
                of_stack: Mapping[str, str] = {}
                is_whole = is_ours and {*_KNOWN_BY} <= given.keys()
                if not is_whole and name.endswith(f"-{stack_that_makes(_TYPE)}"):
                    try:
                        id_ = given.get(STACK_ID, "")
                        of_stack = stacks.tags_of(clients, account_region, id_)
                    except errors.Refusal:
                        if not is_ours:
                            raise
                if not is_ours and of_stack.get(tags.WORKSHOP) != workshop:
                    continue
                lost = tuple(
                    (key, of_stack[key])
                    for key in _KNOWN_BY
                    if of_stack.get(key) not in (None, given.get(key))
                )
                box = replace(_state(name, instance), lost_tags=lost)
                if name not in found or _rank(box) > _rank(found[name]):
                    found[name] = box
    return found


def tagged_again(box: BoxState, region: str) -> str:
    """Return what gives an instance the tags again that it has lost."""
    given = " ".join(f"Key={key},Value={value}" for key, value in box.lost_tags)
    return f"aws ec2 create-tags --resources {box.id} --tags {given} --region {region}"


def protection(error: BotoCoreError | ClientError, id_: str, region: str) -> str:
    """Return that an instance is protected against what was refused, and what ends that, if so."""
    if not isinstance(error, ClientError) or not errors.code(error.response).startswith(
        "OperationNotPermitted"
    ):
        return ""
    for attribute, (against, option) in PROTECTIONS.items():
        if attribute in errors.message(error):
            return (
                f"the EC2 instance {id_} is protected against {against}; take that off with: aws"
                f" ec2 modify-instance-attribute {option} --instance-id {id_} --region {region}"
            )
    return ""


def _state(name: str, instance: dict[str, Any]) -> BoxState:
    disks = [
        mapping["Ebs"] for mapping in instance.get("BlockDeviceMappings", ()) if "Ebs" in mapping
    ]
    launched: datetime = instance["LaunchTime"]
    return BoxState(
        name=name,
        id=instance["InstanceId"],
        status=instance["State"]["Name"],
        instance_type=instance["InstanceType"],
        zone=instance.get("Placement", {}).get("AvailabilityZone", ""),
        changed=launched,
        # A start moves the time of launch; the disk was attached when the instance was made.
        created=min([launched, *(disk["AttachTime"] for disk in disks if "AttachTime" in disk)]),
        reason=instance.get("StateTransitionReason", ""),
    )


def _rank(box: BoxState) -> tuple[bool, datetime]:
    """Of two instances of one stack, the one that it is replaced by comes after the other."""
    return box.status != "shutting-down", box.changed
