"""The estimate: as the plan of use says, as bad as it may come, and in words for whoever pays."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.config_folder import load, write
from workshop.bill import estimate
from workshop.bill.estimate import Estimate
from workshop.config.environment import LoadedEnvironment

TWO_DAYS = "start: 2098-12-01T09:00:00+01:00\nend: 2098-12-02T17:00:00+01:00\n"
DISK = Decimal("0.14") * 20 / 730


def loaded(folder: Path, more: str = "", dates: str = TWO_DAYS) -> LoadedEnvironment:
    """Four seats in us-east-1, of which prices are known."""
    write(
        folder,
        "workshop: vision\ntitle: Computer vision\naccount: '111122223333'\nregion: us-east-1\n"
        f"roster: {{seats: 4}}\n{dates}{more}",
    )
    return load(folder)


def made(environment: LoadedEnvironment) -> Estimate:
    found = estimate.estimate(environment, environment.seats)
    assert found is not None
    return found


def by_kind(found: Estimate) -> dict[str, Decimal]:
    return {kind: cost.usd for kind, cost in found.by_kind.items()}


def test_a_day_counts_as_many_hours_as_notebooks_are_planned_to_run(tmp_path: Path) -> None:
    found = made(loaded(tmp_path))
    assert by_kind(found) == {
        "notebook": 4 * 2 * 8 * Decimal("0.05"),
        "disk": 4 * 32 * DISK,
        "training": 4 * 2 * Decimal("0.115"),
        "endpoint": 4 * 2 * Decimal("0.115"),
    }
    assert found.per_seat.usd == found.total.usd / 4


@pytest.mark.parametrize(
    ("use", "dates", "hours"),
    [
        ("use: {stopped_at_night: false}", TWO_DAYS, 32),
        ("use: {hours_per_day: 24}", TWO_DAYS, 15 + 17),
        ("", "start: 2098-12-01T09:00:00Z\nend: 2098-12-01T12:00:00Z\n", 3),
        # It ends on the morning of the third day, at the place of its start.
        ("", "start: 2098-12-01T09:00:00+01:00\nend: 2098-12-03T01:00:00Z\n", 8 + 8 + 2),
    ],
)
def test_notebooks_run_no_longer_than_the_workshop_does(
    tmp_path: Path, use: str, dates: str, hours: int
) -> None:
    found = made(loaded(tmp_path, use, dates))
    assert by_kind(found)["notebook"] == 4 * hours * Decimal("0.05")


@pytest.mark.parametrize("use", ["", "use: {stopped_at_night: false}"])
def test_notebooks_run_in_class_where_the_watch_keeps_hours(tmp_path: Path, use: str) -> None:
    environment = loaded(tmp_path, f'hours: "08:30-16:00"\n{use}')
    assert by_kind(made(environment))["notebook"] == 4 * 15 * Decimal("0.05")
    assert "each notebook from 08:30-16:00 a day (stopped by the watch outside), its disk" in (
        estimate.paragraph(environment, made(environment))
    )


@pytest.mark.parametrize("on_cap", ["freeze", "stop"])
def test_the_most_is_the_cap_of_each_seat_where_that_is_less(tmp_path: Path, on_cap: str) -> None:
    environment = loaded(tmp_path, f"budget: {{per_seat_usd: 25, on_cap: {on_cap}}}")
    found = made(environment)
    assert found.most is not None
    assert found.most.usd == 4 * 25 + 4 * 32 * DISK
    text = "about 100.49 USD with every seat at its cap of 25 USD, where the watch stops it within"
    assert text in found.line
    assert found.document()["most_usd"]["least"] == pytest.approx(100.49, abs=0.01)
    assert "nothing limits how many" not in estimate.paragraph(environment, found)


def test_a_cap_above_the_worst_or_that_ends_nothing_bounds_nothing(tmp_path: Path) -> None:
    high = made(loaded(tmp_path, "budget: {per_seat_usd: 5000}"))
    assert high.most == high.worst
    assert "if every seat leaves on a job and an endpoint" in high.line
    told = made(loaded(tmp_path, "budget: {per_seat_usd: 25, on_cap: tell}"))
    assert (told.capped, told.most) == (None, told.worst)


def test_a_cap_bounds_what_nothing_else_does(tmp_path: Path) -> None:
    managed = "profiles: {attendee: {access: {mode: managed}}}\nbudget: {per_seat_usd: 25}"
    found = made(loaded(tmp_path, managed))
    assert found.worst is None
    assert found.most == found.capped
    assert "at its cap of 25 USD" in found.line


def test_nothing_is_added_for_what_is_not_planned(tmp_path: Path) -> None:
    found = made(loaded(tmp_path, "use: {job_hours: 0, endpoint_hours: 0}"))
    assert list(by_kind(found)) == ["notebook", "disk"]


def test_the_worst_is_the_dearest_that_a_seat_may_have_day_and_night(tmp_path: Path) -> None:
    found = made(loaded(tmp_path))
    hourly = Decimal("0.05") + DISK + Decimal("1.408") + Decimal("1.408")
    assert found.worst is not None
    assert found.worst.usd == 4 * 32 * hourly
    managed = made(loaded(tmp_path, "profiles: {attendee: {access: {mode: managed}}}"))
    assert managed.worst is None
    assert "not bounded: some seats may use any machine" in managed.line


def test_a_machine_without_a_price_makes_it_a_least_and_never_zero(tmp_path: Path) -> None:
    text = "profiles: {attendee: {access: {endpoint_instance_types: [ml.m4.xlarge]}}}"
    found = made(loaded(tmp_path, text))
    assert not found.total.complete
    assert found.line.startswith("estimate: at least ")
    assert "endpoint an unknown sum" in estimate.paragraph(loaded(tmp_path, text), found)


def test_a_workshop_without_an_end_has_no_estimate(tmp_path: Path) -> None:
    dates = "start: 2026-12-01T09:00:00Z\nend: 2098-12-01T12:00:00Z\n"
    environment = loaded(tmp_path, "", dates)
    assert estimate.estimate(environment, environment.seats) is None


def test_the_paragraph_says_what_it_is_for_how_many_and_what_is_not_in_it(tmp_path: Path) -> None:
    environment = loaded(tmp_path)
    assert estimate.paragraph(environment, made(environment)) == (
        "Computer vision (vision), Mon 1 Dec 2098 09:00 to Tue 2 Dec 2098 17:00 (UTC+01:00),"
        " 2 days, 4 seats: about 1.38 USD per attendee, 5.53 USD in all. By kind in USD:"
        " notebook 3.20, disk 0.49, training 0.92, endpoint 0.92. That is 8 hours a day of each"
        " notebook (stopped outside of them), its disk from start to end, 1 hour of a training"
        " job and 1 hour of an endpoint per seat and day. At most: 367.34 USD if every seat leaves"
        " on a job and an endpoint of the dearest machines that it may use; nothing limits how"
        " many of them there are. It is an estimate at AWS's list prices (us-east-1 list prices"
        " of 2026-04-21); not in it: storage in S3 and ECR, disks of jobs and endpoints,"
        " serverless endpoints, feature stores and queries of them, alarms, logs, traffic, tax,"
        " discounts, credits, and what spot saves until"
        " a job has ended."
    )
