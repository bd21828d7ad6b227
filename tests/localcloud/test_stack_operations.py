"""A stack's operations: their events, and what they leave."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.protocol.errors import NOT_PLAYED
from tests.support.local_cloud import Cloud, template
from tests.support.refusals import code_of


def parameter(name: str, value: Any = "1", **more: Any) -> dict[str, Any]:
    properties = {"Name": name, "Type": "String", "Value": value}
    return {"Type": "AWS::SSM::Parameter", "Properties": properties, **more}


def described(cloud: Cloud, name: str) -> dict[str, Any]:
    (stack,) = cloud.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    return dict(stack)


def kinds(cloud: Cloud, name: str) -> list[str]:
    return [entry["OperationType"] for entry in described(cloud, name)["LastOperations"]]


def test_each_operation_has_its_own_events_and_a_rollback_is_one(cloud: Cloud) -> None:
    cloud.client("ssm").put_parameter(Name="taken", Type="String", Value="1")
    cloud.deploy("s", template({"A": parameter("a")}))
    assert kinds(cloud, "s") == ["CREATE_STACK"]
    cloud.update("s", template({"A": parameter("a", "2")}))
    assert kinds(cloud, "s") == ["UPDATE_STACK"]
    assert "LastUpdatedTime" in described(cloud, "s")
    wrong = template({"A": parameter("a", "3"), "B": parameter("taken")})
    assert cloud.update("s", wrong) == "UPDATE_ROLLBACK_COMPLETE"
    assert kinds(cloud, "s") == ["ROLLBACK", "UPDATE_STACK"]
    stack_id = described(cloud, "s")["StackId"]
    cloud.destroy("s")
    assert kinds(cloud, stack_id) == ["DELETE_STACK"]
    events = cloud.client("cloudformation").describe_stack_events(StackName=stack_id)
    by_operation = list(dict.fromkeys(event["OperationId"] for event in events["StackEvents"]))
    assert len(by_operation) == 5


def test_only_what_waits_for_nothing_is_cancelled_when_a_sibling_fails(cloud: Cloud) -> None:
    cloud.client("ssm").put_parameter(Name="taken", Type="String", Value="1")
    resources = {
        "Failing": parameter("taken"),
        "Sibling": parameter("sibling"),
        "Waiting": parameter("waiting", DependsOn="Failing"),
    }
    assert cloud.deploy("s", template(resources)) == "ROLLBACK_COMPLETE"
    failed = cloud.reasons("s", "CREATE_FAILED")
    assert failed.keys() == {"Failing", "Sibling"}
    assert failed["Sibling"] == "Resource creation cancelled"
    assert cloud.reasons("s", "ROLLBACK_IN_PROGRESS")["s"] == (
        "The following resource(s) failed to create: [Failing, Sibling]. "
        "Rollback requested by user."
    )


def test_what_an_update_cannot_delete_is_in_no_stack_any_more(cloud: Cloud) -> None:
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "kept-by-an-object"}}
    cloud.deploy("s", template({"A": parameter("a"), "B": bucket}))
    cloud.client("s3").put_object(Bucket="kept-by-an-object", Key="a", Body=b"1")
    assert cloud.update("s", template({"A": parameter("a")})) == "UPDATE_COMPLETE"
    assert "not empty" in cloud.reasons("s", "DELETE_FAILED")["B"]
    listed = cloud.client("cloudformation").list_stack_resources(StackName="s")
    assert [one["LogicalResourceId"] for one in listed["StackResourceSummaries"]] == ["A"]
    assert cloud.destroy("s") == "DELETE_COMPLETE"
    cloud.client("s3").head_bucket(Bucket="kept-by-an-object")


def test_a_stack_policy_which_nothing_would_obey_is_refused(cloud: Cloud) -> None:
    client, body = cloud.client("cloudformation"), template({"A": parameter("a")})
    given = {"StackName": "s", "TemplateBody": body, "StackPolicyBody": "{}"}
    assert code_of(client.create_stack, **given) == NOT_PLAYED
    assert client.describe_stacks()["Stacks"] == []
    cloud.deploy("s", body)
    del given["TemplateBody"]
    assert code_of(client.set_stack_policy, **given) == NOT_PLAYED


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"Resource": {}}, r"Invalid template property or properties \[Resource\]"),
        ({"Resources": {}}, "At least one Resources member must be defined"),
        ({"Resources": {"A": {"Properties": {}}}}, "must contain a Type member"),
    ],
)
def test_a_template_that_is_none_is_refused(cloud: Cloud, body: Any, message: str) -> None:
    client = cloud.client("cloudformation")
    with pytest.raises(ClientError, match=message):
        client.create_stack(StackName="s", TemplateBody=json.dumps(body))
