"""The door stack: the page that opens notebooks to attendees, at an address of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from aws_cdk import CfnOutput, CfnResource, RemovalPolicy
from aws_cdk import aws_lambda as functions
from aws_cdk import aws_logs as logs
from constructs import Construct

from stacks.base import Placement, WorkshopStack
from stacks.function_role import function_role
from workbench.fn_sub import sub
from workbench.inline_source import DOOR as DOOR_PACKAGE
from workbench.inline_source import index
from workshop.config.ec2 import Ec2
from workshop.config.models import Environment
from workshop.config.profiles import Profile
from workshop.config.roster import Seat
from workshop.connect.lines import CODE, JUPYTER, THROUGH_NOTEBOOK, BoxAddress, cli_section
from workshop.naming import DOOR, DOOR_ADDRESS, Names
from workshop.policies.door import door_policy

SECONDS = 20
MEGABYTES = 512
"""Lambda gives processor time with memory: with less, a class waits for its first page."""
DAYS_OF_LOGS = 30


class DoorStack(WorkshopStack):
    """A function, its URL, its log group; what it keeps is in the watch's bucket.

    The seats of the account and Region are a part of its source: no code opens another's.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        placement: Placement,
        settings: Environment,
        seats: Sequence[Seat],
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            stack_name=placement.names.stack(DOOR),
            description="Opens notebooks to attendees.",
            placement=placement,
            compact=True,
        )
        names = placement.inside
        group = logs.CfnLogGroup(
            self, "Logs", log_group_name=names.door_log_group, retention_in_days=DAYS_OF_LOGS
        )
        group.apply_removal_policy(RemovalPolicy.DESTROY)
        given = f'sys.modules["{DOOR_PACKAGE}.visit"].GIVEN.update({_given(settings, seats)!a})\n'
        function = functions.CfnFunction(
            self,
            "Function",
            function_name=names.door,
            description="Opens notebooks to attendees",
            runtime="python3.14",
            handler="index.handler",
            code=functions.CfnFunction.CodeProperty(zip_file=index(DOOR_PACKAGE) + given),
            role=sub(names.door_role_arn),
            timeout=SECONDS,
            memory_size=MEGABYTES,
            reserved_concurrent_executions=settings.door.concurrency if settings.door else None,
            logging_config=functions.CfnFunction.LoggingConfigProperty(
                log_group=names.door_log_group
            ),
            environment=functions.CfnFunction.EnvironmentProperty(
                variables={"DOOR": sub(json.dumps(_names(names, settings.end)))}
            ),
        )
        function.node.add_dependency(self._role(names, settings), group)
        url = functions.CfnUrl(self, "Url", auth_type="NONE", target_function_arn=function.ref)
        for number, permission in enumerate(_FOR_EVERYBODY, start=1):
            functions.CfnPermission(
                self,
                f"Everybody{number}",
                function_name=function.ref,
                principal="*",
                **permission,
            )
        address = url.attr_function_url
        CfnOutput(self, DOOR_ADDRESS, value=address, description="What attendees open")

    def _role(self, names: Names, settings: Environment) -> CfnResource:
        policy = door_policy(
            names,
            end=settings.end,
            saved_until=settings.saved_work_ends,
            boxes=any(profile.has_box for profile in settings.profiles.values()),
        )
        return function_role(
            self, DOOR, role_name=names.door_role, path=names.iam_path, policy=policy
        )


_FOR_EVERYBODY: tuple[dict[str, Any], ...] = (
    {"action": "lambda:InvokeFunctionUrl", "function_url_auth_type": "NONE"},
    {"action": "lambda:InvokeFunction", "invoked_via_function_url": True},
)
"""What a URL without a sign-in needs since October 2025: both, and nothing but the URL invokes
(https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html)."""


def _names(names: Names, end: datetime) -> dict[str, str]:
    """Return what the function is told by its environment: names with ``{seat}`` and ``{key}``."""
    seat = Names.placeholders(names.workshop, seat="{seat}")
    return {
        "workshop": names.workshop,
        "account": names.account,
        "end": f"{end.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "bucket": names.watch_bucket,
        "datasets": names.datasets_bucket,
        "notebook": seat.notebook,
        "box": seat.stack("box"),
        "console_role": seat.console_role_arn,
        "seat_bucket": seat.bucket("{key}"),
        "repository": seat.repository_uri("{key}"),
        "role": seat.role,
    }


def _given(settings: Environment, seats: Sequence[Seat]) -> Mapping[str, Any]:
    """Return what the function is told by its source, which has no placeholders."""
    offset = settings.end.utcoffset()
    until = settings.saved_work_ends
    by_profile: dict[str, list[str]] = {}
    for seat in seats:
        by_profile.setdefault(seat.profile, []).append(seat.attendee)
    return {
        "title": settings.title,
        "zone": int(offset.total_seconds() // 60) if offset else 0,
        "saved_until": until.isoformat() if until else "",
        "languages": settings.door.languages if settings.door else (),
        "cap": settings.budget.per_seat_usd,
        "seats": {name: " ".join(ids) for name, ids in by_profile.items()},
        "profiles": {
            name: _profile(settings.workshop, settings.profiles[name]) for name in by_profile
        },
    }


def _profile(workshop: str, profile: Profile) -> Mapping[str, Any]:
    access, buckets = profile.access, [*profile.storage.buckets]
    return {
        "buckets": buckets,
        "saved": buckets[0],
        "repositories": [*profile.registry.repositories],
        "types": {
            "training": access.training_instance_types,
            "processing": access.processing_instance_types,
            "endpoint": access.endpoint_instance_types,
        },
        "hours": access.max_runtime_hours,
        "idle": _idle_minutes(profile),
        **({} if profile.has_notebook else {"notebook": False}),
        **({"box": _box(workshop, profile, profile.ec2)} if profile.ec2 else {}),
    }


def _idle_minutes(profile: Profile) -> int | None:
    """Return after how many idle minutes the machine of a seat stops, None for never."""
    if profile.has_notebook:
        return profile.notebook.idle_stop_minutes
    return profile.ec2.idle_stop_minutes if profile.ec2 else None


def _box(workshop: str, profile: Profile, box: Ec2) -> Mapping[str, Any]:
    """Return what the door says of a seat's EC2 instance, with placeholders that it fills."""
    # The notebook has the seat's own role, whoever else may enter.
    through = {"notebook": THROUGH_NOTEBOOK} if profile.has_notebook else {}
    if not profile.access.has_console:
        return {"idle": box.idle_stop_minutes, "lines": through}
    own = f"{workshop}-{{seat}}"
    address = BoxAddress(Names(workshop, "{seat}", "", "").box, "{instance}", "{region}", own)
    of_role = cli_section(own, "{role}", "{region}") if profile.access.console_principals else ""
    lines = {
        **through,
        "profile": of_role,
        "jupyter": address.forwarding(JUPYTER),
        "code": address.forwarding(CODE),
        "key": address.key,
        "ssh_config": address.ssh_config("linux"),
        "ssh_config_windows": address.ssh_config("windows"),
        "shell": address.shell,
    }
    return {"idle": box.idle_stop_minutes, "lines": lines}
