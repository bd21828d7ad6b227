"""Prices that were read from AWS, kept in a file for commands that do not ask it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from workshop import files
from workshop.pricing import prices
from workshop.pricing.prices import RegionPrices


def path(environment: str, folder: Path = files.STATE) -> Path:
    """Return the file that keeps what was read for an environment."""
    return folder / environment / "prices.json"


def use(environment: str, folder: Path = files.STATE) -> None:
    """Use what was kept for an environment, however old it is."""
    prices.use(read(environment, folder))


def read(environment: str, folder: Path = files.STATE) -> dict[str, RegionPrices]:
    """Return what was kept, by Region; nothing where the file is not there or not whole."""
    content = files.own_content(path(environment, folder))
    try:
        listed = json.loads(content or b"{}").items()
    except (ValueError, AttributeError):
        return {}
    return {region: found for region, found in listed if _is_whole(found)}


def write(listed: Mapping[str, RegionPrices], environment: str, folder: Path = files.STATE) -> None:
    """Keep these prices; OSError passes through."""
    files.make_folder(path(environment, folder).parent)
    files.write(path(environment, folder), f"{json.dumps(listed, indent=1)}\n")


def _is_whole(listed: object) -> bool:
    if not isinstance(listed, Mapping):
        return False
    try:
        date.fromisoformat(listed["date"])
    except (KeyError, TypeError, ValueError):
        return False
    parts = (listed, listed["boxes"]) if "boxes" in listed else (listed,)
    return all(
        isinstance(part, Mapping)
        and isinstance(part.get("types"), Mapping)
        and "volume_gb_month" in part
        for part in parts
    )
