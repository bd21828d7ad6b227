"""A record of what was done to an environment: one JSON line for each thing that happened."""

from __future__ import annotations

import getpass
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from workshop import files
from workshop.fleet.events import Event
from workshop.places import Place

FOLDER = files.STATE


@dataclass(frozen=True)
class Ledger:
    """Appends to ``<folder>/<environment>/ledger.jsonl``, which only its owner may read.

    Lines are written whole, so that two runs at once do not mix theirs. ``run`` tells them apart.
    """

    environment: str
    folder: Path = FOLDER
    run: str = field(default_factory=lambda: secrets.token_hex(4))

    @property
    def path(self) -> Path:
        return self.folder / self.environment / "ledger.jsonl"

    def begin(self, command: str, **more: Any) -> None:
        """Note who begins what."""
        self._write({"command": command, "who": _who(), **more})

    def event(self, event: Event) -> None:
        """Note one event of the fleet."""
        self._write(as_line(event))

    def end(self, result: Mapping[str, Any]) -> None:
        """Note how it ended."""
        self._write({"ended": dict(result)})

    def places(self) -> tuple[Place, ...]:
        """Every place in which anything was ever done, in the order of the runs."""
        if not self.path.is_file():
            return ()
        found: dict[Place, None] = {}
        for line in self.path.read_text(encoding="utf-8").splitlines():
            try:
                noted = json.loads(line)
            except ValueError:  # cut off when the disk was full
                continue
            if "account" in noted and "region" in noted:
                found[Place(noted["account"], noted["region"])] = None
        return tuple(found)

    def _write(self, line: Mapping[str, Any]) -> None:
        files.make_folder(self.path.parent)
        whole = {
            "run": self.run,
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            **line,
        }
        files.append(self.path, json.dumps(whole))


def as_line(event: Event) -> dict[str, Any]:
    """An event as JSON: empty parts are left out."""
    whole = {
        "at": event.at.isoformat(timespec="milliseconds"),
        "what": event.what.value,
        "account": event.place.account,
        "region": event.place.region,
        "seat": event.seat,
        "stack": event.stack,
        "told": event.told,
    }
    return {key: value for key, value in whole.items() if value}


def _who() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user id without a name; KeyError before Python 3.13
        return str(os.getuid())
