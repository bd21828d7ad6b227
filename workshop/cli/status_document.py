"""What ``workshop status --json`` tells programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from workshop.aws.reads import Unavailable
from workshop.bill import so_far
from workshop.cli.context import CommandContext
from workshop.pricing import prices
from workshop.status.collector import StatusScan
from workshop.status.report import StatusRow


def of_scan(work: CommandContext, seen: StatusScan) -> dict[str, Any]:
    """Return one scan of the status as plain JSON values."""
    totals = seen.totals
    return {
        "environment": work.loaded.name,
        "at": seen.at.isoformat(),
        "seats": [_row_document(row) for row in seen.rows],
        "ready": sum(row.is_ready for row in seen.rows),
        "shared": {
            f"{where} {name}": state
            for where, some in seen.shared.items()
            for name, state in some.items()
        },
        "off_roster": [_row_document(row) for row in seen.strays],
        "of_no_seat": [
            {
                **asdict(other.account_region),
                "notebooks": [book.name for book in other.notebooks],
                "work": [{"kind": job.kind, "name": job.name} for job in other.work],
                "usd_per_hour": other.cost.document,
            }
            for other in seen.unattributed
        ],
        "totals": {
            "seats": totals.seats,
            "stacks": totals.stacks,
            "expected_stacks": totals.expected_stacks,
            "notebooks_up": totals.notebooks_up,
            "boxes_up": totals.boxes_up,
            "jobs": totals.jobs,
            "endpoints": totals.endpoints,
            "usd_per_hour": totals.cost.document,
        },
        "unknown": [
            {**asdict(account_region), "what": what, "why": why}
            for account_region, parts in seen.unknown.items()
            for what, why in parts.items()
        ],
        "prices": {
            account_region.region: prices.basis(account_region.region)
            for account_region in work.account_regions
        },
        "so_far": so_far.document(work.loaded),
        "watch": _watch_document(work, seen),
        "calls": {"total": sum(seen.calls.values()), **seen.calls},
    }


def _watch_document(work: CommandContext, seen: StatusScan) -> dict[str, Any] | None:
    """Return what the watch knows, None for a workshop that has none."""
    if seen.watch is None:
        return None
    used = {row.seat: seen.watch.used(row.seat) for row in seen.rows}
    return {
        "ran": {
            str(where): seen_watch.ran and seen_watch.ran.isoformat()
            for where, seen_watch in seen.watch.of.items()
        },
        "prices": {
            str(where): seen_watch.basis or None for where, seen_watch in seen.watch.of.items()
        },
        "unconfirmed": {
            str(where): None
            if isinstance(seen_watch.mails, Unavailable)
            else sum(not mail.confirmed for mail in seen_watch.mails)
            for where, seen_watch in seen.watch.of.items()
        },
        "warnings": seen.watch.sentences(work.loaded, seen.at),
        "per_seat_usd": work.loaded.settings.budget.per_seat_usd,
        "used_usd": {seat: None if usd is None else float(usd) for seat, usd in used.items()},
        "unread": {str(where): why for where, why in seen.watch.unread.items()},
    }


def _row_document(row: StatusRow) -> dict[str, Any]:
    return {
        "seat": row.seat,
        "profile": row.profile,
        **asdict(row.account_region),
        "stacks": None if row.stacks is None else asdict(row.stacks),
        "notebook": row.notebook,
        "up_since": row.up_since and row.up_since.isoformat(),
        "box": row.box,
        "box_type": row.box_type or None,
        "box_up_since": row.box_up_since and row.box_up_since.isoformat(),
        "box_has_its_tags": not row.box_tagged_again,
        "active": row.active and row.active.isoformat(),
        "active_known": row.active_known,
        "jobs": row.jobs,
        "endpoints": row.endpoints,
        "usd_per_hour": row.cost.document,
    }
