"""Nothing that a teardown lists is read to its first page alone."""

from __future__ import annotations

import json

import pytest

from tests.support.attendee_resources import CLAIMED, PROVEN
from tests.support.direct_calls import lines_to
from tests.support.local_cloud import TRUST, Cloud, template
from tests.support.paged_clients import PagedClients
from tests.support.sessions import session_over
from tests.support.small_workshop import HOME
from tests.support.teardown_runs import at_once, proving, quick_clients, teardown
from tests.support.teardown_workshop import Site, small
from workshop.teardown.discovery import discover
from workshop.teardown.plan import Choices
from workshop.teardown.scan_target import ScanTarget

SAGEMAKER = (
    *("TrainingJobs", "ProcessingJobs", "TransformJobs", "HyperParameterTuningJobs", "AutoMLJobs"),
    *("CompilationJobs", "Models", "EndpointConfigs", "Endpoints", "InferenceComponents"),
    *("Experiments", "Trials", "TrialComponents", "ModelPackageGroups", "ModelPackages"),
    *("Pipelines", "FeatureGroups", "NotebookInstances", "NotebookInstanceLifecycleConfigs"),
    *("CodeRepositories", "MlflowTrackingServers", "MlflowApps"),
    *("Domains", "UserProfiles", "Spaces", "Apps"),
)
TURNED = {
    *(f"sagemaker:List{noun}" for noun in SAGEMAKER),
    *("cloudformation:DescribeStacks", "cloudformation:ListStackResources"),
    *("iam:ListRoles", "iam:ListPolicies", "iam:ListRolePolicies", "iam:ListAttachedRolePolicies"),
    *("resourcegroupstaggingapi:GetResources", "application-autoscaling:DescribeScalableTargets"),
    *("logs:DescribeLogGroups", "logs:DescribeLogStreams"),
    *("cloudwatch:ListDashboards", "cloudwatch:DescribeAlarms"),
    # Unfinished uploads are read as a first page again and again, until none is left.
    *("s3:ListBuckets", "s3:ListObjectVersions"),
    *("ecr:DescribeRepositories", "ec2:DescribeInstances", "ec2:DescribeVolumes"),
    *("events:ListEventBuses", "events:ListRules", "events:ListTargetsByRule"),
    *("scheduler:ListSchedules", "glue:GetTables"),
}


def crowded(cloud: Cloud) -> Site:
    """Three or more of everything, and a role of no stack with three policies of each sort."""
    iam = cloud.client("iam")
    for name in ("first", "second"):
        cloud.client("events").create_event_bus(Name=name)
        cloud.client("ecr").create_repository(repositoryName=f"demo/{name}/training")
        iam.create_policy(PolicyName=name, Path="/ws/demo/", PolicyDocument=json.dumps(DENY))
        cloud.client("s3").create_bucket(Bucket=f"demo-{name}-photos")
    room = small(cloud)
    room.seat("ada", "registry", "monitoring")
    for seat in ("ben", "cleo"):
        names = room.names(seat)
        iam.create_role(
            RoleName=names.role, Path=names.iam_path, AssumeRolePolicyDocument=json.dumps(TRUST)
        )
    for name in ("one", "two", "three"):
        iam.put_role_policy(RoleName=names.role, PolicyName=name, PolicyDocument=json.dumps(DENY))
        iam.attach_role_policy(RoleName=names.role, PolicyArn=f"arn:aws:iam::aws:policy/{name}")
    for prefix in ("one-", "two-", "three-"):
        ada = room.attendee("ada", prefix=prefix, tagged=False)
        for make in PROVEN.values():
            make(ada)
        for make in CLAIMED.values():
            make(room.attendee("ada", prefix=f"demo-ada-{prefix}"))
    for number in (2, 3):
        cloud.client("logs").create_log_stream(
            logGroupName="/aws/sagemaker/TrainingJobs",
            logStreamName=f"{ada.called('logged')}/algo-{number}",
        )
    tags = [{"Key": key, "Value": value} for key, value in room.attendee("ada").tags]
    for _ in range(3):
        cloud.client("ec2").create_volume(
            AvailabilityZone="us-east-1a",
            Size=1,
            TagSpecifications=[{"ResourceType": "volume", "Tags": tags}],
        )
    events, target = cloud.client("events"), {"Arn": "arn:aws:sqs:us-east-1:1:q"}
    more = [{**target, "Id": str(number), "RoleArn": ada.role} for number in (2, 3)]
    events.put_targets(Rule=ada.called("hourly"), Targets=more)
    return room


TAGS = {
    "workshop": "demo",
    "environment": "demo",
    "managed-by": "workshop-provisioner",
    "attendee": "ada",
}
DENY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}],
}


def test_every_kind_is_read_beyond_its_first_page(cloud: Cloud) -> None:
    room = crowded(cloud)
    with at_once(room):
        clients = PagedClients(lines_to(cloud.running), HOME, size=2)
        proving(teardown(room, clients=clients, choices=Choices(include_claimed=True)))
    assert clients.turned >= TURNED, TURNED - clients.turned


@pytest.mark.parametrize("count", [26, 51, 101, 201])
def test_all_roles_and_all_resources_of_a_stack_are_read(cloud: Cloud, count: int) -> None:
    room = Site(cloud, session_over(lines_to(cloud.running), cloud.endpoint))
    clients, path = quick_clients(room), room.names("ada").iam_path
    handle = {"Type": "AWS::CloudFormation::WaitConditionHandle"}
    stack, tags = room.names("ada").stack("storage"), TAGS
    cloud.deploy(
        stack,
        template({f"Handle{number}": handle for number in range(count)}),
        Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
    )
    with at_once(room):
        iam = clients.client("iam", HOME)
        for number in range(count):
            iam.create_role(
                RoleName=f"demo-seat{number}-us-east-1-execution",
                Path=path,
                AssumeRolePolicyDocument=json.dumps(TRUST),
            )
        target = ScanTarget("demo", "demo", {HOME: frozenset({"ada"})}, whole=True)
        found = discover(clients, target, [])
    assert len(found.stack_resources[HOME, stack]) == count
    roles = {one.seat for one in found.resources.values() if one.resource_type == "role"}
    assert roles == {f"seat{number}" for number in range(count)}
