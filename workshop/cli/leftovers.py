"""``workshop leftovers``: what an account holds of a workshop, changing nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

import typer

from workshop import tags
from workshop.aws.clients import Clients
from workshop.cli import console, teardown_plan_view, teardown_view
from workshop.cli.opened import opened
from workshop.cli.options import CONFIG_DIR, AsJson, ConfigDir
from workshop.errors import GuardError, UsageError
from workshop.places import Place
from workshop.teardown import guard, refusals, verify
from workshop.teardown.discover import Discovery, Target, discover, tagged
from workshop.teardown.kinds import ALL
from workshop.teardown.model import Ownership, Thing
from workshop.teardown.plan import Choices, Fate, Plan
from workshop.teardown.report import NOT_PROVEN


def leftovers(
    *,
    env: Annotated[
        str | None,
        typer.Option("--env", "-e", metavar="NAME", help="The environment: config/NAME.yaml."),
    ] = None,
    workshop: Annotated[
        str | None,
        typer.Option("--workshop", metavar="NAME", help="Without -e: the workshop's name."),
    ] = None,
    account: Annotated[
        str | None, typer.Option("--account", metavar="ID", help="Without -e: the account.")
    ] = None,
    region: Annotated[
        str | None, typer.Option("--region", metavar="NAME", help="Without -e: the Region.")
    ] = None,
    config_dir: ConfigDir = CONFIG_DIR,
    as_json: AsJson = False,
) -> None:
    """Show what is left of a workshop, from one look; nothing is changed.

    Without -e it looks for any workshop by its name, also one that was made by other means with
    the same tags. Exit 0 means that nothing was found and everything could be read; else 4.

    For example:

        workshop leftovers -e prod

        workshop leftovers --workshop vision --account 111122223333 --region eu-west-1
    """
    if env is not None:
        work = opened(env, config_dir)
        targets, clients = [guard.target(work.loaded, work.seats, whole=True)], work.clients
    elif workshop and account and region:
        clients = Clients(Place(account, region))
        targets = _named(clients, workshop, Place(account, region))
    else:
        raise UsageError(
            "name an environment with -e, or a workshop with --workshop, --account and --region"
        )
    console.say("looking for everything of the workshop ...")
    kinds = {kind.name: kind for kind in ALL}
    discovery = _joined([discover(clients, target, ALL) for target in targets])
    plan = Plan(discovery, kinds, Choices())
    scan = verify.scan(discovery, kinds)
    if as_json:
        teardown_view.print_json(teardown_plan_view.document(plan))
    else:
        table = console.table("seat", "what", "name", "state", "whose", "why")
        rows = [one for one in plan.fates if one[1] != Fate.KEEP]
        for thing, _ in rows:
            table.add_row(thing.seat, thing.kind, thing.id, thing.state, thing.ownership, thing.why)
        if rows:
            console.print_table(table)
        for one in discovery.unknown:
            console.warn(f"{one.kind}s in {one.place} could not be listed: {one.why}")
        console.say(f"{len(scan.left)} things are left, {plan.cost.told}")
    raise typer.Exit(0 if scan.clean else NOT_PROVEN)


def _named(clients: Clients, workshop: str, place: Place) -> list[Target]:
    """A workshop of which only the name is known: seats and environments are as its tags tell.

    Tags that cannot be read tell of none here; the look that follows has them as unknown.
    """
    caller = clients.caller(place)
    if caller != place.account:
        raise GuardError(
            f"your credentials are for account {caller}, not {place.account}; sign in to that one"
        )
    try:
        found = list(tagged(clients, workshop, place).values())
    except refusals.Refusal:
        found = []
    seats = {place: frozenset(one[tags.ATTENDEE] for one in found if tags.ATTENDEE in one)}
    environments = sorted({one[tags.ENVIRONMENT] for one in found if tags.ENVIRONMENT in one})
    return [Target(workshop, name, seats, whole=True) for name in environments or [""]]


_SUREST = (Ownership.OWNED, Ownership.CLAIMED, Ownership.UNKNOWN, Ownership.FOREIGN)


def _joined(looks: Sequence[Discovery]) -> Discovery:
    """What looks for several environments found together: the surest verdict on each thing."""
    things: dict[tuple[str, str, Place], Thing] = {}
    for thing in (one for look in looks for one in look.things.values()):
        known = things.setdefault(thing.key, thing)
        if _SUREST.index(thing.ownership) < _SUREST.index(known.ownership):
            things[thing.key] = thing
    unknown = dict.fromkeys(one for look in looks for one in look.unknown)
    return replace(looks[0], things=things, unknown=tuple(unknown))
