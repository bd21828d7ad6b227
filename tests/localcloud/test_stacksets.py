"""Stack sets and their instances: real stacks in the local cloud's other accounts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from localcloud import process
from tests.support.assemblies import shipped
from tests.support.local_cloud import IAM, Cloud, template
from tests.support.refusals import refusal
from tests.support.stacksets import (
    ADMINISTRATION,
    AWAY,
    EXECUTION,
    HANDLE,
    HOME,
    Administrator,
    accounts,
    bucket,
    named,
    notebook,
    overriding,
    regional,
    role,
    tally,
    trust,
)

UNIQUE = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def test_a_stack_set_makes_a_stack_in_every_account_and_region(
    administrator: Administrator,
) -> None:
    tags = [{"Key": "workshop", "Value": "demo"}]
    given = administrator.prepared(2, bucket(), Tags=tags, Description="Seats")
    done = administrator.finished("create_stack_instances", Accounts=given, **regional(HOME, AWAY))
    assert (done["Status"], done["Action"]) == ("SUCCEEDED", "CREATE")
    assert done["EndTimestamp"] >= done["CreationTimestamp"]
    instances = administrator.instances()
    assert set(instances) == {(account, region) for account in given for region in (HOME, AWAY)}
    for (account, region), instance in instances.items():
        assert (instance["Status"], tally({("", ""): instance})) == ("CURRENT", {"SUCCEEDED": 1})
        assert instance["LastOperationId"] == done["OperationId"]
        [stack] = administrator.stacks(account, region)
        assert stack["StackId"] == instance["StackId"]
        assert stack["StackStatus"] == "CREATE_COMPLETE"
        assert re.fullmatch(f"StackSet-seats-{UNIQUE}", stack["StackName"])
        assert stack["Tags"] == tags
        s3 = administrator.within("s3", account, region)
        assert tags[0] in s3.get_bucket_tagging(Bucket=named(account, region))["TagSet"]
    assert administrator.stacks(administrator.cloud.running.account) == []
    seen = administrator.call("describe_stack_set")["StackSet"]
    assert re.fullmatch(f"seats:{UNIQUE}", seen["StackSetId"])
    here = administrator.cloud.running.account
    assert (
        seen["StackSetARN"]
        == f"arn:aws:cloudformation:{HOME}:{here}:stackset/" + (seen["StackSetId"])
    )
    assert seen["AdministrationRoleARN"] == f"arn:aws:iam::{here}:role/{ADMINISTRATION}"
    assert seen["ExecutionRoleName"] == EXECUTION
    assert (seen["TemplateBody"], seen["Description"], seen["Tags"]) == (bucket(), "Seats", tags)
    assert seen["Parameters"] == overriding(Seat="seat")
    assert (seen["Status"], seen["PermissionModel"]) == ("ACTIVE", "SELF_MANAGED")
    assert sorted(seen["Regions"]) == [AWAY, HOME]


def test_a_resource_that_fails_in_one_account_fails_only_there(
    administrator: Administrator,
) -> None:
    given = administrator.prepared(3, template({"Role": role("Seat")}), **IAM)
    taken = administrator.within("iam", given[1])
    taken.create_role(RoleName="Seat", AssumeRolePolicyDocument=trust(AWS=given[1]))
    done = administrator.finished("create_stack_instances", Accounts=given, **regional())
    assert done["Status"] == "SUCCEEDED"
    assert done["StatusDetails"] == {"FailedStackInstancesCount": 1}
    failed = administrator.results(done["OperationId"])[given[1], HOME]
    reason = (
        r"ResourceLogicalId:Role, ResourceType:AWS::IAM::Role, "
        r"ResourceStatusReason:.*Seat.*already exists.*\."
    )
    assert failed["Status"] == "FAILED"
    assert re.fullmatch(reason, failed["StatusReason"])
    instance = administrator.instances()[given[1], HOME]
    assert (instance["Status"], instance["StatusReason"]) == ("OUTDATED", failed["StatusReason"])
    # The failed stack is deleted; its events tell what happened.
    assert administrator.stacks(given[1]) == []
    client = administrator.within("cloudformation", given[1])
    events = client.describe_stack_events(StackName=instance["StackId"])["StackEvents"]
    assert [
        event["ResourceStatus"] for event in events if event["LogicalResourceId"] == "Role"
    ] == [
        "CREATE_FAILED",
        "CREATE_IN_PROGRESS",
    ]
    assert [len(administrator.stacks(account)) for account in given] == [1, 0, 1]
    # Once the cause is gone, the same call makes up for it and leaves the others as they are.
    taken.delete_role(RoleName="Seat")
    done = administrator.finished("create_stack_instances", Accounts=given, **regional())
    results = administrator.results(done["OperationId"])
    assert [results[account, HOME].get("StatusReason") for account in given] == [
        "No updates are to be performed.",
        None,
        "No updates are to be performed.",
    ]
    assert {instance["Status"] for instance in administrator.instances().values()} == {"CURRENT"}


@pytest.mark.parametrize(
    ("role", "policy"),
    [
        (None, None),
        ("SomeOtherRole", trust(AWS="arn:aws:iam::000000000000:root")),
        (EXECUTION, trust(AWS="arn:aws:iam::999999999999:root")),
        (EXECUTION, trust(Service="cloudformation.amazonaws.com")),
    ],
)
def test_an_account_has_to_let_the_administrator_in(
    administrator: Administrator, role: str | None, policy: str
) -> None:
    [account] = accounts(1)
    if role is not None:
        iam = administrator.within("iam", account)
        iam.create_role(RoleName=role, AssumeRolePolicyDocument=policy)
    administrator.call("create_stack_set", TemplateBody=HANDLE)
    done = administrator.finished("create_stack_instances", Accounts=[account], Regions=[HOME])
    assert done["Status"] == "FAILED"
    [result] = administrator.results(done["OperationId"]).values()
    reason = (
        f"Account {account} should have '{EXECUTION}' role with trust relationship to Role "
        f"'{ADMINISTRATION}'."
    )
    assert (result["Status"], result["StatusReason"]) == ("FAILED", reason)
    [instance] = administrator.instances().values()
    assert (instance["Status"], instance["StatusReason"]) == ("OUTDATED", reason)
    assert "StackId" not in instance


def test_roles_of_other_names_serve_as_well_and_the_administrator_needs_one_too(
    cloud: Cloud,
) -> None:
    administrator = Administrator(cloud)
    [account] = accounts(1)
    role = f"arn:aws:iam::{cloud.running.account}:role/Organiser"
    cloud.client("iam", account=account).create_role(
        RoleName="Seat", AssumeRolePolicyDocument=trust(AWS=role)
    )
    administrator.call(
        "create_stack_set",
        TemplateBody=HANDLE,
        AdministrationRoleARN=role,
        ExecutionRoleName="Seat",
    )
    target = {"Accounts": [account], "Regions": [HOME]}
    done = administrator.finished("create_stack_instances", **target)
    [result] = administrator.results(done["OperationId"]).values()
    assert result["StatusReason"] == (
        f"Account {cloud.running.account} should have 'Organiser' role with trust relationship to "
        "CloudFormation service."
    )
    iam = cloud.client("iam")
    iam.create_role(
        RoleName="Organiser", AssumeRolePolicyDocument=trust(Service="sagemaker.amazonaws.com")
    )
    done = administrator.finished("create_stack_instances", **target)
    assert done["Status"] == "FAILED"
    iam.update_assume_role_policy(
        RoleName="Organiser", PolicyDocument=trust(Service="cloudformation.amazonaws.com")
    )
    done = administrator.finished("create_stack_instances", **target)
    assert done["Status"] == "SUCCEEDED"
    assert (done["AdministrationRoleARN"], done["ExecutionRoleName"]) == (role, "Seat")


def test_instances_are_deleted_with_their_stacks_or_without(administrator: Administrator) -> None:
    given = administrator.prepared(3, bucket())
    administrator.finished("create_stack_instances", Accounts=given, **regional(HOME, AWAY))
    assert refusal(administrator.call, "delete_stack_set")[1:] == (
        "StackSetNotEmptyException",
        "StackSet is not empty",
    )
    gone = administrator.finished(
        "delete_stack_instances", Accounts=given[:2], RetainStacks=False, **regional(HOME, AWAY)
    )
    assert (gone["Action"], gone["Status"], gone["RetainStacks"]) == ("DELETE", "SUCCEEDED", False)
    kept = administrator.finished(
        "delete_stack_instances", Accounts=given[2:], RetainStacks=True, **regional(HOME, AWAY)
    )
    assert (kept["Status"], kept["RetainStacks"]) == ("SUCCEEDED", True)
    assert administrator.instances() == {}
    assert [len(administrator.stacks(account)) for account in given] == [0, 0, 1]
    # What is not there counts as deleted.
    again = administrator.finished(
        "delete_stack_instances", Accounts=given, RetainStacks=False, **regional()
    )
    assert (again["Status"], administrator.results(again["OperationId"])) == ("SUCCEEDED", {})

    stack_set = administrator.call("describe_stack_set")["StackSet"]["StackSetId"]
    administrator.call("delete_stack_set")
    assert refusal(administrator.call, "describe_stack_set")[1:] == (
        "StackSetNotFoundException",
        "StackSet seats not found",
    )
    assert administrator.call("describe_stack_set", stack_set)["StackSet"]["Status"] == "DELETED"
    administrator.call("create_stack_set", TemplateBody=HANDLE)
    listed = administrator.client.list_stack_sets()["Summaries"]
    assert sorted(stack["Status"] for stack in listed) == ["ACTIVE", "DELETED"]
    active = administrator.client.list_stack_sets(Status="ACTIVE")["Summaries"]
    assert [stack_set["StackSetName"] for stack_set in active] == ["seats"]


def test_a_stack_that_cannot_go_leaves_its_instance_inoperable(
    administrator: Administrator,
) -> None:
    given = administrator.prepared(2, bucket())
    administrator.finished("create_stack_instances", Accounts=given, **regional())
    s3 = administrator.within("s3", given[0])
    s3.put_object(Bucket=named(given[0]), Key="left", Body=b"x")
    request = {"Accounts": given, **regional()}
    done = administrator.finished("delete_stack_instances", RetainStacks=False, **request)
    assert done["StatusDetails"] == {"FailedStackInstancesCount": 1}
    [instance] = administrator.instances().values()
    assert (instance["Account"], instance["Status"]) == (given[0], "INOPERABLE")
    assert instance["StackInstanceStatus"] == {"DetailedStatus": "INOPERABLE"}
    assert instance["StatusReason"].startswith(
        "ResourceLogicalId:Bucket, ResourceType:AWS::S3::Bucket, ResourceStatusReason:The bucket "
        "you tried to delete is not empty"
    )
    # Updates of the set pass it by; it can be let go, and its stack stays.
    done = administrator.finished("update_stack_set", UsePreviousTemplate=True)
    assert administrator.results(done["OperationId"]) == {}
    administrator.finished("delete_stack_instances", RetainStacks=True, **request)
    assert administrator.instances() == {}
    [stack] = administrator.stacks(given[0])
    assert stack["StackStatus"] == "DELETE_FAILED"


def test_the_templates_of_a_seat_serve_an_account_for_each_attendee(
    administrator: Administrator,
) -> None:
    body = shipped("demo").text("demo-ada-storage")
    given = administrator.prepared(2, body, Capabilities=IAM["Capabilities"])
    for account, attendee in zip(given, ("ada", "grace"), strict=True):
        done = administrator.finished(
            "create_stack_instances",
            Accounts=[account],
            Regions=[HOME],
            ParameterOverrides=overriding(AttendeeId=attendee),
        )
        assert done["Status"] == "SUCCEEDED"
    for account, attendee in zip(given, ("ada", "grace"), strict=True):
        found = administrator.within("s3", account).list_buckets()["Buckets"]
        assert found
        assert all(attendee in bucket["Name"] and account in bucket["Name"] for bucket in found)
    done = administrator.finished(
        "delete_stack_instances", Accounts=given, RetainStacks=False, **regional()
    )
    assert done["Status"] == "SUCCEEDED"
    for account in given:
        assert administrator.within("s3", account).list_buckets()["Buckets"] == []


def test_what_was_in_progress_when_the_cloud_stopped_has_failed_afterwards(
    tmp_path: Path,
) -> None:
    options: dict[str, Any] = {"persist": True, "delays": {"notebook": 60}}
    cloud = Cloud(process.start(tmp_path, **options).running, tmp_path)
    try:
        administrator = Administrator(cloud)
        administrator.may_administer()
        given = administrator.prepared(2, notebook(), Parameters=overriding(Seat="ada"), **IAM)
        cloud.freeze()
        running = administrator.call("create_stack_instances", Accounts=given, Regions=[HOME])
        process.stop(tmp_path)
        cloud = Cloud(process.start(tmp_path, **options).running, tmp_path)
        administrator = Administrator(cloud)
        done = administrator.settled(running["OperationId"])
        reason = "The local cloud was stopped while the operation was in progress"
        assert (done["Status"], done["StatusReason"]) == ("FAILED", reason)
        results = administrator.results(running["OperationId"])
        assert [results[account, HOME]["Status"] for account in given] == ["FAILED", "CANCELLED"]
        assert tally(administrator.instances()) == {"FAILED": 1, "CANCELLED": 1}
        seen = administrator.call("describe_stack_set")["StackSet"]
        assert seen["Parameters"] == overriding(Seat="ada")
        # It can be tidied up and goes on.
        request = {"Accounts": given, **regional()}
        gone = administrator.finished("delete_stack_instances", RetainStacks=True, **request)
        assert gone["Status"] == "SUCCEEDED"
    finally:
        process.stop(tmp_path)
