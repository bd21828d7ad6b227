"""Situations in which CloudFormation's answers were recorded."""

from __future__ import annotations

import json
from typing import Any

from tests.support.local_cloud import IAM, TRUST, template
from tests.support.recorded_answers import Provoker, Shown, provokes, refused

PARAMETER = template(
    {"P": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "1"}}}
)


def stack(world: Provoker, body: str, **more: Any) -> str:
    """Deploy a stack; return its name."""
    name = world.name("stack")
    world.cloud.deploy(name, body, **more)
    return name


def parameter(name: str, value: Any = "1", **more: Any) -> dict[str, Any]:
    properties = {"Name": name, "Type": "String", "Value": value}
    return {"Type": "AWS::SSM::Parameter", "Properties": properties, **more}


def bucket(name: str, **properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": name, **properties}}


def role(name: str, trust: Any = TRUST) -> dict[str, Any]:
    properties = {"RoleName": name, "AssumeRolePolicyDocument": trust}
    return {"Type": "AWS::IAM::Role", "Properties": properties}


def described(world: Provoker, name: str) -> dict[str, Any]:
    found: dict[str, Any] = world.client("cloudformation").describe_stacks(StackName=name)
    return dict(found["Stacks"][0])


def events(world: Provoker, name: str, **wanted: str) -> list[dict[str, Any]]:
    """Return the events with these members, oldest first."""
    pages = world.client("cloudformation").get_paginator("describe_stack_events")
    found = [event for page in pages.paginate(StackName=name) for event in page["StackEvents"]]
    return [
        event
        for event in reversed(found)
        if all(event.get(key) == value for key, value in wanted.items())
    ]


def reason(found: list[dict[str, Any]]) -> str:
    """Return the reasons of events, one a line."""
    return "\n".join(event.get("ResourceStatusReason", "") for event in found)


def of(found: list[dict[str, Any]]) -> Shown:
    return Shown(reason(found), tuple(event["ResourceStatus"] for event in found))


# --- what is not there, or is already ----------------------------------------------------------

refused("cfn-01", "cloudformation", "describe_stacks", StackName="none")
refused("cfn-03", "cloudformation", "describe_stack_events", StackName="none")
refused("cfn-05", "cloudformation", "get_template", StackName="none")


@provokes("cfn-02", "cfn-04")
def a_deleted_stack_is_asked_for(world: Provoker) -> dict[str, Shown]:
    name = stack(world, PARAMETER)
    stack_id = described(world, name)["StackId"]
    world.cloud.destroy(name)
    gone = described(world, stack_id)
    assert "DeletionTime" in gone
    assert "EnableTerminationProtection" not in gone
    client = world.client("cloudformation")
    by_name = _error(lambda: client.describe_stack_events(StackName=name))
    return {"cfn-02": Shown(states=(gone["StackStatus"],)), "cfn-04": by_name}


def _error(call: Any) -> Shown:
    from botocore.exceptions import ClientError  # noqa: PLC0415

    try:
        call()
    except ClientError as error:
        told = error.response["Error"]
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        return Shown(told["Message"], code=told["Code"], status=status)
    return Shown()


@provokes("cfn-07")
def a_new_stack_is_described(world: Provoker) -> Shown:
    name = stack(world, PARAMETER)
    found = described(world, name)
    absent = {"StackStatusReason", "Description", "LastUpdatedTime", "DeletionTime"}
    assert absent & found.keys() == set()
    present = {"RollbackConfiguration", "NotificationARNs", "Tags", "DriftInformation"}
    assert present <= found.keys()
    return Shown()


@provokes("cfn-08")
def a_stack_is_made_twice(world: Provoker) -> None:
    world.client("cloudformation").create_stack(
        StackName=stack(world, PARAMETER), TemplateBody=PARAMETER
    )


@provokes("cfn-09")
def a_stack_is_updated_to_what_it_is(world: Provoker) -> None:
    world.client("cloudformation").update_stack(
        StackName=stack(world, PARAMETER), TemplateBody=PARAMETER
    )


def waiting() -> str:
    """Return a template whose creation ends only when it is signalled."""
    handle = {"Type": "AWS::CloudFormation::WaitConditionHandle"}
    properties = {"Handle": {"Ref": "Handle"}, "Timeout": "5"}
    wait = {"Type": "AWS::CloudFormation::WaitCondition", "Properties": properties}
    return template({"Handle": handle, "Wait": wait})


@provokes("cfn-12")
def a_rolled_back_stack_is_updated(world: Provoker) -> None:
    name = stack(world, template({"B": bucket("Not_A_Name")}))
    world.client("cloudformation").update_stack(StackName=name, TemplateBody=PARAMETER)


def slow_notebook(world: Provoker, **properties: Any) -> dict[str, Any]:
    """Return a notebook instance for templates; time stands still, so its stack waits."""
    given = {"InstanceType": "ml.t3.medium", "RoleArn": world.seat, **properties}
    return {"Type": "AWS::SageMaker::NotebookInstance", "Properties": given}


@provokes("cfn-14", "cfn-10")
def a_busy_stack_is_deleted_and_changed(world: Provoker) -> dict[str, Shown]:
    client = world.client("cloudformation")
    name = stack(world, PARAMETER)
    notebook = slow_notebook(world)
    client.update_stack(StackName=name, TemplateBody=template({"N": notebook}))
    deleting = _error(lambda: client.delete_stack(StackName=name))
    world.pass_time()
    world.cloud.settled(name)
    client.delete_stack(StackName=name)
    changing = _error(
        lambda: client.create_change_set(
            StackName=name, ChangeSetName="change", TemplateBody=PARAMETER
        )
    )
    world.pass_time(2)
    return {"cfn-14": deleting, "cfn-10": changing}


@provokes("cfn-15")
def a_protected_stack_is_deleted(world: Provoker) -> None:
    name = stack(world, PARAMETER, EnableTerminationProtection=True)
    world.client("cloudformation").delete_stack(StackName=name)


@provokes("cfn-17")
def a_stack_is_updated_with_a_role_that_is_gone(world: Provoker) -> None:
    world.client("cloudformation").update_stack(
        StackName=stack(world, PARAMETER),
        TemplateBody=template({"P": parameter("other")}),
        RoleARN="arn:aws:iam::000000000000:role/none",
    )


@provokes("cfn-18")
def an_export_in_use_is_deleted(world: Provoker) -> Shown:
    output = {"Out": {"Value": "1", "Export": {"Name": "exported"}}}
    name = stack(world, template({"P": parameter("exports")}, Outputs=output))
    user = parameter("imports", {"Fn::ImportValue": "exported"})
    stack(world, template({"P": user}))
    changed = template({"P": parameter("exports", "2")}, Outputs=output)
    world.cloud.update(name, changed)
    world.client("cloudformation").delete_stack(StackName=name)
    assert world.cloud.settled(name) == "UPDATE_COMPLETE"
    return of(events(world, name, LogicalResourceId=name)[-3:])


# --- events ------------------------------------------------------------------------------------


@provokes("cfn-19", "cfn-20", "cfn-49", "cfn-50")
def a_bucket_that_is_not_empty_is_deleted(world: Provoker) -> dict[str, Shown]:
    plain, versioned = world.name("plain"), world.name("versioned")
    enabled = {"VersioningConfiguration": {"Status": "Enabled"}}
    name = stack(world, template({"P": bucket(plain), "V": bucket(versioned, **enabled)}))
    s3 = world.client("s3")
    for one in (plain, versioned):
        s3.put_object(Bucket=one, Key="a", Body=b"1")
    stack_id = described(world, name)["StackId"]
    world.cloud.destroy(name)
    failed = events(world, stack_id, ResourceStatus="DELETE_FAILED")
    of_stack = events(world, stack_id, LogicalResourceId=name, ResourceStatus="DELETE_FAILED")
    client = world.client("cloudformation")
    client.delete_stack(StackName=name, RetainResources=["P", "V"])
    world.cloud.settled(stack_id)
    after = events(world, stack_id)
    newest = [
        event["ResourceStatus"] for event in reversed(after) if event["LogicalResourceId"] != "V"
    ]
    return {
        "cfn-19": of(of_stack),
        "cfn-20": Shown(states=tuple(newest[:4])),
        "cfn-49": of([event for event in failed if event["LogicalResourceId"] == "P"]),
        "cfn-50": of([event for event in failed if event["LogicalResourceId"] == "V"]),
    }


@provokes("cfn-21", "cfn-22", "cfn-27", "cfn-32")
def a_stack_is_made(world: Provoker) -> dict[str, Shown]:
    name = stack(world, PARAMETER)
    found = events(world, name)
    resource = events(world, name, LogicalResourceId="P")
    assert [bool(event["PhysicalResourceId"]) for event in resource] == [False, True, True]
    assert len({event["OperationId"] for event in found}) == 1
    (operation,) = described(world, name)["LastOperations"]
    assert operation == {
        "OperationType": "CREATE_STACK",
        "OperationId": found[0]["OperationId"],
    }
    return {
        "cfn-21": of(resource),
        "cfn-22": of(events(world, name, LogicalResourceId=name)[:1]),
        "cfn-27": Shown(),
        "cfn-32": Shown(),
    }


@provokes("cfn-23", "cfn-24")
def one_of_several_resources_fails(world: Provoker) -> dict[str, Shown]:
    world.client("ssm").put_parameter(Name="taken", Type="String", Value="1")
    name = stack(world, template({"A": parameter("taken"), "B": parameter(world.name())}))
    return {
        "cfn-23": of(events(world, name, LogicalResourceId="B", ResourceStatus="CREATE_FAILED")),
        "cfn-24": of(events(world, name, ResourceStatus="ROLLBACK_IN_PROGRESS")),
    }


@provokes("cfn-25")
def an_output_cannot_be_resolved(world: Provoker) -> Shown:
    output = {"Out": {"Value": {"Fn::GetAtt": ["P", "Nothing"]}}}
    name = stack(world, template({"P": parameter(world.name())}, Outputs=output))
    assert [e for e in events(world, name) if e["ResourceStatus"].endswith("_FAILED")] == []
    return of(events(world, name, ResourceStatus="ROLLBACK_IN_PROGRESS"))


@provokes("cfn-29", "cfn-31")
def the_name_of_a_bucket_is_taken(world: Provoker) -> dict[str, Shown]:
    taken = world.name("taken")
    world.client("s3").create_bucket(Bucket=taken)
    name = stack(world, template({"B": bucket(taken)}))
    client, failed = world.client("cloudformation"), {"FailedEvents": True}
    assert client.describe_events(StackName=name, Filters=failed)["OperationEvents"] == []
    operations = described(world, name)["LastOperations"]
    assert [operation["OperationType"] for operation in operations] == ["ROLLBACK", "CREATE_STACK"]
    made = operations[1]["OperationId"]
    found = client.describe_events(OperationId=made, Filters=failed)["OperationEvents"]
    (error,) = [event for event in found if event["EventType"] == "VALIDATION_ERROR"]
    assert error["ValidationName"] == "NAME_CONFLICT_VALIDATION"
    return {"cfn-29": Shown(error["ValidationStatusReason"]), "cfn-31": Shown()}


@provokes("cfn-33")
def a_change_set_makes_a_stack(world: Provoker) -> Shown:
    name = world.name("stack")
    world.client("cloudformation").create_change_set(
        StackName=name, ChangeSetName="first", ChangeSetType="CREATE", TemplateBody=PARAMETER
    )
    return of(events(world, name, LogicalResourceId=name)[:1])


# --- refusals ----------------------------------------------------------------------------------


@provokes("cfn-34")
def cloudformation_throttles(world: Provoker) -> None:
    with world.faults({"effect": "throttle", "operation": "cloudformation:*"}):
        world.client("cloudformation").list_stacks()


refused(
    "cfn-40",
    "cloudformation",
    "create_stack",
    StackName="bad",
    TemplateBody=json.dumps({"Resources": {"A": "text"}}),
)
refused(
    "cfn-44",
    "cloudformation",
    "create_stack",
    StackName="long",
    TemplateBody=template({"P": parameter("long")}, Description="x" * 51200),
)
refused(
    "cfn-46",
    "cloudformation",
    "create_stack",
    StackName="capable",
    TemplateBody=template({"R": role("capable")}),
)


@provokes("cfn-47")
def a_token_is_used_twice(world: Provoker) -> None:
    request = {"StackName": world.name("stack"), "TemplateBody": PARAMETER}
    for _ in range(2):
        world.client("cloudformation").create_stack(**request, ClientRequestToken="once")


@provokes("cfn-48")
def no_more_stacks(world: Provoker) -> None:
    world.cloud.quotas(cloudformation={"Stacks": 0})
    try:
        stack(world, PARAMETER)
    finally:
        world.cloud.quotas(cloudformation={"Stacks": 2000})


# --- what a resource's handler says ------------------------------------------------------------


def failed(world: Provoker, resource: dict[str, Any], status: str = "CREATE_FAILED") -> Shown:
    """Return what the events say about a resource that cannot be made."""
    name = stack(world, template({"R": resource}), **IAM)
    return of(events(world, name, LogicalResourceId="R", ResourceStatus=status))


@provokes("cfn-51")
def a_repository_with_images_is_deleted(world: Provoker) -> Shown:
    name = world.name("images")
    repository = {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryName": name}}
    made = stack(world, template({"R": repository}))
    world.client("ecr").put_image(
        repositoryName=name, imageManifest='{"schemaVersion": 2}', imageTag="v1"
    )
    seen = undeleted(world, made)
    assert "Service: Ecr, Status Code: 400" in seen.text
    assert "HandlerErrorCode: GeneralServiceException" in seen.text
    return seen


def undeleted(world: Provoker, name: str) -> Shown:
    world.cloud.destroy(name)
    return of(events(world, name, LogicalResourceId="R", ResourceStatus="DELETE_FAILED"))


@provokes("cfn-52", "cfn-37")
def a_role_with_a_policy_of_others_is_deleted(
    world: Provoker,
) -> dict[str, Shown]:
    name = world.name("role")
    made = stack(world, template({"R": role(name)}), **IAM)
    document = {"Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
    world.client("iam").put_role_policy(
        RoleName=name,
        PolicyName="others",
        PolicyDocument=json.dumps({"Version": "2012-10-17", **document}),
    )
    got = undeleted(world, made)
    return {"cfn-52": got, "cfn-37": got}


@provokes("cfn-53")
def a_role_with_an_attached_policy_is_deleted(world: Provoker) -> Shown:
    name = world.name("role")
    made = stack(world, template({"R": role(name)}), **IAM)
    world.client("iam").attach_role_policy(
        RoleName=name, PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess"
    )
    return undeleted(world, made)


@provokes("cfn-54", "cfn-38")
def a_role_trusts_nobody_there_is(world: Provoker) -> dict[str, Shown]:
    principal = {"AWS": "arn:aws:iam::000000000000:role/none"}
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    trust = {"Version": "2012-10-17", "Statement": [statement]}
    got = failed(world, role(world.name("role"), trust))
    return {"cfn-54": got, "cfn-38": got}


@provokes("cfn-36")
def a_handler_is_throttled(world: Provoker) -> Shown:
    with world.faults({"effect": "handler", "type": "AWS::SSM::*", "code": "Throttling"}):
        return failed(world, parameter(world.name("throttled")))
