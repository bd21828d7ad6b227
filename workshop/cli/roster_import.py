"""``workshop roster --import``: registrations become rows of the roster."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from workshop.cli import accounts_import, console
from workshop.config import command_line, roster
from workshop.config.roster import registrations
from workshop.config.roster.merge import Merge, SeatedRegistration, merged
from workshop.config.roster.registrations import Export, Registration
from workshop.config.roster.sheet import MAX_ROWS, Sheet
from workshop.config.roster.write import write_merge
from workshop.counting import count_of
from workshop.environments.loader import Draft
from workshop.errors import ConfigError, UsageError
from workshop.files import shown


def run(draft: Draft, file: Path, config_dir: Path, *, yes: bool, as_json: bool) -> None:
    """Read the export, show what becomes of each row, ask, and write.

    Raise ConfigError or UsageError where the roster or the export cannot be read, and GuardError
    where nobody agrees; nothing is written then.
    """
    settings = draft.settings
    if settings and settings.accounts.are_own and (listed := accounts_import.read(file)):
        accounts_import.run(draft, file, listed, yes=yes, as_json=as_json)
        return
    path, sheet = _destination(draft)
    export = _read(file, settings.accounts.mode if settings else None)
    merge = merged(sheet, export.registrations, draft.reserved)
    if merge.is_too_long:
        raise UsageError(
            f"{shown(path)} would have {count_of(len(merge.sheet.rows), 'row')}, and a roster takes"
            f" {MAX_ROWS:,}; split it into two environments"
        )
    if not as_json:
        _show(export, merge, file, _teardown(draft, config_dir))
    written = False
    try:
        if merge.new:
            if not yes:
                accounts_import.agree(_rows(merge), path)
            write_merge(path, sheet, merge, draft.reserved)
            written = True
    finally:
        if as_json:
            console.print_json(_document(export, merge, path, written=written))
    if written:
        console.say(f"{shown(path)}: {_rows(merge)} written")
    elif not merge.new:
        console.say(f"{shown(path)}: nothing to write")


def _destination(draft: Draft) -> tuple[Path, Sheet]:
    # A roster that waits for its first people has its headings alone.
    problems = [str(each) for each in draft.diagnostics if each.message != roster.NO_ROWS]
    if problems:
        raise ConfigError(problems)
    if draft.roster_path is None or draft.sheet is None:
        raise UsageError(
            f"{shown(draft.path)} has numbered seats and no roster file; write"
            f" 'roster: {{file: {draft.name}.csv}}' there and a file of that name beside it with"
            " the line 'id,name,email', and import again"
        )
    return draft.roster_path, draft.sheet


def _read(file: Path, mode: str | None) -> Export:
    export = registrations.read(accounts_import.content(file), accounts=mode == "roster")
    if export.diagnostics:
        neither = f"{shown(file)}: is no list of accounts, with a column 'Account ID', either"
        of_people = [str(each.of(shown(file))) for each in export.diagnostics]
        raise ConfigError([*of_people, *([neither] if mode == "ou" else [])])
    if export.is_guess:
        console.warn(
            f"{shown(file)} does not say its encoding; its letters fit {export.encoding} best:"
            " look at the names"
        )
    return export


def _rows(merge: Merge) -> str:
    return count_of(len(merge.new), "new row")


def _teardown(draft: Draft, config_dir: Path) -> str:
    return command_line.command("teardown", draft.name, config_dir, "--early", "--only")


def _show(export: Export, merge: Merge, file: Path, teardown: str) -> None:
    columns = "; ".join(
        f"{heading.value} from {', '.join(map(repr, titles))}"
        for heading, titles in export.columns.items()
        if titles
    )
    console.say(f"{shown(file)}: {export.encoding}; {columns}; columns not used: {export.unused}")
    off = {seated.registration.line: seated.id for seated in merge.off}
    lines: list[tuple[int, str, str, Registration, str]] = [
        *(
            (each.registration.line, "new", each.id, each.registration, _notes(each))
            for each in merge.new
        ),
        *(
            (each.registration.line, "stays", each.id, each.registration, _notes(each))
            for each in merge.present
            if each.notes
        ),
    ]
    for each in merge.left_out:
        seat, why = off.get(each.line, ""), each.left_out
        if seat:
            why += f" and has a seat; end it with '{teardown} {seat}', and only then its row"
        lines.append((each.line, "left out", seat, each, why))
    table = console.table("line", "plan", "id", "name", "email", "why")
    for line, plan, seat, each, why in sorted(lines, key=lambda entry: entry[0]):
        table.add_row(str(line), plan, seat, each.name, each.email, why)
    if table.row_count:
        console.print_table(table)
        console.print_line()
    console.print_line(_summary(merge))


def _notes(seated: SeatedRegistration) -> str:
    return "; ".join(seated.notes)


def _summary(merge: Merge) -> str:
    parts = [
        f"{len(merge.new)} new",
        f"{len(merge.present)} on the roster already",
        f"{len(merge.left_out)} left out",
    ]
    if merge.absent:
        parts.append(f"{merge.absent} on the roster and not in this file, who stay")
    return f"registrations: {', '.join(parts)}"


def _document(export: Export, merge: Merge, path: Path, *, written: bool) -> dict[str, Any]:
    return {
        "roster": shown(path),
        "encoding": export.encoding,
        "columns": {heading.value: list(of) for heading, of in export.columns.items() if of},
        "new": [_seated(each) for each in merge.new],
        "present": [_seated(each) for each in merge.present],
        "left_out": [{**_registration(each), "why": each.left_out} for each in merge.left_out],
        "to_end": [each.id for each in merge.off],
        "absent": merge.absent,
        "written": written,
    }


def _seated(seated: SeatedRegistration) -> dict[str, Any]:
    return {"id": seated.id, **_registration(seated.registration), "notes": list(seated.notes)}


def _registration(each: Registration) -> dict[str, Any]:
    return {"line": each.line, "name": each.name, "email": each.email}
