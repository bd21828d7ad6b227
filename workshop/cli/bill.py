"""``workshop bill``: what a workshop will cost, has cost so far, and did cost."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Annotated

import typer

from workshop import events, files
from workshop.account_region import AccountRegion
from workshop.bill import bills, collector, page, price_list, reconcile, so_far, watch_cost
from workshop.bill import estimate as estimates
from workshop.bill.reconcile import Reconciliation
from workshop.cli import console
from workshop.cli.context import CommandContext, opened
from workshop.cli.options import CONFIG_DIR, AsJson, ConfigDir, Env
from workshop.errors import UsageError
from workshop.ledger import Ledger
from workshop.pricing import amounts
from workshop.pricing.amounts import Bill
from workshop.status.off_roster import account_regions
from workshop.teardown import evidence


def bill(
    *,
    env: Env,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="What it will cost, in words for whoever pays.")
    ] = False,
    with_reconciliation: Annotated[
        bool,
        typer.Option(
            "--reconcile", help="Compare with Cost Explorer, which takes 0.01 USD a question."
        ),
    ] = False,
    csv: Annotated[
        Path | None,
        typer.Option("--csv", metavar="FILE", help="Write a line for each seat and kind."),
    ] = None,
    page_file: Annotated[
        Path | None, typer.Option("--page", metavar="FILE", help="Write a page with a chart.")
    ] = None,
    with_names: Annotated[
        bool, typer.Option("--with-names", help="With people's names in these files.")
    ] = False,
    config_dir: ConfigDir = CONFIG_DIR,
    as_json: AsJson = False,
) -> None:
    """Show what each seat has cost so far, or will cost, in USD at AWS's list prices.

    All of it is an estimate. AWS says how long jobs were billed, and of a notebook or an endpoint
    only since when it is as it is, of an EC2 instance also until when somebody let it run: what was
    before is known from earlier looks of status and bill, and where they leave it open, there are a
    least and a most. What was seen is kept, so that what
    is deleted stays on the bill. The exit code is 1 where something could not be read.

    For example:

        workshop bill -e prod --estimate

        workshop bill -e prod --page bill.html --csv bill.csv

        workshop bill -e prod --reconcile
    """
    if estimate and (with_reconciliation or csv or page_file):
        raise UsageError("'--estimate' looks ahead and has no files; leave the other options out")
    work = opened(env, config_dir)
    _refresh_prices(work)
    if estimate:
        _show_estimate(work, as_json=as_json)
        return
    unused = evidence.closed_and_unused(work.clients, work.loaded)
    places = [place for place in account_regions(work.loaded) if place.account not in unused]
    made, unread = _made(work, places, unused, with_names=with_names)
    compared = _compared(work, made, places) if with_reconciliation else None
    _show(work, made, compared, as_json=as_json)
    settings = work.loaded.settings
    title = settings.title or settings.workshop
    for path, text in ((csv, page.csv_text(made)), (page_file, page.html(made, title))):
        if path is not None:
            files.write(path, text)
            console.say(f"wrote {files.shown(path)}")
    for why in (*made.unread, *(compared.unread if compared else ())):
        console.warn(why)
    for remark in compared.remarks if compared else ():
        console.say(remark)
    if compared is not None:
        console.say(compared.price)
    console.say(f"{made.sentence}; {amounts.NOT_IN_IT}")
    if unread or (compared is not None and compared.unread):
        raise typer.Exit(1)


def _refresh_prices(work: CommandContext) -> None:
    boxes, where = work.loaded.settings.has_boxes, work.account_regions
    failed = price_list.refresh(work.clients, work.loaded.name, where, boxes=boxes)
    for region, why in failed.items():
        console.say(f"AWS's price list for {region} was not read ({why}); older prices are used")


def _made(
    work: CommandContext,
    places: Collection[AccountRegion],
    unused: frozenset[str],
    *,
    with_names: bool,
) -> tuple[Bill, bool]:
    """Return the bill, and whether something could not be read; after a teardown, as it was.

    Of accounts that are ``unused``, nothing has to be read.
    """
    kept, at = so_far.remembered(work.loaded), events.now()
    unread: tuple[str, ...] = ()
    gone = Ledger(work.loaded.name).gone_from()
    where = [place for place in places if place not in gone]
    if where:
        kept, unread = collector.collect(work.clients, work.loaded, where, kept, at)
        so_far.keep(kept, work.loaded.name, console.say)
    kept = kept.known_of({account for account, _, _ in kept.not_read} - unused)
    counted = so_far.counted(work.clients, work.loaded, where)
    unread += counted.unread
    made = bills.bill(work.loaded, kept, at, unread, with_names=with_names, counted=counted)
    return made, bool(unread)


def _compared(
    work: CommandContext, made: Bill, places: Collection[AccountRegion]
) -> Reconciliation:
    settings = work.loaded.settings
    began = min((*Ledger(work.loaded.name).began().values(), settings.start))
    return reconcile.reconcile(
        work.clients,
        [place.account for place in places],
        settings.workshop,
        made,
        began=began,
        ended=settings.end,
        seat_id=work.loaded.seat_id,
    )


def _show_estimate(work: CommandContext, *, as_json: bool) -> None:
    made = estimates.estimate(work.loaded, work.seats)
    if made is None:
        raise UsageError(
            "the workshop's 'end' is more than ten years away, and nothing is estimated by that;"
            " correct it"
        )
    own = watch_cost.of(work.loaded, made)
    if as_json:
        parts = {what: float(usd) for what, usd in own.parts.items()}
        document = {**made.document(), "watch_usd": float(own.total), "watch": parts}
        console.print_json({"environment": work.loaded.name, **document})
        return
    console.print_line(estimates.paragraph(work.loaded, made))
    console.print_line(own.line)


def _show(
    work: CommandContext, made: Bill, compared: Reconciliation | None, *, as_json: bool
) -> None:
    if as_json:
        document = {"environment": work.loaded.name, **made.document()}
        if compared is not None:
            document["reconciliation"] = compared.document()
        console.print_json(document)
    elif compared is not None:
        _show_compared(compared)
    else:
        _show_bill(made)


def _show_bill(made: Bill) -> None:
    columns = (*made.kinds, "USD")
    has_accounts = any(seat.account for seat in made.seats)
    table = console.table("seat", *(("account",) if has_accounts else ()), *columns, right=columns)
    for seat in made.seats:
        cells = [str(seat.of(kind)) for kind in made.kinds]
        place = (seat.account,) if has_accounts else ()
        table.add_row(seat.seat or "of no seat", *place, *cells, str(seat.total))
    sums = [str(amount) for amount in made.by_kind.values()]
    place = ("",) if has_accounts else ()
    table.add_row("together", *place, *sums, str(made.total), style="bold")
    console.print_table(table)


def _show_compared(compared: Reconciliation) -> None:
    numbers = ("list prices", "Cost Explorer", "difference")
    table = console.table("seat", *numbers, right=numbers)
    for row in compared.rows:
        label, listed = reconcile.label(row.seat), str(row.listed)
        table.add_row(label, listed, row.billed_text, row.difference)
    sums = amounts.total(row.listed for row in compared.rows)
    table.add_row("together", str(sums), str(compared.billed), "", style="bold")
    console.print_table(table)
