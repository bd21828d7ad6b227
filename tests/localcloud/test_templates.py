"""Templates that CloudFormation refuses before it makes anything, by every door."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.local_cloud import Cloud

HANDLE: dict[str, Any] = {"Type": "AWS::CloudFormation::WaitConditionHandle"}
PLAIN = {"Resources": {"A": HANDLE}}
NOWHERE = {"Fn::GetAtt": ["Nowhere", "Arn"]}


def bucket(name: Any) -> dict[str, Any]:
    return {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": name}}


def exporting(*names: Any) -> dict[str, Any]:
    outputs = {f"O{i}": {"Value": "x", "Export": {"Name": name}} for i, name in enumerate(names)}
    return {**PLAIN, "Outputs": outputs}


REFUSED = {
    "two resources that name each other": (
        {"Resources": {"A": bucket({"Ref": "B"}), "B": bucket({"Fn::Sub": "x-${A}"})}},
        "Circular dependency between resources: [A, B]",
    ),
    "a resource that names itself": (
        {"Resources": {"A": bucket({"Ref": "A"}), "B": HANDLE}},
        "Circular dependency between resources: [A]",
    ),
    "a circle of what is waited for, and what waits for it": (
        {
            "Resources": {
                "A": {**HANDLE, "DependsOn": "B"},
                "B": {**HANDLE, "DependsOn": ["A"]},
                "C": bucket({"Ref": "A"}),
            }
        },
        "Circular dependency between resources: [A, B, C]",
    ),
    "an attribute of what is not there": (
        {"Resources": {"A": bucket(NOWHERE)}},
        "Template error: instance of Fn::GetAtt references undefined resource Nowhere",
    ),
    "an output of what is not there": (
        {**PLAIN, "Outputs": {"O": {"Value": NOWHERE}}},
        "Template error: instance of Fn::GetAtt references undefined resource Nowhere",
    ),
    "a text with an attribute of what is not there": (
        {"Resources": {"A": bucket({"Fn::Sub": "${Nowhere.Arn}"})}},
        "Template error: instance of Fn::Sub references invalid resource attribute Nowhere.Arn",
    ),
    "a condition that is not there": (
        {"Resources": {"A": {**HANDLE, "Condition": "Nowhere"}}},
        "Template format error: Unresolved condition dependency Nowhere in the Resources block of "
        "the template",
    ),
    "a choice by a condition that is not there": (
        {"Resources": {"A": bucket({"Fn::If": ["Nowhere", "a", "b"]})}},
        "Template error: unresolved condition dependency Nowhere in Fn::If",
    ),
    "a condition on a resource": (
        {**PLAIN, "Conditions": {"C": {"Fn::Equals": [{"Ref": "A"}, "x"]}}},
        "Template format error: Unresolved dependencies [A]. Cannot reference resources in the "
        "Conditions block of the template",
    ),
    "one export twice": (
        exporting("e", "e"),
        "Template format error: The Outputs section contains duplicate Export names: [e]. Specify "
        "a unique name for each export.",
    ),
    "the name of an export": (
        exporting("e.f"),
        "Template format error: Output O0 is malformed. The Name field of every Export member must "
        "be specified and consist only of alphanumeric characters, colons, or hyphens.",
    ),
    "an output without a value": (
        {**PLAIN, "Outputs": {"O": {"Description": "x"}}},
        "Template format error: [/Outputs/O] Every Outputs member must contain a Value object",
    ),
    "nothing where a value belongs": (
        {"Resources": {"A": bucket(None)}},
        "[/Resources/A/Properties/BucketName] 'null' values are not allowed in templates",
    ),
    "a logical id": (
        {"Resources": {"A-b": HANDLE}},
        "Template format error: Resource name A-b is non alphanumeric.",
    ),
    "a property beside the properties": (
        {"Resources": {"A": {**HANDLE, "Tags": []}}},
        "Invalid template resource property 'Tags'",
    ),
    "a policy of deletion": (
        {"Resources": {"A": {**HANDLE, "DeletionPolicy": "Keep"}}},
        "Template format error: Unrecognized DeletionPolicy Keep for resource A",
    ),
    "a type": (
        {"Resources": {"A": {"Type": "AWS::S3::Buckets"}}},
        "Template format error: Unrecognized resource types: [AWS::S3::Buckets]",
    ),
    "too many resources": (
        {"Resources": {f"A{number}": HANDLE for number in range(501)}},
        "Template format error: Number of resources, 501, is greater than maximum allowed, 500",
    ),
    "too long": (
        {"Resources": {"A": {**HANDLE, "Metadata": {"Text": "x" * 51_200}}}},
        "at 'templateBody' failed to satisfy constraint: Member must have length less than or "
        "equal to 51200",
    ),
}


def call_with(cloud: Cloud, operation: str, body: dict[str, Any]) -> None:
    client, given = cloud.client("cloudformation"), {"TemplateBody": json.dumps(body)}
    if operation == "ValidateTemplate":
        client.validate_template(**given)
    elif operation == "CreateStack":
        client.create_stack(StackName="s", **given)
    else:
        client.create_change_set(
            StackName="s", ChangeSetName="first", ChangeSetType="CREATE", **given
        )


@pytest.mark.parametrize("operation", ["ValidateTemplate", "CreateStack", "CreateChangeSet"])
@pytest.mark.parametrize("what", REFUSED)
def test_a_mistake_in_a_template_is_refused_in_the_words_of_aws(
    cloud: Cloud, what: str, operation: str
) -> None:
    body, message = REFUSED[what]
    with pytest.raises(ClientError, match=re.escape(message)) as refused:
        call_with(cloud, operation, body)
    assert refused.value.response["Error"]["Code"] == "ValidationError"
    assert cloud.client("cloudformation").describe_stacks()["Stacks"] == []


def test_a_circle_that_a_condition_breaks_is_none(cloud: Cloud) -> None:
    never = {"Never": {"Fn::Equals": ["a", "b"]}}
    body = {
        "Conditions": never,
        "Resources": {
            "A": {**HANDLE, "DependsOn": "B"},
            "B": {**HANDLE, "Condition": "Never", "DependsOn": "A"},
        },
    }
    assert cloud.deploy("s", json.dumps(body)) == "CREATE_COMPLETE"


@pytest.mark.parametrize("name", ["a_b", "1a", "a" * 129])
def test_a_name_that_no_stack_can_have_is_refused(cloud: Cloud, name: str) -> None:
    client = cloud.client("cloudformation")
    with pytest.raises(ClientError, match="at 'stackName' failed to satisfy constraint"):
        client.create_stack(StackName=name, TemplateBody=json.dumps(PLAIN))


@pytest.mark.parametrize("name", ["a_b", "1a", "a" * 129])
def test_a_name_that_no_change_set_can_have_is_refused(cloud: Cloud, name: str) -> None:
    with pytest.raises(ClientError, match="at 'changeSetName' failed to satisfy constraint"):
        cloud.client("cloudformation").create_change_set(
            StackName="s",
            ChangeSetName=name,
            ChangeSetType="CREATE",
            TemplateBody=json.dumps(PLAIN),
        )
