"""Generates what is made from the models: ``config/schema.json`` and the table in the docs.

Run it as ``python -m tools.schema --write``, or with ``--check`` to learn whether they are
stale (exit code 1).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tools import generated_files
from tools.generated_files import ROOT
from workshop.config import json_schema

_SCHEMA = Path("config") / json_schema.FILE
_DOCS = Path("docs") / "configuration.md"
_MODULE = "tools.schema"
_PART = "every key"


def reference_text() -> str:
    """Every key with its default and meaning, one Markdown table for each section."""
    schema = json_schema.described()
    return "\n".join(_tables(schema, schema, "The file", None, set()))


def _tables(
    root: dict[str, Any], model: dict[str, Any], title: str, path: str | None, seen: set[str]
) -> Iterator[str]:
    yield f"### {title}\n"
    yield "| key | default | meaning |"
    yield "|---|---|---|"
    below: list[tuple[str, str]] = []
    required = model.get("required", [])
    for key, value in model["properties"].items():
        reference = _reference(value)
        shown = key if path is None else f"{path}.{key}"
        if reference:
            below.append((shown + _keys_shown(value), reference))
        default = "**required**" if key in required else _default(value)
        yield f"| `{key}` | {default} | {_meaning(root, value, reference)} |"
    yield ""
    for shown, reference in below:
        if reference not in seen:
            seen.add(reference)
            yield from _tables(root, root["$defs"][reference], f"`{shown}`", shown, seen)


def _branches(value: dict[str, Any]) -> list[dict[str, Any]]:
    inner = value.get("anyOf") or value.get("oneOf") or []
    return [value, *inner, *value.get("patternProperties", {}).values()]


def _reference(value: dict[str, Any]) -> str | None:
    """The model that ``value`` leads to, directly or through a mapping or a union."""
    for branch in _branches(value):
        if "$ref" in branch:
            return str(branch["$ref"]).rsplit("/", 1)[-1]
    return None


def _keys_shown(value: dict[str, Any]) -> str:
    return ".<name>" if "patternProperties" in value else ""


def _default(value: dict[str, Any]) -> str:
    default = value["default"]
    if isinstance(default, dict) and "patternProperties" in value:
        return ", ".join(f"`{name}`" for name in default) or "none"
    if isinstance(default, dict):
        return "its own defaults"
    return f"`{json.dumps(default, ensure_ascii=False)}`"


def _meaning(root: dict[str, Any], value: dict[str, Any], reference: str | None) -> str:
    text = value.get("description") or (
        root["$defs"][reference]["description"] if reference else ""
    )
    limits = [limit for branch in _branches(value) for limit in _limits(branch)]
    return " ".join([json_schema.prose(text), *limits]).strip()


def _limits(value: dict[str, Any]) -> Iterator[str]:
    if "enum" in value:
        yield "One of " + ", ".join(f"`{json.dumps(word)}`" for word in value["enum"]) + "."
    if "minimum" in value:
        yield f"{value['minimum']} to {value['maximum']}."
    for count, what in (("maxItems", "entries"), ("maxProperties", "keys")):
        if count in value:
            yield f"At most {value[count]} {what}."


def main(arguments: list[str] | None = None) -> int:
    """Write or check both files below the project's folder; the exit code."""
    docs = ROOT / _DOCS
    wanted = {
        ROOT / _SCHEMA: json_schema.text(),
        docs: generated_files.page(docs, _MODULE, {_PART: reference_text()}),
    }
    return generated_files.main(_MODULE, __doc__, wanted, arguments)


if __name__ == "__main__":
    sys.exit(main())
