"""Finds an environment by its name and reads it with its roster, or shows every mistake at once."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from workshop.config import assignment, command_line, images, roster, yaml_document
from workshop.config.assignment import Assignment
from workshop.config.diagnostics import Diagnostic, suggestion
from workshop.config.environment import LoadedEnvironment
from workshop.config.images import Pins
from workshop.config.models import DEFAULT_PROFILE, Environment
from workshop.config.roster import Seat
from workshop.config.roster import doubts as roster_doubts
from workshop.config.roster.sheet import Sheet
from workshop.config.validation import validate
from workshop.environments import accounts, boxes, dates, lint
from workshop.errors import ConfigError, UsageError
from workshop.files import shown

# The name becomes a tag's value, and a file's name on any system.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True)
class Draft:
    """An environment as far as it could be read; ``diagnostics`` leaves missing ids out.

    Nobody is given an id in ``reserved``: somebody else had it. ``doubts`` may not be meant, and
    every command says so; ``remarks`` are for whoever writes the files.
    """

    name: str
    path: Path
    settings: Environment | None
    roster_path: Path | None
    sheet: Sheet | None
    diagnostics: tuple[Diagnostic, ...]
    reserved: frozenset[str] = frozenset()
    doubts: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    of_people: tuple[str, ...] = ()
    """Those of the remarks that are about the roster."""
    pins: Pins = field(default_factory=Pins)
    assignment: Assignment = field(default_factory=Assignment)
    """The accounts of seats, where each has its own."""

    @property
    def seats(self) -> tuple[Seat, ...]:
        """All seats, those without a written id under the id they would be given.

        Where each has an account of its own, those that have none yet are left out.
        """
        if self.settings is None or not self.settings.accounts.are_own:
            return self.everybody
        assigned = self.assignment.by_seat
        return tuple(
            replace(seat, account=assigned[seat.id], alone=True)
            for seat in self.everybody
            if seat.id in assigned
        )

    @property
    def everybody(self) -> tuple[Seat, ...]:
        """All seats, as if they were in the accounts that YAML and roster name."""
        if self.settings is None or self.diagnostics:
            return ()
        if self.sheet is None:
            return roster.numbered(self.settings)
        return roster.seats(self.sheet, self.settings, self.reserved)


def known(config_dir: Path) -> list[str]:
    """The names of the environments in a folder, sorted; a folder that is not there has none."""
    names = (path.stem for path in config_dir.glob("*.yaml") if path.is_file())
    return sorted(name for name in names if _NAME.fullmatch(name))


def load(
    name: str, config_dir: Path = command_line.CONFIG_DIR, *, pinned: bool = True
) -> LoadedEnvironment:
    """Read ``<config_dir>/<name>.yaml`` and its roster.

    Without ``pinned``, machine images need not be known: it is to be asked which they are.
    Raises UsageError when there is no such environment, and ConfigError with every mistake of
    both files.
    """
    read = draft(name, config_dir)
    diagnostics = [*read.diagnostics, *missing_ids(read, config_dir)]
    diagnostics += missing_accounts(read) if not diagnostics else []
    diagnostics += missing_pins(read) if pinned else []
    if diagnostics or read.settings is None:
        raise ConfigError([str(each) for each in sorted(diagnostics, key=_place)])
    seats = read.seats
    warnings = [*read.doubts, *lint.warnings(read.settings, seats, datetime.now(UTC))]
    return LoadedEnvironment(
        name,
        read.path,
        read.settings,
        seats,
        tuple(warnings),
        remarks=read.remarks,
        pins=read.pins,
        assignment=read.assignment,
    )


def draft(name: str, config_dir: Path = command_line.CONFIG_DIR) -> Draft:
    """Read an environment with whatever mistakes it has; raises UsageError when it is not there."""
    path = _path(name, config_dir)
    file = shown(path)
    try:
        document = yaml_document.parse(yaml_document.read(path))
    except yaml_document.UnreadableError as error:
        # An unreadable text has lines, and no keys.
        unread = tuple(Diagnostic(each.line, (), each.message, file) for each in error.diagnostics)
        return Draft(name, path, None, None, None, unread)
    settings, diagnostics = validate(document)
    roster_path, sheet, of_roster = _roster(path, document, diagnostics)
    diagnostics += _overlaps(path, document, sheet)
    found = Draft(name, path, settings, roster_path, sheet, (*diagnostics, *of_roster))
    if settings is not None:
        assigned, of_accounts = _accounts_of(path, settings, sheet, roster_path)
        of_roster = [*of_roster, *of_accounts]
        found = replace(found, assignment=assigned, diagnostics=(*diagnostics, *of_roster))
    if settings is not None and not found.diagnostics:
        diagnostics += lint.diagnostics(document, settings, found.seats)
        pins, of_pins = images.read(config_dir) if settings.has_boxes else (found.pins, ())
        diagnostics += boxes.diagnostics(document, settings, found.seats, pins)
        found, of_roster = replace(found, pins=pins), [*of_roster, *of_pins]
        if sheet is not None and roster_path is not None and not of_pins:
            rows = boxes.without_machine(sheet, settings)
            of_roster += [each.of(shown(roster_path)) for each in rows]
    whole = (*(each.of(file) for each in diagnostics), *of_roster)
    found = replace(found, diagnostics=tuple(sorted(whole, key=_place)))
    return found if settings is None or whole else _doubted(found, document, settings)


def _accounts_of(
    path: Path, settings: Environment, sheet: Sheet | None, roster_path: Path | None
) -> tuple[Assignment, list[Diagnostic]]:
    """Return the accounts that seats have as their own, and what is wrong with any account."""
    found: list[Diagnostic] = []
    if sheet is not None and roster_path is not None:
        file = shown(roster_path)
        found += [each.of(file) for each in accounts.of_rows(sheet, settings)]
    if not settings.accounts.are_own:
        return Assignment(), found
    assigned, diagnostics = assignment.read(path)
    file = shown(assignment.path(path))
    elsewhere, _ = used_elsewhere(path)  # a neighbour that cannot be read is not this one's mistake
    no_seats = accounts.of_assignment(assigned, settings.account, elsewhere)
    return assigned, [*found, *diagnostics, *(each.of(file) for each in no_seats)]


def _doubted(found: Draft, document: yaml_document.Document, settings: Environment) -> Draft:
    """Return a draft without mistakes with what of it may not be meant."""
    file = shown(found.path)
    about_dates = [each.of(file) for each in dates.warnings(document, settings, datetime.now(UTC))]
    about_boxes = [each.of(file) for each in boxes.remarks(document, settings)]
    about_people = (
        roster_doubts.warnings(found.sheet, shown(found.roster_path))
        if found.sheet is not None and found.roster_path is not None
        else []
    )
    return replace(
        found,
        doubts=tuple(
            map(
                str,
                (
                    *(each.of(file) for each in lint.doubts(document, settings)),
                    *hand_written(found),
                ),
            )
        ),
        remarks=tuple(
            map(str, (*about_dates, *about_people, *about_boxes, *lint.remarks(settings)))
        ),
        of_people=tuple(map(str, about_people)),
    )


def missing_ids(read: Draft, config_dir: Path) -> list[Diagnostic]:
    """Return the diagnostic that rows have no id yet, with the command that cures it."""
    if read.sheet is None or read.roster_path is None:
        return []
    cure = command_line.command("roster", read.name, config_dir, "--write")
    return roster.missing_ids(read.sheet, shown(read.roster_path), cure)


def missing_accounts(read: Draft) -> list[Diagnostic]:
    """Return the diagnostic that seats have no account of their own yet, with the cure."""
    if read.settings is None or not read.settings.accounts.are_own:
        return []
    cure = command_line.command("accounts", read.name, read.path.parent, "--write")
    lacking = accounts.lacking(read.everybody, read.assignment, cure)
    return [each.of(shown(assignment.path(read.path))) for each in lacking]


def hand_written(read: Draft) -> list[Diagnostic]:
    """Return of a draft what :func:`doubted_accounts` does."""
    ids = [seat.id for seat in read.everybody]
    return doubted_accounts(read.name, read.path, read.assignment, ids)


def doubted_accounts(
    name: str, path: Path, assigned: Assignment, seats: Collection[str]
) -> list[Diagnostic]:
    """Return the lines that somebody has changed or written by hand, and so whose an account is.

    ``seats`` are all that there are.
    """
    cure = command_line.command("accounts", name, path.parent, "--write")
    lines = (*accounts.changed(assigned, seats, cure), *accounts.unchecked(assigned, cure))
    return [each.of(shown(assignment.path(path))) for each in lines]


def missing_pins(read: Draft) -> list[Diagnostic]:
    """Return the diagnostics of machine images that nobody has asked AWS for yet."""
    if read.settings is None or read.diagnostics or not read.settings.has_boxes:
        return []
    document = yaml_document.parse(yaml_document.read(read.path))
    cure = command_line.command("image pin", read.name, read.path.parent)
    missing = boxes.missing_pins(document, read.settings, read.seats, read.pins, cure)
    return [each.of(shown(read.path)) for each in missing]


def _place(diagnostic: Diagnostic) -> tuple[str, int]:
    return diagnostic.file, diagnostic.line


def _path(name: str, config_dir: Path) -> Path:
    names = known(config_dir)
    if name in names:
        return config_dir / f"{name}.yaml"
    folder = shown(config_dir)
    if config_dir.is_file():
        raise UsageError(f"{folder} is a file; name the folder that holds the environments")
    if not names:
        raise UsageError(f"{nothing_in(config_dir, name)}; {_whereabouts(name, config_dir)}")
    raise UsageError(
        f"no environment {name!r} in {folder}/; {suggestion(Path(name).stem, names)}known:"
        f" {', '.join(names)}"
    )


def nothing_in(config_dir: Path, name: str = "NAME") -> str:
    """Return that a folder holds no environment: which folder, and what was expected there."""
    folder = Path.cwd() / config_dir
    is_there = "has no environment" if folder.is_dir() else "is not there"
    return f"{folder.as_posix()}/ {is_there}, where {name}.yaml was expected"


def _whereabouts(name: str, config_dir: Path) -> str:
    """Return where the environment may be: in a folder above or right below, or in another one."""
    inside = config_dir / command_line.CONFIG_DIR
    if name in known(inside):
        whole = (Path.cwd() / inside).as_posix()
        return f"it is in {whole}/: go on with: --config-dir {shlex.quote(inside.as_posix())}"
    if not config_dir.is_absolute():
        here = Path.cwd()
        for place in (*here.parents, *sorted(here.glob("*/"))):
            folder = place / config_dir
            if name in known(folder):
                return f"it is in {folder.as_posix()}/: go on with: cd {shlex.quote(str(place))}"
    return "go to the folder that holds your workshop, or name its folder with --config-dir"


def _roster(
    path: Path, document: yaml_document.Document, diagnostics: list[Diagnostic]
) -> tuple[Path | None, Sheet | None, list[Diagnostic]]:
    """Return the roster file that the document names, its rows, and what is wrong with them.

    It is checked even when the document has mistakes; that it is not there is one of these.
    """
    data = document.data if isinstance(document.data, dict) else {}
    section = data.get("roster")
    named = section.get("file") if isinstance(section, dict) else None
    place = ("roster", "file")
    if not isinstance(named, str) or any(each.path == place for each in diagnostics):
        return None, None, []
    roster_path = path.parent / named
    if not roster_path.is_file():
        message = f"{named!r} is not there; the path counts from {shown(path.parent)}/"
        diagnostics.append(Diagnostic(document.line(place), place, message))
        return None, None, []
    profiles = data.get("profiles", {DEFAULT_PROFILE: {}})
    sheet = roster.read(roster_path)
    known_profiles = list(profiles) if isinstance(profiles, dict) else None
    return roster_path, sheet, roster.check(sheet, shown(roster_path), known_profiles)


def _overlaps(
    path: Path, document: yaml_document.Document, sheet: Sheet | None
) -> Iterator[Diagnostic]:
    """Yield other environments that would overwrite this one: same workshop, same account.

    A neighbour that cannot be read is not this file's mistake.
    """
    mine = _home(document)
    for other, theirs in _others(path):
        workshop, account = _home(theirs)
        if workshop != mine[0] or not workshop:
            continue
        _, their_sheet, _ = _roster(other, theirs, [])
        shared = _accounts(mine[1], sheet) & _accounts(account, their_sheet)
        if shared:
            message = (
                f"{workshop!r} in account {min(shared)} is {shown(other)} too, and each would"
                " overwrite the other; rename one of the workshops, or, for several Regions of one"
                " workshop, give rows of one roster a 'region'"
            )
            yield Diagnostic(document.line(("workshop",)), ("workshop",), message)


def _others(path: Path) -> Iterator[tuple[Path, yaml_document.Document]]:
    """Yield the other environments of a folder that can be read."""
    for name in known(path.parent):
        other = path.parent / f"{name}.yaml"
        if other != path:
            with suppress(yaml_document.UnreadableError):
                yield other, yaml_document.parse(yaml_document.read(other))


def used_elsewhere(path: Path) -> tuple[dict[str, str], list[Diagnostic]]:
    """Return what other environments use accounts for, as sentences without a subject.

    The diagnostics are of their files of accounts: whose those are is not known.
    """
    found: dict[str, str] = {}
    diagnostics: list[Diagnostic] = []
    for other, theirs in _others(path):
        _, account = _home(theirs)
        _, sheet, _ = _roster(other, theirs, [])
        for each in _accounts(account, sheet):
            found[each] = f"is an account of {shown(other)}"
        assigned, wrong = assignment.read(other)
        diagnostics += wrong
        for each, seat in assigned.seat_of.items():
            found[each] = f"is {seat}'s in {shown(assignment.path(other))}"
    return found, diagnostics


def _home(document: yaml_document.Document) -> tuple[str, str]:
    """Return the workshop's name and account as written, empty where they are not there."""
    data = document.data if isinstance(document.data, dict) else {}
    return str(data.get("workshop") or ""), str(data.get("account") or "")


def _accounts(home: str, sheet: Sheet | None) -> set[str]:
    rows = sheet.rows if sheet else ()
    return {account for account in (home, *(row.get("account") for row in rows)) if account}
