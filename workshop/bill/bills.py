"""The bill of a workshop, from what was used: what each seat has cost, by kind."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from decimal import Decimal

from workshop.bill.record import Look, UsageRecord
from workshop.bill.spending_export import CountedSpending
from workshop.config.environment import LoadedEnvironment
from workshop.naming import ALONE
from workshop.pricing import amounts, prices
from workshop.pricing.amounts import UNKNOWN, Amount, Bill, SeatBill

FORGOTTEN = (amounts.NOTEBOOK, amounts.BOX, amounts.ENDPOINT)
"""What AWS tells nothing of once it is gone or changed, so that the watch may know more of it; of
jobs AWS tells the time that it bills."""


def bill(
    loaded: LoadedEnvironment,
    kept: UsageRecord,
    at: datetime,
    unread: Collection[str] = (),
    *,
    with_names: bool = False,
    counted: CountedSpending | None = None,
) -> Bill:
    """Return the bill at list prices; a seat of the roster that used nothing is on it as well.

    ``unread`` is why something is missing; what could not be read costs nobody knows what.
    ``counted`` is what the watches have counted. People's names are on it where they are asked for.
    """
    sums: dict[str, dict[str, Amount]] = {seat.id: {} for seat in loaded.seats}
    for usage in kept.usages.values():
        of_seat = sums.setdefault(usage.seat, {})
        of_seat[usage.kind] = of_seat.get(usage.kind, Amount()) + usage.amount
    for seat, kinds in (counted.by_seat if counted else {}).items():
        of_seat = sums.setdefault(seat, {})
        for kind, usd in kinds.items():
            if kind in FORGOTTEN or kind not in of_seat:
                of_seat[kind] = _no_less_than(of_seat.get(kind, Amount()), usd)
    not_read = {*kept.not_read, *(_uncounted(loaded, counted) if counted else ())}
    for seat, kind in _seats_of(not_read, loaded, kept):
        of_seat = sums.setdefault(seat, {})
        of_seat[kind] = of_seat.get(kind, Amount()) + UNKNOWN
    names = {seat.id: seat.name for seat in loaded.seats} if with_names else {}
    accounts = loaded.assignment.by_seat
    regions = [seat.region for seat in loaded.seats]
    regions += [usage.region for usage in kept.usages.values()]
    basis = {prices.basis(region): None for region in regions}
    if counted is not None:
        basis |= dict.fromkeys(filter(None, counted.basis.values()))
    return Bill(
        at=at,
        seats=tuple(
            SeatBill(seat, names.get(seat, ""), amounts, accounts.get(seat, ""))
            for seat, amounts in sums.items()
        ),
        basis=tuple(basis),
        unread=(*unread, *_without_price(kept)),
    )


def _uncounted(loaded: LoadedEnvironment, counted: CountedSpending) -> Iterator[Look]:
    """Yield what only a watch may know that could not be asked."""
    kinds = [kind for kind in FORGOTTEN if kind != amounts.BOX or loaded.settings.has_boxes]
    for where in counted.not_read:
        yield from ((where.account, where.region, kind) for kind in kinds)


def _seats_of(
    not_read: Iterable[Look], loaded: LoadedEnvironment, kept: UsageRecord
) -> set[tuple[str, str]]:
    """Return the seats of which a kind could not be read, with the kind.

    Those are the seats that are in that account and Region, and those that were seen there; where
    there is neither, it is whoever has the account, else no seat.
    """
    seats: dict[tuple[str, str], set[str]] = {}
    for seat in loaded.seats:
        seats.setdefault((seat.account, seat.region), set()).add(seat.id)
    for usage in kept.usages.values():
        seats.setdefault((usage.account, usage.region), set()).add(usage.seat)
    own = loaded.settings.accounts.are_own
    return {
        (seat, kind)
        for account, region, kind in not_read
        for seat in seats.get((account, region)) or (loaded.seat_id(ALONE, account) if own else "",)
    }


def _no_less_than(amount: Amount, usd: Decimal) -> Amount:
    """Return an amount with what the watch has seen running, which nobody else may have."""
    most = None if amount.most is None else max(amount.most, usd)
    return Amount(max(amount.least, usd), most)


def _without_price(kept: UsageRecord) -> list[str]:
    """Return a sentence for each instance type whose price for its use is not known."""
    unknown = {
        (usage.kind, usage.instance_type)
        for usage in kept.usages.values()
        if not usage.has_price and usage.most != 0
    }
    return [
        f"what {instance_type or 'an unknown instance type'} costs for {kind} is not known"
        for kind, instance_type in sorted(unknown)
    ]
