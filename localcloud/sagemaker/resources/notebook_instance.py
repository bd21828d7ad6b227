"""Notebook instances, with the status rules of the real service.

Pending -> InService -> Stopping -> Stopped -> Pending ...; an update goes Stopped -> Updating ->
Stopped; only a Stopped or Failed instance can be deleted. Wordings are those the service is
publicly known to answer.
"""

# Every check of a table is called alike, whether it needs all arguments or not.
# ruff: noqa: ARG001
from __future__ import annotations

import hashlib

from localcloud.iam import credentials
from localcloud.local_names import served_at
from localcloud.protocol.errors import invalid
from localcloud.sagemaker import outside, roles
from localcloud.sagemaker.engine import SageMakerEngine
from localcloud.sagemaker.notebook_sessions import LONGEST, TO_OPEN
from localcloud.sagemaker.resource_type import (
    Filter,
    Members,
    Move,
    Record,
    SageMakerResourceType,
    TransitionStep,
)

CREATABLE_PLATFORMS = ("notebook-al2023-v1",)
"""The platforms a new instance may use since 2026-07-01; older ones are refused at creation."""


def _platform_is_creatable(engine: SageMakerEngine, request: Members, members: Members) -> None:
    platform = members["PlatformIdentifier"]
    if platform not in CREATABLE_PLATFORMS:
        raise invalid(f"Platform identifier ({platform}) is not supported for this service.")


def _lifecycle_config_exists(engine: SageMakerEngine, request: Members, members: Members) -> None:
    name = request.get("LifecycleConfigName")
    if name is not None:
        engine.call(
            "DescribeNotebookInstanceLifecycleConfig", {"NotebookInstanceLifecycleConfigName": name}
        )


def _repositories_exist(engine: SageMakerEngine, request: Members, members: Members) -> None:
    named = [request.get("DefaultCodeRepository"), *request.get("AdditionalCodeRepositories", [])]
    for repository in named:
        if repository is not None and not repository.startswith("https://"):
            engine.call("DescribeCodeRepository", {"CodeRepositoryName": repository})


def _network_is_consistent(engine: SageMakerEngine, request: Members, members: Members) -> None:
    if "SubnetId" in request:
        return
    if members["DirectInternetAccess"] == "Disabled":
        raise invalid("DirectInternetAccess can be Disabled only if a SubnetId is given")
    if request.get("SecurityGroupIds"):
        raise invalid("SecurityGroupIds can be given only together with a SubnetId")


def _volume_does_not_shrink(engine: SageMakerEngine, request: Members, members: Members) -> None:
    before = engine.record(KIND, request["NotebookInstanceName"])
    if before and members["VolumeSizeInGB"] < before["members"]["VolumeSizeInGB"]:
        raise invalid(
            "VolumeSizeInGB can only grow: it is "
            f"{before['members']['VolumeSizeInGB']} and cannot become {members['VolumeSizeInGB']}"
        )


def address(arn: str, name: str) -> str:
    """Return host and port of an instance's Jupyter server, stable for its ARN.

    On AWS the host is ``<name>-<suffix>.notebook.<region>.sagemaker.aws``.
    """
    region = arn.split(":")[3]
    suffix = hashlib.sha256(arn.encode()).hexdigest()[:4]
    return served_at(f"{name.lower()}-{suffix}.notebook.{region}.sagemaker")


def _derived(engine: SageMakerEngine, record: Record) -> Members:
    return {"Url": address(record["arn"], record["name"])}


_WITH_MACHINE = (None, "Pending", "InService", "Stopping")
"""Statuses with a compute instance; None is that of one about to be made."""


def _uses(record: Record) -> Members:
    # The total counts what ListNotebookInstances lists. A type's "usage" counts machines: stopping
    # terminates the machine and starting launches another, for which StartNotebookInstance, too,
    # can answer ResourceLimitExceeded (API reference). That a stopped one leaves its type's quota
    # is concluded from this, not measured on AWS.
    uses = {
        "Total number of notebook instances": 1.0,
        "Total EBS volume size in GB across all notebook instances": float(
            record["members"]["VolumeSizeInGB"]
        ),
    }
    if record["status"] in _WITH_MACHINE:
        uses[f"{record['members']['InstanceType']} for notebook instance usage"] = 1.0
    return uses


def presigned_url(engine: SageMakerEngine, request: Members) -> Members:
    """CreatePresignedNotebookInstanceUrl: for an instance that is InService."""
    record = engine.record(KIND, request["NotebookInstanceName"])
    if record is None:
        raise invalid(KIND.missing)
    if record["status"] != "InService":
        raise invalid(
            f"Status ({record['status']}) not in ([InService]). Unable to create a presigned URL "
            f"for {KIND.words} ({record['arn']})"
        )
    seconds = request.get("SessionExpirationDurationInSeconds", LONGEST)
    host = address(record["arn"], record["name"])
    key = credentials.continued(outside.access_key(), seconds + TO_OPEN)
    token = engine.notebook_sessions.link(host, record["name"], key, seconds)
    return {"AuthorizedUrl": f"http://{host}?authToken={token}"}


KIND = SageMakerResourceType(
    noun="NotebookInstance",
    words="Notebook Instance",
    missing="RecordNotFound",
    duplicate="Cannot create a duplicate Notebook Instance ({arn})",
    sort_by="Name",
    descending=False,
    lowercase_arn=True,
    status="NotebookInstanceStatus",
    first_status="Pending",
    steps={
        "Pending": TransitionStep("notebook", "InService"),
        "Stopping": TransitionStep("notebook", "Stopped"),
        "Updating": TransitionStep("notebook", "Stopped"),
        "Deleting": TransitionStep("notebook", None),
    },
    moves=(
        Move("StartNotebookInstance", ("Stopped", "Failed"), "Pending"),
        Move("StopNotebookInstance", ("InService",), "Stopping"),
    ),
    update=Move("UpdateNotebookInstance", ("Stopped", "Failed"), "Updating"),
    delete=Move("DeleteNotebookInstance", ("Stopped", "Failed"), "Deleting"),
    renamed={
        "LifecycleConfigName": "NotebookInstanceLifecycleConfigName",
        "SecurityGroupIds": "SecurityGroups",
    },
    dropped={
        "DisassociateLifecycleConfig": "NotebookInstanceLifecycleConfigName",
        "DisassociateAcceleratorTypes": "AcceleratorTypes",
        "DisassociateDefaultCodeRepository": "DefaultCodeRepository",
        "DisassociateAdditionalCodeRepositories": "AdditionalCodeRepositories",
    },
    defaults={
        "DirectInternetAccess": "Enabled",
        "VolumeSizeInGB": 5,
        "RootAccess": "Enabled",
        "PlatformIdentifier": "notebook-al2023-v1",
        "IpAddressType": "ipv4",
        "InstanceMetadataServiceConfiguration": {"MinimumInstanceMetadataServiceVersion": "1"},
    },
    derived=_derived,
    uses=_uses,
    live=frozenset(
        ("Pending", "InService", "Stopping", "Stopped", "Failed", "Updating", "Deleting")
    ),
    # Only its beginning is publicly known.
    no_capacity="Insufficient notebook instance capacity. ({instance_type})",
    instance_types=lambda members: [members["InstanceType"]],
    filters={
        "NotebookInstanceLifecycleConfigNameContains": Filter(
            "NotebookInstanceLifecycleConfigName", lambda value, asked: asked in (value or "")
        ),
        "DefaultCodeRepositoryContains": Filter(
            "DefaultCodeRepository", lambda value, asked: asked in (value or "")
        ),
        "AdditionalCodeRepositoryEquals": Filter(
            "AdditionalCodeRepositories", lambda value, asked: asked in (value or [])
        ),
    },
    on_create=(
        _platform_is_creatable,
        _network_is_consistent,
        roles.role_is_assumable,
        _lifecycle_config_exists,
        _repositories_exist,
    ),
    on_update=(
        _volume_does_not_shrink,
        roles.role_is_assumable,
        _lifecycle_config_exists,
        _repositories_exist,
    ),
)

OPERATIONS = {"CreatePresignedNotebookInstanceUrl": presigned_url}
