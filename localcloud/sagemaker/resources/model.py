"""Models: containers and a role, the record that endpoints and batch transforms start from.

Nothing keeps a model: it can be deleted while endpoints serve it. The wordings for roles, model
data and names are those the service is publicly known to answer; the others are not measured.
"""

# Every check of a table is called alike, whether it needs all arguments or not.
# ruff: noqa: ARG001
from __future__ import annotations

from typing import Any

from localcloud.protocol.errors import invalid
from localcloud.sagemaker import objects, roles
from localcloud.sagemaker.engine import SageMakerEngine
from localcloud.sagemaker.resource_type import Members, Record, SageMakerResourceType


def role_is_invalid(role_arn: str) -> str:
    """Return hosting's message for a role that it cannot assume: a refusal or a failure reason."""
    return (
        f'The execution role ARN "{role_arn}" is invalid. Please ensure that the role exists and '
        'that its trust relationship policy allows the action "sts:AssumeRole" for the service '
        f'principal "{roles.PRINCIPAL}".'
    )


def require_role(role_arn: str | None) -> None:
    """Raise hosting's refusal of a role that it cannot assume; no role at all is fine."""
    if role_arn is not None and not roles.is_assumable(role_arn):
        raise invalid(role_is_invalid(role_arn))


def images(engine: SageMakerEngine, model: Record) -> list[str]:
    """Return the images of a model's containers, those of its model packages included."""
    return [
        image for container in _containers(model["members"]) for image in _images(engine, container)
    ]


def missing_data(model: Record) -> str | None:
    """Return the address of missing model data, or None."""
    return next((uri for uri in _data(model["members"]) if not objects.keys_under(uri)), None)


def _images(engine: SageMakerEngine, container: Members) -> list[str]:
    if "Image" in container:
        return [container["Image"]]
    package = _package(engine, container)
    specification = package["members"].get("InferenceSpecification", {})
    return [
        package_container["Image"]
        for package_container in specification.get("Containers", [])
        if "Image" in package_container
    ]


def _package(engine: SageMakerEngine, container: Members) -> Record:
    return engine.existing(engine.kinds["ModelPackage"], container)


def _containers(members: Members) -> list[Members]:
    primary = members.get("PrimaryContainer")
    return [primary] if primary is not None else list(members.get("Containers", []))


def _data(members: Members) -> list[str]:
    found: list[Any] = []
    for container in _containers(members):
        source = container.get("ModelDataSource", {}).get("S3DataSource", {})
        found += [container.get("ModelDataUrl"), source.get("S3Uri")]
    return [uri for uri in found if uri is not None and uri.startswith("s3://")]


def _role_is_assumable(engine: SageMakerEngine, request: Members, members: Members) -> None:
    require_role(request.get("ExecutionRoleArn"))


def _containers_are_whole(engine: SageMakerEngine, request: Members, members: Members) -> None:
    if bool(request.get("PrimaryContainer")) == bool(request.get("Containers")):
        raise invalid("Specify either PrimaryContainer or Containers, and not both")
    for container in _containers(members):
        if ("Image" in container) == ("ModelPackageName" in container):
            raise invalid("A container has either an Image or a ModelPackageName, and not both")


def _packages_are_approved(engine: SageMakerEngine, request: Members, members: Members) -> None:
    for container in _containers(members):
        if "ModelPackageName" in container:
            package = _package(engine, container)
            if package["members"].get("ModelApprovalStatus", "Approved") != "Approved":
                raise invalid(f"Model package {package['arn']} is not approved for deployment")


def _data_is_there(engine: SageMakerEngine, request: Members, members: Members) -> None:
    for uri in _data(members):
        if not objects.keys_under(uri):
            raise invalid(f"Could not find model data at {uri}.")


KIND = SageMakerResourceType(
    noun="Model",
    words="Model",
    missing='Could not find model "{arn}".',
    duplicate='Cannot create already existing model "{arn}".',
    lowercase_arn=True,
    defaults={"EnableNetworkIsolation": False},
    on_create=(
        _role_is_assumable,
        _containers_are_whole,
        _packages_are_approved,
        _data_is_there,
    ),
)
