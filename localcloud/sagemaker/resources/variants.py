"""The variants of an endpoint: what a configuration asks for, what runs, and what is asked next.

A deployment is what an endpoint keeps of a configuration, which may be deleted meanwhile. Plain
values only, so that it survives a restart.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

from localcloud.protocol.errors import invalid
from localcloud.sagemaker.engine import SageMakerEngine
from localcloud.sagemaker.resource_type import Members, Record
from localcloud.sagemaker.resources import model

Variant = dict[str, Any]
"""``shown`` (the variant's summary in the API's names), ``type`` (of its instances, None if it is
serverless), ``model`` (its name or None), ``start`` (seconds since the epoch), ``served`` (how many
requests)."""

Deployment = dict[str, Any]
"""``config`` (its name), ``start`` (seconds since the epoch), ``variants`` and ``shadows`` (lists
of variants), ``roles`` (ARNs), ``settings`` (what else an endpoint shows of its configuration)."""

_PAIRS = ("Weight", "InstanceCount", "ServerlessConfig")
"""Each has a Current... and a Desired... one in the summary of a variant."""


def deployment(engine: SageMakerEngine, config: Record, moment: float) -> Deployment:
    """Return what a configuration asks for; raises the refusal for a model that is gone."""
    members = config["members"]
    roles = {members["ExecutionRoleArn"]} if "ExecutionRoleArn" in members else set()

    def made(name: str) -> list[Variant]:
        found = []
        for asked in members.get(name, []):
            of = engine.existing(model.KIND, asked) if "ModelName" in asked else None
            if of is not None and "ExecutionRoleArn" in of["members"]:
                roles.add(of["members"]["ExecutionRoleArn"])
            found.append(_variant(engine, asked, of, moment))
        return found

    return {
        "config": config["name"],
        "start": moment,
        "variants": made("ProductionVariants"),
        "shadows": made("ShadowProductionVariants"),
        "roles": sorted(roles),
        "settings": _settings(members),
    }


def all_of(deployed: Deployment | None) -> list[Variant]:
    """Return production and shadow variants alike; none of no deployment."""
    return [] if deployed is None else [*deployed["variants"], *deployed["shadows"]]


def named(deployed: Deployment, name: str) -> Variant | None:
    """Return the variant of this name, or None."""
    return next(
        (variant for variant in all_of(deployed) if variant["shown"]["VariantName"] == name), None
    )


def running(deployed: Deployment, status: str | None = None) -> Members:
    """Return an endpoint's members for what runs; ``status`` is that of its variants, if any."""
    now = {} if status is None else {"VariantStatus": [{"Status": status}]}
    return {
        "ProductionVariants": [{**variant["shown"], **now} for variant in deployed["variants"]],
        "ShadowProductionVariants": [{**variant["shown"], **now} for variant in deployed["shadows"]]
        or None,
        **deployed["settings"],
    }


def pending(deployed: Deployment) -> Members:
    """Return an endpoint's members for a deployment in progress: nothing of it runs yet."""

    def shown(variant: Variant) -> Members:
        asked = {
            name: value
            for name, value in variant["shown"].items()
            if not name.startswith("Current") and name != "InstancePools"
        }
        status = [{"Status": "Creating", "StartTime": deployed["start"]}]
        return {**asked, "InstanceType": variant["type"], "VariantStatus": status}

    return {
        "EndpointConfigName": deployed["config"],
        "StartTime": deployed["start"],
        "ProductionVariants": [shown(variant) for variant in deployed["variants"]],
        "ShadowProductionVariants": [shown(variant) for variant in deployed["shadows"]] or None,
    }


def instances(variant: Variant) -> int:
    """Return how many instances a variant takes, those on their way included."""
    shown = variant["shown"]
    return int(max(shown.get("CurrentInstanceCount", 0), shown.get("DesiredInstanceCount", 0)))


def streams(endpoint_arn: str, variant: Variant) -> list[str]:
    """Return the log streams of a variant, one for each of its instances.

    A serverless variant writes to one, and only when it serves.
    """
    shown = variant["shown"]
    name = shown["VariantName"]
    place = f"{endpoint_arn}/{name}/{variant['start']}"
    return [
        f"{name}/i-{hashlib.sha256(f'{place}/{number}'.encode()).hexdigest()[:17]}"
        for number in range(shown.get("CurrentInstanceCount", 0))
    ]


def arrive(variant: Variant) -> None:
    """Set the current values to the desired ones."""
    _copy(variant["shown"], "Desired", "Current")
    for number, pool in enumerate(variant["shown"].get("InstancePools", [])):
        # The first pool gives all; the others stand by.
        pool["CurrentInstanceCount"] = 0 if number else variant["shown"]["CurrentInstanceCount"]


def give_up(variant: Variant) -> None:
    """Set the desired values to the current ones."""
    _copy(variant["shown"], "Current", "Desired")


def change(deployed: Deployment, changes: list[Members]) -> None:
    """Set desired weights, counts or concurrencies; raise the refusal of an unknown variant."""
    names = [change["VariantName"] for change in changes]
    for asked in changes:
        name = asked["VariantName"]
        if names.count(name) > 1:
            raise invalid(f'The variant name "{name}" was non-unique within the request.')
        variant = named(deployed, name)
        if variant is None:
            raise invalid(
                f'The variant name(s) "{name}" is/are not present within endpoint configuration '
                f'"{deployed["config"]}".'
            )
        for member in ("DesiredWeight", "DesiredInstanceCount"):
            if member in asked:
                variant["shown"][member] = asked[member]
        if "ServerlessUpdateConfig" in asked:
            before = variant["shown"].get("CurrentServerlessConfig", {})
            variant["shown"]["DesiredServerlessConfig"] = {
                **before,
                **asked["ServerlessUpdateConfig"],
            }


def retain(asked: Deployment, before: Deployment, excluded: set[str]) -> None:
    """Keep counts, weights and data capture of variants that were there before, unless excluded."""
    for variant in all_of(asked):
        same = named(before, variant["shown"]["VariantName"])
        for member in ("DesiredInstanceCount", "DesiredWeight"):
            if same is not None and member in same["shown"] and member not in excluded:
                variant["shown"][member] = same["shown"][member]
    if "DataCaptureConfig" not in excluded and "DataCaptureConfig" in before["settings"]:
        asked["settings"]["DataCaptureConfig"] = before["settings"]["DataCaptureConfig"]


def grows_on(deployed: Deployment | None, lacks: Callable[[str], bool]) -> str | None:
    """Return the first instance type without capacity, or None."""
    for variant in all_of(deployed):
        shown = variant["shown"]
        wanted = shown.get("DesiredInstanceCount", 0) > shown.get("CurrentInstanceCount", 0)
        if wanted and variant["type"] is not None and lacks(variant["type"]):
            return str(variant["type"])
    return None


def types(deployed: Deployment | None) -> Iterator[str]:
    """Return the instance types that a deployment needs."""
    return (variant["type"] for variant in all_of(deployed) if variant["type"] is not None)


def _variant(engine: SageMakerEngine, asked: Members, of: Record | None, moment: float) -> Variant:
    shown: Members = {
        "VariantName": asked["VariantName"],
        "CurrentWeight": 0.0,
        "DesiredWeight": asked["InitialVariantWeight"],
        **{
            member: asked[member]
            for member in ("ManagedInstanceScaling", "RoutingConfig")
            if member in asked
        },
    }
    if of is not None:
        images = model.images(engine, of)
        shown["DeployedImages"] = [deployed_image(image, moment) for image in images]
    pools = asked.get("InstancePools", [])
    if "ServerlessConfig" in asked:
        shown["DesiredServerlessConfig"] = asked["ServerlessConfig"]
    else:
        shown["CurrentInstanceCount"] = 0
        shown["DesiredInstanceCount"] = asked["InitialInstanceCount"]
    if pools:
        shown["InstancePools"] = [
            {"InstanceType": pool["InstanceType"], "CurrentInstanceCount": 0} for pool in pools
        ]
    return {
        "shown": shown,
        "type": asked.get("InstanceType") or next((pool["InstanceType"] for pool in pools), None),
        "model": asked.get("ModelName"),
        "start": moment,
        "served": 0,
    }


def deployed_image(image: str, moment: float) -> Members:
    """Return an image as asked for and as found, at a moment (seconds since the epoch)."""
    digest = hashlib.sha256(image.encode()).hexdigest()
    name = image.partition("@")[0]
    # A colon before the last slash belongs to the registry's port.
    repository, colon, tag = name.rpartition(":")
    bare = repository if colon and "/" not in tag else name
    return {
        "SpecifiedImage": image,
        "ResolvedImage": image if "@" in image else f"{bare}@sha256:{digest}",
        "ResolutionTime": moment,
    }


def _settings(config: Members) -> Members:
    shown: Members = {
        member: config[member]
        for member in ("AsyncInferenceConfig", "ExplainerConfig", "MetricsConfig")
        if member in config
    }
    capture = config.get("DataCaptureConfig")
    if capture is not None:
        enabled = capture.get("EnableCapture", False)
        shown["DataCaptureConfig"] = {
            "EnableCapture": enabled,
            "CaptureStatus": "Started" if enabled else "Stopped",
            "CurrentSamplingPercentage": capture["InitialSamplingPercentage"],
            "DestinationS3Uri": capture["DestinationS3Uri"],
            "KmsKeyId": capture.get("KmsKeyId", ""),
        }
    return shown


def _copy(shown: Members, source: str, target: str) -> None:
    for member in _PAIRS:
        if source + member in shown:
            shown[target + member] = shown[source + member]
