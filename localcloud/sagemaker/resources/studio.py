"""Studio: domains, user profiles, spaces and apps.

They go from the inside out: apps, spaces, profiles, the domain; and by default the domain's file
system stays (documentation of ``DeleteDomain``: RetentionPolicy). A deleted app is listed as
Deleted for a day. The wordings of refusals are not measured on AWS; their codes are the service
model's.
"""

# Every check of a table is called alike, whether it needs all arguments or not.
# ruff: noqa: ARG001
from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from typing import Any

from localcloud import ministack_adapter
from localcloud.protocol.errors import ApiError, invalid
from localcloud.sagemaker import roles, side_effects
from localcloud.sagemaker.engine import SageMakerEngine
from localcloud.sagemaker.resource_type import (
    Filter,
    Members,
    Move,
    Record,
    SageMakerResourceType,
    TransitionStep,
)

DELETED_APPS_ARE_SHOWN = 24 * 3600.0
"""Seconds for which a deleted app is still listed."""

_PASSING = {
    "Pending": TransitionStep("domain", "InService"),
    "Updating": TransitionStep("domain", "InService"),
    "Deleting": TransitionStep("domain", None),
}
_RESTING = ("InService", "Failed", "Update_Failed", "Delete_Failed")


def _in_use(message: str) -> ApiError:
    return ApiError("ResourceInUse", message)


def _required(engine: SageMakerEngine, kind: SageMakerResourceType, request: Members) -> Record:
    """Return the resource that a Create or List request needs; these answer no ResourceNotFound."""
    try:
        return engine.existing(kind, request)
    except ApiError as refusal:
        raise invalid(refusal.message) from None


def _domain_id(engine: SageMakerEngine, request: Members) -> str:
    return f"d-{secrets.token_hex(6)}"


def _name_is_free(engine: SageMakerEngine, request: Members, members: Members) -> None:
    for domain in engine.records(DOMAIN):
        if domain["members"]["DomainName"] == request["DomainName"]:
            raise _in_use(f"Domain with name {request['DomainName']} already exists.")


def _roles_are_assumable(engine: SageMakerEngine, request: Members, members: Members) -> None:
    for settings in ("DefaultUserSettings", "DefaultSpaceSettings", "UserSettings"):
        role = request.get(settings, {}).get("ExecutionRole")
        if role is not None:
            roles.require_assumable(role)


def _domain_rests(engine: SageMakerEngine, request: Members, members: Members) -> None:
    domain = _required(engine, DOMAIN, request)
    if domain["status"] != "InService":
        raise invalid(f"Domain [{domain['name']}] is {domain['status']}, not InService.")


def _domain_exists(engine: SageMakerEngine, request: Members) -> None:
    if "DomainIdEquals" in request:
        _required(engine, DOMAIN, {"DomainId": request["DomainIdEquals"]})


def _owner_exists(engine: SageMakerEngine, request: Members, members: Members) -> None:
    owner = members.get("OwnershipSettings", {}).get("OwnerUserProfileName")
    if owner is not None:
        _required(engine, USER_PROFILE, {**request, "UserProfileName": owner})


def _belongs_to_one(engine: SageMakerEngine, request: Members, members: Members) -> None:
    given = [kind for kind in (USER_PROFILE, SPACE) if request.get(kind.name) is not None]
    if len(given) != 1:
        raise invalid("Exactly one of UserProfileName and SpaceName must be provided.")
    _required(engine, given[0], request)


def _inside(engine: SageMakerEngine, kind: SageMakerResourceType, **members: str) -> list[Record]:
    """Return the resources of a kind with these members that are not deleted."""
    return [
        record
        for record in engine.records(kind)
        if record["status"] != "Deleted" and members.items() <= record["members"].items()
    ]


def _is_empty(*inside: tuple[str, Callable[[SageMakerEngine, Members], list[Record]]]) -> Any:
    """Return the check that nothing is left inside a resource that is deleted."""

    def check(engine: SageMakerEngine, request: Members, members: Members) -> None:
        for words, found in inside:
            left = found(engine, members)
            if left:
                names = ", ".join(record["name"] for record in left)
                raise _in_use(f"Unable to delete: there are still {words} in it ({names}).")

    return check


def _profiles_of_domain(engine: SageMakerEngine, domain: Members) -> list[Record]:
    return _inside(engine, USER_PROFILE, DomainId=domain["DomainId"])


def _spaces_of_domain(engine: SageMakerEngine, domain: Members) -> list[Record]:
    return _inside(engine, SPACE, DomainId=domain["DomainId"])


def _apps_of_profile(engine: SageMakerEngine, profile: Members) -> list[Record]:
    place = {name: profile[name] for name in ("DomainId", "UserProfileName")}
    return _inside(engine, APP, **place)


def _spaces_of_profile(engine: SageMakerEngine, profile: Members) -> list[Record]:
    owned = {"OwnerUserProfileName": profile["UserProfileName"]}
    return [
        space
        for space in _spaces_of_domain(engine, profile)
        if owned.items() <= space["members"].get("OwnershipSettings", {}).items()
    ]


def _apps_of_space(engine: SageMakerEngine, space: Members) -> list[Record]:
    return _inside(engine, APP, DomainId=space["DomainId"], SpaceName=space["SpaceName"])


def _gets_file_system(engine: SageMakerEngine, domain: Record, moment: float) -> None:
    domain["members"]["HomeEfsFileSystemId"] = side_effects.create_file_system(domain["arn"])


def _notes_retention(engine: SageMakerEngine, request: Members, members: Members) -> None:
    domain = engine.existing(DOMAIN, request)
    domain["retention"] = request.get("RetentionPolicy", {}).get("HomeEfsFileSystem", "Retain")


def _leaves_file_system(engine: SageMakerEngine, domain: Record, moment: float) -> None:
    if domain["retention"] == "Delete":
        side_effects.delete_file_system(domain["members"]["HomeEfsFileSystemId"])


def _begins_log(engine: SageMakerEngine, app: Record, moment: float) -> None:
    members = app["members"]
    owner = members.get("UserProfileName") or members["SpaceName"]
    stream = "/".join([members["DomainId"], owner, members["AppType"], app["name"]])
    side_effects.write_log("studio", stream, moment, "Starting the app")


def _address(engine: SageMakerEngine, record: Record) -> Members:
    domain = record["members"].get("DomainId", record["name"])
    return {"Url": f"https://{domain}.studio.{ministack_adapter.region()}.sagemaker.aws"}


def _numbered(engine: SageMakerEngine, record: Record) -> Members:
    # A file system user id that is the same in every run.
    number = int(hashlib.sha256(record["arn"].encode()).hexdigest()[:6], 16) % 100_000
    return {"HomeEfsFileSystemUid": str(200_000 + number)}


def _space_derived(engine: SageMakerEngine, record: Record) -> Members:
    return {**_address(engine, record), **_numbered(engine, record)}


def _shown_for_a_day(engine: SageMakerEngine, record: Record) -> float:
    return DELETED_APPS_ARE_SHOWN


def presigned_url(engine: SageMakerEngine, request: Members) -> Members:
    """CreatePresignedDomainUrl: a way in for one user profile."""
    domain = engine.existing(DOMAIN, request)
    profile = engine.existing(USER_PROFILE, request)
    if domain["members"]["AuthMode"] != "IAM":
        raise invalid("A presigned URL can be made only for a domain whose AuthMode is IAM.")
    token = hashlib.sha256(f"{profile['arn']}@{engine.clock.now()}".encode()).hexdigest()
    return {"AuthorizedUrl": f"{_address(engine, domain)['Url']}/auth?token={token}"}


DOMAIN = SageMakerResourceType(
    noun="Domain",
    words="Domain",
    name="DomainId",
    missing="Domain [{name}] does not exist.",
    missing_code="ResourceNotFound",
    duplicate="Domain {arn} already exists.",
    duplicate_code="ResourceInUse",
    identify=_domain_id,
    descending=False,
    status="Status",
    first_status="Pending",
    steps=_PASSING,
    update=Move("UpdateDomain", _RESTING, "Updating", code="ResourceInUse"),
    delete=Move("DeleteDomain", _RESTING, "Deleting", code="ResourceInUse"),
    renamed={"DomainSettingsForUpdate": "DomainSettings"},
    defaults={"AppNetworkAccessType": "PublicInternetOnly", "TagPropagation": "DISABLED"},
    derived=_address,
    on_create=(_name_is_free, _roles_are_assumable),
    on_update=(_roles_are_assumable,),
    on_delete=(
        _is_empty(("spaces", _spaces_of_domain), ("user profiles", _profiles_of_domain)),
        _notes_retention,
    ),
    on_enter={"": (_gets_file_system,), "gone": (_leaves_file_system,)},
)

USER_PROFILE = SageMakerResourceType(
    noun="UserProfile",
    words="User profile",
    missing="User profile [{name}] does not exist.",
    missing_code="ResourceNotFound",
    duplicate="User profile {arn} already exists.",
    duplicate_code="ResourceInUse",
    parents=("DomainId",),
    lowercase_arn=True,
    descending=False,
    status="Status",
    first_status="Pending",
    steps=_PASSING,
    update=Move("UpdateUserProfile", _RESTING, "Updating", code="ResourceInUse"),
    delete=Move("DeleteUserProfile", _RESTING, "Deleting", code="ResourceInUse"),
    derived=_numbered,
    filters={
        "DomainIdEquals": Filter("DomainId"),
        "UserProfileNameContains": Filter("UserProfileName", lambda name, asked: asked in name),
    },
    on_list=(_domain_exists,),
    on_create=(_domain_rests, _roles_are_assumable),
    on_update=(_roles_are_assumable,),
    on_delete=(_is_empty(("apps", _apps_of_profile), ("spaces", _spaces_of_profile)),),
)

SPACE = SageMakerResourceType(
    noun="Space",
    words="Space",
    missing="RecordNotFound",
    duplicate="Space {arn} already exists.",
    duplicate_code="ResourceInUse",
    parents=("DomainId",),
    lowercase_arn=True,
    descending=False,
    status="Status",
    first_status="Pending",
    steps=_PASSING,
    update=Move("UpdateSpace", _RESTING, "Updating", code="ResourceInUse"),
    delete=Move("DeleteSpace", _RESTING, "Deleting", code="ResourceInUse"),
    derived=_space_derived,
    filters={
        "DomainIdEquals": Filter("DomainId"),
        "SpaceNameContains": Filter("SpaceName", lambda name, asked: asked in name),
    },
    on_list=(_domain_exists,),
    on_create=(_domain_rests, _owner_exists),
    on_delete=(_is_empty(("apps", _apps_of_space)),),
)

RUNNING_APPS = "Maximum number of running Studio apps allowed per account"

APP = SageMakerResourceType(
    noun="App",
    words="App",
    missing="RecordNotFound",
    duplicate="App {arn} already exists.",
    duplicate_code="ResourceInUse",
    parents=("DomainId", "UserProfileName", "SpaceName", "AppType"),
    lowercase_arn=True,
    descending=False,
    status="Status",
    first_status="Pending",
    replaceable=frozenset({"Deleted"}),
    steps={
        "Pending": TransitionStep("app", "InService"),
        "Deleting": TransitionStep("app", "Deleted"),
        "Deleted": TransitionStep("app", None, seconds=_shown_for_a_day),
    },
    delete=Move("DeleteApp", ("InService", "Failed"), "Deleting", code="ResourceInUse"),
    filters={
        "DomainIdEquals": Filter("DomainId"),
        "UserProfileNameEquals": Filter("UserProfileName"),
        "SpaceNameEquals": Filter("SpaceName"),
    },
    on_list=(_domain_exists,),
    on_create=(_domain_rests, _belongs_to_one),
    on_enter={"InService": (_begins_log,)},
    uses=lambda _: {RUNNING_APPS: 1.0},
    live=frozenset({"Pending", "InService"}),
    no_capacity=(
        "EC2InsufficientCapacityError: Instance type '{instance_type}' is temporarily unavailable."
        " Please try again later or choose another instance type."
    ),
    instance_types=lambda members: [
        spec["InstanceType"] for spec in [members.get("ResourceSpec", {})] if "InstanceType" in spec
    ],
)

KINDS = (DOMAIN, USER_PROFILE, SPACE, APP)

OPERATIONS = {"CreatePresignedDomainUrl": presigned_url}
