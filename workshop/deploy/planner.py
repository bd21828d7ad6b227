"""Looks at the account once and plans: what differs between what is there and what should be."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

import yaml
from botocore.exceptions import BotoCoreError, ClientError

from workshop import events, tags
from workshop.account_region import AccountRegion
from workshop.aws import ec2_offers, regions, stacks, strays, subscriptions
from workshop.aws.boxes import boxes
from workshop.aws.clients import Clients
from workshop.aws.notebooks import notebooks
from workshop.aws.reads import (
    ACCOUNTS_AT_ONCE,
    Slow,
    Unavailable,
    attempt,
    known_and_not,
    side_by_side,
)
from workshop.aws.stacks import StackSummary
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat, account_regions_of
from workshop.deploy import desired as desired_stacks
from workshop.deploy import diff, machines, watch_values
from workshop.deploy import plan as planning
from workshop.deploy.assembly import Assembly
from workshop.deploy.cloudformation import CloudFormation
from workshop.deploy.desired import DesiredStack
from workshop.deploy.plan import DeployPlan, StackAction, StackPlan
from workshop.deploy.templates import Exemplar, overrides
from workshop.deploy.watch_values import Subscribed
from workshop.errors import WorkshopError
from workshop.naming import COHORT, stack_that_makes

_NOTHING = Unavailable("it is not updated")
Found = Mapping[AccountRegion, Mapping[str, StackSummary]]
Zones = Mapping[AccountRegion, Mapping[str, Sequence[str]]]
Machine = TypeVar("Machine")


@dataclass(frozen=True)
class Listing:
    """The stacks where seats are to be (``here``), and where seats off the roster may be.

    ``unlisted`` are those of the latter that could not be listed, with the reason.
    """

    here: Found
    elsewhere: Found
    unlisted: Mapping[AccountRegion, str]


def list_stacks(
    clients: Clients, seats: Sequence[Seat], elsewhere: Sequence[AccountRegion]
) -> Listing:
    """List the stacks where ``seats`` are, and ``elsewhere``, which :func:`elsewhere` returns.

    What is wrong elsewhere stops nobody: no seat needs anything of it.
    """
    here = look(clients, account_regions_of(seats))
    return Listing(here, *stacks.in_each(clients, elsewhere))


def look(clients: Clients, account_regions: Sequence[AccountRegion]) -> Found:
    """Return all stacks of these accounts and Regions, one listing each, side by side.

    Raise WorkshopError when a listing fails: without it there is no plan.
    """

    def stacks_of(account_region: AccountRegion) -> Mapping[str, StackSummary]:
        try:
            return stacks.stacks(clients, account_region)
        except (BotoCoreError, ClientError) as error:
            if regions.knows_no_key(error):  # and the caller has been known in this account
                raise WorkshopError(regions.not_enabled(account_region)) from error
            raise WorkshopError(
                f"the stacks of {account_region} could not be listed ({error}); nothing was done."
                " Check that you may call cloudformation:DescribeStacks there"
            ) from error

    return side_by_side(stacks_of, account_regions, threads=stacks.LISTED_AT_ONCE)


def elsewhere(
    loaded: LoadedEnvironment, seats: Sequence[Seat], worked_in: Iterable[AccountRegion]
) -> tuple[AccountRegion, ...]:
    """Return where strays may be besides where ``seats`` are: at home, and in ``worked_in``.

    None unless these are all seats of the environment: of some, strays are not looked for.
    """
    if len(seats) < len(loaded.seats):
        return ()
    here = set(account_regions_of(seats))
    account_regions = dict.fromkeys((loaded.home, *worked_in))
    return tuple(account_region for account_region in account_regions if account_region not in here)


def plan(
    clients: Clients,
    loaded: LoadedEnvironment,
    assembly: Assembly,
    seats: Sequence[Seat],
    listing: Listing,
    *,
    remove: frozenset[str] = frozenset(),
    notify: Collection[str] | None = None,
) -> DeployPlan:
    """Compare the stacks that were listed with what should be.

    ``notify`` are the addresses that the watch is to tell, None to leave them as they are.
    """
    made = propose(
        loaded,
        assembly,
        seats,
        {**listing.here, **listing.elsewhere},
        reader(clients),
        remove=remove,
        notify=notify,
        subscribed=partial(_subscribed, clients, loaded),
        zones=zones(clients, loaded, seats),
    )
    return see_machines(clients, loaded, replace(made, unlisted=listing.unlisted))


def zones(clients: Clients, loaded: LoadedEnvironment, seats: Sequence[Seat]) -> Zones:
    """Return the zones that offer the types of the seats' EC2 instances, where EC2 tells.

    Where it does not, no zone is asked for by name, and EC2 chooses.
    """
    types: dict[AccountRegion, set[str]] = {}
    for seat in seats:
        ec2 = loaded.settings.profiles[seat.profile].ec2
        if ec2 and not ec2.subnets:
            types.setdefault(seat.account_region, set()).update(
                (seat.box_type, *ec2.instance_types)
            )
    answers = side_by_side(
        lambda where: attempt(lambda: ec2_offers.zones(clients, where, types[where] - {""})),
        types,
        threads=stacks.LISTED_AT_ONCE,
    )
    return known_and_not(answers)[0]


Plan = TypeVar("Plan", bound=DeployPlan)


def see_machines(
    clients: Clients,
    loaded: LoadedEnvironment,
    made: Plan,
    *,
    of: Collection[AccountRegion] | None = None,
    slow: Slow[AccountRegion] = lambda *_: None,
) -> Plan:
    """Return the plan once notebooks and instances were listed where a stack should have one.

    One listing each; an account and Region whose stacks are all to be made is not asked, nor one
    that is not among those ``of`` which it is to be known, where they are given. ``slow`` is told
    which answers are waited for.
    """
    workshop = loaded.settings.workshop
    made = _seen(
        made,
        stack_that_makes(diff.NOTEBOOK),
        partial(notebooks, clients, workshop=workshop),
        {seat.id: loaded.names(seat).notebook for seat in loaded.seats},
        planning.with_notebook,
        of=of,
        slow=slow,
    )
    return _seen(
        made,
        stack_that_makes(diff.INSTANCE),
        partial(boxes, clients, workshop=workshop),
        {seat.id: loaded.names(seat).box for seat in loaded.seats},
        planning.with_box,
        of=of,
        slow=slow,
    )


def _seen(
    made: Plan,
    kind: str,
    list_in: Callable[[AccountRegion], Mapping[str, Machine]],
    named: Mapping[str, str],
    with_machine: Callable[[StackPlan, Machine | None], StackPlan],
    *,
    of: Collection[AccountRegion] | None,
    slow: Slow[AccountRegion],
) -> Plan:
    there_already = (StackAction.UNCHANGED, StackAction.UPDATE)
    account_regions = dict.fromkeys(
        stack.desired.account_region
        for stack in made.stacks
        if stack.desired.kind == kind
        and stack.action in there_already
        and (of is None or stack.desired.account_region in of)
    )
    answers = side_by_side(
        lambda where: attempt(partial(list_in, where)),
        account_regions,
        threads=ACCOUNTS_AT_ONCE,
        slow=slow,
    )
    listed, unseen = known_and_not(answers)

    def seen(stack: StackPlan) -> StackPlan:
        there = listed.get(stack.desired.account_region)
        if stack.desired.kind != kind or there is None:
            return stack
        return with_machine(stack, there.get(named[stack.desired.seat]))

    seats = (replace(seat, stacks=tuple(map(seen, seat.stacks))) for seat in made.seats)
    return replace(made, seats=tuple(seats), unseen={**made.unseen, **unseen})


def propose(
    loaded: LoadedEnvironment,
    assembly: Assembly,
    seats: Sequence[Seat],
    found: Found,
    document: Callable[[AccountRegion, str], Mapping[str, Any]],
    *,
    remove: frozenset[str] = frozenset(),
    notify: Collection[str] | None = None,
    subscribed: Subscribed = lambda _: None,
    zones: Zones | None = None,
) -> DeployPlan:
    """Return the plan for ``seats``, and strays where these are all seats of the environment.

    ``found`` holds their accounts and Regions, and others in which strays are looked for.
    ``document`` gives the template of a stack (account and Region, id); it is asked once for each
    kind of stack that changes, and for stacks that are not like their neighbours. ``remove`` names
    what holds data and may be removed: ``bucket:results``. ``notify`` and ``subscribed`` say whom
    the watch is to tell, and whom it tells. ``zones`` are those that offer a type of EC2's.
    """
    now = events.now()

    def decide(stack: DesiredStack) -> StackPlan:
        current = found[stack.account_region].get(stack.name)
        if stack.lasting:
            stack = watch_values.valued(loaded, stack, current, notify, subscribed)
        return replace(planning.decide(stack, current, now), remove=remove)

    decided = [decide(stack) for stack in desired_stacks.stacks(loaded, assembly, seats, zones)]
    updates = [plan for plan in decided if plan.action == StackAction.UPDATE and plan.current]
    before = _Before({seat.id: seat for seat in loaded.seats}, document)
    known = dict(zip(map(_key, updates), before.all_of(updates), strict=True))
    unread = {key: answer for key, answer in known.items() if isinstance(answer, Unavailable)}
    decided = [
        plan
        if isinstance(template := known.get(_key(plan), _NOTHING), Unavailable)
        else _placed(plan, template)
        for plan in decided
    ]
    changes = {
        _key(plan): _changes(plan, template)
        for plan in decided
        if not isinstance(template := known.get(_key(plan), _NOTHING), Unavailable)
    }
    removed = {
        diff.data_of(change)
        for found_changes in changes.values()
        for change in found_changes
        if diff.removes_data(change)
    }

    def finished(plan: StackPlan) -> StackPlan:
        if _key(plan) in unread:
            return planning.unseen(plan, unread[_key(plan)].reason)
        return (
            planning.with_changes(plan, changes[_key(plan)], removed)
            if _key(plan) in changes
            else plan
        )

    stacks = planning.held_back([*map(finished, decided)])
    return DeployPlan(planning.seats(stacks), _strays(loaded, seats, found))


def _key(plan: StackPlan) -> tuple[AccountRegion, str]:
    """Return what tells stacks apart: cohorts have the same name everywhere."""
    return plan.desired.account_region, plan.desired.name


def reader(clients: Clients) -> Callable[[AccountRegion, str], Mapping[str, Any]]:
    """Return what ``propose`` reads templates with."""
    return lambda account_region, stack_id: CloudFormation(clients, account_region).document(
        stack_id
    )


def _subscribed(
    clients: Clients, loaded: LoadedEnvironment, account_region: AccountRegion
) -> Collection[str] | None:
    names = loaded.cohort_names(account_region)
    there = attempt(partial(subscriptions.of_watch, clients, account_region, names))
    return (
        None if isinstance(there, Unavailable) else {subscription.address for subscription in there}
    )


def _strays(
    loaded: LoadedEnvironment, seats: Sequence[Seat], found: Found
) -> tuple[strays.Stray, ...]:
    if len(seats) < len(loaded.seats):
        return ()
    known = [(seat.account_region, seat.attendee) for seat in loaded.seats]
    cohorts = [(account_region, COHORT) for account_region in account_regions_of(loaded.seats)]
    return strays.strays(
        found,
        [*known, *cohorts],
        workshop=loaded.settings.workshop,
        environment=loaded.name,
    )


def _changes(plan: StackPlan, before: Mapping[str, Any]) -> tuple[diff.PropertyChange, ...]:
    """Return what an update changes."""
    after = plan.desired.templates[planning.current_template(plan)].document
    return diff.between(before, after, plan.desired.account_region.region)


def _placed(plan: StackPlan, before: Mapping[str, Any]) -> StackPlan:
    """Return the plan of an update that leaves a seat's EC2 instance in its zone and subnet."""
    template = machines.where_it_is(plan.desired, planning.current_template(plan), before)
    return replace(plan, template=template)


@dataclass
class _Before:
    """The templates that stacks were last made from, read as seldom as can be.

    A neighbour's template, filled in for this seat, is this seat's if its digest is the one that
    the stack carries: that is proof, and costs no call.
    """

    seats: Mapping[str, Seat]
    document: Callable[[AccountRegion, str], Mapping[str, Any]]

    def all_of(self, plans: Sequence[StackPlan]) -> Iterator[Mapping[str, Any] | Unavailable]:
        """Yield them in the order of ``plans``, Unavailable where one could not be read."""
        examples: dict[tuple[str, str], _Example] = {}
        for plan in plans:
            key = (plan.desired.kind, plan.desired.tags[tags.PROFILE])
            derived = self._derived(plan, examples.get(key))
            if derived is not None:
                yield derived
                continue
            document = self._read(plan)
            example = None if isinstance(document, Unavailable) else _example(document)
            if example is not None:  # the one before, if there was one, is of no use
                examples[key] = example
            yield document

    def _derived(self, plan: StackPlan, example: _Example | None) -> Mapping[str, Any] | None:
        seat = self.seats.get(plan.desired.seat)
        if example is None or seat is None or plan.current is None:
            return None
        # With the values of today's row, or those that the neighbour had.
        for values in ({}, example.overrides):
            text = example.exemplar.text(replace(seat, **values))
            if tags.template_digest(text) == plan.current.template:
                document: dict[str, Any] = json.loads(text)
                return document
        return None

    def _read(self, plan: StackPlan) -> Mapping[str, Any] | Unavailable:
        stack_id = plan.current.id if plan.current else ""
        try:
            return attempt(lambda: self.document(plan.desired.account_region, stack_id))
        except yaml.YAMLError:
            return Unavailable("GetTemplate: it is no template that this program reads")


@dataclass(frozen=True)
class _Example:
    """A template to derive others from, and what it says of its own seat's machine."""

    exemplar: Exemplar
    overrides: Mapping[str, Any]


def _example(document: Mapping[str, Any]) -> _Example | None:
    """Return an example, None for a template that is not a seat's or not one of ours."""
    try:
        exemplar = Exemplar(json.dumps(document, indent=1, ensure_ascii=False))
        return _Example(exemplar, overrides(document))
    except (ValueError, KeyError, TypeError):
        return None
