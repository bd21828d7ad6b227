"""Synthesizes the shipped environments once for all tests that look at templates."""

from __future__ import annotations

import fcntl
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from stacks import build
from tests.support import shared_folder
from workshop.config.environment import LoadedEnvironment
from workshop.environments import loader
from workshop.naming import COHORT_STACKS, DOOR, ORGANISER

ROOT = Path(__file__).parents[2]
ENVIRONMENTS = tuple(loader.known(ROOT / "config"))


WITHOUT_DOOR = tuple(kind for kind in COHORT_STACKS if kind not in (DOOR, ORGANISER))
"""The stacks that the seats of every shipped environment share."""


@dataclass(frozen=True)
class Synthesized:
    """A cloud assembly on disk and the environment that it was made from."""

    loaded: LoadedEnvironment
    directory: Path

    def text(self, stack: str) -> str:
        """A stack's template, as CDK wrote it."""
        return (self.directory / f"{stack}.template.json").read_text(encoding="utf-8")

    def template(self, stack: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.text(stack))
        return document

    def manifest(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((self.directory / "manifest.json").read_text())
        return document

    def stacks(self) -> list[str]:
        """The artifacts' ids, in the order in which the app made them."""
        return [
            name
            for name, artifact in self.manifest()["artifacts"].items()
            if artifact["type"] == "aws:cloudformation:stack"
        ]


def synthesize(loaded: LoadedEnvironment, attendees: list[str] | None = None) -> Synthesized:
    """What ``cdk synth`` writes, checks included."""
    directory = Path(mkdtemp(prefix="assembly-"))
    made = build.new_app(str(directory))
    build.build(made, loaded, attendees)
    made.synth()
    return Synthesized(loaded, directory)


def exemplars(loaded: LoadedEnvironment) -> dict[str, str]:
    """The first seat of each profile that the roster uses: profile to seat id."""
    first: dict[str, str] = {}
    for seat in loaded.seats:
        first.setdefault(seat.profile, seat.id)
    return first


@cache
def shipped(name: str) -> Synthesized:
    """A shipped environment with one seat of each profile, made once by all workers of a run."""
    loaded = loader.load(name, ROOT / "config")
    directory = shared_folder.folder() / name
    with Path(f"{directory}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not directory.exists():
            made = synthesize(loaded, list(exemplars(loaded).values()))
            made.directory.rename(directory)
    return Synthesized(loaded, directory)
