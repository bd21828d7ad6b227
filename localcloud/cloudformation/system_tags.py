"""Tags whose keys begin with ``aws:``, which only CloudFormation can write.

S3's answers are those that users quote
(https://github.com/hashicorp/terraform-provider-aws/issues/7323); that DeleteBucketTagging leaves
system tags where they are is assumed.
"""

# Private names of ministack, held by ministack_names.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from localcloud import ministack_adapter

PREFIX = "aws:"

_by_cloudformation: ContextVar[bool] = ContextVar("by_cloudformation", default=False)

Answer = tuple[int, Any, bytes]


@contextmanager
def as_cloudformation() -> Iterator[None]:
    """Allow system tags inside the block."""
    token = _by_cloudformation.set(True)
    try:
        yield
    finally:
        _by_cloudformation.reset(token)


def keeping_on_put(put: Callable[[str, bytes], Answer]) -> Callable[[str, bytes], Answer]:
    """S3's PutBucketTagging, which neither adds, changes nor removes system tags."""

    def put_bucket_tagging(name: str, body: bytes) -> Answer:
        s3 = ministack_adapter.module("services.s3")
        before = s3._bucket_tags.get(name)
        answer = put(name, body)
        if _by_cloudformation.get() or answer[0] >= 400:  # noqa: PLR2004 - an HTTP status
            return answer
        old, new = _of_system(before or {}), _of_system(s3._bucket_tags[name])
        if old == new:
            return answer
        if before is None:
            s3._bucket_tags.pop(name)
        else:
            s3._bucket_tags[name] = before
        taken = old.keys() - new.keys()
        message = f"System tags cannot be {'removed' if taken else 'added/updated'} by requester"
        refused: Answer = s3._error("InvalidTag", message, 400)
        return refused

    return put_bucket_tagging


def keeping_on_delete(delete: Callable[[str], Answer]) -> Callable[[str], Answer]:
    """S3's DeleteBucketTagging, which leaves system tags where they are."""

    def delete_bucket_tagging(name: str) -> Answer:
        s3 = ministack_adapter.module("services.s3")
        kept = _of_system(s3._bucket_tags.get(name) or {})
        answer = delete(name)
        if kept and not _by_cloudformation.get() and name in s3._buckets:
            s3._bucket_tags[name] = kept
        return answer

    return delete_bucket_tagging


def refusing(handle: Callable[[dict[str, Any]], Answer]) -> Callable[[dict[str, Any]], Answer]:
    """An operation of ECR that tags or untags, without system tags."""

    def tagging(data: dict[str, Any]) -> Answer:
        keys = [*(tag["Key"] for tag in data.get("tags", ())), *data.get("tagKeys", ())]
        if _by_cloudformation.get() or not any(key.startswith(PREFIX) for key in keys):
            return handle(data)
        message = f"Tag keys that begin with '{PREFIX}' are reserved for AWS"
        refused = {"__type": "InvalidTagParameterException", "message": message}
        return 400, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(refused).encode()

    return tagging


def _of_system(tags: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in tags.items() if key.startswith(PREFIX)}
