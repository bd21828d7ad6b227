"""Writes ``handler_permissions.yaml``: what CloudFormation's handlers may call for our resources.

The source is the resource schemas of AWS as cfn-lint ships them. A schema names, by phase, what the
handler of a type calls for any template at all; what it calls for properties that no template of
ours has is left out.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Collection, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import cfnlint

from tools import generated_files

MODULE = "tools.handler_permissions"
FILE = generated_files.ROOT / "workshop" / "preflight" / "handler_permissions.yaml"
SCHEMAS = Path(cfnlint.__file__).parent / "data" / "schemas"
REGION = "us-east-1"

PHASES = ("create", "update", "delete")

PROPERTIES: dict[str, tuple[str, ...]] = {
    "AWS::CloudWatch::Dashboard": ("DashboardBody", "DashboardName", "Tags"),
    "AWS::ECR::Repository": (
        *("EmptyOnDelete", "ImageScanningConfiguration", "ImageTagMutability"),
        *("LifecyclePolicy", "RepositoryName", "Tags"),
    ),
    "AWS::EC2::Instance": (
        *("AvailabilityZone", "BlockDeviceMappings", "IamInstanceProfile", "ImageId"),
        *("InstanceInitiatedShutdownBehavior", "InstanceType", "LaunchTemplate"),
        *("MetadataOptions", "PropagateTagsToVolumeOnCreation", "SecurityGroupIds", "SubnetId"),
        *("Tags", "UserData"),
    ),
    "AWS::EC2::LaunchTemplate": ("LaunchTemplateData", "LaunchTemplateName"),
    "AWS::EC2::SecurityGroup": ("GroupDescription", "GroupName", "Tags", "VpcId"),
    "AWS::Events::Rule": (*("EventPattern", "Name", "ScheduleExpression", "Tags", "Targets"),),
    "AWS::IAM::InstanceProfile": ("InstanceProfileName", "Path", "Roles"),
    "AWS::IAM::ManagedPolicy": ("Description", "ManagedPolicyName", "Path", "PolicyDocument"),
    "AWS::IAM::Role": (
        *("AssumeRolePolicyDocument", "Description", "ManagedPolicyArns", "MaxSessionDuration"),
        *("Path", "PermissionsBoundary", "Policies", "RoleName", "Tags"),
    ),
    "AWS::Lambda::Function": (
        *("Code", "Description", "Environment", "FunctionName", "Handler", "LoggingConfig"),
        *("MemorySize", "Role", "Runtime", "Tags", "Timeout"),
    ),
    "AWS::Lambda::Permission": (
        *("Action", "FunctionName", "FunctionUrlAuthType", "InvokedViaFunctionUrl", "Principal"),
        "SourceArn",
    ),
    "AWS::Lambda::Url": ("AuthType", "TargetFunctionArn"),
    "AWS::Logs::LogGroup": ("LogGroupName", "RetentionInDays", "Tags"),
    "AWS::S3::Bucket": (
        *("BucketEncryption", "BucketName", "LifecycleConfiguration", "OwnershipControls"),
        *("PublicAccessBlockConfiguration", "Tags", "VersioningConfiguration"),
    ),
    "AWS::S3::BucketPolicy": ("Bucket", "PolicyDocument"),
    "AWS::SageMaker::MlflowApp": ("ArtifactStoreUri", "Name", "RoleArn", "Tags"),
    "AWS::SageMaker::NotebookInstance": (
        *("DirectInternetAccess", "InstanceMetadataServiceConfiguration", "InstanceType"),
        *("LifecycleConfigName", "NotebookInstanceName", "PlatformIdentifier", "RoleArn"),
        *("RootAccess", "SecurityGroupIds", "SubnetId", "Tags", "VolumeSizeInGB"),
    ),
    "AWS::SageMaker::NotebookInstanceLifecycleConfig": (
        *("NotebookInstanceLifecycleConfigName", "OnCreate", "OnStart", "Tags"),
    ),
    "AWS::SNS::Subscription": ("Endpoint", "Protocol", "TopicArn"),
    "AWS::SNS::Topic": ("Tags", "TopicName"),
    "AWS::SNS::TopicPolicy": ("PolicyDocument", "Topics"),
    "AWS::SSM::Parameter": ("Description", "Name", "Tags", "Tier", "Type", "Value"),
}
"""The types that the templates make, and all of the properties that they set."""

ONLY_FOR: dict[str, dict[str, str]] = {
    "AWS::ECR::Repository": {
        "ecr:*RepositoryPolicy": "RepositoryPolicyText",
        "kms:*": "EncryptionConfiguration",
    },
    "AWS::EC2::Instance": {
        "ec2:*CreditSpecification*": "CreditSpecification",
        "ec2:*KeyPairs": "KeyName",
        "ec2:*MonitorInstances": "Monitoring",
        "ec2:*PrivateDnsNameOptions": "PrivateDnsNameOptions",
        "ec2:AttachVolume": "Volumes",
        "ec2:DetachVolume": "Volumes",
        "ec2:ModifyInstancePlacement": "Affinity",
        "ec2:UnmonitorInstances": "Monitoring",
        "ssm:*": "SsmAssociations",
    },
    "AWS::EC2::SecurityGroup": {
        "ec2:*Egress": "SecurityGroupEgress",
        "ec2:*Ingress": "SecurityGroupIngress",
    },
    "AWS::IAM::ManagedPolicy": {
        "iam:*GroupPolicy": "Groups",
        "iam:*RolePolicy": "Roles",
        "iam:*UserPolicy": "Users",
    },
    "AWS::Events::Rule": {"iam:PassRole": "RoleArn"},
    "AWS::Lambda::Function": {
        "ec2:*": "VpcConfig",
        "elasticfilesystem:*": "FileSystemConfigs",
        "kms:*": "KmsKeyArn",
        "lambda:*CodeSigning*": "CodeSigningConfigArn",
        "lambda:*Concurrency": "ReservedConcurrentExecutions",
        "lambda:*RecursionConfig": "RecursiveLoop",
        "lambda:*RuntimeManagementConfig": "RuntimeManagementConfig",
        "lambda:AssociateRuntimeAlias": "RuntimeManagementConfig",
        "lambda:GetLayerVersion": "Layers",
        "lambda:PassCapacityProvider": "CapacityProviderConfig",
        "lambda:PublishVersion": "PublishToLatestPublished",
        "lambda:PutFunctionScalingConfig": "FunctionScalingConfig",
        # Code in the template is in no bucket; signed code always is.
        "s3:*": "CodeSigningConfigArn",
        "s3files:*": "FileSystemConfigs",
    },
    "AWS::Logs::LogGroup": {"firehose:*": "LogGroupClass", "s3:*": "LogGroupClass"},
    "AWS::S3::Bucket": {
        "iam:PassRole": "ReplicationConfiguration",
        "s3:*Abac": "AbacStatus",
        "s3:*Accelerate*": "AccelerateConfiguration",
        "s3:*AnalyticsConfiguration": "AnalyticsConfigurations",
        "s3:*BucketAcl": "AccessControl",
        "s3:*CORS": "CorsConfiguration",
        "s3:*Cors": "CorsConfiguration",
        "s3:*IntelligentTiering*": "IntelligentTieringConfigurations",
        "s3:*Inventory*": "InventoryConfigurations",
        "s3:*Logging": "LoggingConfiguration",
        "s3:*Metadata*": "MetadataTableConfiguration",
        "s3:*MetricsConfiguration": "MetricsConfigurations",
        "s3:*Notification": "NotificationConfiguration",
        "s3:*ObjectLock*": "ObjectLockConfiguration",
        "s3:*Replication*": "ReplicationConfiguration",
        "s3:*Website": "WebsiteConfiguration",
        # No object is in a new bucket, and a handler that empties one is nowhere documented.
        "s3:DeleteObject": "ReplicationConfiguration",
        "s3:PutObjectAcl": "ReplicationConfiguration",
        "s3tables:*": "MetadataTableConfiguration",
    },
    "AWS::SageMaker::NotebookInstance": {"kms:*": "KmsKeyId"},
    "AWS::SNS::Subscription": {"iam:*": "SubscriptionRoleArn"},
}
"""By type, the actions that are called for one property alone, as their names say.

What is in no pattern counts as called for every resource of the type.
"""


def schema(resource_type: str) -> dict[str, Any]:
    """Return AWS's schema of a resource type."""
    files = json.loads((SCHEMAS / "providers" / f"{REGION}.json").read_text(encoding="utf-8"))
    path = SCHEMAS / "resources" / f"{files[resource_type]}.json"
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def called(
    resource_type: str, document: Mapping[str, Any], properties: Collection[str]
) -> dict[str, list[str]]:
    """Return what the handlers of a type may call for these properties, by phase."""
    found = {
        phase: set(document["handlers"].get(phase, {}).get("permissions", ())) for phase in PHASES
    }
    if "Tags" in properties:
        # With a stack's tags, what tags a resource is called whenever it is made or changed.
        tagging = {
            action
            for action in document["tagging"].get("permissions", ())
            if not action.partition(":")[2].startswith(("List", "Get"))
        }
        removing = {
            action for action in tagging if action.partition(":")[2].startswith(("Untag", "Delete"))
        }
        found["create"] |= tagging - removing
        found["update"] |= tagging
    only_for = ONLY_FOR.get(resource_type, {})
    return {
        phase: sorted(
            action
            for action in actions
            if all(
                owner in properties
                for pattern, owner in only_for.items()
                if fnmatchcase(action, pattern)
            )
        )
        for phase, actions in found.items()
    }


def text() -> str:
    """Return the whole file."""
    updated = json.loads((SCHEMAS / "version.json").read_text(encoding="utf-8"))["schema_date"]
    lines = [
        "# What CloudFormation's handlers may call to make, change and delete what the templates",
        f"# have, by resource type: AWS's schemas of {updated[:10]}, which cfn-lint ships.",
        f"# Generated by python -m {MODULE} --write",
    ]
    for resource_type, properties in PROPERTIES.items():
        lines.append(f"{resource_type}:")
        for phase, actions in called(resource_type, schema(resource_type), properties).items():
            if not actions:
                continue
            lines.append(f"  {phase}:")
            lines += [f"    - {action}" for action in actions]
    return "\n".join(lines) + "\n"


def main(arguments: list[str] | None = None) -> int:
    """Write or check the file; return the exit code."""
    return generated_files.main(MODULE, __doc__, {FILE: text()}, arguments)


if __name__ == "__main__":
    sys.exit(main())
