"""The bill as a page with a chart, and as rows for a spreadsheet; neither needs a network."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from workshop import page_templates
from workshop.counting import count_of
from workshop.escaping import spreadsheet_cell
from workshop.pricing.amounts import BILLED, NOT_IN_IT, Bill, SeatBill

COLOURS: Mapping[str, str] = dict(
    zip(
        BILLED,
        (
            *("#4477aa", "#bbbbbb", "#ee7733", "#dddddd", "#ee6677", "#aa3377", "#ccbb44"),
            *("#66ccee", "#228833"),
        ),
        strict=True,
    )
)
"""Of the parts of a bar; told apart with any colour vision (Paul Tol's bright scheme)."""

WIDTH, LEFT, BAR, STEP = 720, 130, 16, 22
"""Of the chart, of the names before the bars, and the height of a bar and of its row."""


@dataclass(frozen=True)
class BarPart:
    """A part of a bar: what it stands for, where it begins and how wide it is."""

    kind: str
    x: float
    width: float
    colour: str


@dataclass(frozen=True)
class SeatBar:
    """The bar of a seat: the least of each kind, and up to ``most`` what may come on top."""

    seat: SeatBill
    y: int
    parts: tuple[BarPart, ...]
    end: float
    most: float


def html(bill: Bill, title: str) -> str:
    """Return the page; every text in it is escaped."""
    return _TEMPLATES.get_template("bill.html.j2").render(
        bill=bill,
        title=title,
        bars=bars(bill),
        colours=COLOURS,
        height=STEP * len(bill.seats) + STEP,
        width=WIDTH,
        left=LEFT,
        bar=BAR,
        not_in_it=NOT_IN_IT,
        with_names=any(seat.name for seat in bill.seats),
    )


def bars(bill: Bill) -> list[SeatBar]:
    """Return a bar for each seat, all to the same scale."""
    longest = max((seat.total.most or seat.total.least for seat in bill.seats), default=Decimal(0))
    scale = (WIDTH - LEFT - 110) / float(longest) if longest else 0.0
    return [_bar(seat, number, scale) for number, seat in enumerate(bill.seats)]


def csv_text(bill: Bill) -> str:
    """Return a line for each seat and kind; a cell that a spreadsheet would run is quoted."""
    with_names = any(seat.name for seat in bill.seats)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    people = ("name",) if with_names else ()
    with_accounts = any(seat.account for seat in bill.seats)
    place = ("account",) if with_accounts else ()
    writer.writerow(["seat", *people, *place, "kind", "usd_at_least", "usd_at_most"])
    for seat in bill.seats:
        for kind, amount in seat.amounts.items():
            most = "" if amount.most is None else f"{amount.most:.4f}"
            who = [seat.seat, *([seat.name] if with_names else [])]
            who += [seat.account] if with_accounts else []
            least = f"{amount.least:.4f}" if amount.is_known else ""
            cells = [*map(spreadsheet_cell, who), kind, least, most]
            writer.writerow(cells)
    return out.getvalue()


def _bar(seat: SeatBill, number: int, scale: float) -> SeatBar:
    parts, x = [], float(LEFT)
    for kind in BILLED:
        width = float(seat.of(kind).least) * scale
        if width:
            parts.append(BarPart(kind, round(x, 1), round(width, 1), COLOURS[kind]))
            x += width
    most = seat.total.least if seat.total.most is None else seat.total.most
    return SeatBar(
        seat, number * STEP, tuple(parts), round(x, 1), round(LEFT + float(most) * scale, 1)
    )


_TEMPLATES = page_templates.html(Path(__file__).with_name("templates"))
_TEMPLATES.globals["count_of"] = count_of
