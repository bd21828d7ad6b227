"""Every operation that the product calls on a resource answers that there is none, as AWS does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from tests.support.local_cloud import Cloud
from workshop.aws import errors
from workshop.teardown.resources import ALL
from workshop.teardown.resources.sagemaker_type import SageMakerType

POLICY = "arn:aws:iam::000000000000:policy/nowhere"
REPOSITORY = "arn:aws:ecr:us-east-1:000000000000:repository/nowhere"
RULE = {"Rule": "nowhere"}
SCHEDULE = {"Name": "nowhere", "GroupName": "default"}
BUCKET = {"Bucket": "nowhere-at-all"}
OBJECT = {**BUCKET, "Key": "key"}
UPLOAD = {**OBJECT, "UploadId": "none"}
COPY = {"CopySource": "nowhere-at-all/key"}
ROLE = {"RoleName": "nowhere"}
LOGS = {"logGroupName": "nowhere"}
STACK = {"StackName": "nowhere"}
BOUNDARY = {"PermissionsBoundary": POLICY}
INSTANCE, VOLUME, INTERFACE = (
    {"InstanceIds": ["i-0123456789abcdef0"]},
    {"VolumeId": "vol-0123456789abcdef0"},
    {"NetworkInterfaceId": "eni-0123456789abcdef0"},
)


def each(operations: str, request: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return one request for several operations."""
    return dict.fromkeys(operations.split(), request)


MISSING: dict[str, tuple[str, int, dict[str, dict[str, Any]]]] = {
    # service and what is missing -> code, status, and the requests by operation
    "cloudformation stack": (
        "ValidationError",
        400,
        {
            **each(
                "describe_stacks describe_stack_events describe_events get_template "
                "list_stack_resources rollback_stack",
                STACK,
            ),
            "update_stack": {**STACK, "UsePreviousTemplate": True},
            "update_termination_protection": {**STACK, "EnableTerminationProtection": False},
        },
    ),
    "iam role": (
        "NoSuchEntity",
        404,
        {
            **each(
                "delete_role get_role list_attached_role_policies list_role_policies "
                "list_instance_profiles_for_role list_role_tags",
                ROLE,
            ),
            "attach_role_policy": {**ROLE, "PolicyArn": POLICY},
            "delete_role_policy": {**ROLE, "PolicyName": "nowhere"},
            "detach_role_policy": {**ROLE, "PolicyArn": POLICY},
            "put_role_permissions_boundary": {**ROLE, **BOUNDARY},
            "remove_role_from_instance_profile": {**ROLE, "InstanceProfileName": "nowhere"},
        },
    ),
    "iam policy": (
        "NoSuchEntity",
        404,
        {
            **each("delete_policy list_policy_tags list_policy_versions", {"PolicyArn": POLICY}),
            "delete_policy_version": {"PolicyArn": POLICY, "VersionId": "v2"},
        },
    ),
    "iam principal": (
        "NoSuchEntity",
        404,
        {
            "get_user": {"UserName": "nowhere"},
            "simulate_principal_policy": {
                "PolicySourceArn": "arn:aws:iam::000000000000:role/nowhere",
                "ActionNames": ["s3:GetObject"],
            },
        },
    ),
    "s3 bucket": (
        "NoSuchBucket",
        404,
        {
            **each(
                "delete_bucket get_bucket_tagging list_multipart_uploads list_object_versions "
                "list_objects_v2",
                BUCKET,
            ),
            **each("create_multipart_upload delete_object get_object put_object", OBJECT),
            "abort_multipart_upload": UPLOAD,
            "complete_multipart_upload": {
                **UPLOAD,
                "MultipartUpload": {"Parts": [{"ETag": "e", "PartNumber": 1}]},
            },
            "copy_object": {**OBJECT, **COPY},
            "delete_objects": {**BUCKET, "Delete": {"Objects": [{"Key": "key"}]}},
            "upload_part": {**UPLOAD, "PartNumber": 1},
            "upload_part_copy": {**UPLOAD, **COPY, "PartNumber": 1},
        },
    ),
    "s3 bucket by HEAD": ("404", 404, {"head_bucket": BUCKET, "head_object": OBJECT}),
    "ecr repository": (
        "RepositoryNotFoundException",
        400,
        {
            "batch_delete_image": {"repositoryName": "nowhere", "imageIds": [{"imageTag": "v1"}]},
            "delete_repository": {"repositoryName": "nowhere"},
            "describe_repositories": {"repositoryNames": ["nowhere"]},
            "list_images": {"repositoryName": "nowhere"},
            "list_tags_for_resource": {"resourceArn": REPOSITORY},
        },
    ),
    "ec2 instance": (
        "InvalidInstanceID.NotFound",
        400,
        each("describe_instances stop_instances terminate_instances", INSTANCE),
    ),
    "ec2 volume": (
        "InvalidVolume.NotFound",
        400,
        {"delete_volume": VOLUME, "describe_volumes": {"VolumeIds": list(VOLUME.values())}},
    ),
    "ec2 network interface": (
        "InvalidNetworkInterfaceID.NotFound",
        400,
        {
            "delete_network_interface": INTERFACE,
            "describe_network_interfaces": {"NetworkInterfaceIds": list(INTERFACE.values())},
        },
    ),
    "events rule": (
        "ResourceNotFoundException",
        400,
        {
            "describe_rule": {"Name": "nowhere"},
            "list_targets_by_rule": RULE,
            "remove_targets": {**RULE, "Ids": ["one"]},
        },
    ),
    "events bus": (
        "ResourceNotFoundException",
        400,
        {
            "delete_rule": {"Name": "nowhere", "EventBusName": "nowhere"},
            "describe_rule": {"Name": "nowhere", "EventBusName": "nowhere"},
            "list_rules": {"EventBusName": "nowhere"},
            "list_targets_by_rule": {**RULE, "EventBusName": "nowhere"},
            "remove_targets": {**RULE, "EventBusName": "nowhere", "Ids": ["one"]},
        },
    ),
    "scheduler schedule": (
        "ResourceNotFoundException",
        404,
        each("delete_schedule get_schedule", SCHEDULE),
    ),
    "logs group": (
        "ResourceNotFoundException",
        400,
        {
            "delete_log_group": LOGS,
            "delete_log_stream": {**LOGS, "logStreamName": "nowhere"},
            "describe_log_streams": LOGS,
            "get_log_events": {**LOGS, "logStreamName": "nowhere"},
        },
    ),
    "cloudwatch dashboard": (
        "ResourceNotFound",
        404,
        {
            "delete_dashboards": {"DashboardNames": ["nowhere"]},
            "get_dashboard": {"DashboardName": "nowhere"},
        },
    ),
    "glue table": (
        "EntityNotFoundException",
        400,
        {
            "delete_table": {"DatabaseName": "nowhere", "Name": "nowhere"},
            "get_table": {"DatabaseName": "nowhere", "Name": "nowhere"},
            "get_tables": {"DatabaseName": "nowhere"},
        },
    ),
}
CASES = [(what, operation) for what, (_, _, requests) in MISSING.items() for operation in requests]


@pytest.fixture(scope="module")
def empty_cloud(running_cloud: Cloud) -> Iterator[Cloud]:
    """One empty cloud for all: nothing is made in it."""
    running_cloud.reset()
    yield running_cloud
    problems, running_cloud.watch.problems = running_cloud.watch.problems, []
    assert problems == []


@pytest.mark.parametrize(("what", "operation"), CASES)
def test_what_is_not_there_is_gone_to_the_product(
    empty_cloud: Cloud, what: str, operation: str
) -> None:
    code, status, requests = MISSING[what]
    service, _, _ = what.partition(" ")
    call = getattr(empty_cloud.client(service), operation)
    with pytest.raises(ClientError) as refused:
        call(**requests[operation])
    said = refused.value.response
    assert (errors.code(said), errors.status(said)) == (code, status), said
    assert errors.is_gone(refused.value), said
    assert not errors.is_denied(refused.value)
    assert not errors.is_passing(refused.value)


VALUES = {
    "ArtifactArn": "arn:aws:sagemaker:us-east-1:000000000000:artifact/nowhere",
    "ModelPackageName": "arn:aws:sagemaker:us-east-1:000000000000:model-package/nowhere/1",
    "DomainId": "d-aaaaaaaaaaaa",
    "AppType": "JupyterLab",
    "Arn": "arn:aws:sagemaker:us-east-1:000000000000:mlflow-app/app-nowhere",
}
NOT_PLAYED = re.compile("LabelingJob|InferenceRecommendationsJob")
"""What the local cloud does not have is never told as something that is gone."""

SAGEMAKER = [
    (resource_type.operations, operation)
    for resource_type in ALL
    if isinstance(resource_type, SageMakerType)
    for operation in (
        resource_type.operations.describes,
        resource_type.operations.stops,
        resource_type.operations.deletes,
    )
    if operation
]


@pytest.mark.parametrize(
    ("operations", "operation"), SAGEMAKER, ids=[operation for _, operation in SAGEMAKER]
)
def test_what_sagemaker_does_not_have_is_gone_to_the_product(
    empty_cloud: Cloud, operations: Any, operation: str
) -> None:
    request = {name: VALUES.get(name, "nowhere") for name in operations.identity}
    with pytest.raises(ClientError) as refused:
        getattr(empty_cloud.client("sagemaker"), xform_name(operation))(**request)
    said = refused.value.response
    if NOT_PLAYED.search(operation):
        assert errors.code(said) == "NotPlayedHere"
        assert not errors.is_gone(refused.value)
        return
    assert errors.code(said) in {"ValidationException", "ResourceNotFound"}, said
    assert errors.status(said) == 400
    assert errors.is_gone(refused.value), said


def test_what_aws_answers_with_success_is_success(empty_cloud: Cloud) -> None:
    """Deletions that AWS makes of nothing, and listings by what is not there."""
    empty_cloud.client("cloudformation").delete_stack(StackName="nowhere")
    empty_cloud.client("events").delete_rule(Name="nowhere")
    logs = empty_cloud.client("logs").describe_log_groups(logGroupNamePrefix="nowhere")
    assert logs["logGroups"] == []
    scheduled = empty_cloud.client("scheduler").list_schedules(NamePrefix="nowhere")
    assert scheduled["Schedules"] == []


@pytest.mark.parametrize(
    ("operation", "request_", "code"),
    [
        ("describe_instances", {"InstanceIds": ["nowhere"]}, "InvalidInstanceID.Malformed"),
        ("stop_instances", {"InstanceIds": ["i-xyz"]}, "InvalidInstanceID.Malformed"),
        ("terminate_instances", {"InstanceIds": ["i-12"]}, "InvalidInstanceID.Malformed"),
        ("delete_volume", {"VolumeId": "nowhere"}, "InvalidVolumeID.Malformed"),
        ("describe_volumes", {"VolumeIds": ["vol-xyz"]}, "InvalidVolumeID.Malformed"),
        (
            "delete_network_interface",
            {"NetworkInterfaceId": "eni-xyz"},
            "InvalidNetworkInterfaceId.Malformed",
        ),
        (
            "describe_network_interfaces",
            {"NetworkInterfaceIds": ["nowhere"]},
            "InvalidNetworkInterfaceId.Malformed",
        ),
    ],
)
def test_an_id_that_is_none_is_no_resource_that_is_gone(
    empty_cloud: Cloud, operation: str, request_: dict[str, Any], code: str
) -> None:
    with pytest.raises(ClientError) as refused:
        getattr(empty_cloud.client("ec2"), operation)(**request_)
    assert errors.code(refused.value.response) == code
    assert errors.status(refused.value.response) == 400
    assert not errors.is_gone(refused.value)


def test_a_bus_with_rules_stays(cloud: Cloud) -> None:
    events = cloud.client("events")
    events.create_event_bus(Name="seats")
    events.put_rule(Name="nightly", EventBusName="seats", EventPattern='{"source": ["a"]}')
    with pytest.raises(ClientError, match="EventBus can't be deleted since it has rules"):
        events.delete_event_bus(Name="seats")
    events.delete_rule(Name="nightly", EventBusName="seats")
    events.delete_event_bus(Name="seats")
    assert [bus["Name"] for bus in events.list_event_buses()["EventBuses"]] == ["default"]
