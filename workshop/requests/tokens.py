"""Puts tokens of attendees where their own seat alone reads them, and takes them away.

A seat's tokens are one object of its own bucket, for a token that all share as well: a bucket of
everybody's is read by whoever gets into it. No value is in a file, a template, a tag or a log, and
of what was there before no version is left.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from workshop import files
from workshop.agent.tokens import KEY
from workshop.aws import errors
from workshop.aws.clients import Clients
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat
from workshop.errors import UsageError, WorkshopError
from workshop.requests import conditional
from workshop.requests.seat_objects import SeatObjects

LONGEST = 2_000
"""Characters of a token."""

Tokens = Mapping[str, str]


def kinds(loaded: LoadedEnvironment, name: str, seats: Sequence[Seat]) -> Mapping[Seat, str]:
    """Return ``shared`` or ``per_seat`` of each seat that has such a token by its profile.

    Raise UsageError where none has.
    """
    profiles = loaded.settings.profiles
    found = {
        seat: profiles[seat.profile].notebook.tokens[name]
        for seat in seats
        if name in profiles[seat.profile].notebook.tokens
    }
    if not found:
        raise UsageError(
            f"no seat has a token {name}; write 'tokens: {{{name}: per_seat}}' (or shared) below"
            f" the notebook of a profile, and run: {loaded.command('deploy')}"
        )
    return found


def checked(value: str, where: str) -> str:
    """Return a token without blanks around it; raise UsageError for what none can be."""
    token = value.strip()
    if not token or len(token) > LONGEST or not token.isascii() or not token.isprintable():
        raise UsageError(f"{where} is no token; give one line of at most {LONGEST:,} characters")
    return token


def of_file(path: Path) -> dict[str, str]:
    """Return tokens by seat from a CSV file with the columns ``id`` and ``token``.

    Raise UsageError for another file; no value is in its sentence.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{files.shown(path)} cannot be read as a text; see its path") from error
    rows = csv.DictReader(io.StringIO(text))
    if not {"id", "token"} <= {*(rows.fieldnames or ())}:
        raise UsageError(f"{files.shown(path)} has no line 'id,token' at its top; add it")
    found: dict[str, str] = {}
    for row in rows:
        where = f"{files.shown(path)}, line {rows.line_num}:"
        seat = (row["id"] or "").strip()
        if seat in found:
            raise UsageError(f"{where} {seat} is there twice; keep one")
        found[seat] = checked(row["token"] or "", f"{where} what stands for {seat}")
    return found


@dataclass(frozen=True)
class SeatTokens:
    """The tokens of one seat, in its own bucket."""

    clients: Clients
    loaded: LoadedEnvironment
    seat: Seat

    def names(self) -> list[str]:
        """Return the names of the tokens that are there; raise WorkshopError where that fails."""
        return sorted(self._read()[0])

    def change(self, edit: Callable[[Tokens], Tokens]) -> None:
        """Write what ``edit`` makes of them, and delete every earlier version."""
        for _ in range(conditional.TRIES):
            tokens, condition = self._read()
            try:
                kept = ""
                if new := edit(tokens):
                    body = json.dumps(dict(new)).encode()
                    made = self._objects.call("PutObject", KEY, Body=body, **condition)
                    kept = made.get("VersionId", "null")
                self._objects.forget(KEY, kept)
            except (ClientError, BotoCoreError) as error:
                if errors.is_outrun(error):
                    continue
                raise self._failed(error) from error
            return
        raise WorkshopError(f"the tokens of {self.seat.id} change all the time; run this again")

    def _read(self) -> tuple[dict[str, str], dict[str, str]]:
        try:
            return conditional.read(partial(self._objects.call, "GetObject", KEY))
        except (ClientError, BotoCoreError) as error:
            raise self._failed(error) from error

    @property
    def _objects(self) -> SeatObjects:
        return SeatObjects(self.clients, self.loaded, self.seat)

    def _failed(self, error: Exception) -> WorkshopError:
        if isinstance(error, ClientError) and errors.code(error.response) == "NoSuchBucket":
            return WorkshopError(
                f"{self.seat.id} has no bucket yet; make it with: {self.loaded.command('deploy')}"
            )
        return WorkshopError(
            f"the tokens of {self.seat.id} could not be read or written"
            f" ({errors.describe(error)}); mend that and run this again"
        )
