"""Model packages: numbered versions in a group, or single ones with a name of their own.

Pending -> InProgress -> Completed. A version's key is ``group/number``; the group counts them, so
that a number never comes back. The wordings of refusals at creation are publicly known; that of
what is not found follows the groups', the others are not measured on AWS.
"""

# Every check of a table is called alike, whether it needs all arguments or not.
# ruff: noqa: ARG001
from __future__ import annotations

from localcloud.protocol.errors import invalid
from localcloud.sagemaker import listing
from localcloud.sagemaker.engine import SageMakerEngine
from localcloud.sagemaker.resource_type import (
    Filter,
    Members,
    Record,
    SageMakerResourceType,
    TransitionStep,
)
from localcloud.sagemaker.resources import model_package_group


def _group(engine: SageMakerEngine, request: Members) -> Record:
    return engine.existing(model_package_group.KIND, request)


def _identify(engine: SageMakerEngine, request: Members) -> str:
    """Return the name of a new package; a version's is the group's with the next number."""
    named, grouped = request.get("ModelPackageName"), request.get("ModelPackageGroupName")
    if named is not None and grouped is not None:
        raise invalid(
            "Both ModelPackageName and ModelPackageGroupName are provided in the input. Cannot "
            "determine which one to use."
        )
    if grouped is None:
        if named is None:
            raise invalid("Missing ARN.")
        return str(named)
    group = _group(engine, request)
    return f"{group['name']}/{group.get('versions', 0) + 1}"


def _locate(engine: SageMakerEngine, request: Members) -> str | None:
    """Return the key of the package that a name, ``group/number`` or an ARN means."""
    asked = str(request.get("ModelPackageArn") or request["ModelPackageName"])
    if not asked.startswith("arn:"):
        return asked
    found = engine.by_arn(asked)
    if found is None or found[0] is not KIND:
        raise invalid(KIND.missing.format(arn=asked))
    return str(found[1]["key"])


def _versioned(engine: SageMakerEngine, record: Record) -> str:
    return "Versioned" if "ModelPackageGroupName" in record["members"] else "Unversioned"


def _version_has_no_tags(engine: SageMakerEngine, request: Members, members: Members) -> None:
    if "ModelPackageGroupName" in request and request.get("Tags"):
        raise invalid("Tags cannot be given for a versioned model package: tag its group instead.")


def _takes_its_place(engine: SageMakerEngine, request: Members, members: Members) -> None:
    if "ModelPackageGroupName" not in request:
        members.setdefault("CertifyForMarketplace", False)
        return
    group = _group(engine, request)
    members["ModelPackageGroupName"] = group["name"]
    members["ModelPackageVersion"] = group.get("versions", 0) + 1
    members.setdefault("ModelApprovalStatus", "PendingManualApproval")


def _count(engine: SageMakerEngine, record: Record, moment: float) -> None:
    if "ModelPackageGroupName" in record["members"]:
        _group(engine, record["members"])["versions"] = record["members"]["ModelPackageVersion"]


def _adds_and_removes(engine: SageMakerEngine, request: Members, members: Members) -> None:
    properties = members.get("CustomerMetadataProperties", {})
    for name in members.pop("CustomerMetadataPropertiesToRemove", []):
        properties.pop(name, None)
    added = members.pop("AdditionalInferenceSpecificationsToAdd", [])
    if added:
        before = members.get("AdditionalInferenceSpecifications", [])
        members["AdditionalInferenceSpecifications"] = [*before, *added]


def _derived(engine: SageMakerEngine, record: Record) -> Members:
    # A version has no name of its own; the Python SDK would ask for it by a name it got.
    return {"ModelPackageName": None} if "ModelPackageGroupName" in record["members"] else {}


def list_packages(engine: SageMakerEngine, request: Members) -> Members:
    """ListModelPackages: by default unversioned packages, or the versions of a group."""
    grouped = request.get("ModelPackageGroupName")
    asked = {"ModelPackageType": "Unversioned", **request}
    if grouped is not None:
        group = _group(engine, request)
        asked = {"ModelPackageType": "Versioned", **request, "ModelPackageGroupName": group["name"]}
    return listing.page(engine, KIND, asked)


KIND = SageMakerResourceType(
    noun="ModelPackage",
    words="Model package",
    missing="ModelPackage {arn} does not exist.",
    duplicate="Model Package already exists: {arn}",
    identify=_identify,
    locate=_locate,
    descending=False,
    status="ModelPackageStatus",
    first_status="Pending",
    steps={
        "Pending": TransitionStep("model_package", "InProgress"),
        "InProgress": TransitionStep("model_package", "Completed"),
    },
    forgotten=frozenset(("ClientToken", "ModelPackageArn")),
    defaults={"ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []}},
    derived=_derived,
    filters={
        "ModelApprovalStatus": Filter("ModelApprovalStatus"),
        "ModelPackageGroupName": Filter("ModelPackageGroupName"),
        "ModelPackageType": Filter(
            "", of=_versioned, accepts=lambda value, asked: asked in (value, "Both")
        ),
    },
    on_create=(_version_has_no_tags, _takes_its_place),
    on_update=(_adds_and_removes,),
    on_enter={"": (_count,)},
    uses=lambda _: {"Maximum number of SageMaker Model Package allowed per account": 1.0},
    live=frozenset(("Pending", "InProgress", "Completed", "Failed")),
)

OPERATIONS = {"ListModelPackages": list_packages}
"""Operations that no table describes."""
