"""The CDK app: settings in, cloud assembly out.

``cdk synth|ls|diff|deploy|destroy -c env=dev [-c attendee=ada,grace] [-c config=DIR]``. Without
``attendee`` the app holds the cohort and every seat of the roster; with it, those seats and the
cohort that they need. Nothing happens on import.
"""

from __future__ import annotations

import difflib
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from aws_cdk import App, Validations
from aws_cdk.cx_api import CloudAssembly
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
from workshop.config import loader
from workshop.config.loader import LoadedEnvironment
from workshop.config.roster import Seat
from workshop.errors import UsageError, WorkshopError
from workshop.escaping import printable
from workshop.naming import COHORT, Names

ROOT = Path(__file__).parent
CONFIG_DIR = ROOT / "config"

# These hold whatever the command line or cdk.json say: the templates of all seats must be alike.
ALWAYS = {
    # Paths and versions would differ from seat to seat and tell nobody anything.
    "aws:cdk:enable-path-metadata": False,
    "aws:cdk:enable-asset-metadata": False,
    "aws:cdk:version-reporting": False,
    "aws:cdk:disable-stack-trace": True,
    # Stack tags are set by hand: they must be concrete, while resource tags use the parameter.
    "@aws-cdk/core:explicitStackTags": True,
}


CONTEXT = ("env", "attendee", "config")
"""What ``-c`` may name."""

TEMPLATE_LIMIT = 51_200
"""Bytes of a template that travels inline
(https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html)."""

VALIDATION_FAILED = "ValidationFailed"
"""How CDK begins the report of cdk-nag's and its own findings."""


def new_app(outdir: str | None = None) -> App:
    """An app with this project's feature flags, under the CDK command line and without it."""
    flags = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    return App(
        analytics_reporting=False,
        tree_metadata=False,
        # It costs more than all the rest of a synthesis, and the templates of all seats are alike:
        # the tests have it look at one seat of every profile.
        builtin_cloud_formation_validation=False,
        outdir=outdir,
        context=flags,
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
    """The five stacks of one seat; only two of them have to wait for another."""
    names = loaded.names(seat)
    placement = _placement(loaded, names, seat.profile)
    profile = loaded.settings.profiles[seat.profile]
    StorageStack(app, names.stack("storage"), placement=placement, storage=profile.storage)
    RegistryStack(app, names.stack("registry"), placement=placement, registry=profile.registry)
    access = AccessStack(
        app,
        names.stack("access"),
        placement=placement,
        profile=profile,
    )
    access.add_stack_dependency(cohort, "the role's boundary and policies")
    notebook = NotebookStack(
        app,
        names.stack("notebook"),
        placement=placement,
        notebook=profile.notebook,
        instance_type=seat.instance_type,
        volume_gb=seat.volume_gb,
        storage=profile.storage,
        registry=profile.registry,
        access=profile.access,
    )
    notebook.add_stack_dependency(access, "the notebook's role")
    MonitoringStack(
        app,
        names.stack("monitoring"),
        placement=placement,
        dashboard=profile.dashboard,
        access=profile.access,
        storage=profile.storage,
    )


def main() -> int:
    """Read the context, load the environment, synthesize; the exit code."""
    app = new_app()
    try:
        _refuse_misspelt(app)
        config_dir = Path(app.node.try_get_context("config") or CONFIG_DIR)
        name = app.node.try_get_context("env")
        if not name:
            known = ", ".join(loader.known(config_dir))
            raise UsageError(f"which environment? Add '-c env=NAME'; known: {known}")
        loaded = loader.load(name, config_dir)
        chosen = app.node.try_get_context("attendee")
        build(app, loaded, _listed(chosen) if chosen is not None else None)
    except WorkshopError as error:
        _say(*error.lines())
        return error.exit_code
    try:
        large = _too_large(app.synth())
    except RuntimeError as error:  # what jsii makes of every error of CDK
        if not str(error).startswith(VALIDATION_FAILED):
            raise
        _say("workshop: the templates do not pass their checks", *str(error).splitlines())
        return 1
    _say(*large)
    return 1 if large else 0


def _too_large(assembly: CloudAssembly) -> list[str]:
    """Why CloudFormation would not take a template inline, for each that it would not."""
    sizes = {
        stack.stack_name: Path(stack.template_full_path).stat().st_size for stack in assembly.stacks
    }
    return [
        f"workshop: the template of {name} has {size:,} bytes and CloudFormation takes"
        f" {TEMPLATE_LIMIT:,}; name fewer profiles, or open less in them"
        for name, size in sizes.items()
        if size > TEMPLATE_LIMIT
    ]


def _say(*lines: str) -> None:
    for line in lines:
        print(printable(line), file=sys.stderr)  # noqa: T201, TID251 - all of it is here


def _refuse_misspelt(app: App) -> None:
    """A key that is almost ours would be passed over, and the command act on every seat."""
    for key in app.node.get_all_context():
        close = difflib.get_close_matches(key.casefold(), CONTEXT, n=1, cutoff=0.7)
        if key not in CONTEXT and close:
            raise UsageError(f"unknown context key {key!r}; did you mean '-c {close[0]}='?")


def _listed(text: str) -> list[str]:
    attendees = [part.strip() for part in str(text).split(",") if part.strip()]
    if not attendees:
        raise UsageError("'-c attendee=' names nobody; name a seat, or leave it out for all")
    return attendees


if __name__ == "__main__":
    sys.exit(main())
