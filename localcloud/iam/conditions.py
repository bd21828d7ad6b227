"""Condition keys of SageMaker, read from a request and from the resource that it is about.

Names and meanings are those of the Service Authorization Reference; a key is given only to an
action that has it there, so a policy cannot rest on one that AWS would not fill.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from localcloud import ministack_adapter
from localcloud.iam import reference
from localcloud.iam.request_members import Member

Value = str | list[str]
Context = dict[str, Value]

MEMBERS: Mapping[str, tuple[str, ...]] = {
    "sagemaker:AcceleratorTypes": ("AcceleratorType", "AcceleratorTypes"),
    "sagemaker:AppNetworkAccessType": ("AppNetworkAccessType",),
    "sagemaker:AuthMode": ("AuthMode",),
    "sagemaker:CustomerMetadataPropertiesToRemove": ("CustomerMetadataPropertiesToRemove",),
    "sagemaker:DirectInternetAccess": ("DirectInternetAccess",),
    "sagemaker:DomainSharingOutputKmsKeyArn": ("SharingSettings.S3KmsKeyId",),
    "sagemaker:EnableRemoteDebug": ("EnableRemoteDebug",),
    "sagemaker:FeatureGroupDisableGlueTableCreation": (
        "OfflineStoreConfig.DisableGlueTableCreation",
    ),
    "sagemaker:FeatureGroupEnableOnlineStore": ("OnlineStoreConfig.EnableOnlineStore",),
    "sagemaker:FeatureGroupOfflineStoreConfig": ("OfflineStoreConfig",),
    "sagemaker:FeatureGroupOfflineStoreKmsKeyArn": ("OfflineStoreConfig.S3StorageConfig.KmsKeyId",),
    "sagemaker:FeatureGroupOfflineStoreS3Uri": ("OfflineStoreConfig.S3StorageConfig.S3Uri",),
    "sagemaker:FeatureGroupOnlineStoreKmsKeyArn": ("OnlineStoreConfig.SecurityConfig.KmsKeyId",),
    "sagemaker:FileSystemAccessMode": ("FileSystemAccessMode",),
    "sagemaker:FileSystemDirectoryPath": ("FileSystemDataSource.DirectoryPath",),
    "sagemaker:FileSystemId": ("FileSystemDataSource.FileSystemId",),
    "sagemaker:FileSystemType": ("FileSystemType",),
    "sagemaker:ImageArns": ("SageMakerImageArn",),
    "sagemaker:ImageVersionArns": ("SageMakerImageVersionArn",),
    "sagemaker:InstanceTypes": ("InstanceType",),
    "sagemaker:InterContainerTrafficEncryption": ("EnableInterContainerTrafficEncryption",),
    "sagemaker:KeepAlivePeriod": ("KeepAlivePeriodInSeconds",),
    "sagemaker:MaxRuntimeInSeconds": ("MaxRuntimeInSeconds",),
    "sagemaker:MinimumInstanceMetadataServiceVersion": ("MinimumInstanceMetadataServiceVersion",),
    "sagemaker:ModelApprovalStatus": ("ModelApprovalStatus",),
    "sagemaker:ModelLifeCycle:Stage": ("ModelLifeCycle.Stage",),
    "sagemaker:ModelLifeCycle:StageStatus": ("ModelLifeCycle.StageStatus",),
    "sagemaker:NetworkIsolation": ("EnableNetworkIsolation",),
    "sagemaker:OutputKmsKeyArn": (
        "OutputConfig.KmsKeyId",
        "OutputDataConfig.KmsKeyId",
        "MonitoringOutputConfig.KmsKeyId",
        "ProcessingOutputConfig.KmsKeyId",
        "TransformOutput.KmsKeyId",
    ),
    "sagemaker:PipelineVersionId": ("PipelineVersionId",),
    "sagemaker:RemoteAccess": ("RemoteAccess",),
    "sagemaker:RootAccess": ("RootAccess",),
    "sagemaker:ServerlessMaxConcurrency": ("ServerlessConfig.MaxConcurrency",),
    "sagemaker:ServerlessMemorySize": ("ServerlessConfig.MemorySizeInMB",),
    "sagemaker:SpaceSharingType": ("SpaceSharingSettings.SharingType",),
    "sagemaker:StudioLifecycleConfigArns": ("LifecycleConfigArn", "LifecycleConfigArns"),
    "sagemaker:VolumeKmsKeyArn": ("VolumeKmsKeyId", "^KmsKeyId"),
    "sagemaker:VpcSecurityGroupIds": ("SecurityGroupIds", "SecurityGroups"),
    "sagemaker:VpcSubnets": ("Subnets", "SubnetId", "SubnetIds"),
    "sagemaker:WorkteamArn": ("WorkteamArn",),
}
"""Condition key -> where the request carries its value (``Member.ends``)."""

NAMED: Mapping[str, tuple[str, str]] = {
    "sagemaker:ModelArn": ("ModelName", "model/{value}"),
    "sagemaker:NotebookInstanceLifecycleConfigArns": (
        "LifecycleConfigName",
        "notebook-instance-lifecycle-config/{value}",
    ),
    "sagemaker:OwnerUserProfileArn": (
        "OwnershipSettings.OwnerUserProfileName",
        "user-profile/{DomainId}/{value}",
    ),
}
"""Condition key -> where the request carries a name, and the ARN that is meant with it."""

CURRENT: Mapping[str, tuple[str, ...]] = {
    "sagemaker:CurrentModelLifeCycleStage": ("ModelLifeCycle", "Stage"),
    "sagemaker:CurrentModelLifeCycleStageStatus": ("ModelLifeCycle", "StageStatus"),
}
"""Condition key -> the members of the existing resource that lead to its value."""

REQUEST_TAG = "aws:RequestTag/${TagKey}"
TAG_KEYS = "aws:TagKeys"
TAGGING_ACTION = "sagemaker:TaggingAction"
METADATA = "sagemaker:CustomerMetadataProperties/${MetadataKey}"
CURRENT_METADATA = "sagemaker:CurrentCustomerMetadataProperties/${MetadataKey}"
VISIBILITY = "sagemaker:SearchVisibilityCondition/${FilterKey}"

OTHERWISE = frozenset(
    {REQUEST_TAG, TAG_KEYS, TAGGING_ACTION, METADATA, CURRENT_METADATA, VISIBILITY}
)
"""Condition keys that no table describes."""

LEFT_OUT: Mapping[str, str] = {
    "sagemaker:BearerTokenType": "an action without an operation",
    "sagemaker:DirectGatedModelAccess": "no request says whether a model of the hub is gated",
    "sagemaker:IsUpdateRecord": "of the feature store's runtime",
    "sagemaker:TargetModel": "of multi-model endpoints, which the local cloud does not have",
    "sagemaker:UpdatableFeatures": "of the feature store's runtime",
    "sagemaker:WorkteamType": "of labeling, which the local cloud does not have",
}
"""Condition keys of actions that nothing here fills, and why."""


def of_request(action: str, members: list[Member]) -> Context:
    """Return the values of a request, by condition key.

    Where a request carries several values for a key that takes one, a number is the greatest of
    them; of anything else all are given, which no plain test of a policy finds equal to anything.
    What AWS does then is not known; this way nothing hides behind the first.
    """
    known = reference.load()
    context: Context = {}
    for key in known.actions[action].keys:
        values = list(dict.fromkeys(_values(key, members)))
        if known.keys[key] == "Numeric":
            values = sorted(values, key=float)[-1:]
        if values:
            several = known.keys[key].startswith("ArrayOf") or len(values) > 1
            context[key] = values if several else values[0]
    keys = known.actions[action].keys
    if METADATA in keys:
        context |= _named(METADATA, _map(members, "^CustomerMetadataProperties"))
    if VISIBILITY in keys:
        context |= _named(VISIBILITY, _pairs(members, "^VisibilityConditions"))
    if REQUEST_TAG in keys or TAG_KEYS in keys:
        context |= of_tags(_pairs(members, "^Tags"), _strings(members, "^TagKeys"))
    return context


def of_tags(tags: Mapping[str, str], removed: Iterable[str] = ()) -> Context:
    """Return the keys for the tags that a request sets and for those that it takes away."""
    keys = [*tags, *removed]
    context = _named(REQUEST_TAG, tags)
    return {**context, TAG_KEYS: keys} if keys else context


def of_resource(action: str, resource_type: str, tags: Mapping[str, str], shown: Any) -> Context:
    """Return the values of an existing resource: its tags and, of a model package, its stage."""
    known = reference.load()
    context: Context = {}
    if known.types[resource_type].tags:
        context |= _named("aws:ResourceTag/${TagKey}", tags)
        context |= _named("sagemaker:ResourceTag/${TagKey}", tags)
    keys = known.actions[action].keys
    for key, (outer, inner) in CURRENT.items():
        value = shown.get(outer, {}).get(inner)
        if key in keys and value is not None:
            context[key] = str(value)
    if CURRENT_METADATA in keys:
        context |= _named(CURRENT_METADATA, shown.get("CustomerMetadataProperties", {}))
    return context


def _values(key: str, members: list[Member]) -> Iterator[str]:
    for path in MEMBERS.get(key, ()):
        for value in _strings(members, path):
            yield _key_arn(value) if key.endswith("KmsKeyArn") else value
    if key in NAMED:
        path, resource = NAMED[key]
        domain = next(_strings(members, "^DomainId"), "*")
        for value in _strings(members, path):
            # In lower case, as the service spells the ARNs of all of these.
            yield _arn("sagemaker", resource.format(value=value, DomainId=domain).lower())


def _strings(members: list[Member], path: str) -> Iterator[str]:
    for member in members:
        if member.ends(path):
            for value in member.value if isinstance(member.value, list) else [member.value]:
                yield _string(value)


def _string(value: Any) -> str:
    """Return a value as policies write it; of a structure only its presence can be tested."""
    if isinstance(value, bool):
        return str(value).lower()
    return "true" if isinstance(value, dict) else str(value)


def _map(members: list[Member], path: str) -> dict[str, str]:
    found: dict[str, Any] = next((member.value for member in members if member.ends(path)), {})
    return {str(key): str(value) for key, value in found.items()}


def _pairs(members: list[Member], path: str) -> dict[str, str]:
    found: list[Any] = next((member.value for member in members if member.ends(path)), [])
    return {pair["Key"]: pair.get("Value", "") for pair in found}


def _named(key: str, values: Mapping[str, str]) -> Context:
    prefix = key[: key.index("${")]
    return {f"{prefix}{name}": value for name, value in values.items()}


def _key_arn(key: str) -> str:
    """Return the ARN of an encryption key that a request names by its id."""
    return key if key.startswith("arn:") else _arn("kms", f"key/{key}")


def _arn(service: str, resource: str) -> str:
    return (
        f"arn:aws:{service}:{ministack_adapter.region()}:{ministack_adapter.account()}:{resource}"
    )
