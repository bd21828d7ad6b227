"""Inference components: models that share the machines of an endpoint whose variants name none.

Creating -> InService; only one that rests (InService, Failed) can be changed or deleted, and a base
only without its adapters. The wordings of what is not found, of endpoints that take no components
and, in part, of bases and deletions in progress are publicly known; the others are not measured.
"""

# Every check of a table is called alike, whether it needs all arguments or not.
# ruff: noqa: ARG001
from __future__ import annotations

import hashlib

from localcloud.protocol.errors import invalid
from localcloud.sagemaker import side_effects
from localcloud.sagemaker.engine import SageMakerEngine
from localcloud.sagemaker.resource_type import (
    Filter,
    Members,
    Move,
    Record,
    SageMakerResourceType,
    TransitionStep,
)
from localcloud.sagemaker.resources import endpoint, model, variants

_RESTING = ("InService", "Failed")

SERVING = frozenset(("InService", "Updating"))
"""Statuses in which a component answers."""

_IN_PROGRESS = {
    "Creating": "CREATE_IN_PROGRESS",
    "Updating": "UPDATE_IN_PROGRESS",
    "Deleting": "DELETE_IN_PROGRESS",
}
"""Status -> what refusals call it."""

_REFUSAL = "Inference component {arn} is in status {status} and cannot be changed now."


def _specifications(members: Members) -> list[Members]:
    single = members.get("Specification")
    return [single] if single is not None else list(members.get("Specifications", []))


def _endpoint_takes_it(engine: SageMakerEngine, request: Members, members: Members) -> None:
    host = engine.existing(endpoint.KIND, request)
    members["EndpointName"] = host["name"]
    if host["status"] != "InService":
        raise invalid(
            f'Endpoint "{host["arn"]}" is in status {host["status"]}, but must be InService.'
        )
    deployed: variants.Deployment = host["members"]["Now"]
    base = _base(members)
    if base is not None:
        # An adapter stands where its base does.
        found = engine.existing(KIND, {KIND.name: base})
        members["VariantName"] = found["members"]["VariantName"]
    name = members.get("VariantName")
    variant = variants.named(deployed, name) if name is not None else None
    if variant is None:
        raise invalid(f'Could not find variant "{name}" of endpoint "{host["arn"]}".')
    if variant["model"] is not None:
        raise invalid(
            "Inference Components are not supported in this Endpoint. Please make sure this "
            "endpoint can deploy inference components."
        )


def _base(members: Members) -> str | None:
    names = (
        specification.get("BaseInferenceComponentName")
        for specification in _specifications(members)
    )
    return next((name for name in names if name is not None), None)


def _specification_is_whole(engine: SageMakerEngine, request: Members, members: Members) -> None:
    if ("Specification" in request) == ("Specifications" in request):
        raise invalid("Specify either Specification or Specifications, and not both")
    for specification in _specifications(members):
        if "ModelName" in specification:
            engine.existing(model.KIND, specification)
        elif "Container" not in specification:
            raise invalid("A Specification needs a ModelName or a Container")


def _what_is_updated_is_whole(engine: SageMakerEngine, request: Members, members: Members) -> None:
    if "Specification" in request or "Specifications" in request:
        other = "Specifications" if "Specification" in request else "Specification"
        members.pop(other, None)
        _specification_is_whole(engine, request, members)
    elif "RuntimeConfig" not in request:
        raise invalid("Specify a Specification, Specifications or a RuntimeConfig")


def _rests(engine: SageMakerEngine, request: Members, members: Members) -> None:
    status = members["InferenceComponentStatus"]
    if status in _IN_PROGRESS:
        raise invalid(
            f"Cannot delete inference component {members['InferenceComponentArn']}: it is in "
            f"status {_IN_PROGRESS[status]}."
        )


def _carries_no_adapter(engine: SageMakerEngine, request: Members, members: Members) -> None:
    name = members["InferenceComponentName"]
    if any(_base(other["members"]) == name for other in engine.records(KIND)):
        raise invalid(
            f"{members['InferenceComponentArn']} is a base inference component for one or more "
            "associated inference components. Delete those first."
        )


def _settle(engine: SageMakerEngine, record: Record, moment: float) -> None:
    record["members"]["Copies"] = _wanted(record)


def _wanted(record: Record) -> int:
    return int(record["members"].get("RuntimeConfig", {}).get("CopyCount", 1))


def _work(engine: SageMakerEngine, record: Record, moment: float) -> None:
    for number in range(record["members"].get("Copies", 0)):
        copy = hashlib.sha256(f"{record['arn']}/{number}".encode()).hexdigest()[:12]
        stream = f"{record['members']['VariantName']}/{copy}"
        side_effects.write_log(f"InferenceComponents/{record['name']}", stream, moment, "serving")


def _derived(engine: SageMakerEngine, record: Record) -> Members:
    members = record["members"]
    host = engine.kinds["Endpoint"]
    shown: Members = {
        "EndpointArn": engine.arn(host, members["EndpointName"]),
        "RuntimeConfig": {
            "DesiredCopyCount": _wanted(record),
            "CurrentCopyCount": members.get("Copies", 0),
        },
    }
    if "Specification" in members:
        shown["Specification"] = _summary(members["Specification"], record["created"])
    if "Specifications" in members:
        shown["Specifications"] = [
            _summary(specification, record["created"])
            for specification in members["Specifications"]
        ]
    return shown


def _summary(specification: Members, moment: float) -> Members:
    container = dict(specification.get("Container", {}))
    image = container.pop("Image", None)
    if image is not None:
        container["DeployedImage"] = variants.deployed_image(image, moment)
    return {**specification, "Container": container or None}


_SCALE = Move("UpdateInferenceComponentRuntimeConfig", _RESTING, "Updating", _REFUSAL)


def change_copies(engine: SageMakerEngine, request: Members) -> Members:
    """UpdateInferenceComponentRuntimeConfig: run another number of copies."""
    record = engine.existing(KIND, request)
    engine.move(KIND, record, _SCALE)
    record["members"]["RuntimeConfig"] = request["DesiredRuntimeConfig"]
    return {"InferenceComponentArn": record["arn"]}


KIND = SageMakerResourceType(
    noun="InferenceComponent",
    words="Inference component",
    missing='Could not find inference component "{arn}".',
    duplicate='Cannot create already existing inference component "{arn}".',
    status="InferenceComponentStatus",
    first_status="Creating",
    steps={
        "Creating": TransitionStep("inference_component", "InService"),
        "Updating": TransitionStep("inference_component", "InService"),
        "Deleting": TransitionStep("inference_component", None),
    },
    update=Move("UpdateInferenceComponent", _RESTING, "Updating", _REFUSAL),
    delete=Move("DeleteInferenceComponent", _RESTING, "Deleting", _REFUSAL),
    renamed={"DeploymentConfig": "LastDeploymentConfig"},
    hidden=frozenset(("Copies",)),
    derived=_derived,
    filters={
        "EndpointNameEquals": Filter("EndpointName"),
        "VariantNameEquals": Filter("VariantName"),
    },
    on_create=(_endpoint_takes_it, _specification_is_whole),
    on_update=(_what_is_updated_is_whole,),
    on_delete=(_rests, _carries_no_adapter),
    on_enter={"InService": (_settle, _work)},
    on_tick=dict.fromkeys(("InService", "Updating", "Deleting"), (_work,)),
)

OPERATIONS = {"UpdateInferenceComponentRuntimeConfig": change_copies}
"""Operations that no table describes."""
