"""Caps on money in the YAML: what is allowed has to have a price."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.config_folder import HEAD, SEATS, load, mistakes, write
from workshop.pricing import caps, prices

UNPRICED = "profiles: {attendee: {access: {training_instance_types: [ml.m5.large, ml.p9.large]}}}"


def test_a_type_that_is_allowed_and_has_no_price_is_refused_with_its_line(tmp_path: Path) -> None:
    write(tmp_path, f"{HEAD}{SEATS}budget: {{per_seat_usd: 25}}\n{UNPRICED}\n")
    (found,) = mistakes(tmp_path)
    assert found == (
        "8: profiles.attendee.access.training_instance_types[1]: no price of ml.p9.large for"
        " training is known, which a budget needs; allow another type, or remove the caps of"
        " 'budget'"
    )


def test_without_a_cap_no_price_is_needed(tmp_path: Path) -> None:
    write(tmp_path, f"{HEAD}{SEATS}budget: {{warn_percent: 50}}\n{UNPRICED}\n")
    assert mistakes(tmp_path) == []


@pytest.mark.parametrize(
    ("budget", "message"),
    [
        ("{per_seat_usd: 0}", "budget.per_seat_usd: 0 is too small; the least is 1"),
        ("{warn_percent: 101}", "budget.warn_percent: 101 is too large; the most is 100"),
        ("{max_instances: many}", "budget.max_instances: 'many' is not a whole number; write one"),
        ("{on_cap: delete}", "budget.on_cap: 'delete' is unknown; known: freeze, stop, tell"),
    ],
)
def test_a_cap_that_is_none_is_refused(tmp_path: Path, budget: str, message: str) -> None:
    write(tmp_path, f"{HEAD}{SEATS}budget: {budget}\n")
    (found,) = mistakes(tmp_path)
    assert message in found


def test_the_watch_is_told_caps_and_the_prices_of_what_is_allowed(tmp_path: Path) -> None:
    write(tmp_path, f"{HEAD}{SEATS}budget: {{per_seat_usd: 25, max_instances: 4}}\n")
    loaded = load(tmp_path)
    assert caps.watch_budget(loaded.settings) == {
        "per_seat_usd": 25,
        "max_instances": 4,
        "warn_percent": 80,
        "on_cap": "freeze",
    }
    told = json.loads(caps.shipped_prices(loaded.settings, loaded.seats, "us-east-1"))
    assert told["prices"]["ml.m5.large"] == 0.115
    assert {*told["prices"]} == {"ml.g5.xlarge", "ml.m5.large", "ml.m5.xlarge", "ml.t3.medium"}
    assert told["basis"] == "us-east-1 list prices of 2026-04-21"


def test_the_watch_of_a_workshop_without_caps_is_told_nothing(tmp_path: Path) -> None:
    write(tmp_path, f"{HEAD}{SEATS}")
    loaded = load(tmp_path)
    assert caps.watch_budget(loaded.settings) is None


def test_all_prices_fit_into_what_a_function_is_told(tmp_path: Path) -> None:
    """Lambda takes 4 KB of environment; ``managed`` needs the price of every type there is."""
    managed = "profiles: {attendee: {access: {mode: managed}}}"
    write(tmp_path, f"{HEAD}{SEATS}budget: {{per_seat_usd: 25}}\n{managed}\n")
    loaded = load(tmp_path)
    told = caps.shipped_prices(loaded.settings, loaded.seats, prices.FALLBACK)
    assert len(told) <= caps.LONGEST
