"""Asks for a preflight in the local cloud, as ``deploy`` does."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from tests.support import config_folder
from tests.support.local_cloud import Cloud, template
from workshop.account_region import AccountRegion
from workshop.aws import stacks as inventory
from workshop.aws.clients import Clients
from workshop.aws.stacks import StackSummary
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import account_regions_of
from workshop.preflight import Check, PreflightReport, preflight
from workshop.preflight.checks import REFUSING

NOW = datetime(2098, 3, 7, 12, tzinfo=UTC)
"""The day before the workshops of these tests begin."""

HOME = AccountRegion("000000000000", "eu-west-1")
GLOBAL = AccountRegion("000000000000", "us-east-1")
"""Where the home account's quotas of IAM and S3 are told."""

HEAD = """\
workshop: vision
account: "000000000000"
region: eu-west-1
start: 2098-03-08T09:00:00+01:00
end: 2099-03-09T17:00:00+01:00
"""
THREE = f"{HEAD}roster: {{seats: 3}}\n"
EMPTY = template({"Nothing": {"Type": "AWS::CloudFormation::WaitConditionHandle"}})


@contextmanager
def calling(cloud: Cloud, **variables: str) -> Iterator[None]:
    """The process's environment as ``workshop cloud env`` sets it, and more of it."""
    with mock.patch.dict(os.environ, {**cloud.environment(), **variables}, clear=True):
        yield


@dataclass
class Preflights:
    """A local cloud, and a folder for environments."""

    cloud: Cloud
    folder: Path

    def loaded(self, text: str) -> LoadedEnvironment:
        config_folder.write(self.folder, text)
        return config_folder.load(self.folder)

    def ask(
        self,
        text: str,
        *,
        only: Collection[str] | None = None,
        accept: Collection[str] = (),
        tries_reads: bool = False,
        unlisted: Collection[AccountRegion] = (),
        variables: Mapping[str, str] | None = None,
    ) -> PreflightReport:
        """The report on an environment; of places in ``unlisted``, no stacks are known."""
        loaded = self.loaded(text)
        seats = loaded.chosen(None if only is None else list(only))
        with calling(self.cloud, **(variables or {})):
            clients = Clients.of(loaded)
            stacks: dict[AccountRegion, dict[str, StackSummary]] = {
                account_region: inventory.stacks(clients, account_region)
                for account_region in account_regions_of(seats)
                if account_region not in unlisted
            }
            return preflight(
                clients,
                loaded,
                seats,
                stacks,
                accept_unknown=accept,
                now=NOW,
                tries_reads=tries_reads,
            )

    def quota(self, service: str, code: str, value: int) -> None:
        """What the home place may have of something."""
        wanted: dict[str, Any] = {service: {code: value}}
        self.cloud.quotas(region=HOME.region, **wanted)

    def stack(self, name: str, region: str = HOME.region) -> None:
        """A stack of that name, with nothing in it."""
        client = self.cloud.client("cloudformation", region=region)
        client.create_stack(StackName=name, TemplateBody=EMPTY)


def one(
    report: PreflightReport, subject: str, account_region: AccountRegion | None = None
) -> Check:
    """The only check of that subject, in one place where there are several."""
    found = [
        check
        for check in report.checks
        if check.subject == subject and account_region in {None, check.account_region}
    ]
    assert len(found) == 1, [check.subject for check in report.checks]
    return found[0]


def refused(report: PreflightReport) -> list[str]:
    """The subjects that refuse the deployment."""
    return [check.subject for check in report.of(*REFUSING)]


@pytest.fixture
def preflights(cloud: Cloud, tmp_path: Path) -> Preflights:
    return Preflights(cloud, tmp_path / "config")
