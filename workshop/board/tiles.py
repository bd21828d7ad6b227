"""What the board shows, made of one reading: plain texts by seat, one road for page and events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo
from typing import Any

from workshop.aws.machine_kinds import BOX
from workshop.board.reading import BoardReading, told, told_all
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat
from workshop.counting import count_of
from workshop.escaping import printable
from workshop.status.report import ABSENT, NO_NOTEBOOK, READY, Count, StatusRow

FIELDS = ("state", "box", "idle", "jobs", "endpoints")
OWN_FIELDS = ("name", "money", "hand", "message")
"""What everybody in the room may see of a seat, and what organisers see beside it."""

RUNS, RESTS, CHANGES, TROUBLE, UNKNOWN = "runs", "rests", "changes", "trouble", "unknown"
KINDS = {
    RUNS: "running",
    RESTS: "stopped",
    CHANGES: "changing",
    TROUBLE: "in trouble",
    UNKNOWN: "not known",
}
"""States that tiles can be chosen by, and how they are called."""
_OF_NOTEBOOK = {READY: RUNS, "Stopped": RESTS}
_CHANGING = frozenset({"Pending", "Stopping", "Updating"})
_OF_BOX = {
    "running": RUNS,
    "pending": CHANGES,
    "stopping": CHANGES,
    "shutting-down": CHANGES,
    "stopped": RESTS,
    NO_NOTEBOOK: RUNS,
    None: UNKNOWN,
}
"""What the state of an EC2 instance means for a seat that has no notebook; any other is trouble."""
NOTHING_TO_OPEN = "no notebook"
"""How the state of a seat begins that has none to open."""


@dataclass(frozen=True)
class Tile:
    """One seat; all of it but ``kind`` and ``waits`` is text for people."""

    seat: str
    kind: str
    state: str
    box: str = ""
    """The state of the EC2 instance and its type; empty where the profile has none."""
    idle: str = "-"
    jobs: str = "0"
    endpoints: str = "0"
    name: str = ""
    money: str = "?"
    hand: str = ""
    message: str = ""
    waits: bool = False
    """Whether a hand is up that nobody has taken."""

    def document(self, *, public: bool) -> dict[str, Any]:
        """Return what a browser gets; of a ``public`` board what the room may see, and no more."""
        fields = FIELDS if public else (*FIELDS, *OWN_FIELDS)
        shown = {name: printable(str(getattr(self, name))) for name in fields}
        if not self.box:
            del shown["box"]
        marks = {} if public else {"waits": self.waits}
        return {"seat": self.seat, "kind": self.kind, "fields": shown, **marks}


@dataclass(frozen=True)
class BoardView:
    """All tiles at a moment; ``problems`` says what of them is not known, and why."""

    at: str
    tiles: tuple[Tile, ...]
    told: str = ""
    claims: str = ""
    problems: tuple[str, ...] = ()
    since: str = ""
    """Since when nothing could be read, empty while all is well."""
    progress: tuple[str, ...] = ()

    def document(self, *, public: bool) -> dict[str, Any]:
        """Return the same for a browser."""
        counts = Counter(tile.kind for tile in self.tiles)
        summary = [f"{counts[kind]} {word}" for kind, word in KINDS.items() if counts[kind]]
        waiting = sum(tile.waits for tile in self.tiles)
        hands = [f"{count_of(waiting, 'hand')} up"] if waiting and not public else []
        failed = [f"not known since {self.since}"] if self.since else []
        problems = failed if public else [*failed, *self.problems]
        return {
            "at": self.at,
            "summary": ", ".join((count_of(len(self.tiles), "seat"), *summary, *hands)),
            "problems": [printable(problem) for problem in problems],
            "progress": [] if public else [printable(line) for line in self.progress],
            "told": "" if public else printable(self.told),
            "claims": "" if public else printable(self.claims),
            "tiles": [tile.document(public=public) for tile in self.tiles],
        }


@dataclass
class Tiles:
    """Makes views of readings, and remembers what was known last of what is not known now."""

    _known: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Seat -> when its notebook was read last, and how it was."""
    _last: BoardView | None = None

    def of(self, reading: BoardReading) -> BoardView:
        """Return the view of a reading."""
        loaded, seen = reading.loaded, reading.seen
        zone = loaded.settings.start.tzinfo
        seats = {seat.id: seat for seat in loaded.seats}
        texts = [told_all(messages) for messages in reading.messages.values()]
        self._last = BoardView(
            at=clock(seen.at, zone),
            tiles=tuple(self._tile(reading, seats[row.seat], row) for row in seen.rows),
            told=next(filter(None, texts), ""),
            claims=". ".join(filter(None, reading.claims.values())),
            problems=reading.problems,
        )
        return self._last

    def failed(self, loaded: LoadedEnvironment, why: str, now: datetime) -> BoardView:
        """Return the view where nothing could be read: what was known, and since when it is not."""
        zone = loaded.settings.start.tzinfo
        last = self._last or BoardView(
            clock(now, zone),
            tuple(Tile(seat.id, UNKNOWN, "", "?", "?", "?", seat.name) for seat in loaded.seats),
        )
        since = last.since or last.at
        tiles = tuple(
            replace(tile, kind=UNKNOWN, state=self._not_known(tile.seat, since), idle="?")
            for tile in last.tiles
        )
        self._last = replace(last, tiles=tiles, since=since, problems=(why,))
        return self._last

    def _not_known(self, seat: str, since: str) -> str:
        before, state = self._known.get(seat, (since, ""))
        return f"not known since {before}" + (f" (was {state})" if state else "")

    def _tile(self, reading: BoardReading, seat: Seat, row: StatusRow) -> Tile:
        now = reading.seen.at
        zone = reading.loaded.settings.start.tzinfo
        moment = clock(now, zone)
        kind, state = _state(row)
        roles = set(reading.loaded.roles(seat))
        frozen = bool(roles & reading.frozen.get(row.account_region, frozenset()))
        if kind == UNKNOWN:
            state = self._not_known(seat.id, moment)
            self._known.setdefault(seat.id, (moment, ""))
        else:
            state = f"{state}, frozen" if frozen else state
            self._known[seat.id] = (moment, state)
        hand = reading.hands.get(row.account_region, {}).get(seat.attendee)
        hand_text = ""
        if hand is not None:
            taken = f" ({hand.taken} sees to it)" if hand.taken else ""
            hand_text = f"{clock(hand.at, zone)} {hand.word}".rstrip() + taken
        return Tile(
            seat=seat.id,
            kind=kind,
            state=state,
            box=_box(row),
            idle=_idle(row, now),
            jobs=_jobs(row),
            endpoints=_count(row.endpoints),
            name=seat.name,
            money=_money(reading, row),
            hand=hand_text,
            message=told(reading.messages.get(row.account_region, []), seat.id),
            waits=hand is not None and not hand.taken,
        )


def clock(moment: datetime, zone: tzinfo | None) -> str:
    """Return the time of day where the workshop is."""
    return f"{moment.astimezone(zone):%H:%M}"


def _state(row: StatusRow) -> tuple[str, str]:
    if row.notebook is None:
        return UNKNOWN, ""
    if row.notebook in ABSENT and row.stacks is not None and row.stacks.is_none:
        return RESTS, "not deployed"
    stacks = row.stacks
    wrong = {} if stacks is None else stacks.wrong
    short = ""
    if stacks is not None and wrong:
        short = f"; stacks {stacks.sound}/{stacks.expected}"
        if stacks.sound == stacks.expected:
            short = "".join(f"; {part} {what}" for part, what in wrong.items())
    state = (NOTHING_TO_OPEN if row.notebook == NO_NOTEBOOK else row.notebook) + short
    if row.notebook in _CHANGING or "in progress" in wrong.values():
        return CHANGES, state
    if wrong:
        return TROUBLE, state
    if row.notebook == NO_NOTEBOOK:
        return _OF_BOX.get(row.box, TROUBLE), state
    return _OF_NOTEBOOK.get(row.notebook, TROUBLE), state


def _box(row: StatusRow) -> str:
    """Return the state of the seat's EC2 instance; empty where there is none to have."""
    if row.box == NO_NOTEBOOK:
        return ""
    return ", ".join(filter(None, (row.box or "not known", row.box_type)))


def _idle(row: StatusRow, now: datetime) -> str:
    """Return for how many minutes a machine that runs has done nothing."""
    if not row.active_known or row.notebook is None:
        return "?"
    if row.notebook != READY and row.box != BOX.up:
        return "-"
    since = row.active or row.up_since or row.box_up_since
    if since is None:
        return "-"
    return f"{max(now - since, timedelta()) // timedelta(minutes=1)} min"


def _jobs(row: StatusRow) -> str:
    return ", ".join(f"{_count(count)} {kind}" for kind, count in row.jobs.items()) or "0"


def _count(count: Count) -> str:
    return "?" if count is None else str(count)


def _money(reading: BoardReading, row: StatusRow) -> str:
    """Return what is used of the cap, and what runs on costs an hour."""
    rate = f"{row.cost} USD/h"
    cap = reading.loaded.settings.budget.per_seat_usd
    watch = reading.seen.watch
    if cap is None or watch is None:
        return rate
    used = watch.used(row.seat)
    # A watch that was read and has run knows of each seat that has used something.
    there = watch.of.get(row.account_region)
    counted = f"{used or 0:.2f}" if there is not None and there.ran is not None else "?"
    return f"{counted} of {cap} USD, {rate}"


def chosen(view: Sequence[dict[str, Any]], kind: str, text: str) -> list[dict[str, Any]]:
    """Return the tiles of a kind that hold a text in any field; empty words choose all."""
    wanted = text.casefold().strip()
    return [
        tile
        for tile in view
        if (not kind or tile["kind"] == kind)
        and wanted in " ".join((tile["seat"], *tile["fields"].values())).casefold()
    ]
