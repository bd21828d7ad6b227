"""A stack set as it should be, and as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from workshop.accounts.desired import DesiredSet
from workshop.accounts.stack_sets import DescribedSet, SetDefinition
from workshop.accounts.values import SetValues
from workshop.aws.stacks import StackSummary

Stacks = Mapping[str, StackSummary]
"""The stacks of an account and Region, as it shows them."""


@dataclass(frozen=True)
class SetPlan:
    """A stack set as it should be and as it is; ``refused`` says why nothing is done with it."""

    desired: DesiredSet
    current: DescribedSet | None
    values: SetValues
    refused: str = ""

    @cached_property
    def definition(self) -> SetDefinition:
        """What the set should be made of."""
        return SetDefinition(
            self.desired.template.body, self.values.parameters, self.desired.tagged
        )

    @cached_property
    def differs(self) -> bool:
        """Whether the set itself has to be changed, so that all its stacks are outdated."""
        if self.current is None:
            return False
        given = self.values.parameters
        same = {key: self.current.parameters.get(key) for key in given} == given
        return not same or self.current.tags != self.definition.tags

    def values_in(self, region: str) -> dict[str, str]:
        """Return the values of all parameters that a stack of the set should have in a Region."""
        desired = self.desired
        return {
            **{name: desired.default(name) for name in desired.parameters},
            **(self.current.parameters if self.current else {}),
            **self.values.parameters,
            **self.values.overrides.get(region, {}),
        }
