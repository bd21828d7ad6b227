"""The JSON Schema of an environment file, for editors."""

from __future__ import annotations

import json
from typing import Any

from workshop.config.models import Environment

FILE = "schema.json"


def text() -> str:
    """Return the JSON Schema of an environment file, as text that is the same on every machine."""
    schema = Environment.model_json_schema()
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **_polished(schema),
        "title": "workshop environment",
    }
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _polished(node: Any) -> Any:
    """Without pydantic's titles, which repeat the keys, and without room for unknown keys."""
    if isinstance(node, list):
        return [_polished(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {
        key: _polished(value)
        for key, value in node.items()
        if not (key == "title" and isinstance(value, str))
    }
    if "patternProperties" in kept:
        kept["additionalProperties"] = False
    if isinstance(text := kept.get("description"), str):
        kept["description"] = prose(text)
    return kept


def prose(text: str) -> str:
    """Return a description as one line of Markdown."""
    return " ".join(text.replace("``", "`").split())
