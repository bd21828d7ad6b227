"""Whether a seat is frozen, and taking the freeze off: off its roles and its notebook."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from workshop.account_region import AccountRegion
from workshop.aws import errors, frozen_tag
from workshop.aws.clients import Clients
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat
from workshop.naming import FREEZE, Names
from workshop.status.watch_state import WatchState
from workshop.watch.budget import excess_of


@dataclass(frozen=True)
class Reopened:
    """What became of a seat; ``reason`` is what keeps it or its notebook closed, if any."""

    result: str
    reason: str = ""


def reopen(
    clients: Clients, account_region: AccountRegion, names: Names, roles: Iterable[str]
) -> Reopened:
    """Detach the freeze from the roles of one seat; a role that is not frozen is no error.

    Its notebook loses the tag last; where it does not, the seat is open but for the door.
    """
    client = clients.client("iam", account_region)
    names = replace(names, partition=client.meta.partition)
    freeze = names.cohort_policy_arn(FREEZE)
    taken = 0
    for role in roles:
        try:
            with errors.gone_is_fine():
                client.detach_role_policy(RoleName=role, PolicyArn=freeze)
                taken += 1
        except errors.Refusal as error:
            return Reopened("frozen", errors.describe(error))
    left = frozen_tag.take_off(clients, account_region, [names.notebook_arn])
    reason = next((f"its notebook keeps the tag of a freeze: {why}" for why in left.values()), "")
    return Reopened("reopened" if taken else "was not frozen", reason)


def again_above(loaded: LoadedEnvironment, watch: WatchState | None, seat: Seat) -> str:
    """Return why the watch freezes a seat again within minutes, and the cure; empty if it does not.

    It counts money until the end, and goes on counting what it could not stop.
    """
    budget = loaded.settings.budget
    here = None if watch is None else watch.of.get(seat.account_region)
    if here is None or budget.on_cap != "freeze":
        return ""
    excess = excess_of(budget.model_dump(), here.spending, seat.id)
    if excess is None:
        return ""
    key = {"cap": "per_seat_usd", "instances": "max_instances", "hourly": "per_hour_usd"}[
        excess.key.partition("-")[0]
    ]
    stop = "" if key == "per_seat_usd" else f"stop it with {loaded.command('end', 'NAME')}, or "
    return (
        f"it {excess.text}, so the watch freezes it again within five minutes; {stop}raise"
        f" budget.{key} in the YAML, run {loaded.command('deploy')}, and reopen it then"
    )


def is_frozen(
    clients: Clients, account_region: AccountRegion, names: Names, roles: Iterable[str]
) -> bool:
    """Return whether one of a seat's roles is frozen; a role that is gone is not.

    Raises ``Refusal`` where that cannot be read.
    """
    client = clients.client("iam", account_region)
    freeze = replace(names, partition=client.meta.partition).cohort_policy_arn(FREEZE)
    for role in roles:
        with errors.gone_is_fine():
            pages = client.get_paginator("list_attached_role_policies").paginate(RoleName=role)
            attached = [one["PolicyArn"] for page in pages for one in page["AttachedPolicies"]]
            if freeze in attached:
                return True
    return False
