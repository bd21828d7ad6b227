"""Updates of stack sets, and what each instance overrides."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.local_cloud import IAM, template
from tests.support.stacksets import (
    HANDLE,
    HOME,
    Administrator,
    accounts,
    bucket,
    named,
    overriding,
    regional,
    role,
    trust,
)


def test_overrides_are_an_instances_own_and_outlive_updates_of_the_set(
    administrator: Administrator,
) -> None:
    given = administrator.prepared(2, bucket(), Parameters=overriding(Seat="common"))
    for account, seat in zip(given, ("ada", "bob"), strict=True):
        administrator.finished(
            "create_stack_instances",
            Accounts=[account],
            Regions=[HOME],
            ParameterOverrides=overriding(Seat=seat),
        )
    versioned = bucket(VersioningConfiguration={"Status": "Enabled"})
    done = administrator.finished(
        "update_stack_set",
        TemplateBody=versioned,
        Parameters=overriding(Seat="general"),
        OperationPreferences={"MaxConcurrentCount": 2, "FailureToleranceCount": 1},
    )
    assert (done["Action"], done["Status"]) == ("UPDATE", "SUCCEEDED")
    for account, seat in zip(given, ("ada", "bob"), strict=True):
        seen = administrator.call(
            "describe_stack_instance", StackInstanceAccount=account, StackInstanceRegion=HOME
        )["StackInstance"]
        assert (seen["Status"], seen["ParameterOverrides"]) == ("CURRENT", overriding(Seat=seat))
        s3 = administrator.within("s3", account)
        status = s3.get_bucket_versioning(Bucket=named(account, seat=seat))["Status"]
        assert status == "Enabled"


def test_overrides_are_kept_changed_and_taken_back(administrator: Administrator) -> None:
    parameters = {"A": {"Type": "String", "Default": "a"}, "B": {"Type": "String", "Default": "b"}}
    handle = {"Handle": {"Type": "AWS::CloudFormation::WaitConditionHandle"}}
    [account] = administrator.prepared(1, template(handle, Parameters=parameters))
    target = {"Accounts": [account], "Regions": [HOME]}

    def after(operation: str, **request: Any) -> tuple[dict[str, str], dict[str, str]]:
        assert administrator.finished(operation, **target, **request)["Status"] == "SUCCEEDED"
        instance = administrator.call(
            "describe_stack_instance", StackInstanceAccount=account, StackInstanceRegion=HOME
        )["StackInstance"]
        [stack] = administrator.stacks(account)
        return values(instance["ParameterOverrides"]), values(stack["Parameters"])

    def values(given: list[dict[str, str]]) -> dict[str, str]:
        return {parameter["ParameterKey"]: parameter["ParameterValue"] for parameter in given}

    first = after("create_stack_instances", ParameterOverrides=overriding(A="x", B="y"))
    assert first == ({"A": "x", "B": "y"}, {"A": "x", "B": "y"})
    assert after("create_stack_instances") == first
    partly = after("create_stack_instances", ParameterOverrides=overriding(B="z"))
    assert partly == ({"B": "z"}, {"A": "a", "B": "z"})
    nothing = after("create_stack_instances", ParameterOverrides=[])
    assert nothing == ({}, {"A": "a", "B": "b"})


def test_an_update_of_some_accounts_leaves_the_others_outdated(
    administrator: Administrator,
) -> None:
    given = administrator.prepared(3, bucket())
    administrator.finished("create_stack_instances", Accounts=given, **regional())
    update = {"TemplateBody": bucket(VersioningConfiguration={"Status": "Enabled"})}
    administrator.finished("update_stack_set", **update, Accounts=given[:1], **regional())
    seen = administrator.instances()
    assert [seen[account, HOME]["Status"] for account in given] == [
        "CURRENT",
        "OUTDATED",
        "OUTDATED",
    ]
    # Without accounts it is for all of them.
    done = administrator.finished("update_stack_set", UsePreviousTemplate=True)
    assert len(administrator.results(done["OperationId"])) == 3
    assert {instance["Status"] for instance in administrator.instances().values()} == {"CURRENT"}
    for account in given:
        s3 = administrator.within("s3", account)
        assert s3.get_bucket_versioning(Bucket=named(account))["Status"] == "Enabled"


def test_instances_are_updated_again_though_they_are_current_and_keep_their_overrides(
    administrator: Administrator,
) -> None:
    """Somebody has updated a stack by hand, of which its set knows nothing."""
    parameters = {"A": {"Type": "String", "Default": "a"}, "B": {"Type": "String", "Default": "b"}}
    handle = {"Handle": {"Type": "AWS::CloudFormation::WaitConditionHandle"}}
    body = template(handle, Parameters=parameters)
    first, second, third = administrator.prepared(3, body)
    administrator.finished(
        "create_stack_instances",
        Accounts=[first, second],
        Regions=[HOME],
        ParameterOverrides=overriding(B="y"),
    )

    def values(account: str) -> dict[str, str]:
        [stack] = administrator.stacks(account)
        return {one["ParameterKey"]: one["ParameterValue"] for one in stack["Parameters"]}

    for account in (first, second):
        [stack] = administrator.stacks(account)
        administrator.within("cloudformation", account).update_stack(
            StackName=stack["StackName"], TemplateBody=body, Parameters=overriding(A="x", B="x")
        )
    done = administrator.finished("update_stack_instances", Accounts=[first], Regions=[HOME])
    assert (done["Action"], done["Status"]) == ("UPDATE", "SUCCEEDED")
    assert (values(first), values(second)) == ({"A": "a", "B": "y"}, {"A": "x", "B": "x"})
    assert {seen["Status"] for seen in administrator.instances().values()} == {"CURRENT"}
    other = {"Accounts": [first], "Regions": [HOME], "ParameterOverrides": overriding(A="z")}
    administrator.finished("update_stack_instances", **other)
    assert values(first) == {"A": "z", "B": "b"}
    with pytest.raises(ClientError, match="StackInstanceNotFoundException"):
        administrator.call("update_stack_instances", Accounts=[third], Regions=[HOME])


def test_an_update_changes_what_it_says_and_nothing_else(administrator: Administrator) -> None:
    handle = json.loads(HANDLE)["Resources"]
    given = {name: {"Type": "String", "Default": name.lower()} for name in ("A", "B")}
    tags = [{"Key": "workshop", "Value": "demo"}]
    [account] = accounts(1)
    administrator.within("iam", account).create_role(
        RoleName="Seat", AssumeRolePolicyDocument=trust(AWS=administrator.cloud.running.account)
    )
    administrator.call(
        "create_stack_set",
        TemplateBody=template(handle, Parameters=given),
        Parameters=overriding(A="x", B="y"),
        ExecutionRoleName="Seat",
        Description="Seats",
        Tags=tags,
    )
    administrator.finished(
        "create_stack_instances",
        Accounts=[account],
        Regions=[HOME],
        ParameterOverrides=overriding(B="own"),
    )
    values = overriding(A="x", B="z")
    administrator.finished("update_stack_set", UsePreviousTemplate=True, Parameters=values)
    seen = administrator.call("describe_stack_set")["StackSet"]
    assert seen["Parameters"] == values
    assert (seen["Tags"], seen["Description"]) == (tags, "Seats")
    assert seen["ExecutionRoleName"] == "Seat"
    [stack] = administrator.stacks(account)
    assert (stack["Parameters"], stack["Tags"]) == (overriding(A="x", B="own"), tags)
    # Tags are taken away by an empty list; an override outlives its parameter without harm.
    del given["B"]
    done = administrator.finished(
        "update_stack_set", TemplateBody=template(handle, Parameters=given), Tags=[]
    )
    assert done["Status"] == "SUCCEEDED"
    [stack] = administrator.stacks(account)
    assert (stack["Parameters"], stack["Tags"]) == (overriding(A="a"), [])


def test_each_failed_update_tells_its_own_cause(administrator: Administrator) -> None:
    [account] = administrator.prepared(1, bucket())
    administrator.finished("create_stack_instances", Accounts=[account], Regions=[HOME])
    iam = administrator.within("iam", account)
    for name in ("First", "Second"):
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust(AWS=account))
        resources = {**json.loads(bucket())["Resources"], name: role(name)}
        parameters = json.loads(bucket())["Parameters"]
        body = template(resources, Parameters=parameters)
        done = administrator.finished("update_stack_set", TemplateBody=body, **IAM)
        assert done["Status"] == "FAILED"
        [instance] = administrator.instances().values()
        assert instance["Status"] == "OUTDATED"
        assert instance["StatusReason"].startswith(f"ResourceLogicalId:{name}, ")
        [stack] = administrator.stacks(account)
        assert stack["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"


def test_a_stack_that_was_deleted_by_hand_is_made_again(administrator: Administrator) -> None:
    [account] = administrator.prepared(1, bucket())
    administrator.finished("create_stack_instances", Accounts=[account], Regions=[HOME])
    first = administrator.instances()[account, HOME]["StackId"]
    client = administrator.within("cloudformation", account)
    client.delete_stack(StackName=first)
    client.get_waiter("stack_delete_complete").wait(
        StackName=first, WaiterConfig={"Delay": 0, "MaxAttempts": 500}
    )
    done = administrator.finished("update_stack_set", UsePreviousTemplate=True)
    assert done["Status"] == "SUCCEEDED"
    [stack] = administrator.stacks(account)
    assert stack["StackId"] == administrator.instances()[account, HOME]["StackId"] != first
