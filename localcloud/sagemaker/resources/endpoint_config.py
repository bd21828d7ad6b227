"""Endpoint configurations: which models run on which machines. They are never changed.

A configuration can be deleted while an endpoint runs what it says: the endpoint keeps running. What
a variant may hold together with what is from the service model's documentation; the wordings are
not measured on AWS but those for names and models.
"""

# Every check of a table is called alike, whether it needs all arguments or not.
# ruff: noqa: ARG001
from __future__ import annotations

from localcloud.protocol.errors import invalid
from localcloud.sagemaker.engine import SageMakerEngine
from localcloud.sagemaker.resource_type import Members, SageMakerResourceType
from localcloud.sagemaker.resources import model

_MACHINES = ("InstanceType", "InstancePools", "ServerlessConfig")
"""Members of a variant of which it has exactly one."""

MEMORY_STEP = 1024
"""Serverless memory comes in multiples of this many MB."""


def variants(members: Members) -> list[Members]:
    """Return production and shadow variants alike."""
    return [*members["ProductionVariants"], *members.get("ShadowProductionVariants", [])]


def _names_are_unique(engine: SageMakerEngine, request: Members, members: Members) -> None:
    names = [variant["VariantName"] for variant in variants(members)]
    for name in names:
        if names.count(name) > 1:
            raise invalid(f'The variant name "{name}" was non-unique within the request.')


def _one_shadow_has_one_production_variant(
    engine: SageMakerEngine, request: Members, members: Members
) -> None:
    shadows = members.get("ShadowProductionVariants", [])
    if shadows and (len(shadows), len(members["ProductionVariants"])) != (1, 1):
        raise invalid(
            "With ShadowProductionVariants, specify one variant there and one in ProductionVariants"
        )


def _machines_are_whole(engine: SageMakerEngine, request: Members, members: Members) -> None:
    for variant in variants(members):
        name = variant["VariantName"]
        if sum(member in variant for member in _MACHINES) != 1:
            raise invalid(f"Variant '{name}' needs exactly one of {', '.join(_MACHINES)}")
        serverless = variant.get("ServerlessConfig")
        if serverless is None:
            if "InitialInstanceCount" not in variant:
                raise invalid(f"Variant '{name}' needs an InitialInstanceCount")
        elif serverless["MemorySizeInMB"] % MEMORY_STEP:
            raise invalid(f"MemorySizeInMB of variant '{name}' must be a multiple of {MEMORY_STEP}")


def _weights_are_one_unless_given(
    engine: SageMakerEngine, request: Members, members: Members
) -> None:
    for variant in variants(members):
        variant.setdefault("InitialVariantWeight", 1.0)


def _models_exist(engine: SageMakerEngine, request: Members, members: Members) -> None:
    for variant in variants(members):
        if "ModelName" in variant:
            engine.existing(model.KIND, variant)
        elif "ExecutionRoleArn" not in members:
            raise invalid(
                f"Variant '{variant['VariantName']}' has no ModelName: specify an ExecutionRoleArn"
            )


def _role_is_assumable(engine: SageMakerEngine, request: Members, members: Members) -> None:
    model.require_role(request.get("ExecutionRoleArn"))


KIND = SageMakerResourceType(
    noun="EndpointConfig",
    words="Endpoint configuration",
    missing='Could not find endpoint configuration "{arn}".',
    duplicate='Cannot create already existing endpoint configuration "{arn}".',
    lowercase_arn=True,
    defaults={"EnableNetworkIsolation": False},
    on_create=(
        _names_are_unique,
        _one_shadow_has_one_production_variant,
        _machines_are_whole,
        _weights_are_one_unless_given,
        _models_exist,
        _role_is_assumable,
    ),
)
