"""What an expression of a lab may be worth, as far as it can be known without running it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from workshop.fit import calls

LONGEST_TEXT = 4_096
MOST_ITEMS = 256
MOST_CHOICES = 8
MOST_PARTS = 2_000
"""Of how many parts of a request are looked at."""


class UnknownValue:
    """Stands for a value that is not known."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = UnknownValue()


@dataclass(frozen=True)
class Alternatives:
    """One of several values, by a condition that is not known."""

    values: tuple[Any, ...]


@dataclass(frozen=True)
class Imported:
    """Something of a module, by its dotted name."""

    name: str


@dataclass
class SdkObject:
    """An object of a class of the SDK's, with what it was made of."""

    family: str
    name: str = ""
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class BotoClient:
    """A client, or a resource, of one of AWS's services in boto3."""

    service: str
    is_resource: bool = False


@dataclass(frozen=True)
class PaginatorOrWaiter:
    """A paginator or waiter, with the actions that it does."""

    actions: tuple[str, ...]


@dataclass(frozen=True)
class S3Place:
    """A bucket of S3, or an object in it, as boto3's resources have them."""

    bucket: str


@dataclass(frozen=True)
class LabFunction:
    """A function of the lab, with what it returns."""

    value: Any


def texts(value: Any) -> tuple[str, ...]:
    """Return the texts that a value may be."""
    return tuple(dict.fromkeys(_texts(value, 0)))


def text(value: Any) -> str:
    """Return the text that a value is, with a placeholder where it is not known or not one."""
    found = texts(value)
    if len(found) == 1:
        return found[0]
    return str(value) if isinstance(value, int | float) else calls.UNKNOWN


def number(value: Any) -> int | None:
    """Return the number that a value is, the largest of several; None where it is not known."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return int(value)
    if isinstance(value, Alternatives):
        numbers = [found for each in value.values if (found := number(each)) is not None]
        return max(numbers, default=None)
    if isinstance(value, SdkObject) and value.family == "parameter":
        return number(value.options.get("default_value"))
    return None


def made(value: Any) -> Iterator[SdkObject]:
    """Yield the objects of the SDK that a value may be."""
    if isinstance(value, SdkObject):
        yield value
    elif isinstance(value, Alternatives):
        for each in value.values:
            yield from made(each)


def one_of(values: Iterable[Any]) -> Any:
    """Return a value for several that are possible."""
    flat: list[Any] = []
    for value in values:
        flat += value.values if isinstance(value, Alternatives) else [value]
    known = [value for value in flat if value is not UNKNOWN and value is not None]
    different: list[Any] = []
    for value in known:
        if not any(each is value or _equal(each, value) for each in different):
            different.append(value)
    if len(different) == 1:
        return different[0]
    return Alternatives(tuple(different[:MOST_CHOICES])) if different else UNKNOWN


def _equal(first: Any, second: Any) -> bool:
    """Return whether plain values are equal; to compare nested ones may take for ever."""
    plain = str | int | float | BotoClient | Imported | S3Place
    return isinstance(first, plain) and isinstance(second, plain) and first == second


def joined(parts: Iterable[Any], between: str = "") -> str:
    """Return texts in a row, with placeholders for those that are not known."""
    return between.join(text(part) for part in parts)[:LONGEST_TEXT]


def under_key(value: Any, name: str) -> Iterator[Any]:
    """Yield what stands under a key, however deep in a request."""
    seen: set[int] = set()
    waiting = [value]
    while waiting and len(seen) < MOST_PARTS:
        candidate = waiting.pop(0)
        if id(candidate) in seen or not isinstance(candidate, Alternatives | Mapping | list):
            continue
        seen.add(id(candidate))
        if isinstance(candidate, Mapping):
            if name in candidate:
                yield candidate[name]
            waiting += [each for key, each in candidate.items() if key != name]
        else:
            waiting += candidate.values if isinstance(candidate, Alternatives) else candidate


def _texts(value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif depth > MOST_CHOICES:
        return
    elif isinstance(value, Alternatives):
        for each in value.values:
            yield from _texts(each, depth + 1)
    elif isinstance(value, SdkObject) and value.family == "parameter":
        yield from _texts(value.options.get("default_value"), depth + 1)
