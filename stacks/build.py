"""The stacks of an environment, put into a CDK app: configuration comes in as values."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from aws_cdk import App, Stack, Stage, Validations
from cdk_nag import AwsSolutionsChecks

from stacks.access import AccessStack
from stacks.base import Placement, SeatStack
from stacks.box import BoxStack
from stacks.cohort import CohortStack
from stacks.door import DoorStack
from stacks.monitoring import MonitoringStack
from stacks.notebook import NotebookStack
from stacks.organiser import OrganiserStack
from stacks.registry import RegistryStack
from stacks.start import StartStack
from stacks.storage import StorageStack
from stacks.watch import WatchStack
from workshop.account_region import AccountRegion
from workshop.config import time_zones
from workshop.config.environment import LoadedEnvironment
from workshop.config.images import Pin
from workshop.config.roster import Seat, account_regions_of
from workshop.naming import COHORT, DOOR, ORGANISER, SEAT_STACKS, START, WATCH
from workshop.pricing import caps

FLAGS = Path(__file__).with_name("feature_flags.json")
"""CDK's feature flags (https://docs.aws.amazon.com/cdk/v2/guide/featureflags.html)."""

STACKS: dict[str, Callable[..., SeatStack]] = {
    "storage": StorageStack,
    "registry": RegistryStack,
    "access": AccessStack,
    "notebook": NotebookStack,
    "box": BoxStack,
    "monitoring": MonitoringStack,
}
"""The stacks of ``SEAT_STACKS``, by their names there."""

# These hold whatever the command line or cdk.json say: the templates of all seats must be alike.
ALWAYS = {
    # Paths and versions would differ from seat to seat and say nothing to anybody.
    "aws:cdk:enable-path-metadata": False,
    "aws:cdk:enable-asset-metadata": False,
    "aws:cdk:version-reporting": False,
    "aws:cdk:disable-stack-trace": True,
    # Stack tags are set by hand: they must be concrete, while resource tags use the parameter.
    "@aws-cdk/core:explicitStackTags": True,
}


def new_app(outdir: str | None = None, context: Mapping[str, str] | None = None) -> App:
    """Return an app with this project's feature flags, with or without the CDK command line."""
    flags = json.loads(FLAGS.read_text(encoding="utf-8"))
    return App(
        analytics_reporting=False,
        tree_metadata=False,
        # It costs more than all the rest of a synthesis, and the templates of all seats are alike:
        # the tests have it look at one seat of every profile.
        builtin_cloud_formation_validation=False,
        outdir=outdir,
        context={**flags, **(context or {})},
        post_cli_context=ALWAYS,
    )


def build(
    app: Stage,
    loaded: LoadedEnvironment,
    attendees: Sequence[str] | None = None,
    *,
    warns: bool = True,
) -> None:
    """Put the stacks of ``attendees`` (None: of every seat) and their cohorts into ``app``.

    Where each seat has an account of its own, those of one seat of each profile, which are the
    templates of the stack sets. With ``warns``, CDK tells what may not be meant. Raises UsageError
    for an attendee who is not on the roster.
    """
    seats = loaded.chosen(attendees)
    if loaded.settings.accounts.are_own:
        seats = tuple({seat.profile: seat for seat in reversed(seats)}.values())
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    for number, warning in enumerate(loaded.warnings if warns else (), start=1):
        Validations.of(app).add_warning(f"workshop-{number}", warning)
    cohorts = {
        account_region: _cohort(app, loaded, account_region)
        for account_region in account_regions_of(seats)
    }
    for seat in seats:
        _workbench(app, loaded, seat, cohorts[seat.account_region])


def _cohort(app: Stage, loaded: LoadedEnvironment, account_region: AccountRegion) -> CohortStack:
    """Put the stacks that all seats of an account and Region share into ``app``."""
    names = loaded.cohort_names(account_region)
    placement = Placement(names, loaded.tags(COHORT, COHORT))

    def called(kind: str) -> str:
        return loaded.artifact(kind, account_region)

    cohort = CohortStack(
        app,
        called(COHORT),
        placement=placement,
        cohort=loaded.settings.cohort,
        profiles=loaded.settings.profiles,
        end=loaded.settings.end,
        tag_keys=tuple(loaded.settings.tags),
    )
    start = StartStack(app, called(START), placement=placement)
    cohort.add_stack_dependency(start, "what notebooks do when they start")
    seats = loaded.seats_in(account_region)
    watch = WatchStack(
        app,
        called(WATCH),
        placement=placement,
        start=loaded.settings.start,
        end=loaded.settings.end,
        hours=loaded.settings.hours,
        changes=time_zones.changes(
            loaded.settings.timezone, loaded.settings.start, loaded.settings.end
        ),
        budget=caps.watch_budget(loaded.settings),
        prices=caps.shipped_prices(loaded.settings, seats, account_region.region),
        notify=loaded.settings.budget.notify is not None,
        boxes=any(profile.has_box for profile in loaded.settings.profiles.values()),
    )
    # A cohort cannot go while a seat is left: `cdk destroy` of one seat leaves the watch to others.
    cohort.add_stack_dependency(watch, "nobody works unwatched")
    if loaded.settings.accounts.makes_role:
        OrganiserStack(
            app,
            called(ORGANISER),
            placement=placement,
            external_id=str(loaded.external_id),
        )
    if loaded.settings.door:
        door = DoorStack(
            app,
            called(DOOR),
            placement=placement,
            settings=loaded.settings,
            seats=seats,
        )
        door.add_stack_dependency(watch, "the bucket in which it keeps what it knows")
        cohort.add_stack_dependency(door, "it goes when the last seat is gone")
    return cohort


def _workbench(app: Stage, loaded: LoadedEnvironment, seat: Seat, cohort: CohortStack) -> None:
    """Put the stacks of one seat into ``app``."""
    names, profile = loaded.names(seat), loaded.settings.profiles[seat.profile]
    placement = Placement(names, loaded.tags(seat.attendee, seat.profile))
    made: dict[str, Stack] = {COHORT: cohort}
    for kind in profile.stacks:
        more = {"pins": _pins(loaded, seat.profile)} if kind == "box" else {}
        made[kind] = STACKS[kind](
            app,
            loaded.artifact(kind, seat.account_region, seat),
            stack_name=names.stack(kind),
            placement=placement,
            profile=profile,
            seat=seat,
            **more,
        )
    for kind in profile.stacks:
        entry = SEAT_STACKS[kind]
        if entry.needs:
            made[kind].add_stack_dependency(made[entry.needs], entry.because)


def _pins(loaded: LoadedEnvironment, profile: str) -> dict[str, Pin]:
    """Return the machine image of each Region in which the profile has seats."""
    ec2 = loaded.settings.profiles[profile].ec2
    regions = sorted({seat.region for seat in loaded.seats if seat.profile == profile})
    found = {region: loaded.pins.find(ec2.image, region) for region in regions} if ec2 else {}
    return {region: pin for region, pin in found.items() if pin is not None}
