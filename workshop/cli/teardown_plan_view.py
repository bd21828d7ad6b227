"""The plan of a teardown as people and programs see it, and what is asked before it is done."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from workshop.cli import console
from workshop.cli.teardown_view import how_to_accept
from workshop.naming import COHORT
from workshop.pricing import prices
from workshop.teardown.holders import STACK
from workshop.teardown.plan import DONE, PlannedAction, TeardownPlan
from workshop.teardown.resource import Ownership, Resource
from workshop.teardown.saved_counts import SavedCounts
from workshop.teardown.saving import counted

_SHOWN = 10
"""Names of a kind that are shown; --json shows all."""

_MANY_SEATS = 30
"""Of more seats a plan shows a summary, unless all of it is asked for."""

_STAYING = (PlannedAction.LEAVE_CLAIMED, PlannedAction.LEAVE_FOREIGN, PlannedAction.LEAVE_UNKNOWN)


@dataclass(frozen=True)
class PlanView:
    """A plan with what it deletes of people's work.

    ``command`` shows it again; ``not_before`` is the moment before which it is refused as it
    stands, None where it is not.
    """

    plan: TeardownPlan
    counts: SavedCounts
    command: str
    not_before: str | None = None

    @property
    def apply(self) -> str | None:
        """The command that does it, None where there is nothing to do."""
        return None if self.plan.is_empty else f"{self.command} --apply {self.plan.digest}"

    def document(self) -> dict[str, Any]:
        """All of it as plain JSON values."""
        return {**document(self.plan), "work": self.counts.as_json(), "apply": self.apply}

    def show(self, *, everything: bool) -> None:
        """Print it; for many seats a summary, unless ``everything`` is asked for."""
        whole = everything or len(_seats(self.plan)) <= _MANY_SEATS
        if whole:
            _show_rows(self.plan)
        else:
            _show_summary(self.plan)
        self._tell_unknown()
        staying = self.plan.things(*_STAYING)
        for thing in staying if whole else staying[:_SHOWN]:
            console.say(f"stays: {thing.kind} {thing.id}: {thing.why}")
        if not whole:
            console.say("every row is shown with --all")
        self._tell_sum()
        self._tell_work()
        self._tell_how()

    def _tell_unknown(self) -> None:
        for one in self.plan.unknown:
            console.warn(one.told)
        if self.plan.to_accept:
            console.say(how_to_accept(self.plan.to_accept))
        for one in self.plan.accepted:
            console.say(f"accepted as you asked: {one.told}")

    def _tell_sum(self) -> None:
        fates = Counter(fate for _, fate in self.plan.fates)
        told = "; ".join(f"{count} {fate}" for fate, count in fates.items())
        region = next(iter(self.plan.discovery.worlds)).region
        cost = f"{self.plan.cost.told} ({prices.basis(region)})"
        console.say(f"{told or 'nothing is left'}; it costs {cost}")
        if fates.get(PlannedAction.LEAVE_CLAIMED):
            console.say("what is only claimed is deleted with --include-claimed")

    def _tell_work(self) -> None:
        for line in self.counts.lines:
            console.say(line)
        if self.counts.lost and self.plan.choices.save is None:
            console.say("to save files first, name a place with --save-to")

    def _tell_how(self) -> None:
        if self.apply is None:
            return
        console.say(f"plan {self.plan.digest}; to do this: {self.apply}")
        if self.not_before is not None:
            console.say(
                f"the workshop lasts until {self.not_before}; before then, that is refused without"
                " --early"
            )


def deletes(plan: TeardownPlan, counts: SavedCounts) -> str:
    """``deletes 14 seats, 57 resources, 1,204 files (16 NOT saved), 71 stacks``."""
    things = plan.things(PlannedAction.DELETE, PlannedAction.EMPTY, PlannedAction.WITH_STACK)
    stacks = sum(1 for one in things if one.kind == STACK)
    files = counts.lost + sum(one.saved for one in counts.seats)
    least = "" if all(one.complete and not one.unread for one in counts.seats) else "at least "
    lost = f" ({counts.lost:,} NOT saved)" if counts.lost else ""
    parts = [
        *([counted(len(_seats(plan)), "seat")] if plan.choices.stacks and _seats(plan) else []),
        counted(len(things) - stacks, "resource"),
        *([f"{least}{counted(files, 'file')}{lost}"] if files or least else []),
        *([counted(stacks, "stack")] if stacks else []),
    ]
    return f"deletes {', '.join(parts)}"


def _seats(plan: TeardownPlan) -> set[str]:
    return {one.seat for one in plan.things(*DONE)} - {COHORT, ""}


def _show_rows(plan: TeardownPlan) -> None:
    table = console.table("seat", "what", "count", "fate", "names", right=("count",))
    groups: dict[tuple[str, str, str], list[Resource]] = {}
    for thing, fate in plan.fates:
        groups.setdefault((thing.seat, thing.kind, fate), []).append(thing)
    for (seat, kind, told), things in groups.items():
        table.add_row(seat, kind, str(len(things)), told, _names(things))
    if groups:
        console.print_table(table)


def _show_summary(plan: TeardownPlan) -> None:
    """One line for each fate: ten at most."""
    table = console.table("count", "seats", "fate", "what", right=("count", "seats"))
    for fate in PlannedAction:
        things = plan.things(fate)
        kinds = Counter(one.kind for one in things).most_common()
        what = ", ".join(f"{count} {kind}" for kind, count in kinds[:_SHOWN])
        more = f", and {len(kinds) - _SHOWN} more types" if len(kinds) > _SHOWN else ""
        if things:
            seats = len({one.seat for one in things} - {COHORT, ""})
            table.add_row(str(len(things)), str(seats), fate, what + more)
    console.print_table(table)


def document(plan: TeardownPlan) -> dict[str, Any]:
    """A plan as plain JSON values."""
    return {
        "digest": plan.digest,
        "things": [
            {
                "kind": thing.kind,
                "id": thing.id,
                "account": thing.place.account,
                "region": thing.place.region,
                "seat": thing.seat,
                "ownership": thing.ownership.value,
                "why": thing.why,
                "state": thing.state,
                "stack": thing.stack,
                "fate": fate.value,
                "usd_per_hour": None if thing.hourly is None else str(thing.hourly),
            }
            for thing, fate in plan.fates
        ],
        "unknown": [
            {"kind": one.kind, "place": str(one.place), "why": one.why} for one in plan.unknown
        ],
        "not_looked_at": [
            {"kind": one.kind, "place": str(one.place), "why": one.why} for one in plan.accepted
        ],
        "not_offered": list(plan.discovery.not_offered),
        "usd_per_hour": plan.cost.known,
        "all_prices_known": plan.cost.complete,
        "claimed": sum(
            thing.ownership == Ownership.CLAIMED for thing in plan.discovery.things.values()
        ),
    }


def _names(things: list[Resource]) -> str:
    shown = ", ".join(thing.id for thing in things[:_SHOWN])
    return shown + (f", and {len(things) - _SHOWN} more" if len(things) > _SHOWN else "")
