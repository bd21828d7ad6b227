"""List operations: filter, sort, page, the same way for every kind."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from workshop.localcloud.sagemaker.faults import invalid

if TYPE_CHECKING:
    from workshop.localcloud.sagemaker.engine import Engine
    from workshop.localcloud.sagemaker.tables import Kind, Members

DEFAULT_PAGE = 10
"""Items per page when MaxResults is not given (API reference of the List operations)."""

Place = tuple[Any, str]


def page(engine: Engine, kind: Kind, request: Members) -> Members:
    """One page of a List operation, with ``NextToken`` while more follow."""
    views = [engine.view(kind, record) for record in engine.records(kind)]
    chosen = [view for view in views if _accepted(kind, request, view)]
    sort_by = {"Name": kind.name, "Status": kind.status}.get(
        by := request.get("SortBy", kind.sort_by), by
    )
    descending = request.get("SortOrder") == "Descending"

    def place(view: Members) -> Place:
        return (view[str(sort_by)], view[kind.name])

    ordered = sorted(chosen, key=place, reverse=descending)
    if request.get("NextToken"):
        last = _last_place(request["NextToken"])
        try:
            ordered = [
                view
                for view in ordered
                if (place(view) < last if descending else place(view) > last)
            ]
        except TypeError:
            raise invalid("Invalid NextToken: it belongs to another listing") from None
    size = request.get("MaxResults", DEFAULT_PAGE)
    answer: Members = {kind.summaries: ordered[:size]}
    if len(ordered) > size:
        answer["NextToken"] = _token(place(ordered[size - 1]))
    return answer


def _accepted(kind: Kind, request: Members, view: Members) -> bool:
    wanted = request.get("NameContains")
    if wanted and wanted.lower() not in view[kind.name].lower():
        return False
    if request.get("StatusEquals", view.get(kind.status or "")) != view.get(kind.status or ""):
        return False
    for member in ("CreationTime", "LastModifiedTime"):
        before, after = request.get(f"{member}Before"), request.get(f"{member}After")
        if before is not None and not view[member] < _seconds(before):
            return False
        if after is not None and not view[member] > _seconds(after):
            return False
    return all(
        how.accepts(view.get(how.member), request[asked])
        for asked, how in kind.filters.items()
        if request.get(asked) is not None
    )


def _seconds(moment: float | str) -> float:
    if isinstance(moment, str):
        return datetime.fromisoformat(moment).timestamp()
    return float(moment)


def _token(place: Place) -> str:
    # By place rather than by number: items that come or go between two pages shift nothing.
    return base64.urlsafe_b64encode(json.dumps(list(place)).encode()).decode()


def _last_place(token: str) -> Place:
    try:
        key, name = json.loads(base64.urlsafe_b64decode(token.encode()))
    except ValueError:
        raise invalid("Invalid NextToken: it was not given by this service") from None
    return (key, name)
