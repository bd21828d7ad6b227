"""From a YAML document to a checked :class:`Environment`, or to every mistake in it.

Pydantic finds the mistakes; here each gets its line, and a message with what to do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from workshop.config.diagnostics import Diagnostic, listing, suggestion
from workshop.config.models import (
    DEFAULT_PROFILE,
    Environment,
    default_profile_mistake,
    tag_keys_mistake,
)
from workshop.config.rules import shown
from workshop.config.yaml_document import Document
from workshop.counting import count_of

Path = tuple[str | int, ...]


def validate(document: Document) -> tuple[Environment | None, list[Diagnostic]]:
    """Return the environment, or None with every diagnostic of the document."""
    diagnostics = list(document.diagnostics)
    data = document.data
    if not isinstance(data, dict):
        message = f"holds {_kind(data)} at its top; write 'key: value' lines there"
        return None, [*diagnostics, Diagnostic(document.line(()), (), message)]
    environment = None
    # A repeated key or an alias is mistake enough; what it left behind is none.
    reported = {diagnostic.path for diagnostic in diagnostics}
    try:
        environment = Environment.model_validate(data)
    except ValidationError as error:
        for details in error.errors(include_url=False):
            path = _path(details["loc"])
            # The rules of the whole file are left to _across: pydantic gets to them last.
            if path and path not in reported and not _follows_from_entries(details):
                reported.add(path)
                line = document.line(path, key=_is_about_key(details))
                diagnostics.append(Diagnostic(line, path, _message(details)))
        for path, message in _across(data):
            if path not in reported:
                diagnostics.append(Diagnostic(document.line(path), path, message))
    return (None if diagnostics else environment), diagnostics


def _across(data: dict[str, Any]) -> Iterator[tuple[Path, str]]:
    """Yield broken rules over several values; pydantic checks them if nothing else is wrong."""
    roster, profiles, tags = (data.get(key) for key in ("roster", "profiles", "tags"))
    profile = roster.get("profile", DEFAULT_PROFILE) if isinstance(roster, dict) else None
    known = profiles if isinstance(profiles, dict) and profiles else [DEFAULT_PROFILE]
    if isinstance(profile, str) and (message := default_profile_mistake(profile, known)):
        yield ("roster", "profile"), message
    if isinstance(tags, dict) and (message := tag_keys_mistake(tags)):
        yield ("tags",), message


_BRANCHES: Mapping[str | int, Sequence[str]] = {
    "network": ("direct", "vpc", "default", "subnets"),
    "content": ("one", "many", "none"),
}
"""Keys whose value is of several kinds, which pydantic names after them."""


def _path(loc: Sequence[str | int]) -> Path:
    """Pydantic's location as keys of the file: without ``[key]`` and the branch of a union."""
    path: list[str | int] = []
    for index, part in enumerate(loc):
        is_branch = index > 0 and part in _BRANCHES.get(loc[index - 1], ())
        if part != "[key]" and not is_branch:
            path.append(part)
    return tuple(path)


def _follows_from_entries(details: ErrorDetails) -> bool:
    """Return whether a list is too short only because its wrong entries do not count."""
    if details["type"] != "too_short":
        return False
    return len(details["input"]) >= int(details["ctx"]["min_length"])


def _is_about_key(details: ErrorDetails) -> bool:
    return details["type"] == "extra_forbidden" or details["loc"][-1:] == ("[key]",)


def _message(details: ErrorDetails) -> str:
    path, value = _path(details["loc"]), details["input"]
    kind = details["type"]
    if value is None and kind not in ("value_error", "extra_forbidden"):
        needed = path[-1] in (_schema_at(path[:-1]) or {}).get("required", [])
        return f"is empty; give it a value{'' if needed else ' or remove it'}"
    # Every kind that our models can raise is in the table; a test holds it.
    return _MESSAGES[kind](path, value, details.get("ctx", {}))


def _message_missing(path: Path, _value: object, _ctx: Mapping[str, Any]) -> str:
    example = ((_schema_at(path) or {}).get("examples") or ["..."])[0]
    return f"is missing; add it, such as '{path[-1]}: {_yaml(example)}'"


def _message_unknown_key(path: Path, _value: object, _ctx: Mapping[str, Any]) -> str:
    if path[-2:] == ("ec2", "spot"):
        return (
            "is not offered: a one-time spot instance cannot be stopped, and a persistent one comes"
            " back after the workshop; remove it, and use managed spot for training jobs"
        )
    known = list((_schema_at(path[:-1]) or {}).get("properties", {}))
    return f"unknown key; {suggestion(str(path[-1]), known)}{listing(known)}"


def _message_unknown_word(path: Path, value: object, ctx: Mapping[str, Any]) -> str:
    if path[-2:] == ("ec2", "network"):
        return f"{_shown(value)} is unknown; write default, or the keys of subnets below it"
    if path[-1:] == ("network",):
        return f"{_shown(value)} is unknown; write direct, or the keys of a VPC below it"
    words = str(ctx["expected"]).replace(" or ", ", ").replace("'", "").split(", ")
    return f"{_shown(value)} is unknown; {suggestion(str(value), words)}{listing(words)}"


def _message_no_list(_path: Path, value: object, _ctx: Mapping[str, Any]) -> str:
    return f"holds {_kind(value)} where a list is expected; write '- ' before each entry"


def _message_no_keys(_path: Path, value: object, _ctx: Mapping[str, Any]) -> str:
    return f"holds {_kind(value)} where keys are expected; write 'key: value' lines below it"


_MESSAGES: dict[str, Callable[[Path, Any, Mapping[str, Any]], str]] = {
    "value_error": lambda _, __, ctx: str(ctx["error"]),
    "missing": _message_missing,
    "extra_forbidden": _message_unknown_key,
    "literal_error": _message_unknown_word,
    "bool_type": lambda _, value, __: (
        f"{_shown(value)} is neither true nor false; write one of the two"
    ),
    "int_type": lambda _, value, __: (
        f"{_shown(value)} is not a whole number; write one such as 20, without quotes"
    ),
    # Of a number that 64 bits cannot hold, where only a few are possible.
    "int_parsing_size": lambda path, value, _: _message_unknown_word(
        path, value, {"expected": ", ".join(map(str, (_schema_at(path) or {}).get("enum", ())))}
    ),
    "string_type": lambda _, value, __: f"{_shown(value)} is not text; put the text in quotes",
    "greater_than_equal": lambda _, value, ctx: (
        f"{shown(value)} is too small; the least is {ctx['ge']}"
    ),
    "less_than_equal": lambda _, value, ctx: (
        f"{shown(value)} is too large; the most is {ctx['le']}"
    ),
    "too_short": lambda _, __, ctx: f"is empty; name at least {ctx['min_length']}",
    "too_long": lambda _, value, ctx: (
        f"has {count_of(len(value), 'entry')}; at most {ctx['max_length']} are possible"
    ),
    "tuple_type": _message_no_list,
    "dict_type": _message_no_keys,
    "model_type": _message_no_keys,
}


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return shown(value) if isinstance(value, str | int) else _kind(value)


def _kind(value: object) -> str:
    if isinstance(value, Mapping):
        return "keys"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "a list"
    return "text" if isinstance(value, str) else "a single value"


def _yaml(example: object) -> str:
    if isinstance(example, dict):
        return "{" + ", ".join(f"{key}: {_yaml(value)}" for key, value in example.items()) + "}"
    if isinstance(example, list):
        return "[" + ", ".join(_yaml(value) for value in example) + "]"
    # Digits alone would be read back as a number.
    return f'"{example}"' if isinstance(example, str) and example.isdigit() else str(example)


@cache
def _schema() -> dict[str, Any]:
    return Environment.model_json_schema()


def _schema_at(path: Path) -> dict[str, Any] | None:
    """The JSON Schema of what ``path`` leads to, unions resolved to their branch with keys."""
    schema: dict[str, Any] | None = _resolved(_schema())
    for part in path:
        if schema is None:
            return None
        if isinstance(part, int):
            schema = schema.get("items", schema)
        else:
            schema = schema.get("properties", {}).get(part) or next(
                iter(schema.get("patternProperties", {}).values()), None
            )
        schema = _resolved(schema) if schema is not None else None
    return schema


def _resolved(schema: dict[str, Any]) -> dict[str, Any]:
    branches = (schema, *schema.get("anyOf", schema.get("oneOf", [])))
    reference = next((branch["$ref"] for branch in branches if "$ref" in branch), None)
    if reference is None:
        return schema
    target: dict[str, Any] = _schema()["$defs"][reference.rsplit("/", 1)[-1]]
    return {**target, "examples": schema.get("examples")}
