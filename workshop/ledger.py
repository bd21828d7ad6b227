"""A record of what was done to an environment: one JSON line for each thing that happened."""

from __future__ import annotations

import getpass
import json
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from workshop import files
from workshop.account_region import AccountRegion
from workshop.events import Event

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
        """Note one event of a run."""
        self._write(event.line())

    def end(self, result: Mapping[str, Any]) -> None:
        """Note how it ended."""
        self._write({"ended": dict(result)})

    def gone(self, places: Iterable[AccountRegion], workshop: str) -> None:
        """Note that nothing of a workshop is left in these places, as looks at them have shown."""
        for place in places:
            where = {"account": place.account, "region": place.region}
            self._write({"gone": True, "workshop": workshop, **where})

    def note_roles(self, account: str, some: Iterable[Mapping[str, str]]) -> None:
        """Note roles of the workshop that are there: ``name``, ``id`` and ``created``."""
        self._write({"roles": [dict(role) for role in some], "of": account})

    def note_began(self, place: AccountRegion, moment: datetime, workshop: str) -> None:
        """Note when the workshop began in a place, as what is there tells while it is there."""
        known = self.began().get(place)
        if known is None or moment < known:
            where = {"account": place.account, "region": place.region}
            self._write({"began": moment.isoformat(), "workshop": workshop, **where})

    def note_opened(self, place: AccountRegion, services: Mapping[str, str], workshop: str) -> None:
        """Note the services that profiles open to seats, and how, where that is not known yet."""
        new = {name: why for name, why in services.items() if name not in self.opened()}
        if new:
            where = {"account": place.account, "region": place.region}
            self._write({"opened": new, "workshop": workshop, **where})

    def opened(self) -> dict[str, str]:
        """Return every service that a profile has opened to seats since all was gone, and how."""
        lines = [line for lines in self._since_gone().values() for line in lines]
        return {name: why for line in lines for name, why in line.get("opened", {}).items()}

    def places(self) -> tuple[AccountRegion, ...]:
        """Every place in which anything was done since all was gone, in the order of the runs."""
        return tuple(self._since_gone())

    def seats(self) -> dict[AccountRegion, set[str]]:
        """Return the same places, with the seats for which something was done there."""
        return {
            place: {str(line["seat"]) for line in lines if line.get("seat")}
            for place, lines in self._since_gone().items()
        }

    def every_seat(self, workshop: str) -> frozenset[str]:
        """Every seat of a workshop for which anything was ever done, those that are gone too."""
        return frozenset(
            str(line["seat"])
            for line in self._lines()
            if line.get("seat") and _workshop_of(line) in ("", workshop)
        )

    def workshops(self) -> dict[AccountRegion, set[str]]:
        """Return the same places, with the names that the environment's workshop had there."""
        return {
            place: {_workshop_of(line) for line in lines} - {""}
            for place, lines in self._since_gone().items()
        }

    def began(self) -> dict[AccountRegion, datetime]:
        """Return the same places, with the moment when something was first done there."""
        return {
            place: min(datetime.fromisoformat(line.get("began", line["at"])) for line in lines)
            for place, lines in self._since_gone().items()
        }

    def gone_from(self) -> set[AccountRegion]:
        """Return the places of which nothing but that all is gone was noted last."""
        every = {_place_of(line) for line in self._lines() if line.get("gone")}
        return {place for place in every if place} - self._since_gone().keys()

    def gone_at(self) -> dict[AccountRegion, datetime]:
        """Return the same places, with the moment when that was noted."""
        noted = {_place_of(line): line["at"] for line in self._lines() if line.get("gone")}
        return {place: datetime.fromisoformat(noted[place]) for place in self.gone_from()}

    def roles(self) -> Iterator[dict[str, str]]:
        """Every role that was noted: ``account``, ``name``, ``id``, ``created`` and ``at``."""
        for line in self._lines():
            for role in line.get("roles", ()):
                yield {**role, "account": line["of"], "at": line["at"]}

    def _since_gone(self) -> dict[AccountRegion, list[dict[str, Any]]]:
        found: dict[AccountRegion, list[dict[str, Any]]] = {}
        for line in self._lines():
            place = _place_of(line)
            if place and line.get("gone"):
                others = {"", _workshop_of(line)}
                left = [
                    earlier
                    for earlier in found.pop(place, [])
                    if _workshop_of(earlier) not in others
                ]
                # A line that was written before names were has all of them gone.
                if left and line.get("workshop"):
                    found[place] = left
            elif place:
                found.setdefault(place, []).append(line)
        return found

    def _lines(self) -> Iterator[dict[str, Any]]:
        if not self.path.is_file():
            return
        for text in self.path.read_text(encoding="utf-8").splitlines():
            try:
                line = json.loads(text)
            except ValueError:  # cut off when the disk was full
                continue
            if isinstance(line, dict):
                yield line

    def _write(self, line: Mapping[str, Any]) -> None:
        files.make_folder(self.path.parent)
        whole = {
            "run": self.run,
            "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            **line,
        }
        files.append(self.path, json.dumps(whole))


def _place_of(line: Mapping[str, Any]) -> AccountRegion | None:
    known = "account" in line and "region" in line
    return AccountRegion(line["account"], line["region"]) if known else None


def _workshop_of(line: Mapping[str, Any]) -> str:
    """Return the workshop of which a line tells, as its stack is called where it does not say."""
    return str(line.get("workshop") or str(line.get("stack", "")).partition("-")[0])


def _who() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a user id without a name; KeyError before Python 3.13
        return str(os.getuid())
