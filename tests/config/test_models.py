"""The models themselves: closed, frozen, and with defaults that are sound."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from workshop.config import content, models, profiles
from workshop.config.model import Model
from workshop.config.models import Environment, Roster
from workshop.config.profiles import Bucket, Notebook, Profile, Repository, Vpc

MINIMAL: dict[str, Any] = {
    "workshop": "vision",
    "account": "111122223333",
    "region": "eu-west-1",
    "start": "2098-03-08T09:00:00+01:00",
    "end": "2099-03-09T17:00:00+01:00",
    "roster": {"seats": 3},
}
MODELS = {
    model
    for model in (vars(models) | vars(profiles)).values()
    if isinstance(model, type) and issubclass(model, Model)
}


def made(**changes: object) -> Environment:
    return Environment.model_validate({**MINIMAL, **changes})


def test_six_keys_are_enough() -> None:
    environment = made()
    assert environment.profiles == {"attendee": Profile()}
    assert environment.tags == {}
    assert not environment.cohort.keep_datasets


def test_a_default_workbench_is_scoped_and_leaves_nothing_behind() -> None:
    profile = Profile()
    assert profile.access.mode == "scoped"
    assert profile.storage.buckets == {"data": Bucket()}
    assert profile.registry.repositories == {"training": Repository()}
    assert not Bucket().keep
    assert not Repository().keep
    assert not Notebook().root_access
    assert Notebook().idle_stop_minutes == 60
    assert Notebook().network == "direct"


@pytest.mark.parametrize("model", sorted(MODELS, key=str))
def test_every_model_is_closed_and_frozen(model: type[BaseModel]) -> None:
    assert model.model_config["extra"] == "forbid"
    assert model.model_config["frozen"] is True


def test_nothing_changes_afterwards() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        made().region = "us-east-1"


def test_defaults_are_not_shared_between_environments() -> None:
    made().tags["x"] = "y"
    made().profiles.clear()
    assert made().tags == {}
    assert made().profiles == {"attendee": Profile()}


def test_times_keep_their_zone() -> None:
    environment = made(start="2098-03-08 09:00Z", end=datetime(2099, 1, 1, tzinfo=UTC))
    assert environment.start == datetime(2098, 3, 8, 9, tzinfo=UTC)
    assert environment.end == datetime(2099, 1, 1, tzinfo=UTC)
    assert made().start.isoformat() == "2098-03-08T09:00:00+01:00"


@pytest.mark.parametrize(
    "when",
    [
        "1998-03-08T09:00:00Z",
        "2198-03-08T09:00:00",
        "2098-03-08T09Z",
        "2098-W10-6T09:00:00Z",
        "2098-03-08T25:00:00Z",
        "2098-03-08T09:00:00+99:00",
        4_000_000_000,
        datetime(2098, 1, 1),  # noqa: DTZ001 - a time without its zone is the point
        True,
    ],
)
def test_a_time_without_doubt_is_asked_for(when: object) -> None:
    with pytest.raises(ValidationError):
        made(start=when)


def test_an_end_counts_from_its_own_zone() -> None:
    # 10:30 in India is before 09:00 in London.
    with pytest.raises(ValidationError, match="is not after the start"):
        made(start="2098-03-08T09:00:00+00:00", end="2098-03-08T10:30:00+05:30")


@pytest.mark.parametrize(
    ("hours", "message"),
    [
        ("08:30 - 18:00", "is no span of a day"),
        ("8:30-18:00", "is no span of a day"),
        ("08:30-24:00", "is no span of a day"),
        ("18:00-08:30", "ends before it begins"),
        ("08:30-08:30", "ends before it begins"),
    ],
)
def test_hours_of_class_are_a_span_of_one_day(hours: str, message: str) -> None:
    assert made(hours="08:30-18:00").hours == "08:30-18:00"
    with pytest.raises(ValidationError, match=message):
        made(hours=hours)


def test_a_network_is_direct_or_a_vpc() -> None:
    vpc = {"subnet_id": "subnet-0abc12345", "security_group_ids": ["sg-0abc12345"]}
    assert Notebook.model_validate({"network": "direct"}).network == "direct"
    assert Notebook.model_validate({"network": vpc}).network == Vpc(
        subnet_id="subnet-0abc12345", security_group_ids=("sg-0abc12345",)
    )


def test_direct_construction_keeps_the_rules_over_several_values() -> None:
    with pytest.raises(ValidationError, match="'teacher' is no profile of this file"):
        made(roster={"seats": 3, "profile": "teacher"})
    with pytest.raises(ValidationError, match="'Team' and 'team' are one key"):
        made(tags={"Team": "a", "team": "b"})
    with pytest.raises(ValidationError, match="neither 'file' nor 'seats' is given"):
        Roster()


@pytest.mark.parametrize(
    ("address", "good"),
    [
        ("https://github.com/example/material.git", True),
        ("https://git.example.com:8443/a/b", True),
        ("https://github.com/example/material/", True),
        ("http://github.com/example/material", False),
        ("git@github.com:example/material.git", False),
        ("https://user:secret@github.com/example/material", False),
        ("https://github.com/a b", False),
        ("https://github.com/$(reboot)", False),
        ("https://github.com/a;reboot", False),
        ("https://github.com/a'b", False),
        ("https://github.com", False),
        ("https://-x/y", False),
    ],
)
def test_an_address_is_safe_in_a_root_script(address: str, *, good: bool) -> None:
    if good:
        assert content.Content(repository=address).repository == address
    else:
        with pytest.raises(ValidationError, match="is not an address to clone from"):
            content.Content(repository=address)


@pytest.mark.parametrize("branch", ["main", "v2027.1", "feature/x-1", "a"])
def test_branches_and_tags_are_taken(branch: str) -> None:
    address = "https://github.com/example/material"
    assert content.Content(repository=address, branch=branch).branch == branch


@pytest.mark.parametrize("branch", ["-x", "a b", "a;b", "", "a/", "$(x)", "a'"])
def test_a_branch_that_a_shell_or_git_reads_as_more_is_refused(branch: str) -> None:
    with pytest.raises(ValidationError, match="cannot be a branch or tag"):
        content.Content(repository="https://github.com/example/material", branch=branch)


@pytest.mark.parametrize(
    "package", ["numpy", "scikit-learn>=1.5", "torch==2.9.0", "ray[tune]~=2.9", "a.b_c"]
)
def test_packages_are_taken(package: str) -> None:
    assert Notebook(packages=(package,)).packages == (package,)


@pytest.mark.parametrize(
    "package", ["-r x", "--index-url=x", "a b", "a; reboot", "git+https://x", "a>=1,<2", "", "$x"]
)
def test_what_is_no_package_is_refused(package: str) -> None:
    with pytest.raises(ValidationError, match="is not a package"):
        Notebook(packages=(package,))
