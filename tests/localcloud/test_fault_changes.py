"""Changes that calls do not know of yet, calls that meet, and handlers that fail."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.local_cloud import TRUST, Cloud, template
from workshop.aws import errors


def stale(operation: str, seconds: float = 10) -> dict[str, Any]:
    return {"effect": "stale", "operation": operation, "seconds": seconds}


def refusal(call: Any, **request: Any) -> ClientError:
    with pytest.raises(ClientError) as caught:
        call(**request)
    return caught.value


def test_a_new_role_is_not_found_for_some_seconds(cloud: Cloud) -> None:
    cloud.freeze()
    cloud.faults(stale("iam:GetRole"))
    iam = cloud.client("iam")
    cloud.role("seat")
    error = refusal(iam.get_role, RoleName="seat").response["Error"]
    assert (error["Code"], error["Message"]) == (
        "NoSuchEntity",
        "The role with name seat cannot be found.",
    )
    cloud.advance(9)
    assert errors.is_gone(refusal(iam.get_role, RoleName="seat"))
    cloud.advance(1)
    assert iam.get_role(RoleName="seat")["Role"]["RoleName"] == "seat"
    assert cloud.faults() == []


def test_a_listing_is_the_earlier_one_and_then_the_present_one(cloud: Cloud) -> None:
    cloud.freeze()
    cloud.faults(stale("iam:ListRolePolicies"))
    iam = cloud.client("iam")
    cloud.role("seat")
    cloud.advance(60)
    document = {"Effect": "Deny", "Action": "*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [document]})
    iam.put_role_policy(RoleName="seat", PolicyName="freeze", PolicyDocument=policy)
    cloud.advance(60)
    assert iam.list_role_policies(RoleName="seat")["PolicyNames"] == ["freeze"]
    iam.delete_role_policy(RoleName="seat", PolicyName="freeze")
    assert iam.list_role_policies(RoleName="seat")["PolicyNames"] == ["freeze"]
    gone = refusal(iam.delete_role_policy, RoleName="seat", PolicyName="freeze")
    assert gone.response["Error"]["Code"] == "NoSuchEntity"
    cloud.advance(10)
    assert iam.list_role_policies(RoleName="seat")["PolicyNames"] == []


def test_a_new_role_cannot_be_assumed_at_first(cloud: Cloud) -> None:
    cloud.freeze()
    cloud.faults(stale("sagemaker:CreateNotebookInstance"))
    arn = cloud.role("seat")
    request = {"NotebookInstanceName": "nb", "InstanceType": "ml.t3.medium", "RoleArn": arn}
    sagemaker = cloud.client("sagemaker")
    message = str(refusal(sagemaker.create_notebook_instance, **request))
    assert f"Could not assume role {arn}." in message
    cloud.advance(10)
    sagemaker.create_notebook_instance(**request)


def test_a_new_plan_knows_nothing_of_what_the_old_one_noted(cloud: Cloud) -> None:
    cloud.freeze()
    cloud.faults(stale("iam:GetRole", 1000))
    cloud.role("seat")
    cloud.faults(stale("iam:GetRole", 1000))
    assert cloud.client("iam").get_role(RoleName="seat")["Role"]["RoleName"] == "seat"


@pytest.mark.parametrize(
    ("service", "operation", "request_", "refused"),
    [
        ("iam", "delete_role", {"RoleName": "a"}, ("ConcurrentModification", 409)),
        ("s3", "delete_bucket", {"Bucket": "abc"}, ("OperationAborted", 409)),
        ("logs", "delete_log_group", {"logGroupName": "a"}, ("OperationAbortedException", 400)),
        ("ecr", "delete_repository", {"repositoryName": "ab"}, ("ConflictException", 409)),
    ],
)
def test_two_calls_that_meet_are_refused_as_the_service_does_it(
    cloud: Cloud, service: str, operation: str, request_: dict[str, Any], refused: tuple[str, int]
) -> None:
    cloud.faults({"effect": "conflict", "operation": f"{service}:*"})
    error = refusal(getattr(cloud.client(service), operation), **request_).response
    status = error["ResponseMetadata"]["HTTPStatusCode"]
    assert (error["Error"]["Code"], status) == refused


def role(name: str) -> dict[str, Any]:
    properties = {"RoleName": name, "AssumeRolePolicyDocument": TRUST}
    return {"Type": "AWS::IAM::Role", "Properties": properties}


def test_what_a_stack_has_made_is_not_known_outside_it_for_some_seconds(cloud: Cloud) -> None:
    cloud.freeze()
    iam, sagemaker = cloud.client("iam"), cloud.client("sagemaker")
    operations = ("iam:GetRole", "iam:ListRoles", "sagemaker:*NotebookInstance*")
    cloud.faults(*(stale(operation, 8) for operation in operations))
    assert iam.list_roles()["Roles"] == []
    notebook = {
        "Type": "AWS::SageMaker::NotebookInstance",
        "Properties": {
            "NotebookInstanceName": "nb-ada",
            "InstanceType": "ml.t3.medium",
            "RoleArn": {"Fn::GetAtt": ["R", "Arn"]},
        },
    }
    body = template({"R": role("seat-ada"), "N": notebook})
    assert cloud.deploy("s", body, Capabilities=["CAPABILITY_NAMED_IAM"]) == "CREATE_COMPLETE"
    held = cloud.client("cloudformation").list_stack_resources(StackName="s")
    assert len(held["StackResourceSummaries"]) == 2
    named = {"NotebookInstanceName": "nb-ada"}
    cloud.advance(7)
    assert errors.is_gone(refusal(iam.get_role, RoleName="seat-ada"))
    assert iam.list_roles()["Roles"] == []
    assert errors.is_gone(refusal(sagemaker.describe_notebook_instance, **named))
    assert errors.is_gone(refusal(sagemaker.stop_notebook_instance, **named))
    cloud.advance(1)
    assert [one["RoleName"] for one in iam.list_roles()["Roles"]] == ["seat-ada"]
    assert sagemaker.describe_notebook_instance(**named)["NotebookInstanceStatus"] == "InService"
    assert cloud.destroy("s") == "DELETE_COMPLETE"
    assert [one["RoleName"] for one in iam.list_roles()["Roles"]] == ["seat-ada"]
    cloud.advance(8)
    assert iam.list_roles()["Roles"] == []


def test_a_handler_fails_as_often_as_asked_and_the_stack_says_how(cloud: Cloud) -> None:
    named = {"Capabilities": ["CAPABILITY_NAMED_IAM"]}
    fails = {"effect": "handler", "type": "AWS::IAM::*", "code": "ResourceConflict", "times": 1}
    cloud.faults(fails)
    assert cloud.deploy("one", template({"R": role("one")}), **named) == "ROLLBACK_COMPLETE"
    assert "HandlerErrorCode: ResourceConflict" in cloud.reasons("one", "CREATE_FAILED")["R"]
    assert cloud.deploy("two", template({"R": role("two")}), **named) == "CREATE_COMPLETE"
    cloud.faults({**fails, "action": "delete", "match": "R"})
    assert cloud.destroy("two") == "DELETE_FAILED"
    assert cloud.destroy("two") == "DELETE_COMPLETE"


def test_a_handler_is_denied_by_a_policy_of_the_organization(cloud: Cloud) -> None:
    denied = {"code": "AccessDenied", "policy": "organization"}
    cloud.faults({"effect": "handler", "type": "AWS::IAM::Role", **denied})
    cloud.deploy("one", template({"R": role("one")}), Capabilities=["CAPABILITY_NAMED_IAM"])
    told = cloud.reasons("one", "CREATE_FAILED")["R"]
    assert "perform: iam:CreateRole with an explicit deny in a service control policy" in told


def test_what_a_region_does_not_offer_is_taken_for_that(cloud: Cloud) -> None:
    cloud.faults({"effect": "not-offered", "operation": "sagemaker:ListLabelingJobs"})
    client = cloud.client("sagemaker")
    assert errors.is_not_offered(refusal(client.list_labeling_jobs))
    cloud.faults()
    assert client.list_labeling_jobs()["LabelingJobSummaryList"] == []


@pytest.mark.parametrize(
    ("service", "operation", "request_"),
    [
        ("sagemaker", "describe_hub", {"HubName": "none"}),
        ("service-quotas", "get_association_for_service_quota_template", {}),
        ("application-autoscaling", "describe_scheduled_actions", {"ServiceNamespace": "ecs"}),
        ("dynamodb", "list_tables", {}),
        ("cloudwatch", "describe_anomaly_detectors", {}),
        ("iam", "get_organizations_access_report", {"JobId": "0" * 36}),
        ("ecr", "describe_pull_through_cache_rules", {}),
        ("cloudformation", "list_types", {}),
    ],
)
def test_what_is_not_played_is_never_taken_for_what_is_not_offered(
    cloud: Cloud, service: str, operation: str, request_: dict[str, Any]
) -> None:
    error = refusal(getattr(cloud.client(service), operation), **request_)
    code = error.response["Error"]["Code"]
    verdicts = (errors.is_not_offered, errors.is_gone, errors.is_denied, errors.is_passing)
    assert (code, [verdict(error) for verdict in verdicts]) == ("NotPlayedHere", [False] * 4)
