"""What Cost Explorer says a workshop has cost, by the tags of what it made.

It knows a day's costs some hours after that day, and only those of tags that the account that pays
has activated. The management account of an organization is told the costs of all its accounts, any
other its own alone. One question costs 0.01 USD, and so does each further page of an answer
(https://aws.amazon.com/aws-cost-management/aws-cost-explorer/faqs/).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from workshop import tags
from workshop.account_region import AccountRegion
from workshop.aws import regions
from workshop.aws.clients import Clients
from workshop.aws.reads import (
    ACCOUNTS_AT_ONCE,
    Unavailable,
    attempt,
    known,
    known_and_not,
    side_by_side,
)
from workshop.counting import count_of
from workshop.naming import COHORT
from workshop.pricing.amounts import Amount, Bill, SeatBill

METRIC = "UnblendedCost"
QUESTION_USD = Decimal("0.01")

_Costs = Mapping[str, Decimal]
"""USD by the tag ``attendee``."""

_ACCOUNTS_OF_PAGE = 20
"""The most that ListAccounts gives
(https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccounts.html)."""
SETTLED = timedelta(days=2)
"""After so long a day's costs are taken to be complete."""

_CENT = Decimal("0.01")


@dataclass(frozen=True)
class Reconciled:
    """What one seat has cost by the price list and what by Cost Explorer, None for nothing told.

    Of one that is not ``asked``, no answer was had.
    """

    seat: str
    listed: Amount
    billed: Decimal | None
    asked: bool = True

    @property
    def billed_text(self) -> str:
        """Return what Cost Explorer tells: ``1.20``, ``-`` for nothing, ``?`` for no answer."""
        if self.billed is None:
            return "-" if self.asked else "?"
        return f"{self.billed:,.2f}"

    @property
    def difference(self) -> str:
        """Return how much more was billed than the price list has, in USD.

        It is empty where nothing was billed, and ``?`` where what may be listed has no bound.
        """
        if self.billed is None:
            return ""
        billed = self.billed.quantize(_CENT)
        if billed < (least := self.listed.least.quantize(_CENT)):
            return f"{billed - least:+,.2f}"
        most = None if self.listed.most is None else self.listed.most.quantize(_CENT)
        if most is None:
            return "?"
        if billed <= most:
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
    questions: int
    """How many answers it gave: each page of one counts."""

    @property
    def billed(self) -> Amount:
        """Return the sum of what Cost Explorer tells; no less than that where it was not read."""
        usd = sum((row.billed or Decimal(0) for row in self.rows), Decimal(0))
        return Amount(usd, None if self.unread else usd)

    @property
    def price(self) -> str:
        """Return what asking has cost, in a sentence."""
        asked = count_of(self.questions, "question")
        return f"Cost Explorer took {self.questions * QUESTION_USD} USD for {asked}"

    def document(self) -> dict[str, Any]:
        """Return all of it as plain JSON values."""
        return {
            "from": self.start.isoformat(),
            "before": self.end.isoformat(),
            "billed_usd": None if self.unread else round(float(self.billed.least), 4),
            "questions_usd": float(self.questions * QUESTION_USD),
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
    """Ask Cost Explorer of these accounts, from the day before the beginning until today.

    One answer has all accounts for which the environment's pays; each other is asked for itself.
    What does not answer is in ``unread`` and hides no other account. ``seat_id`` gives the roster's
    id of whom the tag names in an account.
    """
    start = began.date() - timedelta(days=1)
    end = bill.at.date() + timedelta(days=1)
    billed: dict[str, Decimal] = {}
    explorer = _CostExplorer(clients, workshop, start, end)
    costs, unread = known_and_not(explorer.costs(dict.fromkeys(accounts)))
    for account, by_tag in costs.items():
        for attendee, usd in by_tag.items():
            seat = seat_id(attendee, account)
            billed[seat] = billed.get(seat, Decimal(0)) + usd
    seats = {seat.seat: seat for seat in bill.seats}
    every = dict.fromkeys((*seats, *billed))
    return Reconciliation(
        start=start,
        end=end,
        rows=tuple(
            _row(seats.get(seat_id, SeatBill(seat_id, "", {})), billed, unread) for seat_id in every
        ),
        remarks=tuple(_remarks(workshop, billed, bill.at, ended, start)) if costs else (),
        unread=tuple(
            f"Cost Explorer of account {account}: {why}" for account, why in unread.items()
        ),
        questions=explorer.questions,
    )


def label(seat: str) -> str:
    """Return what a row is called: Cost Explorer also tells of what no seat's tag is on."""
    return {"": "without the tag", COHORT: "shared by all"}.get(seat, seat)


def _row(seat: SeatBill, billed: Mapping[str, Decimal], unread: Collection[str]) -> Reconciled:
    asked = seat.account not in unread if seat.account else not unread
    return Reconciled(seat.seat, seat.total, billed.get(seat.seat), asked=asked)


class _CostExplorer:
    """Asks what the workshop's tag is on, and counts what was answered and so is paid for."""

    def __init__(self, clients: Clients, workshop: str, start: date, end: date) -> None:
        self._clients = clients
        self._request: dict[str, Any] = {
            "TimePeriod": {"Start": start.isoformat(), "End": end.isoformat()},
            # Of as few pages as can be: each is paid for, and days are not told apart here.
            "Granularity": "MONTHLY",
            "Metrics": [METRIC],
            "Filter": {"Tags": {"Key": tags.WORKSHOP, "Values": [workshop]}},
            "GroupBy": [
                {"Type": "DIMENSION", "Key": "LINKED_ACCOUNT"},
                {"Type": "TAG", "Key": tags.ATTENDEE},
            ],
        }
        self._pages: list[str] = []

    @property
    def questions(self) -> int:
        """How many pages were answered so far."""
        return len(self._pages)

    def costs(self, accounts: Collection[str]) -> dict[str, _Costs | Unavailable]:
        """Return what each account has cost, by as few questions as it takes."""
        answers: dict[str, _Costs | Unavailable] = {}
        if len(accounts) > 1:
            answers.update(known(attempt(lambda: self._of_all_paid_for(accounts))))
        alone = [account for account in accounts if account not in answers]
        return answers | side_by_side(
            lambda account: attempt(lambda: self._asked(account).get(account, {})),
            alone,
            threads=ACCOUNTS_AT_ONCE,
        )

    def _of_all_paid_for(self, accounts: Collection[str]) -> dict[str, _Costs]:
        """Return the costs of those accounts for which the environment's pays.

        That is the organization's management account: a delegated administrator is told its own.
        """
        clients, home = self._clients, self._clients.home
        described = clients.call(home, "organizations", "DescribeOrganization")["Organization"]
        if described["MasterAccountId"] != home.account:
            return {}
        pages = clients.pages(home, "organizations", "ListAccounts", size=_ACCOUNTS_OF_PAGE)
        paid_for = {account["Id"] for page in pages for account in page["Accounts"]}.intersection(
            accounts
        )
        costs = self._asked(home.account) if paid_for else {}
        return {account: costs.get(account, {}) for account in paid_for}

    def _asked(self, account: str) -> dict[str, dict[str, Decimal]]:
        """Return USD by account and by the tag ``attendee``, as one account is told."""
        asked_at = AccountRegion(account, regions.billing_home(self._clients.home.region))
        client, request = self._clients.client("ce", asked_at), dict(self._request)
        found: dict[str, dict[str, Decimal]] = {}
        while True:
            answer = client.get_cost_and_usage(**request)
            self._pages.append(account)
            for group in (group for month in answer["ResultsByTime"] for group in month["Groups"]):
                linked, tag = group["Keys"]
                attendee = tag.removeprefix(f"{tags.ATTENDEE}$")
                of_account = found.setdefault(linked, {})
                usd = Decimal(group["Metrics"][METRIC]["Amount"])
                of_account[attendee] = of_account.get(attendee, Decimal(0)) + usd
            if not answer.get("NextPageToken"):
                return found
            request["NextPageToken"] = answer["NextPageToken"]


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
