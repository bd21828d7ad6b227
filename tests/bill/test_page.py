"""The bill as a page and for a spreadsheet: whole, to scale, and harmless whatever a name holds."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime
from decimal import Decimal
from html.parser import HTMLParser

from workshop.bill import page
from workshop.pricing.amounts import NOT_IN_IT, Amount, Bill, SeatBill

AT = datetime(2026, 12, 2, 17, tzinfo=UTC)
HOSTILE = "<script>alert('x')</script>\u202e&"


def amount(least: str, most: str | None = None) -> Amount:
    return Amount(Decimal(least), Decimal(most or least))


def bill(*seats: SeatBill, unread: tuple[str, ...] = ()) -> Bill:
    return Bill(AT, seats, ("us-east-1 list prices of 2026-04-21",), unread)


ADA = SeatBill("ada", "", {"notebook": amount("2"), "endpoint": amount("1", "3")})
BEN = SeatBill("ben", "", {"notebook": amount("1")})
GONE = SeatBill("", "", {"training": Amount(Decimal(0), None)})


class BillPage(HTMLParser):
    """The texts of a page by their element, the bars of its chart, and where it would go."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.rows: list[list[str]] = []
        self.words = ""
        self.bars: list[dict[str, str]] = []
        self.addresses: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attrs}
        self.addresses += [given[key] for key in ("src", "href") if key in given]
        if tag != "meta":
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag == "rect":
            self.bars.append(given)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] in (["td"], ["th"]):
            self.rows[-1].append(data)
        if self.open[-1:] != ["style"]:
            self.words += data


def test_the_page_has_a_row_for_each_seat_and_the_sums() -> None:
    seen = BillPage(page.html(bill(ADA, BEN, GONE, unread=("models: no",)), "Vision"))
    assert seen.open == []
    assert seen.rows == [
        ["seat", "notebook", "training", "endpoint", "USD"],
        ["ada", "2.00", "0.00", "1.00 to 3.00", "3.00 to 5.00"],
        ["ben", "1.00", "0.00", "0.00", "1.00"],
        ["of no seat", "0.00", "?", "0.00", "?"],
        ["together", "3.00", "?", "1.00 to 3.00", "at least 4.00"],
    ]
    words = " ".join(seen.words.split())
    assert "at least 4.00 USD until 2026-12-02 17:00 UTC, for 2 seats. An estimate by" in words
    assert NOT_IN_IT in words
    assert "models: no" in words


def test_bars_are_to_one_scale_and_what_may_come_on_top_is_dashed() -> None:
    seen = BillPage(page.html(bill(ADA, BEN), "Vision"))
    solid = [float(bar["width"]) for bar in seen.bars if "stroke-dasharray" not in bar]
    [dashed] = [float(bar["width"]) for bar in seen.bars if "stroke-dasharray" in bar]
    assert solid[0] == 2 * solid[1] == 2 * solid[2] == dashed
    assert max(bar.most for bar in page.bars(bill(ADA, BEN))) < page.WIDTH - 60
    assert page.bars(bill(SeatBill("eve", "", {})))[0].parts == ()


def test_the_page_needs_no_network() -> None:
    text = page.html(bill(ADA, BEN), "Vision")
    assert BillPage(text).addresses == []
    assert not re.search(r"https?:|url\(|@import|<script", text)


def test_names_are_shown_and_never_obeyed() -> None:
    one = SeatBill("ada", HOSTILE, {"notebook": amount("2")})
    text = page.html(bill(one), HOSTILE)
    assert "<script" not in text
    assert "\u202e" not in text
    assert "<script>alert('x')</script>\\u202e&" in BillPage(text).rows[1]


def test_a_spreadsheet_gets_a_line_for_each_kind_and_runs_no_name() -> None:
    one = SeatBill("ada", "=HYPERLINK(1)", {"notebook": amount("2"), "training": GONE.total})
    assert list(csv.reader(io.StringIO(page.csv_text(bill(one))))) == [
        ["seat", "name", "kind", "usd_at_least", "usd_at_most"],
        ["ada", "'=HYPERLINK(1)", "notebook", "2.0000", "2.0000"],
        ["ada", "'=HYPERLINK(1)", "training", "", ""],
    ]
    without = page.csv_text(bill(BEN)).splitlines()
    assert without == ["seat,kind,usd_at_least,usd_at_most", "ben,notebook,1.0000,1.0000"]
