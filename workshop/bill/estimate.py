"""What a workshop will cost, from its configuration alone: as it is meant, and as it may come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any

from workshop.config.environment import LoadedEnvironment
from workshop.config.instance_types import expanded
from workshop.config.models import Environment
from workshop.config.profiles import Profile
from workshop.config.roster import Seat
from workshop.counting import count_of
from workshop.environments import dates
from workshop.pricing import amounts, prices
from workshop.pricing.prices import NOT_KNOWN, Cost, Use


@dataclass(frozen=True)
class EstimateRow:
    """What equal seats are expected to cost for one kind, all of them together."""

    kind: str
    instance_type: str
    seats: int
    hours: Decimal
    """Of each seat."""
    cost: Cost


@dataclass(frozen=True)
class Estimate:
    """What a workshop costs as it is meant; ``worst`` if all that each may have is always on.

    ``worst`` has one job and one endpoint a seat; it is None where seats may use any machine.
    ``capped`` is what all seats cost at their cap with their disks, None without a cap that ends
    anything.
    """

    rows: tuple[EstimateRow, ...]
    seats: int
    worst: Cost | None
    basis: tuple[str, ...]
    cap: int | None = None
    """USD a seat."""
    capped: Cost | None = None

    @property
    def total(self) -> Cost:
        return prices.total(row.cost for row in self.rows)

    @property
    def per_seat(self) -> Cost:
        return Cost(self.total.usd / max(1, self.seats), self.total.complete)

    @property
    def by_kind(self) -> dict[str, Cost]:
        """Return the sum of all seats for each kind."""
        kinds = dict.fromkeys(row.kind for row in self.rows)
        return {
            kind: prices.total(row.cost for row in self.rows if row.kind == kind) for kind in kinds
        }

    @property
    def line(self) -> str:
        """Return it in a line."""
        return (
            f"estimate: {in_dollars(self.per_seat)} USD a seat, {in_dollars(self.total)} USD for"
            f" {count_of(self.seats, 'seat')}; {self.worst_line} ({'; '.join(self.basis)})"
        )

    @property
    def most(self) -> Cost | None:
        """Return the lower of the worst case and of what the cap lets through; None for neither."""
        if self._cap_is_lower:
            return self.capped
        return self.worst

    @property
    def _cap_is_lower(self) -> bool:
        if self.capped is None or self.worst is None:
            return self.capped is not None
        # A worst case that is not known whole may be any higher.
        return not self.worst.complete or self.capped.usd < self.worst.usd

    @property
    def worst_line(self) -> str:
        """Return the most that it costs: up to the caps, or with machines left on."""
        if self._cap_is_lower and self.capped is not None:
            return (
                f"about {in_dollars(self.capped)} USD with every seat at its cap of {self.cap} USD,"
                " where the watch stops it within minutes, and all disks"
            )
        if self.worst is None:
            return "what it may cost is not bounded: some seats may use any machine"
        return (
            f"{in_dollars(self.worst)} USD if every seat leaves on a job and an endpoint of the"
            " dearest machines that it may use"
        )

    def document(self) -> dict[str, Any]:
        """Return all of it as plain JSON values."""
        return {
            "estimate": True,
            "seats": self.seats,
            "prices": list(self.basis),
            "usd": self.total.document,
            "usd_per_seat": self.per_seat.document,
            "worst_usd": None if self.worst is None else self.worst.document,
            "cap_usd": None if self.capped is None else self.capped.document,
            "most_usd": None if self.most is None else self.most.document,
            "rows": [
                {
                    "kind": row.kind,
                    "instance_type": row.instance_type or None,
                    "seats": row.seats,
                    "hours": float(row.hours),
                    "usd": row.cost.document,
                }
                for row in self.rows
            ],
        }


def estimate(loaded: LoadedEnvironment, seats: Sequence[Seat]) -> Estimate | None:
    """Return what these seats cost until the end; None for a workshop that has none."""
    settings = loaded.settings
    if settings.end - settings.start > dates.FOR_EVER:
        return None
    every, used = _hours(settings), hours_of_use(settings)
    days, plan, profiles = dates.days(settings), settings.use, settings.profiles
    trained, served = Decimal(days * plan.job_hours), Decimal(days * plan.endpoint_hours)
    rows: list[EstimateRow] = []
    alike = Counter(
        (
            *(seat.profile, seat.region, seat.instance_type, seat.volume_gb),
            *(seat.box_type, seat.box_gb),
        )
        for seat in seats
    )
    for (profile, region, instance_type, gigabytes, box_type, box_gb), count in alike.items():
        access = profiles[profile].access
        training, *_ = expanded("training", access.training_instance_types)
        endpoint, *_ = expanded("endpoint", access.endpoint_instance_types)
        if instance_type:
            machine = _hourly("notebook", instance_type, region)
            disk = prices.cost(prices.volume_hourly(gigabytes, region))
            rows += [
                _row(amounts.NOTEBOOK, instance_type, count, used, machine),
                _row(amounts.DISK, "", count, every, disk),
            ]
        if box_type:
            box_disk = prices.cost(prices.box_volume_hourly(box_gb, region))
            rows += [
                _row(amounts.BOX, box_type, count, used, _hourly("box", box_type, region)),
                _row(amounts.BOX_DISK, "", count, every, box_disk),
            ]
        rows += [
            _row(amounts.TRAINING, training, count, trained, _hourly("training", training, region)),
            _row(amounts.ENDPOINT, endpoint, count, served, _hourly("endpoint", endpoint, region)),
        ]
    return Estimate(
        rows=tuple(_together(row for row in rows if row.hours)),
        seats=len(seats),
        worst=_worst(loaded, seats, every),
        cap=settings.budget.per_seat_usd,
        capped=_capped(settings, seats, every),
        basis=tuple(
            prices.basis(region) for region in dict.fromkeys(seat.region for seat in seats)
        ),
    )


def paragraph(loaded: LoadedEnvironment, made: Estimate) -> str:
    """Return the estimate for somebody who pays and knows nothing of it, as one paragraph."""
    settings = loaded.settings
    title = f"{settings.title} ({settings.workshop})" if settings.title else settings.workshop
    start, end = settings.start, settings.end.astimezone(settings.start.tzinfo)
    days = dates.days(settings)
    billed = [kind for kind in (amounts.NOTEBOOK, amounts.BOX) if kind in made.by_kind]
    machine = " and each ".join(billed) or amounts.NOTEBOOK
    disk = "their disks" if len(billed) > 1 else "its disk"
    daily = f"{count_of(settings.use.hours_per_day, 'hour')} a day of each {machine}"
    nights = "stopped outside of them" if settings.use.stopped_at_night else "not stopped at night"
    if settings.hours:
        daily = f"each {machine} from {settings.hours} a day"
        nights = "stopped by the watch outside"
    is_limited = made.capped is not None or settings.budget.max_instances is not None
    limited = "" if is_limited else "; nothing limits how many of them there are"
    parts = ", ".join(f"{kind} {in_dollars(cost)}" for kind, cost in made.by_kind.items())
    return (
        f"{title}, {dates.moment(start)} to {dates.moment(end)} ({start.tzname()}),"
        f" {count_of(days, 'day')}, {count_of(made.seats, 'seat')}:"
        f" about {in_dollars(made.per_seat)} USD per attendee, {in_dollars(made.total)} USD in all."
        f" By kind in USD: {parts}."
        f" That is {daily} ({nights}), {disk}"
        f" from start to end, {_of(settings.use.job_hours, 'a training job')} and"
        f" {_of(settings.use.endpoint_hours, 'an endpoint')} per seat and day."
        f" At most: {made.worst_line}{limited}."
        f" It is an estimate at AWS's list prices ({'; '.join(made.basis)}); {amounts.NOT_IN_IT}."
    )


def in_dollars(cost: Cost) -> str:
    """Return ``12.30``, ``at least 12.30``, or ``an unknown sum of``."""
    if cost.complete:
        return f"{cost.usd:,.2f}"
    return f"at least {cost.usd:,.2f}" if cost.usd else "an unknown sum of"


def _hours(settings: Environment) -> Decimal:
    return Decimal(str((settings.end - settings.start) / timedelta(hours=1)))


def hours_of_use(settings: Environment) -> Decimal:
    """Return for how many hours each notebook runs: no longer on a day than the workshop does.

    Where the watch keeps hours, it is these, whatever the plan of use says.
    """
    if settings.hours is None and not settings.use.stopped_at_night:
        return _hours(settings)
    start, end = settings.start.astimezone(settings.zone), settings.end.astimezone(settings.zone)
    used = Decimal(0)
    midnight = datetime.combine(start.date(), time(), start.tzinfo)
    for day in range(dates.days(settings)):
        opens, closes = _class_of(settings.hours)
        begins = midnight + timedelta(days=day) + opens
        if settings.hours is None:  # the watch starts them on the first day before class as well
            begins = max(start, begins)
        ends = min(end, midnight + timedelta(days=day) + closes)
        hours = Decimal(str(max(timedelta(), ends - begins) / timedelta(hours=1)))
        used += hours if settings.hours else min(hours, Decimal(settings.use.hours_per_day))
    return used


def _class_of(hours: str | None) -> tuple[timedelta, timedelta]:
    """Return when notebooks are started and stopped on a day, counted from midnight."""
    if hours is None:
        return timedelta(), timedelta(days=1)
    opens, closes = (timedelta(hours=int(at[:2]), minutes=int(at[3:])) for at in hours.split("-"))
    return opens, closes


def _capped(settings: Environment, seats: Sequence[Seat], hours: Decimal) -> Cost | None:
    """Return what all seats cost at their cap; disks are not in it, and cost besides."""
    budget = settings.budget
    if budget.per_seat_usd is None or budget.on_cap == "tell":
        return None
    disks = (_disks_hourly(seat) for seat in seats)
    of_disks = _times(prices.total(disks), hours)
    return Cost(Decimal(budget.per_seat_usd * len(seats))) + of_disks


def _worst(loaded: LoadedEnvironment, seats: Sequence[Seat], hours: Decimal) -> Cost | None:
    profiles = loaded.settings.profiles
    if any(profiles[seat.profile].access.mode == "managed" for seat in seats):
        return None
    return prices.total(_times(_most_hourly(profiles[seat.profile], seat), hours) for seat in seats)


def _most_hourly(profile: Profile, seat: Seat) -> Cost:
    """Return what a seat costs an hour with its notebook, a job and an endpoint on the dearest."""
    access, region = profile.access, seat.region
    trained = expanded("training", access.training_instance_types)
    processed = expanded("processing", access.processing_instance_types)
    jobs = _dearest(
        [
            *(_hourly("training", name, region) for name in trained),
            *(_hourly("processing", name, region) for name in processed),
        ]
    )
    serving = expanded("endpoint", access.endpoint_instance_types)
    endpoint = _dearest([_hourly("endpoint", name, region) for name in serving])
    machine = _hourly("notebook", seat.instance_type, region) if seat.instance_type else Cost()
    box = Cost()
    if profile.ec2 and seat.box_type:
        types = (seat.box_type, *profile.ec2.instance_types)
        box = _dearest([_hourly("box", name, region) for name in types])
    return prices.total([machine, box, _disks_hourly(seat), jobs, endpoint])


def _disks_hourly(seat: Seat) -> Cost:
    """Return what the disks of a seat's notebook and EC2 instance cost an hour."""
    disk = prices.cost(prices.volume_hourly(seat.volume_gb, seat.region))
    return disk + prices.cost(prices.box_volume_hourly(seat.box_gb, seat.region))


def _dearest(costs: Iterable[Cost]) -> Cost:
    """Return the highest price; at least that where one is not known."""
    every = list(costs)
    return Cost(max(cost.usd for cost in every), all(cost.complete for cost in every))


def _hourly(use: Use, instance_type: str, region: str) -> Cost:
    return prices.cost(prices.hourly(use, instance_type, region))


def _row(kind: str, instance_type: str, seats: int, hours: Decimal, hourly: Cost) -> EstimateRow:
    return EstimateRow(kind, instance_type, seats, hours, _times(hourly, seats * hours))


def _times(cost: Cost, hours: Decimal) -> Cost:
    if not hours:
        return Cost()
    return Cost(cost.usd * hours, cost.complete) if cost.usd or cost.complete else NOT_KNOWN


def _together(rows: Iterable[EstimateRow]) -> list[EstimateRow]:
    """Return one row for seats that differ in nothing that the row shows."""
    sums: dict[tuple[str, str, Decimal], EstimateRow] = {}
    for row in rows:
        key = (row.kind, row.instance_type, row.hours)
        summed = sums.get(key)
        sums[key] = (
            replace(row, seats=summed.seats + row.seats, cost=summed.cost + row.cost)
            if summed
            else row
        )
    return sorted(sums.values(), key=lambda row: amounts.BILLED.index(row.kind))


def _of(hours: int, what: str) -> str:
    return f"{count_of(hours, 'hour')} of {what}"
