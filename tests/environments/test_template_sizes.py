"""A cohort's template that CloudFormation would refuse for its size is told before any call."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.assemblies import shipped
from tests.support.config_folder import HEAD, SEATS, mistakes, write
from tests.support.usual_stacks import USUAL_STACKS
from workshop.deploy import assembly
from workshop.deploy.templates import of_text
from workshop.errors import UsageError
from workshop.naming import COHORT, START, WATCH, Names
from workshop.policies import layout

BUCKETS = ", ".join(f"a-long-name-of-a-public-bucket-{number}" for number in range(10))
HEAVY = f"{{access: {{public_buckets: [{BUCKETS}]}}}}"


def test_many_heavy_profiles_are_told_with_the_largest(tmp_path: Path) -> None:
    light = "".join(f"  light{number}: {{}}\n" for number in range(2))
    heavy = "".join(f"  heavy{number}: {HEAVY}\n" for number in range(7))
    write(tmp_path, f"{HEAD}{SEATS}profiles:\n  attendee: {{}}\n{light}{heavy}")
    (found,) = mistakes(tmp_path)
    assert found.startswith("7: profiles: the cohort's template has at least ")
    assert " bytes and CloudFormation takes 51,200; use fewer profiles, or open less" in found
    assert found.partition("of the largest: ")[2].count("heavy") == 3


def test_as_many_as_fit_are_no_mistake(tmp_path: Path) -> None:
    some = "".join(f"  light{number}: {{}}\n" for number in range(5))
    write(tmp_path, f"{HEAD}{SEATS}profiles:\n  attendee: {{}}\n{some}")
    assert mistakes(tmp_path) == []


@pytest.mark.parametrize("name", ["demo"])
def test_what_a_check_counts_is_never_more_than_the_template_has(name: str) -> None:
    made = shipped(name)
    settings = made.loaded.settings
    policies = layout.sizes(
        Names.placeholders(settings.workshop),
        settings.profiles,
        end=settings.end,
        tag_keys=settings.tags,
    )
    least = layout.BESIDE_POLICIES + sum(
        policy.characters + layout.AROUND_A_POLICY for policy in policies
    )
    body = of_text(made.text(f"{settings.workshop}-{COHORT}")).body
    assert 0.9 * len(body) < least <= len(body)


def test_a_template_that_is_too_large_all_the_same_is_sent_to_nobody() -> None:
    made = shipped("demo")
    loaded = made.loaded
    seat = loaded.seats[0]
    stacks = {
        name: (made.text(name), False)
        for name in (loaded.names(seat).stack(kind) for kind in USUAL_STACKS)
    }
    cohort = json.loads(made.text(f"demo-{COHORT}"))
    cohort["Metadata"] = {"Text": "x" * layout.TEMPLATE_LIMIT}
    stacks[f"demo-{COHORT}"] = (json.dumps(cohort), False)
    for beside in (START, WATCH):
        stacks[f"demo-cohort-{beside}"] = (made.text(f"demo-cohort-{beside}"), False)
    with pytest.raises(UsageError) as refused:
        assembly.read(loaded, [seat], stacks)
    assert str(refused.value).startswith("the cohort's template has 8")
    assert "CloudFormation takes 51,200; use fewer profiles" in str(refused.value)
