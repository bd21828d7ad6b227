"""Feature groups, and the records that are put into them.

A deleted group takes its online records along; its offline data in S3 and its table in the Glue
catalog stay (documentation of ``DeleteFeatureGroup``), which is what a teardown has to find.
"""

# Every check of a table is called alike, whether it needs all arguments or not.
# ruff: noqa: ARG001
from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from localcloud import ministack_adapter
from localcloud.protocol.errors import ApiError, invalid
from localcloud.sagemaker import objects, roles, side_effects
from localcloud.sagemaker.engine import SageMakerEngine
from localcloud.sagemaker.resource_type import (
    Filter,
    Members,
    Move,
    Record,
    SageMakerResourceType,
    TransitionStep,
)

DATABASE = "sagemaker_featurestore"
_STORES = ("OnlineStoreConfig", "OfflineStoreConfig")


def _has_a_store(engine: SageMakerEngine, request: Members, members: Members) -> None:
    online = members.get("OnlineStoreConfig", {})
    if "EnableOnlineStore" in online and not online["EnableOnlineStore"]:
        members.pop("OnlineStoreConfig")
    if not any(store in members for store in _STORES):
        raise invalid("Either OnlineStoreConfig or OfflineStoreConfig must be provided.")


def _features_are_defined(engine: SageMakerEngine, request: Members, members: Members) -> None:
    names = [definition["FeatureName"] for definition in members["FeatureDefinitions"]]
    if len(set(names)) != len(names):
        raise invalid("Feature names must be unique within a feature group.")
    for member in ("RecordIdentifierFeatureName", "EventTimeFeatureName"):
        if members[member] not in names:
            raise invalid(f"{member} '{members[member]}' is not one of the FeatureDefinitions.")


def _role_is_assumable(engine: SageMakerEngine, request: Members, members: Members) -> None:
    if "OfflineStoreConfig" in members and "RoleArn" not in members:
        raise invalid("RoleArn is required when OfflineStoreConfig is provided.")
    if "RoleArn" in members:
        roles.require_assumable(members["RoleArn"])


def _adds(engine: SageMakerEngine, request: Members, members: Members) -> None:
    """Features can only be added."""
    members["FeatureDefinitions"] = [
        *members["FeatureDefinitions"],
        *members.pop("FeatureAdditions", []),
    ]
    members["LastUpdateStatus"] = {"Status": "Successful"}
    _features_are_defined(engine, request, members)


def _bucket_is_there(engine: SageMakerEngine, record: Record) -> str | None:
    store = record["members"].get("OfflineStoreConfig")
    uri = None if store is None else store["S3StorageConfig"]["S3Uri"]
    if uri is None or objects.bucket_exists(uri):
        return None
    return f"The specified bucket does not exist ({uri})."


def _resolves_offline_store(engine: SageMakerEngine, record: Record, moment: float) -> None:
    """Set where data goes: below account, Region and a folder of the group's own."""
    store = record["members"].get("OfflineStoreConfig")
    if store is None:
        return
    folder = f"{record['name']}-{int(moment)}"
    place = store["S3StorageConfig"]
    place["ResolvedOutputS3Uri"] = objects.under(
        place["S3Uri"],
        ministack_adapter.account(),
        "sagemaker",
        ministack_adapter.region(),
        "offline-store",
        folder,
        "data",
    )
    if not store.get("DisableGlueTableCreation"):
        store.setdefault(
            "DataCatalogConfig",
            {
                "TableName": folder.replace("-", "_").lower(),
                "Catalog": "AwsDataCatalog",
                "Database": DATABASE,
            },
        )


def _opens_offline_store(engine: SageMakerEngine, record: Record, moment: float) -> None:
    store = record["members"].get("OfflineStoreConfig")
    table = None if store is None else store.get("DataCatalogConfig")
    if store is not None and table is not None:
        columns = [
            definition["FeatureName"] for definition in record["members"]["FeatureDefinitions"]
        ]
        location = store["S3StorageConfig"]["ResolvedOutputS3Uri"]
        # With the role that the group is given, which is why it needs glue:CreateTable.
        maker = roles.session(record["members"]["RoleArn"], "SageMaker")
        side_effects.add_table(table["Database"], table["TableName"], location, columns, maker)


def _derived(engine: SageMakerEngine, record: Record) -> Members:
    offline = "OfflineStoreConfig" in record["members"]
    return {
        # The model requires it although a group's features fit one page here.
        "NextToken": "",
        "OfflineStoreStatus": {"Status": "Active" if offline else "Disabled"},
    }


def put_record(engine: SageMakerEngine, name: str, values: list[Members], moment: float) -> None:
    """Put one record (``FeatureName``, ``ValueAsString``) into the stores of the group."""
    group = _ready(engine, name)
    given = {value["FeatureName"]: value.get("ValueAsString", "") for value in values}
    known = {definition["FeatureName"] for definition in group["members"]["FeatureDefinitions"]}
    if given.keys() - known:
        raise _bad(f"The feature group has no {', '.join(sorted(given.keys() - known))}")
    for member in ("RecordIdentifierFeatureName", "EventTimeFeatureName"):
        if not given.get(group["members"][member]):
            raise _bad(f"Missing required feature value '{group['members'][member]}'")
    identifier = given[group["members"]["RecordIdentifierFeatureName"]]
    if "OnlineStoreConfig" in group["members"]:
        group.setdefault("online", {})[identifier] = given
    store = group["members"].get("OfflineStoreConfig")
    if store is not None:
        hour = datetime.fromtimestamp(moment, UTC).strftime("year=%Y/month=%m/day=%d/hour=%H")
        group["written"] = group.get("written", 0) + 1
        # JSON where AWS writes Parquet: what matters here is that an object is left.
        objects.write(
            objects.under(
                store["S3StorageConfig"]["ResolvedOutputS3Uri"],
                hour,
                f"{int(moment)}_{group['written']:06}.parquet",
            ),
            json.dumps(given).encode(),
        )


def get_record(engine: SageMakerEngine, name: str, identifier: str) -> list[Members]:
    """Return one online record, empty if there is none."""
    group = _online(engine, name)
    found: dict[str, str] = group.get("online", {}).get(identifier, {})
    return [{"FeatureName": key, "ValueAsString": value} for key, value in found.items()]


def delete_record(engine: SageMakerEngine, name: str, identifier: str) -> None:
    """Remove one online record; a missing one is no error."""
    _online(engine, name).get("online", {}).pop(identifier, None)


def _ready(engine: SageMakerEngine, name: str) -> Record:
    group = engine.record(KIND, name)
    if group is None or group["status"] != "Created":
        raise ApiError("ResourceNotFound", f"Feature Group '{name}' does not exist.", status=404)
    return group


def _online(engine: SageMakerEngine, name: str) -> Record:
    group = _ready(engine, name)
    if "OnlineStoreConfig" not in group["members"]:
        raise _bad("GetRecord and DeleteRecord need a feature group with an online store.")
    return group


def _bad(message: str) -> ApiError:
    return ApiError("ValidationError", message)


def _offline_status(engine: SageMakerEngine, record: Record) -> Any:
    return _derived(engine, record)["OfflineStoreStatus"]["Status"]


KIND = SageMakerResourceType(
    noun="FeatureGroup",
    words="Feature Group",
    missing="Resource Not Found: Amazon SageMaker can't find a FeatureGroup with name {name}",
    missing_code="ResourceNotFound",
    duplicate="Resource Already Exists: FeatureGroup with name {name} already exists. "
    "Choose a different name.",
    duplicate_code="ResourceInUse",
    lowercase_arn=True,
    takes_arn=True,
    status="FeatureGroupStatus",
    first_status="Creating",
    failed="CreateFailed",
    steps={
        "Creating": TransitionStep("feature_group", "Created", fails=_bucket_is_there),
        "Deleting": TransitionStep("feature_group", None),
    },
    delete=Move(
        "DeleteFeatureGroup",
        ("Created", "CreateFailed", "DeleteFailed"),
        "Deleting",
        refusal="Validation Error: FeatureGroup {name} cannot be deleted while it is {status}.",
    ),
    derived=_derived,
    filters={
        "FeatureGroupStatusEquals": Filter("FeatureGroupStatus"),
        "OfflineStoreStatusEquals": Filter("", of=_offline_status),
    },
    on_create=(_has_a_store, _features_are_defined, _role_is_assumable),
    on_update=(_adds,),
    on_enter={"": (_resolves_offline_store,), "Created": (_opens_offline_store,)},
)
