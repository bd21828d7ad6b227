"""``workshop preflight``: whether a deployment can succeed, before anything is made."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from workshop import events
from workshop.account_region import AccountRegion
from workshop.aws import places, regions, stacks
from workshop.aws.clients import Clients
from workshop.aws.reads import Unavailable, attempt
from workshop.aws.stacks import StackSummary
from workshop.bill import estimate
from workshop.cli import agreement, console, preflight_view
from workshop.cli.context import CommandContext, opened
from workshop.cli.options import CONFIG_DIR, AsJson, ConfigDir, Env, OfProfile, Only, seats
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat
from workshop.counting import count_of
from workshop.environments import loader
from workshop.errors import GuardError, UsageError
from workshop.preflight import PreflightReport, organiser_page, quota_requests
from workshop.preflight import preflight as checked
from workshop.preflight.checks import REFUSING

AcceptUnknown = Annotated[
    list[str] | None,
    typer.Option(
        "--accept-unknown",
        "--accept-short",
        metavar="QUOTA",
        help="Go on although this is not known, or too little for all seats at once, by its quota"
        " code or name; may be repeated.",
        show_default=False,
    ),
]


def preflight(
    *,
    env: Env,
    config_dir: ConfigDir = CONFIG_DIR,
    only: Only = None,
    profile: OfProfile = None,
    accept_unknown: AcceptUnknown = None,
    show_all: Annotated[bool, typer.Option("--all", help="Show what is in order too.")] = False,
    request_quotas: Annotated[
        bool,
        typer.Option("--request-quotas", help="Ask AWS for the quotas that are missing."),
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Ask AWS for them without asking you first.")
    ] = False,
    policy: Annotated[
        Path | None,
        typer.Option(
            "--policy",
            metavar="FOLDER",
            help="Write there which permissions you need, and a page for who administers the"
            " account; ask AWS nothing.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Ask AWS whether the roster can be deployed: permissions, quotas, Regions, the time.

    Nothing is changed but requests for quotas, with --request-quotas. What is not known counts as a
    failure, as does a quota of machines below one for each seat beside those that others use,
    unless it is accepted by name.

    For example:

        workshop preflight -e prod

        workshop preflight -e prod --accept-unknown L-04CE2E67 --accept-short L-B6D80D9C

        workshop preflight -e prod --request-quotas

        workshop preflight -e prod --policy to-the-administrator
    """
    if policy is not None:
        loaded = loader.load(env, config_dir)
        _write_policy(loaded, seats(loaded, only, profile), policy)
        return
    work = opened(env, config_dir, only=only, profile=profile)
    report = report_on(work, stacks_of(work, work.account_regions), accept_unknown)
    for name in report.unmatched(sorted(set(accept_unknown or ()))):
        console.warn(f"{name} is accepted, but nothing that was asked has this name")
    if as_json:
        console.print_json(document(report))
    else:
        preflight_view.show(report, everything=show_all)
    if request_quotas:
        _request(work.clients, report, yes=yes)
    refuse(report)


def _write_policy(loaded: LoadedEnvironment, chosen: Collection[Seat], folder: Path) -> None:
    """Write what is handed to whoever administers the accounts.

    Raise UsageError where the folder cannot be written to.
    """
    partition = regions.partition(loaded.home.region).name
    cost = estimate.estimate(loaded, tuple(chosen))
    expected = (
        [
            f"as the YAML plans it, with jobs and endpoints: USD {estimate.in_dollars(cost.total)}",
            cost.worst_line,
        ]
        if cost
        else []
    )
    made = organiser_page.files(loaded, chosen, partition=partition, expected=expected)
    try:
        organiser_page.write(folder, made)
    except OSError as error:
        raise UsageError(
            f"{folder} cannot be written to ({error.strerror}); name another folder"
        ) from None
    for name in made:
        console.print_line(str(folder / name))


def _request(clients: Clients, report: PreflightReport, *, yes: bool) -> None:
    """Ask AWS for the quotas that are missing, each once, after a yes.

    Raise GuardError where nobody agrees; nothing is asked for then.
    """
    wanted = [check for check in report.checks if check.request]
    if not wanted:
        console.say("no quota is left to be asked for")
        return
    increases = count_of(len(wanted), "increase")
    if not yes:
        agreement.require_yes(
            f"Ask AWS for {increases}? Type yes to go on",
            nobody="nobody is there to agree, and nothing was asked for; agree with --yes",
            refused="nothing was asked for; run the command again once you agree",
        )
    for check in wanted:
        status = attempt(partial(quota_requests.file, clients, check))
        quota = f"{check.account_region} {check.subject}: {check.raise_to}"
        if isinstance(status, Unavailable):
            console.warn(f"{quota} could not be asked for ({status.reason})")
        else:
            console.say(f"asked for {quota} ({quota_requests.OPEN.get(status, status.lower())})")


def report_on(
    work: CommandContext,
    found: Mapping[AccountRegion, Mapping[str, StackSummary]],
    accept_unknown: Collection[str] | None,
    chosen: Collection[Seat] | None = None,
    closed: Collection[AccountRegion] = (),
) -> PreflightReport:
    """Ask AWS whether seats can be deployed beside the stacks that were found.

    ``chosen`` are those of the command's seats that are asked for, None for all; ``closed`` is
    where nobody can be yet.
    """
    return checked(
        work.clients,
        work.loaded,
        work.seats if chosen is None else chosen,
        found,
        accept_unknown=frozenset(accept_unknown or ()),
        closed=closed,
        now=events.now(),
    )


def document(report: PreflightReport) -> dict[str, object]:
    """Return the report for programs."""
    return {
        "passed": report.passed,
        "checks": [
            {
                **asdict(check),
                "state": check.state.value,
                "account_region": asdict(check.account_region),
                **(
                    {"seat": seat}
                    if (seat := report.seats.get(check.account_region.account))
                    else {}
                ),
            }
            for check in report.checks
        ],
    }


def refuse(report: PreflightReport) -> None:
    """Raise GuardError unless the report has passed."""
    if not report.passed:
        raise GuardError(refusal(report))


def refusal(report: PreflightReport) -> str:
    """Return why a report that has not passed refuses."""
    reasons = ", ".join(
        f"{len(report.of(state))} {state.value}" for state in REFUSING if report.of(state)
    )
    return f"preflight refuses ({reasons}); each check says what cures it"


def stacks_of(
    work: CommandContext, account_regions: Collection[AccountRegion]
) -> Mapping[AccountRegion, Mapping[str, StackSummary]]:
    """Return the stacks of each Region; one that cannot be listed is left out, with a warning."""
    found, unlisted = stacks.in_each(work.clients, account_regions)
    for account_region, reason in unlisted.items():
        if not (work.loaded.settings.accounts.are_own and reason.startswith(places.NO_WAY_IN)):
            console.warn(f"the stacks of {account_region} could not be listed ({reason})")
    return found
