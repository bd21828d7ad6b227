"""What a workshop has cost so far, for status and before a teardown deletes what tells it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Any

from workshop import events
from workshop.account_region import AccountRegion
from workshop.aws.clients import Clients
from workshop.bill import bills, collector, observation, record, spending_export
from workshop.bill.record import UsageRecord
from workshop.bill.spending_export import CountedSpending
from workshop.config.environment import LoadedEnvironment
from workshop.deploy.plan import DeployPlan, StackAction
from workshop.ledger import Ledger
from workshop.naming import WATCH
from workshop.pricing.amounts import Bill
from workshop.status import watch_state
from workshop.status.collector import StatusScan

Say = Callable[[str], object]


def remembered(loaded: LoadedEnvironment) -> UsageRecord:
    """Return what earlier looks have seen; what was torn down has not gone on since.

    An account that nobody has any more, and in which nothing was ever done, is not missing.
    """
    kept, ledger = record.read(loaded.name), Ledger(loaded.name)
    gone = ledger.gone_at()
    for account_region, moment in gone.items():
        kept = kept.ended(account_region, moment)
    there = {seat.account for seat in loaded.seats} | {loaded.home.account}
    there |= {place.account for place in (*ledger.account_regions(), *gone)}
    return kept.known_of(there.union(loaded.assignment.seat_of))


def note(loaded: LoadedEnvironment, seen: StatusScan, say: Say) -> None:
    """Keep what a status has seen of notebooks and endpoints, of which nothing else remains."""
    kept = remembered(loaded)
    keep(observation.observed(loaded, seen.snapshots, kept, seen.at), loaded.name, say)


def keep(kept: UsageRecord, environment: str, say: Say) -> None:
    """Keep what was seen; where it cannot be written, say so and go on."""
    try:
        record.write(kept, environment)
    except OSError as error:
        say(
            f"warning: what was seen could not be kept in {record.path(environment)}"
            f" ({error.strerror}); later bills know less of it"
        )


def bill_before_deletion(
    clients: Clients,
    loaded: LoadedEnvironment,
    account_regions: Collection[AccountRegion],
    say: Say,
) -> Bill | None:
    """Read what tells of costs while it is there, keep it, and return the bill of the workshop.

    What could not be read is on the bill. Nothing that goes wrong here keeps anything from being
    deleted: then there is no bill.
    """
    say("adding up what it has cost ...")
    at = events.now()
    try:
        kept, unread = collector.collect(
            clients,
            loaded,
            account_regions,
            remembered(loaded),
            at,
            descriptions=collector.DESCRIPTIONS_BEFORE_DELETION,
        )
        spent = counted(clients, loaded, account_regions)
        made = bills.bill(loaded, kept, at, (*unread, *spent.unread), counted=spent)
    except (LookupError, TypeError, ValueError, ArithmeticError) as error:
        say(f"warning: what it has cost could not be added up ({error!r})")
        return None
    keep(kept, loaded.name, say)
    if spent.usd:
        _export(spent, loaded.name, say)
    return made


def counted(
    clients: Clients, loaded: LoadedEnvironment, account_regions: Collection[AccountRegion]
) -> CountedSpending:
    """Return what the watches have counted; of those that are gone, what was kept before."""
    seen = watch_state.read(clients, loaded, account_regions)
    return spending_export.together(loaded, spending_export.read(loaded.name), seen)


def forget(loaded: LoadedEnvironment, plan: DeployPlan) -> None:
    """Forget what earlier watches have counted where the plan makes new ones."""
    where = {
        stack.desired.account_region
        for stack in plan.stacks
        if stack.desired.kind == WATCH and stack.action in (StackAction.CREATE, StackAction.CLEAR)
    }
    with suppress(OSError):
        spending_export.forget(loaded.name, where)


def _export(spent: CountedSpending, environment: str, say: Say) -> None:
    path = spending_export.path(environment)
    try:
        spending_export.write(spent, environment)
    except OSError as error:
        say(
            f"warning: what the watch has counted could not be kept in {path}"
            f" ({error.strerror}); it goes with the watch"
        )
    else:
        say(f"what the watch has counted: {path}")


def sentences(loaded: LoadedEnvironment) -> list[str]:
    """Return the sum so far and how old what is known of jobs is; nothing before anything cost."""
    kept = remembered(loaded)
    if not kept.usages:
        return []
    jobs = "without jobs" if kept.jobs_at is None else f"jobs until {kept.jobs_at:%Y-%m-%d %H:%M}"
    made = bills.bill(loaded, kept, events.now())
    whole = loaded.command("bill")
    return [f"so far {made.total} USD, {jobs}; all of it: {whole}"]


def document(loaded: LoadedEnvironment) -> dict[str, Any]:
    """Return the same for programs; ``jobs_at`` of None is without jobs."""
    kept = remembered(loaded)
    made = bills.bill(loaded, kept, events.now())
    return {
        "usd": made.total.document,
        "jobs_at": kept.jobs_at and kept.jobs_at.isoformat(timespec="seconds"),
    }
