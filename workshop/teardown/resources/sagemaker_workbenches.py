"""Where people work in SageMaker: notebook instances and what belongs to them, and Studio."""

from __future__ import annotations

from decimal import Decimal

from workshop.pricing import billing, prices
from workshop.teardown import ownership
from workshop.teardown.ownership import Proof
from workshop.teardown.resource import ScanContext
from workshop.teardown.resources.sagemaker_serving import described
from workshop.teardown.resources.sagemaker_type import (
    Answer,
    SageMakerType,
    by_role,
    not_known,
    unproven,
)

_RESTING = frozenset({"InService", "Failed", "Update_Failed", "Delete_Failed"})


def _notebook_cost(world: ScanContext, notebook: Answer) -> Decimal | None:
    region = world.scope.place.region
    disk = prices.volume_hourly(notebook.get("VolumeSizeInGB", 5), region)
    status, instance_type = notebook["NotebookInstanceStatus"], notebook["InstanceType"]
    return (prices.cost(disk) + billing.notebook_cost(status, instance_type, region)).exact


def _of_domain(world: ScanContext, domain_id: str) -> Proof | None:
    domain = described(world, "DescribeDomain", DomainId=domain_id)
    role = (domain or {}).get("DefaultUserSettings", {}).get("ExecutionRole")
    return ownership.of_role(world.scope, role) if role else None


def _of_profile(world: ScanContext, answer: Answer) -> Proof | None:
    """By its own role, else by that of its domain."""
    own = answer.get("UserSettings", {}).get("ExecutionRole")
    return ownership.of_role(world.scope, own) if own else _of_domain(world, answer["DomainId"])


def _of_owner(world: ScanContext, domain_id: str, profile: str | None) -> Proof | None:
    if profile is None:
        return _of_domain(world, domain_id)
    found = described(world, "DescribeUserProfile", DomainId=domain_id, UserProfileName=profile)
    return _of_profile(world, found) if found else None


def _of_space(world: ScanContext, answer: Answer) -> Proof | None:
    owner = answer.get("OwnershipSettings", {}).get("OwnerUserProfileName")
    return _of_owner(world, answer["DomainId"], owner)


def _of_app(world: ScanContext, answer: Answer) -> Proof | None:
    space = answer.get("SpaceName")
    if not space:
        return _of_owner(world, answer["DomainId"], answer.get("UserProfileName"))
    found = described(world, "DescribeSpace", DomainId=answer["DomainId"], SpaceName=space)
    return _of_space(world, found) if found else None


NOTEBOOK = SageMakerType(
    name="notebook",
    resource_type="AWS::SageMaker::NotebookInstance",
    needs_role=True,
    lists="ListNotebookInstances",
    member="NotebookInstances",
    identity={"NotebookInstanceName": "NotebookInstanceName"},
    arn="NotebookInstanceArn",
    describes="DescribeNotebookInstance",
    prove=by_role("RoleArn"),
    status="NotebookInstanceStatus",
    hourly=_notebook_cost,
    billed_in=frozenset(
        {"Pending", "InService", "Stopping", "Stopped", "Failed", "Updating", "Deleting"}
    ),
    stops="StopNotebookInstance",
    stopped_from=frozenset({"InService"}),
    deletes="DeleteNotebookInstance",
    deleted_from=frozenset({"Stopped", "Failed"}),
)
"""Stopped, its disk still costs."""

LIFECYCLE = SageMakerType(
    name="lifecycle configuration",
    resource_type="AWS::SageMaker::NotebookInstanceLifecycleConfig",
    lists="ListNotebookInstanceLifecycleConfigs",
    member="NotebookInstanceLifecycleConfigs",
    identity={"NotebookInstanceLifecycleConfigName": "NotebookInstanceLifecycleConfigName"},
    arn="NotebookInstanceLifecycleConfigArn",
    describes="DescribeNotebookInstanceLifecycleConfig",
    prove=unproven,
    deletes="DeleteNotebookInstanceLifecycleConfig",
    prompt=True,
    after=("notebook",),
)

CODE_REPOSITORY = SageMakerType(
    name="code repository",
    resource_type="AWS::SageMaker::CodeRepository",
    lists="ListCodeRepositories",
    member="CodeRepositorySummaryList",
    identity={"CodeRepositoryName": "CodeRepositoryName"},
    arn="CodeRepositoryArn",
    describes="DescribeCodeRepository",
    prove=unproven,
    deletes="DeleteCodeRepository",
    prompt=True,
    after=("notebook",),
)

APP = SageMakerType(
    name="Studio app",
    resource_type="AWS::SageMaker::App",
    needs_role=True,
    lists="ListApps",
    member="Apps",
    identity={
        member: member
        for member in ("DomainId", "UserProfileName", "SpaceName", "AppType", "AppName")
    },
    arn="AppArn",
    describes="DescribeApp",
    prove=_of_app,
    status="Status",
    hourly=not_known,
    billed_in=frozenset({"InService", "Pending"}),
    deletes="DeleteApp",
    deleted_from=frozenset({"InService", "Failed"}),
    deleting_stops=True,
    gone_in=frozenset({"Deleted"}),
)

SPACE = SageMakerType(
    name="Studio space",
    resource_type="AWS::SageMaker::Space",
    needs_role=True,
    lists="ListSpaces",
    member="Spaces",
    identity={"DomainId": "DomainId", "SpaceName": "SpaceName"},
    arn="SpaceArn",
    describes="DescribeSpace",
    prove=_of_space,
    status="Status",
    deletes="DeleteSpace",
    deleted_from=_RESTING,
    after=("Studio app",),
)

USER_PROFILE = SageMakerType(
    name="Studio user profile",
    resource_type="AWS::SageMaker::UserProfile",
    needs_role=True,
    lists="ListUserProfiles",
    member="UserProfiles",
    identity={"DomainId": "DomainId", "UserProfileName": "UserProfileName"},
    arn="UserProfileArn",
    describes="DescribeUserProfile",
    prove=_of_profile,
    status="Status",
    deletes="DeleteUserProfile",
    deleted_from=_RESTING,
    after=("Studio app", "Studio space"),
)

DOMAIN = SageMakerType(
    name="Studio domain",
    resource_type="AWS::SageMaker::Domain",
    needs_role=True,
    lists="ListDomains",
    member="Domains",
    identity={"DomainId": "DomainId"},
    arn="DomainArn",
    describes="DescribeDomain",
    prove=lambda world, answer: _of_domain(world, answer["DomainId"]),
    status="Status",
    deletes="DeleteDomain",
    delete_request={"RetentionPolicy": {"HomeEfsFileSystem": "Delete"}},
    deleted_from=_RESTING,
    after=("Studio app", "Studio space", "Studio user profile"),
)
"""Its file system would stay, and go on costing, if nobody asked for its deletion as well."""

KINDS = (NOTEBOOK, LIFECYCLE, CODE_REPOSITORY, APP, SPACE, USER_PROFILE, DOMAIN)
