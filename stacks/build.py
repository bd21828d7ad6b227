"""The stacks of an environment, put into a CDK app: nothing here reads files or the environment."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from aws_cdk import App, Stack, Validations
from cdk_nag import AwsSolutionsChecks

from stacks.access import AccessStack
from stacks.base import Placement
from stacks.cohort import CohortStack
from stacks.monitoring import MonitoringStack
from stacks.notebook import NotebookStack
from stacks.registry import RegistryStack
from stacks.storage import StorageStack
from workshop import tags
from workshop.account_region import AccountRegion
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat
from workshop.naming import COHORT, SEAT_STACKS, Names

FLAGS = Path(__file__).with_name("feature_flags.json")
"""CDK's feature flags (https://docs.aws.amazon.com/cdk/v2/guide/featureflags.html)."""

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


def new_app(outdir: str | None = None) -> App:
    """Return an app with this project's feature flags, with or without the CDK command line."""
    return App(
        analytics_reporting=False,
        tree_metadata=False,
        # It costs more than all the rest of a synthesis, and the templates of all seats are alike:
        # the tests have it look at one seat of every profile.
        builtin_cloud_formation_validation=False,
        outdir=outdir,
        context=json.loads(FLAGS.read_text(encoding="utf-8")),
        post_cli_context=ALWAYS,
    )


def build(app: App, loaded: LoadedEnvironment, attendees: Sequence[str] | None = None) -> None:
    """Put the stacks of ``attendees`` (None: of every seat) and their cohorts into ``app``.

    Raises UsageError for an attendee who is not on the roster.
    """
    seats = loaded.chosen(attendees)
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    for number, warning in enumerate(loaded.warnings, start=1):
        Validations.of(app).add_warning(f"workshop-{number}", warning)
    cohorts = {
        place: _cohort(app, loaded, *place)
        for place in dict.fromkeys((seat.account, seat.region) for seat in seats)
    }
    for seat in seats:
        _workbench(app, loaded, seat, cohorts[seat.account, seat.region])


def _placement(loaded: LoadedEnvironment, names: Names, profile: str) -> Placement:
    return Placement(
        names=names,
        tags=tags.seat_tags(
            workshop=loaded.settings.workshop,
            environment=loaded.name,
            attendee=names.seat,
            profile=profile,
            ends=loaded.settings.end,
            extra=loaded.settings.tags,
        ),
    )


def _cohort(app: App, loaded: LoadedEnvironment, account: str, region: str) -> CohortStack:
    names = loaded.cohort_names(AccountRegion(account, region))
    profiles = loaded.settings.profiles.values()
    at_home = AccountRegion(account, region) == loaded.home
    return CohortStack(
        app,
        # One cohort for each account and Region; only the construct's id has to tell them apart.
        names.stack(COHORT) if at_home else f"{names.stack(COHORT)}-{account}-{region}",
        placement=_placement(loaded, names, COHORT),
        cohort=loaded.settings.cohort,
        profiles=loaded.settings.profiles,
        tag_keys=tuple(loaded.settings.tags),
        training_gpu=any(profile.access.training_gpu for profile in profiles),
        processing_gpu=any(profile.access.processing_gpu for profile in profiles),
    )


def _workbench(app: App, loaded: LoadedEnvironment, seat: Seat, cohort: CohortStack) -> None:
    """Put the stacks of one seat into ``app``: those of ``SEAT_STACKS``, each once."""
    names = loaded.names(seat)
    placement = _placement(loaded, names, seat.profile)
    profile = loaded.settings.profiles[seat.profile]
    made: dict[str, Stack] = {
        COHORT: cohort,
        "storage": StorageStack(
            app, names.stack("storage"), placement=placement, storage=profile.storage
        ),
        "registry": RegistryStack(
            app, names.stack("registry"), placement=placement, registry=profile.registry
        ),
        "access": AccessStack(app, names.stack("access"), placement=placement, profile=profile),
        "notebook": NotebookStack(
            app,
            names.stack("notebook"),
            placement=placement,
            notebook=profile.notebook,
            instance_type=seat.instance_type,
            volume_gb=seat.volume_gb,
            storage=profile.storage,
            registry=profile.registry,
            access=profile.access,
        ),
        "monitoring": MonitoringStack(
            app,
            names.stack("monitoring"),
            placement=placement,
            dashboard=profile.dashboard,
            access=profile.access,
            storage=profile.storage,
        ),
    }
    for kind in SEAT_STACKS.values():
        if kind.needs:
            made[kind.name].add_stack_dependency(made[kind.needs], kind.because)
