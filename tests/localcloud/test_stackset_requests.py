"""Requests about stack sets: what is refused, what is not found, and what listings show."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from localcloud.protocol.errors import NOT_PLAYED
from tests.support.local_cloud import Cloud, template
from tests.support.refusals import code_of, refusal
from tests.support.stacksets import (
    AWAY,
    HANDLE,
    HOME,
    Administrator,
    overriding,
    regional,
)


def test_listings_are_cut_into_pages(administrator: Administrator) -> None:
    given = administrator.prepared(6, HANDLE)
    regions = [f"eu-test-{number:02}" for number in range(1, 18)]
    missing = "999999999999"
    done = administrator.finished(
        "create_stack_instances", Accounts=[*given, missing], **regional(*regions)
    )
    assert done["StatusDetails"] == {"FailedStackInstancesCount": 17}
    listing = administrator.call("list_stack_instances")
    assert len(listing["Summaries"]) == 100
    assert len(administrator.instances()) == len(administrator.results(done["OperationId"])) == 119
    # What is deleted between two pages makes nothing be skipped.
    administrator.finished(
        "delete_stack_instances", Accounts=given[:5], RetainStacks=False, **regional(*regions)
    )
    rest = administrator.call("list_stack_instances", NextToken=listing["NextToken"])
    assert [(summary["Account"], summary["Region"]) for summary in rest["Summaries"]] == [
        *((given[5], region) for region in regions[15:]),
        *((missing, region) for region in regions),
    ]
    of_another = {"NextToken": listing["NextToken"]}
    wrong = refusal(administrator.call, "list_stack_set_operations", **of_another)
    assert wrong[1:] == ("ValidationError", "Invalid NextToken")
    operations = administrator.call("list_stack_set_operations", MaxResults=1)
    assert [summary["Action"] for summary in operations["Summaries"]] == ["DELETE"]
    older = administrator.call("list_stack_set_operations", NextToken=operations["NextToken"])
    assert [summary["OperationId"] for summary in older["Summaries"]] == [done["OperationId"]]
    assert "NextToken" not in older


def test_stack_sets_belong_to_an_account_and_a_region(cloud: Cloud) -> None:
    Administrator(cloud).call("create_stack_set", TemplateBody=HANDLE)
    other = cloud.client("cloudformation", account="222222222222")
    away = cloud.client("cloudformation", region=AWAY)
    for client in (other, away):
        assert client.list_stack_sets()["Summaries"] == []
        assert code_of(client.describe_stack_set, StackSetName="seats") == (
            "StackSetNotFoundException"
        )
    cloud.reset()
    assert cloud.client("cloudformation").list_stack_sets()["Summaries"] == []


def test_a_request_that_is_repeated_with_its_token_makes_one_stack_set(cloud: Cloud) -> None:
    administrator = Administrator(cloud)
    request = {"TemplateBody": HANDLE, "ClientRequestToken": "once"}
    first = administrator.call("create_stack_set", **request)["StackSetId"]
    assert administrator.call("create_stack_set", **request)["StackSetId"] == first
    assert refusal(administrator.call, "create_stack_set", TemplateBody=HANDLE)[1:] == (
        "NameAlreadyExistsException",
        "StackSet seats already exists",
    )


ROLE = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {}}}
NEEDS_A_VALUE = template(
    json.loads(HANDLE)["Resources"], Parameters={"AttendeeId": {"Type": "String"}}
)


@pytest.mark.parametrize(
    ("request_", "code", "message"),
    [
        ({"StackSetName": "a_b"}, "ValidationError", r".*pattern: \[a-zA-Z\]\[-a-zA-Z0-9\]\*"),
        ({"StackSetName": "a" * 129}, "ValidationError", r".*less than or equal to 128"),
        ({"TemplateBody": "{"}, "ValidationError", "Template format error: .*"),
        ({"TemplateURL": "https://s3.amazonaws.com/a/b"}, NOT_PLAYED, ".*TemplateURL.*"),
        (
            {"TemplateBody": template({}, Metadata={"Long": "x" * 51_200})},
            "ValidationError",
            ".*templates of at most 51200 bytes",
        ),
        (
            {"TemplateBody": template({"Role": ROLE})},
            "InsufficientCapabilitiesException",
            r"Requires capabilities : \[CAPABILITY_IAM\]",
        ),
        (
            {"TemplateBody": NEEDS_A_VALUE},
            "ValidationError",
            r"Parameters: \[AttendeeId\] must have values",
        ),
        (
            {"Parameters": overriding(Strange="1")},
            "ValidationError",
            r"Parameters: \[Strange\] do not exist in the template",
        ),
        ({"Tags": [{"Key": "aws:a", "Value": "b"}]}, "ValidationError", ".*aws:a.* reserved.*"),
        ({"PermissionModel": "OTHER"}, "ValidationError", ".*permissionModel.*enum value set.*"),
        ({"AutoDeployment": {"Enabled": True}}, "ValidationError", ".*SELF_MANAGED.*"),
        ({"StackId": "arn:aws:x"}, NOT_PLAYED, ".*StackId.*"),
    ],
)
def test_a_stack_set_that_cannot_be_is_refused(
    cloud: Cloud, request_: dict[str, Any], code: str, message: str
) -> None:
    request = {"StackSetName": "seats", "TemplateBody": HANDLE, **request_}
    client = cloud.client("cloudformation")
    found = refusal(client.create_stack_set, **request)[1:]
    assert found[0] == code
    assert re.fullmatch(message, found[1])
    assert client.list_stack_sets()["Summaries"] == []


@pytest.mark.parametrize(
    ("operation", "request_", "code", "message"),
    [
        ("create_stack_instances", {"Accounts": []}, "ValidationError", "at least one account"),
        ("create_stack_instances", {"Regions": []}, "ValidationError", "at least one Region"),
        (
            "create_stack_instances",
            {"DeploymentTargets": {"Accounts": ["111111111111"]}},
            "ValidationError",
            "Accounts or DeploymentTargets, but not both",
        ),
        (
            "create_stack_instances",
            {"Accounts": None, "DeploymentTargets": {"OrganizationalUnitIds": ["r-abcd"]}},
            "ValidationError",
            "SELF_MANAGED permission model can only have accounts",
        ),
        (
            "create_stack_instances",
            {"ParameterOverrides": overriding(Strange="1")},
            "ValidationError",
            "[Strange] do not exist in the template",
        ),
        (
            "create_stack_instances",
            {
                "OperationPreferences": {
                    "MaxConcurrentCount": 1,
                    "MaxConcurrentPercentage": 1,
                }
            },
            "ValidationError",
            "either MaxConcurrentCount or MaxConcurrentPercentage, but not both",
        ),
        ("create_stack_instances", {"Accounts": ["1"]}, "ValidationError", "^[0-9]{12}$"),
        (
            "create_stack_instances",
            {"OperationPreferences": {"RegionConcurrencyType": "PARALLEL"}},
            NOT_PLAYED,
            "RegionConcurrencyType",
        ),
        (
            "create_stack_instances",
            {"ParameterOverrides": [{"ParameterKey": "A", "UsePreviousValue": True}]},
            NOT_PLAYED,
            "UsePreviousValue",
        ),
        (
            "update_stack_set",
            {"UsePreviousTemplate": True, "Regions": None},
            "ValidationError",
            "accounts and the Regions",
        ),
        (
            "update_stack_set",
            {"UsePreviousTemplate": True},
            "StackInstanceNotFoundException",
            "111111111111",
        ),
        ("update_stack_set", {}, "ValidationError", "exactly one of"),
    ],
)
def test_an_operation_that_cannot_be_is_refused(
    cloud: Cloud, operation: str, request_: dict[str, Any], code: str, message: str
) -> None:
    administrator = Administrator(cloud)
    administrator.call("create_stack_set", TemplateBody=HANDLE)
    given = {"Accounts": ["111111111111"], "Regions": [HOME], **request_}
    request = {name: value for name, value in given.items() if value is not None}
    found = refusal(administrator.call, operation, **request)[1:]
    assert found[0] == code
    assert message in found[1]
    assert administrator.call("list_stack_set_operations")["Summaries"] == []
    assert administrator.instances() == {}


@pytest.mark.parametrize(
    ("operation", "request_", "code"),
    [
        ("describe_stack_set", {}, "StackSetNotFoundException"),
        ("delete_stack_set", {}, "StackSetNotFoundException"),
        ("list_stack_instances", {}, "StackSetNotFoundException"),
        ("describe_stack_set_operation", {"OperationId": "a"}, "OperationNotFoundException"),
        ("list_stack_set_operation_results", {"OperationId": "a"}, "OperationNotFoundException"),
        ("stop_stack_set_operation", {"OperationId": "a"}, "OperationNotFoundException"),
        (
            "describe_stack_instance",
            {"StackInstanceAccount": "111111111111", "StackInstanceRegion": HOME},
            "StackInstanceNotFoundException",
        ),
    ],
)
def test_what_is_not_there_is_not_found(
    cloud: Cloud, operation: str, request_: dict[str, Any], code: str
) -> None:
    administrator = Administrator(cloud)
    if code != "StackSetNotFoundException":
        administrator.call("create_stack_set", TemplateBody=HANDLE)
    assert refusal(administrator.call, operation, **request_)[:2] == (404, code)


def test_secrets_stay_hidden(administrator: Administrator) -> None:
    secret = {"Secret": {"Type": "String", "NoEcho": True}}
    body = template(json.loads(HANDLE)["Resources"], Parameters=secret)
    administrator.call("create_stack_set", TemplateBody=body, Parameters=overriding(Secret="x"))
    seen = administrator.call("describe_stack_set")["StackSet"]
    assert seen["Parameters"] == overriding(Secret="****")


@pytest.mark.parametrize("chosen", [{"StackInstanceRegion": HOME}, {"Filters": []}])
def test_a_listing_that_would_have_to_be_filtered_is_refused(
    cloud: Cloud, chosen: dict[str, Any]
) -> None:
    administrator = Administrator(cloud)
    administrator.call("create_stack_set", TemplateBody=HANDLE)
    refused = refusal(administrator.call, "list_stack_instances", **chosen)[1:]
    assert refused[0] == NOT_PLAYED
