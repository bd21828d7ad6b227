"""The CDK app: settings in, cloud assembly out.

``cdk synth|ls|diff|deploy|destroy -c env=dev [-c attendee=ada,grace] [-c config=DIR]``. Without
``attendee`` the app holds the cohort and every seat of the roster; with it, those seats and the
cohort that they need.
"""

from __future__ import annotations

import difflib
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from aws_cdk import App
from aws_cdk.cx_api import CloudAssembly

from stacks.build import build, new_app
from stacks.cdk_yaml import as_cdk_sends
from workshop.config.command_line import CONFIG_DIR, seat_ids
from workshop.environments import loader
from workshop.errors import ERROR_FILE, UsageError, WorkshopError
from workshop.escaping import printable

CONTEXT = ("env", "attendee", "config")
"""What ``-c`` may name."""

TEMPLATE_LIMIT = 51_200
"""Bytes of a template that travels inline
(https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html)."""

VALIDATION_FAILED = "ValidationFailed"
"""How CDK begins the report of cdk-nag's and its own findings."""


def main(context: Mapping[str, str] | None = None) -> int:
    """Read the context, load the environment, synthesize; the exit code.

    ``context`` is what the CDK command line would have put into a variable.
    """
    app = new_app(context=context)
    is_of_cdk = ERROR_FILE not in os.environ  # else a command runs it that has said all warnings
    try:
        _refuse_misspelt(app)
        config_dir = Path(app.node.try_get_context("config") or CONFIG_DIR)
        name = app.node.try_get_context("env")
        if not name:
            known = ", ".join(loader.known(config_dir)) or "none here; go to your workshop's folder"
            raise UsageError(f"which environment? Add '-c env=NAME'; known: {known}")
        loaded = loader.load(name, config_dir)
        chosen = app.node.try_get_context("attendee")
        seats = None if chosen is None else seat_ids(str(chosen), "-c attendee=")
        build(app, loaded, seats, warns=is_of_cdk)
    except WorkshopError as error:
        _say(*error.lines())
        if path := os.environ.get(ERROR_FILE):
            Path(path).write_text(f"{json.dumps(error.document())}\n", encoding="utf-8")
        return error.exit_code
    try:
        assembly = app.synth()
    except RuntimeError as error:  # what jsii makes of every error of CDK
        if not str(error).startswith(VALIDATION_FAILED):
            raise
        _say("workshop: the templates do not pass their checks", *str(error).splitlines())
        return 1
    large = _too_large(assembly)
    _say(*large)
    if not large and is_of_cdk:  # whose command line sends the templates
        _say(*too_large_for_cdk(assembly))
    return 1 if large else 0


def _too_large(assembly: CloudAssembly) -> list[str]:
    """Return why CloudFormation would not take a template inline, for each that it would not."""
    sizes = {
        stack.stack_name: Path(stack.template_full_path).stat().st_size for stack in assembly.stacks
    }
    return [
        f"workshop: the template of {name} has {size:,} bytes and CloudFormation takes"
        f" {TEMPLATE_LIMIT:,}; name fewer profiles, or open less in them"
        for name, size in sizes.items()
        if size > TEMPLATE_LIMIT
    ]


def too_large_for_cdk(assembly: CloudAssembly) -> list[str]:
    """Return what CDK's command line needs a bootstrapped bucket for, which we need for nothing."""
    files = {stack.stack_name: Path(stack.template_full_path) for stack in assembly.stacks}
    sizes = {
        name: len(as_cdk_sends(json.loads(file.read_text(encoding="utf-8"))))
        for name, file in files.items()
        if file.stat().st_size > TEMPLATE_LIMIT // 2  # YAML is half as long again, at the most
    }
    return [
        f"workshop: CDK sends the template of {name} as YAML, which has {size:,} characters, and"
        f" takes {TEMPLATE_LIMIT:,} where 'cdk bootstrap' was never run; deploy it with 'workshop"
        " deploy', which needs no bootstrap, or bootstrap the account"
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
