"""S3's answers about keys that XML cannot hold: controls, carriage returns, U+FFFE.

A key is any text of up to 1,024 bytes of UTF-8, and XML 1.0 has no way to write all of it. S3
writes a character reference nevertheless, ``a&#x19;&#x7;``
(https://github.com/minio/minio-py/issues/716), over which XML parsers end: botocore takes such an
answer for a broken one and for a 500. Clients that list keys ask for ``encoding-type=url`` (API
reference of ListObjectsV2, EncodingType), as botocore does by itself in all listings but that of
unfinished uploads. DeleteObjects, whose request is XML, cannot name such a key
(https://github.com/basho/riak_cs/issues/974); DELETE can.
"""

# Private names of ministack, held by ministack_names.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

import re
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any
from urllib.parse import quote

# Only its elements are used here, and nothing is parsed.
from xml.etree import ElementTree as ET

from localcloud import ministack_adapter

Answer = tuple[int, dict[str, str], bytes]
Listing = Callable[[str, dict[str, Any]], Answer]

_NOT_PLAIN = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 does not allow, and the carriage return, which a parser turns into a line feed."""

_ENCODED = {"Key", "Prefix", "Delimiter", "KeyMarker", "NextKeyMarker"}
"""The members of the two listings that are encoded on demand (API reference, EncodingType)."""

_encodes: ContextVar[bool] = ContextVar("encodes", default=False)


def patch_object_keys() -> None:
    """Correct ministack, which writes such characters as they are and does not encode two lists."""
    s3 = ministack_adapter.module("services.s3")
    body: Callable[[ET.Element], bytes] = s3._xml_body

    def written(root: ET.Element) -> bytes:
        if _encodes.get():
            _encode(root)
        return referenced(body(root).decode()).encode()

    s3._xml_body = written
    s3._list_object_versions = _on_demand(_past_the_marker(s3._list_object_versions))
    s3._list_multipart_uploads = _on_demand(s3._list_multipart_uploads)


def referenced(document: str) -> str:
    """Return a document with references for what XML cannot hold or would not keep."""
    return _NOT_PLAIN.sub(lambda found: f"&#x{ord(found[0]):x};", document)


def _on_demand(listing: Listing) -> Listing:
    def listed(bucket_name: str, query_params: dict[str, Any]) -> Answer:
        asked = ministack_adapter.module("services.s3")._qp(query_params, "encoding-type", "")
        token = _encodes.set(asked == "url")
        try:
            return listing(bucket_name, query_params)
        finally:
            _encodes.reset(token)

    return listed


def _past_the_marker(listing: Listing) -> Listing:
    """Continue a listing of versions after a key without versions, which would be repeated."""

    def listed(bucket_name: str, query_params: dict[str, Any]) -> Answer:
        s3 = ministack_adapter.module("services.s3")
        marker = s3._qp(query_params, "key-marker", "")
        if (bucket_name, marker) not in s3._object_versions:
            query_params = {**query_params, "version-id-marker": ""}
        return listing(bucket_name, query_params)

    return listed


def _encode(root: ET.Element) -> None:
    for element in root.iter():
        if element.tag in _ENCODED and element.text:
            element.text = quote(element.text, safe="/")
    ET.SubElement(root, "EncodingType").text = "url"
