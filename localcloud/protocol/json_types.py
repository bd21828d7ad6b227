"""Which JSON values a shape of a service model takes."""

from __future__ import annotations

from typing import Any

from botocore.model import Shape

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


def is_typed_as(shape: Shape, value: Any) -> bool:
    """Whether a parsed JSON value can stand for ``shape``."""
    allowed = _JSON_TYPES.get(shape.type_name, (object,))
    # JSON's true is no number, although Python's is.
    return isinstance(value, allowed) and (not isinstance(value, bool) or bool in allowed)
