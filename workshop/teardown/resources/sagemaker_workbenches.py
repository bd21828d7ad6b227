"""Where people work in SageMaker: notebook instances and what belongs to them, and Studio."""

from __future__ import annotations

from workshop.pricing import billing
from workshop.teardown import ownership
from workshop.teardown.ownership import OwnershipVerdict
from workshop.teardown.resource import ScanContext
from workshop.teardown.resources import names
from workshop.teardown.resources.sagemaker_operations import Answer, described
from workshop.teardown.resources.sagemaker_proof import by_role, unproven
from workshop.teardown.resources.sagemaker_type import SageMakerType, not_known

STUDIO = "/aws/sagemaker/studio"
"""The log group of all that runs in a domain."""
_RESTING = frozenset({"InService", "Failed", "Update_Failed", "Delete_Failed"})


def _of_domain(context: ScanContext, domain_id: str) -> OwnershipVerdict | None:
    domain = described(context, "DescribeDomain", DomainId=domain_id)
    role = (domain or {}).get("DefaultUserSettings", {}).get("ExecutionRole")
    return ownership.of_role(context.scope, role) if role else None


def _of_profile(context: ScanContext, answer: Answer) -> OwnershipVerdict | None:
    """By its own role, else by that of its domain."""
    own = answer.get("UserSettings", {}).get("ExecutionRole")
    return ownership.of_role(context.scope, own) if own else _of_domain(context, answer["DomainId"])


def _of_owner(context: ScanContext, domain_id: str, profile: str | None) -> OwnershipVerdict | None:
    if profile is None:
        return _of_domain(context, domain_id)
    found = described(context, "DescribeUserProfile", DomainId=domain_id, UserProfileName=profile)
    return _of_profile(context, found) if found else None


def _of_space(context: ScanContext, answer: Answer) -> OwnershipVerdict | None:
    owner = answer.get("OwnershipSettings", {}).get("OwnerUserProfileName")
    return _of_owner(context, answer["DomainId"], owner)


def _of_app(context: ScanContext, answer: Answer) -> OwnershipVerdict | None:
    space = answer.get("SpaceName")
    if not space:
        return _of_owner(context, answer["DomainId"], answer.get("UserProfileName"))
    found = described(context, "DescribeSpace", DomainId=answer["DomainId"], SpaceName=space)
    return _of_space(context, found) if found else None


NOTEBOOK = SageMakerType(
    "NotebookInstance",
    by_role("RoleArn"),
    name=names.NOTEBOOK,
    needs_role=True,
    hourly=lambda context, notebook: (
        billing.described_notebook_cost(notebook, context.scope.account_region.region).exact
    ),
    billed_in=None,
    stopped_from=frozenset({"InService"}),
    deleted_from=frozenset({"Stopped", "Failed"}),
    log_group="/aws/sagemaker/NotebookInstances",
)
"""Stopped, its disk still costs."""

LIFECYCLE = SageMakerType(
    "NotebookInstanceLifecycleConfig",
    unproven,
    name="lifecycle configuration",
    wait_after_delete=False,
    after=(names.NOTEBOOK,),
)

CODE_REPOSITORY = SageMakerType(
    "CodeRepository", unproven, wait_after_delete=False, after=(names.NOTEBOOK,)
)

APP = SageMakerType(
    "App",
    _of_app,
    name=names.APP,
    needs_role=True,
    members=("DomainId", "UserProfileName", "SpaceName", "AppType", "AppName"),
    hourly=not_known,
    billed_in=frozenset({"InService", "Pending"}),
    deleted_from=frozenset({"InService", "Failed"}),
    deleting_stops=True,
    gone_in=frozenset({"Deleted"}),
)

SPACE = SageMakerType(
    "Space",
    _of_space,
    name=names.SPACE,
    needs_role=True,
    deleted_from=_RESTING,
    after=(names.APP,),
    log_group=STUDIO,
)

USER_PROFILE = SageMakerType(
    "UserProfile",
    _of_profile,
    name=names.USER_PROFILE,
    needs_role=True,
    deleted_from=_RESTING,
    after=(names.APP, names.SPACE),
    log_group=STUDIO,
)

DOMAIN = SageMakerType(
    "Domain",
    lambda context, answer: _of_domain(context, answer["DomainId"]),
    name=names.DOMAIN,
    needs_role=True,
    delete_request={"RetentionPolicy": {"HomeEfsFileSystem": "Delete"}},
    deleted_from=_RESTING,
    after=(names.APP, names.SPACE, names.USER_PROFILE),
    log_group=STUDIO,
)
"""Its file system would stay, and go on costing, if nobody asked for its deletion as well."""

TYPES = (NOTEBOOK, LIFECYCLE, CODE_REPOSITORY, APP, SPACE, USER_PROFILE, DOMAIN)
