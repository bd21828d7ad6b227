"""What serves models: endpoints, their configurations and components, and the models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from workshop import tags as keys
from workshop.aws import errors
from workshop.pricing import billing
from workshop.teardown import ownership
from workshop.teardown.ownership import OwnershipVerdict
from workshop.teardown.resource import Ownership, Resource, ScanContext
from workshop.teardown.resources import names
from workshop.teardown.resources.base import ResourceType, tag_map
from workshop.teardown.resources.sagemaker_type import (
    Answer,
    SageMakerType,
    ask,
    by_role,
    machines_cost,
)

RESTING = frozenset({"InService", "OutOfService", "Failed", "UpdateRollbackFailed"})
UP = RESTING | {"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"}


def described(context: ScanContext, operation: str, **request: str) -> dict[str, Any] | None:
    """A description that several resources need, asked for once a scan; None where it is gone."""

    def find() -> dict[str, Any] | None:
        try:
            return ask(context, operation, **request)
        except errors.Refusal as error:
            if errors.is_gone(error):
                return None
            raise

    found: dict[str, Any] | None = context.memory.get((operation, *request.values()), find)
    return found


def of_model(context: ScanContext, name: str) -> OwnershipVerdict | None:
    """The proof by a model's role; None where model or role are not there."""
    model = described(context, "DescribeModel", ModelName=name)
    role = (model or {}).get("ExecutionRoleArn")
    return ownership.of_role(context.scope, role) if role else None


def of_config(context: ScanContext, config: Answer) -> OwnershipVerdict | None:
    """The proof by a configuration's role, or by those of its models."""
    return ownership.joined(_proofs(context, config))


def _proofs(context: ScanContext, config: Answer) -> list[OwnershipVerdict]:
    proofs = [
        of_model(context, one["ModelName"])
        for one in billing.variants(config)
        if "ModelName" in one
    ]
    role = config.get("ExecutionRoleArn")
    proofs += [ownership.of_role(context.scope, role)] if role else []
    return [one for one in proofs if one is not None]


def by_own_tags(
    context: ScanContext,
    arn: str,
    answer: Answer,
    served: OwnershipVerdict | None,
    own_role: OwnershipVerdict | None = None,
) -> OwnershipVerdict | None:
    """Return whose it is what serves models: its maker's, whatever models it names.

    IAM asks for no permission on a model that is served, so anybody may serve a seat's: ``served``,
    what its models prove, says nothing of who serves them, and is a claim at most. What a seat
    makes carries the seat's tags, since without them no seat can make anything
    (:mod:`workshop.policies.compute`); ``own_role`` is what its own role proves, where it has one.
    """
    if served is not None and served.ownership == Ownership.UNKNOWN:
        return served
    tagged = own_tags(context, arn, answer.get("CreationTime"))
    seat = keys.seat_of_tags(context.scope.workshop, tagged)
    if own_role is not None and own_role.ownership == Ownership.OWNED:
        return replace(own_role, seat=seat or own_role.seat)
    if seat:
        return _of_tagged(served, seat)
    if served is None or served.ownership != Ownership.OWNED:
        return served
    workshop = tagged.get(keys.WORKSHOP, context.scope.workshop)
    if workshop != context.scope.workshop:
        why = f"its tags say workshop {workshop}, whosever model it serves"
        return OwnershipVerdict(Ownership.FOREIGN, why)
    why = "it serves a model of this seat, and without tags nothing tells who made it"
    return OwnershipVerdict(Ownership.CLAIMED, why, served.seat)


def _of_tagged(served: OwnershipVerdict | None, seat: str) -> OwnershipVerdict:
    """Return whose it is what has a seat's tags, given what its models prove."""
    if served is not None and served.ownership == Ownership.OWNED:
        return replace(served, seat=seat)
    why = "only its tags say so" if served is None else f"its tags say so, but: {served.why}"
    return OwnershipVerdict(Ownership.CLAIMED, why, seat)


def own_tags(context: ScanContext, arn: str, created: datetime | None = None) -> Mapping[str, str]:
    """The tags of a resource, asked of SageMaker where the tagging service tells none.

    That is minutes behind. What was made before the workshop began is not asked.
    """
    known = context.tagged.get(arn)
    if known is not None or (context.since is not None and created and created < context.since):
        return known or {}

    def find() -> dict[str, str]:
        try:
            return tag_map(ask(context, "ListTags", ResourceArn=arn)["Tags"])  # at most fifty
        except errors.Refusal as error:
            if errors.is_gone(error):
                return {}
            raise

    found: dict[str, str] = context.memory.get(("ListTags", arn), find)
    return found


def _of_own_config(context: ScanContext, config: Answer) -> OwnershipVerdict | None:
    own_role = by_role("ExecutionRoleArn")(context, config)
    served = of_config(context, config)
    return by_own_tags(context, config["EndpointConfigArn"], config, served, own_role)


def of_endpoint(context: ScanContext, endpoint: Answer) -> OwnershipVerdict | None:
    """The proof by an endpoint's own tags and its configuration."""
    name = endpoint.get("EndpointConfigName")
    config = described(context, "DescribeEndpointConfig", EndpointConfigName=name) if name else None
    found = of_config(context, config) if config else None
    return by_own_tags(context, endpoint["EndpointArn"], endpoint, found)


def of_transform(context: ScanContext, job: Answer) -> OwnershipVerdict | None:
    """The proof by a transform job's own tags and its model."""
    found = of_model(context, job["ModelName"]) if job.get("ModelName") else None
    return by_own_tags(context, job["TransformJobArn"], job, found)


def why_endpoint_unattributable(context: ScanContext, endpoint: Answer) -> str:
    """Why nothing proves whose an endpoint is; empty where its models' roles speak, or disagree."""
    name = endpoint.get("EndpointConfigName")
    config = described(context, "DescribeEndpointConfig", EndpointConfigName=name) if name else None
    if config is None:
        return "its configuration is gone"
    return (
        "" if _proofs(context, config) else "no model of its configuration is left that has a role"
    )


def _of_component(context: ScanContext, component: Answer) -> OwnershipVerdict | None:
    model = component.get("Specification", {}).get("ModelName")
    found = of_model(context, model) if model else None
    if found is None:
        endpoint = described(context, "DescribeEndpoint", EndpointName=component["EndpointName"])
        found = of_endpoint(context, endpoint) if endpoint else None
    return by_own_tags(context, component["InferenceComponentArn"], component, found)


def _endpoint_cost(context: ScanContext, endpoint: Answer) -> Decimal | None:
    name = endpoint.get("EndpointConfigName")
    config = described(context, "DescribeEndpointConfig", EndpointConfigName=name) if name else None
    machines = None if config is None else billing.endpoint_machines(endpoint, config)
    return machines_cost(context, machines)


ENDPOINT = SageMakerType(
    "Endpoint",
    of_endpoint,
    needs_role=True,
    unattributable=why_endpoint_unattributable,
    hourly=_endpoint_cost,
    billed_in=UP - {"Failed", "OutOfService"},
    deleted_from=RESTING,
    deleting_stops=True,
    after=(names.INFERENCE_COMPONENT, names.SCALABLE_TARGET),
    log_group="/aws/sagemaker/Endpoints/",
)

CONFIG = SageMakerType(
    "EndpointConfig",
    _of_own_config,
    name=names.ENDPOINT_CONFIG,
    wait_after_delete=False,
    after=(names.ENDPOINT, names.INFERENCE_COMPONENT),
)
"""It proves whose the endpoint is, and so do the models: they go after it."""

MODEL = SageMakerType(
    "Model",
    by_role("ExecutionRoleArn"),
    owner_is_final=True,
    wait_after_delete=False,
    after=(
        *(names.ENDPOINT_CONFIG, names.INFERENCE_COMPONENT, names.ENDPOINT, names.TRANSFORM_JOB),
    ),
)

COMPONENT = SageMakerType(
    "InferenceComponent",
    _of_component,
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
    wait_after_delete = False

    def find(self, context: ScanContext) -> Iterator[Resource]:
        for page in self.pages(context, "describe_scalable_targets", ServiceNamespace="sagemaker"):
            for target in page["ScalableTargets"]:
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
                proof = _of_component(context, held) if held else None
        except errors.Refusal as error:
            proof = OwnershipVerdict(
                Ownership.UNKNOWN, f"could not be read: {errors.describe(error)}"
            )
        arn = str(target.get("ScalableTargetARN", ""))
        verdict = ownership.judge(context, name=name, arn=arn, proof=proof, tagged=None)
        details = {
            "ServiceNamespace": "sagemaker",
            "ResourceId": resource_id,
            "ScalableDimension": dimension,
        }
        yield from self.found(
            context,
            verdict,
            f"{resource_id} {dimension}",
            arn=arn,
            created=target.get("CreationTime"),
            details=details,
        )


TYPES = (ENDPOINT, CONFIG, MODEL, COMPONENT, ScalableTarget())
