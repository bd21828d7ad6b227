"""Snapshots: each stack of a seat, a notebook in a VPC, the cohort, its policies, and the watch.

They show a reviewer what a change does to the templates; why a template is as it is stands in the
named assertions of the other files. A missing snapshot fails; ``pytest --snapshot-update`` writes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from tests.support.assemblies import Synthesized, exemplars, shipped
from tests.support.snapshots import TemplateSnapshots
from tests.support.usual_stacks import USUAL_STACKS
from workshop.naming import COHORT, NOTIFY, WATCH

LARGEST = "prod"
CASES = [*(("attendee", kind) for kind in USUAL_STACKS), ("gpu", "notebook")]
"""Of the largest environment; other profiles and environments differ in names and numbers."""
PARTS = (
    *("boundary", "freeze", "data", "sagemaker", "observation", "limits", "end"),
    *("attendee-caps", "attendee-opened", "gpu-caps", "gpu-opened"),
)
"""Policies; an instructor's differ from these in instance types alone."""
MOST_LINES = 360


@pytest.fixture
def templates(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(TemplateSnapshots)


@pytest.mark.parametrize(("profile", "kind"), CASES)
def test_the_template_is_the_reviewed_one(
    profile: str, kind: str, templates: SnapshotAssertion
) -> None:
    assembly = shipped(LARGEST)
    seat = exemplars(assembly.loaded)[profile]
    stack = f"{assembly.loaded.settings.workshop}-{seat}-{kind}"
    assert assembly.template(stack) == templates


def test_the_cohort_template_is_the_reviewed_one(templates: SnapshotAssertion) -> None:
    cohort = _cohort(shipped(LARGEST))
    for resource in cohort["Resources"].values():
        if resource["Type"] == "AWS::IAM::ManagedPolicy":
            document = resource["Properties"]["PolicyDocument"]
            # Whole in the snapshots of the policies.
            resource["Properties"]["PolicyDocument"] = [one["Sid"] for one in document["Statement"]]
    assert cohort == templates


def test_the_watch_template_is_the_reviewed_one(templates: SnapshotAssertion) -> None:
    """With hours, caps and addresses; its code is reviewed where it is written."""
    assembly = shipped(LARGEST)
    watch = assembly.template(f"{assembly.loaded.settings.workshop}-{COHORT}-{WATCH}")
    [function] = [one for one in watch["Resources"].values() if "Handler" in one["Properties"]]
    function["Properties"]["Code"] = "workbench.inline_source"
    for name in NOTIFY[1:]:  # each as the first
        del watch["Parameters"][name], watch["Conditions"][f"Has{name}"]
        del watch["Resources"][f"{name}Mail"]
    assert watch == templates


@pytest.mark.parametrize("part", PARTS)
def test_the_policy_is_the_reviewed_one(part: str, templates: SnapshotAssertion) -> None:
    cohort = _cohort(shipped(LARGEST))
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
    assert len(lengths) == len(CASES) + 3 + len(PARTS)  # with that of an EC2 instance
    assert {name: lines for name, lines in lengths.items() if lines > MOST_LINES} == {}


def _cohort(assembly: Synthesized) -> dict[str, Any]:
    return assembly.template(f"{assembly.loaded.settings.workshop}-{COHORT}")
