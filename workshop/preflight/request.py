"""What a preflight is asked, and the many reads of AWS that it makes at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import filterfalse
from typing import Concatenate, ParamSpec, TypeVar

from workshop.account_region import AccountRegion
from workshop.aws.clients import Clients
from workshop.aws.reads import Unavailable, attempt
from workshop.aws.stacks import StackSummary
from workshop.config.environment import LoadedEnvironment
from workshop.config.instance_types import is_family
from workshop.config.profiles import Profile
from workshop.config.roster import Seat
from workshop.preflight import demand, existing_names
from workshop.preflight.demand import Demand
from workshop.preflight.existing_names import DesiredNames
from workshop.preflight.offerings import SubnetDemand

T = TypeVar("T")
P = ParamSpec("P")
Answer = Future[T | Unavailable]


@dataclass(frozen=True)
class ParallelReads:
    """Calls of AWS, each in a thread of the pool."""

    clients: Clients
    pool: ThreadPoolExecutor

    def __call__(
        self,
        call: Callable[Concatenate[Clients, AccountRegion, P], T],
        account_region: AccountRegion,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Answer[T]:
        """Begin ``call(clients, account_region, ...)``."""
        return self.pool.submit(
            attempt, partial(call, self.clients, account_region, *args, **kwargs)
        )


@dataclass(frozen=True)
class PreflightRequest:
    """The chosen seats of one Region, and the stacks it has; None where these are not known."""

    loaded: LoadedEnvironment
    account_region: AccountRegion
    seats: tuple[Seat, ...]
    stacks: Mapping[str, StackSummary] | None

    @cached_property
    def demand(self) -> Demand:
        return demand.desired(self.loaded, self.account_region, self.seats)

    @cached_property
    def making(self) -> tuple[Seat, ...]:
        """The seats to be made: all of them where no stacks are known."""
        return demand.to_be_made(self.loaded, self.seats, self.stacks or {})

    @cached_property
    def new_names(self) -> DesiredNames:
        """What stacks have to make of which nothing is there; none where no stacks are known."""
        stacks = self.stacks
        if stacks is None:
            return DesiredNames({})
        return existing_names.desired(self.loaded, self.account_region, self.seats, stacks)

    @cached_property
    def subnets(self) -> dict[str, SubnetDemand]:
        """The subnets that seats to be made are to live in."""
        seats_in: dict[str, list[Seat]] = {}
        for seat in self.making:
            profile = self.profile(seat)
            vpc = profile.notebook.vpc if profile.has_notebook else None
            if vpc is not None:
                seats_in.setdefault(vpc.subnet_id, []).append(seat)
        return {
            subnet: SubnetDemand(
                tuple(dict.fromkeys(seat.instance_type for seat in seats)),
                len(seats),
                tuple(dict.fromkeys(group for seat in seats for group in self._groups(seat))),
            )
            for subnet, seats in seats_in.items()
        }

    @cached_property
    def notebook_types(self) -> tuple[str, ...]:
        """The instance types of the notebooks to be made."""
        types = (seat.instance_type for seat in self.making if seat.instance_type)
        return tuple(dict.fromkeys(types))

    @cached_property
    def other_types(self) -> tuple[str, ...]:
        """What these seats may use besides: fallbacks, and types of jobs and endpoints."""
        found: dict[str, None] = {}
        for profile in {seat.profile: self.profile(seat) for seat in self.making}.values():
            if profile.has_notebook:
                found |= dict.fromkeys(profile.notebook.fallback_instance_types)
            if profile.access.mode == "scoped":
                found |= dict.fromkeys(profile.access.training_instance_types)
                found |= dict.fromkeys(profile.access.processing_instance_types)
                found |= dict.fromkeys(profile.access.endpoint_instance_types)
        others = (name for name in found if name not in self.notebook_types)
        return tuple(filterfalse(is_family, others))

    def _groups(self, seat: Seat) -> tuple[str, ...]:
        vpc = self.profile(seat).notebook.vpc
        return () if vpc is None else vpc.security_group_ids

    def profile(self, seat: Seat) -> Profile:
        return self.loaded.settings.profiles[seat.profile]
