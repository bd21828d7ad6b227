"""Whether a deployment can succeed: asked of all accounts and Regions side by side."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from workshop.account_region import AccountRegion
from workshop.aws.clients import Clients
from workshop.aws.reads import Unavailable
from workshop.aws.stacks import StackSummary
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat, account_regions
from workshop.preflight import quota_requests
from workshop.preflight.checks import Check, CheckState, PreflightReport, unknown, waived
from workshop.preflight.reads import Judge, account_of, read_account, read_region
from workshop.preflight.request import ParallelReads, PreflightRequest

THREADS = 16


def preflight(
    clients: Clients,
    loaded: LoadedEnvironment,
    seats: Iterable[Seat],
    stacks_by_place: Mapping[AccountRegion, Mapping[str, StackSummary]],
    *,
    accept_unknown: Collection[str] = frozenset(),
    now: datetime,
    tries_reads: bool = True,
) -> PreflightReport:
    """Check whether ``seats`` can be deployed; nothing is changed anywhere.

    ``stacks_by_place`` are the stacks of each account and Region; one that is left out counts as
    one that could not be listed. ``accept_unknown`` names checks, by quota code or subject, that
    need not be known, nor be enough for all seats at once. An answer that is missing makes its
    checks unknown: no error of AWS passes through. Where the account or the Region is wrong,
    nothing else is asked. With ``tries_reads``, a few calls of each of a teardown's listings are
    made.
    """
    seats = tuple(seats)
    checks = [check_time(loaded.home, loaded.settings.start, loaded.settings.end, now)]
    with ThreadPoolExecutor(THREADS, thread_name_prefix="preflight") as pool:
        ask = ParallelReads(clients, pool)
        places = account_regions(seats)
        callers = {place: ask(caller_arn, place) for place in places}
        regions = {home: ask(opt_in_status, home) for home in map(account_of, places)}
        judges: list[Judge] = []
        by_account: dict[AccountRegion, list[PreflightRequest]] = {}
        for place in places:
            caller = callers[place].result()
            first = [
                check_account(place, caller),
                check_region(place, regions[account_of(place)].result(), caller),
            ]
            checks += first
            if all(check.state != CheckState.FAILED for check in first):
                there = tuple(seat for seat in seats if seat.account_region == place)
                request = PreflightRequest(loaded, place, there, stacks_by_place.get(place))
                judges += read_region(ask, request, caller, tries_reads=tries_reads)
                by_account.setdefault(account_of(place), []).append(request)
        judges += [read_account(ask, home, some) for home, some in by_account.items()]
        for judge in judges:
            checks += judge()
        checks = quota_requests.marked(ask, checks)
    return PreflightReport(waived(checks, accept_unknown))


# --- time, account and Region, which come before all else ----------------------------------------

EARLY = timedelta(days=7)
"""A rehearsal a few days ahead is usual; what is made earlier than that costs for nothing."""


def check_time(place: AccountRegion, start: datetime, end: datetime, now: datetime) -> Check:
    """Fail once the workshop is over, and warn while its begin is far away."""
    if end <= now:
        message = (
            f"the workshop is over since {end.isoformat()}; set a later 'end', or tear it down"
        )
        return Check(place, "time", CheckState.FAILED, message)
    if start - now > EARLY:
        message = (
            f"the workshop begins in {(start - now).days} days, on {start.isoformat()}, and disks"
            " and running notebooks cost from now on; deploy later, or stop the notebooks until"
            " then"
        )
        return Check(place, "time", CheckState.WARNING, message)
    return Check(place, "time", CheckState.OK, f"the workshop ends on {end.isoformat()}")


ACCOUNT, REGION = "account", "Region"


def caller_arn(clients: Clients, place: AccountRegion) -> str:
    """Return the ARN of whoever calls, from STS in the place's own Region."""
    return str(clients.client("sts", place).get_caller_identity()["Arn"])


def opt_in_status(clients: Clients, place: AccountRegion) -> dict[str, str]:
    """Return every Region of the partition, the account's disabled ones too, and its opt-in status.

    ``place`` is in a Region that every account has.
    """
    found = clients.client("ec2", place).describe_regions(AllRegions=True)["Regions"]
    return {region["RegionName"]: region.get("OptInStatus", "") for region in found}


def check_account(place: AccountRegion, caller: str | Unavailable) -> Check:
    """Return whether calls for a place act in its account."""
    if isinstance(caller, Unavailable):
        return unknown(place, ACCOUNT, f"AWS does not say who is calling ({caller.reason})")
    account = caller.split(":")[4]
    if account != place.account:
        message = (
            f"your credentials are for account {account}; sign in to {place.account}, or correct"
            " 'account'"
        )
        return Check(place, ACCOUNT, CheckState.FAILED, message)
    return Check(place, ACCOUNT, CheckState.OK, f"called by {caller}")


def check_region(
    place: AccountRegion, known: dict[str, str] | Unavailable, caller: str | Unavailable
) -> Check:
    """Return whether the Region is there and enabled.

    Where the list of Regions may not be read, an answer of STS in the Region is proof enough: a
    Region that is not enabled knows none of the account's keys.
    """
    if isinstance(known, Unavailable):
        if isinstance(caller, Unavailable):
            return unknown(place, REGION, f"{place.region} does not answer ({caller.reason})")
        return Check(place, REGION, CheckState.OK, f"{place.region} answers")
    status = known.get(place.region)
    if status is None:
        return unknown(place, REGION, f"EC2 lists no Region {place.region}: check its spelling")
    if status == "not-opted-in":
        message = (
            f"{place.region} is not enabled for the account; enable it with:"
            f" aws account enable-region --region-name {place.region}"
        )
        return Check(place, REGION, CheckState.FAILED, message)
    return Check(place, REGION, CheckState.OK, f"{place.region} is enabled")
