"""The box stack: a seat's EC2 instance."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import CfnMapping, Fn, Token
from constructs import Construct

from stacks.base import Placement, SeatStack
from stacks.notebook import clones, seat_values
from workbench import lifecycle_scripts
from workbench.box import WorkbenchBox
from workshop.config.ec2 import ANY_PLACE, Ec2
from workshop.config.images import Pin
from workshop.config.profiles import Profile
from workshop.config.roster import Seat
from workshop.errors import UsageError
from workshop.naming import SAVED_BESIDE_NOTEBOOK, Names


class BoxStack(SeatStack):
    """One EC2 instance, of the image that is pinned for its Region.

    What a roster row or a zone without capacity may change stands in the mapping ``Seat``, as the
    notebook's does, and the images of all Regions of the profile's seats in the mapping ``Image``,
    so that one template serves all of them. Names within a key are letters and digits alone
    (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/mappings-section-structure.html).
    """

    described = "EC2 instance of one workshop seat. What is on its disk goes with it."

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stack_name: str,
        placement: Placement,
        profile: Profile,
        seat: Seat,
        pins: Mapping[str, Pin],
    ) -> None:
        self._pins = pins
        super().__init__(
            scope,
            construct_id,
            stack_name=stack_name,
            placement=placement,
            profile=profile,
            seat=seat,
        )

    def _define(self, names: Names, profile: Profile) -> None:
        box = profile.ec2
        if box is None:
            raise UsageError("a profile without 'ec2' has no such stack")
        seat = CfnMapping(
            self,
            "Seat",
            lazy=False,
            mapping={
                "Box": {
                    "InstanceType": self.seat.box_type,
                    "VolumeSize": str(self.seat.box_gb),
                    "AvailabilityZone": self.seat.box_zone or ANY_PLACE,
                    "SubnetId": self.seat.box_subnet or ANY_PLACE,
                }
            },
        )
        image = CfnMapping(
            self,
            "Image",
            lazy=False,
            mapping={
                region: {"ImageId": pin.image, "RootDevice": pin.root_device}
                for region, pin in self._pins.items()
            },
        )
        region = Fn.ref("AWS::Region")
        subnets = box.subnets
        made = WorkbenchBox(
            self,
            "Workbench",
            name=names.box,
            group_name=names.security_group,
            role_name=names.role,
            profile_name=names.instance_profile,
            path=names.iam_path,
            image_id=image.find_in_map(region, "ImageId"),
            root_device=image.find_in_map(region, "RootDevice"),
            instance_type=seat.find_in_map("Box", "InstanceType"),
            volume_gb=Token.as_number(seat.find_in_map("Box", "VolumeSize")),
            zone=seat.find_in_map("Box", "AvailabilityZone"),
            any_zone=ANY_PLACE,
            subnet_id=seat.find_in_map("Box", "SubnetId") if subnets else None,
            vpc_id=subnets.vpc_id if subnets else None,
            security_group_ids=subnets.security_group_ids if subnets else (),
            user_data=self._user_data(names, profile, box),
            metadata_hops=box.metadata_hops,
            capacity_reservation=box.capacity_reservation,
            capacity_block=box.capacity_block,
        )
        self._output("BoxId", made.instance.ref, "Id of the EC2 instance")

    def _user_data(self, names: Names, profile: Profile, box: Ec2) -> str:
        """Return what the instance does when it starts, its size checked."""
        script = lifecycle_scripts.user_data(
            clones=clones(profile),
            partition=names.partition,
            account=names.account,
            # Beside a notebook, which saves its own files, in a folder of its own.
            saved_to=SAVED_BESIDE_NOTEBOOK if profile.has_notebook else "",
            **seat_values(names, profile, self.placement.inside_tags),
            mlflow=profile.shared_mlflow or "",
            idle_stop_minutes=box.idle_stop_minutes,
            busy_stop_hours=box.busy_stop_hours,
            keep_running_hours=box.keep_running_hours,
        )
        lifecycle_scripts.check_user_data(script, f"{self.stack_name}: the user data")
        return script
