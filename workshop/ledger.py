"""A record of what was done to an environment: one JSON line for each thing that happened."""

from __future__ import annotations

import getpass
import json
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from workshop import events, files
from workshop.account_region import AccountRegion
from workshop.events import Event

FOLDER = files.STATE

_FAILURES = ("failed", "seat failed")
"""What a deployment tells of a stack and of a seat that it failed to make."""


@dataclass(frozen=True)
class LedgerRun:
    """One run of a command: what was given, its lines, and how it ended, None if it has not."""

    command: str
    who: str
    began: datetime
    last: datetime
    given: Mapping[str, Any]
    lines: tuple[Mapping[str, Any], ...]
    ended: Mapping[str, Any] | None


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

    def note_step(self, step: str, message: str) -> None:
        """Note how far a run is."""
        self._write({"step": step, "message": message})

    def end(self, result: Mapping[str, Any]) -> None:
        """Note how it ended."""
        self._write({"ended": dict(result)})

    def gone(
        self,
        account_regions: Iterable[AccountRegion],
        workshop: str,
        kept: Mapping[AccountRegion, Sequence[str]] | None = None,
    ) -> None:
        """Note that nothing of a workshop is left in these Regions, as looks at them have shown.

        ``kept`` names what stays there on request.
        """
        for account_region in account_regions:
            stays = {"kept": list(names)} if (names := (kept or {}).get(account_region)) else {}
            self._write({"gone": True, "workshop": workshop, **asdict(account_region), **stays})

    def note_left(self, account_region: AccountRegion, workshop: str, names: Iterable[str]) -> None:
        """Note that something is left all the same where nothing else is."""
        self._write({"left": list(names), "workshop": workshop, **asdict(account_region)})

    def note_roles(self, account: str, some: Iterable[Mapping[str, str]]) -> None:
        """Note roles of the workshop that are there: ``name``, ``id`` and ``created``."""
        self._write({"roles": [dict(role) for role in some], "of": account})

    def note_disks(self, some: Mapping[str, tuple[str, str]]) -> None:
        """Note instances and disks of seats, by id with seat and instance, that are not known."""
        known = self.disks()
        new = {id_: list(whose) for id_, whose in some.items() if id_ not in known}
        if new:
            self._write({"disks": new})

    def note_began(self, moments: Mapping[AccountRegion, datetime], workshop: str) -> None:
        """Note when the workshop began in Regions, as what is there tells while it is there."""
        before = self.began()
        for account_region, moment in moments.items():
            known = before.get(account_region)
            if known is None or moment < known:
                began = {"began": moment.isoformat(), "workshop": workshop}
                self._write({**began, **asdict(account_region)})

    def note_opened(
        self, account_region: AccountRegion, services: Mapping[str, str], workshop: str
    ) -> None:
        """Note the services that profiles open to seats, and how, where that is not known yet."""
        new = {name: why for name, why in services.items() if name not in self.opened()}
        if new:
            self._write({"opened": new, "workshop": workshop, **asdict(account_region)})

    def note_intended(self, some: Iterable[tuple[AccountRegion, str]], workshop: str) -> None:
        """Note where a run may make something for which seats, before it calls anything.

        Of the others it tells nothing but that they were refused, and that proves nothing of them.
        A call that was sent and whose answer was lost was intended.
        """
        for account_region, seat in some:
            where = {"account": account_region.account, "region": account_region.region}
            self._write({"intended": True, "seat": seat, "workshop": workshop, **where})
        self._write({"intends": "nothing else"})

    def opened(self) -> dict[str, str]:
        """Return every service that a profile has opened to seats since all was gone, and how."""
        lines = [line for lines in self._since_gone().values() for line in lines]
        return {name: why for line in lines for name, why in line.get("opened", {}).items()}

    def runs(self) -> list[LedgerRun]:
        """Return every run that was noted, in the order in which they began."""
        by_run: dict[str, list[dict[str, Any]]] = {}
        for line in self._lines():
            by_run.setdefault(str(line.get("run")), []).append(line)
        return [run for lines in by_run.values() if (run := _run_of(lines)) is not None]

    def account_regions(self) -> tuple[AccountRegion, ...]:
        """Every Region in which anything was done since all was gone, in the order of the runs."""
        return tuple(self._since_gone())

    def seats(self) -> dict[AccountRegion, set[str]]:
        """Return the same Regions, with the seats for which something was done there."""
        return {
            account_region: {str(line["seat"]) for line in lines if line.get("seat")}
            for account_region, lines in self._since_gone().items()
        }

    def every_seat(self, workshop: str) -> frozenset[str]:
        """Every seat of a workshop for which anything was ever done, those that are gone too."""
        return frozenset(
            str(line["seat"])
            for line in self._lines()
            if line.get("seat") and _workshop_of(line) in ("", workshop)
        )

    def note_swap(
        self, account_region: AccountRegion, workshop: str, seat: str, spare: str
    ) -> None:
        """Note that whoever has ``seat`` goes on at ``spare``."""
        swap = {"seat": seat, "swapped_for": spare, "workshop": workshop}
        self._write({**swap, **asdict(account_region)})

    def swapped(self, workshop: str) -> dict[str, str]:
        """Return every seat of a workshop that was swapped for a spare, with the last spare."""
        return {
            str(line["seat"]): str(line["swapped_for"])
            for line in self._lines()
            if line.get("swapped_for") and _workshop_of(line) == workshop
        }

    def workshops(self) -> dict[AccountRegion, set[str]]:
        """Return the same Regions, with the names that the environment's workshop had there."""
        return {
            account_region: {_workshop_of(line) for line in lines} - {""}
            for account_region, lines in self._since_gone().items()
        }

    def began(self) -> dict[AccountRegion, datetime]:
        """Return the same Regions, with the moment when something was first done there."""
        return {
            account_region: min(
                datetime.fromisoformat(line.get("began", line["at"])) for line in lines
            )
            for account_region, lines in self._since_gone().items()
        }

    def gone_from(self) -> set[AccountRegion]:
        """Return the accounts and Regions of which nothing but that all is gone was noted last."""
        every = {_account_region_of(line) for line in self._lines() if line.get("gone")}
        return {
            account_region for account_region in every if account_region
        } - self._since_gone().keys()

    def gone_at(self) -> dict[AccountRegion, datetime]:
        """Return the same accounts and Regions, with the moment when that was noted."""
        noted = {_account_region_of(line): line["at"] for line in self._lines() if line.get("gone")}
        return {
            account_region: datetime.fromisoformat(noted[account_region])
            for account_region in self.gone_from()
        }

    def kept(self) -> dict[AccountRegion, list[str]]:
        """Return what was kept on request when all else was noted to be gone for the last time."""
        found: dict[AccountRegion, list[str]] = {}
        for line in self._lines():
            account_region = _account_region_of(line)
            if account_region and line.get("gone"):
                found[account_region] = line.get("kept", [])
        return {account_region: names for account_region, names in found.items() if names}

    def roles(self) -> Iterator[dict[str, str]]:
        """Every role that was noted: ``account``, ``name``, ``id``, ``created`` and ``at``."""
        for line in self._lines():
            for role in line.get("roles", ()):
                yield {**role, "account": line["of"], "at": line["at"]}

    def disks(self) -> dict[str, tuple[str, str]]:
        """Return every instance and disk of a seat that was noted, by id with seat and instance."""
        return {
            id_: (str(seat), str(instance))
            for line in self._lines()
            for id_, (seat, instance) in line.get("disks", {}).items()
        }

    def _since_gone(self) -> dict[AccountRegion, list[dict[str, Any]]]:
        """Return the lines that tell of something in a Region since all was gone there."""
        found: dict[AccountRegion, list[dict[str, Any]]] = {}
        intentions = _Intentions()
        for line in self._lines():
            account_region = _account_region_of(line)
            intentions.read(line, account_region)
            if account_region and line.get("gone"):
                others = {"", _workshop_of(line)}
                left = [
                    earlier
                    for earlier in found.pop(account_region, [])
                    if _workshop_of(earlier) not in others
                ]
                # A line that was written before names were has all of them gone.
                if left and line.get("workshop"):
                    found[account_region] = left
            elif account_region and not intentions.only_refused(line, account_region):
                found.setdefault(account_region, []).append(line)
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
        whole = {
            "run": self.run,
            "at": events.now().isoformat(timespec="milliseconds"),
            **line,
        }
        try:
            files.append(self._file, json.dumps(whole))
        except FileNotFoundError:  # somebody has taken the folder away meanwhile
            files.make_folder(self.path.parent)
            files.append(self.path, json.dumps(whole))

    @cached_property
    def _file(self) -> Path:
        """The path, in a folder that was made private once: a run notes thousands of lines."""
        files.make_folder(self.path.parent)
        return self.path


class _Intentions:
    """Where each run may have called anything, as far as it has noted that beforehand."""

    def __init__(self) -> None:
        self._where: dict[str, set[AccountRegion | None]] = {}
        self._whole: set[str] = set()

    def read(self, line: Mapping[str, Any], account_region: AccountRegion | None) -> None:
        """Take what the next line of the ledger tells."""
        run = str(line.get("run"))
        if line.get("intended"):
            self._where.setdefault(run, set()).add(account_region)
        elif line.get("intends"):
            self._whole.add(run)

    def only_refused(self, line: Mapping[str, Any], account_region: AccountRegion) -> bool:
        """Return whether a line tells of a failure where its run was never to call anything.

        A run that has not noted all that it intends may have called whatever it tells of.
        """
        run = str(line.get("run"))
        intended = account_region in self._where.get(run, ())
        return line.get("what") in _FAILURES and run in self._whole and not intended


def _run_of(lines: list[dict[str, Any]]) -> LedgerRun | None:
    began = next((line for line in lines if "command" in line), None)
    if began is None:
        return None
    return LedgerRun(
        command=str(began["command"]),
        who=str(began.get("who", "")),
        began=datetime.fromisoformat(began["at"]),
        last=datetime.fromisoformat(lines[-1]["at"]),
        given=began,
        lines=tuple(lines),
        ended=next((line["ended"] for line in lines if "ended" in line), None),
    )


def _account_region_of(line: Mapping[str, Any]) -> AccountRegion | None:
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
