"""What S3 refuses of requests to a bucket and ministack takes.

Above all ``ExpectedBucketOwner``: a client that names the owner is refused at a bucket of another
account, whatever its policy allows (https://docs.aws.amazon.com/AmazonS3/latest/userguide/
bucket-owner-condition.html). All operations send it in the same header, those that copy in a
second one for the source.
"""

# Private names of ministack, held by ministack_names.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

import json
import re
import uuid
from typing import Any
from urllib.parse import unquote

# Only programs of this machine get here, and expat itself bounds what entities expand to.
from xml.etree import ElementTree as ET

from localcloud import ministack_adapter
from localcloud.iam.trust_policies import unknown_principal
from localcloud.indexed_keys import indexed

OWNER = "x-amz-expected-bucket-owner"
SOURCE_OWNER = "x-amz-source-expected-bucket-owner"

ENCRYPTION = "x-amz-server-side-encryption"
KMS_KEY = "x-amz-server-side-encryption-aws-kms-key-id"

_SPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
_VERSION = re.compile(r"null|[\w.-]{32,}")
_NO_VERSION = "The specified version does not exist."

Answer = tuple[int, dict[str, str], bytes]


def patch_bucket_requests() -> None:
    """Put the checks in front of ministack's S3, once per process."""
    s3, handlers = _s3(), ministack_adapter.module("app").SERVICE_HANDLERS
    service = handlers["s3"]

    async def answer(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Answer:
        refused = _of_another_owner(path, headers) or _impossible_version(query)
        encrypted = _with_managed_key(method, path, headers, query)
        given: Answer = refused or await service(method, path, encrypted, body, query)
        return (*given[:2], b"") if refused and method == "HEAD" else given

    def owner_of(name: str) -> str | None:
        keys = indexed(s3._buckets).of_name(name)
        return str(keys[0][0]) if keys else None

    handlers["s3"] = answer
    # Its own one looks through the buckets of all accounts.
    s3._bucket_owner_account = owner_of
    s3._delete_objects = _telling_of_versions(s3._delete_objects)
    s3._delete_bucket = _naming_versions(s3._delete_bucket)
    s3._put_bucket_policy = _checked_policies(s3._put_bucket_policy)


def policy_mistake(bucket: str, text: str) -> str | None:
    """Return what S3 says about the policy of a bucket, or None if it takes it."""
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        return "Policies must be valid JSON and the first byte must be '{'"
    statements = document.get("Statement")
    if not statements:
        return "Missing required field Statement"
    for statement in statements if isinstance(statements, list) else [statements]:
        if (mistake := _statement_mistake(bucket, statement)) is not None:
            return mistake
    return "Invalid principal in policy" if unknown_principal(document) else None


def _statement_mistake(bucket: str, statement: dict[str, Any]) -> str | None:
    for member in ("Effect", "Principal", "Action", "Resource"):
        if member not in statement and f"Not{member}" not in statement:
            return f"Missing required field {member}"
    resources = statement.get("Resource", [])
    for resource in resources if isinstance(resources, list) else [resources]:
        if resource != "*" and not _is_of(bucket, str(resource)):
            return "Policy has invalid resource"
    actions = statement.get("Action", [])
    for action in actions if isinstance(actions, list) else [actions]:
        if action != "*" and not str(action).lower().startswith("s3:"):
            return "Policy has invalid action"
    return None


def _s3() -> Any:
    return ministack_adapter.module("services.s3")


def _is_of(bucket: str, resource: str) -> bool:
    """Whether an ARN, in which there may be a glob, can be of this bucket."""
    name, _, _ = resource.rpartition(":::")[2].partition("/")
    pattern = re.escape(name).replace(r"\*", ".*").replace(r"\?", ".")
    return resource.startswith("arn:") and re.fullmatch(pattern, bucket) is not None


def _of_another_owner(path: str, headers: dict[str, str]) -> Answer | None:
    source = unquote(headers.get("x-amz-copy-source", "")).lstrip("/")
    for header, place in ((OWNER, path.lstrip("/")), (SOURCE_OWNER, source)):
        expected = headers.get(header)
        if expected is None:
            continue
        bucket = place.partition("/")[0]
        if not re.fullmatch(r"\d{12}", expected):
            return _refusal(
                "InvalidBucketOwnerAWSAccountID",
                "The value of the expected bucket owner parameter must be an AWS Account ID... "
                f"[{expected}]",
                400,
                bucket,
            )
        owner = _s3()._bucket_owner_account(bucket)
        if owner not in (None, expected):
            return _refusal("AccessDenied", "Access Denied", 403, bucket)
    return None


def _with_managed_key(
    method: str, path: str, headers: dict[str, str], query: dict[str, Any]
) -> dict[str, str]:
    """Return the headers of a request, with S3's own key where KMS is to use none by name."""
    bucket, _, key = path.lstrip("/").partition("/")
    if not key or method not in ("PUT", "POST") or "uploadId" in query:
        return headers
    default = str(_s3()._bucket_encryption.get(bucket) or "")
    usual = "aws:kms" if "aws:kms" in default and "KMSMasterKeyID" not in default else None
    asked = headers.get(ENCRYPTION, usual)
    if asked is None or not asked.startswith("aws:kms") or KMS_KEY in headers:
        return headers
    return {**headers, ENCRYPTION: asked, KMS_KEY: managed_key()}


def managed_key() -> str:
    """Return the ARN of the key that AWS keeps for S3 in the present account and Region."""
    place = f"{ministack_adapter.region()}:{ministack_adapter.account()}"
    return f"arn:aws:kms:{place}:key/{uuid.uuid5(uuid.NAMESPACE_URL, f'aws/s3/{place}')}"


def _impossible_version(query: dict[str, Any]) -> Answer | None:
    given = _s3()._qp(query, "versionId", "")
    if not given or _VERSION.fullmatch(given):
        return None
    return _refusal("InvalidArgument", "Invalid version id specified", 400, "")


def _refusal(code: str, message: str, status: int, bucket: str) -> Answer:
    given: Answer = _s3()._error(code, message, status, f"/{bucket}")
    return given


def _telling_of_versions(delete: Any) -> Any:
    """DeleteObjects that answers NoSuchVersion for a version that is not there."""

    def delete_objects(
        bucket_name: str, body: bytes, headers: dict[str, str] | None = None
    ) -> Answer:
        gone = [named for named in _versions(body) if not _is_there(bucket_name, *named)]
        given: Answer = delete(bucket_name, body, headers)
        status, answer_headers, answer = given
        if not gone or status != 200:  # noqa: PLR2004 - the one status that lists keys
            return given
        return status, answer_headers, _with_missing(answer, set(gone))

    return delete_objects


def _versions(body: bytes) -> list[tuple[str, str]]:
    if b"VersionId" not in body:
        return []
    try:
        request = ET.fromstring(body)  # noqa: S314
    except ET.ParseError:
        return []  # S3 refuses it.
    named = [{_local(member): member.text or "" for member in part} for part in request]
    return [(given["Key"], given["VersionId"]) for given in named if given.get("VersionId")]


def _is_there(bucket: str, key: str, version: str) -> bool:
    if version == "null":
        return True  # Objects of a bucket without versions have it.
    versions = _s3()._object_versions.get((bucket, key)) or []
    return any(held["version_id"] == version for held in versions)


def _with_missing(answer: bytes, gone: set[tuple[str, str]]) -> bytes:
    ET.register_namespace("", _SPACE)
    result = ET.fromstring(answer)  # noqa: S314
    for part in list(result):
        members = {_local(member): member.text or "" for member in part}
        named = (members.get("Key", ""), members.get("VersionId", ""))
        if _local(part) == "Deleted" and named in gone:
            result.remove(part)
    for key, version in sorted(gone):
        element = ET.SubElement(result, f"{{{_SPACE}}}Error")
        members = {
            "Key": key,
            "VersionId": version,
            "Code": "NoSuchVersion",
            "Message": _NO_VERSION,
        }
        for name, value in members.items():
            ET.SubElement(element, f"{{{_SPACE}}}{name}").text = value
    written: bytes = _s3()._xml_body(result)
    return written


def _naming_versions(delete: Any) -> Any:
    """DeleteBucket that says of a bucket with versions that all of them must go."""

    def delete_bucket(name: str) -> Answer:
        status, headers, body = delete(name)
        text = b"The bucket you tried to delete is not empty"
        if text in body and _s3()._bucket_versioning.get(name):
            body = body.replace(text, text + b". You must delete all versions in the bucket.")
        return status, headers, body

    return delete_bucket


def _checked_policies(put: Any) -> Any:
    def put_bucket_policy(name: str, body: bytes) -> Answer:
        mistake = (
            policy_mistake(name, body.decode(errors="replace")) if name in _s3()._buckets else None
        )
        if mistake is not None:
            return _refusal("MalformedPolicy", mistake, 400, name)
        given: Answer = put(name, body)
        return given

    return put_bucket_policy


def _local(element: Any) -> str:
    """Return the name of an element without its namespace, which some clients leave out."""
    return str(element.tag).rpartition("}")[2]
