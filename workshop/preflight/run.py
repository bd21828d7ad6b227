"""Whether a deployment can succeed: asked of all accounts and Regions side by side."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from workshop.account_region import AccountRegion
from workshop.aws import account_guard
from workshop.aws.clients import Clients
from workshop.aws.machine_kinds import machines_of
from workshop.aws.reads import Unavailable
from workshop.aws.stacks import StackSummary
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat, account_regions_of
from workshop.counting import count_of
from workshop.preflight import own_accounts, quota_requests
from workshop.preflight.checks import Check, CheckState, PreflightReport, unknown, waived
from workshop.preflight.reads import Judge, account_of, common_bill, read_account, read_region
from workshop.preflight.request import ParallelReads, PreflightRequest

THREADS = 16


def preflight(
    clients: Clients,
    loaded: LoadedEnvironment,
    seats: Iterable[Seat],
    stacks_by_account_region: Mapping[AccountRegion, Mapping[str, StackSummary]],
    *,
    accept_unknown: Collection[str] = frozenset(),
    closed: Collection[AccountRegion] = (),
    now: datetime,
    tries_reads: bool = True,
) -> PreflightReport:
    """Check whether ``seats`` can be deployed; nothing is changed anywhere.

    ``stacks_by_account_region`` are the stacks that were listed; one that is left out counts as
    one that could not be listed. ``accept_unknown`` names checks, by quota code or subject, that
    need not be known, nor be enough for all seats at once. An answer that is missing makes its
    checks unknown: no error of AWS passes through. Where the account or the Region is wrong,
    nothing else is asked. Of accounts of seats' own that are ``closed``, since whatever lets the
    caller in is still to be made, home alone is asked. With ``tries_reads``, a few calls of
    each of a teardown's listings are made.
    """
    seats = tuple(seats)
    checks = [check_time(loaded, seats, now)]
    with ThreadPoolExecutor(THREADS, thread_name_prefix="preflight") as pool:
        ask = ParallelReads(clients, pool)
        account_regions = [place for place in account_regions_of(seats) if place not in closed]
        callers = {
            account_region: ask(caller_arn, account_region) for account_region in account_regions
        }
        regions = {home: ask(opt_in_status, home) for home in map(account_of, account_regions)}
        own = loaded.settings.accounts.are_own
        if own:
            checks += own_accounts.checks(ask, loaded, seats, stacks_by_account_region)
        judges: list[Judge] = []
        by_account: dict[AccountRegion, list[PreflightRequest]] = {}
        for account_region in account_regions:
            caller = callers[account_region].result()
            if own and isinstance(caller, Unavailable):
                checks.append(not_reached(loaded, account_region, caller))
                continue
            first = [
                check_account(clients, account_region, caller),
                check_region(account_region, regions[account_of(account_region)].result(), caller),
            ]
            checks += first
            if all(check.state != CheckState.FAILED for check in first):
                there = tuple(seat for seat in seats if seat.account_region == account_region)
                request = PreflightRequest(
                    loaded, account_region, there, stacks_by_account_region.get(account_region)
                )
                judges += read_region(ask, request, caller, tries_reads=tries_reads)
                if own and loaded.settings.accounts.permissions == "self-managed":
                    judges.append(_execution_role(ask, request))
                by_account.setdefault(account_of(account_region), []).append(request)
        if tries_reads and len({seat.account for seat in loaded.seats}) > 1:
            judges.append(common_bill(ask, loaded.home))
        judges += [read_account(ask, home, some) for home, some in by_account.items()]
        for judge in judges:
            checks += judge()
        checks = quota_requests.marked(ask, checks)
    seat_of = {seat.account: seat.id for seat in seats} if own else {}
    return PreflightReport(waived(checks, accept_unknown), seat_of)


def _execution_role(ask: ParallelReads, request: PreflightRequest) -> Judge:
    where = request.account_region
    answer = ask(own_accounts.execution_role, where, request.loaded)
    return lambda: [own_accounts.check_execution_role(where, answer.result())]


# --- time, account and Region, which come before all else ----------------------------------------

EARLY = timedelta(days=7)
"""A rehearsal a few days ahead is usual; what is made earlier than that costs for nothing."""


def check_time(loaded: LoadedEnvironment, seats: Iterable[Seat], now: datetime) -> Check:
    """Fail once the workshop is over, and warn while it is far away and seats' machines cost."""
    account_region, start, end = loaded.home, loaded.settings.start, loaded.settings.end
    if end <= now:
        message = (
            f"the workshop is over since {end.isoformat()}; set a later 'end', or tear it down"
        )
        return Check(account_region, "time", CheckState.FAILED, message)
    kinds = {
        machine.kind.noun
        for machine in machines_of(seats)
        if machine.seat.instance_type or machine.seat.box_type
    }
    if kinds and start - now > EARLY:
        nouns = " and ".join(f"{noun}s" for noun in sorted(kinds, reverse=True))
        message = (
            f"the workshop begins in {count_of((start - now).days, 'day')}, on"
            f" {start.isoformat()}, and disks and running {nouns} cost from now on; deploy later,"
            f" or stop the {nouns} until then"
        )
        return Check(account_region, "time", CheckState.WARNING, message)
    return Check(account_region, "time", CheckState.OK, f"the workshop ends on {end.isoformat()}")


ACCOUNT, REGION = "account", "Region"


def caller_arn(clients: Clients, account_region: AccountRegion) -> str:
    """Return the ARN of whoever calls, from STS in the account's and Region's own Region."""
    return str(clients.client("sts", account_region).get_caller_identity()["Arn"])


def opt_in_status(clients: Clients, account_region: AccountRegion) -> dict[str, str]:
    """Return every Region of the partition, the account's disabled ones too, and its opt-in status.

    ``account_region`` is in a Region that every account has.
    """
    found = clients.client("ec2", account_region).describe_regions(AllRegions=True)["Regions"]
    return {region["RegionName"]: region.get("OptInStatus", "") for region in found}


def not_reached(
    loaded: LoadedEnvironment, account_region: AccountRegion, caller: Unavailable
) -> Check:
    """Return that nobody can be in a seat's own account, so that nothing of it is known."""
    cure = (
        "the first stack set makes the organiser's role there, so that this is known once a seat of"
        " the account is deployed; if one is, somebody has changed or deleted the role, which is"
        f" made again by: {loaded.command('deploy')}; name a role that is there already as"
        " 'accounts.role'"
        if loaded.settings.accounts.makes_role
        else "check 'accounts.role' and 'accounts.external_id', and whom the role trusts"
    )
    message = (
        f"nobody can be in the account ({caller.reason}), and its quotas, permissions and Regions"
        f" are not known; {cure}, or go on without: --accept-unknown {ACCOUNT}"
    )
    return Check(account_region, ACCOUNT, CheckState.UNKNOWN, message)


def check_account(
    clients: Clients, account_region: AccountRegion, caller: str | Unavailable
) -> Check:
    """Return whether calls for an account and Region act in its account."""
    if isinstance(caller, Unavailable):
        return unknown(
            account_region, ACCOUNT, f"AWS does not say who is calling ({caller.reason})"
        )
    account = caller.split(":")[4]
    if account != account_region.account:
        message = (
            f"your credentials are for account {account}, not {account_region.account};"
            f" {account_guard.cure(clients, account_region)}, or correct 'account'"
        )
        return Check(account_region, ACCOUNT, CheckState.FAILED, message)
    return Check(account_region, ACCOUNT, CheckState.OK, f"called by {caller}")


def check_region(
    account_region: AccountRegion, known: dict[str, str] | Unavailable, caller: str | Unavailable
) -> Check:
    """Return whether the Region is there and enabled.

    Where the list of Regions may not be read, an answer of STS in the Region is proof enough: a
    Region that is not enabled knows none of the account's keys.
    """
    if isinstance(known, Unavailable):
        if isinstance(caller, Unavailable):
            return unknown(
                account_region, REGION, f"{account_region.region} does not answer ({caller.reason})"
            )
        return Check(account_region, REGION, CheckState.OK, f"{account_region.region} answers")
    status = known.get(account_region.region)
    if status is None:
        return unknown(
            account_region,
            REGION,
            f"EC2 lists no Region {account_region.region}: check its spelling",
        )
    if status == "not-opted-in":
        message = (
            f"{account_region.region} is not enabled for the account; enable it with:"
            f" aws account enable-region --region-name {account_region.region}"
        )
        return Check(account_region, REGION, CheckState.FAILED, message)
    return Check(account_region, REGION, CheckState.OK, f"{account_region.region} is enabled")
