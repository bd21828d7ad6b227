"""Snapshots of every template of the shipped environments, one per stack and profile.

They show a reviewer what a change does to the templates; why a template is as it is stands in the
named assertions of the other files. A missing snapshot fails; ``pytest --snapshot-update`` writes.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.support.assemblies import ENVIRONMENTS, ROOT, exemplars, shipped
from tests.support.snapshots import TemplateSnapshots
from workshop import policies
from workshop.environments import loader
from workshop.naming import COHORT, SEAT_STACKS, Names

CASES = [
    (name, profile, kind)
    for name in ENVIRONMENTS
    for profile in exemplars(loader.load(name, ROOT / "config"))
    for kind in SEAT_STACKS
]
MOST_LINES = 340
LARGEST = "prod"
_SETTINGS = loader.load(LARGEST, ROOT / "config").settings
PARTS = tuple(
    one.name for one in policies.sizes(Names.placeholders(_SETTINGS.workshop), _SETTINGS.profiles)
)


@pytest.fixture
def templates(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(TemplateSnapshots)


@pytest.mark.parametrize(("name", "profile", "kind"), CASES)
def test_the_template_is_the_reviewed_one(
    name: str, profile: str, kind: str, templates: SnapshotAssertion
) -> None:
    assembly = shipped(name)
    seat = exemplars(assembly.loaded)[profile]
    stack = f"{assembly.loaded.settings.workshop}-{seat}-{kind}"
    assert assembly.template(stack) == templates


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_the_cohort_template_is_the_reviewed_one(name: str, templates: SnapshotAssertion) -> None:
    assembly = shipped(name)
    cohort = assembly.template(f"{assembly.loaded.settings.workshop}-{COHORT}")
    for resource in cohort["Resources"].values():
        if resource["Type"] == "AWS::IAM::ManagedPolicy":
            document = resource["Properties"]["PolicyDocument"]
            # Whole in the snapshots of the policies.
            resource["Properties"]["PolicyDocument"] = [one["Sid"] for one in document["Statement"]]
    assert cohort == templates


@pytest.mark.parametrize("part", PARTS)
def test_the_policy_is_the_reviewed_one(part: str, templates: SnapshotAssertion) -> None:
    """Of the largest environment; the others' differ in names and instance types."""
    assembly = shipped(LARGEST)
    cohort = assembly.template(f"{assembly.loaded.settings.workshop}-{COHORT}")
    (document,) = (
        resource["Properties"]["PolicyDocument"]
        for resource in cohort["Resources"].values()
        if resource["Type"] == "AWS::IAM::ManagedPolicy"
        and resource["Properties"]["ManagedPolicyName"]["Fn::Sub"].endswith(f"Region}}-{part}")
    )
    assert document == templates


def test_every_snapshot_is_short_enough_to_be_read() -> None:
    lengths = {
        path.name: len(path.read_text(encoding="utf-8").splitlines())
        for path in Path(__file__).parent.glob("__snapshots__/**/*.json")
    }
    assert len(lengths) == len(CASES) + len(ENVIRONMENTS) + len(PARTS)
    assert {name: lines for name, lines in lengths.items() if lines > MOST_LINES} == {}
