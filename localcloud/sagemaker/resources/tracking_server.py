"""MLflow tracking servers: machines that cost while they are started.

Creating -> Created; then Stopping -> Stopped -> Starting -> Started, and Updating -> Updated. One
without its bucket ends in CreateFailed or UpdateFailed (concluded, not measured). The wordings
for wrong statuses are publicly known for stopping and deleting, and the others follow them; that of
what is not found is not measured.
"""

# Every check of a table is called alike, whether it needs all arguments or not.
# ruff: noqa: ARG001
from __future__ import annotations

import hashlib

from localcloud import ministack_adapter
from localcloud.sagemaker import objects, roles
from localcloud.sagemaker.engine import SageMakerEngine
from localcloud.sagemaker.resource_type import (
    Filter,
    Members,
    Move,
    Record,
    SageMakerResourceType,
    TransitionStep,
)

_RUNNING = ("Created", "Started", "Updated")
_BROKEN = ("CreateFailed", "UpdateFailed", "StopFailed", "StartFailed", "DeleteFailed")


def _address(record: Record) -> str:
    digest = hashlib.sha256(record["arn"].encode()).hexdigest()[:12]
    return f"https://t-{digest}.{ministack_adapter.region()}.experiments.sagemaker.aws"


def _derived(engine: SageMakerEngine, record: Record) -> Members:
    running = record["status"] in (*_RUNNING, "Updating")
    return {
        "TrackingServerUrl": _address(record),
        "IsActive": "Active" if running else "Inactive",
        "S3BucketOwnerAccountId": record["members"].get(
            "S3BucketOwnerAccountId", ministack_adapter.account()
        ),
    }


def presigned_url(engine: SageMakerEngine, request: Members) -> Members:
    """CreatePresignedMlflowTrackingServerUrl: the address with a token; nobody answers there."""
    record = engine.existing(KIND, request)
    token = hashlib.sha256(f"{record['arn']}@{engine.clock.now()}".encode()).hexdigest()
    return {"AuthorizedUrl": f"{_address(record)}/auth?authToken={token}"}


def _refusal(what: str) -> str:
    return f"Tracking Server with ARN {{arn}} is currently in status {{STATUS}}, can't be {what}."


KIND = SageMakerResourceType(
    noun="MlflowTrackingServer",
    words="Tracking Server",
    name="TrackingServerName",
    arn="TrackingServerArn",
    missing="Tracking Server with ARN {arn} does not exist.",
    missing_code="ResourceNotFound",
    duplicate="Tracking Server with ARN {arn} already exists.",
    status="TrackingServerStatus",
    first_status="Creating",
    steps={
        "Creating": TransitionStep(
            "tracking_server", "Created", instead=objects.without_bucket("CreateFailed")
        ),
        "Updating": TransitionStep(
            "tracking_server", "Updated", instead=objects.without_bucket("UpdateFailed")
        ),
        "Stopping": TransitionStep("tracking_server", "Stopped"),
        "Starting": TransitionStep("tracking_server", "Started"),
        "Deleting": TransitionStep("tracking_server", None),
    },
    moves=(
        Move("StopMlflowTrackingServer", _RUNNING, "Stopping", _refusal("stopped")),
        Move("StartMlflowTrackingServer", ("Stopped",), "Starting", _refusal("started")),
    ),
    update=Move(
        "UpdateMlflowTrackingServer",
        (*_RUNNING, "UpdateFailed"),
        "Updating",
        _refusal("updated"),
    ),
    delete=Move(
        "DeleteMlflowTrackingServer",
        (*_RUNNING, "Stopped", *_BROKEN),
        "Deleting",
        "Tracking Server is in un-deletable state ({STATUS}), so it cannot be deleted.",
    ),
    defaults={
        "TrackingServerSize": "Small",
        "MlflowVersion": "3.0",
        "AutomaticModelRegistration": False,
        "WeeklyMaintenanceWindowStart": "Sun:04:00",
        "S3BucketOwnerVerification": True,
    },
    derived=_derived,
    filters={
        "TrackingServerStatus": Filter("TrackingServerStatus"),
        "MlflowVersion": Filter("MlflowVersion"),
    },
    on_create=(roles.role_is_assumable,),
    uses=lambda _: {"Maximum number of MLflow Tracking Servers": 1.0},
    live=frozenset(
        (
            *("Creating", "Updating", "Stopping", "Stopped", "Starting", "Deleting"),
            *_RUNNING,
            *_BROKEN,
        )
    ),
)

OPERATIONS = {"CreatePresignedMlflowTrackingServerUrl": presigned_url}
"""Operations that no table describes."""
