"""The handout as rows: a table for people, CSV for spreadsheets, JSON for programs."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from workshop.connect.lines import CODE, JUPYTER, SYSTEMS, BoxAddress
from workshop.escaping import spreadsheet_cell
from workshop.handout.slips import Handout, Slip


def rows(handout: Handout) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return the columns and a row for each seat; the link is last, since it is long."""
    people = ("name", "email") if handout.with_names else ()
    timed = ("open before",) if handout.presigned else ("code",) if handout.by_door else ()
    boxes = ("instance", "its state") if has_boxes(handout) else ()
    columns = ("seat", *people, "notebook", "state", *boxes, *timed, "link")
    return columns, [_row(handout, slip) for slip in handout.slips]


def _row(handout: Handout, slip: Slip) -> tuple[str, ...]:
    link = slip.notebook.link
    people = (slip.name, slip.email) if handout.with_names else ()
    timed: tuple[str, ...] = ()
    if handout.presigned:
        timed = (f"{link.open_before:%H:%M:%S} UTC" if link else "",)
    elif slip.code:
        timed = (slip.code.code,)
    given = _given(handout, slip) or slip.notebook.problem
    notebook = (slip.notebook_name, slip.notebook.status)
    box: tuple[str, ...] = ()
    if has_boxes(handout):
        box = (slip.box.id, slip.box.state) if slip.box else ("", "none")
    return (slip.seat, *people, *notebook, *box, *timed, given)


def has_boxes(handout: Handout) -> bool:
    """Return whether any of the seats has an EC2 instance to have."""
    return any(slip.box for slip in handout.slips)


_COLUMNS = (
    *("seat", "name", "email", "profile", "account", "region", "notebook", "state", "problem"),
    *("door", "code", "link", "open_before", "session_seconds", "dashboard"),
    *("instance", "instance_state", "instance_problem"),
)
"""Of CSV: what of the JSON document goes into a cell; people only where they are in it."""


def csv_text(handout: Handout) -> str:
    """Return one line a seat; a cell that a spreadsheet would run begins with an apostrophe."""
    people = ("name", "email")
    columns = [name for name in _COLUMNS if handout.with_names or name not in people]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    for slip in handout.slips:
        document = _document(handout, slip)
        cells = ("" if document[name] is None else str(document[name]) for name in columns)
        writer.writerow([spreadsheet_cell(cell) for cell in cells])
    return out.getvalue()


def json_text(handout: Handout) -> str:
    """Return the whole handout; times are ISO 8601 with their offset, durations seconds."""
    document = {
        "workshop": handout.workshop,
        "environment": handout.environment,
        "title": handout.title,
        "start": handout.start.isoformat(),
        "end": handout.end.isoformat(),
        "made": handout.made.isoformat(),
        "link": "presigned" if handout.presigned else "door" if handout.by_door else "console",
        "seats": [_document(handout, slip) for slip in handout.slips],
    }
    return json.dumps(document, indent=2) + "\n"


def _document(handout: Handout, slip: Slip) -> dict[str, Any]:
    link, names, box = slip.notebook.link, slip.names, slip.box
    return {
        "seat": slip.seat,
        **({"name": slip.name, "email": slip.email} if handout.with_names else {}),
        "profile": slip.profile_name,
        "account": names.account,
        "region": names.region,
        "notebook": slip.notebook_name or None,
        "state": slip.notebook.status,
        "problem": slip.notebook.problem or None,
        "door": slip.door or None,
        "code": slip.code.code if slip.code else None,
        "link": _given(handout, slip) or None,
        "open_before": link.open_before.isoformat() if link else None,
        "session_seconds": int(link.session.total_seconds()) if link else None,
        "console": slip.console_url,
        "dashboard": slip.dashboard_url,
        "instance": (box.id or None) if box else None,
        "instance_state": box.state if box else None,
        "instance_problem": (box.problem or None) if box else None,
        "connect": _connect(slip.address) if slip.address else None,
        "buckets": slip.buckets,
        "datasets": names.datasets_bucket,
        "repositories": slip.repositories,
        "job_prefix": names.job_prefix,
    }


def _connect(address: BoxAddress) -> dict[str, Any]:
    """Return the lines that lead into an instance; none of them holds a secret."""
    return {
        "host": address.host,
        "profile": address.profile or None,
        "jupyter": address.forwarding(JUPYTER),
        "code": address.forwarding(CODE),
        "shell": address.shell,
        "key": address.key,
        "ssh_config": {system: address.ssh_config(system) for system in SYSTEMS},
    }


def _given(handout: Handout, slip: Slip) -> str:
    """Return the requested kind of link; empty where AWS gave none."""
    return "" if handout.presigned and slip.notebook.link is None else slip.url
