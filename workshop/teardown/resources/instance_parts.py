"""What a stack makes around an EC2 instance: security group, launch template, instance profile.

All go with their stack; they are listed for what a stack was made to leave behind.
"""

from __future__ import annotations

from collections.abc import Iterator

from workshop.aws import errors
from workshop.teardown import roles
from workshop.teardown.ownership import OwnershipVerdict
from workshop.teardown.resource import Ownership, Resource, ScanContext
from workshop.teardown.resources import names
from workshop.teardown.resources.base import ResourceType
from workshop.teardown.resources.instances import Ec2Type


class SecurityGroups(Ec2Type):
    """Security groups with the workshop's tags; one that is in use cannot be deleted."""

    name = "security group"
    after = (names.EC2_INSTANCE, "network interface")
    cloudformation_type = "AWS::EC2::SecurityGroup"
    reads = ("ec2:DescribeSecurityGroups",)
    arn_type = "ec2:security-group"

    def find(self, context: ScanContext) -> Iterator[Resource]:
        for group in self.tagged(context, "describe_security_groups", "SecurityGroups"):
            yield from self.described(context, group["GroupId"], group)

    def request_deletion(self, context: ScanContext, resource: Resource) -> None:
        self.client(context).delete_security_group(GroupId=resource.id)

    def read_state(self, context: ScanContext, resource: Resource) -> str | None:
        answer = self.client(context).describe_security_groups(GroupIds=[resource.id])
        return "" if answer["SecurityGroups"] else None


class LaunchTemplates(Ec2Type):
    """Launch templates with the workshop's tags."""

    name = "launch template"
    cloudformation_type = "AWS::EC2::LaunchTemplate"
    reads = ("ec2:DescribeLaunchTemplates",)
    arn_type = "ec2:launch-template"

    def find(self, context: ScanContext) -> Iterator[Resource]:
        for template in self.tagged(context, "describe_launch_templates", "LaunchTemplates"):
            yield from self.described(
                context, template["LaunchTemplateId"], template, created=template.get("CreateTime")
            )

    def request_deletion(self, context: ScanContext, resource: Resource) -> None:
        self.client(context).delete_launch_template(LaunchTemplateId=resource.id)

    def read_state(self, context: ScanContext, resource: Resource) -> str | None:
        answer = self.client(context).describe_launch_templates(LaunchTemplateIds=[resource.id])
        return "" if answer["LaunchTemplates"] else None


class InstanceProfiles(ResourceType):
    """Instance profiles below the workshop's path, of the Region that their names tell.

    CloudFormation gives them no tags. The role in one tells its environment; one that no stack
    holds and that has no role is but claimed.
    """

    name = "instance profile"
    service = "iam"
    after = (names.EC2_INSTANCE,)
    cloudformation_type = "AWS::IAM::InstanceProfile"
    reads = ("iam:ListInstanceProfiles",)

    def find(self, context: ScanContext) -> Iterator[Resource]:
        scope = context.scope
        for profile in self.listed(
            context,
            *("list_instance_profiles", "InstanceProfiles"),
            PathPrefix=scope.names("").iam_path,
        ):
            name = profile["InstanceProfileName"]
            seat = names.seat_of_profile(scope.workshop, name)
            if not seat or name != scope.names(seat).instance_profile:
                continue  # of another Region, where it is found as well
            if not (scope.whole or seat in scope.seats):
                continue
            role = next((role["RoleName"] for role in profile["Roles"]), "")
            verdict, environment = self._judged(context, seat, role)
            yield self.resource(
                context,
                verdict,
                name,
                arn=profile["Arn"],
                created=profile["CreateDate"],
                of_environment=environment,
            )

    def _judged(self, context: ScanContext, seat: str, role: str) -> tuple[OwnershipVerdict, str]:
        """Return the verdict, and the other environment whose it is."""
        scope = context.scope
        if not role:
            message = "only its path and name say so: it has no role"
            return OwnershipVerdict(Ownership.CLAIMED, message, seat), ""
        held = Resource(roles.ROLE, role, scope.account_region, Ownership.OWNED, "")
        try:
            named = roles.environment(context.clients, scope.account_region, held)
        except errors.Refusal as error:
            why = f"the tags of its role could not be read: {errors.describe(error)}"
            return OwnershipVerdict(Ownership.UNKNOWN, why, seat), ""
        if named == scope.environment:
            return OwnershipVerdict(Ownership.OWNED, f"it holds the role {role}", seat), ""
        if named:
            why = f"its role is of environment {named!r}"
            return OwnershipVerdict(Ownership.FOREIGN, why), named
        message = f"only its path and name say so: its role {role} has no tags"
        return OwnershipVerdict(Ownership.CLAIMED, message, seat), ""

    def request_deletion(self, context: ScanContext, resource: Resource) -> None:
        client = self.client(context)
        profile = client.get_instance_profile(InstanceProfileName=resource.id)
        for role in profile["InstanceProfile"]["Roles"]:
            with errors.gone_is_fine():
                client.remove_role_from_instance_profile(
                    InstanceProfileName=resource.id, RoleName=role["RoleName"]
                )
        client.delete_instance_profile(InstanceProfileName=resource.id)

    def read_state(self, context: ScanContext, resource: Resource) -> str | None:
        self.client(context).get_instance_profile(InstanceProfileName=resource.id)
        return ""


TYPES: tuple[ResourceType, ...] = (SecurityGroups(), LaunchTemplates(), InstanceProfiles())
