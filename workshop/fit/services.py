"""From the methods of boto3 and the words of AWS's command line to the actions that IAM knows.

The names of operations are botocore's; a service that it does not have gives none.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from botocore import xform_name
from botocore.exceptions import BotoCoreError

from workshop.config.instance_types import data_loader

_PREFIXES = {
    "ce": "ce",
    "cloudwatch": "cloudwatch",
    "elasticloadbalancing": "elasticloadbalancing",
    "email": "ses",
    "monitoring": "cloudwatch",
}
"""What IAM calls a service where botocore's name for signatures differs."""

_ACTIONS: Mapping[str, tuple[str, ...]] = {
    # Of objects, S3 knows few actions for many operations
    # (https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html).
    "s3:HeadObject": ("s3:GetObject",),
    "s3:SelectObjectContent": ("s3:SelectObjectContent",),
    "s3:HeadBucket": ("s3:ListBucket",),
    "s3:ListObjects": ("s3:ListBucket",),
    "s3:ListObjectsV2": ("s3:ListBucket",),
    "s3:ListObjectVersions": ("s3:ListBucketVersions",),
    "s3:ListBuckets": ("s3:ListAllMyBuckets",),
    "s3:DeleteObjects": ("s3:DeleteObject",),
    "s3:CopyObject": ("s3:GetObject", "s3:PutObject"),
    "s3:CreateMultipartUpload": ("s3:PutObject",),
    "s3:UploadPart": ("s3:PutObject",),
    "s3:CompleteMultipartUpload": ("s3:PutObject",),
    "s3:PutBucketEncryption": ("s3:PutEncryptionConfiguration",),
    "s3:PutBucketCors": ("s3:PutBucketCORS",),
    "s3:PutPublicAccessBlock": ("s3:PutBucketPublicAccessBlock",),
    "s3:PutBucketLifecycleConfiguration": ("s3:PutLifecycleConfiguration",),
    "s3:PutBucketNotificationConfiguration": ("s3:PutBucketNotification",),
    "bedrock:Converse": ("bedrock:InvokeModel",),
    "bedrock:ConverseStream": ("bedrock:InvokeModelWithResponseStream",),
    "sagemaker:BatchGetMetrics": ("sagemaker:BatchGetMetrics",),
}
"""The actions of operations that are not named as these."""

_METHODS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "s3": {
        "upload_file": ("s3:PutObject",),
        "upload_fileobj": ("s3:PutObject",),
        "download_file": ("s3:GetObject",),
        "download_fileobj": ("s3:GetObject",),
        "copy": ("s3:GetObject", "s3:PutObject"),
    }
}
"""Methods that boto3 adds to those of the operations."""


@cache
def _model(service: str) -> Mapping[str, Any]:
    try:
        model: Mapping[str, Any] = data_loader().load_service_model(service, "service-2")
    except (BotoCoreError, ValueError):
        return {}
    return model


@cache
def _operations(service: str) -> Mapping[str, str]:
    """Return the methods of a client -> the operation of each; empty for an unknown service."""
    return {xform_name(name): name for name in _model(service).get("operations", ())}


@cache
def _waiters(service: str) -> Mapping[str, str]:
    try:
        model = data_loader().load_service_model(service, "waiters-2")
    except (BotoCoreError, ValueError):
        return {}
    return {xform_name(name): each["operation"] for name, each in model["waiters"].items()}


def is_known(service: str) -> bool:
    """Return whether boto3 has clients of this service."""
    return bool(_operations(service))


@cache
def prefix(service: str) -> str:
    """Return how the actions of a client's service begin: ``sagemaker`` of sagemaker-runtime."""
    metadata = _model(service).get("metadata", {})
    signed = metadata.get("signingName") or metadata.get("endpointPrefix") or service
    return _PREFIXES.get(signed, signed)


def of_method(service: str, method: str) -> tuple[str, ...]:
    """Return the actions of a client's method; none for what is no operation."""
    own = _METHODS.get(service, {}).get(method)
    if own is not None:
        return own
    operation = _operations(service).get(method)
    return actions(service, operation) if operation else ()


def of_waiter(service: str, waiter: str) -> tuple[str, ...]:
    """Return the actions of what a waiter asks again and again."""
    operation = _waiters(service).get(waiter)
    return actions(service, operation) if operation else ()


def of_command(service: str, command: str) -> tuple[str, ...]:
    """Return the actions of a command such as ``aws ecr create-repository``."""
    method = command.replace("-", "_")
    if service == "ecr" and method in ("get_login_password", "get_login"):
        return ("ecr:GetAuthorizationToken",)
    return of_method({"s3api": "s3"}.get(service, service), method)


def actions(service: str, operation: str) -> tuple[str, ...]:
    """Return the actions of an operation."""
    action = f"{prefix(service)}:{operation}"
    return _ACTIONS.get(action, (action,))
