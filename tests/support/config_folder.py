"""Writes configuration folders for tests: a sound environment, then whatever a test breaks."""

from __future__ import annotations

import json
from pathlib import Path

from workshop.config.environment import LoadedEnvironment
from workshop.environments import loader

HEAD = """\
workshop: vision
account: "111122223333"
region: eu-west-1
start: 2099-03-08T09:00:00+01:00
end: 2099-03-09T17:00:00+01:00
"""
"""Five sound lines; what a test adds begins at line 6."""

SEATS = "roster: {seats: 3}\n"
NOTEBOOK = f"{HEAD}{SEATS}profiles:\n  attendee:\n    notebook:\n"
"""Nine lines; keys of the notebook follow, with six blanks in front."""

PROFILES = "profiles: {attendee: {}, instructor: {notebook: {instance_type: ml.t3.large}}}\n"


def write(folder: Path, text: str | bytes, name: str = "dev") -> Path:
    """Put an environment of these contents into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def write_roster(folder: Path, text: str | bytes, file: str = "people.csv") -> Path:
    """Put a roster into ``folder``, and a sound environment ``dev`` with two profiles over it."""
    write(folder, f"{HEAD}roster: {{file: {json.dumps(file)}}}\n{PROFILES}")
    path = folder / file
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def mistakes(folder: Path, name: str = "dev") -> list[str]:
    """Every mistake of an environment as ``line: where: text``, without its file's name."""
    found = loader.draft(name, folder).diagnostics
    return [str(diagnostic.of("")).removeprefix(":") for diagnostic in found]


def load(folder: Path, name: str = "dev") -> LoadedEnvironment:
    """The environment, which has to be sound."""
    return loader.load(name, folder)
