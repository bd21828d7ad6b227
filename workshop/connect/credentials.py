"""Credentials of a seat for somebody's own machine: an hour of its console role, until the end.

They are in no file, no ledger and no log: whoever asks gets them once, and nothing keeps them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from botocore.exceptions import ClientError

from workshop.account_region import AccountRegion
from workshop.aws import errors, regions
from workshop.aws.clients import Clients
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat
from workshop.connect.lines import System
from workshop.errors import UsageError, WorkshopError
from workshop.policies.documents import document
from workshop.tags import ATTENDEE

SHORTEST = timedelta(minutes=15)
"""Of any session (https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html)."""


@dataclass(frozen=True)
class SeatCredentials:
    """What signs calls as a seat until ``expires``, which is never after the workshop's end."""

    region: str
    expires: datetime
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    token: str = field(repr=False)

    @property
    def variables(self) -> dict[str, str]:
        """Return them as variables of an environment."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_SESSION_TOKEN": self.token,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
        }

    def shell(self, system: System) -> str:
        """Return lines that a terminal takes: of ``sh``, or of PowerShell on Windows."""
        form = '$Env:{}="{}"' if system == "windows" else "export {}={}"
        return "".join(f"{form.format(*pair)}\n" for pair in self.variables.items())

    def cli_profile(self, name: str) -> str:
        """Return a section of ``~/.aws/credentials``."""
        lines = {
            "aws_access_key_id": self.access_key,
            "aws_secret_access_key": self.secret_key,
            "aws_session_token": self.token,
        }
        return "\n".join([f"[{name}]", *(f"{key} = {value}" for key, value in lines.items()), ""])

    @property
    def process(self) -> dict[str, object]:
        """Return what a ``credential_process`` prints.

        (https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html).
        """
        return {
            "Version": 1,
            "AccessKeyId": self.access_key,
            "SecretAccessKey": self.secret_key,
            "SessionToken": self.token,
            "Expiration": f"{self.expires:%Y-%m-%dT%H:%M:%SZ}",
        }


def of_seat(
    clients: Clients,
    loaded: LoadedEnvironment,
    seat: Seat,
    *,
    now: datetime,
    lasting: timedelta | None = None,
) -> SeatCredentials:
    """Return new credentials of a seat, for an hour or as long as ``lasting``.

    Raise UsageError where the seat has no role for people or the workshop is over, and
    WorkshopError where AWS does not give any.
    """
    check(loaded, seat, now)
    names = regions.placed(loaded.names(seat))
    end = loaded.settings.end.astimezone(UTC)
    # An account of a seat's own is entered by a role that its console role does not trust.
    account = loaded.home.account if seat.alone else seat.account
    # AWS makes none that are shorter; the end is in their policy, to the second.
    asked = (
        {}
        if lasting is None
        else {"DurationSeconds": int(max(SHORTEST, min(lasting, end - now)).total_seconds())}
    )
    try:
        answer = clients.call(
            AccountRegion(account, seat.region),
            "sts",
            "AssumeRole",
            RoleArn=names.console_role_arn,
            RoleSessionName=f"{names.workshop}-{seat.id}",
            Policy=json.dumps(_until(end)),
            **asked,
        )
    except ClientError as error:
        raise WorkshopError(_refused(error, names.console_role_arn, loaded, seat)) from error
    given = answer["Credentials"]
    return SeatCredentials(
        region=seat.region,
        expires=min(given["Expiration"].astimezone(UTC), end),
        access_key=given["AccessKeyId"],
        secret_key=given["SecretAccessKey"],
        token=given["SessionToken"],
    )


def check(loaded: LoadedEnvironment, seat: Seat, now: datetime) -> None:
    """Raise UsageError where a seat has no role for people, or the workshop is over."""
    if not loaded.settings.profiles[seat.profile].access.has_console:
        raise UsageError(
            f"seats of the profile {seat.profile!r} have no role for people; name yours in its"
            f" access.console_organisers, and make them with: {loaded.command('deploy')}"
        )
    end = loaded.settings.end
    if now >= end:
        raise UsageError(
            f"the workshop ended at {end:%Y-%m-%d %H:%M %z}, and a seat has no credentials after"
            f" that; let it end later with: {loaded.command('extend', '--until', 'TIME')}"
        )


def _until(end: datetime) -> Mapping[str, object]:
    """Return a policy that takes away everything at the end, and grants nothing by itself."""
    return document(
        {
            "Sid": "UntilTheEnd",
            "Effect": "Allow",
            "Action": "*",
            "Resource": "*",
            "Condition": {"DateLessThan": {"aws:CurrentTime": f"{end:%Y-%m-%dT%H:%M:%SZ}"}},
        }
    )


def _refused(error: ClientError, role: str, loaded: LoadedEnvironment, seat: Seat) -> str:
    why = errors.describe(error)
    if errors.code(error.response) == "AccessDenied":
        whose = seat.account if seat.alone else seat.id
        return (
            f"AWS does not let you take on {role} ({why}); name your user or role in"
            f" access.console_organisers of the profile {seat.profile!r}, or carry the tag"
            f" {ATTENDEE}={whose} as one of its console_principals, and deploy with:"
            f" {loaded.command('deploy', '--only', seat.id)}"
        )
    if "DurationSeconds" in why:
        return (
            f"AWS does not give them for so long ({why}); whoever has a role gets an hour: leave"
            " out --hours"
        )
    return f"AWS gave no credentials of {seat.id} ({why}); mend that and run this again"
