"""Finds an environment by its name, reads it with its roster, and tells every mistake at once."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from workshop import naming, policies
from workshop.config import instance_types, roster, yaml_document
from workshop.config.diagnostics import Diagnostic, dotted, suggestion
from workshop.config.environment import LoadedEnvironment
from workshop.config.instance_types import Use, known_regions
from workshop.config.models import DEFAULT_PROFILE, Access, Environment, Profile
from workshop.config.roster import Seat
from workshop.config.roster.sheet import Sheet
from workshop.config.validation import validate
from workshop.errors import ConfigError, UsageError
from workshop.naming import Names

STACKS_PER_REGION = 2000
"""CloudFormation's quota of stacks in one account and Region."""

# The name becomes a tag's value, and a file's name on any system.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True)
class Draft:
    """An environment as far as it could be read; ``mistakes`` leaves missing ids out."""

    name: str
    path: Path
    settings: Environment | None
    roster_path: Path | None
    sheet: Sheet | None
    mistakes: tuple[Diagnostic, ...]

    @property
    def seats(self) -> tuple[Seat, ...]:
        """All seats, those without a written id under the id they would be given."""
        if self.settings is None or self.mistakes:
            return ()
        if self.sheet is None:
            return roster.numbered(self.settings)
        return roster.seats(self.sheet, self.settings)


def known(config_dir: Path) -> list[str]:
    """The names of the environments in a folder, sorted; a folder that is not there has none."""
    names = (path.stem for path in config_dir.glob("*.yaml") if path.is_file())
    return sorted(name for name in names if _NAME.fullmatch(name))


def load(name: str, config_dir: Path = Path("config")) -> LoadedEnvironment:
    """Read ``<config_dir>/<name>.yaml`` and its roster.

    Raises UsageError when there is no such environment, and ConfigError with every mistake of
    both files.
    """
    read = draft(name, config_dir)
    mistakes = [*read.mistakes, *missing_ids(read, config_dir)]
    if mistakes or read.settings is None:
        raise ConfigError([str(mistake) for mistake in sorted(mistakes, key=_place)])
    seats = read.seats
    warnings = _warnings(read.settings, seats, datetime.now(UTC))
    return LoadedEnvironment(name, read.path, read.settings, seats, tuple(warnings))


def draft(name: str, config_dir: Path = Path("config")) -> Draft:
    """Read an environment with whatever mistakes it has; raises UsageError when it is not there."""
    path = _path(name, config_dir)
    file = shown(path)
    try:
        document = yaml_document.parse(yaml_document.read(path))
    except yaml_document.UnreadableError as error:
        faults = (Diagnostic(file, fault.line, "", fault.text) for fault in error.faults)
        return Draft(name, path, None, None, None, tuple(faults))
    settings, mistakes = validate(document, file)
    roster_path, sheet = _roster(path, document, mistakes)
    mistakes += _overlaps(path, document, sheet)
    if settings is not None and not mistakes:
        seats = Draft(name, path, settings, roster_path, sheet, ()).seats
        mistakes += _too_many_stacks(file, document.line(("roster",)), seats)
        mistakes += _never_opened(file, document, settings)
        mistakes += _too_much_policy(file, document, settings)
    return Draft(name, path, settings, roster_path, sheet, tuple(sorted(mistakes, key=_place)))


def missing_ids(read: Draft, config_dir: Path) -> list[Diagnostic]:
    """The mistake that rows have no id yet, with the command that cures it."""
    if read.sheet is None or read.roster_path is None:
        return []
    folder = shown(config_dir)
    where = "" if folder == "config" else f" --config-dir {folder}"
    cure = f"workshop roster -e {read.name}{where} --write"
    return roster.missing_ids(read.sheet, shown(read.roster_path), cure)


def shown(path: Path) -> str:
    """``path`` as messages name it: from the current folder where it lies below that."""
    absolute, here = Path(os.path.abspath(path)), Path.cwd()  # noqa: PTH100 - keeps links
    return (absolute.relative_to(here) if absolute.is_relative_to(here) else path).as_posix()


def _place(mistake: Diagnostic) -> tuple[str, int]:
    return mistake.file, mistake.line


def _path(name: str, config_dir: Path) -> Path:
    names = known(config_dir)
    if name in names:
        return config_dir / f"{name}.yaml"
    folder = shown(config_dir)
    if config_dir.is_file():
        raise UsageError(f"{folder} is a file; name the folder that holds the environments")
    if not names:
        where = "" if folder == "config" else f" --config-dir {folder}"
        raise UsageError(f"no environment in {folder}/; write one with: workshop init NAME{where}")
    raise UsageError(
        f"no environment {name!r} in {folder}/; {suggestion(name, names)}known: {', '.join(names)}"
    )


def _roster(
    path: Path, document: yaml_document.Document, mistakes: list[Diagnostic]
) -> tuple[Path | None, Sheet | None]:
    """The roster file that the document names, checked even when the document has mistakes."""
    data = document.data if isinstance(document.data, dict) else {}
    section = data.get("roster")
    named = section.get("file") if isinstance(section, dict) else None
    line = document.line(("roster", "file"))
    if not isinstance(named, str) or any(m.where == "roster.file" for m in mistakes):
        return None, None
    roster_path = path.parent / named
    if not roster_path.is_file():
        told = f"{named!r} is not there; the path counts from {shown(path.parent)}/"
        mistakes.append(Diagnostic(shown(path), line, "roster.file", told))
        return None, None
    profiles = data.get("profiles", {DEFAULT_PROFILE: {}})
    sheet = roster.read(roster_path)
    known_profiles = list(profiles) if isinstance(profiles, dict) else None
    mistakes += roster.check(sheet, shown(roster_path), known_profiles)
    return roster_path, sheet


def _overlaps(
    path: Path, document: yaml_document.Document, sheet: Sheet | None
) -> Iterator[Diagnostic]:
    """Other environments that would overwrite this one: same workshop, same account.

    A neighbour that cannot be read is not this file's mistake.
    """
    mine = _home(document)
    for name in known(path.parent):
        other = path.parent / f"{name}.yaml"
        if other == path:
            continue
        try:
            theirs = yaml_document.parse(yaml_document.read(other))
        except yaml_document.UnreadableError:
            continue
        workshop, account = _home(theirs)
        if workshop != mine[0] or not workshop:
            continue
        _, their_sheet = _roster(other, theirs, [])
        shared = _accounts(mine[1], sheet) & _accounts(account, their_sheet)
        if shared:
            told = (
                f"{workshop!r} in account {min(shared)} is {shown(other)} too, and each would"
                " overwrite the other; rename one of the workshops"
            )
            yield Diagnostic(shown(path), document.line(("workshop",)), "workshop", told)


def _home(document: yaml_document.Document) -> tuple[str, str]:
    """The workshop's name and account as written, empty where they are not there."""
    data = document.data if isinstance(document.data, dict) else {}
    return str(data.get("workshop") or ""), str(data.get("account") or "")


def _accounts(home: str, sheet: Sheet | None) -> set[str]:
    rows = sheet.rows if sheet else ()
    return {account for account in (home, *(row.get("account") for row in rows)) if account}


def _too_many_stacks(file: str, line: int, seats: Sequence[Seat]) -> Iterator[Diagnostic]:
    for (account, region), count in sorted(Counter((s.account, s.region) for s in seats).items()):
        stacks = len(naming.SEAT_STACKS) * count + 1
        if stacks > STACKS_PER_REGION:
            most = (STACKS_PER_REGION - 1) // len(naming.SEAT_STACKS)
            told = (
                f"{count} seats in {account} {region} are {stacks} stacks, and CloudFormation"
                f" holds {STACKS_PER_REGION} in a Region; keep to {most} seats there, and give"
                " others another account or region"
            )
            yield Diagnostic(file, line, "roster", told)


def _never_opened(
    file: str, document: yaml_document.Document, settings: Environment
) -> Iterator[Diagnostic]:
    """Extra statements that would open what has to stay closed."""
    for profile, section in settings.profiles.items():
        for number, extra in enumerate(section.access.extra_statements):
            place = ("profiles", profile, "access", "extra_statements", number)
            for told in policies.refused(extra):
                yield Diagnostic(file, document.line(place), dotted(place), told)


def _too_much_policy(
    file: str, document: yaml_document.Document, settings: Environment
) -> Iterator[Diagnostic]:
    """Policies that IAM would refuse, each with what makes it as large as it is."""
    names = Names.placeholders(settings.workshop)
    for policy in policies.sizes(names, settings.profiles, tag_keys=settings.tags):
        if policy.characters <= policy.limit:
            continue
        profile, _, part = policy.name.partition("-")
        place = ("profiles", profile, "access") if part else ("profiles",)
        told = (
            f"the policy {policy.name} has {policy.characters:,} characters and IAM takes"
            f" {policy.limit:,}; {policies.cure(part or profile)}"
        )
        yield Diagnostic(file, document.line(place), dotted(place), told)
    for name, profile_settings in settings.profiles.items():
        count = policies.attachments(name, profile_settings)
        if count > policies.ATTACHMENTS:
            place = ("profiles", name, "access")
            told = (
                f"a role takes {count} policies, and IAM ten of which one is kept for a teardown;"
                " do without access.extra_statements or the console role"
            )
            yield Diagnostic(file, document.line(place), dotted(place), told)


def _warnings(settings: Environment, seats: Sequence[Seat], now: datetime) -> Iterator[str]:
    if settings.end <= now:
        yield (
            f"the workshop is over since {settings.end.isoformat()}; give a later 'end', or tear"
            " it down"
        )
    for profile, section in settings.profiles.items():
        yield from _openings(f"profiles.{profile}.access", section.access)
        yield from _unknown_types(profile, section)
        if section.notebook.idle_stop_minutes and section.notebook.busy_stop_hours is None:
            yield (
                f"profiles.{profile}.notebook.busy_stop_hours is null: a cell that never ends, or"
                " an input() that nobody answers, keeps a notebook running and billed for ever"
            )
    for region in sorted({seat.region for seat in seats} - known_regions()):
        yield (
            f"region: {region!r} is no Region that this release knows;"
            f" {suggestion(region, sorted(known_regions()))}check its spelling"
        )
    unused = sorted(settings.profiles.keys() - {seat.profile for seat in seats})
    if unused:
        yield f"no seat has the profile {', '.join(unused)}; nothing is made of it"
    home = (settings.account, settings.region)
    for (account, region), count in sorted(Counter((s.account, s.region) for s in seats).items()):
        if (account, region) != home:
            seats_are, their = ("seat is", "its") if count == 1 else ("seats are", "their")
            yield (
                f"{count} {seats_are} in {account} {region} by {their} roster row: that place needs"
                " credentials and gets a cohort of its own"
            )


def _openings(where: str, access: Access) -> Iterator[str]:
    """Give what a profile lets its seats do beyond their own things."""
    if access.mode == "managed":
        yield (
            f"{where}.mode is managed: AWS's broad policies let an attendee use every instance type"
            " for any time and change what carries no tags; use scoped"
        )
    if access.managed_spot == "required":
        yield (
            f"{where}.managed_spot: IAM has no condition for managed spot training, so nothing here"
            " enforces it; ask Service Quotas for 0 of '<type> for training job usage' and for"
            " enough of '<type> for spot training job usage'"
        )
    if not access.model_prefix:
        yield (
            f"{where}.model_prefix is false: a seat can serve any model of the account that has no"
            " seat's prefix, yours as well, and run code with the role that the model names"
        )
    if access.model_packages:
        yield (
            f"{where}.model_packages: a registration can ask for a validation on any instance type,"
            " and IAM is not told; keep the quotas '<type> for transform job usage' of what is dear"
            " at 0"
        )
    if access.logs == "shared":
        yield (
            f"{where}.logs is shared: every seat of the profile reads the logs of all jobs and"
            " endpoints of the account, a neighbour's as well"
        )
    if access.console_organisers:
        yield (
            f"{where}.console_organisers: {', '.join(access.console_organisers)} can be every seat"
            " of the profile; name attendees' principals in console_principals"
        )
    for extra in access.extra_statements:
        yield (
            f"{where}.extra_statements opens {policies.opened(extra)} to every seat of the profile"
        )
        made = ", ".join(policies.making(extra.actions))
        if made:
            yield (
                f"{where}.extra_statements: what {made} makes is not looked for by teardown and"
                " leftovers, which say so and never call the workshop gone; look there yourself"
            )


def _unknown_types(name: str, profile: Profile) -> Iterator[str]:
    access = profile.access
    uses: tuple[tuple[Use, str, tuple[str, ...]], ...] = (
        ("notebook", "notebook.instance_type", (profile.notebook.instance_type,)),
        (
            "notebook",
            "notebook.fallback_instance_types",
            profile.notebook.fallback_instance_types,
        ),
        ("training", "access.training_instance_types", access.training_instance_types),
        ("processing", "access.processing_instance_types", access.processing_instance_types),
        ("endpoint", "access.endpoint_instance_types", access.endpoint_instance_types),
    )
    for use, where, types in uses:
        for one in sorted(set(types) - instance_types.known(use)):
            yield (
                f"profiles.{name}.{where}: {one!r} is no {use} instance type that this release"
                f" knows; {suggestion(one, sorted(instance_types.known(use)))}check its spelling"
            )
