"""Whether a seat is frozen, and taking the freeze off: off its roles and its notebook."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from workshop import events
from workshop.account_region import AccountRegion
from workshop.aws import errors, frozen_tag
from workshop.aws.clients import Clients
from workshop.aws.reads import side_by_side
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat, account_regions_of
from workshop.environments import dates
from workshop.errors import GuardError
from workshop.naming import FREEZE, Names
from workshop.status import watch_state
from workshop.status.watch_state import WatchState
from workshop.watch.budget import excess_of

THREADS = 8


@dataclass(frozen=True)
class Reopened:
    """What became of a seat; ``reason`` is what keeps it or its notebook closed, if any."""

    result: str
    reason: str = ""


def reopen_seats(
    clients: Clients, loaded: LoadedEnvironment, seats: Sequence[Seat]
) -> dict[Seat, Reopened]:
    """Take the freeze off these seats; raise GuardError where the workshop is over for all.

    The reason of one that is above a cap says that it is frozen again soon.
    """
    end = loaded.settings.end
    if end <= events.now():
        raise GuardError(
            f"the workshop is over since {dates.moment(end)}, and every role says so; let it go on"
            f" with: {loaded.command('extend', '--until', 'TIME')}"
        )

    def give_back(seat: Seat) -> Reopened:
        made = reopen(clients, seat.account_region, loaded.names(seat), loaded.roles(seat))
        kept = frozen_tag.of_box(clients, loaded, seat, frozen_tag.take_off_boxes)
        tagged = (f"its EC2 instance keeps the tag of a freeze: {why}" for why in kept)
        return replace(made, reason="; ".join(filter(None, (made.reason, *tagged))))

    done = side_by_side(give_back, seats, threads=THREADS)
    watch = watch_state.read(clients, loaded, account_regions_of(seats))
    for seat, reopened in done.items():
        if reopened.result == "reopened":
            why = "; ".join(filter(None, (reopened.reason, again_above(loaded, watch, seat))))
            done[seat] = replace(reopened, reason=why)
    return done


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
            result = "not known" if errors.is_no_way_in(error) else "frozen"
            return Reopened(result, errors.describe(error))
    left = frozen_tag.take_off(clients, account_region, [names.notebook_arn])
    reason = next((f"its notebook keeps the tag of a freeze: {why}" for why in left.values()), "")
    return Reopened("reopened" if taken else "was not frozen", reason)


def again_above(loaded: LoadedEnvironment, watch: WatchState | None, seat: Seat) -> str:
    """Return why the watch freezes a seat again within minutes, and the cure; empty if it does not.

    It counts money until the end, and goes on counting what it could not stop.
    """
    budget = loaded.settings.budget
    if watch is None or budget.on_cap != "freeze":
        return ""
    if seat.account_region in watch.unread:
        why = watch.unread[seat.account_region]
        return f"whether it is above a cap, and frozen again, could not be read: {why}"
    here = watch.of.get(seat.account_region)
    if here is None:
        return ""
    excess = excess_of(budget.model_dump(), here.spending, seat.attendee)
    if excess is None:
        return ""
    key = {"cap": "per_seat_usd", "instances": "max_instances", "hourly": "per_hour_usd"}[
        excess.key.partition("-")[0]
    ]
    own = ("--only", seat.id) if loaded.settings.accounts.are_own else ()
    end = loaded.command("end", "NAME", *own)
    stop = "" if key == "per_seat_usd" else f"stop it with {end}, or "
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
            attached = [
                policy["PolicyArn"] for page in pages for policy in page["AttachedPolicies"]
            ]
            if freeze in attached:
                return True
    return False
