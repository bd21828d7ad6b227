"""Where a workshop ever was, as far as anything tells: the places that a teardown looks at.

The YAML tells where the workshop is to be today. Where it was is told by the ledger, by earlier
plans, and by IAM and S3, whose names hold the Region and which are read for a whole account. What
tells of a place has it looked at, or named as not looked at: absence is never concluded from the
present configuration.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from workshop import naming
from workshop.account_region import AccountRegion
from workshop.aws import errors
from workshop.aws.clients import Clients
from workshop.config.environment import LoadedEnvironment
from workshop.config.instance_types import known_regions
from workshop.config.profiles import Profile
from workshop.config.roster import Seat
from workshop.errors import WorkshopError
from workshop.ledger import Ledger
from workshop.policies import extra
from workshop.teardown import guard, roles, shown_plan, verification
from workshop.teardown.discovery import Discovery, ScanTarget, Unknown
from workshop.teardown.events import DeletionOutcome
from workshop.teardown.resource import Ownership, SeenRole

if TYPE_CHECKING:  # a report's pages are no part of what a deployment needs
    from workshop.teardown.report import TeardownReport

ACCOUNT, REGION, WORKSHOP = "account", "Region", "workshop"
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
    """What is torn down: these seats, or the whole environment, wherever they left a trace.

    ``folder`` holds what was kept of earlier runs. A place whose account is another one, or whose
    Region nobody knows, is in ``unlooked``: nothing there is ever called gone.
    """
    chosen = tuple(seats)
    configured = guard.target(loaded, chosen, whole=whole)
    ledger = Ledger(loaded.name, folder.parent)
    traces = recorded(ledger, folder)
    unlooked: list[Unknown] = []
    accounts = {place.account: place for place in configured.seats}
    for place in [one for one in traces if one.account not in accounts]:
        why = _out_of_reach(clients, place, loaded)
        if why is None:
            accounts.setdefault(place.account, place)
        elif _is_asked(traces[place], configured):
            unlooked.append(Unknown(ACCOUNT, place, why, tried=False))
            traces.pop(place)
    for place in accounts.values():
        for found, who in named_in(clients, loaded.settings.workshop, place).items():
            traces.setdefault(found, set()).update(who)
    by_place = {place: set(ids) for place, ids in configured.seats.items()}
    for place, who in traces.items():
        if place in by_place and whole:
            by_place[place] |= who
        if place in by_place or not _is_asked(who, configured):
            continue
        if place.region not in known_regions():
            why = _strange(loaded.settings.workshop, place)
            unlooked.append(Unknown(REGION, place, why, tried=False))
            continue
        by_place[place] = set(who) if whole else who & _ids(configured)
    unlooked += _renamed(ledger, loaded)
    profiles = loaded.settings.profiles
    used = profiles if whole else {seat.profile: profiles[seat.profile] for seat in chosen}
    unlooked += opened(used, loaded.home)
    unlooked += _opened_before(ledger, loaded) if whole else ()
    widened = guard.target(loaded, chosen, whole=whole, also=by_place)
    began = {place: moment for place, moment in ledger.began().items() if place in widened.seats}
    return replace(widened, unlooked=tuple(unlooked), began=began)


def recorded(ledger: Ledger, folder: Path) -> Traces:
    """Where the ledger and the plan that was shown last tell of anything, and of whom."""
    traces: Traces = {place: set(seats) for place, seats in ledger.seats().items()}
    gone = ledger.gone_from()
    for _, _, where, _, ownership, seat, _ in shown_plan.lines_in(folder):
        place = _place(where)
        if ownership == Ownership.FOREIGN or place is None or place in gone:
            continue
        who = traces.setdefault(place, set())
        # A claim that an earlier scan only showed vouches for no seat, or two scans would prove it.
        if ownership == Ownership.OWNED:
            who.add(seat)
    return {place: seats - {""} for place, seats in traces.items()}


def named_in(clients: Clients, workshop: str, place: AccountRegion) -> Traces:
    """Where the names of an account's roles, policies and buckets say that the workshop is.

    What cannot be read is left out here: the scan at the account has it as unknown.
    """
    found: Traces = {}
    try:
        identities = roles.WorkshopIdentities(
            roles.roles(clients, workshop, place), roles.policies(clients, workshop, place)
        )
        for region, seats in identities.regions.items():
            found.setdefault(AccountRegion(place.account, region), set()).update(seats)
    except errors.Refusal:
        pass
    try:
        for region, seat in _buckets(clients, workshop, place):
            found.setdefault(AccountRegion(place.account, region), set()).add(seat)
    except errors.Refusal:
        pass
    return found


def opened(profiles: Mapping[str, Profile], home: AccountRegion) -> Iterator[Unknown]:
    """What profiles let seats make although no resource type here lists it: one for a service."""
    for name, profile in profiles.items():
        actions: dict[str, list[str]] = {}
        for statement in profile.access.extra_statements:
            for action in extra.making(statement.actions):
                actions.setdefault(action.partition(":")[0], []).append(action)
        for service, some in actions.items():
            why = f"profile {name} opens {', '.join(some)}, and what that makes is not looked for"
            yield Unknown(service, home, why, tried=False)


def _opened_before(ledger: Ledger, loaded: LoadedEnvironment) -> Iterator[Unknown]:
    """The services that a profile has opened before, and none does today."""
    today = {one.resource_type for one in opened(loaded.settings.profiles, loaded.home)}
    for service, why in ledger.opened().items():
        if service not in today:
            yield Unknown(service, loaded.home, why, tried=False)


def roles_seen(ledger: Ledger) -> Iterator[SeenRole]:
    """The workshop's roles that the ledger tells of."""
    for noted in ledger.roles():
        created, seen = (datetime.fromisoformat(noted[key]) for key in ("created", "at"))
        yield SeenRole(noted["account"], noted["name"], noted["id"], created, seen)


def note_roles(ledger: Ledger, some: Iterable[SeenRole]) -> None:
    """Have the ledger tell of roles, by which their work is known when they are gone."""
    by_account: dict[str, list[dict[str, str]]] = {}
    for one in some:
        noted = {"name": one.name, "id": one.id, "created": one.created.isoformat()}
        by_account.setdefault(one.account, []).append(noted)
    for account, some_there in by_account.items():
        ledger.note_roles(account, some_there)


def note_opened(ledger: Ledger, loaded: LoadedEnvironment) -> None:
    """Have the ledger tell what profiles open to seats, for when the YAML does so no more."""
    some = {one.resource_type: one.why for one in opened(loaded.settings.profiles, loaded.home)}
    ledger.note_opened(loaded.home, some, loaded.settings.workshop)


def note_began(ledger: Ledger, discovery: Discovery) -> None:
    """Have the ledger tell since when there is a workshop, for when its stacks and roles are gone.

    What seats made and nothing explains is known by its age alone.
    """
    for place, context in discovery.contexts.items():
        if context.since is not None:
            ledger.note_began(place, context.since, context.scope.workshop)


def gone(report: TeardownReport) -> list[AccountRegion]:
    """The places in which two scans at all of the workshop found nothing and missed nothing."""
    if report.choices.only is not None or len(report.scans) < verification.SCANS:
        return []
    doubted = {one.place for scan in report.scans for one in scan.left}
    # Of another name than the workshop's, another teardown has to tell.
    missed = [one for scan in report.scans for one in scan.unknown if one.resource_type != WORKSHOP]
    # What somebody has seen to is told once; what could not be listed may be listed another day.
    missed += [one for scan in report.scans for one in scan.accepted if one.tried]
    doubted |= {one.place for one in missed}
    doubted |= {one.resource.place for one in report.of(DeletionOutcome.ABANDONED)}
    return [place for place in report.target.seats if place not in doubted]


def _buckets(clients: Clients, workshop: str, place: AccountRegion) -> Iterator[tuple[str, str]]:
    """Region and seat of the buckets whose names only the workshop gives."""
    pattern = re.compile(
        rf"{re.escape(workshop)}-({naming.SEAT_PATTERN.strip('^$')})-.+-{place.account}"
        rf"-({naming.REGION_PATTERN.strip('^$')})"
    )
    pages = clients.client("s3", place).get_paginator("list_buckets")
    for page in pages.paginate(Prefix=f"{workshop}-", PaginationConfig={"PageSize": 1000}):
        for bucket in page["Buckets"]:
            parts = pattern.fullmatch(bucket["Name"])
            if parts:
                yield parts[2], parts[1]


def _out_of_reach(clients: Clients, place: AccountRegion, loaded: LoadedEnvironment) -> str | None:
    """Why an account cannot be looked at with the present credentials; None where it can."""
    try:
        caller = clients.caller(place)
    except WorkshopError:
        caller = clients.home.account
    if caller == place.account:
        return None
    words = ["workshop", "leftovers", "-e", loaded.name]
    words += ["--account", place.account, "--region", place.region]
    if loaded.path.parent != Path("config"):
        words += ["--config-dir", str(loaded.path.parent)]
    return (
        f"the workshop was in account {place.account}, which was not looked at, and your"
        f" credentials are for {caller}; sign in to {place.account} and run: {shlex.join(words)}"
    )


def _strange(workshop: str, place: AccountRegion) -> str:
    return (
        f"a role, policy or bucket of the workshop names Region {place.region}, which this release"
        f" does not know; delete what has that name, or look there with: workshop leftovers"
        f" --workshop {workshop} --account {place.account} --region {place.region}"
    )


def _renamed(ledger: Ledger, loaded: LoadedEnvironment) -> Iterator[Unknown]:
    """Where the environment's workshop had another name, of which nobody has seen it gone."""
    for place, names in ledger.workshops().items():
        for name in sorted(names - {loaded.settings.workshop}):
            why = (
                f"the workshop was called {name!r} there, which was not looked for; look with:"
                f" workshop leftovers --workshop {name} --account {place.account} --region"
                f" {place.region}, and tear it down with 'workshop: {name}' in the YAML again"
            )
            yield Unknown(WORKSHOP, place, why, tried=False)


def _ids(configured: ScanTarget) -> set[str]:
    return {seat for seats in configured.seats.values() for seat in seats}


def _is_asked(who: set[str], configured: ScanTarget) -> bool:
    """Whether it is asked about any of these seats."""
    return configured.whole or bool(who & _ids(configured))


def _place(text: str) -> AccountRegion | None:
    account, _, region = text.partition(" ")
    known = re.fullmatch(naming.ACCOUNT_PATTERN, account)
    return AccountRegion(account, region) if known and region else None
