"""The environment that labs are fitted into: one that is there, or a new one to be written."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from workshop.aws import regions
from workshop.bill import estimate
from workshop.bill.estimate import Estimate
from workshop.config import scaffold
from workshop.config.environment import LoadedEnvironment
from workshop.config.models import DEFAULT_PROFILE
from workshop.counting import count_of
from workshop.environments import loader
from workshop.fit.fitting import Fitting, fit
from workshop.fit.needs import Labs
from workshop.fit.profile_text import comments, profile_text
from workshop.fit.remarks import where
from workshop.fit.report import FitReport
from workshop.naming import Names

STAND_IN = "111122223333"
"""Stands for the account until its organiser writes it: no policy depends on which it is."""
MOST_TOLD = 12
"""How much of what stays closed or has to be edited stands in the file; ``fit`` tells the rest."""


@dataclass(frozen=True)
class NewEnvironment:
    """What a new environment begins with."""

    name: str
    region: str
    account: str | None
    seats: int
    today: datetime

    def text(self, profile: str) -> str:
        """Return the file with a profile, as text below ``profiles``."""
        head = scaffold.head_text(
            self.name,
            account=self.account,
            region=self.region,
            today=self.today,
            roster=f"seats: {self.seats} # nameless until you list people in a file",
        )
        return head + profile

    def loaded(self, profile: str) -> LoadedEnvironment:
        """Return it as ``check`` reads it; raise ConfigError with every mistake."""
        known = replace(self, account=self.account or STAND_IN)
        with tempfile.TemporaryDirectory(prefix="workshop-fit-") as folder:
            path = Path(folder) / f"{self.name}.yaml"
            path.write_text(known.text(profile), encoding="utf-8")
            return loader.load(self.name, path.parent)


def fitted(loaded: LoadedEnvironment, profile_name: str, labs: Labs) -> Fitting:
    """Return the smallest profile for labs in the place of one of an environment's."""
    settings = loaded.settings
    seat = next((seat for seat in loaded.seats if seat.profile == profile_name), loaded.seats[0])
    names = Names(settings.workshop, seat.attendee, seat.account, seat.region)
    return fit(labs, regions.placed(names), settings, profile_name)


def expected(loaded: LoadedEnvironment, profile_name: str, fitting: Fitting) -> Estimate | None:
    """Return what the seats of a profile cost with what was fitted; None without an end."""
    profiles = {**loaded.settings.profiles, profile_name: fitting.profile}
    changed = replace(loaded, settings=loaded.settings.model_copy(update={"profiles": profiles}))
    seats = [seat for seat in loaded.seats if seat.profile == profile_name]
    return estimate.estimate(changed, seats)


def new_text(environment: NewEnvironment, report: FitReport) -> str:
    """Return the file of a new environment: the profile, and what its organiser has to know."""
    profile = profile_text(DEFAULT_PROFILE, report.fitting.settings)
    heading = [f"Written for {report.title}: it opens what these labs ask for, and no more."]
    if report.estimate is not None:
        heading.append(report.estimate.line)
    parts = [f"- {', '.join(each.actions)}: {each.reason}" for each in report.closed]
    edits = [f"- {each.text} ({where(each.places, 1)})" for each in report.remarks]
    tail = "".join(
        f"\n{comments([title, *_first(lines)], indent=0)}"
        for title, lines in (("Stays closed:", parts), ("To edit in the labs:", edits))
        if lines
    )
    return environment.text(f"{comments(heading, indent=2)}{profile}{tail}")


def _first(lines: list[str]) -> list[str]:
    left = len(lines) - MOST_TOLD
    return (
        lines
        if left <= 0
        else [*lines[:MOST_TOLD], f"- and {count_of(left, 'more line')}, which fit tells"]
    )
