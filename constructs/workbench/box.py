"""A seat's EC2 instance, with its security group, instance profile and launch template."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Acknowledgment, CfnCondition, CfnDeletionPolicy, CfnTag, Fn, Validations
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

from workbench.fn_sub import sub

_NONE = "AWS::NoValue"


class WorkbenchBox(Construct):
    """An EC2 instance that nothing reaches from outside: no inbound rule, no key pair, IMDSv2.

    ``image_id``, ``root_device``, ``instance_type``, ``volume_gb``, ``zone`` and ``subnet_id`` may
    be tokens; ``any_zone`` is the ``zone`` that leaves it to EC2, and ``subnet_id`` None stands for
    the account's default VPC. In a subnet, either ``vpc_id`` is its VPC or ``security_group_ids``
    are given. ``user_data`` is a shell script that may hold placeholders; its size is checked by
    whoever renders it.
    """

    instance: ec2.CfnInstance
    security_group: ec2.CfnSecurityGroup | None

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        group_name: str,
        role_name: str,
        profile_name: str,
        path: str,
        image_id: str,
        root_device: str,
        instance_type: str,
        volume_gb: float,
        zone: str,
        any_zone: str,
        subnet_id: str | None,
        vpc_id: str | None,
        security_group_ids: Sequence[str],
        user_data: str,
        metadata_hops: int,
        capacity_reservation: str | None,
        capacity_block: bool,
    ) -> None:
        super().__init__(scope, construct_id)
        self.security_group = None if security_group_ids else self._define_group(group_name, vpc_id)
        groups = (
            [self.security_group.attr_group_id] if self.security_group else [*security_group_ids]
        )
        profile = iam.CfnInstanceProfile(
            self,
            "Profile",
            instance_profile_name=sub(profile_name),
            path=path,
            roles=[sub(role_name)],
        )
        has_zone = CfnCondition(
            self, "HasZone", expression=Fn.condition_not(Fn.condition_equals(zone, any_zone))
        )
        reservation = (
            self._define_launch_template(name, capacity_reservation, block=capacity_block)
            if capacity_reservation
            else None
        )
        self.instance = ec2.CfnInstance(
            self,
            "Instance",
            image_id=image_id,
            instance_type=instance_type,
            iam_instance_profile=profile.ref,
            availability_zone=Fn.condition_if(has_zone.logical_id, zone, Fn.ref(_NONE)).to_string(),
            subnet_id=subnet_id,
            security_group_ids=groups,
            block_device_mappings=[
                ec2.CfnInstance.BlockDeviceMappingProperty(
                    device_name=root_device,
                    ebs=ec2.CfnInstance.EbsProperty(
                        volume_type="gp3",
                        volume_size=volume_gb,
                        encrypted=True,
                        delete_on_termination=True,
                    ),
                )
            ],
            metadata_options=ec2.CfnInstance.MetadataOptionsProperty(
                http_endpoint="enabled",
                http_tokens="required",
                http_put_response_hop_limit=metadata_hops,
                # Tags would be names of people's choosing on the machine of anybody.
                instance_metadata_tags="disabled",
            ),
            # A machine that is shut down from inside, as its idle stop does, stays with its disk.
            instance_initiated_shutdown_behavior="stop",
            propagate_tags_to_volume_on_creation=True,
            launch_template=reservation,
            user_data=Fn.base64(sub(user_data)),
            tags=[CfnTag(key="Name", value=sub(name))],
        )
        self.instance.cfn_options.deletion_policy = CfnDeletionPolicy.DELETE
        self._acknowledge()

    def _define_group(self, name: str, vpc_id: str | None) -> ec2.CfnSecurityGroup:
        """Return a group that lets nothing in and, as every new group does, everything out."""
        return ec2.CfnSecurityGroup(
            self,
            "SecurityGroup",
            group_description="Lets nothing in: people come through Systems Manager",
            group_name=sub(name),
            vpc_id=vpc_id,
        )

    def _define_launch_template(
        self, name: str, reservation: str, *, block: bool
    ) -> ec2.CfnInstance.LaunchTemplateSpecificationProperty:
        template = ec2.CfnLaunchTemplate
        made = template(
            self,
            "Reservation",
            launch_template_name=sub(name),
            launch_template_data=template.LaunchTemplateDataProperty(
                capacity_reservation_specification=template.CapacityReservationSpecificationProperty(
                    capacity_reservation_target=template.CapacityReservationTargetProperty(
                        capacity_reservation_id=reservation
                    )
                ),
                instance_market_options=(
                    template.InstanceMarketOptionsProperty(market_type="capacity-block")
                    if block
                    else None
                ),
            ),
        )
        return ec2.CfnInstance.LaunchTemplateSpecificationProperty(
            launch_template_id=made.ref, version=made.attr_latest_version_number
        )

    def _acknowledge(self) -> None:
        accepted = {
            "AwsSolutions-EC28": "Readings every five minutes are enough: the idle stop looks for"
            " itself, and readings every minute cost each instance two dollars a month.",
            "AwsSolutions-EC29": "An instance of a workshop is meant to go; a teardown proves that"
            " it is gone.",
        }
        Validations.of(self.instance).acknowledge(
            *(Acknowledgment(id=rule, reason=reason) for rule, reason in accepted.items())
        )
