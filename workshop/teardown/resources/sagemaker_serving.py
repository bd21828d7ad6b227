"""What serves models: endpoints, their configurations and components, and the models."""

from __future__ import annotations

from collections.abc import Iterator

from workshop.aws import errors
from workshop.pricing import billing
from workshop.pricing.billing import Machines
from workshop.teardown import ownership
from workshop.teardown.resource import Resource, ScanContext
from workshop.teardown.resources import names
from workshop.teardown.resources.base import ResourceType
from workshop.teardown.resources.sagemaker_operations import Answer, described
from workshop.teardown.resources.sagemaker_proof import (
    by_role,
    config_of,
    of_component,
    of_endpoint,
    of_own_config,
    why_endpoint_unattributable,
)
from workshop.teardown.resources.sagemaker_type import SageMakerType, machines_cost

RESTING = frozenset({"InService", "OutOfService", "Failed", "UpdateRollbackFailed"})
UP = RESTING | {"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"}


def _endpoint_machines(context: ScanContext, endpoint: Answer) -> tuple[Machines, ...] | None:
    config = config_of(context, endpoint)
    return None if config is None else billing.endpoint_machines(endpoint, config)


ENDPOINT = SageMakerType(
    "Endpoint",
    of_endpoint,
    needs_role=True,
    unattributable=why_endpoint_unattributable,
    hourly=machines_cost(_endpoint_machines),
    billed_in=UP - billing.ENDPOINT_AT_REST,
    deleted_from=RESTING,
    deleting_stops=True,
    after=(names.INFERENCE_COMPONENT, names.SCALABLE_TARGET),
    log_group="/aws/sagemaker/Endpoints/",
)

CONFIG = SageMakerType(
    "EndpointConfig",
    of_own_config,
    name=names.ENDPOINT_CONFIG,
    wait_after_delete=False,
    after=(names.ENDPOINT, names.INFERENCE_COMPONENT),
    is_proof=True,
)

MODEL = SageMakerType(
    "Model",
    by_role("ExecutionRoleArn"),
    owner_is_final=True,
    wait_after_delete=False,
    after=(
        *(names.ENDPOINT_CONFIG, names.INFERENCE_COMPONENT, names.ENDPOINT, names.TRANSFORM_JOB),
    ),
    is_proof=True,
)

COMPONENT = SageMakerType(
    "InferenceComponent",
    of_component,
    needs_role=True,
    deleted_from=frozenset({"InService", "Failed"}),
    after=(names.SCALABLE_TARGET,),
    log_group="/aws/sagemaker/InferenceComponents/",
)
"""Its endpoint costs, not the component."""


class ScalableTarget(ResourceType):
    """What lets Application Auto Scaling change the size of an endpoint or of a component.

    It has no maker and no role of its own: whose the endpoint is, its scaling is.
    """

    name = names.SCALABLE_TARGET
    service = "application-autoscaling"
    cloudformation_type = "AWS::ApplicationAutoScaling::ScalableTarget"
    reads = ("application-autoscaling:DescribeScalableTargets",)
    wait_after_delete = False

    def find(self, context: ScanContext) -> Iterator[Resource]:
        for target in self.listed(
            context, "describe_scalable_targets", "ScalableTargets", ServiceNamespace="sagemaker"
        ):
            yield from self._judged(context, target)

    def request_deletion(self, context: ScanContext, resource: Resource) -> None:
        """Deregister it, with its scaling policies."""
        self.client(context).deregister_scalable_target(**resource.details)

    def read_state(self, context: ScanContext, resource: Resource) -> str | None:
        found = self.client(context).describe_scalable_targets(
            ServiceNamespace="sagemaker",
            ResourceIds=[resource.details["ResourceId"]],
            ScalableDimension=resource.details["ScalableDimension"],
        )
        return "" if found["ScalableTargets"] else None

    def _judged(self, context: ScanContext, target: Answer) -> Iterator[Resource]:
        resource_id, dimension = str(target["ResourceId"]), str(target["ScalableDimension"])
        of, name, *_ = resource_id.split("/")
        try:
            if of == "endpoint":
                held = described(context, "DescribeEndpoint", EndpointName=name)
                proof = of_endpoint(context, held) if held else None
            else:
                held = described(context, "DescribeInferenceComponent", InferenceComponentName=name)
                proof = of_component(context, held) if held else None
        except errors.Refusal as error:
            proof = ownership.unread(error)
        yield from self.judged(
            context,
            f"{resource_id} {dimension}",
            name=name,
            arn=str(target.get("ScalableTargetARN", "")),
            proof=proof,
            created=target.get("CreationTime"),
            details={
                "ServiceNamespace": "sagemaker",
                "ResourceId": resource_id,
                "ScalableDimension": dimension,
            },
        )


TYPES = (ENDPOINT, CONFIG, MODEL, COMPONENT, ScalableTarget())
