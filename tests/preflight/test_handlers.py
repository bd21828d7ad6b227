"""What CloudFormation's handlers may call is asked for, as AWS's resource schemas name it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.preflight.test_permissions import as_role, statement
from tests.support.assemblies import ENVIRONMENTS, shipped
from tests.support.boxes import boxed
from tests.support.doored import doored
from tests.support.preflights import THREE, Preflights, one
from tests.support.seats import ADA, opened
from tools import handler_permissions
from workshop.naming import COHORT, DOOR, Names
from workshop.preflight import CheckState, handlers, permissions

NAMES = Names("vision", "ada", "000000000000", "eu-west-1")


def synthesized() -> dict[str, set[str]]:
    """Every type that the templates of the shipped environments make, and what they set."""
    found: dict[str, set[str]] = {}
    for name in ENVIRONMENTS:
        assembly = shipped(name)
        templates = [assembly.template(stack) for stack in assembly.stacks()]
        door = f"{assembly.loaded.settings.workshop}-{COHORT}-{DOOR}"
        tracked = opened().template(ADA.stack("notebook"))
        boxes = [boxed().template(stack) for stack in boxed().stacks() if stack.endswith("-box")]
        for template in (*templates, doored(name).template(door), tracked, *boxes):
            for resource in template["Resources"].values():
                found.setdefault(resource["Type"], set()).update(resource.get("Properties", {}))
    return found


def test_the_file_is_what_the_schemas_say_of_what_the_templates_set() -> None:
    assert {kind: {*some} for kind, some in handler_permissions.PROPERTIES.items()} == synthesized()
    assert handler_permissions.FILE.read_text(encoding="utf-8") == handler_permissions.text()


def test_a_new_property_brings_what_its_handler_calls() -> None:
    bucket = "AWS::S3::Bucket"
    own = handler_permissions.PROPERTIES[bucket]
    schema = handler_permissions.schema(bucket)
    before = handler_permissions.called(bucket, schema, own)
    after = handler_permissions.called(bucket, schema, [*own, "LoggingConfiguration"])
    assert {*after["create"]} - {*before["create"]} == {"s3:PutBucketLogging"}


@pytest.mark.parametrize("resource_type", handler_permissions.ONLY_FOR)
def test_what_is_left_out_belongs_to_properties_that_the_schema_has(resource_type: str) -> None:
    schema: dict[str, Any] = handler_permissions.schema(resource_type)
    owners = {*handler_permissions.ONLY_FOR[resource_type].values()}
    assert owners <= schema["properties"].keys()
    assert not owners & {*handler_permissions.PROPERTIES[resource_type]}


def asked(*, in_vpc: bool, has_box: bool = False) -> dict[str, tuple[str, ...]]:
    questions = permissions.questions(
        NAMES,
        "aws",
        bucket="data",
        repository="training",
        in_vpc=in_vpc,
        has_door=True,
        has_mlflow=True,
        has_box=has_box,
    )
    return dict(questions)


def test_everything_that_a_handler_may_call_is_asked_of_the_right_resource() -> None:
    questions = asked(in_vpc=True, has_box=True)
    for resource_type, phases in handlers.permissions().items():
        for action in (action for some in phases.values() for action in some):
            resources = [resource for resource, some in questions.items() if action in some]
            assert resources, (resource_type, action)
            service = action.partition(":")[0]
            assert all(one == "*" or one.split(":")[2] == service for one in resources), action
    assert "iam:PassRole" not in questions[NAMES.notebook_arn]


def test_network_permissions_are_asked_for_only_where_a_notebook_is_put_into_a_vpc() -> None:
    without, within = asked(in_vpc=False)["*"], asked(in_vpc=True)["*"]
    assert not any(action.startswith("ec2:") for action in without)
    assert "ec2:CreateNetworkInterface" in within


@pytest.mark.parametrize(
    ("action", "subject"),
    [
        ("s3:TagResource", "permissions to create"),
        ("sagemaker:ListTags", "permissions to create"),
        ("iam:UpdateAssumeRolePolicy", "permissions to update"),
        ("sagemaker:UpdateNotebookInstance", "permissions to update"),
        ("iam:ListEntitiesForPolicy", "permissions to roll back and delete"),
    ],
)
def test_what_only_the_schemas_name_is_told_in_its_phase_and_refuses_nothing(
    preflights: Preflights, action: str, subject: str
) -> None:
    role = as_role(preflights, statement("Allow", "*"), statement("Deny", action))
    report = preflights.ask(THREE, variables=role)
    assert report.passed
    check = one(report, subject)
    assert (check.state, check.message) == (
        CheckState.WARNING,
        f"CloudFormation may need {action}; better allowed beforehand",
    )


@pytest.mark.parametrize(
    "action", ["cloudwatch:TagResource", "cloudwatch:DeleteDashboards", "s3:DeleteBucketPolicy"]
)
def test_what_is_known_to_be_called_for_tags_and_deletion_refuses(
    preflights: Preflights, action: str
) -> None:
    role = as_role(preflights, statement("Allow", "*"), statement("Deny", action))
    report = preflights.ask(THREE, variables=role)
    check = one(report, "permissions")
    assert (check.state, check.message) == (
        CheckState.FAILED,
        f"you may not do {action}; have it allowed",
    )
