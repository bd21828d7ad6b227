"""cfn-lint, the independent checker of CloudFormation, has nothing to say about any template."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cfnlint.api import ManualArgs, lint

from tests.assemblies import ENVIRONMENTS, shipped


def findings(template: dict[str, Any], region: str) -> list[str]:
    matches = lint(json.dumps(template), config=ManualArgs(regions=[region]))
    return [f"{match.rule.id}: {match.message}" for match in matches]


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_cfn_lint_finds_nothing(name: str) -> None:
    assembly = shipped(name)
    region = assembly.loaded.settings.region
    found = {stack: findings(assembly.template(stack), region) for stack in assembly.stacks()}
    assert len(found) > 5
    assert {stack: told for stack, told in found.items() if told} == {}


def test_cfn_lint_looks_at_notebooks() -> None:
    """Releases before 1.58 did not; a check that never speaks would prove nothing."""
    assembly = shipped("demo")
    template = assembly.template("demo-ada-notebook")
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::SageMaker::NotebookInstance":
            resource["Properties"]["RootAccess"] = "Sometimes"
    assert any("Sometimes" in told for told in findings(template, "us-east-1"))
