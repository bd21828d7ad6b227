"""What a stack leaves in place when something in it cannot be deleted, and in which order."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.local_cloud import IAM, TRUST, Cloud, template

BOUNDARY = "arn:aws:iam::000000000000:policy/boundary"
DOCUMENT = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
}
FULL = "The bucket you tried to delete is not empty"


def dashboard(name: Any, **more: Any) -> dict[str, Any]:
    given = {"DashboardName": name, "DashboardBody": '{"widgets": []}'}
    return {"Type": "AWS::CloudWatch::Dashboard", "Properties": given, **more}


def bucket(name: Any, **more: Any) -> dict[str, Any]:
    return {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": name}, **more}


def boundary(**more: Any) -> dict[str, Any]:
    given = {"ManagedPolicyName": "boundary", "PolicyDocument": DOCUMENT}
    return {"Type": "AWS::IAM::ManagedPolicy", "Properties": given, **more}


def impossible(**more: Any) -> dict[str, Any]:
    """A resource whose creation fails."""
    return {**dashboard("impossible", **more), "Properties": {"DashboardBody": "{"}}


def use_boundary(cloud: Cloud) -> None:
    cloud.client("iam").create_role(
        RoleName="seat",
        AssumeRolePolicyDocument=json.dumps(TRUST),
        PermissionsBoundary=BOUNDARY,
    )


def fill(cloud: Cloud, name: str) -> None:
    cloud.client("s3").put_object(Bucket=name, Key="a", Body=b"x")


def empty(cloud: Cloud, name: str) -> None:
    cloud.client("s3").delete_object(Bucket=name, Key="a")


def buckets(cloud: Cloud) -> set[str]:
    return {bucket["Name"] for bucket in cloud.client("s3").list_buckets()["Buckets"]}


def dashboards(cloud: Cloud) -> set[str]:
    listed = cloud.client("cloudwatch").list_dashboards()["DashboardEntries"]
    return {dashboard["DashboardName"] for dashboard in listed}


def resources(cloud: Cloud, stack: str) -> dict[str, str]:
    """Logical id -> status of what the stack still holds."""
    listed = cloud.client("cloudformation").list_stack_resources(StackName=stack)
    return {
        summary["LogicalResourceId"]: summary["ResourceStatus"]
        for summary in listed["StackResourceSummaries"]
    }


def why_listed(cloud: Cloud, stack: str) -> dict[str, str]:
    """Logical id -> the reason of its status, of what ListStackResources gives one for."""
    listed = cloud.client("cloudformation").list_stack_resources(StackName=stack)
    return {
        summary["LogicalResourceId"]: summary["ResourceStatusReason"]
        for summary in listed["StackResourceSummaries"]
        if "ResourceStatusReason" in summary
    }


def events(cloud: Cloud, stack: str) -> list[tuple[str, str]]:
    """Logical id and status of every event, oldest first."""
    listed = cloud.client("cloudformation").describe_stack_events(StackName=stack)["StackEvents"]
    return [
        (resource["LogicalResourceId"], resource["ResourceStatus"]) for resource in reversed(listed)
    ]


def reason(cloud: Cloud, stack: str) -> str:
    (found,) = cloud.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    return str(found["StackStatusReason"])


def change_set(cloud: Cloud, stack: str, body: str) -> str:
    """Create a stack as ``cdk deploy --no-rollback`` does and give its final status."""
    formation = cloud.client("cloudformation")
    named = {"StackName": stack, "ChangeSetName": "c"}
    formation.create_change_set(**named, ChangeSetType="CREATE", TemplateBody=body, **IAM)
    formation.execute_change_set(**named, DisableRollback=True)
    return cloud.settled(stack)


def test_what_a_policy_in_use_depends_on_stays_and_the_rest_goes(cloud: Cloud) -> None:
    body = template(
        {
            "Data": bucket("data"),
            "Shown": dashboard("shown"),
            "Policy": boundary(DependsOn=["Data", "Shown"]),
            "Apart": dashboard("apart"),
            "Dependent": bucket("dependent", DependsOn="Policy"),
        }
    )
    cloud.deploy("s", body, **IAM)
    use_boundary(cloud)
    assert cloud.destroy("s") == "DELETE_FAILED"
    assert reason(cloud, "s") == "The following resource(s) failed to delete: [Policy]."
    assert buckets(cloud) == {"data"}
    assert dashboards(cloud) == {"shown"}
    assert resources(cloud, "s") == {
        "Data": "CREATE_COMPLETE",
        "Shown": "CREATE_COMPLETE",
        "Policy": "DELETE_FAILED",
    }
    assert why_listed(cloud, "s") == {"Policy": cloud.reasons("s", "DELETE_FAILED")["Policy"]}
    attempted = {name for name, status in events(cloud, "s") if status == "DELETE_IN_PROGRESS"}
    assert attempted == {"s", "Policy", "Apart", "Dependent"}

    assert cloud.destroy("s") == "DELETE_FAILED"
    assert buckets(cloud) == {"data"}
    cloud.client("iam").delete_role(RoleName="seat")
    stack_id = cloud.client("cloudformation").describe_stacks(StackName="s")["Stacks"][0]["StackId"]
    assert cloud.destroy("s") == "DELETE_COMPLETE"
    assert (buckets(cloud), dashboards(cloud)) == (set(), set())
    gone = [name for name, status in events(cloud, stack_id) if status == "DELETE_COMPLETE"]
    assert gone[-4] == "Policy"
    assert set(gone[-3:]) == {"Data", "Shown", "s"}


@pytest.mark.parametrize(
    "holder",
    [
        bucket({"Ref": "Needed"}),
        bucket({"Fn::Join": ["-", ["data", {"Fn::GetAtt": ["Needed", "Value"]}]]}),
        bucket({"Fn::Sub": "data-${Needed.Value}"}),
        bucket("data", DependsOn="Needed"),
    ],
    ids=["Ref", "GetAtt", "Sub", "DependsOn"],
)
def test_every_way_to_depend_on_something_keeps_it(cloud: Cloud, holder: dict[str, Any]) -> None:
    given = {"Name": "name", "Type": "String", "Value": "value"}
    needed = {"Type": "AWS::SSM::Parameter", "Properties": given}
    assert cloud.deploy("s", template({"Holder": holder, "Needed": needed})) == "CREATE_COMPLETE"
    (name,) = buckets(cloud)
    fill(cloud, name)
    assert cloud.destroy("s") == "DELETE_FAILED"
    assert resources(cloud, "s") == {"Holder": "DELETE_FAILED", "Needed": "CREATE_COMPLETE"}
    assert cloud.client("ssm").get_parameter(Name="name")["Parameter"]["Value"] == "value"


def test_what_is_needed_through_others_stays_too(cloud: Cloud) -> None:
    body = template(
        {
            "Last": bucket("last"),
            "Middle": dashboard("middle", DependsOn="Last"),
            "First": bucket("first", DependsOn="Middle"),
        }
    )
    cloud.deploy("s", body)
    fill(cloud, "first")
    assert cloud.destroy("s") == "DELETE_FAILED"
    assert (buckets(cloud), dashboards(cloud)) == ({"first", "last"}, {"middle"})


def test_every_resource_that_failed_is_named(cloud: Cloud) -> None:
    body = template({"One": bucket("one"), "Two": bucket("two"), "Three": bucket("three")})
    cloud.deploy("s", body)
    fill(cloud, "one")
    fill(cloud, "two")
    assert cloud.destroy("s") == "DELETE_FAILED"
    assert reason(cloud, "s") == "The following resource(s) failed to delete: [One, Two]."
    assert buckets(cloud) == {"one", "two"}


def test_a_resource_given_up_by_the_caller_holds_nothing_back(cloud: Cloud) -> None:
    body = template({"Needed": dashboard("needed"), "B": bucket("data", DependsOn="Needed")})
    cloud.deploy("s", body)
    fill(cloud, "data")
    assert cloud.destroy("s") == "DELETE_FAILED"
    formation = cloud.client("cloudformation")
    stack_id = formation.describe_stacks(StackName="s")["Stacks"][0]["StackId"]
    formation.delete_stack(StackName="s", RetainResources=["B"])
    assert cloud.settled(stack_id) == "DELETE_COMPLETE"
    assert (buckets(cloud), dashboards(cloud)) == ({"data"}, set())


def test_a_forced_deletion_gives_up_what_failed_and_what_that_needs(cloud: Cloud) -> None:
    body = template({"Needed": dashboard("needed"), "B": bucket("data", DependsOn="Needed")})
    cloud.deploy("s", body)
    fill(cloud, "data")
    assert cloud.destroy("s") == "DELETE_FAILED"
    formation = cloud.client("cloudformation")
    stack_id = formation.describe_stacks(StackName="s")["Stacks"][0]["StackId"]
    formation.delete_stack(StackName="s", DeletionMode="FORCE_DELETE_STACK")
    assert cloud.settled(stack_id) == "DELETE_COMPLETE"
    assert (buckets(cloud), dashboards(cloud)) == ({"data"}, {"needed"})
    assert events(cloud, stack_id)[-3:] == [
        ("B", "DELETE_SKIPPED"),
        ("Needed", "DELETE_SKIPPED"),
        ("s", "DELETE_COMPLETE"),
    ]


@pytest.mark.parametrize("by_change_set", [False, True])
def test_a_rollback_leaves_what_could_not_go_and_what_that_needs_in_the_stack(
    cloud: Cloud, *, by_change_set: bool
) -> None:
    body = template(
        {
            "Needed": dashboard("needed"),
            "B": bucket("data", DependsOn="Needed"),
            "Apart": dashboard("apart"),
            "X": impossible(DependsOn=["B", "Apart"]),
        }
    )
    if by_change_set:
        assert change_set(cloud, "s", body) == "CREATE_FAILED"
    else:
        assert cloud.deploy("s", body, DisableRollback=True) == "CREATE_FAILED"
    fill(cloud, "data")
    formation = cloud.client("cloudformation")
    formation.rollback_stack(StackName="s")
    assert cloud.settled("s") == "ROLLBACK_FAILED"
    assert reason(cloud, "s") == "The following resource(s) failed to delete: [B]."
    assert (buckets(cloud), dashboards(cloud)) == ({"data"}, {"needed"})
    assert resources(cloud, "s") == {"Needed": "CREATE_COMPLETE", "B": "DELETE_FAILED"}
    held = formation.describe_stack_resources(StackName="s", LogicalResourceId="B")
    assert FULL in held["StackResources"][0]["ResourceStatusReason"]

    assert cloud.destroy("s") == "DELETE_FAILED"
    assert (buckets(cloud), dashboards(cloud)) == ({"data"}, {"needed"})
    empty(cloud, "data")
    assert cloud.destroy("s") == "DELETE_COMPLETE"
    assert (buckets(cloud), dashboards(cloud)) == (set(), set())


def test_the_rollback_of_an_update_gives_up_what_it_could_not_delete(cloud: Cloud) -> None:
    cloud.deploy("s", template({"Old": dashboard("old")}))
    more = {"B": bucket("data"), "X": impossible(DependsOn="B")}
    wider = template({"Old": dashboard("old"), **more})
    assert cloud.update("s", wider, DisableRollback=True) == "UPDATE_FAILED"
    fill(cloud, "data")
    cloud.client("cloudformation").rollback_stack(StackName="s")
    assert cloud.settled("s") == "UPDATE_ROLLBACK_COMPLETE"
    assert set(resources(cloud, "s")) == {"Old"}
    assert cloud.destroy("s") == "DELETE_COMPLETE"
    assert (buckets(cloud), dashboards(cloud)) == ({"data"}, set())


def test_a_creation_by_change_set_that_failed_is_deleted_in_order_too(cloud: Cloud) -> None:
    body = template(
        {
            "Needed": dashboard("needed"),
            "B": bucket("data", DependsOn="Needed"),
            "X": impossible(DependsOn="B"),
        }
    )
    assert change_set(cloud, "s", body) == "CREATE_FAILED"
    fill(cloud, "data")
    assert cloud.destroy("s") == "DELETE_FAILED"
    assert resources(cloud, "s") == {"Needed": "CREATE_COMPLETE", "B": "DELETE_FAILED"}
    empty(cloud, "data")
    assert cloud.destroy("s") == "DELETE_COMPLETE"
    assert (buckets(cloud), dashboards(cloud)) == (set(), set())


def test_a_rollback_that_can_delete_everything_leaves_nothing(cloud: Cloud) -> None:
    body = template({"B": bucket("data"), "X": impossible(DependsOn="B")})
    assert cloud.deploy("s", body) == "ROLLBACK_COMPLETE"
    assert (buckets(cloud), resources(cloud, "s")) == (set(), {})


def test_stacks_that_are_deleted_at_once_do_not_hold_each_other_back(cloud: Cloud) -> None:
    formation = cloud.client("cloudformation")
    for number in range(6):
        body = template(
            {
                "Needed": dashboard(f"needed{number}"),
                "B": bucket(f"data{number}", DependsOn="Needed"),
            }
        )
        cloud.deploy(f"s{number}", body)
    for number in (0, 2, 4):
        fill(cloud, f"data{number}")
    ids = [stack["StackId"] for stack in formation.describe_stacks()["Stacks"]]
    for stack_id in ids:
        formation.delete_stack(StackName=stack_id)
    ended = sorted(cloud.settled(stack_id) for stack_id in ids)
    assert ended == ["DELETE_COMPLETE"] * 3 + ["DELETE_FAILED"] * 3
    assert dashboards(cloud) == {"needed0", "needed2", "needed4"}
