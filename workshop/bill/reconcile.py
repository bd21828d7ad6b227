"""What Cost Explorer says a workshop has cost, by the tags of what it made.

It knows a day's costs some hours after that day, and only those of tags that the account that pays
has activated. One question costs 0.01 USD.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from workshop import tags
from workshop.account_region import AccountRegion
from workshop.aws import regions
from workshop.aws.clients import Clients
from workshop.aws.reads import ACCOUNTS_AT_ONCE, Unavailable, attempt, side_by_side
from workshop.naming import COHORT
from workshop.pricing.amounts import Amount, Bill

METRIC = "UnblendedCost"
SETTLED = timedelta(days=2)
"""After so long a day's costs are taken to be complete."""

_CENT = Decimal("0.01")


@dataclass(frozen=True)
class Reconciled:
    """What one seat has cost by the price list and what by Cost Explorer, None for nothing told."""

    seat: str
    listed: Amount
    billed: Decimal | None

    @property
    def difference(self) -> str:
        """Return how much more was billed than the price list has, in USD; empty for unknown."""
        if self.billed is None:
            return ""
        billed = self.billed.quantize(_CENT)
        if billed < (least := self.listed.least.quantize(_CENT)):
            return f"{billed - least:+,.2f}"
        most = None if self.listed.most is None else self.listed.most.quantize(_CENT)
        if most is None or billed <= most:
            return "0.00"
        return f"{billed - most:+,.2f}"


@dataclass(frozen=True)
class Reconciliation:
    """Every seat on the bill or in Cost Explorer, and what keeps the two from being compared."""

    start: date
    end: date
    rows: tuple[Reconciled, ...]
    remarks: tuple[str, ...]
    unread: tuple[str, ...]

    @property
    def billed(self) -> Decimal:
        """Return the sum of what Cost Explorer tells."""
        return sum((row.billed or Decimal(0) for row in self.rows), Decimal(0))

    def document(self) -> dict[str, Any]:
        """Return all of it as plain JSON values."""
        return {
            "from": self.start.isoformat(),
            "before": self.end.isoformat(),
            "billed_usd": round(float(self.billed), 4),
            "seats": [
                {
                    "seat": row.seat,
                    "listed_usd": row.listed.document,
                    "billed_usd": None if row.billed is None else round(float(row.billed), 4),
                }
                for row in self.rows
            ],
            "remarks": list(self.remarks),
            "unread": list(self.unread),
        }


def reconcile(
    clients: Clients,
    accounts: Collection[str],
    workshop: str,
    bill: Bill,
    *,
    began: datetime,
    ended: datetime,
    seat_id: Callable[[str, str], str],
) -> Reconciliation:
    """Ask Cost Explorer of each account, from the day before the beginning until today.

    What does not answer is in ``unread`` and hides no other account. ``seat_id`` gives the roster's
    id of whom the tag names in an account.
    """
    start = began.date() - timedelta(days=1)
    end = bill.at.date() + timedelta(days=1)
    billed: dict[str, Decimal] = {}
    unread, answered = [], False
    answers = side_by_side(
        lambda account: attempt(lambda: _costs(clients, account, workshop, start, end)),
        [*dict.fromkeys(accounts)],
        threads=ACCOUNTS_AT_ONCE,
    )
    for account, answer in answers.items():
        if isinstance(answer, Unavailable):
            unread.append(f"Cost Explorer of account {account}: {answer.reason}")
            continue
        answered = True
        for attendee, usd in answer.items():
            seat = seat_id(attendee, account)
            billed[seat] = billed.get(seat, Decimal(0)) + usd
    seats = {seat.seat: seat.total for seat in bill.seats}
    every = dict.fromkeys((*seats, *billed))
    return Reconciliation(
        start=start,
        end=end,
        rows=tuple(Reconciled(seat, seats.get(seat, Amount()), billed.get(seat)) for seat in every),
        remarks=tuple(_remarks(workshop, billed, bill.at, ended, start)) if answered else (),
        unread=tuple(unread),
    )


def label(seat: str) -> str:
    """Return what a row is called: Cost Explorer also tells of what no seat's tag is on."""
    return {"": "without the tag", COHORT: "shared by all"}.get(seat, seat)


def _costs(
    clients: Clients, account: str, workshop: str, start: date, end: date
) -> dict[str, Decimal]:
    """Return USD by the tag ``attendee`` of what has the workshop's tag."""
    client = clients.client("ce", AccountRegion(account, _asked_at(clients.home.region)))
    request: dict[str, Any] = {
        "TimePeriod": {"Start": start.isoformat(), "End": end.isoformat()},
        "Granularity": "DAILY",
        "Metrics": [METRIC],
        "Filter": {"Tags": {"Key": tags.WORKSHOP, "Values": [workshop]}},
        "GroupBy": [{"Type": "TAG", "Key": tags.ATTENDEE}],
    }
    found: dict[str, Decimal] = {}
    while True:
        answer = client.get_cost_and_usage(**request)
        for day in answer["ResultsByTime"]:
            for group in day["Groups"]:
                seat = group["Keys"][0].removeprefix(f"{tags.ATTENDEE}$")
                usd = Decimal(group["Metrics"][METRIC]["Amount"])
                found[seat] = found.get(seat, Decimal(0)) + usd
        if not answer.get("NextPageToken"):
            return found
        request["NextPageToken"] = answer["NextPageToken"]


def _asked_at(region: str) -> str:
    partition = regions.partition(region)
    return "cn-northwest-1" if partition.name == "aws-cn" else partition.home


def _remarks(
    workshop: str, billed: dict[str, Decimal], at: datetime, ended: datetime, start: date
) -> list[str]:
    remarks = []
    if not billed.keys() - {""}:
        inactive = tags.ATTENDEE if billed else f"{tags.WORKSHOP} and {tags.ATTENDEE}"
        remarks.append(
            f"Cost Explorer knows no cost of {workshop!r} by seat: the tags {inactive} are not"
            " activated as cost allocation tags, or not for a day yet; activate them in the account"
            " that pays with: aws ce update-cost-allocation-tags-status"
            " --cost-allocation-tags-status TagKey=workshop,Status=Active"
            " TagKey=attendee,Status=Active, and for the days before with: aws ce"
            f" start-cost-allocation-tag-backfill --backfill-from {start:%Y-%m}-01T00:00:00Z"
        )
    settled = ended + SETTLED
    if at < settled:
        remarks.append(
            "Cost Explorer is up to a day behind, and the workshop is not over for two days yet;"
            f" look again from {settled:%Y-%m-%d} on"
        )
    return remarks
