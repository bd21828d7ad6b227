"""What a seat tries by force at another seat's account, by all ARNs and ids that it could know.

Ada and ben each have an account, a notebook and an EC2 instance, on a local cloud that enforces
IAM. tests/localcloud/test_registries.py has what the owner of a repository shares.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from localcloud import process
from tests.support import own_teardowns
from tests.support.attendee_resources import IMAGE
from tests.support.local_cloud import started
from tests.support.own_accounts import (
    ACCOUNT,
    BOXES,
    REGION,
    WORKSHOP,
    OwnAccounts,
    founded,
    organiser_key,
)
from tests.support.sessions import Session
from tests.support.teardown_workshop import QUIET
from workshop.naming import ALONE, Names


@dataclass(frozen=True)
class Theirs:
    """What ben's account has, as whoever tries to reach it names it."""

    names: Names
    instance: str
    volume: str
    snapshot: str
    image: str
    key: str
    stack: str
    blob: bytes

    def arn(self, service: str, rest: str) -> str:
        return f"arn:aws:{service}:{REGION}:{self.names.account}:{rest}"


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnAccounts]:
    with started(tmp_path_factory.mktemp("cloud"), enforce_iam=True) as cloud:
        cloud.delays(**QUIET)
        folder, key = tmp_path_factory.mktemp("own"), organiser_key(cloud)
        made = founded(cloud, folder, "ada", "ben", key=key, settings=BOXES)
        made.profiles = {"ada": "author", "ben": "author"}
        made.write()
        made.deploy()
        yield made


@pytest.fixture(scope="module")
def theirs(own: OwnAccounts) -> Theirs:
    ec2 = own.within("ec2", "ben")
    [reservation] = ec2.describe_instances()["Reservations"]
    [found] = reservation["Instances"]
    volume = found["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
    snapshot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    image = ec2.create_image(InstanceId=found["InstanceId"], Name="shared")["ImageId"]
    key = f"arn:aws:kms:{REGION}:{own.account('ben')}:key/12345678-1234-1234-1234-123456789012"
    blob = b"secret"
    (stack,) = (
        one["StackId"]
        for one in own.within("cloudformation", "ben").describe_stacks()["Stacks"]
        if "-access-" in one["StackName"]
    )
    names = Names(WORKSHOP, ALONE, own.account("ben"), REGION)
    return Theirs(names, found["InstanceId"], volume, snapshot, image, key, stack, blob)


def attempts(them: Theirs, me: Names) -> list[tuple[str, str, dict[str, Any]]]:
    """Service, operation and request of each thing that can name another account."""
    names, arn = them.names, them.arn
    job, package = arn("sagemaker", "training-job/vision-seat-a"), "model-package/vision-seat-m"
    artifact = arn("sagemaker", f"artifact/{'a' * 32}")
    run = arn("sagemaker", "pipeline/vision-seat-p/execution/abcdefghijkl")
    return [
        ("sagemaker", "AddTags", {"ResourceArn": job, "Tags": [{"Key": "a", "Value": "b"}]}),
        ("sagemaker", "ListTags", {"ResourceArn": names.notebook_arn}),
        ("sagemaker", "DeleteTags", {"ResourceArn": names.notebook_arn, "TagKeys": ["attendee"]}),
        ("sagemaker", "DescribeModelPackage", {"ModelPackageName": arn("sagemaker", package)}),
        (
            "sagemaker",
            "StopPipelineExecution",
            {"PipelineExecutionArn": run, "ClientRequestToken": "a" * 32},
        ),
        ("sagemaker", "DescribePipelineExecution", {"PipelineExecutionArn": run}),
        ("sagemaker", "AddAssociation", {"SourceArn": artifact, "DestinationArn": artifact}),
        ("sagemaker", "UpdatePipelineExecution", {"PipelineExecutionArn": run}),
        (
            "sagemaker",
            "CreateModel",
            {
                "ModelName": "vision-seat-theirs",
                "ExecutionRoleArn": names.role_arn,
                "PrimaryContainer": {"Image": IMAGE},
                "Tags": [
                    {"Key": "attendee", "Value": ALONE},
                    {"Key": "workshop", "Value": WORKSHOP},
                ],
            },
        ),
        ("ssm", "StartSession", {"Target": them.instance}),
        ("ssm", "GetConnectionStatus", {"Target": them.instance}),
        (
            "ssm",
            "SendCommand",
            {"InstanceIds": [them.instance], "DocumentName": "AWS-RunShellScript"},
        ),
        ("ssm", "GetParameter", {"Name": arn("ssm", "parameter/ws/vision/on-start")}),
        ("ssm", "TerminateSession", {"SessionId": "ben-0123456789abcdef0"}),
        (
            "ec2-instance-connect",
            "SendSSHPublicKey",
            {
                "InstanceId": them.instance,
                "InstanceOSUser": "ec2-user",
                "SSHPublicKey": "ssh-ed25519 " + "A" * 68,
            },
        ),
        ("ec2", "StartInstances", {"InstanceIds": [them.instance]}),
        ("ec2", "StopInstances", {"InstanceIds": [them.instance]}),
        ("ec2", "TerminateInstances", {"InstanceIds": [them.instance]}),
        ("ec2", "CreateTags", {"Resources": [them.instance], "Tags": [{"Key": "a", "Value": "b"}]}),
        ("ec2", "CreateSnapshot", {"VolumeId": them.volume}),
        ("ec2", "CreateVolume", {"SnapshotId": them.snapshot, "AvailabilityZone": f"{REGION}a"}),
        ("ec2", "CopySnapshot", {"SourceSnapshotId": them.snapshot, "SourceRegion": REGION}),
        ("ec2", "RunInstances", {"ImageId": them.image, "MinCount": 1, "MaxCount": 1}),
        ("ec2", "CopyImage", {"SourceImageId": them.image, "SourceRegion": REGION, "Name": "mine"}),
        ("kms", "Decrypt", {"CiphertextBlob": them.blob, "KeyId": them.key}),
        ("kms", "Encrypt", {"Plaintext": b"a", "KeyId": them.key}),
        (
            "kms",
            "CreateGrant",
            {"KeyId": them.key, "GranteePrincipal": me.role_arn, "Operations": ["Decrypt"]},
        ),
        ("kms", "PutKeyPolicy", {"KeyId": them.key, "Policy": "{}"}),
        *(
            (
                "ecr",
                operation,
                {
                    "registryId": names.account,
                    "repositoryName": names.repository("training"),
                    **more,
                },
            )
            for operation, more in (
                ("BatchGetImage", {"imageIds": [{"imageTag": "1"}]}),
                ("DescribeImages", {}),
                ("PutImage", {"imageManifest": "{}", "imageTag": "1"}),
                ("DeleteRepository", {"force": True}),
                ("GetDownloadUrlForLayer", {"layerDigest": f"sha256:{'0' * 64}"}),
            )
        ),
        ("lambda", "Invoke", {"FunctionName": arn("lambda", "function:vision-cohort-watch")}),
        ("lambda", "GetFunction", {"FunctionName": arn("lambda", "function:vision-cohort-watch")}),
        (
            "logs",
            "GetLogEvents",
            {
                "logGroupIdentifier": arn("logs", "log-group:/aws/lambda/vision-cohort-watch"),
                "logStreamName": "a",
            },
        ),
        ("cloudformation", "DescribeStacks", {"StackName": them.stack}),
        ("cloudformation", "GetTemplate", {"StackName": them.stack}),
        ("cloudformation", "UpdateStack", {"StackName": them.stack, "TemplateBody": "{}"}),
        ("cloudformation", "DeleteStack", {"StackName": them.stack}),
        *(
            ("cloudformation", operation, request)
            for operation, request in (
                ("ListStackSets", {}),
                ("ListStackSets", {"CallAs": "DELEGATED_ADMIN"}),
                ("DescribeStackSet", {"StackSetName": "vision-seat-access-author"}),
                ("CreateStackSet", {"StackSetName": "mine", "TemplateBody": "{}"}),
                ("DeleteStackSet", {"StackSetName": "vision-seat-access-author"}),
                (
                    "DeleteStackInstances",
                    {
                        "StackSetName": "vision-seat-access-author",
                        "Accounts": [names.account],
                        "Regions": [REGION],
                        "RetainStacks": False,
                    },
                ),
                ("DeactivateOrganizationsAccess", {}),
            )
        ),
        ("organizations", "LeaveOrganization", {}),
        ("organizations", "ListAccounts", {}),
        ("organizations", "DescribeOrganization", {}),
        ("organizations", "DescribeAccount", {"AccountId": names.account}),
        *(
            (
                "sts",
                "AssumeRole",
                {"RoleArn": f"arn:aws:iam::{account}:role{role}", "RoleSessionName": "ada"},
            )
            for account, role in (
                (names.account, names.role_arn.partition(":role")[2]),
                (names.account, names.console_role_arn.partition(":role")[2]),
                (me.account, me.console_role_arn.partition(":role")[2]),
                (me.account, "/stacksets-exec-0123456789abcdef"),
                (names.account, "/OrganizationAccountAccessRole"),
                (me.account, "/OrganizationAccountAccessRole"),
                (ACCOUNT, "/AWSCloudFormationStackSetAdministrationRole"),
            )
        ),
        (
            "secretsmanager",
            "GetSecretValue",
            {"SecretId": arn("secretsmanager", "secret:a-abcdef")},
        ),
        ("sns", "Publish", {"TopicArn": arn("sns", "a"), "Message": "a"}),
        (
            "sqs",
            "SendMessage",
            {
                "QueueUrl": f"https://sqs.{REGION}.amazonaws.com/{names.account}/a",
                "MessageBody": "a",
            },
        ),
        (
            "events",
            "PutEvents",
            {
                "Entries": [
                    {
                        "EventBusName": arn("events", "event-bus/default"),
                        "Source": "a",
                        "DetailType": "a",
                        "Detail": "{}",
                    }
                ]
            },
        ),
    ]


REFUSALS = {
    *("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"),
}


def test_all_that_can_name_another_account_is_refused_and_changes_nothing(
    own: OwnAccounts, theirs: Theirs
) -> None:
    me = Names(WORKSHOP, ALONE, own.account("ada"), REGION)
    session = Session(own.cloud.endpoint)
    session.sign_in(**process.role_credentials(own.cloud.running, me.role_arn))
    accounts = [*map(own.account, own.seats), ACCOUNT]
    before = own_teardowns.held(own, accounts)
    tried = attempts(theirs, me)
    wrong = [
        (service, operation, code)
        for service, operation, request in tried
        if (code := answered(session, service, operation, request)) not in REFUSALS
    ]
    assert wrong == []
    assert len(tried) > 60
    assert own_teardowns.touched(before, own_teardowns.held(own, accounts)) == {}


def answered(session: Session, service: str, operation: str, request: dict[str, Any]) -> str:
    try:
        getattr(session.client(service), xform_name(operation))(**request)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "allowed"


def test_a_name_alone_is_ones_own_whatever_stands_in_the_other_account(
    own: OwnAccounts, theirs: Theirs
) -> None:
    """Both have a notebook of one name; the link is to the one of whoever asks."""
    me = Names(WORKSHOP, ALONE, own.account("ada"), REGION)
    session = Session(own.cloud.endpoint)
    session.sign_in(**process.role_credentials(own.cloud.running, me.role_arn))
    sagemaker = session.client("sagemaker")
    found = sagemaker.describe_notebook_instance(NotebookInstanceName=theirs.names.notebook)
    assert found["NotebookInstanceArn"] == me.notebook_arn != theirs.names.notebook_arn
    named = {"NotebookInstanceName": theirs.names.notebook}
    own.within("sagemaker", "ada").stop_notebook_instance(**named)
    with pytest.raises(ClientError, match="InService"):
        sagemaker.create_presigned_notebook_instance_url(**named)
    other = own.within("sagemaker", "ben").describe_notebook_instance(**named)
    assert other["NotebookInstanceStatus"] == "InService"
