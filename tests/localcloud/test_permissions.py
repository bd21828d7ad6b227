"""What IAM is asked before a SageMaker operation: actions, resources, condition keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from localcloud import ministack_adapter
from localcloud.clock import Clock
from localcloud.iam import required_permissions
from localcloud.sagemaker.engine import SageMakerEngine
from localcloud.sagemaker.resource_type import Members
from localcloud.sagemaker.service import build_engine
from localcloud.transitions import delays

ACCOUNT, REGION = "111122223333", "eu-west-1"
HERE = f"{REGION}:{ACCOUNT}"
ARN = f"arn:aws:sagemaker:{HERE}"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/ws/vision/vision-ada-eu-west-1-execution"
TAGS = [{"Key": "workshop", "Value": "vision"}, {"Key": "attendee", "Value": "ada"}]
TAGGED = {
    "aws:RequestTag/workshop": "vision",
    "aws:RequestTag/attendee": "ada",
    "aws:TagKeys": ["workshop", "attendee"],
}
ADAS = {
    "aws:ResourceTag/attendee": "ada",
    "sagemaker:ResourceTag/attendee": "ada",
}
PASSED = {"iam:PassedToService": "sagemaker.amazonaws.com"}
IMAGE = {"TrainingImage": "image", "TrainingInputMode": "File"}


@pytest.fixture
def engine() -> Iterator[SageMakerEngine]:
    made = build_engine(Clock(), delays())
    with ministack_adapter.request_scope(ACCOUNT, REGION):
        yield made
    made.clock.close()


@dataclass(frozen=True)
class Asked:
    """One row: an operation, a request, and the questions as (action, resource, keys)."""

    operation: str
    request: Members
    expected: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)


def created(operation: str, resource: str, **keys: Any) -> list[tuple[str, str, dict[str, Any]]]:
    """Return the questions about something tagged that is being made."""
    return [
        (f"sagemaker:{operation}", f"{ARN}:{resource}", {**TAGGED, **keys}),
        (
            "sagemaker:AddTags",
            f"{ARN}:{resource}",
            {**TAGGED, "sagemaker:TaggingAction": operation},
        ),
    ]


TRAINING = {
    "TrainingJobName": "Ada-1",
    "RoleArn": ROLE,
    "AlgorithmSpecification": IMAGE,
    "OutputDataConfig": {"S3OutputPath": "s3://bucket/out", "KmsKeyId": "1234abcd"},
    "ResourceConfig": {
        "VolumeSizeInGB": 1,
        "KeepAlivePeriodInSeconds": 600,
        "InstanceGroups": [
            {"InstanceType": "ml.m5.large", "InstanceCount": 1, "InstanceGroupName": "a"},
            {"InstanceType": "ml.p4d.24xlarge", "InstanceCount": 1, "InstanceGroupName": "b"},
        ],
    },
    "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
    "VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1", "subnet-2"]},
    "EnableNetworkIsolation": True,
    "RemoteDebugConfig": {"EnableRemoteDebug": False},
    # Words of the caller's own: they are no instance types and no ARNs that the job is about.
    "HyperParameters": {
        "InstanceType": "ml.t3.medium",
        "TrainingPlanArn": f"{ARN}:training-plan/x",
    },
}
ROWS = [
    Asked(
        "CreateTrainingJob",
        {**TRAINING, "Tags": TAGS},
        [
            *created(
                "CreateTrainingJob",
                "training-job/ada-1",
                **{
                    "sagemaker:InstanceTypes": ["ml.m5.large", "ml.p4d.24xlarge"],
                    "sagemaker:KeepAlivePeriod": "600",
                    "sagemaker:MaxRuntimeInSeconds": "3600",
                    "sagemaker:VpcSubnets": ["subnet-1", "subnet-2"],
                    "sagemaker:VpcSecurityGroupIds": ["sg-1"],
                    "sagemaker:NetworkIsolation": "true",
                    "sagemaker:EnableRemoteDebug": "false",
                    "sagemaker:OutputKmsKeyArn": f"arn:aws:kms:{HERE}:key/1234abcd",
                },
            ),
            ("iam:PassRole", ROLE, PASSED),
        ],
    ),
    Asked(
        "CreateNotebookInstance",
        {
            "NotebookInstanceName": "Ada",
            "InstanceType": "ml.t3.medium",
            "RoleArn": ROLE,
            "SubnetId": "subnet-1",
            "KmsKeyId": f"arn:aws:kms:{HERE}:key/1",
            "DirectInternetAccess": "Disabled",
            "RootAccess": "Disabled",
            "LifecycleConfigName": "lc",
        },
        [
            (
                "sagemaker:CreateNotebookInstance",
                f"{ARN}:notebook-instance/ada",
                {
                    "sagemaker:InstanceTypes": ["ml.t3.medium"],
                    "sagemaker:VpcSubnets": ["subnet-1"],
                    "sagemaker:VolumeKmsKeyArn": f"arn:aws:kms:{HERE}:key/1",
                    "sagemaker:DirectInternetAccess": "Disabled",
                    "sagemaker:RootAccess": "Disabled",
                    "sagemaker:NotebookInstanceLifecycleConfigArns": [
                        f"{ARN}:notebook-instance-lifecycle-config/lc"
                    ],
                },
            ),
            ("iam:PassRole", ROLE, PASSED),
        ],
    ),
    Asked(
        "CreateEndpoint",
        {"EndpointName": "e", "EndpointConfigName": "c", "Tags": TAGS},
        [
            ("sagemaker:CreateEndpoint", f"{ARN}:endpoint/e", TAGGED),
            ("sagemaker:CreateEndpoint", f"{ARN}:endpoint-config/c", TAGGED),
            created("CreateEndpoint", "endpoint/e")[1],
        ],
    ),
    Asked(
        "UpdateEndpoint",
        {"EndpointName": "e", "EndpointConfigName": "c"},
        [
            ("sagemaker:UpdateEndpoint", f"{ARN}:endpoint/e", {}),
            ("sagemaker:UpdateEndpoint", f"{ARN}:endpoint-config/c", {}),
        ],
    ),
    Asked(
        "CreateEndpointConfig",
        {
            "EndpointConfigName": "c",
            "ProductionVariants": [
                {
                    "VariantName": "v",
                    "ModelName": "M",
                    "ServerlessConfig": {"MemorySizeInMB": 2048, "MaxConcurrency": 5},
                }
            ],
        },
        [
            (
                "sagemaker:CreateEndpointConfig",
                f"{ARN}:endpoint-config/c",
                {
                    "sagemaker:ModelArn": f"{ARN}:model/m",
                    "sagemaker:ServerlessMemorySize": "2048",
                    "sagemaker:ServerlessMaxConcurrency": "5",
                },
            )
        ],
    ),
    # Two values of a key that takes one: neither hides the other.
    Asked(
        "CreateEndpointConfig",
        {
            "EndpointConfigName": "c",
            "ProductionVariants": [
                {"VariantName": name, "ModelName": name, "InstanceType": kind}
                for name, kind in (("a", "ml.m5.large"), ("b", "ml.m5.large"))
            ],
        },
        [
            (
                "sagemaker:CreateEndpointConfig",
                f"{ARN}:endpoint-config/c",
                {
                    "sagemaker:InstanceTypes": ["ml.m5.large"],
                    "sagemaker:ModelArn": [f"{ARN}:model/a", f"{ARN}:model/b"],
                },
            )
        ],
    ),
    Asked(
        "CreateTrial",
        {"TrialName": "t", "ExperimentName": "x", "Tags": TAGS},
        [
            ("sagemaker:CreateTrial", f"{ARN}:experiment/x", TAGGED),
            ("sagemaker:CreateTrial", f"{ARN}:experiment-trial/t", TAGGED),
            created("CreateTrial", "experiment-trial/t")[1],
        ],
    ),
    # The service names these itself.
    Asked(
        "CreateDomain",
        {
            "DomainName": "d",
            "AuthMode": "IAM",
            "DefaultUserSettings": {"ExecutionRole": ROLE, "SecurityGroups": ["sg-1"]},
            "SubnetIds": ["subnet-1"],
            "VpcId": "vpc-1",
            "Tags": TAGS,
        },
        [
            *created(
                "CreateDomain",
                "domain/*",
                **{
                    "sagemaker:AuthMode": "IAM",
                    "sagemaker:VpcSubnets": ["subnet-1"],
                    "sagemaker:VpcSecurityGroupIds": ["sg-1"],
                },
            ),
            ("iam:PassRole", ROLE, PASSED),
        ],
    ),
    Asked(
        "CreateModelPackage",
        {"ModelPackageGroupName": "g", "ModelApprovalStatus": "Approved"},
        [
            (
                "sagemaker:CreateModelPackage",
                f"{ARN}:model-package/g/*",
                {"sagemaker:ModelApprovalStatus": "Approved"},
            )
        ],
    ),
    Asked(
        "CreateUserProfile",
        {"DomainId": "d-1", "UserProfileName": "ada"},
        [("sagemaker:CreateUserProfile", f"{ARN}:user-profile/d-1/ada", {})],
    ),
    Asked(
        "CreateApp",
        {"DomainId": "d-1", "SpaceName": "s", "AppType": "JupyterLab", "AppName": "default"},
        [("sagemaker:CreateApp", f"{ARN}:app/d-1/s/jupyterlab/default", {})],
    ),
    # Members that hold an ARN, and a name that may be one.
    Asked(
        "AddTags",
        {"ResourceArn": f"{ARN}:model/ben", "Tags": TAGS},
        [("sagemaker:AddTags", f"{ARN}:model/ben", TAGGED)],
    ),
    Asked(
        "DeleteTags",
        {"ResourceArn": f"{ARN}:model/ben", "TagKeys": ["attendee"]},
        [("sagemaker:DeleteTags", f"{ARN}:model/ben", {"aws:TagKeys": ["attendee"]})],
    ),
    Asked(
        "AddAssociation",
        {"SourceArn": f"{ARN}:experiment/a", "DestinationArn": f"{ARN}:experiment/b"},
        [
            ("sagemaker:AddAssociation", f"{ARN}:experiment/a", {}),
            ("sagemaker:AddAssociation", f"{ARN}:experiment/b", {}),
        ],
    ),
    Asked(
        "StopPipelineExecution",
        {
            "PipelineExecutionArn": f"{ARN}:pipeline/p/execution/1",
            "ClientRequestToken": "x" * 32,
        },
        [("sagemaker:StopPipelineExecution", f"{ARN}:pipeline/p/execution/1", {})],
    ),
    Asked(
        "StartPipelineExecution",
        {"PipelineName": f"{ARN}:pipeline/p", "ClientRequestToken": "x" * 32},
        [("sagemaker:StartPipelineExecution", f"{ARN}:pipeline/p", {})],
    ),
    # A kind that the local cloud does not have, named as the reference names it.
    Asked(
        "DescribeWorkteam",
        {"WorkteamName": "w"},
        [("sagemaker:DescribeWorkteam", f"{ARN}:workteam/w", {})],
    ),
    # No resources at all.
    Asked("ListTrainingJobs", {}, [("sagemaker:ListTrainingJobs", "*", {})]),
    Asked(
        "Search",
        {
            "Resource": "TrainingJob",
            "VisibilityConditions": [{"Key": "Tags.attendee", "Value": "ada"}],
        },
        [
            (
                "sagemaker:Search",
                "*",
                {"sagemaker:SearchVisibilityCondition/Tags.attendee": "ada"},
            )
        ],
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row.operation))
def test_every_operation_asks_about_its_actions_resources_and_keys(
    engine: SageMakerEngine, row: Asked
) -> None:
    asked = required_permissions.of(engine, row.operation, row.request)
    assert [
        (permission.action, permission.resource, dict(permission.context)) for permission in asked
    ] == row.expected


def test_an_existing_resource_is_asked_about_with_its_tags_however_it_is_spelt(
    engine: SageMakerEngine,
) -> None:
    engine.call(
        "CreateModelPackageGroup",
        {"ModelPackageGroupName": "table", "Tags": [{"Key": "attendee", "Value": "ada"}]},
    )
    arn = f"{ARN}:model-package-group/table"
    for name in ("table", arn):
        (asked,) = required_permissions.of(
            engine, "DescribeModelPackageGroup", {"ModelPackageGroupName": name}
        )
        assert (asked.resource, dict(asked.context)) == (arn, ADAS)
    # A version can have no tags of its own: those of its group count.
    (asked,) = required_permissions.of(
        engine, "DescribeModelPackage", {"ModelPackageName": f"{ARN}:model-package/table/1"}
    )
    assert asked.context == ADAS
    with ministack_adapter.request_scope(ACCOUNT, "us-east-1"):
        (asked,) = required_permissions.of(
            engine, "DescribeModelPackageGroup", {"ModelPackageGroupName": "table"}
        )
    assert asked.context == {}
