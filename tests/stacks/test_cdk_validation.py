"""CDK's own validation of templates, which the app leaves out to be quick, has nothing to say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from aws_cdk import App, CfnResource, CloudFormationValidatePlugin, Stack, Validations

from stacks import build
from tests.support.assemblies import ENVIRONMENTS, ROOT, exemplars
from workshop.environments import loader

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


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_cdks_own_validation_finds_nothing_in_one_seat_of_each_profile(
    name: str, tmp_path: Path
) -> None:
    loaded = loader.load(name, ROOT / "config")
    made = build.new_app(str(tmp_path))
    build.build(made, loaded, list(exemplars(loaded).values()))
    assert findings(made, tmp_path) == []
    assert len(list(tmp_path.glob("*.template.json"))) > 5


def test_it_would_tell_of_a_wrong_value(tmp_path: Path) -> None:
    made = build.new_app(str(tmp_path))
    CfnResource(
        Stack(made, "wrong"),
        "Bucket",
        type="AWS::S3::Bucket",
        properties={"VersioningConfiguration": {"Status": "Sometimes"}},
    )
    (found,) = findings(made, tmp_path)
    assert "'Sometimes' is not one of" in found


def test_it_refuses_a_property_that_cloudformation_does_not_know(tmp_path: Path) -> None:
    made = build.new_app(str(tmp_path))
    CfnResource(
        Stack(made, "wrong"), "Bucket", type="AWS::S3::Bucket", properties={"BucketNam": "b"}
    )
    with pytest.raises(RuntimeError, match="'BucketNam' was unexpected"):
        findings(made, tmp_path)
