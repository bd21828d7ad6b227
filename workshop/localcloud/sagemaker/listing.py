"""List operations: filter, sort, page, the same way for every kind."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from botocore.model import ListShape, StructureShape

from workshop.localcloud.wire import answers, models
from workshop.localcloud.wire.refusals import invalid

if TYPE_CHECKING:
    from workshop.localcloud.sagemaker.engine import Engine
    from workshop.localcloud.sagemaker.store import Place
    from workshop.localcloud.sagemaker.tables import Kind, Members, Record

DEFAULT_PAGE = 10
"""Items per page when MaxResults is not given (API reference of the List operations)."""


def page(engine: Engine, kind: Kind, request: Members) -> Members:
    """One page of a List operation, with ``NextToken`` while more follow."""
    size = request.get("MaxResults", DEFAULT_PAGE)
    sort_by = _sort_by(kind, request)
    summary = _summary_shape(engine.list_operation(kind), kind.summaries)
    shown: list[Members] = []
    last: Place | None = None
    for record in _ordered(engine, kind, request, sort_by):
        if not _passes(kind, request, record):
            continue
        view = engine.view(kind, record)
        if not _accepted(kind, request, view):
            continue
        if len(shown) == size:
            return {kind.summaries: shown, "NextToken": _token(last)}
        shown.append(answers.projected(summary, view))
        last = place(kind, record, sort_by)
    return {kind.summaries: shown}


@cache
def _summary_shape(operation: str, member: str) -> StructureShape:
    output = models.operation("sagemaker", operation).output_shape
    listed = output.members[member] if isinstance(output, StructureShape) else None
    if not isinstance(listed, ListShape) or not isinstance(listed.member, StructureShape):
        raise TypeError(f"{operation} answers no list of structures in {member}")
    return listed.member


def summary_members(operation: str, member: str) -> frozenset[str]:
    """Give the members that a List operation shows of each resource."""
    return frozenset(_summary_shape(operation, member).members)


def place(kind: Kind, record: Record, sort_by: str) -> Place:
    """Where a record stands in an order."""
    values = {
        "CreationTime": record["created"],
        "LastModifiedTime": record["modified"],
        "Name": record["name"],
        "Status": record["status"],
    }
    if sort_by not in values:
        raise invalid(f"{kind.plural} cannot be sorted by {sort_by}")
    return (values[sort_by], record["key"])


def _sort_by(kind: Kind, request: Members) -> str:
    asked = str(request.get("SortBy", kind.sort_by))
    return "Name" if asked == kind.name else asked


def _ordered(engine: Engine, kind: Kind, request: Members, sort_by: str) -> Iterable[Record]:
    shelf = engine.store.shelf(kind)
    default = "Descending" if kind.descending else "Ascending"
    descending = request.get("SortOrder", default) == "Descending"
    after = _last_place(request["NextToken"]) if request.get("NextToken") else None
    try:
        if sort_by in shelf.orders:
            return _kept_order(shelf.orders[sort_by], after, descending=descending)
        return _made_order(kind, shelf.records.values(), sort_by, after, descending=descending)
    except TypeError:
        raise invalid("Invalid NextToken: it belongs to another listing") from None


def _kept_order(order: Any, after: Place | None, *, descending: bool) -> Iterator[Record]:
    if descending:
        above, inclusive = after, (True, False)
        found: Iterator[Record] = order.irange_key(None, above, inclusive, reverse=True)
    else:
        found = order.irange_key(after, None, (False, True))
    return found


def _made_order(
    kind: Kind,
    records: Iterable[Record],
    sort_by: str,
    after: Place | None,
    *,
    descending: bool,
) -> list[Record]:
    def key(record: Record) -> Place:
        return place(kind, record, sort_by)

    return [
        record
        for record in sorted(records, key=key, reverse=descending)
        if after is None or (key(record) < after if descending else key(record) > after)
    ]


def _passes(kind: Kind, request: Members, record: Record) -> bool:
    wanted = request.get("NameContains")
    if wanted and wanted.lower() not in record["name"].lower():
        return False
    if (
        kind.status is not None
        and request.get("StatusEquals", record["status"]) != record["status"]
    ):
        return False
    for member, value in (
        ("CreationTime", record["created"]),
        ("Created", record["created"]),
        ("LastModifiedTime", record["modified"]),
    ):
        before, after = request.get(f"{member}Before"), request.get(f"{member}After")
        if before is not None and not value < _seconds(before):
            return False
        if after is not None and not value > _seconds(after):
            return False
    return True


def _accepted(kind: Kind, request: Members, view: Members) -> bool:
    return all(
        how.accepts(view.get(how.member), request[asked])
        for asked, how in kind.filters.items()
        if request.get(asked) is not None
    )


def _seconds(moment: float | str) -> float:
    if isinstance(moment, str):
        return datetime.fromisoformat(moment).timestamp()
    return float(moment)


def _token(place: Place | None) -> str:
    # By place rather than by number: items that come or go between two pages shift nothing.
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def _last_place(token: str) -> Place:
    try:
        key, name = json.loads(base64.urlsafe_b64decode(token.encode()))
    except ValueError:
        raise invalid("Invalid NextToken: it was not given by this service") from None
    return (key, name)
