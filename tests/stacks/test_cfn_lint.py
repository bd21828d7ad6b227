"""cfn-lint, the independent checker of CloudFormation, has nothing to say about any template."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from cfnlint.runner import Runner

from tests.support.assemblies import ENVIRONMENTS, shipped
from tests.support.doored import doored
from workshop.naming import COHORT, DOOR


@cache
def linter(region: str) -> Runner:
    """Reads its rules once for all templates, which takes longer than a template."""
    # Its import takes longer than all other modules of tests: not in every worker.
    from cfnlint.config import ConfigMixIn  # noqa: PLC0415
    from cfnlint.runner import Runner  # noqa: PLC0415

    return Runner(ConfigMixIn(regions=[region]))


def findings(template: dict[str, Any], region: str) -> list[str]:
    matches = linter(region).validate_template(template)
    return [f"{match.rule.id}: {match.message}" for match in matches]


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.long] * (name != "demo")) for name in ENVIRONMENTS],
)
def test_cfn_lint_finds_nothing(name: str) -> None:
    assembly = shipped(name)
    region = assembly.loaded.settings.region
    found = {stack: findings(assembly.template(stack), region) for stack in assembly.stacks()}
    assert len(found) > 5
    assert {stack: told for stack, told in found.items() if told} == {}


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_cfn_lint_finds_nothing_in_a_door(name: str) -> None:
    assembly = doored(name)
    settings = assembly.loaded.settings
    template = assembly.template(f"{settings.workshop}-{COHORT}-{DOOR}")
    assert findings(template, settings.region) == []


def test_cfn_lint_looks_at_notebooks() -> None:
    """Releases before 1.58 did not; a check that never speaks would prove nothing."""
    assembly = shipped("demo")
    template = assembly.template("demo-ada-notebook")
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::SageMaker::NotebookInstance":
            resource["Properties"]["RootAccess"] = "Sometimes"
    assert any("Sometimes" in told for told in findings(template, "us-east-1"))
