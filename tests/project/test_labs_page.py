"""``docs/labs.md``: variables, keys, kernels, releases and what is closed are those of the code."""

from __future__ import annotations

import re
import tomllib
from fnmatch import fnmatchcase
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import pytest
from pydantic import BaseModel

from stacks.notebook import open_to_seats
from tests.support.assemblies import ROOT
from tests.support.lifecycle_scripts import on_start
from tools import labs_table
from workbench.scripts import workshop_names, workshop_reasons
from workshop.access import permissions
from workshop.access.permissions import AccessQuestion
from workshop.config.instance_types import WITHOUT_PLATFORM
from workshop.config.models import Environment
from workshop.config.profiles import ExtraStatement, Profile
from workshop.fit import labs
from workshop.fit.needs import NEEDS
from workshop.naming import Names
from workshop.policies.extra import refused

PAGE = (ROOT / "docs" / "labs.md").read_text(encoding="utf-8")
NAMES = Names("vision", "ada", "111122223333", "eu-west-1")
EVERYTHING = Profile.model_validate(
    {
        "access": {
            "warm_pools": True,
            "serverless": {},
            "autoscaling": True,
            "feature_store": True,
            "model_packages": True,
            "public_buckets": ["sagemaker-sample-files"],
            "extra_statements": [
                {
                    "sid": "UseGroup",
                    "actions": ["sagemaker:DescribeModelPackageGroup"],
                    "resources": ["arn:aws:sagemaker:eu-west-1:111122223333:x/shared"],
                }
            ],
        },
        "mlflow": "app",
    }
)
"""A profile with all that keys open as a whole."""


def section(title: str) -> str:
    found = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, title
    return found[1]


def rows(title: str) -> list[list[str]]:
    """The rows of the last table of a part, without its heading."""
    lines = re.findall(r"^\| (.*) \|$", section(title), re.MULTILINE)
    parted = [[cell.strip() for cell in line.split(" |")] for line in lines]
    heads = [at for at, cells in enumerate(parted) if set("".join(cells)) <= {"-", "|", " "}]
    return parted[heads[-1] + 1 :] if heads else parted


def quoted(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def test_the_variables_of_the_page_are_those_that_a_notebook_gets() -> None:
    script = on_start(
        open_to_seats=open_to_seats(EVERYTHING), mlflow="arn:aws:x", save="{}", tokens=("HF_TOKEN",)
    )
    given = {*re.findall(r"^export (\w+)=", script, re.MULTILINE)}
    assert len(given) > 15
    told = [name for cells in rows("Variables") for name in quoted(cells[0])]
    matched = {name: {one for one in given if fnmatchcase(one, name)} for name in told}
    assert {name for name, some in matched.items() if not some} == set()
    assert set().union(*matched.values()) == given


def test_the_picture_has_the_name_that_the_notebook_makes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKSHOP_JOB_PREFIX", NAMES.job_prefix)
    [picture] = re.findall(r"^```mermaid\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert f'"{workshop_names.prefixed("churn")}, with tags"' in picture
    assert f"`{NAMES.job_prefix}`" in section("Variables")


def keys(model: Any, above: str = "") -> set[str]:
    """Every key of a model by its place, names of entries that are free left as ``*``."""
    found: set[str] = set()
    for part in parts(model):
        if isinstance(part, type) and issubclass(part, BaseModel):
            for name, field in part.model_fields.items():
                place = f"{above}{name}"
                found |= {place, *keys(field.annotation, f"{place}.")}
        elif get_origin(part) is dict:
            found |= keys(get_args(part)[1], f"{above}*.")
    return found


def parts(annotation: Any) -> list[Any]:
    if get_origin(annotation) is Annotated:
        return parts(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return [part for one in get_args(annotation) for part in parts(one)]
    return [annotation]


def test_every_key_of_the_page_is_one_of_a_profile_and_fit_writes_no_other() -> None:
    there = keys(Profile)
    told = {key for cells in rows("Keys by kind of lab") for key in quoted(cells[1])}
    assert len(told) > 15
    assert {key for key in told if not any(fnmatchcase(key, one) for one in there)} == set()
    assert {".".join(need.key) for need in NEEDS} <= told
    whole = {key for key in quoted(PAGE) if re.fullmatch(r"(access|notebook|registry)\.\w+", key)}
    assert whole <= there


def closed() -> list[tuple[str, str]]:
    """Each action that the page says never works, with the row that it is of."""
    return [(cells[0], one) for cells in rows("What never works") for one in quoted(cells[2])]


def test_what_never_works_is_denied_to_a_seat_with_every_key() -> None:
    settings = Environment.model_validate(
        {
            "workshop": "vision",
            "account": "111122223333",
            "region": "eu-west-1",
            "start": "2026-12-01T09:00:00+01:00",
            "end": "2026-12-02T17:00:00+01:00",
            "roster": {"seats": 2},
            "profiles": {"attendee": EVERYTHING},
        }
    )
    seat = permissions.cell(NAMES, EVERYTHING, settings)
    tags = {"attendee": "ada", "workshop": "vision"}
    context: dict[str, str | list[str]] = {
        f"aws:RequestTag/{key}": value for key, value in tags.items()
    }

    def allowed(action: str) -> bool:
        return seat.decide(AccessQuestion(action, "*", context)).allowed

    assert len(closed()) > 12
    assert [action for _, action in closed() if allowed(action)] == []
    assert allowed("sagemaker:CreateModelPackageGroup")


def test_what_never_works_is_refused_in_extra_statements_but_for_other_services() -> None:
    for row, action in closed():
        statement = ExtraStatement(sid="More", actions=(action,), resources=("*",))
        assert bool([*refused(statement)]) != row.startswith("other services"), action


def test_what_the_notebooks_errors_call_closed_is_on_the_page() -> None:
    text = " ".join(section("What never works").split())
    for what in {*workshop_reasons.CLOSED.values(), "Clarify"}:
        assert what in text


def test_the_kernels_families_and_releases_are_those_of_the_code() -> None:
    text = " ".join(section("The notebook").split())
    assert {*labs.KERNELS} - {"R", "python3"} <= {*quoted(text)}
    assert {*WITHOUT_PLATFORM} <= {*quoted(text)}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    groups = project["dependency-groups"]
    assert "2.125 to 2.257 and 3:" in text
    for group in groups:
        if group.startswith("sdk-"):
            assert group[len("sdk-") :] in text


def test_the_table_of_workshops_has_whole_commits_and_figures_that_add_up() -> None:
    heads, _, *lines = [
        line.split(" | ")
        for line in re.findall(r"^\| (.*) \|$", section("Published workshops"), re.MULTILINE)
    ]
    assert tuple(heads) == labs_table.HEAD
    assert len(lines) >= 5
    for line in lines:
        row = dict(zip(heads, line, strict=True))
        link = (
            rf"\[`([0-9a-f]{{7}})`\]\(https://github\.com/{re.escape(row['workshop'])}/tree/\1\w*\)"
        )
        assert re.fullmatch(link, row["commit"])
        for whole, part in (
            ("cells that call AWS", "allowed"),
            ("their cells that call AWS", "ok"),
        ):
            if row[whole] != "-":
                share = re.fullmatch(r"(\d+) \((\d+) %\)", row[part])
                assert share
                assert int(share[2]) == 100 * int(share[1]) // int(row[whole])
