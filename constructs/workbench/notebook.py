"""A seat's SageMaker notebook instance with its lifecycle configuration."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Acknowledgment, Fn, Validations
from aws_cdk import aws_sagemaker as sagemaker
from constructs import Construct

from workbench.fn_sub import sub


class WorkbenchNotebook(Construct):
    """A notebook instance on IMDSv2, its scripts inlined.

    ``instance_type`` and ``volume_gb`` may be tokens; ``subnet_id`` None means SageMaker's own
    network, which always has direct internet access. ``on_create`` and ``on_start`` are shell
    scripts that may hold placeholders; their size is checked by whoever renders them.
    """

    notebook: sagemaker.CfnNotebookInstance
    lifecycle: sagemaker.CfnNotebookInstanceLifecycleConfig

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        notebook_name: str,
        lifecycle_name: str,
        role_arn: str,
        instance_type: str,
        volume_gb: float,
        platform: str,
        root_access: bool,
        on_create: str,
        on_start: str,
        subnet_id: str | None,
        security_group_ids: Sequence[str],
        direct_internet: bool,
    ) -> None:
        super().__init__(scope, construct_id)
        self.lifecycle = self._define_lifecycle(lifecycle_name, on_create, on_start)
        self.notebook = sagemaker.CfnNotebookInstance(
            self,
            "Notebook",
            notebook_instance_name=sub(notebook_name),
            role_arn=sub(role_arn),
            instance_type=instance_type,
            volume_size_in_gb=volume_gb,
            platform_identifier=platform,
            root_access="Enabled" if root_access else "Disabled",
            instance_metadata_service_configuration=(
                sagemaker.CfnNotebookInstance.InstanceMetadataServiceConfigurationProperty(
                    minimum_instance_metadata_service_version="2"
                )
            ),
            lifecycle_config_name=(self.lifecycle.attr_notebook_instance_lifecycle_config_name),
            subnet_id=subnet_id,
            security_group_ids=list(security_group_ids) or None,
            direct_internet_access="Enabled" if direct_internet else "Disabled",
        )
        self._acknowledge(in_vpc=subnet_id is not None, direct_internet=direct_internet)

    def _define_lifecycle(
        self, name: str, on_create: str, on_start: str
    ) -> sagemaker.CfnNotebookInstanceLifecycleConfig:
        hook = sagemaker.CfnNotebookInstanceLifecycleConfig.NotebookInstanceLifecycleHookProperty
        return sagemaker.CfnNotebookInstanceLifecycleConfig(
            self,
            "Lifecycle",
            notebook_instance_lifecycle_config_name=sub(name),
            on_create=[hook(content=Fn.base64(sub(on_create)))],
            on_start=[hook(content=Fn.base64(sub(on_start)))],
        )

    def _acknowledge(self, *, in_vpc: bool, direct_internet: bool) -> None:
        accepted = {
            "CloudFormation-Validate::W9003": "The volume's size comes from a mapping, which holds"
            " texts; CloudFormation makes the number of it.",
            "AwsSolutions-SM2": "The volume is encrypted with the service's own key; a key per"
            " seat would cost each seat a dollar a month and outlive it by a week.",
        }
        if not in_vpc:
            accepted["AwsSolutions-SM1"] = (
                "A workshop account often has no VPC; 'network' in the YAML puts the notebook"
                " into one."
            )
        if direct_internet:
            accepted["AwsSolutions-SM3"] = (
                "Attendees install packages and clone material; 'network' in the YAML takes the"
                " way to the internet through a VPC instead."
            )
        Validations.of(self.notebook).acknowledge(
            *(Acknowledgment(id=rule, reason=reason) for rule, reason in accepted.items())
        )
