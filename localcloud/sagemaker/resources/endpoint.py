"""Endpoints: machines that serve models, and cost, until somebody deletes them.

Creating -> InService | Failed; an update goes InService -> Updating -> InService, by RollingBack if
it cannot be done. While anything is in progress nothing else is accepted, deletion included; a
failed endpoint can only be deleted. Deleting lasts for as long as a role that the endpoint was made
with cannot be assumed, since the service needs it to take its machines away. The wordings are those
the service is publicly known to answer, where nothing else is said.
"""

# Every check of a table is called alike, whether it needs all arguments or not.
# ruff: noqa: ARG001
from __future__ import annotations

import copy
from collections import Counter

from localcloud.protocol.errors import invalid
from localcloud.sagemaker import roles, side_effects
from localcloud.sagemaker.engine import SageMakerEngine
from localcloud.sagemaker.resource_type import (
    Members,
    Move,
    Record,
    SageMakerResourceType,
    TransitionStep,
)
from localcloud.sagemaker.resources import endpoint_config, model, variants

_IN_PROGRESS = 'Cannot update in-progress endpoint "{arn}".'

SERVING = frozenset(("InService", "Updating", "SystemUpdating", "RollingBack"))
"""Statuses in which an endpoint answers: an update changes nothing until it has succeeded."""

_CHANGE = Move("UpdateEndpointWeightsAndCapacities", ("InService",), "Updating", _IN_PROGRESS)


def _asked_for(engine: SageMakerEngine, request: Members) -> variants.Deployment:
    config = engine.existing(endpoint_config.KIND, request)
    return variants.deployment(engine, config, engine.clock.now())


def _takes_configuration(engine: SageMakerEngine, request: Members, members: Members) -> None:
    members["Next"] = _asked_for(engine, request)
    members["LastDeploymentConfig"] = request.get("DeploymentConfig")


def _takes_next_configuration(engine: SageMakerEngine, request: Members, members: Members) -> None:
    record = engine.existing(KIND, request)
    if record["status"] == "Failed":
        # As the documentation of DescribeEndpoint says; the wording is not measured on AWS.
        raise invalid(f'Cannot update failed endpoint "{record["arn"]}".')
    asked = _asked_for(engine, request)
    if request.get("RetainAllVariantProperties"):
        excluded = request.get("ExcludeRetainedVariantProperties", [])
        variants.retain(asked, members["Now"], {entry["VariantPropertyType"] for entry in excluded})
    # Both fleets run until the traffic has shifted.
    engine.quotas.require("sagemaker", _amounts(asked), engine.in_use)
    members["Next"] = asked
    members["EndpointConfigName"] = members["Now"]["config"]
    if not request.get("RetainDeploymentConfig"):
        members["LastDeploymentConfig"] = request.get("DeploymentConfig")
    record["failure"] = None


def _holds_no_component(engine: SageMakerEngine, request: Members, members: Members) -> None:
    held = [
        record["name"]
        for record in engine.records(engine.kinds["InferenceComponent"])
        if record["members"]["EndpointName"] == members["EndpointName"]
    ]
    if held:
        # That it is refused is reported in public; the wording is not measured on AWS.
        raise invalid(
            f'Cannot delete endpoint "{members["EndpointArn"]}": it still hosts inference '
            f"components ({', '.join(held)})."
        )


def _deployments(record: Record) -> list[variants.Deployment]:
    kept = (record["members"].get("Now"), record["members"].get("Next"))
    return [deployed for deployed in kept if deployed is not None]


def _amounts(*deployed: variants.Deployment) -> Counter[str]:
    amounts: Counter[str] = Counter()
    for variant in (variant for deployment in deployed for variant in variants.all_of(deployment)):
        if variant["type"] is not None:
            taken = variants.instances(variant)
            amounts[f"{variant['type']} for endpoint usage"] += taken
            amounts["Number of instances across active endpoints"] += taken
    return amounts


def _missing(engine: SageMakerEngine, asked: variants.Deployment) -> str | None:
    for role in asked["roles"]:
        if not roles.is_assumable(role):
            return model.role_is_invalid(role)
    for variant in variants.all_of(asked):
        used = engine.record(model.KIND, variant["model"]) if variant["model"] else None
        gone = model.missing_data(used) if used is not None else None
        if gone is not None:
            # The service's words for this when a model is made.
            return f"Could not find model data at {gone}."
    return None


def _fails(engine: SageMakerEngine, record: Record) -> str | None:
    return _missing(engine, record["members"]["Next"])


def _trouble(engine: SageMakerEngine, record: Record) -> str | None:
    """Return the FailureReason of an update that cannot be done, or None."""
    asked = record["members"].get("Next")
    missing = _missing(engine, asked) if asked is not None else None
    if missing is not None:
        return missing
    for deployed in _deployments(record):
        lacking = variants.grows_on(deployed, engine.faults.lacks_capacity)
        if lacking is not None:
            return (
                "CapacityError: Unable to provision requested ML compute capacity due to "
                "InsufficientInstanceCapacity error. Please retry using a different ML instance "
                f"type ({lacking}) or after some time."
            )
    return None


def _rolls_back(engine: SageMakerEngine, record: Record) -> str | None:
    # Asked only once: the next answer may be another.
    record["failure"] = _trouble(engine, record)
    return None if record["failure"] is None else "RollingBack"


def _role_is_gone(engine: SageMakerEngine, record: Record) -> bool:
    needed = {role for deployed in _deployments(record) for role in deployed["roles"]}
    return not all(roles.is_assumable(role) for role in needed)


def _give_up(engine: SageMakerEngine, record: Record, moment: float) -> None:
    record["members"].pop("Next", None)
    for variant in variants.all_of(record["members"].get("Now")):
        variants.give_up(variant)


def _arrive(engine: SageMakerEngine, record: Record, moment: float) -> None:
    members = record["members"]
    members["Now"] = members.pop("Next", None) or members["Now"]
    members["EndpointConfigName"] = members["Now"]["config"]
    for variant in variants.all_of(members["Now"]):
        variants.arrive(variant)


def log_group(record: Record) -> str:
    """Return the log group of an endpoint, below ``/aws/sagemaker/``."""
    return f"Endpoints/{record['name']}"


def _work(engine: SageMakerEngine, record: Record, moment: float) -> None:
    """Write the containers' log lines and the metrics of their machines."""
    for variant in variants.all_of(record["members"].get("Now")):
        name = variant["shown"]["VariantName"]
        for stream in variants.streams(record["arn"], variant):
            side_effects.write_log(log_group(record), stream, moment, '"GET /ping HTTP/1.1" 200')
        if variant["type"] is not None:
            place = {"EndpointName": record["name"], "VariantName": name}
            side_effects.publish_machine("/aws/sagemaker/Endpoints", place, variant["type"], moment)


def _derived(engine: SageMakerEngine, record: Record) -> Members:
    now, asked = record["members"].get("Now"), record["members"].get("Next")
    changing = record["status"] == "Updating" and asked is None
    shown = {} if now is None else variants.running(now, "Updating" if changing else None)
    if asked is not None:
        shown["PendingDeploymentSummary"] = variants.pending(asked)
    return shown


def change_weights(engine: SageMakerEngine, request: Members) -> Members:
    """UpdateEndpointWeightsAndCapacities: other weights and counts for what runs."""
    record = engine.existing(KIND, request)
    now: variants.Deployment | None = record["members"].get("Now")
    changed = copy.deepcopy(now)
    if now is not None and changed is not None:
        variants.change(changed, request["DesiredWeightsAndCapacities"])
        engine.quotas.require("sagemaker", _amounts(changed) - _amounts(now), engine.in_use)
    engine.move(KIND, record, _CHANGE)
    record["members"]["Now"] = changed
    record["failure"] = None
    return {"EndpointArn": record["arn"]}


KIND = SageMakerResourceType(
    noun="Endpoint",
    words="Endpoint",
    missing='Could not find endpoint "{arn}".',
    duplicate='Cannot create already existing endpoint "{arn}".',
    lowercase_arn=True,
    status="EndpointStatus",
    first_status="Creating",
    steps={
        "Creating": TransitionStep("endpoint", "InService", fails=_fails),
        "Updating": TransitionStep("endpoint", "InService", instead=_rolls_back),
        "SystemUpdating": TransitionStep("endpoint", "InService"),
        "RollingBack": TransitionStep("endpoint", "InService"),
        "Deleting": TransitionStep("endpoint", None, blocked=_role_is_gone),
    },
    update=Move("UpdateEndpoint", ("InService", "Failed"), "Updating", _IN_PROGRESS),
    delete=Move(
        "DeleteEndpoint",
        ("InService", "OutOfService", "Failed", "UpdateRollbackFailed"),
        "Deleting",
        _IN_PROGRESS,
    ),
    forgotten=frozenset(
        (
            "DeploymentConfig",
            "RetainDeploymentConfig",
            "RetainAllVariantProperties",
            "ExcludeRetainedVariantProperties",
        )
    ),
    hidden=frozenset(("Now", "Next")),
    derived=_derived,
    on_create=(_takes_configuration,),
    on_update=(_takes_next_configuration,),
    on_delete=(_holds_no_component,),
    on_enter={
        "InService": (_arrive, _work),
        "RollingBack": (_give_up,),
        "Failed": (_give_up,),
    },
    on_tick=dict.fromkeys((*sorted(SERVING), "Deleting"), (_work,)),
    uses=lambda record: _amounts(*_deployments(record)),
    live=frozenset(("Creating", "Deleting")) | SERVING,
    instance_types=lambda members: variants.types(members["Next"]),
)

OPERATIONS = {"UpdateEndpointWeightsAndCapacities": change_weights}
"""Operations that no table describes."""
