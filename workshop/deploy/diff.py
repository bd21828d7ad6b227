"""What an update of a stack would change, from its template before and after."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from workshop.naming import MLFLOW_APP

NOTEBOOK = "AWS::SageMaker::NotebookInstance"
INSTANCE = "AWS::EC2::Instance"

CREATE_ONLY = {
    "AWS::CloudWatch::Dashboard": frozenset({"DashboardName"}),
    INSTANCE: frozenset(
        {
            *("AvailabilityZone", "CpuOptions", "EnclaveOptions", "HibernationOptions"),
            *("HostResourceGroupArn", "ImageId", "KeyName", "LaunchTemplate", "NetworkInterfaces"),
            *("PlacementGroupName", "PrivateIpAddress", "SecurityGroups", "SubnetId"),
        }
    ),
    "AWS::EC2::LaunchTemplate": frozenset({"LaunchTemplateName"}),
    "AWS::EC2::SecurityGroup": frozenset({"GroupDescription", "GroupName", "VpcId"}),
    "AWS::ECR::Repository": frozenset({"EncryptionConfiguration", "RepositoryName"}),
    "AWS::Events::Rule": frozenset({"Name"}),
    "AWS::IAM::InstanceProfile": frozenset({"InstanceProfileName", "Path"}),
    "AWS::IAM::ManagedPolicy": frozenset({"Description", "ManagedPolicyName", "Path"}),
    "AWS::IAM::Role": frozenset({"Path", "RoleName"}),
    "AWS::Lambda::Function": frozenset({"FunctionName", "PackageType", "TenancyConfig"}),
    "AWS::Lambda::Permission": frozenset(
        {
            *("Action", "EventSourceToken", "FunctionName", "FunctionUrlAuthType"),
            *("InvokedViaFunctionUrl", "Principal", "PrincipalOrgID", "SourceAccount", "SourceArn"),
        }
    ),
    "AWS::Logs::LogGroup": frozenset({"LogGroupName"}),
    "AWS::S3::Bucket": frozenset({"BucketName", "BucketNamePrefix", "BucketNamespace"}),
    "AWS::S3::BucketPolicy": frozenset({"Bucket"}),
    "AWS::SSM::Parameter": frozenset({"Name"}),
    NOTEBOOK: frozenset(
        {
            "DirectInternetAccess",
            "KmsKeyId",
            "NotebookInstanceName",
            "PlatformIdentifier",
            "SecurityGroupIds",
            "SubnetId",
        }
    ),
    "AWS::SageMaker::NotebookInstanceLifecycleConfig": frozenset(
        {"NotebookInstanceLifecycleConfigName"}
    ),
    MLFLOW_APP: frozenset({"Name", "RoleArn"}),
    "AWS::SNS::Subscription": frozenset({"Endpoint", "Protocol", "TopicArn"}),
    "AWS::SNS::Topic": frozenset({"FifoTopic", "TopicName"}),
    "AWS::SNS::TopicPolicy": frozenset(),
}
"""Properties that CloudFormation can only set by making the resource anew, by type
(``createOnlyProperties`` of the resource schemas)."""

BUCKET, REPOSITORY = "AWS::S3::Bucket", "AWS::ECR::Repository"
_NAME_OF_DATA = {
    BUCKET: "BucketName",
    REPOSITORY: "RepositoryName",
    NOTEBOOK: "NotebookInstanceName",
    MLFLOW_APP: "Name",
}
"""The types that hold what people have made, and the property with the name of each."""


_NOUNS = {
    "AWS::CloudWatch::Dashboard": "dashboard",
    INSTANCE: "EC2 instance",
    "AWS::EC2::LaunchTemplate": "launch template",
    "AWS::EC2::SecurityGroup": "security group",
    "AWS::ECR::Repository": "repository",
    "AWS::Events::Rule": "rule",
    "AWS::IAM::InstanceProfile": "instance profile",
    "AWS::IAM::ManagedPolicy": "policy",
    "AWS::IAM::Role": "role",
    "AWS::S3::Bucket": "bucket",
    "AWS::S3::BucketPolicy": "bucket policy",
    NOTEBOOK: "notebook",
    MLFLOW_APP: "MLflow App",
    "AWS::SageMaker::NotebookInstanceLifecycleConfig": "start-up scripts",
    "AWS::SSM::Parameter": "what notebooks do when they start",
}
_WORDS = {
    "AvailabilityZone": "zone",
    "BlockDeviceMappings": "disk",
    "ImageId": "image",
    "UserData": "start script",
    "VolumeSizeInGB": "disk size in GB",
    "PolicyDocument": "what it allows",
    "AssumeRolePolicyDocument": "who may assume it",
    "OnCreate": "script that runs once",
    "OnStart": "script that runs at each start",
}


def noun(resource_type: str) -> str:
    """Return what people call a resource of this type: ``notebook``."""
    return _NOUNS.get(resource_type) or resource_type.rpartition("::")[2].lower()


def words(name: str) -> str:
    """Return what people call a property: ``instance type`` for ``InstanceType``."""
    return _WORDS.get(name) or re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()


class Effect(StrEnum):
    """What a change does to the resource, from harmless to impossible."""

    IN_PLACE = "in place"
    RESTART = "restart"
    """A running machine is stopped and started; what is in its memory is lost."""
    ADDED = "added"
    REMOVED = "removed"
    REPLACED = "replaced"
    """The resource is made anew, which has no name, and what is on its disk is lost."""
    REFUSED = "refused"
    """The resource would have to be made anew. It carries a name, and CloudFormation replaces no
    named resource; a notebook's disk would be lost with it
    (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-attributes-name.html)."""


@dataclass(frozen=True)
class PropertyChange:
    """One property of one resource; ``property`` is empty where the whole resource comes or goes.

    ``resource`` is the logical id, which nobody but CloudFormation needs to read.
    ``before`` and ``after`` are JSON values, None where there is none; of a whole resource that
    goes and holds data, ``before`` is its name, with placeholders.
    """

    resource: str
    type: str
    property: str
    before: Any
    after: Any
    effect: Effect


def removes_data(change: PropertyChange) -> bool:
    """Return whether a bucket, a repository or a machine is removed, and so what is in it."""
    if change.type == INSTANCE:
        return change.effect in (Effect.REMOVED, Effect.REPLACED)
    return change.effect == Effect.REMOVED and change.type in _NAME_OF_DATA


def data_of(change: PropertyChange) -> str:
    """Return what is removed as the YAML knows it: ``bucket:results``, ``ec2:disk``."""
    if change.type == INSTANCE:
        return "ec2:disk"
    name = str(change.before or change.resource)
    parts = name.split("/" if change.type == REPOSITORY else "-")  # as workshop.naming makes it
    return f"{noun(change.type)}:{parts[2] if len(parts) > 2 else name}"  # noqa: PLR2004


def between(
    before: Mapping[str, Any], after: Mapping[str, Any], region: str = ""
) -> tuple[PropertyChange, ...]:
    """Return the changes from one template to another, sorted by resource and property.

    ``region`` is where the stack is: images are mapped by it.
    """
    old, new = _resources(before, region), _resources(after, region)
    return tuple(
        change
        for logical in sorted(old.keys() | new.keys())
        for change in _changes(logical, old.get(logical), new.get(logical))
    )


def with_values(template: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, Any]:
    """Return a template's resources and mappings with the values of its parameters filled in."""
    return {
        section: _filled_in(template.get(section, {}), values)
        for section in ("Mappings", "Resources")
    }


def _filled_in(value: Any, values: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_filled_in(item, values) for item in value]
    if isinstance(value, str):
        return _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), value)
    if not isinstance(value, dict):
        return value
    if len(value) == 1 and value.get("Ref") in values:
        return values[value["Ref"]]
    return {key: _filled_in(item, values) for key, item in value.items()}


_PLACEHOLDER = re.compile(r"\$\{(\w+)\}")


def _changes(
    logical: str, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None
) -> Iterator[PropertyChange]:
    if old is None or new is None or old["Type"] != new["Type"]:
        if old is not None:
            yield PropertyChange(logical, old["Type"], "", _name(old), None, Effect.REMOVED)
        if new is not None:
            yield PropertyChange(logical, new["Type"], "", None, None, Effect.ADDED)
        return
    mine, theirs = old.get("Properties", {}), new.get("Properties", {})
    for name in sorted(mine.keys() | theirs.keys()):
        if mine.get(name) != theirs.get(name):
            effect = _effect(new["Type"], name, mine.get(name), theirs.get(name))
            yield PropertyChange(
                logical, new["Type"], name, mine.get(name), theirs.get(name), effect
            )
    attributes = ("DeletionPolicy", "UpdateReplacePolicy", "DependsOn", "Metadata")
    for name in attributes:
        if old.get(name) != new.get(name):
            yield PropertyChange(
                logical, new["Type"], name, old.get(name), new.get(name), Effect.IN_PLACE
            )


def _name(resource: Mapping[str, Any]) -> str | None:
    """Return the name of what holds data, with its placeholders; None for all else."""
    name = resource.get("Properties", {}).get(_NAME_OF_DATA.get(resource["Type"], ""))
    return str(name["Fn::Sub"]) if isinstance(name, dict) and "Fn::Sub" in name else name


def _effect(kind: str, name: str, before: Any, after: Any) -> Effect:
    if kind == INSTANCE and name in CREATE_ONLY[kind] | {_OTHER_DISK}:
        return Effect.REPLACED
    if name in CREATE_ONLY.get(kind, ()):
        return Effect.REFUSED
    if kind == INSTANCE:
        return Effect.RESTART if name in _STOPPED_FOR else Effect.IN_PLACE
    if kind != NOTEBOOK or name == "Tags":
        return Effect.IN_PLACE
    # SageMaker lets a notebook's disk grow, never shrink.
    if name == "VolumeSizeInGB" and str(before).isdigit() and str(after).isdigit():
        return Effect.REFUSED if int(after) < int(before) else Effect.RESTART
    return Effect.RESTART


_OTHER_DISK = "BlockDeviceMappings"
"""Another disk is another EC2 instance's, though the schema does not say so
(https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-ec2-instance.html)."""
_STOPPED_FOR = ("EbsOptimized", "InstanceType", "UserData")
"""Properties of an EC2 instance that are changed while it is stopped."""


def _resources(template: Mapping[str, Any], region: str) -> dict[str, Any]:
    """The resources with their mapped values filled in: a row's overrides live in a mapping."""
    mappings = {
        name: {**mapping, _HERE: mapping.get(region, {})}
        for name, mapping in template.get("Mappings", {}).items()
    }
    resources: dict[str, Any] = _mapped(template.get("Resources", {}), mappings)
    return resources


_HERE = "AWS::Region"
"""Stands for the stack's Region among the keys of a mapping, as no Region's name does."""


def _mapped(value: Any, mappings: Mapping[str, Any]) -> Any:
    if isinstance(value, list):
        return [_mapped(item, mappings) for item in value]
    if not isinstance(value, dict):
        return value
    keys = value.get("Fn::FindInMap")
    if len(value) == 1 and isinstance(keys, list):
        keys = [_HERE if key == {"Ref": "AWS::Region"} else key for key in keys]
        if not all(isinstance(key, str) for key in keys):
            return value
        first, second, third = keys[:3]
        found = mappings.get(first, {}).get(second, {})
        return found.get(third, value)
    return {key: _mapped(item, mappings) for key, item in value.items()}
