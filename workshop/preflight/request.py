"""The seats of one place, what they are made of, and what the place has of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from workshop.account_region import AccountRegion
from workshop.aws.stacks import StackSummary
from workshop.config.environment import LoadedEnvironment
from workshop.config.models import Profile
from workshop.config.roster import Seat
from workshop.preflight import demand
from workshop.preflight.demand import Demand
from workshop.preflight.offerings import SubnetDemand


@dataclass(frozen=True)
class PreflightRequest:
    """The chosen seats of one place, and the stacks it has; None where these are not known."""

    loaded: LoadedEnvironment
    place: AccountRegion
    seats: tuple[Seat, ...]
    stacks: Mapping[str, StackSummary] | None

    @cached_property
    def wanted(self) -> Demand:
        return demand.wanted(self.loaded, self.place, self.seats)

    @cached_property
    def making(self) -> tuple[Seat, ...]:
        """The seats to be made: all of them where no stacks are known."""
        return demand.to_be_made(self.loaded, self.seats, self.stacks or {})

    @cached_property
    def lodgings(self) -> dict[str, SubnetDemand]:
        """The subnets that seats to be made are to live in."""
        guests: dict[str, list[Seat]] = {}
        for seat in self.making:
            vpc = self.profile(seat).notebook.vpc
            if vpc is not None:
                guests.setdefault(vpc.subnet_id, []).append(seat)
        return {
            subnet: SubnetDemand(
                tuple(dict.fromkeys(seat.instance_type for seat in seats)), len(seats)
            )
            for subnet, seats in guests.items()
        }

    @cached_property
    def notebook_types(self) -> tuple[str, ...]:
        """The instance types of the notebooks to be made."""
        return tuple(dict.fromkeys(seat.instance_type for seat in self.making))

    @cached_property
    def other_types(self) -> tuple[str, ...]:
        """What these seats may use besides: fallbacks, and types of jobs and endpoints."""
        found: dict[str, None] = {}
        for profile in {seat.profile: self.profile(seat) for seat in self.making}.values():
            found |= dict.fromkeys(profile.notebook.fallback_instance_types)
            if profile.access.mode == "scoped":
                found |= dict.fromkeys(profile.access.training_instance_types)
                found |= dict.fromkeys(profile.access.processing_instance_types)
                found |= dict.fromkeys(profile.access.endpoint_instance_types)
        return tuple(one for one in found if one not in self.notebook_types)

    def profile(self, seat: Seat) -> Profile:
        return self.loaded.settings.profiles[seat.profile]
