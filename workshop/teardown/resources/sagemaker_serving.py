"""What serves models: endpoints, their configurations and components, and the models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from workshop import tags as keys
from workshop.teardown import ownership, refusals
from workshop.teardown.ownership import Proof
from workshop.teardown.resource import Ownership, Resource, ScanContext
from workshop.teardown.resources.sagemaker_type import Answer, SageMakerType, ask, by_role, machines

RESTING = frozenset({"InService", "OutOfService", "Failed", "UpdateRollbackFailed"})
UP = RESTING | {"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"}


def described(world: ScanContext, operation: str, **request: str) -> dict[str, Any] | None:
    """A description that several things need, asked for once a scan; None where it is gone."""

    def find() -> dict[str, Any] | None:
        try:
            return ask(world, operation, **request)
        except refusals.Refusal as error:
            if refusals.is_gone(error):
                return None
            raise

    found: dict[str, Any] | None = world.memory.get((operation, *request.values()), find)
    return found


def of_model(world: ScanContext, name: str) -> Proof | None:
    """The proof by a model's role; None where model or role are not there."""
    model = described(world, "DescribeModel", ModelName=name)
    role = (model or {}).get("ExecutionRoleArn")
    return ownership.of_role(world.scope, role) if role else None


def of_config(world: ScanContext, config: Answer) -> Proof | None:
    """The proof by a configuration's role, or by those of its models."""
    return ownership.joined(_proofs(world, config))


def _proofs(world: ScanContext, config: Answer) -> list[Proof]:
    proofs = [of_model(world, one["ModelName"]) for one in _variants(config) if "ModelName" in one]
    role = config.get("ExecutionRoleArn")
    proofs += [ownership.of_role(world.scope, role)] if role else []
    return [one for one in proofs if one is not None]


def by_own_tags(
    world: ScanContext,
    arn: str,
    answer: Answer,
    served: Proof | None,
    own_role: Proof | None = None,
) -> Proof | None:
    """Return whose it is what serves models: its maker's, whatever models it names.

    IAM asks for no permission on a model that is served, so anybody may serve a seat's: ``served``,
    what its models prove, says nothing of who serves them, and is a claim at most. What a seat
    makes carries the seat's tags, since without them no seat can make anything
    (:mod:`workshop.policies.compute`); ``own_role`` is what its own role proves, where it has one.
    """
    if served is not None and served.ownership == Ownership.UNKNOWN:
        return served
    tagged = own_tags(world, arn, answer.get("CreationTime"))
    seat = ownership.forced_seat(world.scope.workshop, tagged)
    if own_role is not None and own_role.ownership == Ownership.OWNED:
        return replace(own_role, seat=seat or own_role.seat)
    if seat:
        return _of_tagged(served, seat)
    if served is None or served.ownership != Ownership.OWNED:
        return served
    workshop = tagged.get(keys.WORKSHOP, world.scope.workshop)
    if workshop != world.scope.workshop:
        why = f"its tags say workshop {workshop}, whosever model it serves"
        return Proof(Ownership.FOREIGN, why)
    why = "it serves a model of this seat, and without tags nothing tells who made it"
    return Proof(Ownership.CLAIMED, why, served.seat)


def _of_tagged(served: Proof | None, seat: str) -> Proof:
    """Return whose it is what has a seat's tags, given what its models prove."""
    if served is not None and served.ownership == Ownership.OWNED:
        return replace(served, seat=seat)
    why = "only its tags say so" if served is None else f"its tags say so, but: {served.why}"
    return Proof(Ownership.CLAIMED, why, seat)


def own_tags(world: ScanContext, arn: str, created: datetime | None = None) -> Mapping[str, str]:
    """The tags of a resource, asked of SageMaker where the tagging service tells none.

    That is minutes behind. What was made before the workshop began is not asked.
    """
    known = world.tagged.get(arn)
    if known is not None or (world.since is not None and created and created < world.since):
        return known or {}

    def find() -> dict[str, str]:
        try:
            told = ask(world, "ListTags", ResourceArn=arn)["Tags"]  # fifty at most: one page
            return {tag["Key"]: tag["Value"] for tag in told}
        except refusals.Refusal as error:
            if refusals.is_gone(error):
                return {}
            raise

    found: dict[str, str] = world.memory.get(("ListTags", arn), find)
    return found


def _of_own_config(world: ScanContext, config: Answer) -> Proof | None:
    own_role = by_role("ExecutionRoleArn")(world, config)
    served = of_config(world, config)
    return by_own_tags(world, config["EndpointConfigArn"], config, served, own_role)


def of_endpoint(world: ScanContext, endpoint: Answer) -> Proof | None:
    """The proof by an endpoint's own tags and its configuration."""
    name = endpoint.get("EndpointConfigName")
    config = described(world, "DescribeEndpointConfig", EndpointConfigName=name) if name else None
    found = of_config(world, config) if config else None
    return by_own_tags(world, endpoint["EndpointArn"], endpoint, found)


def of_transform(world: ScanContext, job: Answer) -> Proof | None:
    """The proof by a transform job's own tags and its model."""
    found = of_model(world, job["ModelName"]) if job.get("ModelName") else None
    return by_own_tags(world, job["TransformJobArn"], job, found)


def endpoint_untold(world: ScanContext, endpoint: Answer) -> str:
    """Why nothing proves whose an endpoint is; empty where its models' roles speak, or disagree."""
    name = endpoint.get("EndpointConfigName")
    config = described(world, "DescribeEndpointConfig", EndpointConfigName=name) if name else None
    if config is None:
        return "its configuration is gone"
    return "" if _proofs(world, config) else "no model of its configuration is left that has a role"


def _of_component(world: ScanContext, component: Answer) -> Proof | None:
    model = component.get("Specification", {}).get("ModelName")
    found = of_model(world, model) if model else None
    if found is None:
        endpoint = described(world, "DescribeEndpoint", EndpointName=component["EndpointName"])
        found = of_endpoint(world, endpoint) if endpoint else None
    return by_own_tags(world, component["InferenceComponentArn"], component, found)


def _endpoint_cost(world: ScanContext, endpoint: Answer) -> Decimal | None:
    name = endpoint.get("EndpointConfigName")
    config = described(world, "DescribeEndpointConfig", EndpointConfigName=name) if name else None
    if config is None:
        return None
    running = {one["VariantName"]: one for one in _variants(endpoint)}
    total = Decimal(0)
    for variant in _variants(config):
        serverless = variant.get("ServerlessConfig")
        if serverless and not serverless.get("ProvisionedConcurrency"):
            continue  # It costs by the request.
        now = running.get(variant["VariantName"], {})
        count = now.get("CurrentInstanceCount", variant.get("InitialInstanceCount", 1))
        price = (
            machines(world, "endpoint", variant["InstanceType"], count)
            if "InstanceType" in variant
            else None
        )
        if price is None:
            return None
        total += price
    return total


def _variants(answer: Answer) -> list[dict[str, Any]]:
    return [*answer.get("ProductionVariants", []), *answer.get("ShadowProductionVariants", [])]


ENDPOINT = SageMakerType(
    name="endpoint",
    resource_type="AWS::SageMaker::Endpoint",
    needs_role=True,
    lists="ListEndpoints",
    member="Endpoints",
    identity={"EndpointName": "EndpointName"},
    arn="EndpointArn",
    describes="DescribeEndpoint",
    prove=of_endpoint,
    untold=endpoint_untold,
    status="EndpointStatus",
    hourly=_endpoint_cost,
    billed_in=UP - {"Failed", "OutOfService"},
    deletes="DeleteEndpoint",
    deleted_from=RESTING,
    deleting_stops=True,
    after=("inference component", "scalable target"),
)

CONFIG = SageMakerType(
    name="endpoint configuration",
    resource_type="AWS::SageMaker::EndpointConfig",
    lists="ListEndpointConfigs",
    member="EndpointConfigs",
    identity={"EndpointConfigName": "EndpointConfigName"},
    arn="EndpointConfigArn",
    describes="DescribeEndpointConfig",
    prove=_of_own_config,
    deletes="DeleteEndpointConfig",
    prompt=True,
    after=("endpoint", "inference component"),
)
"""It proves whose the endpoint is, and so do the models: they go after it."""

MODEL = SageMakerType(
    name="model",
    resource_type="AWS::SageMaker::Model",
    lists="ListModels",
    member="Models",
    identity={"ModelName": "ModelName"},
    arn="ModelArn",
    describes="DescribeModel",
    prove=by_role("ExecutionRoleArn"),
    lasting=True,
    deletes="DeleteModel",
    prompt=True,
    after=("endpoint configuration", "inference component", "endpoint", "transform job"),
)

COMPONENT = SageMakerType(
    name="inference component",
    resource_type="AWS::SageMaker::InferenceComponent",
    needs_role=True,
    lists="ListInferenceComponents",
    member="InferenceComponents",
    identity={"InferenceComponentName": "InferenceComponentName"},
    arn="InferenceComponentArn",
    describes="DescribeInferenceComponent",
    prove=_of_component,
    status="InferenceComponentStatus",
    deletes="DeleteInferenceComponent",
    deleted_from=frozenset({"InService", "Failed"}),
    after=("scalable target",),
)
"""Its endpoint costs, not the component."""


@dataclass(frozen=True)
class ScalableTarget:
    """What lets Application Auto Scaling change the size of an endpoint or of a component.

    It has no maker and no role of its own: whose the endpoint is, its scaling is.
    """

    name: str = "scalable target"
    after: tuple[str, ...] = ()
    resource_type: str = "AWS::ApplicationAutoScaling::ScalableTarget"
    needs_role: bool = False
    prompt: bool = True

    def find(self, world: ScanContext) -> Iterator[Resource]:
        """The targets of SageMaker's endpoints and components that could be the workshop's."""
        client = world.clients.client("application-autoscaling", world.scope.place)
        pages = client.get_paginator("describe_scalable_targets")
        for page in pages.paginate(ServiceNamespace="sagemaker"):
            for target in page["ScalableTargets"]:
                thing = self._look(world, target)
                if thing is not None:
                    yield thing

    def stop(self, world: ScanContext, thing: Resource) -> bool:  # noqa: ARG002 - as its protocol
        """It costs nothing."""
        return False

    def delete(self, world: ScanContext, thing: Resource) -> None:
        """Deregister it, with its scaling policies."""
        client = world.clients.client("application-autoscaling", world.scope.place)
        try:
            client.deregister_scalable_target(**thing.details)
        except refusals.Refusal as error:
            if not refusals.is_gone(error):
                raise

    def state(self, world: ScanContext, thing: Resource) -> str | None:
        """Empty as long as it is there."""
        client = world.clients.client("application-autoscaling", world.scope.place)
        found = client.describe_scalable_targets(
            ServiceNamespace="sagemaker",
            ResourceIds=[thing.details["ResourceId"]],
            ScalableDimension=thing.details["ScalableDimension"],
        )
        return "" if found["ScalableTargets"] else None

    def deletable_in(self, state: str) -> bool:  # noqa: ARG002 - as its protocol
        """It has no states."""
        return True

    @staticmethod
    def _look(world: ScanContext, target: Answer) -> Resource | None:
        resource = str(target["ResourceId"])
        of, name, *_ = resource.split("/")
        try:
            if of == "endpoint":
                held = described(world, "DescribeEndpoint", EndpointName=name)
                proven = of_endpoint(world, held) if held else None
            else:
                held = described(world, "DescribeInferenceComponent", InferenceComponentName=name)
                proven = _of_component(world, held) if held else None
        except refusals.Refusal as error:
            proven = Proof(Ownership.UNKNOWN, f"could not be read: {refusals.told(error)}")
        verdict = ownership.judge(
            world,
            name=name,
            arn=str(target.get("ScalableTargetARN", "")),
            proof=proven,
            tagged=None,
        )
        if verdict is None:
            return None
        dimension = str(target["ScalableDimension"])
        return Resource(
            kind="scalable target",
            id=f"{resource} {dimension}",
            place=world.scope.place,
            ownership=verdict.ownership,
            why=verdict.why,
            seat=verdict.seat,
            arn=str(target.get("ScalableTargetARN", "")),
            created=target.get("CreationTime"),
            details={
                "ServiceNamespace": "sagemaker",
                "ResourceId": resource,
                "ScalableDimension": dimension,
            },
        )


KINDS = (ENDPOINT, CONFIG, MODEL, COMPONENT, ScalableTarget())
