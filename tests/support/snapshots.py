"""How templates are written as snapshots: so that a person can read the difference."""

from __future__ import annotations

import json
import textwrap
from typing import Any

from syrupy.extensions.json import JSONSnapshotExtension
from syrupy.types import SerializableData, SerializedData

WIDTH = 100


class TemplateSnapshots(JSONSnapshotExtension):
    """One file a template; what fits on a line stands on a line."""

    def serialize(self, data: SerializableData, **_: Any) -> SerializedData:
        """Write normalised JSON in the template's own order."""
        return _pretty(json.loads(json.dumps(data), object_hook=_opened), 0) + "\n"


def _opened(value: dict[str, Any]) -> Any:
    """Shorter and just as exact: documents instead of texts, tags as a mapping, ``!Sub``."""
    if list(value) == ["Fn::Sub"] and isinstance(value["Fn::Sub"], str):
        text = value["Fn::Sub"]
        return _document(text) if text[:2] in {"#!", '{"'} else f"!Sub {text}"
    opened: dict[str, Any] = {
        key: _document(item) if isinstance(item, str) else item for key, item in value.items()
    }
    if isinstance(opened.get("Tags"), list):
        opened["Tags"] = {tag["Key"]: tag["Value"] for tag in opened["Tags"]}
    return opened


def _document(text: str) -> object:
    if text.startswith("#!"):
        return text.splitlines()
    return json.loads(text) if text.startswith('{"') else text


def _pretty(value: object, depth: int) -> str:
    line = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or len(line) + 2 * depth <= WIDTH:
        return line
    if len(value) == 1:
        # Brackets around one thing need no lines of their own.
        if isinstance(value, list):
            return f"[{_pretty(value[0], depth)}]"
        ((key, item),) = value.items()
        return f"{{{json.dumps(key)}: {_pretty(item, depth)}}}"
    inner, outer = "  " * (depth + 1), "  " * depth
    if isinstance(value, dict):
        items = [f"{json.dumps(key)}: {_pretty(item, depth + 1)}" for key, item in value.items()]
        return "{\n" + ",\n".join(inner + item for item in _joined(items, depth)) + f"\n{outer}}}"
    items = [_pretty(item, depth + 1) for item in value]
    if all(isinstance(item, str) and " " not in item for item in value):
        words = textwrap.fill(
            ", ".join(items), WIDTH, initial_indent=inner, subsequent_indent=inner
        )
        return f"[\n{words}\n{outer}]"
    return "[\n" + ",\n".join(inner + item for item in items) + "\n" + outer + "]"


def _joined(items: list[str], depth: int) -> list[str]:
    """Put short neighbours on one line: ``"Sid": "OwnBuckets", "Effect": "Allow"``."""
    lines: list[str] = []
    for item in items:
        last = lines[-1] if lines else None
        if (
            last is not None
            and "\n" not in last + item
            and not {"{", "["} & set(last + item)
            and len(last) + len(item) + 2 * depth + 4 <= WIDTH
        ):
            lines[-1] = f"{last}, {item}"
        else:
            lines.append(item)
    return lines
