"""Listings of a bucket's versions, read for keys and ids alone.

botocore reads each answer of S3 twice, once in search of an error, and makes an object of every
member: of a page of a thousand versions that takes six times as long as what is needed of it.
"""

from __future__ import annotations

import re
from typing import Any

from botocore import handlers
from botocore.model import OperationModel

LISTING = "ListObjectVersions"
_END = b"</ListVersionsResult>"
_UNREAD = re.compile(
    rb"<(ChecksumAlgorithm|ChecksumType|ETag|IsLatest|LastModified|Owner|RestoreStatus|Size"
    rb"|StorageClass)>.*?</\1>",
    re.DOTALL,
)
"""Members of a version that nobody asks for; in a key, ``<`` is written otherwise."""

HANDLE_200_ERROR: Any = vars(handlers).get("_handle_200_error")
"""botocore's handler of errors that S3 tells with a good status, and of torn answers.

Its name is botocore's own; under another one, all is read as botocore reads it.
"""


def register(events: Any) -> None:
    """Let a client of S3 read its listings of versions so; ``events`` are its ``meta.events``."""
    if HANDLE_200_ERROR is None:
        return
    events.unregister("before-parse.s3.*", HANDLE_200_ERROR)
    events.register_first("before-parse.s3.*", prepare)


def prepare(operation_model: OperationModel, response_dict: dict[str, Any], **_: object) -> None:
    """Leave out what is not read of a whole listing, and let botocore look at all other answers."""
    body = response_dict["body"]
    if operation_model.name == LISTING and body[-2 * len(_END) :].rstrip().endswith(_END):
        response_dict["body"] = _UNREAD.sub(b"", body)
    else:
        HANDLE_200_ERROR(operation_model, response_dict)
