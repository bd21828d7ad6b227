"""What a teardown would do to each thing, and the digest by which it is held to that."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any

from workshop.errors import GuardError
from workshop.places import Place
from workshop.teardown.discover import NOT_KINDS, Discovery, is_settled, stands_for
from workshop.teardown.model import (
    ByHand,
    Emptying,
    Identity,
    Kind,
    Memory,
    Ownership,
    Permanent,
    Thing,
)

FILE = "teardown-plan.json"


class Fate(StrEnum):
    """What is to become of a thing."""

    DELETE = "delete"
    EMPTY = "empty"
    """Its contents go, and then itself with its stack."""
    WITH_STACK = "goes with its stack"
    RECORD = "stop; its record stays"
    """AWS's API cannot delete it."""
    STOP = "stop"
    """Of a running workshop's stack: it stays, and costs less."""
    KEEP = "keep"
    LEAVE_CLAIMED = "leave: only claimed"
    LEAVE_FOREIGN = "leave: not ours"
    LEAVE_UNKNOWN = "leave: unknown"


_BY_THEMSELVES = frozenset({"log stream", "log group", "trial component"})
"""Kinds that what runs brings forth without anybody; what is proven of them goes all the same."""

_OF_A_STACK = ("ResourceType", "PhysicalResourceId")
"""What has to be known of the resources of a stack."""

_LEFT = {
    Ownership.FOREIGN: Fate.LEAVE_FOREIGN,
    Ownership.UNKNOWN: Fate.LEAVE_UNKNOWN,
    Ownership.CLAIMED: Fate.LEAVE_CLAIMED,
}


@dataclass(frozen=True)
class Choices:
    """What whoever asks for a plan has chosen; a sweep of a running workshop keeps its stacks."""

    only: tuple[str, ...] | None = None
    include_claimed: bool = False
    abandon: bool = False
    stacks: bool = True
    contents: bool = True
    """Whether what buckets of stacks hold is deleted."""


@dataclass(frozen=True)
class Plan:
    """What was found and what is to become of it."""

    discovery: Discovery
    kinds: Mapping[str, Kind]
    choices: Choices

    def fate(self, thing: Thing) -> Fate | None:
        """What becomes of it; None for what a sweep does not touch."""
        if self.discovery.is_kept(thing):
            return Fate.KEEP
        left = _LEFT.get(thing.ownership)
        included = left == Fate.LEAVE_CLAIMED and self.choices.include_claimed
        by_hand = isinstance(self.kinds.get(thing.kind), ByHand)
        if left is not None and (by_hand or not included):
            return left
        if thing.kind in NOT_KINDS:
            deleted = Fate.WITH_STACK if thing.stack else Fate.DELETE
            return deleted if self.choices.stacks else None
        kind = self.kinds[thing.kind]
        if thing.stack:
            return self._in_stack(kind, thing)
        return Fate.RECORD if isinstance(kind, Permanent) and kind.permanent else Fate.DELETE

    def _in_stack(self, kind: Kind, thing: Thing) -> Fate | None:
        if isinstance(kind, Emptying) and self.choices.contents:
            return Fate.EMPTY
        if self.choices.stacks:
            return Fate.WITH_STACK
        return None if kind.deletable_in(thing.state) else Fate.STOP

    @property
    def fates(self) -> list[tuple[Thing, Fate]]:
        """Every thing with its fate, in a lasting order."""
        found = [(thing, self.fate(thing)) for thing in self.discovery.things.values()]
        return sorted(
            ((thing, fate) for thing, fate in found if fate is not None),
            key=lambda one: (one[0].place, one[0].seat, one[0].kind, one[0].id),
        )

    def things(self, *fates: Fate) -> list[Thing]:
        """The things of these fates."""
        return [thing for thing, fate in self.fates if fate in fates]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do, and nothing that would be in doubt."""
        done = (Fate.KEEP, Fate.LEAVE_FOREIGN)
        return not self.discovery.unknown and all(
            fate in done or (fate == Fate.RECORD and self.has_ended(thing))
            for thing, fate in self.fates
        )

    def has_ended(self, thing: Thing) -> bool:
        """Whether a record that stays belongs to something that runs no more."""
        return self.kinds[thing.kind].deletable_in(thing.state)

    @property
    def hourly(self) -> tuple[Decimal, bool]:
        """What it all costs an hour in USD, and whether every price is known."""
        ours = (Ownership.OWNED, Ownership.CLAIMED, Ownership.UNKNOWN)
        found = [
            thing.hourly for thing in self.discovery.things.values() if thing.ownership in ours
        ]
        return sum((one for one in found if one is not None), start=Decimal(0)), None not in found

    @property
    def lines(self) -> list[str]:
        """One line for each thing: all that the digest covers, states and prices left out.

        A job that ends by itself meanwhile changes nothing about the plan.
        """
        return sorted(
            json.dumps(
                [
                    *(thing.kind, thing.id, str(thing.place), thing.identity[-1]),
                    *(thing.ownership, thing.seat, fate),
                ]
            )
            for thing, fate in self.fates
        )

    @property
    def digest(self) -> str:
        """Twelve hexadecimal digits that stand for all that is shown."""
        unknown = sorted(f"{one.kind}|{one.place}" for one in self.discovery.unknown)
        whole = json.dumps([self.lines, unknown, self._chosen()])
        return hashlib.sha256(whole.encode()).hexdigest()[:12]

    def _chosen(self) -> dict[str, Any]:
        choices = self.choices
        return {
            "only": None if choices.only is None else sorted(choices.only),
            "include_claimed": choices.include_claimed,
            "abandon": choices.abandon,
            "stacks": choices.stacks,
            "contents": choices.contents,
        }

    def write(self, folder: Path) -> None:
        """Keep it for ``--apply``, in place of the one before."""
        folder.mkdir(parents=True, exist_ok=True)
        held = [
            [
                *stands_for(stack),
                [[one.get(member, "") for member in _OF_A_STACK] for one in resources],
            ]
            for (place, name), resources in self.discovery.resources.items()
            if resources
            and (stack := self.discovery.stacks.get((place, name)))
            and is_settled(stack)
        ]
        kept = {
            "digest": self.digest,
            "chosen": self._chosen(),
            "lines": self.lines,
            "held": held,
        }
        # Somebody else may be writing theirs.
        unfinished = folder / f"{FILE}.{os.getpid()}"
        unfinished.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
        unfinished.replace(folder / FILE)

    def hold_to(self, digest: str | None, folder: Path, again: str) -> None:
        """Raise GuardError unless this is the plan that was shown, or what is left of it.

        ``digest`` is what the caller names, None for the plan in ``folder``; ``again`` is the
        command that shows a plan. What has gone meanwhile is no reason to refuse, so that a run
        that was killed can simply be repeated; what has come, or changed hands, is, but for what
        the jobs of the plan bring forth by themselves.
        """
        shown = _read(folder / FILE)
        if digest == self.digest:
            return
        if shown is None and digest is None:
            raise GuardError(f"no plan was shown yet; look at one first with: {again}")
        if shown is None or (digest is not None and shown["digest"] != digest):
            raise GuardError(f"{digest} is not the plan that holds now; look at it with: {again}")
        if shown["chosen"] != self._chosen():
            raise GuardError(
                f"the plan that was shown had other options than this command; look at one"
                f" with these first: {again}"
            )
        tuned = [name for kind, name, *_ in map(json.loads, shown["lines"]) if kind == "tuning job"]
        new = [
            (kind, name)
            for kind, name, *_ in map(json.loads, sorted(set(self.lines) - set(shown["lines"])))
            if kind not in _BY_THEMSELVES
            and not (kind == "training job" and name.startswith(tuple(f"{one}-" for one in tuned)))
        ]
        if new:
            kind, name = new[0]
            more = f" and {len(new) - 1} more" if len(new) > 1 else ""
            raise GuardError(
                f"the plan is stale: {kind} {name}{more} was not in it; look at it again with:"
                f" {again}"
            )


def shown_lines(folder: Path) -> list[list[str]]:
    """The lines of the plan that was shown last, as ``Plan.lines`` writes them."""
    shown = _read(folder / FILE)
    return [json.loads(line) for line in shown["lines"]] if shown else []


def proven_in(folder: Path, where: Iterable[Place]) -> dict[Identity, str]:
    """What the plan that was shown last had as proven, and its seats."""
    shown = _read(folder / FILE)
    places = {str(place): place for place in where}
    proven: dict[Identity, str] = {}
    for line in shown["lines"] if shown else ():
        kind, name, place, created, ownership, seat, _ = json.loads(line)
        # Without its moment of creation, it may be another one of the same name.
        if ownership == Ownership.OWNED and place in places and created:
            proven[kind, name, places[place], created] = seat
    return proven


def remembered(folder: Path) -> Memory:
    """What the plan that was shown last had read, of what lasts: what each stack holds."""
    memory = Memory()
    shown = _read(folder / FILE)
    for *stack, resources in shown.get("held", ()) if shown else ():
        some = tuple(dict(zip(_OF_A_STACK, one, strict=True)) for one in resources)
        memory.note(tuple(stack), some)
    return memory


def _read(path: Path) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    about = path.stat()
    if about.st_uid != os.getuid() or about.st_mode & _WRITTEN_BY_OTHERS:
        raise GuardError(
            f"{path} decides what is deleted, and others than you may have written it; delete it,"
            " and look at a new plan"
        )
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


_WRITTEN_BY_OTHERS = 0o022
