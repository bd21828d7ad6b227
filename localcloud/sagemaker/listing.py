"""List operations: filter, sort, page, the same way for every type."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from botocore.model import ListShape, StructureShape

from localcloud.protocol import models, responses
from localcloud.protocol.errors import invalid
from localcloud.sagemaker import paging

if TYPE_CHECKING:
    from localcloud.sagemaker.engine import SageMakerEngine
    from localcloud.sagemaker.resource_type import Members, Record, SageMakerResourceType


def page(engine: SageMakerEngine, kind: SageMakerResourceType, request: Members) -> Members:
    """One page of a List operation, with ``NextToken`` while more follow."""
    for check in kind.on_list:
        check(engine, request)
    size = request.get("MaxResults", paging.DEFAULT_PAGE)
    sort_by = _sort_by(kind, request)
    member, summary = summaries(engine.list_operation(kind))
    shown: list[Members] = []
    last: paging.Position = ("", "")
    for record in _ordered(engine, kind, request, sort_by):
        if not _passes(kind, request, record):
            continue
        view = engine.view(kind, record)
        if not _accepted(engine, kind, request, record, view):
            continue
        if len(shown) == size:
            return {member: shown, "NextToken": paging.token(last)}
        view |= {name: _at(view, path) for name, path in kind.summarized.items()}
        shown.append(responses.projected(summary, view))
        last = place(kind, record, sort_by)
    return {member: shown}


def of_nothing(
    operation: str, played: Container[str]
) -> Callable[[Members], dict[str, list[Any]]] | None:
    """Return what lists a type that nobody can make here, of which there is none; else None.

    What AWS makes by itself (artifacts, contexts and actions of lineage) is not made here either.
    """
    model = models.service_model("sagemaker")
    noun = operation.removeprefix("List")
    singular = f"{noun[:-3]}y" if noun.endswith("ies") else noun.removesuffix("s")
    if noun == operation or operation not in model.operation_names:
        return None
    if f"Create{singular}" not in model.operation_names or f"Create{singular}" in played:
        return None
    shape = model.operation_model(operation).output_shape
    members = shape.members.items() if shape is not None else ()
    empty = {name: list[Any]() for name, member in members if member.type_name == "list"}
    return lambda _: empty


def _at(view: Members, path: str) -> Any:
    """Return the value at a dotted path, or None."""
    found: Any = view
    for member in path.split("."):
        found = found.get(member) if isinstance(found, dict) else None
    return found


@cache
def summaries(operation: str) -> tuple[str, StructureShape]:
    """Return the member of a List answer that holds the page, and what it holds."""
    output = models.operation("sagemaker", operation).output_shape
    for name, listed in output.members.items() if isinstance(output, StructureShape) else ():
        if isinstance(listed, ListShape) and isinstance(listed.member, StructureShape):
            return name, listed.member
    raise TypeError(f"{operation} answers no list of structures")


def summary_members(operation: str) -> frozenset[str]:
    """Return the members that a List operation shows of each resource."""
    return frozenset(summaries(operation)[1].members)


def place(kind: SageMakerResourceType, record: Record, sort_by: str) -> paging.Position:
    """Return the place of a record in an order."""
    values = {
        "CreationTime": record["created"],
        "LastModifiedTime": record["modified"],
        "Name": record["name"],
        "Status": record["status"],
    }
    if sort_by not in values:
        raise invalid(f"{kind.noun}s cannot be sorted by {sort_by}")
    return (values[sort_by], record["key"])


def _sort_by(kind: SageMakerResourceType, request: Members) -> str:
    asked = str(request.get("SortBy", kind.sort_by))
    return "Name" if asked == kind.name else asked


def _ordered(
    engine: SageMakerEngine, kind: SageMakerResourceType, request: Members, sort_by: str
) -> Iterable[Record]:
    table = engine.store.table(kind)
    default = "Descending" if kind.descending else "Ascending"
    descending = request.get("SortOrder", default) == "Descending"
    next_token = request.get("NextToken")
    if sort_by in table.orders:
        return _kept_order(table.orders[sort_by], next_token, descending=descending)
    return paging.ordered(
        table.records.values(),
        lambda record: place(kind, record, sort_by),
        next_token,
        descending=descending,
    )


def _kept_order(order: Any, next_token: str | None, *, descending: bool) -> Iterator[Record]:
    after = paging.place_of(next_token) if next_token else None
    try:
        found: Iterator[Record] = (
            order.irange_key(None, after, (True, False), reverse=True)
            if descending
            else order.irange_key(after, None, (False, True))
        )
    except TypeError:
        raise paging.another_listing() from None
    return found


def _passes(kind: SageMakerResourceType, request: Members, record: Record) -> bool:
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


def _accepted(
    engine: SageMakerEngine,
    kind: SageMakerResourceType,
    request: Members,
    record: Record,
    view: Members,
) -> bool:
    return all(
        how.accepts(how.of(engine, record) if how.of else view.get(how.member), request[asked])
        for asked, how in kind.filters.items()
        if request.get(asked) is not None
    )


def _seconds(moment: float | str) -> float:
    if isinstance(moment, str):
        return datetime.fromisoformat(moment).timestamp()
    return float(moment)
