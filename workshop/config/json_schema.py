"""The JSON Schema of an environment file, for editors."""

from __future__ import annotations

import ast
import inspect
import json
from itertools import pairwise
from typing import Any

from workshop.config import accounts, content, ec2, models, profiles
from workshop.config.models import Environment

FILE = "schema.json"


def text() -> str:
    """Return the JSON Schema of an environment file, as text that is the same on every machine."""
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **_polished(described()),
        "title": "workshop environment",
    }
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def described() -> dict[str, Any]:
    """Return pydantic's schema of an environment, with a description of each key."""
    schema = Environment.model_json_schema()
    docstrings = _docstrings()
    for name, node in {Environment.__name__: schema, **schema["$defs"]}.items():
        for key, value in node.get("properties", {}).items():
            text = docstrings[name, key]
            # What a key leads to may say the same.
            reference = value.get("$ref", "").rpartition("/")[2]
            if not reference or schema["$defs"][reference].get("description") != text:
                value["description"] = text
    return schema


def _docstrings() -> dict[tuple[str, str], str]:
    """Return what stands below each key of the models, by class and key.

    pydantic would look for it each time that they are imported, which is what every command does.
    """
    found = {}
    sources = (inspect.getsource(module) for module in (models, accounts, profiles, content, ec2))
    for made in (node for source in sources for node in ast.parse(source).body):
        if isinstance(made, ast.ClassDef):
            for key, text in pairwise(made.body):
                match key, text:
                    case (
                        ast.AnnAssign(target=ast.Name(id=name)),
                        ast.Expr(value=ast.Constant(value=str(docstring))),
                    ):
                        found[made.name, name] = inspect.cleandoc(docstring)
    return found


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
