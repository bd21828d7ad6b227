"""The prices by which the watch counts what seats cost: those of what they may use.

They are of the shipped list: a template has to be the same on every organiser's machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, get_args

from workshop.config.models import Environment
from workshop.config.profiles import Profile
from workshop.config.roster import Seat
from workshop.pricing import prices
from workshop.pricing.prices import Use

USES: tuple[Use, ...] = get_args(Use)


@dataclass(frozen=True)
class AllowedType:
    """An instance type that a profile allows for a use, and where in the YAML it is written."""

    place: tuple[str | int, ...]
    use: Use
    instance_type: str


def allowed_types(name: str, profile: Profile) -> Iterator[AllowedType]:
    """Yield what the seats of a profile may use; ``managed`` allows every type of jobs besides."""
    notebook, access, of = profile.notebook, profile.access, ("profiles", name)
    yield AllowedType((*of, "notebook", "instance_type"), "notebook", notebook.instance_type)
    lists: list[tuple[tuple[str, str], Use, tuple[str, ...]]] = [
        (("notebook", "fallback_instance_types"), "notebook", notebook.fallback_instance_types)
    ]
    if access.mode == "scoped":
        lists += [
            (("access", "training_instance_types"), "training", access.training_instance_types),
            (
                ("access", "processing_instance_types"),
                "processing",
                access.processing_instance_types,
            ),
            (
                ("access", "processing_instance_types"),
                "transform",
                access.processing_instance_types,
            ),
            (("access", "endpoint_instance_types"), "endpoint", access.endpoint_instance_types),
        ]
    for where, use, types in lists:
        for number, one in enumerate(types):
            yield AllowedType((*of, *where, number), use, one)


def watch_budget(
    settings: Environment, seats: Iterable[Seat], region: str
) -> dict[str, Any] | None:
    """Return what the watch of a Region is told of caps and prices, None without a cap."""
    budget = settings.budget
    if not budget.is_capped:
        return None
    types = {seat.instance_type for seat in seats}
    for name, profile in settings.profiles.items():
        types.update(allowed.instance_type for allowed in allowed_types(name, profile))
        if profile.access.mode == "managed":
            types.update(prices.shipped_types(region))
    listed = {one: _prices(one, region) for one in sorted(types)}
    return {
        **budget.model_dump(mode="json", exclude_none=True),
        "prices": {one: price for one, price in listed.items() if price},
    }


def _prices(instance_type: str, region: str) -> float | dict[Use, float]:
    """Return USD per hour: one price where it is the same for every use."""
    found = {use: prices.shipped(use, instance_type, region) for use in USES}
    known: dict[Use, float] = {use: float(usd) for use, usd in found.items() if usd is not None}
    alike = len(known) == len(USES) and len({*known.values()}) == 1
    return known[USES[0]] if alike else known
