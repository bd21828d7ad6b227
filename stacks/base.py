"""What all stacks have in common: their name, tags, parameter and way of deployment."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, NoReturn

from aws_cdk import (
    CfnOutput,
    CfnParameter,
    Environment,
    ISynthesisSession,
    Stack,
    StackSynthesizer,
    Tags,
    Token,
)
from constructs import Construct

from workbench.fn_sub import sub
from workshop import naming, tags
from workshop.config.profiles import Profile
from workshop.config.roster import Seat
from workshop.naming import Names

PARAMETER = "AttendeeId"


@dataclass(frozen=True)
class Placement:
    """Which stack goes where: concrete names for the stack itself, placeholders for its contents.

    ``tags`` are the seat's tags with its real id in them.
    """

    names: Names
    tags: Mapping[str, str]

    @property
    def inside(self) -> Names:
        """The names as the template's resources spell them."""
        seat = naming.COHORT if self.names.seat == naming.COHORT else f"${{{PARAMETER}}}"
        return Names.placeholders(self.names.workshop, seat=seat)

    @property
    def inside_tags(self) -> dict[str, str]:
        """The tags as texts inside the template spell them."""
        return {**self.tags, tags.ATTENDEE: self.inside.seat}


class InlineSynthesizer(StackSynthesizer):
    """Refers to no bootstrap role and no bootstrap version, unlike the default synthesizer.

    It tags the stack, but nothing in it, with its template's digest.
    """

    def synthesize(self, session: ISynthesisSession) -> None:
        stack = self._bound_stack
        self._synthesize_template(session)
        written = Path(session.outdir) / stack.template_file
        digest = tags.template_digest(written.read_text(encoding="utf-8"))
        stack.tags.set_tag(tags.TEMPLATE, digest)
        self._emit_artifact(session)

    def add_file_asset(self, **_: Any) -> NoReturn:
        raise NotImplementedError("there is no bucket that an asset could go to")

    def add_docker_image_asset(self, **_: Any) -> NoReturn:
        raise NotImplementedError("there is no repository that an asset could go to")


class WorkshopStack(Stack):
    """A stack that needs no bootstrap: no assets, no roles of the toolkit, its template inline.

    Its own tags are concrete, as stack tags must be; the tags of its resources spell the attendee
    as a reference to the parameter, so that the template is the same for every seat. ``compact``
    leaves blanks out of the template, where policies would take it above what travels inline.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stack_name: str,
        description: str,
        placement: Placement,
        termination_protection: bool = False,
        compact: bool = False,
    ) -> None:
        names = placement.names
        super().__init__(
            scope,
            construct_id,
            stack_name=stack_name,
            description=description,
            env=Environment(account=names.account, region=names.region),
            tags=dict(placement.tags),
            termination_protection=termination_protection,
            synthesizer=InlineSynthesizer(),
            suppress_template_indentation=compact,
        )
        for key, value in placement.tags.items():
            Tags.of(self).add(key, value)

    def _output(self, name: str, value: str, description: str) -> None:
        """Define an output without an export: other stacks find things by their names."""
        text = value if Token.is_unresolved(value) else sub(value)
        CfnOutput(self, name, value=text, description=description)


class SeatStack(WorkshopStack):
    """One of a seat's stacks, with the parameter ``AttendeeId``.

    The parameter's default is the seat, so that plain ``cdk deploy`` needs no ``--parameters``.
    Each stack is ``described``, and defines its resources in ``_define``.
    """

    described: ClassVar[str]
    """What it is and how it goes; ``{environment}`` stands for the environment's name."""
    attendee: CfnParameter
    placement: Placement
    seat: Seat

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stack_name: str,
        placement: Placement,
        profile: Profile,
        seat: Seat,
    ) -> None:
        environment = placement.tags[tags.ENVIRONMENT]
        super().__init__(
            scope,
            construct_id,
            stack_name=stack_name,
            description=self.described.format(environment=environment),
            placement=placement,
        )
        self.attendee = CfnParameter(
            self,
            PARAMETER,
            type="String",
            default=placement.names.seat,
            description="The seat's id. It is part of every name and never changes.",
            allowed_pattern=naming.SEAT_PATTERN,
            constraint_description="2 to 12 lower-case letters and digits, a letter first",
        )
        Tags.of(self).add(tags.ATTENDEE, self.attendee.value_as_string)
        self.placement, self.seat = placement, seat
        self._define(placement.inside, profile)

    @abstractmethod
    def _define(self, names: Names, profile: Profile) -> None:
        """Define the resources and outputs, by names with placeholders, for seats of a profile."""
