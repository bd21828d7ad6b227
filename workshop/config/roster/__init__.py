"""The roster: who has a seat, and what each seat is made of.

A message about a roster names the line and the column and never repeats a cell: names and e-mail
addresses stay in the file, even where a cell is in the wrong column.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from workshop import naming
from workshop.account_region import AccountRegion
from workshop.config import rules, yaml_document
from workshop.config.diagnostics import Diagnostic, listing, suggestion
from workshop.config.models import Environment
from workshop.config.profiles import MAX_VOLUME_GB, MIN_VOLUME_GB
from workshop.config.roster import csv_file, derived_ids, yaml_file
from workshop.config.roster.sheet import COLUMNS, MAX_NAME, RosterRow, Sheet
from workshop.config.roster.text_encoding import other_file
from workshop.counting import count_of
from workshop.escaping import first_escaped

NO_ROWS = "has no rows; add people, or give a number as 'roster.seats'"


@dataclass(frozen=True, slots=True)
class Seat:
    """One place in the workshop, with its effective values.

    ``instance_type`` and ``volume_gb`` (GB) are the notebook's, ``box_type`` and ``box_gb`` the EC2
    instance's: the row's own or else its profile's, and empty or 0 where there is none.
    ``box_zone`` and ``box_subnet`` are where that goes, empty for EC2's choice. ``name`` and
    ``email`` are personal: only ``workshop roster`` and
    ``workshop handout --with-names`` show them. Of one that left the roster and still has stacks,
    ``on_roster`` is false, and the values are its profile's.
    """

    id: str
    profile: str
    account: str
    region: str
    instance_type: str
    volume_gb: int
    name: str = field(default="", repr=False)
    email: str = field(default="", repr=False)
    on_roster: bool = True
    box_type: str = ""
    box_gb: int = 0
    box_zone: str = ""
    box_subnet: str = ""
    alone: bool = False
    """Whether the account is the seat's own, in which no name tells whose it is."""

    @property
    def attendee(self) -> str:
        """Who the seat is to AWS, in names and tags: its id, unless the account is its own."""
        return naming.ALONE if self.alone else self.id

    @property
    def account_region(self) -> AccountRegion:
        """Where the seat is."""
        return AccountRegion(self.account, self.region)


def account_regions_of(seats: Iterable[Seat]) -> tuple[AccountRegion, ...]:
    """Return where these seats are, each account and Region once, in the order of the seats."""
    return tuple(dict.fromkeys(seat.account_region for seat in seats))


def is_yaml(path: Path) -> bool:
    """Whether a roster file is read as YAML; everything else is CSV."""
    return path.suffix.casefold() in (".yaml", ".yml")


def read(path: Path) -> Sheet:
    """Return the rows of a roster file; its sheet says why when it cannot be read."""
    try:
        text = yaml_document.read(path)
    except yaml_document.UnreadableError as error:
        in_excel = "" if is_yaml(path) else " (in Excel: File, Save As, 'CSV UTF-8')"
        unread = (
            replace(each, message=f"{each.message}{in_excel}") if "UTF-8" in each.message else each
            for each in error.diagnostics
        )
        return Sheet((), _other_file(path) or tuple(unread))
    return parse(text, path)


def _other_file(path: Path) -> tuple[Diagnostic, ...]:
    """Return why a file is no text at all, such as a workbook of Excel."""
    try:
        with path.open("rb") as file:
            message = other_file(file.read(64))
    except OSError:
        return ()
    return (Diagnostic(1, (), message),) if message else ()


def parse(text: str, path: Path) -> Sheet:
    """Return the rows of a roster's text; ``path`` decides whether it is YAML or CSV."""
    return yaml_file.read(text) if is_yaml(path) else csv_file.read(text)


def check(sheet: Sheet, file: str, profiles: Collection[str] | None) -> list[Diagnostic]:
    """Return the diagnostics of a sheet but for missing ids; without ``profiles``, any may be."""
    diagnostics = list(sheet.diagnostics)
    if not sheet.rows and not diagnostics:
        diagnostics.append(Diagnostic(1, (), NO_ROWS))
    for row in sheet.rows:
        diagnostics += [
            Diagnostic(row.line, (column,), message)
            for column, message in _broken_rules(row, profiles)
        ]
    diagnostics += _repeated(sheet, "id", "every seat has its own")
    diagnostics += _repeated(sheet, "email", "every person has one row")
    return [each.of(file) for each in sorted(diagnostics, key=lambda each: each.line)]


def missing_ids(sheet: Sheet, file: str, cure: str) -> list[Diagnostic]:
    """Return one diagnostic for all rows without an id, at the first; ``cure`` is a command."""
    lines = [row.line for row in sheet.rows if not row.get("id")]
    if not lines:
        return []
    others = len(lines) - 1
    more = f" here and in {count_of(others, 'more row')}" if others else ""
    message = f"is missing{more}; have ids written with: {cure}"
    return [Diagnostic(lines[0], ("id",), message, file)]


def ids(sheet: Sheet, reserved: Collection[str] = ()) -> list[str]:
    """Return the id of each row: its own, or the one it would be given, none in ``reserved``."""
    taken = {row.get("id") for row in sheet.rows if row.get("id")} | set(reserved)
    nameless = [row for row in sheet.rows if not row.get("id")]
    derived = iter(derived_ids.derive([row.get("name") for row in nameless], taken))
    return [row.get("id") or next(derived) for row in sheet.rows]


def seats(
    sheet: Sheet, environment: Environment, reserved: Collection[str] = ()
) -> tuple[Seat, ...]:
    """Return the seats of a sheet without mistakes, in its order, then the spares."""
    listed = [
        _seat(seat, row.cells, environment)
        for seat, row in zip(ids(sheet, reserved), sheet.rows, strict=True)
    ]
    return (*listed, *_spares(environment, {seat.id for seat in listed}))


def numbered(environment: Environment) -> tuple[Seat, ...]:
    """Return the seats of ``roster.seats: N``, seat01 to seatN, then the spares."""
    count = environment.roster.seats or 0
    listed = [_seat(seat, {}, environment) for seat in _series("seat", count)]
    return (*listed, *_spares(environment, set()))


def _spares(environment: Environment, taken: Collection[str]) -> Iterator[Seat]:
    # A row may take a spare by its id: somebody came after all, and the workbench is there.
    for seat in _series("spare", environment.roster.spares):
        if seat not in taken:
            yield _seat(seat, {}, environment)


def _series(word: str, count: int) -> Iterator[str]:
    # Two digits, then three: seat99 keeps its id when seat100 comes.
    return (f"{word}{number:02d}" for number in range(1, count + 1))


def _seat(seat: str, cells: Mapping[str, str], environment: Environment) -> Seat:
    profile = cells.get("profile", environment.roster.profile)
    usual = of_profile(
        seat,
        profile,
        AccountRegion(
            cells.get("account", environment.account), cells.get("region", environment.region)
        ),
        environment,
    )
    own: dict[str, Any] = {"name": cells.get("name", ""), "email": cells.get("email", "")}
    if "instance_type" in cells:
        of_notebook = cells["instance_type"].startswith("ml.")
        own["instance_type" if of_notebook else "box_type"] = cells["instance_type"]
    if "volume_gb" in cells:
        of_notebook = environment.profiles[profile].has_notebook
        own["volume_gb" if of_notebook else "box_gb"] = int(cells["volume_gb"])
    return replace(usual, **own)


def of_profile(
    seat: str, profile: str, account_region: AccountRegion, environment: Environment
) -> Seat:
    """Return a seat with the values of its profile alone."""
    section = environment.profiles[profile]
    notebook, ec2 = section.notebook if section.has_notebook else None, section.ec2
    return Seat(
        id=seat,
        profile=profile,
        account=account_region.account,
        region=account_region.region,
        instance_type=notebook.instance_type if notebook else "",
        volume_gb=notebook.volume_gb if notebook else 0,
        box_type=ec2.instance_types[0] if ec2 else "",
        box_gb=ec2.volume_gb if ec2 else 0,
        box_subnet=ec2.subnets.subnet_ids[0] if ec2 and ec2.subnets else "",
    )


def _is_volume(text: str) -> bool:
    return re.fullmatch(r"[0-9]{1,5}", text) is not None and (
        MIN_VOLUME_GB <= int(text) <= MAX_VOLUME_GB
    )


_VOLUME = (
    f"is not a whole number from {MIN_VOLUME_GB} to {MAX_VOLUME_GB}; write the disk's GB as digits"
    " only"
)

# Column -> what its text must satisfy -> the message when it does not.
_RULES: tuple[tuple[str, Callable[[str], bool], str], ...] = (
    ("id", rules.SEAT.holds, rules.SEAT.message),
    ("id", lambda text: text != naming.COHORT, "is reserved for what all share; choose another id"),
    ("name", lambda text: len(text) <= MAX_NAME, f"is longer than {MAX_NAME} characters; cut it"),
    ("email", rules.EMAIL.holds, rules.EMAIL.message),
    ("instance_type", rules.MACHINE_TYPE.holds, rules.MACHINE_TYPE.message),
    ("volume_gb", _is_volume, _VOLUME),
    ("account", rules.ACCOUNT.holds, rules.ACCOUNT_CELL),
    ("region", rules.REGION.holds, rules.REGION.message),
)


def _broken_rules(row: RosterRow, profiles: Collection[str] | None) -> Iterator[tuple[str, str]]:
    steered = {column for column in COLUMNS if first_escaped(row.get(column))}
    for column in COLUMNS:
        if column in steered:
            yield column, _unseen(first_escaped(row.get(column)))
    for column, holds, message in _RULES:
        if (text := row.get(column)) and column not in steered and not holds(text):
            yield column, message
    profile = row.get("profile") if "profile" not in steered else ""
    if profile and profiles is not None and profile not in profiles:
        known = sorted(profiles)
        yield "profile", f"unknown profile; {suggestion(profile, known)}{listing(known)}"


def _unseen(character: str) -> str:
    """Return what is wrong with a character; its code point says nothing of a person."""
    name = unicodedata.name(character, "")
    code = f"U+{ord(character):04X}" + (f", {name.lower()}" if name else "")
    return f"holds a character that is obeyed or hidden, not shown ({code}); type the cell anew"


def _repeated(sheet: Sheet, column: str, rule: str) -> Iterator[Diagnostic]:
    first: dict[str, int] = {}
    for row in sheet.rows:
        # Two spellings of one address reach one person; an id in capitals is wrong by itself.
        text = row.get(column).casefold() if column == "email" else row.get(column)
        if not text:
            continue
        if text in first:
            message = f"stands in line {first[text]} too; {rule}"
            yield Diagnostic(row.line, (column,), message)
        first.setdefault(text, row.line)
