"""CDK's own validation of templates, which the app leaves out to be quick, has nothing to say.

It takes long to begin with; every run has what cfn-lint says of the same templates.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from aws_cdk import App, CfnResource, CloudFormationValidatePlugin, Stack, Stage, Validations

from stacks import build
from tests.support.assemblies import ENVIRONMENTS, ROOT, exemplars
from workshop.environments import loader

pytestmark = pytest.mark.long

PLUGIN = "CloudFormation Validate"


def findings(made: App, directory: Path) -> list[str]:
    """What the plugin says of the templates; without a report, nobody had anything to say."""
    Validations.of(made).add_plugins(CloudFormationValidatePlugin())
    made.synth()
    written = directory / "validation-report.json"
    if not written.exists():
        return []
    reports = json.loads(written.read_text(encoding="utf-8"))["pluginReports"]
    return [
        found["description"]
        for report in reports
        if report["pluginName"] == PLUGIN
        for found in report["violations"]
    ]


def test_cdks_own_validation_finds_nothing_in_one_seat_of_each_profile(tmp_path: Path) -> None:
    made = build.new_app(str(tmp_path))
    for name in ENVIRONMENTS:
        loaded = loader.load(name, ROOT / "config")
        # Each in a stage of its own: two of them have stacks of the same names.
        build.build(Stage(made, name), loaded, list(exemplars(loaded).values()))
    assert findings(made, tmp_path) == []
    for name in ENVIRONMENTS:
        assert len(list(tmp_path.glob(f"assembly-{name}/*.template.json"))) > 5


def test_it_would_tell_of_a_wrong_value_and_refuses_a_property_that_cloudformation_does_not_know(
    tmp_path: Path,
) -> None:
    made = build.new_app(str(tmp_path))
    stack = Stack(Stage(made, "stage"), "wrong")
    CfnResource(
        stack, "A", type="AWS::S3::Bucket", properties={"VersioningConfiguration": {"Status": "So"}}
    )
    CfnResource(stack, "B", type="AWS::S3::Bucket", properties={"BucketNam": "b"})
    with pytest.raises(RuntimeError) as told:
        findings(made, tmp_path)
    assert "'So' is not one of" in str(told.value)
    assert "'BucketNam' was unexpected" in str(told.value)
