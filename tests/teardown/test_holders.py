"""What a stack holds is told by AWS's own types: look-alike stacks and resources hold nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support import teardown_workshop as scenarios
from tests.support.local_cloud import Cloud, template
from tests.support.scan_context import account_region, context
from tests.support.teardown_runs import teardown
from workshop.account_region import AccountRegion
from workshop.aws.stacks import StackSummary
from workshop.errors import WorkshopError
from workshop.teardown.discovery import Discovery
from workshop.teardown.holders import StackRules, holders, with_stacks
from workshop.teardown.plan import Choices, PlannedAction, TeardownPlan
from workshop.teardown.resource import Ownership, Resource, SeenRole
from workshop.teardown.resources import ALL
from workshop.teardown.resources.base import ResourceType
from workshop.teardown.resources.network_interfaces import NetworkInterfaces, awaited
from workshop.teardown.resources.tagged import STACK
from workshop.teardown.waits import WaitPolicy

HERE = AccountRegion("111122223333", "eu-west-1")
NOW = datetime(2026, 11, 1, tzinfo=UTC)
TAGS = {"workshop": "vision", "environment": "prod", "managed-by": "workshop-provisioner"}
RESOURCE_TYPES: Mapping[str, ResourceType] = {
    resource_type.name: resource_type for resource_type in ALL
}


def stack(name: str, seat: str, **more: str) -> StackSummary:
    given = {**TAGS, "attendee": seat, **more}
    return StackSummary(
        name, f"arn:{name}", "CREATE_COMPLETE", "", NOW, None, protected=False, tags=given
    )


def rules(*known: str, seats: tuple[str, ...] = ("ada",)) -> StackRules:
    return StackRules("vision", "prod", HERE, frozenset(seats), whole=True, known=frozenset(known))


def held(resource_type: str, name: str, held_as: str, *, stack_tag: str | None = None) -> str:
    """The stack that holds what was found, where a stack lists that name as this type."""
    made = stack("vision-ada-storage", "ada")
    resources = [{"ResourceType": held_as, "PhysicalResourceId": name}]
    resource = Resource(
        resource_type, name, HERE, Ownership.FOREIGN, "looks alike", stack_tag=stack_tag
    )
    by = holders(rules(), {made.name: made}, {made.name: resources})
    [judged] = with_stacks([resource], by, RESOURCE_TYPES)
    return judged.stack


@pytest.mark.parametrize(
    "held_as",
    [
        *("Custom::S3", "Custom::S3::Bucket", "Evil::S3::Bucket", "AWS::S3::BucketPolicy"),
        *("AWS::S3::AccessPoint", "AWS::CloudFormation::CustomResource", "AWS::S3Express::Bucket"),
    ],
)
def test_only_its_own_type_holds_a_bucket(held_as: str) -> None:
    name, own = "vision-models-prod", "arn:vision-ada-storage"
    assert held("bucket", name, held_as, stack_tag=own) == ""
    assert held("bucket", name, "AWS::S3::Bucket", stack_tag=own) == "vision-ada-storage"


@pytest.mark.parametrize("stack_tag", ["", "arn:somebody-elses"])
def test_a_bucket_is_held_only_by_the_stack_that_its_own_tag_names(stack_tag: str) -> None:
    assert held("bucket", "vision-models-prod", "AWS::S3::Bucket", stack_tag=stack_tag) == ""
    assert held("notebook", "vision-ada-x", "AWS::SageMaker::NotebookInstance") != ""
    assert held("endpoint", "vision-ada-x", "AWS::SageMaker::EndpointConfig") == ""


def test_a_seat_that_nothing_but_a_stack_knows_is_only_claimed() -> None:
    made = stack("vision-bob-storage", "bob")
    verdicts = {
        known: verdict.ownership
        for known in ("", "bob")
        if (verdict := rules(known).judge(made)) is not None
    }
    assert verdicts == {"": Ownership.CLAIMED, "bob": Ownership.OWNED}
    other = rules().judge(stack("vision-ada-storage", "ada", environment="fall"))
    assert other is not None
    assert (other.ownership, other.of_environment) == (Ownership.FOREIGN, "fall")


def test_a_look_alike_stack_empties_nobodys_bucket(cloud: Cloud) -> None:
    room = scenarios.room(cloud)
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="demo-models-prod")
    s3.put_object(Bucket="demo-models-prod", Key="weights", Body=b"1")
    room.others_are_here()
    room.cohort()
    text = template(
        {
            "Policy": {
                "Type": "AWS::S3::BucketPolicy",
                "Properties": {
                    "Bucket": "demo-models-prod",
                    "PolicyDocument": {"Version": "2012-10-17", "Statement": []},
                },
            }
        }
    )
    given = {"workshop": "demo", "environment": "demo", "managed-by": "workshop-provisioner"}
    shown = [{"Key": key, "Value": one} for key, one in {**given, "attendee": "ada"}.items()]
    cloud.deploy("demo-ada-storage", text, Tags=shown)
    run = teardown(room, choices=Choices(include_claimed=True))
    assert s3.list_objects_v2(Bucket="demo-models-prod")["KeyCount"] == 1
    assert run.report is not None
    assert not [one for one in run.report.results if one.resource.id == "demo-models-prod"]


def test_interfaces_of_the_profiles_subnets_are_told_and_sagemakers_are_waited_for(
    cloud: Cloud,
) -> None:
    ec2, resource_type = cloud.client("ec2"), NetworkInterfaces()
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    mine = ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]
    name, group = mine["NetworkInterfaceId"], mine["Groups"][0]["GroupId"]
    here = context(cloud, whole=True)
    assert list(resource_type.find(here)) == []
    scope = replace(here.scope, subnets={subnet: frozenset({group})})
    [told] = resource_type.find(replace(here, scope=scope))
    assert (told.id, told.ownership) == (name, Ownership.CLAIMED)
    assert told.why.endswith(f"it keeps subnet {subnet} and {group}")
    assert resource_type.needs_role
    # A seat's own is found wherever it is: the YAML may have had other subnets.
    given = {"workshop": "vision", "attendee": "ada"}
    shown = [{"Key": key, "Value": one} for key, one in given.items()]
    ec2.create_tags(Resources=[name], Tags=shown)
    assert [(one.id, one.seat) for one in resource_type.find(here)] == [(name, "ada")]
    ec2.delete_tags(Resources=[name], Tags=shown)
    # Of the seats that share a subnet, it is nobody's in particular.
    assert list(resource_type.find(replace(here, scope=replace(scope, whole=False)))) == []
    role = SeenRole(
        account_region(cloud).account, "vision-ada-us-east-1-execution", "AROA1", NOW, NOW
    )
    known = replace(here, scope=scope, roles=(role,))
    by_role = resource_type._judged(known, {**mine, "RequesterId": "AROA1:SageMaker"})
    assert by_role is not None
    assert (by_role.ownership, by_role.seat) == (Ownership.OWNED, "ada")
    others: list[dict[str, Any]] = [
        {"InterfaceType": "efs"},
        {"Attachment": {"InstanceId": "i-1"}},
        {"RequesterManaged": True, "RequesterId": "amazon-elb"},
        {"Status": "in-use", "Groups": [{"GroupId": "sg-of-somebody"}]},
    ]
    assert [resource_type._judged(known, {**mine, **one}) for one in others] == [None] * len(others)
    managed = {"RequesterManaged": True, "Status": "in-use", "Description": "ENI of SageMaker"}
    by_service = resource_type._judged(known, {**mine, **managed})
    assert by_service is not None
    assert by_service.why.startswith("made by SageMaker")
    looks: list[float] = []
    # It goes while it is waited for, and what stays does so to the end of the wait.
    waits = WaitPolicy(first_wait=1, slowest_wait=2, deadline=4)
    assert awaited(here, [told], waits, looks.append) == []
    assert looks == [1, 1.5, 2]
    gone = awaited(here, [told], waits, lambda _: resource_type.delete(here, told))
    assert gone == [told]
    assert resource_type.state(here, told) is None


def test_whatever_has_the_workshops_tags_is_told_although_its_type_is_not_known(
    cloud: Cloud,
) -> None:
    hers, made_by_stack = "arn:aws:dynamodb:eu-west-1:1:table/hers", "arn:aws:sns:eu-west-1:1:t"
    given = {"workshop": "vision", "environment": "dev", "attendee": "ada"}
    resource_type = ALL[-1]
    here = replace(
        context(cloud, "ada"),
        tagged={
            hers: given,
            "arn:aws:dynamodb:eu-west-1:1:table/bens": {**given, "attendee": "ben"},
            "arn:aws:sagemaker:eu-west-1:1:endpoint/known": given,
            "arn:aws:logs:eu-west-1:1:log-group:/aws/sagemaker/TrainingJobs": given,
            made_by_stack: {**given, STACK: "vision-ada-monitoring"},
        },
    )
    [told] = resource_type.find(here)
    assert (told.id, told.ownership, told.seat) == (hers, Ownership.CLAIMED, "ada")
    assert told.hourly is None
    assert resource_type.state(here, told) is None
    discovery = Discovery({told.key: told}, {}, {}, {told.account_region: here}, (), ())
    included = TeardownPlan(
        discovery, {resource_type.name: resource_type}, Choices(include_claimed=True)
    )
    assert included.action(told) == PlannedAction.LEAVE_CLAIMED
    with pytest.raises(WorkshopError, match="delete it yourself"):
        resource_type.delete(here, told)
