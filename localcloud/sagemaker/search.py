"""``Search``: any type by the properties that its answers show.

Source of names, operators and defaults: the service model's documentation of ``Search``. The types
that the local cloud does not have are never found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from localcloud.protocol import models, responses
from localcloud.protocol.errors import invalid
from localcloud.sagemaker import paging
from localcloud.sagemaker.engine import SageMakerEngine
from localcloud.sagemaker.resource_type import Members
from localcloud.sagemaker.resources import experiments

NOUNS = {"ExperimentTrial": "Trial", "ExperimentTrialComponent": "TrialComponent"}
"""Resource of a request -> noun of the type and member of the result, where they differ."""

NESTED = {"Model"}
"""Results that hold the resource one level deeper, beside what surrounds it."""

COMPONENT = "TrialComponent"

DEFAULT_PAGE = 100

_TESTS: Mapping[str, Callable[[Any, Any], bool]] = {
    "Equals": lambda value, asked: bool(value == asked),
    "GreaterThan": lambda value, asked: bool(value > asked),
    "GreaterThanOrEqualTo": lambda value, asked: bool(value >= asked),
    "LessThan": lambda value, asked: bool(value < asked),
    "LessThanOrEqualTo": lambda value, asked: bool(value <= asked),
    "Contains": lambda value, asked: str(asked).lower() in str(value).lower(),
}


def search(engine: SageMakerEngine, request: Members) -> Members:
    """Return one page of what satisfies the expression, by default the latest change first."""
    noun = _noun(request)
    sort_by = request.get("SortBy", "LastModifiedTime")
    hits = {
        key: view
        for key, view in _views(engine, noun)
        if satisfies(view, request.get("SearchExpression", {}))
    }

    def place(key: str) -> paging.Position:
        # As text, since a property need not be of one type, or there at all.
        return (_sortable(next(_values(hits[key], sort_by), "")), key)

    page, token = paging.cut(request, hits, place, size=DEFAULT_PAGE, order="Descending")
    return {
        "Results": [_result(noun, hits[key]) for key in page],
        "NextToken": token,
        "TotalHits": {"Value": len(hits), "Relation": "EqualTo"},
    }


def _noun(request: Members) -> str:
    resource: str = request["Resource"]
    return NOUNS.get(resource, resource)


def satisfies(view: Members, expression: Members) -> bool:
    """Whether a resource satisfies a SearchExpression with all its parts."""
    parts = [
        *(
            _passes(view, condition["Name"], condition)
            for condition in expression.get("Filters", [])
        ),
        *(_nested(view, nested) for nested in expression.get("NestedFilters", [])),
        *(satisfies(view, inner) for inner in expression.get("SubExpressions", [])),
    ]
    return any(parts) if expression.get("Operator") == "Or" else all(parts)


def _nested(view: Members, nested: Members) -> bool:
    """Whether one entry of a list of structures passes all the filters."""
    prefix = nested["NestedPropertyName"]
    entries = list(_values(view, prefix))
    return any(
        all(
            _passes(entry, condition["Name"].removeprefix(f"{prefix}."), condition)
            for condition in nested["Filters"]
        )
        for entry in entries
        if isinstance(entry, dict)
    )


def _passes(view: Members, name: str, condition: Members) -> bool:
    how: str = condition.get("Operator", "Equals")
    asked: str = condition.get("Value", "")
    values = list(_values(view, name))
    if how in ("Exists", "NotExists"):
        return bool(values) == (how == "Exists")
    if how == "NotEquals":
        return not any(_compared("Equals", value, asked) for value in values)
    if how == "In":
        return any(
            _compared("Equals", value, choice) for value in values for choice in asked.split(",")
        )
    return any(_compared(how, value, asked) for value in values)


def _compared(how: str, value: Any, asked: str) -> bool:
    if isinstance(value, bool):
        return _TESTS[how](str(value).lower(), asked.lower())
    if how != "Contains" and isinstance(value, int | float):
        return _TESTS[how](float(value), _number(asked))
    if how != "Contains" and _is_number(value) and _is_number(asked):
        # Hyper-parameters are texts, and compare as the numbers that they are.
        return _TESTS[how](float(value), float(asked))
    return _TESTS[how](str(value), asked)


def _is_number(text: Any) -> bool:
    try:
        float(text)
    except (TypeError, ValueError):
        return False
    return True


def _number(asked: str) -> float:
    """Return what a number is compared with: a number, or the seconds of a moment."""
    try:
        return float(asked)
    except ValueError:
        try:
            return datetime.fromisoformat(asked).timestamp()
        except ValueError:
            raise invalid(f"'{asked}' is neither a number nor a date and time.") from None


def _views(engine: SageMakerEngine, noun: str) -> Iterator[tuple[str, Members]]:
    kind = engine.kinds.get(noun)
    for record in [] if kind is None else engine.records(kind):
        view = engine.view(engine.kinds[noun], record)
        tags = [{"Key": key, "Value": value} for key, value in record["tags"].items()]
        more = {"Parents": experiments.parents(engine, record)} if noun == COMPONENT else {}
        yield record["key"], {**view, "Tags": tags, **more}


def _values(value: Any, path: str) -> Iterator[Any]:
    """Yield what stands at a dotted path, in each entry of a list or the one of that name."""
    name, _, rest = path.partition(".")
    if isinstance(value, list):
        for item in value:
            if _named(item):
                yield from _values(_entry(item, name), rest)
            else:
                yield from _values(item, path)
    elif not path:
        if value is not None:
            yield value
    elif isinstance(value, dict) and path in value:
        yield from _values(value[path], "")
    elif isinstance(value, dict) and name in value:
        yield from _values(value[name], rest)


def _named(item: Any) -> bool:
    return isinstance(item, dict) and bool({"Key", "MetricName"} & item.keys())


def _entry(item: Members, name: str) -> Any:
    """Return the value of ``{"Key": .., "Value": ..}`` or of a metric, if it has that name."""
    if name not in (item.get("Key"), item.get("MetricName")):
        return None
    return item.get("Value", item.get("Last"))


def _sortable(value: Any) -> str:
    return f"{value:020.6f}" if isinstance(value, int | float) else str(value)


def _result(noun: str, view: Members) -> Members:
    output: Any = models.operation("sagemaker", "Search").output_shape
    shape = output.members["Results"].member.members[noun]
    if noun in NESTED:
        return {noun: {noun: responses.projected(shape.members[noun], view)}}
    return {noun: responses.projected(shape, view)}


OPERATIONS = {"Search": search}
