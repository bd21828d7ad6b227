"""``workshop leftovers``: what an account holds of a workshop, changing nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from workshop import tags
from workshop.account_region import AccountRegion
from workshop.aws import account_guard, errors
from workshop.aws.clients import Clients
from workshop.cli import completion, console, teardown_plan_view, torn_down
from workshop.cli.context import opened
from workshop.cli.options import CONFIG_DIR, AsJson, ConfigDir
from workshop.counting import count_of, first_of
from workshop.environments import loader
from workshop.errors import GuardError, UsageError
from workshop.ledger import FOLDER, Ledger
from workshop.teardown import evidence, guard
from workshop.teardown.discovery import Discovery, discover
from workshop.teardown.plan import Choices, PlannedAction, TeardownPlan
from workshop.teardown.region_inventory import tagged
from workshop.teardown.report import NOT_PROVEN
from workshop.teardown.resource import Ownership, Resource, ScanCache
from workshop.teardown.resources import ALL
from workshop.teardown.scan_target import ScanTarget
from workshop.teardown.verification import Scan


def leftovers(
    *,
    env: Annotated[
        str | None,
        typer.Option(
            "--env",
            "-e",
            metavar="NAME",
            help="The environment: config/NAME.yaml.",
            autocompletion=completion.environments,
        ),
    ] = None,
    workshop: Annotated[
        str | None,
        typer.Option("--workshop", metavar="NAME", help="Without -e: the workshop's name."),
    ] = None,
    account: Annotated[
        str | None,
        typer.Option("--account", metavar="ID", help="The account that is looked at."),
    ] = None,
    region: Annotated[
        str | None,
        typer.Option("--region", metavar="NAME", help="The Region that is looked at."),
    ] = None,
    config_dir: ConfigDir = CONFIG_DIR,
    as_json: AsJson = False,
) -> None:
    """Show what is left of a workshop, from one scan; nothing is changed.

    Without -e it looks for any workshop by its name, also one that was made by other means with
    the same tags. With -e, --account and --region it looks where that environment was once, with
    credentials of that account. Exit 0 means that nothing was found and everything could be read;
    else 4.

    For example:

        workshop leftovers -e prod

        workshop leftovers -e prod --account 111122223333 --region eu-west-1

        workshop leftovers --workshop vision --account 111122223333 --region eu-west-1
    """
    lasting = ScanCache()
    if env is not None and workshop is None and bool(account) == bool(region):
        earlier = AccountRegion(account, region) if account and region else None
        clients, targets = _of_environment(env, config_dir, earlier, lasting)
    elif workshop and account and region:
        clients = Clients(AccountRegion(account, region))
        targets = _named(clients, workshop, AccountRegion(account, region))
    else:
        raise UsageError(
            "name an environment with -e, or a workshop with --workshop, --account and --region"
        )
    console.say("looking for everything of the workshop ...")
    resource_types = {resource_type.name: resource_type for resource_type in ALL}
    discovery = _joined([discover(clients, target, ALL, lasting) for target in targets])
    if env is not None:
        guard.check_environment(discovery, env)
    plan = TeardownPlan(discovery, resource_types, Choices())
    scan = Scan.of(plan)
    kept = evidence.names_of(plan.resources(PlannedAction.KEEP))
    if as_json:
        console.print_json_line(teardown_plan_view.document(plan))
    else:
        _show(plan, scan, kept)
        for target in targets:
            if target.members and target.members.unvisited:
                console.say(target.members.unvisited)
    if env is not None and scan.clean:
        for target in targets:
            Ledger(env).gone(target.seats, target.workshop, kept)
    raise typer.Exit(0 if scan.clean else NOT_PROVEN)


def _show(plan: TeardownPlan, scan: Scan, kept: Mapping[AccountRegion, Sequence[str]]) -> None:
    table = console.table("seat", "what", "name", "state", "whose", "why")
    rows = [resource for resource, action in plan.actions if action != PlannedAction.KEEP]
    for resource in rows:
        table.add_row(
            resource.owner,
            resource.resource_type,
            resource.id,
            resource.state,
            resource.ownership,
            resource.why,
        )
    if rows:
        console.print_table(table)
    for unknown in plan.discovery.unknown:
        console.warn(unknown.message)
    least = "at least " if plan.discovery.unknown else ""
    console.say(f"left: {least}{count_of(len(scan.left), 'resource')}, {plan.cost.per_hour}")
    if kept:
        console.say(f"kept on request: {first_of([*chain(*kept.values())], torn_down.NAMED)}")


def _of_environment(
    env: str, config_dir: Path, earlier: AccountRegion | None, lasting: ScanCache
) -> tuple[Clients, list[ScanTarget]]:
    """Return an environment wherever it left a trace, or in an earlier Region of its own."""
    folder = FOLDER / env
    evidence.remember(lasting, Ledger(env))
    if earlier is None:
        work = opened(env, config_dir)
        whole = evidence.target(work.clients, work.loaded, work.seats, whole=True, folder=folder)
        return work.clients, [whole]
    loaded = loader.load(env, config_dir, pinned=False)
    clients = Clients(earlier)
    _check_account(clients, earlier)
    traces = evidence.recorded(Ledger(env), folder)
    traces.setdefault(earlier, set())
    for account_region, seats in evidence.named_in(
        clients, loaded.settings.workshop, earlier
    ).items():
        traces.setdefault(account_region, set()).update(seats)
    seats_there = {
        account_region: frozenset(seats)
        for account_region, seats in traces.items()
        if account_region.account == earlier.account
    }
    return clients, [ScanTarget(loaded.settings.workshop, loaded.name, seats_there, whole=True)]


def _check_account(clients: Clients, account_region: AccountRegion) -> None:
    caller = clients.caller(account_region)
    if caller != account_region.account:
        raise GuardError(
            f"your credentials are for account {caller}, not {account_region.account};"
            f" {account_guard.cure(clients, account_region)}"
        )


def _named(clients: Clients, workshop: str, account_region: AccountRegion) -> list[ScanTarget]:
    """Return a workshop of which only the name is known: its tags tell seats and environments.

    Tags that cannot be read tell of none here; the scan that follows has them as unknown.
    """
    _check_account(clients, account_region)
    named = {account_region: set[str](), **evidence.named_in(clients, workshop, account_region)}
    seats: dict[AccountRegion, frozenset[str]] = {}
    said: set[str] = set()
    for where, some in named.items():
        try:
            found = list(tagged(clients, workshop, where).values())
        except errors.Refusal:
            found = []
        seats[where] = frozenset(
            some
            | {found_tags[tags.ATTENDEE] for found_tags in found if tags.ATTENDEE in found_tags}
        )
        said |= {
            found_tags[tags.ENVIRONMENT] for found_tags in found if tags.ENVIRONMENT in found_tags
        }
    environments = sorted(said)
    return [ScanTarget(workshop, name, seats, whole=True) for name in environments or [""]]


_SUREST = (Ownership.OWNED, Ownership.CLAIMED, Ownership.UNKNOWN, Ownership.FOREIGN)


def _joined(scans: Sequence[Discovery]) -> Discovery:
    """Return what scans for several environments found: the surest verdict on each resource."""
    resources: dict[tuple[str, str, AccountRegion], Resource] = {}
    for resource in (resource for scan in scans for resource in scan.resources.values()):
        known = resources.setdefault(resource.key, resource)
        if _SUREST.index(resource.ownership) < _SUREST.index(known.ownership):
            resources[resource.key] = resource
    unknown = dict.fromkeys(unknown for scan in scans for unknown in scan.unknown)
    return replace(scans[0], resources=resources, unknown=tuple(unknown))
