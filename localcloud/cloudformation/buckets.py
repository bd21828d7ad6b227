"""S3 buckets and bucket policies: settings that the emulator drops, rules that it lacks."""

# Private names of ministack, held by ministack_names.HELD, and its handlers' signatures.
# ruff: noqa: ARG001, SLF001
from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.serialize import create_serializer

from localcloud import ministack_adapter
from localcloud.cloudformation import lifecycle_rules, system_tags
from localcloud.cloudformation.failures import ResourceError, bucket_not_empty, error_of

Properties = dict[str, Any]
Made = tuple[str, dict[str, Any]]


def _s3() -> Any:
    return ministack_adapter.module("services.s3")


@cache
def _model() -> ServiceModel:
    return ServiceModel(Loader().load_service_model("s3", "service-2"), "s3")


def _body(operation: str, request: dict[str, Any]) -> bytes:
    """Return the XML body a client would send."""
    return _written(operation, json.dumps(request, default=str))


@lru_cache
def _written(operation: str, request: str) -> bytes:
    """Return it for a request as JSON: the buckets of all seats are alike but for their tags."""
    serializer = create_serializer("rest-xml")
    sent = serializer.serialize_to_request(
        {"Bucket": "bucket", **json.loads(request)}, _model().operation_model(operation)
    )
    body = sent["body"]
    return body if isinstance(body, bytes) else str(body).encode()


def _versioning(value: Properties) -> bytes:
    return _body("PutBucketVersioning", {"VersioningConfiguration": {"Status": value["Status"]}})


def _encryption(value: Properties) -> bytes:
    rules = []
    for rule in value["ServerSideEncryptionConfiguration"]:
        made: dict[str, Any] = {}
        if "ServerSideEncryptionByDefault" in rule:
            made["ApplyServerSideEncryptionByDefault"] = rule["ServerSideEncryptionByDefault"]
        if "BucketKeyEnabled" in rule:
            made["BucketKeyEnabled"] = str(rule["BucketKeyEnabled"]).lower() == "true"
        rules.append(made)
    return _body("PutBucketEncryption", {"ServerSideEncryptionConfiguration": {"Rules": rules}})


def _ownership(value: Properties) -> bytes:
    return _body("PutBucketOwnershipControls", {"OwnershipControls": {"Rules": value["Rules"]}})


def _tagging(value: list[dict[str, str]]) -> bytes:
    tags = [{"Key": tag["Key"], "Value": str(tag["Value"])} for tag in value]
    return _body("PutBucketTagging", {"Tagging": {"TagSet": tags}})


def _lifecycle(value: Properties) -> bytes:
    rules = [lifecycle_rules.api_rule(rule) for rule in value["Rules"]]
    return _body("PutBucketLifecycleConfiguration", {"LifecycleConfiguration": {"Rules": rules}})


_SETTINGS: tuple[tuple[str, Callable[[Any], bytes], str, str | None], ...] = (
    # property, its XML, the emulator's put, the emulator's delete (None: see _settle)
    ("VersioningConfiguration", _versioning, "_put_bucket_versioning", None),
    ("BucketEncryption", _encryption, "_put_bucket_encryption", "_delete_bucket_encryption"),
    (
        "OwnershipControls",
        _ownership,
        "_put_bucket_ownership_controls",
        "_delete_bucket_ownership_controls",
    ),
    ("LifecycleConfiguration", _lifecycle, "_put_bucket_lifecycle", "_delete_bucket_lifecycle"),
    ("Tags", _tagging, "_put_bucket_tagging", "_delete_bucket_tagging"),
)


_RESERVED_STARTS = ("xn--", "sthree-", "amzn-s3-demo-")
_RESERVED_ENDS = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")


def _is_valid(name: str) -> bool:
    """Apply S3's naming rules for general purpose buckets (S3 user guide)."""
    return bool(_s3()._validate_bucket_name(name)) and not (
        name.startswith(_RESERVED_STARTS) or name.endswith(_RESERVED_ENDS)
    )


def create_bucket(logical_id: str, props: Properties, stack_name: str) -> Made:
    """AWS::S3::Bucket with a checked name and every setting kept."""
    name = props.get("BucketName")
    if name is not None and not _is_valid(name):
        raise ResourceError(
            f"The specified bucket is not valid: '{name}' (Service: Amazon S3; Status Code: 400; "
            "Error Code: InvalidBucketName)"
        )
    made: Made = ministack_adapter.module("services.cloudformation.provisioners")._s3_create(
        logical_id, props, stack_name
    )
    made[1].update(_more_attributes(made[0]))
    try:
        with system_tags.as_cloudformation():
            _settle(made[0], {}, props)
    except ResourceError:
        _s3()._delete_bucket(made[0])
        raise
    return made


def update_bucket(physical_id: str, old: Properties, new: Properties, stack_name: str) -> Made:
    """Change a bucket's settings in place; a new name is a replacement made elsewhere."""
    made: Made = ministack_adapter.module("services.cloudformation.provisioners")._s3_update(
        physical_id, old, new, stack_name
    )
    made[1].update(_more_attributes(made[0]))
    with system_tags.as_cloudformation():
        _settle(made[0], old, new)
    return made


def delete_bucket(physical_id: str, props: Properties) -> None:
    """Delete as S3 does: a bucket with objects, versions or delete markers stays."""
    failed = error_of(_s3()._delete_bucket(physical_id))
    if failed is None or failed[1] == "NoSuchBucket":
        return
    status, code, message = failed
    raise ResourceError(
        bucket_not_empty(message)
        if code == "BucketNotEmpty"
        else f"{message} (Service: Amazon S3; Status Code: {status}; Error Code: {code})"
    )


def _more_attributes(name: str) -> dict[str, str]:
    return {
        "DualStackDomainName": f"{name}.s3.dualstack.{ministack_adapter.region()}.amazonaws.com"
    }


def _settle(name: str, old: Properties, new: Properties) -> None:
    for member, to_xml, put, delete in _SETTINGS:
        if new.get(member):
            _done(getattr(_s3(), put)(name, to_xml(new[member])))
        elif old.get(member) and delete is not None:
            _done(getattr(_s3(), delete)(name))
        elif old.get(member):
            # Versioning can never be taken back, only suspended.
            _done(_s3()._put_bucket_versioning(name, _versioning({"Status": "Suspended"})))


def _done(answer: tuple[int, Any, bytes]) -> None:
    failed = error_of(answer)
    if failed is not None:
        status, code, message = failed
        raise ResourceError(
            f"{message} (Service: Amazon S3; Status Code: {status}; Error Code: {code})"
        )


def create_policy(logical_id: str, props: Properties, stack_name: str) -> Made:
    """AWS::S3::BucketPolicy; ``Ref`` is the bucket, which must exist and have no policy yet."""
    bucket = props["Bucket"]
    if bucket in _s3()._bucket_policies:
        raise ResourceError(f"The bucket policy already exists on bucket {bucket}.")
    _put_policy(bucket, props)
    return bucket, {}


def update_policy(physical_id: str, old: Properties, new: Properties, stack_name: str) -> Made:
    """Write the changed document in place; another bucket is a replacement made elsewhere."""
    _put_policy(new["Bucket"], new)
    return new["Bucket"], {}


def delete_policy(physical_id: str, props: Properties) -> None:
    """Remove the policy; a bucket that is gone took its policy along."""
    failed = error_of(_s3()._delete_bucket_policy(props["Bucket"]))
    if failed is not None and failed[1] != "NoSuchBucket":
        raise ResourceError(failed[2])


def _put_policy(bucket: str, props: Properties) -> None:
    document = props["PolicyDocument"]
    text = document if isinstance(document, str) else json.dumps(document)
    _done(_s3()._put_bucket_policy(bucket, text.encode()))
