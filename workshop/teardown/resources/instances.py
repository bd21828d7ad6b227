"""EC2 instances and their volumes: those of the seats' stacks, and what somebody else made.

A seat may run no instance of its own. What CloudFormation's tag does not prove, the role of its
instance profile does: nobody but the provisioner makes roles below the workshop's path. Other tags
are a claim.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from botocore.exceptions import ClientError

from workshop import tags as keys
from workshop.aws import errors
from workshop.aws.boxes import ALIVE, protection
from workshop.aws.errors import code
from workshop.pricing import billing, prices
from workshop.teardown import ownership
from workshop.teardown.ownership import OwnershipVerdict
from workshop.teardown.resource import Ownership, Resource, ScanContext
from workshop.teardown.resources import disk_lineage, names, tagged
from workshop.teardown.resources.base import ProtectedError, ResourceType, tag_map
from workshop.teardown.resources.tagged import TaggedType

PAGE = 1000
"""Items a page, the most that EC2 gives."""
CANNOT_STOP = ", cannot be stopped"
"""Behind the state of a spot instance, and of one without a disk of EBS's: each is terminated."""


class Ec2Type(TaggedType):
    """What EC2 lists by the workshop's tags."""

    service = "ec2"

    def tagged(
        self, context: ScanContext, operation: str, member: str, *filters: Any, **more: Any
    ) -> Iterator[Any]:
        """Yield what carries the workshop's tags: EC2 leaves out everything else."""
        own = {"Name": f"tag:{keys.WORKSHOP}", "Values": [context.scope.workshop]}
        yield from self.listed(context, operation, member, Filters=[own, *filters], **more)

    def described(
        self, context: ScanContext, id_: str, description: Mapping[str, Any], **more: Any
    ) -> Iterator[Resource]:
        """Yield one with the verdict of its tags."""
        tags = tag_map(description.get("Tags", ()))
        yield from self.judged_by_tags(context, id_, tags, name=tags.get("Name", id_), **more)

    def of_disk(
        self, context: ScanContext, id_: str, description: Mapping[str, Any], **more: Any
    ) -> Iterator[Resource]:
        """Yield what a disk that was seen became, or what was made of it.

        Tags of another workshop or environment say more, and so does CloudFormation's.
        """
        scope, seen = context.scope, disk_lineage.disks(context.lasting).get(id_)
        tags = tag_map(description.get("Tags", ()))
        elsewhere = tags.get(keys.WORKSHOP, scope.workshop) != scope.workshop
        proof = tagged.proven(scope, tags)
        of_stack = proof is not None and proof.ownership == Ownership.OWNED
        if seen is None or elsewhere or of_stack or tagged.other_environment(scope, tags):
            yield from self.described(context, id_, description, **more)
            return
        bare = "" if keys.WORKSHOP in tags else ", and it has no tags"
        verdict = OwnershipVerdict(Ownership.CLAIMED, f"{seen.words}{bare}", seen.seat)
        more["stack_tag"] = tags.get(tagged.STACK_ID)
        yield from self.judged(context, id_, proof=verdict, tagged=tags, **more)


class Instances(Ec2Type):
    """EC2 instances; what their disks cost is not counted in."""

    name = names.EC2_INSTANCE
    cloudformation_type = "AWS::EC2::Instance"
    reads = ("ec2:DescribeInstances", "iam:GetInstanceProfile")
    arn_type = "ec2:instance"

    def find(self, context: ScanContext) -> Iterator[Resource]:
        yield from of_workshop(context).values()

    def scan(self, context: ScanContext) -> Iterator[Resource]:
        """Yield every instance that could be the workshop's, from one listing."""
        alive = {"Name": "instance-state-name", "Values": list(ALIVE)}
        for reservation in self.listed(
            context,
            *("describe_instances", "Reservations"),
            Filters=[alive],
            PaginationConfig={"PageSize": PAGE},
        ):
            for instance in reservation["Instances"]:
                for resource in self._judged(context, instance):
                    if resource.ownership in (Ownership.OWNED, Ownership.CLAIMED):
                        disk_lineage.note_disks(context, instance, resource)
                    yield resource

    def _judged(self, context: ScanContext, instance: Mapping[str, Any]) -> Iterator[Resource]:
        tags = tag_map(instance.get("Tags", ()))
        more: dict[str, Any] = {
            "state": _state(instance),
            "hourly": _hourly(instance, context.scope.account_region.region),
            "created": instance.get("LaunchTime"),
        }
        id_, proof = instance["InstanceId"], None
        by_tags = tagged.proven(context.scope, tags)
        of_stack = by_tags is not None and by_tags.ownership == Ownership.OWNED
        if not of_stack and not tagged.other_environment(context.scope, tags):
            proof = _of_profile(context, instance.get("IamInstanceProfile", {}).get("Arn", ""))
        if proof is not None:
            more["stack_tag"] = tags.get(tagged.STACK_ID)
            yield from self.judged(context, id_, proof=proof, tagged=tags, **more)
        elif keys.WORKSHOP in tags:
            yield from self.described(context, id_, instance, **more)

    def stop(self, context: ScanContext, resource: Resource) -> bool:
        if resource.state not in {"pending", "running"}:
            return False
        try:
            self.client(context).stop_instances(InstanceIds=[resource.id])
        except ClientError as error:
            if code(error.response) == "UnsupportedOperation" or errors.is_gone(error):
                return False
            _raise_protected(error, resource)
            raise
        return True

    def request_deletion(self, context: ScanContext, resource: Resource) -> None:
        try:
            self.client(context).terminate_instances(InstanceIds=[resource.id])
        except ClientError as error:
            _raise_protected(error, resource)
            raise

    def read_state(self, context: ScanContext, resource: Resource) -> str | None:
        answer = self.client(context).describe_instances(InstanceIds=[resource.id])
        for reservation in answer["Reservations"]:
            for instance in reservation["Instances"]:
                # EC2 shows what was terminated for about an hour more.
                return None if instance["State"]["Name"] == "terminated" else _state(instance)
        return None

    def deletable_in(self, state: str) -> bool:
        return state == "stopped" or (state.endswith(CANNOT_STOP) and "shutting" not in state)


class Volumes(Ec2Type):
    """EBS volumes, which many instances leave behind; they cost by the month, used or not.

    A disk that goes with an instance of the workshop is that instance's, as long as it is there.
    One that somebody took off it, tags and all, is known by its id, and one made of a copy by that.
    """

    name = names.EBS_VOLUME
    after = (names.EC2_INSTANCE,)
    cloudformation_type = "AWS::EC2::Volume"
    reads = disk_lineage.READS
    arn_type = "ec2:volume"

    def find(self, context: ScanContext) -> Iterator[Resource]:
        instances = of_workshop(context)
        for id_, volume in disk_lineage.copies(context).volumes.items():
            if any(
                attachment["InstanceId"] in instances and attachment.get("DeleteOnTermination")
                for attachment in volume.get("Attachments", ())
            ):
                continue
            usd = prices.box_volume_hourly(volume["Size"], context.scope.account_region.region)
            yield from self.of_disk(
                context,
                id_,
                volume,
                state=volume["State"],
                hourly=usd if volume.get("VolumeType") == "gp3" else None,
                created=volume.get("CreateTime"),
            )

    def request_deletion(self, context: ScanContext, resource: Resource) -> None:
        self.client(context).delete_volume(VolumeId=resource.id)

    def read_state(self, context: ScanContext, resource: Resource) -> str | None:
        answer = self.client(context).describe_volumes(VolumeIds=[resource.id])
        return next((str(volume["State"]) for volume in answer["Volumes"]), None)

    def deletable_in(self, state: str) -> bool:
        return state in {"available", "error"}


def of_workshop(context: ScanContext) -> Mapping[str, Resource]:
    """Return the instances that could be the workshop's by id; listed once in a scan.

    botocore's errors pass through.
    """
    found: Mapping[str, Resource] = context.memory.get(
        "EC2 instances", lambda: {resource.id: resource for resource in INSTANCES.scan(context)}
    )
    return found


def _raise_protected(error: ClientError, resource: Resource) -> None:
    """Raise ProtectedError where EC2 refuses for a protection of the instance."""
    protected = protection(error, resource.id, resource.account_region.region)
    if protected:
        raise ProtectedError(protected) from error


def _state(instance: Mapping[str, Any]) -> str:
    """Return its state, and whether it can only be terminated."""
    state = str(instance["State"]["Name"])
    can_stop = (
        instance.get("InstanceLifecycle") != "spot"
        and instance.get("RootDeviceType", "ebs") == "ebs"
    )
    return state if can_stop else f"{state}{CANNOT_STOP}"


def _hourly(instance: Mapping[str, Any], region: str) -> Decimal | None:
    """Return what its machine costs an hour on demand; one of spot has no lasting price."""
    if not billing.box_has_machine(instance["State"]["Name"]):
        return Decimal(0)
    if instance.get("InstanceLifecycle"):
        return None
    return prices.hourly("box", instance["InstanceType"], region)


def _of_profile(context: ScanContext, arn: str) -> OwnershipVerdict | None:
    """Return what an instance's profile proves; None for one that is not below our path.

    Of a profile that is gone, or has no role any more, the path is but a claim.
    """
    path = context.scope.names("").iam_path
    if f":instance-profile{path}" not in arn:
        return None
    name = arn.rpartition("/")[2]
    try:
        role = context.memory.get(("instance profile", name), lambda: _role_of(context, name))
    except errors.Refusal as error:
        return ownership.unread(error, f"its instance profile {name}")
    if role:
        return ownership.of_role(context.scope, role)
    seat = names.seat_of_profile(context.scope.workshop, name)
    message = f"runs with the instance profile {name}, which is gone or has no role"
    return OwnershipVerdict(Ownership.CLAIMED, message, seat)


def _role_of(context: ScanContext, name: str) -> str:
    """Return the ARN of the role of an instance profile, empty where there is none."""
    client = context.clients.client("iam", context.scope.account_region)
    with errors.gone_is_fine():
        profile = client.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]
        return next((str(role["Arn"]) for role in profile["Roles"]), "")
    return ""


INSTANCES = Instances()

TYPES: tuple[ResourceType, ...] = (INSTANCES, Volumes())
