"""Which stack sets an environment should have, whose seats have accounts of their own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from workshop.config.command_line import CONFIG_DIR
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat
from workshop.deploy.assembly import Assembly
from workshop.deploy.desired import DesiredStack
from workshop.deploy.templates import Template
from workshop.naming import (
    COHORT,
    COHORT_STACKS,
    ORGANISER,
    SEAT_STACKS,
    needed_by,
)


def needs_of(kind: str) -> tuple[str, ...]:
    """Return the stacks that one of an account's needs, by kinds, as far as the account has them.

    The organiser's comes before all others: whoever made them can then read and remove them.
    """
    if kind == ORGANISER:
        return ()
    needed = needed_by(kind) if kind in COHORT_STACKS else SEAT_STACKS[kind].needs
    return (ORGANISER, needed) if needed else (ORGANISER,)


def levels(kinds: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Return kinds of stacks level by level: each needs of earlier levels alone."""
    left = list(dict.fromkeys(kinds))
    found: list[tuple[str, ...]] = []
    while left:
        level = tuple(kind for kind in left if not {*needs_of(kind)} & {*left})
        found.append(level)
        left = [kind for kind in left if kind not in level]
    return tuple(found)


@dataclass(frozen=True)
class DesiredSet:
    """A stack set as it should be, and the seats in whose accounts its stacks are to be.

    ``stack`` is what the workshop calls each of its stacks; ``tags`` are without the digest.
    """

    name: str
    kind: str
    profile: str
    stack: str
    template: Template = field(repr=False)
    tags: Mapping[str, str] = field(repr=False)
    seats: tuple[Seat, ...] = field(repr=False)
    config_dir: Path = CONFIG_DIR
    needs: str = ""
    """The name of the stack that has to be there before, empty for none."""

    @property
    def tagged(self) -> dict[str, str]:
        """The tags of the set that is made from the template."""
        return self.of(self.seats[0]).tagged(self.template)

    @cached_property
    def parameters(self) -> frozenset[str]:
        """The names of the template's parameters."""
        return frozenset(self.template.document.get("Parameters", ()))

    def default(self, parameter: str) -> str:
        """Return the default of a parameter."""
        return str(self.template.document["Parameters"][parameter].get("Default", ""))

    def of(self, seat: Seat) -> DesiredStack:
        """Return the stack of the set in a seat's account, which is that seat's alone."""
        return DesiredStack(
            name=self.stack,
            kind=self.kind,
            seat=seat.id,
            account_region=seat.account_region,
            templates=(self.template,),
            tags=self.tags,
            needs=self.needs,
            config_dir=self.config_dir,
        )


def sets(
    loaded: LoadedEnvironment, assembly: Assembly, seats: Sequence[Seat]
) -> Iterator[DesiredSet]:
    """Yield the stack sets of ``seats``: one for each profile and stack, in the order of making."""
    by_profile: dict[str, list[Seat]] = {}
    for seat in seats:
        by_profile.setdefault(seat.profile, []).append(seat)
    for profile, some in by_profile.items():
        example = _exemplar(loaded, assembly, profile)
        names, cohort = loaded.names(example), loaded.cohort_names(example.account_region)
        has = {*loaded.settings.cohort_stacks, *loaded.kinds(example)}
        for kind in loaded.settings.cohort_stacks:
            yield DesiredSet(
                name=cohort.stack_set(kind, profile),
                kind=kind,
                profile=profile,
                stack=cohort.stack(kind),
                template=assembly.cohorts[example.account_region, kind].template,
                tags=loaded.tags(COHORT, COHORT),
                seats=tuple(some),
                config_dir=loaded.path.parent,
                needs=_needed(loaded, example, kind, has),
            )
        for kind in loaded.kinds(example):
            yield DesiredSet(
                name=names.stack_set(kind, profile),
                kind=kind,
                profile=profile,
                stack=names.stack(kind),
                template=assembly.exemplars[profile, kind].template(example),
                tags=loaded.tags(example.attendee, profile),
                seats=tuple(some),
                config_dir=loaded.path.parent,
                needs=_needed(loaded, example, kind, has),
            )


def _exemplar(loaded: LoadedEnvironment, assembly: Assembly, profile: str) -> Seat:
    """Return the seat of a profile for which everything was synthesized."""
    there = {account_region for account_region, _ in assembly.cohorts}
    return next(
        seat for seat in loaded.seats if seat.profile == profile and seat.account_region in there
    )


def stack_name(loaded: LoadedEnvironment, seat: Seat, kind: str) -> str:
    """Return what the stack of a kind is called in a seat's account."""
    names = loaded.names(seat)
    return (names.cohort if kind in COHORT_STACKS else names).stack(kind)


def _needed(loaded: LoadedEnvironment, seat: Seat, kind: str, has: Iterable[str]) -> str:
    """Return the last of the stacks that one needs, which needs the others."""
    needed = [other for other in needs_of(kind) if other in {*has}]
    return stack_name(loaded, seat, needed[-1]) if needed else ""
