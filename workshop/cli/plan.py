"""``workshop plan``: what ``workshop deploy`` would do."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from datetime import datetime, tzinfo
from typing import Any

from workshop import events, tags
from workshop.bill import estimate, price_list
from workshop.cli import console, own_accounts
from workshop.cli.context import CommandContext, opened
from workshop.cli.options import (
    CONFIG_DIR,
    MANY,
    All,
    AsJson,
    ConfigDir,
    Env,
    OfProfile,
    Only,
    Remove,
)
from workshop.counting import count_of
from workshop.deploy import assembly, clearing, planner, watch_values
from workshop.deploy.assembly import Assembly
from workshop.deploy.diff import (
    NOTEBOOK,
    Effect,
    PropertyChange,
    data_of,
    noun,
    removes_data,
    words,
)
from workshop.deploy.plan import DeployPlan, SeatPlan, StackAction, StackPlan
from workshop.deploy.synthesis_cache import SynthesisCache
from workshop.environments import dates
from workshop.ledger import Ledger
from workshop.naming import COHORT, DOOR, SEAT_STACKS, WATCH
from workshop.policies import freeze

_TELL_THE_END = ("Environment", "ScheduleExpression")
"""Properties of the watch that hold the workshop's end."""
_SHOWN = 40
"""Characters of a changed value; a longer one is in --json."""


def plan(
    *,
    env: Env,
    only: Only = None,
    profile: OfProfile = None,
    everything: All = False,
    remove: Remove = None,
    config_dir: ConfigDir = CONFIG_DIR,
    as_json: AsJson = False,
) -> None:
    """Show what deploy would do with each seat, and which stacks are of seats off the roster.

    The account's stacks are listed once, or its stack sets where seats have accounts of their own;
    nothing is changed.

    For example:

        workshop plan -e prod

        workshop plan -e prod --only ada,grace --json | jq .totals
    """
    work = opened(env, config_dir, only=only, profile=profile, pinned=True)
    templates = synthesized(work)
    made = proposed(work, templates, listed(work), remove)
    # The shipped prices are said to be these in the estimate.
    _refresh_prices(work)
    expected = estimate.estimate(work.loaded, work.seats)
    for remark in work.loaded.remarks:
        console.warn(remark)
    if as_json:
        whole = {**document(work, made), "estimate": expected and expected.document()}
        console.print_json(whole)
    else:
        console.say(dates.sentence(work.loaded.settings, events.now()))
        show(made, work.loaded.settings.start.tzinfo, everything=everything)
        if expected is not None:
            console.say(expected.line)


def synthesized(work: CommandContext, meanwhile: Callable[[], None] = lambda: None) -> Assembly:
    """Return the templates of everything that the chosen seats need, made now or before.

    ``meanwhile`` is called before they are made, which takes seconds.
    """

    def begin() -> None:
        console.say("making the templates, one of each profile ...")
        meanwhile()

    made, warnings = assembly.synthesize(
        work.loaded, work.seats, SynthesisCache(work.loaded.name), begin=begin
    )
    for line in warnings.splitlines():
        console.warn(line)
    return made


def _refresh_prices(work: CommandContext) -> None:
    boxes = work.loaded.settings.has_boxes
    price_list.refresh(work.clients, work.loaded.name, work.account_regions, boxes=boxes)


def listed(work: CommandContext) -> planner.Listing:
    """List the stacks of the chosen seats, and those where seats off the roster may be.

    None in accounts that are seats' own, of whose stacks the stack sets tell.
    """
    if work.loaded.settings.accounts.are_own:
        return planner.Listing({}, {}, {})
    worked_in = Ledger(work.loaded.name).account_regions()
    elsewhere = planner.elsewhere(work.loaded, work.seats, worked_in)
    console.say(
        f"looking at the stacks of {', '.join(map(str, (*work.account_regions, *elsewhere)))} ..."
    )
    return planner.list_stacks(work.clients, work.seats, elsewhere)


def proposed(
    work: CommandContext,
    templates: Assembly,
    listing: planner.Listing,
    remove: Sequence[str] | None = None,
) -> DeployPlan:
    """Return the plan; ``remove`` names what holds data and may be removed by an update."""
    asked = frozenset(remove or ())
    settings = work.loaded.settings
    if settings.budget.is_capped:  # the watch counts by the newest prices that are known
        _refresh_prices(work)
    made: DeployPlan = (
        own_accounts.proposed(work, templates, asked)
        if settings.accounts.are_own
        else _of_stacks(work, templates, listing, asked)
    )
    for name in sorted(asked - made.removed):
        console.warn(f"--remove {name}: no update would remove anything of this name")
    return made


def _of_stacks(
    work: CommandContext, templates: Assembly, listing: planner.Listing, asked: frozenset[str]
) -> DeployPlan:
    """Return the plan by the stacks that were listed; warn of what could not be."""
    budget = work.loaded.settings.budget
    notify = watch_values.addresses(budget.notify, os.environ)
    made = planner.plan(
        *(work.clients, work.loaded, templates, work.seats, listing),
        remove=asked,
        notify=notify,
    )
    if budget.notify and notify is None:
        console.warn(
            f"{budget.notify} is not set: who was told by e-mail before goes on being told, and"
            " nobody else"
        )
    if work.loaded.settings.door is None:
        _warn_of_doors(work, listing)
    for account_region, why in made.unlisted.items():
        console.warn(f"whether {account_region} has seats off the roster is not known ({why})")
    for account_region, why in made.unseen.items():
        console.warn(f"whether the machines of {account_region} are there is not known ({why})")
    return made


def _warn_of_doors(work: CommandContext, listing: planner.Listing) -> None:
    """Warn of each door that is there still though the YAML has none any more."""
    for where in work.account_regions:
        name = work.loaded.cohort_names(where).stack(DOOR)
        if name in listing.here.get(where, {}):
            console.warn(
                f"the door of {where} still opens machines, though the YAML has no 'door'; write"
                " it back, or take it away with: aws cloudformation delete-stack --stack-name"
                f" {name} --region {where.region}"
            )


def show(made: DeployPlan, zone: tzinfo | None, *, everything: bool = False) -> None:
    """Print the plan for people: what is unchanged is only counted, and so are many alike.

    Moments are told in ``zone``, that of the workshop.
    """
    table = console.table("seat", "account and Region", "plan", "stacks", "why")
    busy = [seat for seat in made.seats if seat.action != StackAction.UNCHANGED or _why(seat)]
    groups: dict[tuple[str, ...], list[str]] = {}
    for seat, stacks in (part for whole in busy for part in _parts(whole)):
        cells = (str(seat.account_region), seat.action.value, stacks, _why(seat))
        together = len(busy) > MANY and not everything and seat.seat != COHORT
        groups.setdefault(("" if together else seat.seat, *cells), []).append(seat.seat)
    for (_, *row), seats in groups.items():
        table.add_row(seats[0] if len(seats) == 1 else count_of(len(seats), "seat"), *row)
    for stray in made.strays:
        row = [str(stray.account_region), "off the roster", str(len(stray.stacks))]
        table.add_row(stray.seat, *row, "it stays until it is torn down")
    if table.row_count:
        console.print_table(table)
    lines = Counter(line for seat in made.seats for line in _changes(seat))
    of_all = dict.fromkeys(line for seat in made.seats for line in _of_all(seat, zone))
    if lines or of_all:
        console.print_line()
        console.print_line("changes:")
        for line in of_all:
            console.print_line(f"  {line}")
        for line, count in lines.items():
            console.print_line(
                f"  {line}" + (f"  ({count_of(count, 'time')})" if count > 1 else "")
            )
    if table.row_count:
        console.print_line()
    console.print_line(summary(made))
    if any(len(seats) > 1 for seats in groups.values()):
        each = next(iter(made.stacks)).desired.command("plan", "--all")
        console.say(f"each seat is shown by: {each}")


def summary(made: DeployPlan) -> str:
    """Return one line with the totals."""
    some = [f"{count} {action.value}" for action, count in made.totals.items() if count]
    if made.strays:
        some.append(f"{len(made.strays)} off the roster")
    return f"seats: {', '.join(some) or 'none'}"


def document(work: CommandContext, made: DeployPlan) -> dict[str, Any]:
    """Return the plan for programs."""
    return {
        "environment": work.loaded.name,
        "workshop": work.loaded.settings.workshop,
        "seats": [
            {
                "seat": seat.seat,
                **asdict(seat.account_region),
                "action": seat.action,
                "stacks": [_stack(stack) for stack in seat.stacks],
            }
            for seat in made.seats
        ],
        "off_roster": [
            {"seat": stray.seat, **asdict(stray.account_region), "stacks": list(stray.stacks)}
            for stray in made.strays
        ],
        "unlisted": [
            {**asdict(account_region), "why": why} for account_region, why in made.unlisted.items()
        ],
        "totals": {action.value: count for action, count in made.totals.items()}
        | {"off_roster": len(made.strays)},
    }


def _stack(stack: StackPlan) -> dict[str, Any]:
    return {
        "name": stack.desired.name,
        "action": stack.action,
        "status": stack.current.status if stack.current else None,
        "message": stack.message,
        "loses_work": [noun(type_) for type_ in stack.loses_work],
        "changes": [asdict(change) for change in stack.changes],
    }


def _parts(seat: SeatPlan) -> Iterator[tuple[SeatPlan, str]]:
    """Yield what is refused of a seat and what is done all the same, with which stacks these are.

    A seat with which nothing is done is yielded whole.
    """
    busy = [stack for stack in seat.stacks if stack.action != StackAction.UNCHANGED]
    refused = [stack for stack in busy if stack.action == StackAction.REFUSED]
    others = [stack for stack in busy if stack.action != StackAction.REFUSED]
    if not busy:
        yield seat, ""
    for some in filter(None, (refused, others)):
        is_counted = len(some) == len(seat.stacks) or len(some) > len(SEAT_STACKS)
        is_counted = is_counted or seat.seat == COHORT
        names = ", ".join(stack.desired.kind for stack in some)
        yield replace(seat, stacks=tuple(some)), str(len(some)) if is_counted else names


def _why(seat: SeatPlan) -> str:
    return "; ".join(dict.fromkeys(stack.message for stack in seat.stacks if stack.message))


def _changes(seat: SeatPlan) -> Iterator[str]:
    """Return what changes, in the words of people: no logical id, and no script."""
    shared = "shared " if seat.seat == COHORT else ""
    has_new_end = any(_moved_end(change) for stack in seat.stacks for change in stack.changes)
    for stack in seat.stacks:
        if stack.loses_work:
            lost = clearing.lost(stack.loses_work)
            yield f"{stack.desired.kind}: what is left of it is DELETED, and {lost}"
        # What became of the stack's own tags is said once for all.
        has_tags = _tags_of(stack) != {}
        changes = [
            change
            for change in stack.changes
            if not (has_tags and change.property == "Tags")
            and not _moved_end(change)
            and not (
                has_new_end
                and stack.desired.kind in (WATCH, DOOR)
                and change.property in _TELL_THE_END
            )
        ]
        lines = dict.fromkeys(describe(change) for change in changes)
        yield from (f"{shared}{line}" for line in lines)


def _tags_of(stack: StackPlan) -> dict[str, tuple[str | None, str | None]]:
    """Return the tags of a stack that change, with their values before and after."""
    if stack.action != StackAction.UPDATE or stack.current is None:
        return {}
    before, after = stack.current.tags, stack.desired.tags
    keys = sorted((before.keys() | after.keys()) - {tags.TEMPLATE})
    return {
        key: (before.get(key), after.get(key)) for key in keys if before.get(key) != after.get(key)
    }


def _of_all(seat: SeatPlan, zone: tzinfo | None) -> Iterator[str]:
    """Return what concerns everybody: the workshop's end, and the stacks' tags by their keys."""
    for stack in seat.stacks:
        moved = [end for end in map(_moved_end, stack.changes) if end]
        for before, after in moved:
            yield (
                f"the workshop's end: {_ends(before.astimezone(zone), after.astimezone(zone))};"
                " machines go on running; printed pages have the old one: hand them out anew"
            )
        changed = _tags_of(stack)
        if changed:
            yield f"tags: {', '.join(changed)}"


def _moved_end(change: PropertyChange) -> tuple[datetime, datetime] | None:
    """Return the workshop's end before and after, where the policy that holds it is changed."""
    before, after = (freeze.end_of(value) for value in (change.before, change.after))
    return (before, after) if before and after else None


def _ends(old: datetime, new: datetime) -> str:
    """Return ``Wed 2 Dec 2026 17:00 to 18:00``, with the second day where it is another."""
    is_same_day = old.date() == new.date()
    return f"{dates.moment(old)} to {f'{new:%H:%M}' if is_same_day else dates.moment(new)}"


def describe(change: PropertyChange) -> str:
    """Return a change in a line, without its values where they are long or hold rules."""
    resource = noun(change.type)
    values = (change.before, change.after)
    if change.property == "BlockDeviceMappings":
        values = (_disk_gb(change.before), _disk_gb(change.after))
    shown = all(value is None or len(_plain(value)) in range(1, _SHOWN) for value in values)
    change_of = ": {} to {}".format(*map(_plain, values)) if shown else ""
    if change.effect == Effect.REPLACED:
        changed = f"{resource}: {words(change.property)}{change_of}"
        return f"{changed}; it is REPLACED, and what is on its disk is lost"
    if removes_data(change):
        return f"{' '.join(data_of(change).split(':'))} is REMOVED, with what is in it"
    if change.effect in (Effect.ADDED, Effect.REMOVED):
        return f"{resource} is {change.effect.value}"
    effects = {
        Effect.RESTART: f"; the {resource} is stopped and started",
        Effect.REFUSED: "; CANNOT be changed: it would replace the resource, and its disk is lost"
        if change.type == NOTEBOOK
        else "; CANNOT be changed in place",
    }
    if change.property == "VolumeSizeInGB" and shown:
        return f"disk{change_of} GB{effects.get(change.effect, '')}"
    return f"{resource}: {words(change.property)}{change_of}{effects.get(change.effect, '')}"


def _disk_gb(disks: Any) -> Any:
    """Return the size of an instance's root disk, where that is what its disks tell."""
    try:
        return disks[0]["Ebs"]["VolumeSize"]
    except (LookupError, TypeError):
        return disks


def _plain(value: Any) -> str:
    """Return a number or a word as it is; empty for all that is longer, or no value but a rule."""
    if isinstance(value, dict | list) or "${" in str(value):
        return ""
    return "none" if value is None else str(value)
