"""What ``workshop fit`` tells: calls and machines, what stays closed, what has to be edited."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from workshop.bill.estimate import Estimate
from workshop.fit import closed, fill_in
from workshop.fit.asking import in_region, kind_of_bucket
from workshop.fit.calls import LabFindings, Place
from workshop.fit.content import LabContent
from workshop.fit.fitting import Fitting
from workshop.fit.remarks import Remark, remarks
from workshop.preflight import quotas
from workshop.pricing import prices
from workshop.pricing.prices import Cost


@dataclass(frozen=True)
class LabMachine:
    """An instance type that labs ask for, with the quota that all seats together need."""

    use: str
    instance_type: str
    most: int
    """Instances of one request."""
    spot: bool
    cells: int
    hourly: Cost
    quota: str
    needed: int


@dataclass(frozen=True)
class ClosedPart:
    """What stays closed for one reason."""

    reason: str
    actions: tuple[str, ...]
    places: tuple[Place, ...]


@dataclass(frozen=True)
class FitReport:
    """All that is told of labs in one environment."""

    title: str
    content: LabContent
    found: LabFindings
    fitting: Fitting
    region: str
    seats: int
    estimate: Estimate | None

    @property
    def machines(self) -> tuple[LabMachine, ...]:
        """Return the machines by use, those first that most cells ask for."""
        cells: Counter[tuple[str, str, bool]] = Counter()
        most: dict[tuple[str, str, bool], int] = {}
        for call in self.found.calls:
            for name in call.types:
                key = (call.use, name, call.spot)
                cells[key] += 1
                most[key] = max(most.get(key, 1), call.count)
        order = ("training", "processing", "transform", "endpoint")
        keys = sorted(cells, key=lambda key: (order.index(key[0]), -cells[key], key))
        return tuple(
            LabMachine(
                use,
                name,
                most[use, name, spot],
                spot,
                cells[use, name, spot],
                _hourly(use, name, self.region),
                _quota(use, name, spot=spot),
                most[use, name, spot] * self.seats,
            )
            for use, name, spot in keys
        )

    @property
    def closed(self) -> tuple[ClosedPart, ...]:
        """Return what stays closed, by reason."""
        actions: dict[str, set[str]] = {}
        places: dict[str, set[Place]] = {}
        for verdict in self.fitting.verdicts:
            if not verdict.runs:
                why = closed.reason(verdict)
                actions.setdefault(why, set()).add(verdict.call.action)
                places.setdefault(why, set()).add(verdict.call.place)
        return tuple(
            ClosedPart(why, tuple(sorted(actions[why])), tuple(sorted(places[why])))
            for why in sorted(actions)
        )

    @property
    def remarks(self) -> tuple[Remark, ...]:
        """Return what an author has to edit or to know."""
        return remarks(self.fitting, self.found, self.region)

    @property
    def replacements(self) -> dict[str, str]:
        """Return the texts that a rehearsal puts a seat's values in place of."""
        return fill_in.replacements(self.found)

    @property
    def buckets(self) -> tuple[str, ...]:
        """Return the buckets of others that labs name, in the workshop's Region."""
        names = {
            in_region(call.bucket, self.region)
            for call in self.found.calls
            if call.service == "s3" and kind_of_bucket(call.bucket) == "other"
        }
        return tuple(sorted(names))

    def of_facts(self, kind: str) -> tuple[str, ...]:
        """Return the details of a kind of fact, each once."""
        return tuple(sorted({detail for each, detail, _ in self.found.facts if each == kind}))

    def document(self) -> dict[str, Any]:
        """Return all of it as plain JSON values."""
        fitting = self.fitting
        calling, denied = fitting.calling_cells, fitting.denied_cells
        kinds = Counter(file.kind for file in self.content.files)
        return {
            "labs": self.title,
            "files": dict(sorted(kinds.items())),
            "left_out": [{"path": path, "why": why} for path, why in self.content.left_out],
            "unread": [*map(str, self.found.unread)],
            "cells": {"calling": len(calling), "running": len(calling) - len(denied)},
            "calls": self._calls(),
            "machines": [
                {
                    "use": each.use,
                    "instance_type": each.instance_type,
                    "instances": each.most,
                    "spot": each.spot,
                    "requests": each.cells,
                    "usd_per_hour": each.hourly.document,
                    "quota": each.quota,
                    "needed": each.needed,
                }
                for each in self.machines
            ],
            "loose_instance_types": sorted({name for name, _, _ in self.found.loose_types}),
            "buckets": [*self.buckets],
            "image_regions": [*self.of_facts("image")],
            "releases": [*self.of_facts("release")],
            "settings": [
                {
                    "key": ".".join(each.key),
                    "value": each.value,
                    "why": each.why,
                    "places": [*map(str, each.places)],
                }
                for each in fitting.settings
            ],
            "closed": [
                {
                    "why": each.reason,
                    "actions": [*each.actions],
                    "places": [*map(str, each.places)],
                }
                for each in self.closed
            ],
            "edits": [
                {"what": each.text, "places": [*map(str, each.places)]} for each in self.remarks
            ],
            "replace": self.replacements,
            "estimate": self.estimate and self.estimate.document(),
        }

    def _calls(self) -> list[dict[str, Any]]:
        rows: dict[tuple[str, bool, str, str], set[Place]] = {}
        for verdict in self.fitting.verdicts:
            why = "" if verdict.runs else closed.reason(verdict)
            key = (verdict.call.action, verdict.runs, str(verdict.decision), why)
            rows.setdefault(key, set()).add(verdict.call.place)
        return [
            {"action": action, "runs": runs, "by": by, "why": why, "places": _texts(places)}
            for (action, runs, by, why), places in sorted(rows.items())
        ]


def _texts(places: Iterable[Place]) -> list[str]:
    return [*map(str, sorted(places))]


def _hourly(use: str, name: str, region: str) -> Cost:
    return prices.cost(prices.hourly(use, name, region))  # type: ignore[arg-type]


def _quota(use: str, name: str, *, spot: bool) -> str:
    """Return the name of the quota; that of batch transform, preflight does not look at."""
    if use == "transform":
        return f"{name} for transform job usage"
    return quotas.of_machines(use, name, spot=spot).name  # type: ignore[arg-type]
