"""MLflow Apps: MLflow without a server, which costs nothing by the hour.

Creating -> Created, and Updating -> Updated. One without its bucket ends in CreateFailed or
UpdateFailed (concluded, not measured). SageMaker names an App itself: its ARN is what it is asked
for by, and two may have one name (the API reference of CreateMlflowApp says that the name is no
part of the ARN). The wordings are those of tracking servers; none of them is measured.

Nobody answers at its address: MLflow itself is not played.
"""

# Every check of a table is called alike, whether it needs all arguments or not.
# ruff: noqa: ARG001
from __future__ import annotations

import hashlib
import secrets

from localcloud import ministack_adapter
from localcloud.sagemaker import objects, roles
from localcloud.sagemaker.engine import SageMakerEngine
from localcloud.sagemaker.resource_type import (
    Filter,
    Members,
    Move,
    SageMakerResourceType,
    TransitionStep,
)

_UP = ("Created", "Updated")
_BROKEN = ("CreateFailed", "UpdateFailed", "DeleteFailed")


def _id(engine: SageMakerEngine, request: Members) -> str:
    return f"app-{secrets.token_hex(6).upper()}"


def presigned_url(engine: SageMakerEngine, request: Members) -> Members:
    """CreatePresignedMlflowAppUrl: an address with a token; nobody answers there."""
    record = engine.existing(KIND, request)
    token = hashlib.sha256(f"{record['arn']}@{engine.clock.now()}".encode()).hexdigest()
    host = f"{record['name'].lower()}.{ministack_adapter.region()}.experiments.sagemaker.aws"
    return {"AuthorizedUrl": f"https://{host}/auth?authToken={token}"}


KIND = SageMakerResourceType(
    noun="MlflowApp",
    words="MLflow App",
    name="Arn",
    arn="Arn",
    missing="MLflow App with ARN {arn} does not exist.",
    missing_code="ResourceNotFound",
    duplicate="MLflow App with ARN {arn} already exists.",
    identify=_id,
    takes_arn=True,
    status="Status",
    first_status="Creating",
    steps={
        "Creating": TransitionStep(
            "mlflow_app", "Created", instead=objects.without_bucket("CreateFailed")
        ),
        "Updating": TransitionStep(
            "mlflow_app", "Updated", instead=objects.without_bucket("UpdateFailed")
        ),
        "Deleting": TransitionStep("mlflow_app", None),
    },
    update=Move(
        "UpdateMlflowApp",
        (*_UP, "UpdateFailed"),
        "Updating",
        "MLflow App with ARN {arn} is currently in status {STATUS}, can't be updated.",
        code="ConflictException",
    ),
    delete=Move(
        "DeleteMlflowApp",
        (*_UP, *_BROKEN),
        "Deleting",
        "MLflow App is in un-deletable state ({STATUS}), so it cannot be deleted.",
    ),
    defaults={
        "MlflowVersion": "3.4",
        "ModelRegistrationMode": "AutoModelRegistrationDisabled",
        "AccountDefaultStatus": "DISABLED",
        "WeeklyMaintenanceWindowStart": "Sun:04:00",
    },
    filters={
        "Status": Filter("Status"),
        "MlflowVersion": Filter("MlflowVersion"),
        "AccountDefaultStatus": Filter("AccountDefaultStatus"),
        "DefaultForDomainId": Filter(
            "DefaultDomainIdList", lambda domains, asked: asked in (domains or ())
        ),
    },
    on_create=(roles.role_is_assumable,),
)

OPERATIONS = {"CreatePresignedMlflowAppUrl": presigned_url}
"""Operations that no table describes."""
