"""What is made of what was found, without a cloud."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.usual_stacks import USUAL_STACKS
from workshop.account_region import AccountRegion
from workshop.aws import mlflow_apps
from workshop.aws.reads import Unavailable
from workshop.aws.stacks import StackSummary
from workshop.config.environment import LoadedEnvironment
from workshop.config.models import Environment
from workshop.environments import loader
from workshop.status import report
from workshop.status.snapshot import KINDS, Owners, Snapshot

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 22, tzinfo=UTC)
OURS = {"workshop": "demo", "environment": "demo", "managed-by": "workshop-provisioner"}
OWNERS = Owners("vision", {"ada", "ben"})


def with_apps(loaded: LoadedEnvironment) -> LoadedEnvironment:
    """Give the environment with an MLflow App for each seat."""
    settings = loaded.settings.model_dump(mode="json")
    for profile in settings["profiles"].values():
        profile["mlflow"] = "app"
    return replace(loaded, settings=Environment.model_validate(settings))


def stack(name: str, status: str, tags: dict[str, str]) -> StackSummary:
    return StackSummary(name, f"arn:{name}", status, "", NOW, None, protected=False, tags=tags)


@pytest.mark.parametrize(
    ("status", "tags", "told"),
    [
        ("CREATE_COMPLETE", OURS, {}),
        ("UPDATE_COMPLETE", OURS, {}),
        ("CREATE_IN_PROGRESS", OURS, {"storage": "in progress"}),
        ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", OURS, {"storage": "in progress"}),
        ("CREATE_FAILED", OURS, {"storage": "failed"}),
        ("ROLLBACK_COMPLETE", OURS, {"storage": "failed"}),
        ("DELETE_FAILED", OURS, {"storage": "failed"}),
        ("UPDATE_FAILED", OURS, {"storage": "update failed"}),
        ("UPDATE_ROLLBACK_FAILED", OURS, {"storage": "update failed"}),
        ("UPDATE_ROLLBACK_COMPLETE", OURS, {}),
        ("IMPORT_ROLLBACK_COMPLETE", OURS, {}),
        ("CREATE_COMPLETE", {**OURS, "environment": "other"}, {"storage": "not ours"}),
    ],
)
def test_a_stack_is_told_by_what_is_wrong_with_it(
    status: str, tags: dict[str, str], told: dict[str, str]
) -> None:
    loaded = loader.load("demo", ROOT / "config")
    seat = loaded.seats[0]
    stacks = {}
    for kind in USUAL_STACKS:
        name = loaded.names(seat).stack(kind)
        stacks[name] = stack(name, "CREATE_COMPLETE", OURS)
    name = loaded.names(seat).stack("storage")
    stacks[name] = stack(name, status, tags)
    account_region = seat.account_region
    found = Snapshot(account_region, stacks, {}, {}, dict.fromkeys(KINDS, ()), {})
    [row] = report.rows(loaded, [seat], {account_region: found})
    assert row.stacks == report.StackCounts(5 - len(told), 5, told)


@pytest.mark.parametrize(
    ("apps", "wrong"),
    [
        ({}, {"MLflow App": "missing"}),
        ({"demo-grace-mlflow": "Created"}, {}),
        ({"demo-grace-mlflow": "Updating"}, {}),
        ({"demo-grace-mlflow": "UpdateFailed"}, {"MLflow App": "UpdateFailed"}),
        (Unavailable("AccessDenied"), {}),
    ],
)
def test_an_mlflow_app_is_missed_although_its_stack_is_there(
    apps: Any, wrong: dict[str, str]
) -> None:
    loaded = with_apps(loader.load("demo", ROOT / "config"))
    seat = loaded.seats[0]
    names = [loaded.names(seat).stack(kind) for kind in USUAL_STACKS]
    stacks = {name: stack(name, "CREATE_COMPLETE", OURS) for name in names}
    account_region = seat.account_region
    found = Snapshot(account_region, stacks, {}, {}, dict.fromkeys(KINDS, ()), {}, apps)
    [row] = report.rows(loaded, [seat], {account_region: found})
    assert row.stacks == report.StackCounts(5, 5, wrong)
    assert found.unknown == ({} if isinstance(apps, dict) else {"MLflow Apps": "AccessDenied"})


class TwoApps:
    """Clients whose listing has two Apps of one name, as AWS allows."""

    @staticmethod
    def pages(*_: object, **__: object) -> list[dict[str, Any]]:
        statuses = ("CreateFailed", "Created", "DeleteFailed")
        return [{"Summaries": [{"Name": "a", "Status": status}]} for status in statuses]


def test_of_several_apps_of_a_name_one_that_is_up_counts() -> None:
    clients: Any = TwoApps()
    found = mlflow_apps.mlflow_apps(clients, AccountRegion("111122223333", "us-east-1"))
    assert found == {"a": "Created"}


@pytest.mark.parametrize(
    ("name", "tags", "owner"),
    [
        ("vision-ada-fit", {}, "ada"),
        ("vision-ada-", {}, "ada"),
        ("vision-ada", {}, None),
        ("vision-adam-fit", {}, None),
        ("visions-ada-fit", {}, None),
        ("fit", {"workshop": "vision", "attendee": "ben"}, "ben"),
        ("fit", {"workshop": "vision", "attendee": "cohort"}, None),
        ("fit", {"workshop": "other", "attendee": "ben"}, None),
        ("fit", {"attendee": "ben"}, None),
        ("vision-ada-fit", {"workshop": "vision", "attendee": "ben"}, "ada"),
    ],
)
def test_an_owner_is_known_by_the_name_and_else_by_tags(
    name: str, tags: dict[str, str], owner: str | None
) -> None:
    assert OWNERS.of(name, tags) == owner


def test_only_the_tag_of_a_workshop_makes_a_thing_another_workshops() -> None:
    assert OWNERS.is_another_workshops({"workshop": "other"})
    assert not OWNERS.is_another_workshops({"workshop": "vision"})
    assert not OWNERS.is_another_workshops({})
