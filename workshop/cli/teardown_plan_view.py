"""The plan of a teardown as people and programs see it, and what is asked before it is done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workshop.cli import console
from workshop.cli.teardown_view import how_to_accept
from workshop.counting import count_of, first_of
from workshop.naming import COHORT
from workshop.pricing import prices
from workshop.teardown.file_counts import FileCounts
from workshop.teardown.plan import PlannedAction, TeardownPlan
from workshop.teardown.resource import Ownership, Resource

_SHOWN = 10
"""Rows of a plan, and names in a row, that are shown; --json shows all."""

_NOBODY = {COHORT, ""}

_STAYING = (PlannedAction.LEAVE_CLAIMED, PlannedAction.LEAVE_FOREIGN, PlannedAction.LEAVE_UNKNOWN)


@dataclass(frozen=True)
class PlanView:
    """A plan with what it deletes of people's work.

    ``command`` shows it again; ``not_before`` is the moment before which it is refused as it
    stands, None where it is not.
    """

    plan: TeardownPlan
    counts: FileCounts
    command: str
    not_before: str | None = None

    @property
    def apply(self) -> str | None:
        """The command that does it, None where there is nothing to do."""
        return None if self.plan.is_empty else f"{self.command} --apply {self.plan.digest}"

    def document(self) -> dict[str, Any]:
        """Return all of it as plain JSON values."""
        return {**document(self.plan), "work": self.counts.document(), "apply": self.apply}

    def show(self, *, everything: bool) -> None:
        """Print it; of more than ten rows a summary, unless ``everything`` is asked for.

        What stays, what is not known and what is lost is always shown.
        """
        rows = _rows(self.plan)
        if everything or len(rows) <= _SHOWN:
            _show_rows(rows)
        else:
            _show_summary(self.plan)
            console.say("every row is shown with --all")
        _show_accounts(self.plan, everything=everything)
        self._show_unknown()
        for resource in self.plan.resources(*_STAYING):
            console.say(f"stays: {resource.label}: {resource.why}")
        self._show_sum()
        self._show_work()
        self._show_how()

    def _show_unknown(self) -> None:
        for unknown in self.plan.unknown:
            console.warn(unknown.message)
        if self.plan.to_accept:
            console.say(how_to_accept(self.plan.to_accept))
        for accepted in self.plan.accepted:
            console.say(f"accepted as you asked: {accepted.message}")

    def _show_sum(self) -> None:
        actions = Counter(action for _, action in self.plan.actions)
        message = "; ".join(f"{count} {action}" for action, count in actions.items())
        # Where no account can be looked into, there is no Region whose prices count.
        regions = [place.region for place in self.plan.discovery.contexts]
        basis = f" ({prices.basis(regions[0])})" if regions else ""
        cost = f"{self.plan.cost.per_hour}{basis}"
        console.say(f"{message or 'nothing is left'}; it costs {cost}")
        if actions.get(PlannedAction.LEAVE_CLAIMED):
            console.say("what is only claimed is deleted with --include-claimed")

    def _show_work(self) -> None:
        for line in self.counts.lines:
            console.say(line)
        if self.counts.lost and self.plan.choices.save is None:
            console.say("to save files first, name a place with --save-to")

    def _show_how(self) -> None:
        if self.apply is None:
            return
        console.say(f"plan {self.plan.digest}; to do this: {self.apply}")
        if self.not_before is not None:
            console.say(
                f"the workshop lasts until {self.not_before}; before then, that is refused without"
                " --early"
            )


def _rows(plan: TeardownPlan) -> dict[tuple[str, str, str], list[Resource]]:
    """Return the resources by seat, type and what is done with them."""
    groups: dict[tuple[str, str, str], list[Resource]] = {}
    for resource, action in plan.actions:
        groups.setdefault((resource.owner, resource.resource_type, action), []).append(resource)
    return groups


def _show_rows(rows: Mapping[tuple[str, str, str], list[Resource]]) -> None:
    table = console.table("seat", "what", "count", "action", "names", right=("count",))
    for (seat, resource_type, action), resources in rows.items():
        table.add_row(seat, resource_type, str(len(resources)), action, _names(resources))
    if rows:
        console.print_table(table)


def _show_summary(plan: TeardownPlan) -> None:
    """Print one line for each action: ten at most."""
    table = console.table("count", "seats", "action", "what", right=("count", "seats"))
    for action in PlannedAction:
        resources = plan.resources(action)
        resource_types = Counter(resource.resource_type for resource in resources).most_common()
        counts = ", ".join(
            count_of(count, resource_type) for resource_type, count in resource_types[:_SHOWN]
        )
        more = (
            f", and {count_of(len(resource_types) - _SHOWN, 'more type')}"
            if len(resource_types) > _SHOWN
            else ""
        )
        if resources:
            seats = len({resource.account_of or resource.seat for resource in resources} - _NOBODY)
            table.add_row(str(len(resources)), str(seats), action, counts + more)
    console.print_table(table)


def _show_accounts(plan: TeardownPlan, *, everything: bool) -> None:
    """Print a line for each account that is a seat's own, ten at most unless all are asked for."""
    own = {
        place: context.scope.alone_as
        for place, context in plan.discovery.contexts.items()
        if context.scope.alone_as
    }
    table = console.table(
        *("account", "seat", "Region", "resources", "stay", "cost"), right=("resources", "stay")
    )
    shown = list(own.items()) if everything else list(own.items())[:_SHOWN]
    for place, seat in shown:
        actions = Counter(action for _, action in plan.actions_at(place))
        stay = sum(actions[action] for action in _STAYING)
        table.add_row(
            *(place.account, seat, place.region, str(actions.total()), str(stay)),
            plan.cost_at(place).per_hour,
        )
    if own:
        console.print_table(table)
    if len(own) > len(shown):
        console.say(f"and {count_of(len(own) - len(shown), 'more account')}")


def document(plan: TeardownPlan) -> dict[str, Any]:
    """Return a plan as plain JSON values."""
    return {
        "digest": plan.digest,
        "resources": [
            {**resource.document(), "action": action.value} for resource, action in plan.actions
        ],
        "unknown": [unknown.document() for unknown in plan.unknown],
        "not_looked_at": [unknown.document() for unknown in plan.accepted],
        "not_offered": list(plan.discovery.not_offered),
        "usd_per_hour": plan.cost.known,
        "all_prices_known": plan.cost.complete,
        "claimed": sum(
            resource.ownership == Ownership.CLAIMED
            for resource in plan.discovery.resources.values()
        ),
    }


def _names(resources: list[Resource]) -> str:
    return first_of([resource.id for resource in resources], _SHOWN)
