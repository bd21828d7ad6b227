"""Writes a profile for labs as YAML, with the reason of every key beside it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from workshop.escaping import printable
from workshop.fit.fitting import FittedSetting, put
from workshop.fit.remarks import where

WIDTH = 100


def profile_text(name: str, settings: Sequence[FittedSetting]) -> str:
    """Return a profile with comments, indented as it stands below ``profiles``."""
    if not settings:
        return f"  {name}: {{}} # the defaults are enough\n"
    lines = [f"  {name}:"]
    commented: dict[tuple[str, ...], FittedSetting] = {setting.key: setting for setting in settings}
    document: dict[str, Any] = {}
    for setting in settings:
        put(document, setting.key, setting.value)
    _mapping(document, (), commented, 4, lines)
    return "\n".join(lines) + "\n"


def comments(texts: Iterable[str], *, indent: int = 0) -> str:
    """Return texts as comments, each from a line of its own, wrapped."""
    at = " " * indent
    lines: list[str] = []
    for text in texts:
        line = ""
        for word in printable(text).split():
            if line and len(at) + len(line) + len(word) > WIDTH - 4:
                lines.append(line)
                line = f"  {word}" if text.startswith("- ") else word
            else:
                line = f"{line} {word}" if line else word
        lines.append(line)
    return "".join(f"{at}# {line}".rstrip() + "\n" for line in lines)


def _mapping(
    document: dict[str, Any],
    above: tuple[str, ...],
    commented: dict[tuple[str, ...], FittedSetting],
    indent: int,
    lines: list[str],
) -> None:
    at = " " * indent
    for key, value in document.items():
        path = (*above, key)
        setting = commented.get(path)
        if setting is None:
            lines.append(f"{at}{key}:")
            _mapping(value, path, commented, indent + 2, lines)
            continue
        about = f"{setting.why}: {where(setting.places, 1)}" if setting.places else setting.why
        lines += comments([about], indent=indent).splitlines()
        lines += _entry(key, value, at)


def _entry(key: str, value: Any, at: str) -> list[str]:
    if isinstance(value, bool):
        return [f"{at}{key}: {'true' if value else 'false'}"]
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        words = [*map(_scalar, value)]
        line = f"{at}{key}: [{', '.join(words)}]"
        return [line] if len(line) <= WIDTH else [f"{at}{key}:", *(f"{at}  - {w}" for w in words)]
    if isinstance(value, list):
        lines = [f"{at}{key}:"]
        for each in value:
            rows = [f"{name}: {json.dumps(part)}" for name, part in each.items()]
            lines += [
                f"{at}  {'- ' if number == 0 else '  '}{row}" for number, row in enumerate(rows)
            ]
        return lines
    if isinstance(value, dict):
        return [f"{at}{key}:", *(f"{at}  {name}: {_scalar(part)}" for name, part in value.items())]
    return [f"{at}{key}: {value}"]


def _scalar(text: str | int) -> str:
    """Return a value as YAML reads it back: in quotes where it could be read as anything else."""
    if isinstance(text, int):
        return str(text)
    is_plain = re.fullmatch(r"[A-Za-z][A-Za-z0-9._/-]*|https://[A-Za-z0-9._/-]+", text)
    return text if is_plain and text not in ("true", "false", "null") else json.dumps(text)
