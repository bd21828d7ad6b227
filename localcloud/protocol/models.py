r"""botocore's own service models: the source of every member, constraint and answer shape.

Their patterns are Java's; Python's ``re`` lacks the ``\p{..}`` classes.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from functools import cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel, Shape, StructureShape

_JSON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "boolean": (bool,),
    "timestamp": (int, float, str),
    "structure": (dict,),
    "list": (list,),
    "map": (dict,),
}

_CLASS = re.compile(r"\\p\{([LMNPSZ])\}")

_OTHERWISE = (
    # An anchor however often is one anchor.
    (re.compile(r"\$\{\d+,\d+\}"), "$"),
    (re.compile(r"(?<!\\)\\z"), r"\\Z"),
    # Of the two, the models write the first inside a class and the second by itself.
    (re.compile(r"\\p\{Alnum\}"), "a-zA-Z0-9"),
    (re.compile(r"\[\\p\{Print\}\]|\\p\{Print\}"), "[ -~]"),
    # Java reads two surrogates as the one character that they stand for.
    (re.compile(r"\\uD800\\uDC00-\\uDBFF\\uDFFF"), r"\\U00010000-\\U0010FFFF"),
)
"""Java's spelling -> Python's."""


@cache
def service_model(service: str) -> ServiceModel:
    """Return the model of a service in the installed botocore (SageMaker's: 0.1 s, once)."""
    return ServiceModel(Loader().load_service_model(service, "service-2"), service)


@cache
def operation(service: str, name: str) -> OperationModel:
    """Return the model of one operation; ``OperationNotFoundError`` if there is none."""
    return service_model(service).operation_model(name)


@cache
def input_members(service: str, name: str) -> frozenset[str]:
    """Return the request members of an operation."""
    shape = operation(service, name).input_shape
    return frozenset(shape.members) if isinstance(shape, StructureShape) else frozenset()


@cache
def output_members(service: str, name: str) -> frozenset[str]:
    """Return the answer members of an operation."""
    shape = operation(service, name).output_shape
    return frozenset(shape.members) if isinstance(shape, StructureShape) else frozenset()


def is_typed_as(shape: Shape, value: Any) -> bool:
    """Whether a parsed JSON value can stand for ``shape``."""
    allowed = _JSON_TYPES.get(shape.type_name, (object,))
    # JSON's true is no number, although Python's is.
    return isinstance(value, allowed) and (not isinstance(value, bool) or bool in allowed)


@cache
def compiled_pattern(pattern: str, *, ascii_only: bool) -> re.Pattern[str]:
    """Return ``pattern`` with each general category spelled out as ranges.

    ``ascii_only`` limits the ranges to what an ASCII value can contain: the full table takes
    a fraction of a second to build and hardly any request needs it.
    """
    last = 0x7F if ascii_only else sys.maxunicode
    for written, ours in _OTHERWISE:
        pattern = written.sub(ours, pattern)
    return re.compile(_CLASS.sub(lambda found: _ranges(found[1], last), pattern))


@cache
def _ranges(category: str, last: int) -> str:
    parts: list[str] = []
    start: int | None = None
    for code in range(last + 2):
        inside = code <= last and unicodedata.category(chr(code))[0] == category
        if inside and start is None:
            start = code
        elif not inside and start is not None:
            parts.append(f"{_escaped(start)}-{_escaped(code - 1)}")
            start = None
    return "".join(parts)


def _escaped(code: int) -> str:
    return f"\\U{code:08x}"


def matches_pattern(pattern: str, value: str) -> bool:
    """Whether the whole ``value`` matches, as the service requires."""
    return compiled_pattern(pattern, ascii_only=value.isascii()).fullmatch(value) is not None
