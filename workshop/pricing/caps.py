"""The prices by which the watch counts what seats cost: those of what they may use.

They travel as a parameter of the watch's stack, whose default is of the shipped list: a template
has to be the same on every organiser's machine. A deployment gives the parameter the newest that it
knows, what AWS's price list said included; no other stack changes with it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from workshop.config import instance_types
from workshop.config.models import Environment
from workshop.config.profiles import Profile
from workshop.config.roster import Seat
from workshop.pricing import prices
from workshop.pricing.prices import RegionPrices, Use

USES: tuple[Use, ...] = tuple(use for use in get_args(Use) if use != "box")
LONGEST = 3_000
"""Characters: a parameter takes 4,096, and a function's whole environment as many bytes."""


@dataclass(frozen=True)
class AllowedType:
    """An instance type that a profile allows for a use, and where in the YAML it is written."""

    place: tuple[str | int, ...]
    use: Use
    instance_type: str


def allowed_types(name: str, profile: Profile) -> Iterator[AllowedType]:
    """Yield what the seats of a profile may use; ``managed`` allows every type of jobs besides."""
    notebook, access, of = profile.notebook, profile.access, ("profiles", name)
    lists: list[tuple[tuple[str, str], instance_types.Use, tuple[str, ...]]] = []
    if profile.has_notebook:
        yield AllowedType((*of, "notebook", "instance_type"), "notebook", notebook.instance_type)
        where = ("notebook", "fallback_instance_types")
        lists.append((where, "notebook", notebook.fallback_instance_types))
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
    for number, written in enumerate(profile.ec2.instance_types if profile.ec2 else ()):
        yield AllowedType((*of, "ec2", "instance_types", number), "box", written)
    for where, use, types in lists:
        for number, written in enumerate(types):
            for instance_type in instance_types.expanded(use, [written]):
                yield AllowedType((*of, *where, number), use, instance_type)


def watch_budget(settings: Environment) -> dict[str, Any] | None:
    """Return what the watch is told of caps, None without a cap."""
    budget = settings.budget
    if not budget.is_capped:
        return None
    return budget.model_dump(mode="json", exclude_none=True, exclude={"notify"})


def shipped_prices(settings: Environment, seats: Iterable[Seat], region: str) -> str:
    """Return the shipped prices of a Region as the watch is told them, alike on every machine.

    JSON with ``date``, ``basis`` in words, and ``prices``: instance type -> USD per hour, or USD
    per hour by use.
    """
    types = _types(settings, seats, region)
    return _document(types, (prices.shipped_list(region),), prices.shipped_basis(region))


def read_prices(settings: Environment, seats: Iterable[Seat], region: str) -> str:
    """Return the same of what was read from AWS; empty for nothing, or more than travels.

    What has no price there has the shipped one.
    """
    listed = prices.read_list(region)
    if listed is None:
        return ""
    types = _types(settings, seats, region)
    text = _document(types, (listed, prices.shipped_list(region)), prices.basis(region))
    return text if len(text) <= LONGEST else ""


def newest(default: str, *others: str) -> str:
    """Return the one of these documents with the newest prices for the types of ``default``.

    Of several that are as new, the first of ``others`` counts.
    """
    types = _parsed(default)["prices"].keys()
    whole = [text for text in others if _parsed(text)["prices"].keys() == types]
    return max((*whole, default), key=lambda text: _parsed(text)["date"])


def _parsed(text: str) -> dict[str, Any]:
    """Return a document; one without prices for what none is, or is of an older form."""
    try:
        found = json.loads(text)
        return {"date": str(found["date"]), "prices": dict(found["prices"])}
    except (ValueError, KeyError, TypeError):
        return {"date": "", "prices": {}}


def _types(settings: Environment, seats: Iterable[Seat], region: str) -> list[str]:
    """Return the instance types that seats may use, without those that have no shipped price."""
    types = {seat.instance_type for seat in seats if seat.instance_type}
    for name, profile in settings.profiles.items():
        types.update(allowed.instance_type for allowed in allowed_types(name, profile))
        if profile.access.mode == "managed":
            types.update(prices.shipped_types(region))
    return sorted(types)


def _document(types: Iterable[str], lists: Sequence[RegionPrices], basis: str) -> str:
    every = {instance_type: _prices(instance_type, lists) for instance_type in types}
    document = {
        "date": str(lists[0]["date"]),
        "basis": basis,
        "prices": {instance_type: price for instance_type, price in every.items() if price},
    }
    return json.dumps(document, separators=(",", ":"))


def _prices(instance_type: str, lists: Sequence[RegionPrices]) -> float | dict[Use, float]:
    """Return USD per hour by the first list that has it, one price where all uses cost the same."""
    of_ec2 = (
        prices.of_list(price_list["boxes"], "box", instance_type)
        for price_list in lists
        if "boxes" in price_list
    )
    known_of_ec2 = next((usd for usd in of_ec2 if usd is not None), None)
    if known_of_ec2 is not None:
        return float(known_of_ec2)
    known: dict[Use, float] = {}
    for use in USES:
        for listed in reversed(lists):
            usd = prices.of_list(listed, use, instance_type)
            if usd is not None:
                known[use] = float(usd)
    alike = len(known) == len(USES) and len({*known.values()}) == 1
    return known[USES[0]] if alike else known
