"""The SageMaker resource types: one table each, one set of handlers for all.

Source of properties, create-only members and return values: the CloudFormation resource schemas.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Properties = dict[str, Any]


@dataclass(frozen=True)
class CloudFormationType:
    """How one CloudFormation type maps to the service's API."""

    noun: str
    type_name: str
    properties: frozenset[str]
    required: frozenset[str]
    create_only: tuple[str, ...]
    attributes: tuple[str, ...]
    dissociate: Mapping[str, str] = field(default_factory=dict)
    """Property -> request member that removes it on update."""
    system_tags: bool = True
    stops_to_update: bool = False
    named_by_service: bool = False
    """Whether SageMaker names it itself, and is asked for it by its ARN alone; it is waited for."""


NOTEBOOK_INSTANCE = CloudFormationType(
    noun="NotebookInstance",
    type_name="AWS::SageMaker::NotebookInstance",
    properties=frozenset(
        (
            *("AcceleratorTypes", "AdditionalCodeRepositories", "DefaultCodeRepository"),
            *("DirectInternetAccess", "InstanceMetadataServiceConfiguration", "InstanceType"),
            *("KmsKeyId", "LifecycleConfigName", "NotebookInstanceName", "PlatformIdentifier"),
            *("RoleArn", "RootAccess", "SecurityGroupIds", "SubnetId", "Tags"),
            "VolumeSizeInGB",
        )
    ),
    required=frozenset({"InstanceType", "RoleArn"}),
    create_only=(
        "DirectInternetAccess",
        "KmsKeyId",
        "NotebookInstanceName",
        "PlatformIdentifier",
        "SecurityGroupIds",
        "SubnetId",
    ),
    attributes=("NotebookInstanceArn", "NotebookInstanceName"),
    dissociate={
        "LifecycleConfigName": "DisassociateLifecycleConfig",
        "AcceleratorTypes": "DisassociateAcceleratorTypes",
        "DefaultCodeRepository": "DisassociateDefaultCodeRepository",
        "AdditionalCodeRepositories": "DisassociateAdditionalCodeRepositories",
    },
    stops_to_update=True,
)

LIFECYCLE_CONFIG = CloudFormationType(
    noun="NotebookInstanceLifecycleConfig",
    type_name="AWS::SageMaker::NotebookInstanceLifecycleConfig",
    properties=frozenset({"NotebookInstanceLifecycleConfigName", "OnCreate", "OnStart", "Tags"}),
    required=frozenset(),
    create_only=("NotebookInstanceLifecycleConfigName",),
    attributes=("NotebookInstanceLifecycleConfigArn", "NotebookInstanceLifecycleConfigName"),
    system_tags=False,
)

MLFLOW_APP = CloudFormationType(
    noun="MlflowApp",
    type_name="AWS::SageMaker::MlflowApp",
    properties=frozenset(
        (
            *("ArtifactStoreUri", "ModelRegistrationMode", "Name", "RoleArn", "Tags"),
            "WeeklyMaintenanceWindowStart",
        )
    ),
    required=frozenset({"ArtifactStoreUri", "Name", "RoleArn"}),
    create_only=("Name", "RoleArn"),
    attributes=("Arn",),
    named_by_service=True,
)

RESOURCE_TYPES = (NOTEBOOK_INSTANCE, LIFECYCLE_CONFIG, MLFLOW_APP)
