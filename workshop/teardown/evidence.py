"""Where a workshop ever was, as far as anything tells: the Regions that a teardown looks at.

The YAML tells where the workshop is to be today. Where it was, the ledger tells, earlier plans,
and IAM and S3, whose names hold the Region and which are read for a whole account. What
tells of an account and Region has it looked at, or named as not looked at: absence is never
concluded from the present configuration.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from workshop import naming
from workshop.account_region import AccountRegion
from workshop.accounts import organization
from workshop.accounts.organization import Organization
from workshop.accounts.stack_sets import StackSetCalls
from workshop.aws import account_guard, errors
from workshop.aws.clients import Clients
from workshop.config.environment import LoadedEnvironment
from workshop.config.instance_types import known_regions
from workshop.config.profiles import Profile
from workshop.config.roster import Seat
from workshop.errors import SignInError, WorkshopError
from workshop.ledger import Ledger
from workshop.policies import extra
from workshop.teardown import members, roles, scan_target, shown_plan, verification
from workshop.teardown.discovery import Discovery
from workshop.teardown.events import DeletionOutcome
from workshop.teardown.resource import Ownership, Resource, ScanCache, SeenRole
from workshop.teardown.resources import disk_lineage
from workshop.teardown.scan_target import ScanTarget, Unknown

if TYPE_CHECKING:  # a report's pages are no part of what a deployment needs
    from workshop.teardown.report import TeardownReport

ACCOUNT, REGION, WORKSHOP = members.ACCOUNT, "Region", "workshop"
"""What stands in place of a resource type for a place that could not be looked at."""

Traces = dict[AccountRegion, set[str]]
"""Places with the seats of which something tells there, the cohort among them."""


def target(
    clients: Clients,
    loaded: LoadedEnvironment,
    seats: Iterable[Seat],
    *,
    whole: bool,
    folder: Path,
) -> ScanTarget:
    """Return what is torn down: these seats, or the whole environment, wherever they left a trace.

    ``folder`` holds what was kept of earlier runs. An account and Region whose account is another
    one, or whose Region nobody knows, is in ``unlooked``: nothing there is ever called gone.
    """
    of = _of_members if loaded.settings.accounts.are_own else _of_places
    return of(clients, loaded, tuple(seats), whole=whole, folder=folder)


def _of_places(
    clients: Clients,
    loaded: LoadedEnvironment,
    chosen: tuple[Seat, ...],
    *,
    whole: bool,
    folder: Path,
) -> ScanTarget:
    configured = scan_target.configured(loaded, chosen, whole=whole)
    ledger = Ledger(loaded.name, folder.parent)
    traces = recorded(ledger, folder)
    unlooked: list[Unknown] = []
    accounts = {account_region.account: account_region for account_region in configured.seats}
    for account_region in [
        account_region for account_region in traces if account_region.account not in accounts
    ]:
        why = _out_of_reach(clients, account_region, loaded)
        if why is None:
            accounts.setdefault(account_region.account, account_region)
        elif _is_asked(traces[account_region], configured):
            unlooked.append(Unknown(ACCOUNT, account_region, why, tried=False))
            traces.pop(account_region)
    for account_region in accounts.values():
        for found, who in named_in(clients, loaded.settings.workshop, account_region).items():
            traces.setdefault(found, set()).update(who)
    by_account_region = {
        account_region: set(ids) for account_region, ids in configured.seats.items()
    }
    for account_region, who in traces.items():
        if account_region in by_account_region and whole:
            by_account_region[account_region] |= who
        if account_region in by_account_region or not _is_asked(who, configured):
            continue
        if account_region.region not in known_regions():
            why = _strange(loaded.settings.workshop, account_region)
            unlooked.append(Unknown(REGION, account_region, why, tried=False))
            continue
        by_account_region[account_region] = set(who) if whole else who & _ids(configured)
    unlooked += _renamed(ledger, loaded)
    profiles = loaded.settings.profiles
    used = profiles if whole else {seat.profile: profiles[seat.profile] for seat in chosen}
    unlooked += opened(used, loaded.home)
    unlooked += _opened_before(ledger, loaded) if whole else ()
    widened = scan_target.configured(loaded, chosen, whole=whole, also=by_account_region)
    began = {
        account_region: moment
        for account_region, moment in ledger.began().items()
        if account_region in widened.seats
    }
    return replace(widened, unlooked=tuple(unlooked), began=began)


def _of_members(
    clients: Clients,
    loaded: LoadedEnvironment,
    chosen: tuple[Seat, ...],
    *,
    whole: bool,
    folder: Path,
) -> ScanTarget:
    """Return the same where seats have accounts of their own, and each is taken whole."""
    ledger = Ledger(loaded.name, folder.parent)
    traces = recorded(ledger, folder)
    calls = StackSetCalls(clients, loaded)
    found = members.evidence(calls, loaded, chosen, traces, ledger.gone_from(), whole=whole)
    reach = members.reach(clients, loaded, found)
    unlooked = [*reach.unknown]
    alone = frozenset({naming.ALONE})
    seats: dict[AccountRegion, frozenset[str]] = dict.fromkeys(reach.places, alone)
    with ThreadPoolExecutor(members.AT_ONCE) as pool:
        named = partial(named_in, clients, loaded.settings.workshop)
        for elsewhere in pool.map(named, reach.places):
            for account_region in elsewhere:
                if account_region.region in known_regions():
                    seats.setdefault(account_region, alone)
                else:
                    why = _strange(loaded.settings.workshop, account_region)
                    unlooked.append(Unknown(REGION, account_region, why, tried=False))
    if whole:
        seats[loaded.home] = frozenset(traces.get(loaded.home, ()))
        unlooked += [*_renamed(ledger, loaded), *_opened_before(ledger, loaded)]
    profiles = loaded.settings.profiles
    used = profiles if whole else {seat.profile: profiles[seat.profile] for seat in chosen}
    unlooked += [unknown for place in reach.places for unknown in opened(used, place)]
    configured = scan_target.configured(loaded, chosen, whole=whole, also=seats)
    return replace(
        configured,
        seats=seats,
        unlooked=tuple(unlooked),
        began={where: moment for where, moment in ledger.began().items() if where in seats},
        members=members.MemberAccounts(
            calls,
            found.ids,
            makes_role=loaded.settings.accounts.makes_role,
            handed_back=reach.handed_back,
            unused=reach.unused,
        ),
    )


def recorded(ledger: Ledger, folder: Path) -> Traces:
    """Return where the ledger and the plan that was shown last tell of anything, and of whom."""
    traces: Traces = {
        account_region: set(seats) for account_region, seats in ledger.seats().items()
    }
    gone = ledger.gone_from()
    for _, _, where, _, ownership, seat, _ in shown_plan.lines_in(folder):
        account_region = _account_region(where)
        if ownership == Ownership.FOREIGN or account_region is None or account_region in gone:
            continue
        who = traces.setdefault(account_region, set())
        # A claim that an earlier scan only showed vouches for no seat, or two scans would prove it.
        if ownership == Ownership.OWNED:
            who.add(seat)
    return {account_region: seats - {""} for account_region, seats in traces.items()}


def closed_and_unused(clients: Clients, loaded: LoadedEnvironment) -> frozenset[str]:
    """Return seats' own accounts that are closed and of which nothing tells of anything there.

    A deployment that an account was only refused tells of nothing. None are returned where the
    organization or the stack sets do not say.
    """
    accounts, ledger = loaded.settings.accounts, Ledger(loaded.name)
    told = {place.account for place in (*recorded(ledger, ledger.path.parent), *ledger.gone_from())}
    others = [seat for seat in loaded.seats if seat.account not in told]
    if not accounts.are_own or not others:
        return frozenset()
    try:
        found = (
            organization.read(clients, loaded.home, accounts.units)
            if accounts.units
            else organization.of_list(clients, loaded.home, [seat.account for seat in others])
        )
        closed = [seat for seat in others if found and _is_closed(found, seat.account)]
        if not closed:
            return frozenset()
        sets = StackSetCalls(clients, loaded)
        evidence = members.evidence(sets, loaded, closed, (), (), whole=False)
    except SignInError:
        raise
    except WorkshopError:
        return frozenset()
    return frozenset(seat.account for seat in closed if not evidence.tells_of(seat.account_region))


def _is_closed(found: Organization, account: str) -> bool:
    member = found.members.get(account)
    return member is not None and member.state in organization.CLOSED


def named_in(clients: Clients, workshop: str, account_region: AccountRegion) -> Traces:
    """Return where the names of an account's roles, policies and buckets say that the workshop is.

    What cannot be read is left out here: the scan at the account has it as unknown.
    """
    found: Traces = defaultdict(set)
    for read in (roles.roles, roles.policies, _buckets):
        with suppress(*errors.Refusal):
            for identity in read(clients, workshop, account_region):
                if identity.region:
                    found[AccountRegion(account_region.account, identity.region)].add(identity.seat)
    return dict(found)


def opened(profiles: Mapping[str, Profile], home: AccountRegion) -> Iterator[Unknown]:
    """Yield what profiles let seats make and no resource type here lists, one for a service."""
    for name, profile in profiles.items():
        actions: dict[str, list[str]] = {}
        for statement in profile.access.extra_statements:
            for action in extra.making(statement.actions):
                actions.setdefault(action.partition(":")[0], []).append(action)
        for service, some in actions.items():
            why = f"profile {name} opens {', '.join(some)}, and what that makes is not looked for"
            yield Unknown(service, home, why, tried=False)


def _opened_before(ledger: Ledger, loaded: LoadedEnvironment) -> Iterator[Unknown]:
    """Yield the services that a profile has opened before, and none does today."""
    today = {unknown.resource_type for unknown in opened(loaded.settings.profiles, loaded.home)}
    for service, why in ledger.opened().items():
        if service not in today:
            yield Unknown(service, loaded.home, why, tried=False)


def _roles_seen(ledger: Ledger) -> Iterator[SeenRole]:
    """Yield the workshop's roles that the ledger tells of."""
    for noted in ledger.roles():
        created, seen = (datetime.fromisoformat(noted[key]) for key in ("created", "at"))
        yield SeenRole(noted["account"], noted["name"], noted["id"], created, seen)


def remember(memory: ScanCache, ledger: Ledger) -> None:
    """Note in a lasting memory what the ledger tells of the workshop's roles and disks."""
    roles.remember(memory, _roles_seen(ledger))
    disk_lineage.remember_disks(memory, ledger.disks())


def note_scan(ledger: Ledger, discovery: Discovery) -> None:
    """Have the ledger tell of roles and disks, and since when there is a workshop.

    That is for when all of it is gone: by its roles their work is known, by its disks their copies;
    what seats made and nothing explains is known by its age.
    """
    disks: dict[str, tuple[str, str]] = {}
    began: dict[str, dict[AccountRegion, datetime]] = defaultdict(dict)
    contexts = discovery.contexts
    for account_region, context in contexts.items():
        if context.since is not None:
            began[context.scope.workshop][account_region] = context.since
    for workshop, moments in began.items():
        ledger.note_began(moments, workshop)
    for lasting in {id(context.lasting): context.lasting for context in contexts.values()}.values():
        disks |= disk_lineage.proven_disks(lasting)
    ledger.note_disks(disks)
    for account, lasting in {
        where.account: context.lasting for where, context in contexts.items()
    }.items():
        noted = [
            {"name": role.name, "id": role.id, "created": role.created.isoformat()}
            for role in roles.remembered(lasting, account)
        ]
        if noted:
            ledger.note_roles(account, noted)


def note_opened(ledger: Ledger, loaded: LoadedEnvironment) -> None:
    """Have the ledger tell what profiles open to seats, for when the YAML does so no more."""
    some = {
        unknown.resource_type: unknown.why
        for unknown in opened(loaded.settings.profiles, loaded.home)
    }
    ledger.note_opened(loaded.home, some, loaded.settings.workshop)


def names_of(kept: Iterable[Resource]) -> dict[AccountRegion, list[str]]:
    """Return where resources are -> how people know each, such as ``bucket demo-ada-data``."""
    names: dict[AccountRegion, list[str]] = {}
    for resource in kept:
        there = names.setdefault(resource.account_region, [])
        there.append(f"{resource.resource_type} {resource.id}")
    return names


def gone(report: TeardownReport) -> list[AccountRegion]:
    """Return where two scans of the whole workshop found nothing and missed nothing."""
    partly = report.choices.only is not None and report.target.members is None
    if partly or len(report.scans) < verification.SCANS:
        return []
    doubted = {resource.account_region for scan in report.scans for resource in scan.left}
    doubted |= {resource.account_region for resource in report.last}
    # Of another name than the workshop's, another teardown has to tell.
    missed = [
        unknown
        for scan in report.scans
        for unknown in scan.unknown
        if unknown.resource_type != WORKSHOP
    ]
    # What somebody has seen to is said once; what could not be listed may be listed another day.
    missed += [unknown for scan in report.scans for unknown in scan.accepted if unknown.tried]
    doubted |= {unknown.account_region for unknown in missed}
    doubted |= {result.resource.account_region for result in report.of(DeletionOutcome.ABANDONED)}
    return [
        account_region for account_region in report.target.seats if account_region not in doubted
    ]


class _NamedBucket(NamedTuple):
    """What the name of a bucket tells that only the workshop gives."""

    seat: str
    region: str


def _buckets(clients: Clients, workshop: str, account_region: AccountRegion) -> list[_NamedBucket]:
    pattern = re.compile(
        rf"{re.escape(workshop)}-({naming.SEAT_PATTERN.strip('^$')})-.+-{account_region.account}"
        rf"-({naming.REGION_PATTERN.strip('^$')})"
    )
    pages = clients.client("s3", account_region).get_paginator("list_buckets")
    listing = pages.paginate(Prefix=f"{workshop}-", PaginationConfig={"PageSize": 1000})
    names = [bucket["Name"] for page in listing for bucket in page["Buckets"]]
    return [_NamedBucket(*parts.groups()) for name in names if (parts := pattern.fullmatch(name))]


def _out_of_reach(
    clients: Clients, account_region: AccountRegion, loaded: LoadedEnvironment
) -> str | None:
    """Return why an account cannot be looked at with the present credentials; None where it can."""
    try:
        caller = clients.caller(account_region)
    except WorkshopError:
        caller = clients.home.account
    if caller == account_region.account:
        return None
    at = ("--account", account_region.account, "--region", account_region.region)
    return (
        f"the workshop was in account {account_region.account}, which was not looked at, and your"
        f" credentials are for {caller}; {account_guard.cure(clients, account_region)}, and run:"
        f" {loaded.command('leftovers', *at)}"
    )


def _strange(workshop: str, account_region: AccountRegion) -> str:
    return (
        f"a role, policy or bucket of the workshop names Region {account_region.region}, which this"
        f" release does not know; delete what has that name, or look there with: workshop"
        f" leftovers --workshop {workshop} --account {account_region.account}"
        f" --region {account_region.region}"
    )


def _renamed(ledger: Ledger, loaded: LoadedEnvironment) -> Iterator[Unknown]:
    """Yield where the environment's workshop had another name, of which nobody has seen it gone."""
    for where, names in ledger.workshops().items():
        for name in sorted(names - {loaded.settings.workshop}):
            why = (
                f"the workshop was called {name!r} there, which was not looked for; look with:"
                f" workshop leftovers --workshop {name} --account {where.account} --region"
                f" {where.region}, and tear it down with 'workshop: {name}' in the YAML again"
            )
            yield Unknown(WORKSHOP, where, why, tried=False)


def _ids(configured: ScanTarget) -> set[str]:
    return {seat for seats in configured.seats.values() for seat in seats}


def _is_asked(who: set[str], configured: ScanTarget) -> bool:
    """Return whether it is asked about any of these seats."""
    return configured.whole or bool(who & _ids(configured))


def _account_region(text: str) -> AccountRegion | None:
    account, _, region = text.partition(" ")
    known = re.fullmatch(naming.ACCOUNT_PATTERN, account)
    return AccountRegion(account, region) if known and region else None
