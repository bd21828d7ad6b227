"""The stack sets of an environment as they are, from a number of calls that accounts do not raise.

One for each set and one for each hundred of its instances.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property

from botocore.exceptions import BotoCoreError, ClientError

from workshop.account_region import AccountRegion
from workshop.accounts import reasons
from workshop.accounts.stack_sets import DescribedSet, StackInstance, StackSetCalls
from workshop.aws.reads import side_by_side
from workshop.config.environment import LoadedEnvironment
from workshop.errors import WorkshopError
from workshop.naming import ALONE, COHORT, COHORT_STACKS, SEAT_STACKS

_WORDS = 4
AT_ONCE = 4

GONE = "DELETE_COMPLETE"
"""The status of a stack that is not there any more."""

Instances = Mapping[AccountRegion, StackInstance]


@dataclass(frozen=True, slots=True)
class LostStack:
    """A stack of which StackSets tells in vain: its status in its account, and what became of it.

    The status is empty where nobody could look.
    """

    status: str
    message: str


@dataclass(frozen=True)
class FoundSets:
    """The sets whose names are the workshop's, by name, those of other environments among them.

    ``lost`` are the stacks that the instances tell of in vain, by their ids.
    """

    sets: Mapping[str, DescribedSet] = field(default_factory=dict)
    instances: Mapping[str, Instances] = field(default_factory=dict)
    lost: Mapping[str, LostStack] = field(default_factory=dict)

    @cached_property
    def by_account(self) -> Mapping[str, Mapping[str, StackInstance]]:
        """The instances of each account, by the sets' names."""
        found: dict[str, dict[str, StackInstance]] = {}
        for name, instances in self.instances.items():
            for instance in instances.values():
                found.setdefault(instance.account_region.account, {})[name] = instance
        return found


def kind_of(workshop: str, name: str) -> tuple[str, str] | None:
    """Return the stack and the profile of a set's name, None for a name that is none of these."""
    words = name.split("-")
    if len(words) != _WORDS or words[0] != workshop:
        return None
    _, who, kind, profile = words
    kinds = {COHORT: COHORT_STACKS, ALONE: tuple(SEAT_STACKS)}.get(who, ())
    return (kind, profile) if kind in kinds else None


def find(calls: StackSetCalls, loaded: LoadedEnvironment) -> FoundSets:
    """Return the workshop's stack sets; raise WorkshopError where any cannot be read."""
    with listing(loaded):
        names = [name for name in calls.names() if kind_of(loaded.settings.workshop, name)]
        described = side_by_side(calls.describe, names, threads=AT_ONCE)
        there = {name: stack_set for name, stack_set in described.items() if stack_set is not None}
        ours = [
            name
            for name, stack_set in there.items()
            if stack_set.belongs_to(loaded.settings.workshop, loaded.name)
        ]
        listed = side_by_side(calls.instances, ours, threads=AT_ONCE)
    return FoundSets(
        there,
        {
            name: {instance.account_region: instance for instance in some}
            for name, some in listed.items()
        },
    )


@contextmanager
def listing(loaded: LoadedEnvironment) -> Iterator[None]:
    """Raise WorkshopError where stack sets cannot be listed within."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise WorkshopError(
            f"the stack sets of {loaded.home} could not be listed"
            f" ({reasons.refused(loaded, error)}); nothing was done. Check that you may call"
            " cloudformation:ListStackSets, DescribeStackSet and ListStackInstances there"
        ) from error
