"""What a profile may say of a seat's EC2 instance: a machine with an IDE, often with a GPU."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    Discriminator,
    Field,
    Tag,
    model_validator,
)

from workshop.config import images, rules
from workshop.config.model import Flag, Model, Whole
from workshop.config.rules import shown

MIN_BOX_GB, MAX_BOX_GB = 8, 16_384
"""Bounds of the root disk; every image asks for 8 GB at least
(https://docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html)."""
ANY_PLACE = "any"
"""What templates have for a zone or subnet that EC2 chooses: AWS's pages do not say whether a value
of a mapping may be empty
(https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/mappings-section-structure.html)."""
BOX_TYPES = 6
"""How many instance types a profile may name: each is tried in each zone."""


def each_once(values: tuple[str, ...]) -> tuple[str, ...]:
    """Return the values; raise ValueError for one that is there twice."""
    twice = sorted({value for value in values if values.count(value) > 1})
    if twice:
        raise ValueError(f"names {', '.join(map(shown, twice))} twice; name it once")
    return values


def _image(written: str) -> str:
    if written in images.NAMED or rules.IMAGE.holds(written):
        return written
    raise ValueError(f"{shown(written)} {rules.IMAGE.message}; known: {', '.join(images.NAMED)}")


class Ec2Network(Model):
    """Puts the instance into subnets of yours instead of the account's default VPC."""

    subnet_ids: Annotated[tuple[Annotated[str, rules.SUBNET], ...], AfterValidator(each_once)] = (
        Field(min_length=1, max_length=6, examples=[["subnet-0abc12345"]])
    )
    """Subnets of one VPC in order of preference, each in a zone of its own; from each there has to
    be a way to the internet, or to endpoints of SSM and of what the labs use."""
    vpc_id: Annotated[str, rules.VPC] | None = Field(default=None, examples=["vpc-0abc12345"])
    """The VPC of the subnets, in which the instance gets a security group that lets nothing in."""
    security_group_ids: Annotated[
        tuple[Annotated[str, rules.SECURITY_GROUP], ...], AfterValidator(each_once)
    ] = Field(default=(), max_length=5, examples=[["sg-0abc12345"]])
    """Instead of ``vpc_id``, up to five security groups of yours; they should let nothing in."""

    @model_validator(mode="after")
    def _says_its_security_groups(self) -> Self:
        if (self.vpc_id is None) == (not self.security_group_ids):
            raise ValueError(
                "names no VPC and no security groups, or both; give it either 'vpc_id' or"
                " 'security_group_ids'"
            )
        return self


def _network_kind(value: object) -> str:
    return "subnets" if isinstance(value, dict | Ec2Network) else "default"


class Ec2(Model):
    """An EC2 instance of the seat, on demand.

    Attendees reach it through Systems Manager; no port is open, and there is no key pair. What
    ``notebook`` says of content, tokens, packages and saved files holds for it as well.
    """

    instance_types: Annotated[
        tuple[Annotated[str, rules.EC2_TYPE], ...], AfterValidator(each_once)
    ] = Field(
        default=("g5.xlarge",),
        min_length=1,
        max_length=BOX_TYPES,
        examples=[["g5.xlarge", "g4dn.xlarge"]],
    )
    """Instance types in order of preference, of one architecture; ``workshop deploy`` tries each
    in each zone until EC2 has one to give. A roster row may name another to begin with."""
    image: Annotated[str, AfterValidator(_image)] = Field(
        default="deep-learning-pytorch", examples=["deep-learning-pytorch", "ami-0abc1234567890def"]
    )
    """The machine image: one of AWS's by name, a public SSM parameter (``/aws/service/...``), or an
    ``ami-...`` of yours. ``workshop image pin`` writes which image that is into a file."""
    volume_gb: Whole = Field(default=150, ge=MIN_BOX_GB, le=MAX_BOX_GB)
    """Size of its encrypted disk in GB; kept while it is stopped, gone with the instance. Another
    size is another disk: it replaces the instance."""
    idle_stop_minutes: Whole | None = Field(default=60, ge=10, le=1440)
    """Stop the instance after so many minutes in which nobody used it and nothing worked on it: no
    session, no connection, no busy kernel, no process, no GPU; null never."""
    busy_stop_hours: Whole | None = Field(default=12, ge=1, le=168)
    """Stop it also when it was in use for so many hours without a pause of a quarter of an hour;
    null for no such bound."""
    keep_running_hours: Whole = Field(default=24, ge=0, le=168)
    """The longest that an attendee keeps it running with a file ``KEEP-RUNNING``, counted from when
    the file was written; 0 for no such file."""
    capacity_reservation: Annotated[str, rules.CAPACITY_RESERVATION] | None = Field(
        default=None, examples=["cr-0abc1234567890def"]
    )
    """A capacity reservation of yours that the instances go into; one is never bought."""
    capacity_block: Flag = False
    """Whether that reservation is a Capacity Block for ML, which begins and ends at its own
    times."""
    network: Annotated[
        Annotated[Literal["default"], Tag("default")] | Annotated[Ec2Network, Tag("subnets")],
        Discriminator(_network_kind),
    ] = "default"
    """``default`` for the account's default VPC, in a zone that EC2 chooses; or your subnets."""
    metadata_hops: Whole = Field(default=1, ge=1, le=2)
    """How far answers of the instance metadata service go; 2 lets containers have the seat's
    role."""

    @property
    def subnets(self) -> Ec2Network | None:
        """The subnets' part of ``network``, None for the default VPC."""
        return self.network if isinstance(self.network, Ec2Network) else None

    def candidates(
        self, first: str = "", zones: Mapping[str, Sequence[str]] | None = None
    ) -> Iterator[tuple[str, str, str]]:
        """Yield what a deployment tries in turn: instance type, zone and subnet.

        An empty zone or subnet is EC2's choice, and a subnet has its zone. ``first`` is a roster
        row's type; ``zones`` has the zones that offer a type, tried after EC2's own choice.
        """
        offered = zones or {}
        for name in dict.fromkeys((first or self.instance_types[0], *self.instance_types)):
            if self.subnets:
                yield from ((name, "", subnet) for subnet in self.subnets.subnet_ids)
            else:
                yield from ((name, zone, "") for zone in ("", *offered.get(name, ())))

    @model_validator(mode="after")
    def _block_is_a_reservation(self) -> Self:
        if self.capacity_block and self.capacity_reservation is None:
            raise ValueError(
                "has a capacity_block and no capacity_reservation; name the id that the block has"
            )
        return self
