"""Keys that XML cannot hold: listed as S3 lists them, allowed as IAM allows them, and deleted."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from botocore.httpsession import URLLib3Session

from localcloud import policy_engine
from tests.support.local_cloud import Cloud, root
from tests.support.scan_context import account_region
from workshop.teardown.emptying import BucketEmptier

PLAIN = ["cr\rx", "lf\nx", "tab\tx", "a +%41&<>\"'", "Zoë/\u2028", "😀", "\x7f\x85"]
ONLY_ENCODED = ["ctl\x01x", "\x0b", "esc\x1b]0;x\x07", "no\ufffecharacter", "\uffff"]
NAME = "vision-ada-data"


@pytest.fixture
def bucket(cloud: Cloud) -> str:
    cloud.client("s3").create_bucket(Bucket=NAME)
    return NAME


def put(cloud: Cloud, keys: list[str]) -> None:
    for key in keys:
        cloud.client("s3").put_object(Bucket=NAME, Key=key, Body=key.encode())


def answer(cloud: Cloud, path: str, method: str = "GET") -> tuple[int, bytes]:
    """What is on the wire, which no parser has seen."""
    request = AWSRequest(method, f"{cloud.endpoint}/{path}")
    credentials = Credentials(*root(cloud.running).values())
    S3SigV4Auth(credentials, "s3", cloud.running.region).add_auth(request)
    given = URLLib3Session().send(request.prepare())
    return given.status_code, given.content


def test_every_listing_of_objects_tells_every_key_as_it_was_written(
    cloud: Cloud, bucket: str
) -> None:
    put(cloud, [*PLAIN, *ONLY_ENCODED])
    s3 = cloud.client("s3")
    wanted = sorted([*PLAIN, *ONLY_ENCODED])
    for listing, part in (
        ("list_objects", "Contents"),
        ("list_objects_v2", "Contents"),
        ("list_object_versions", "Versions"),
    ):
        pages = s3.get_paginator(listing).paginate(Bucket=bucket, PaginationConfig={"PageSize": 5})
        assert [entry["Key"] for page in pages for entry in page[part]] == wanted, listing
    for key in wanted:
        assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == key.encode()


def test_markers_and_common_prefixes_are_encoded_as_well(cloud: Cloud, bucket: str) -> None:
    put(cloud, ["a\x01/one", "a\x01/two", "b\r/three"])
    cloud.client("s3").put_bucket_versioning(
        Bucket=bucket, VersioningConfiguration={"Status": "Enabled"}
    )
    cloud.client("s3").delete_object(Bucket=bucket, Key="a\x01/one")
    page = cloud.client("s3").list_object_versions(Bucket=bucket, Delimiter="/")
    assert [prefix["Prefix"] for prefix in page["CommonPrefixes"]] == ["a\x01/", "b\r/"]
    page = cloud.client("s3").list_object_versions(Bucket=bucket, Prefix="a\x01")
    assert (page["Prefix"], [marker["Key"] for marker in page["DeleteMarkers"]]) == (
        "a\x01",
        ["a\x01/one"],
    )


@pytest.mark.parametrize("query", ["list-type=2", "versions", "uploads"])
def test_without_an_encoding_s3_writes_references_that_no_parser_reads(
    cloud: Cloud, bucket: str, query: str
) -> None:
    put(cloud, ["cr\rx"])
    start_upload(cloud, "cr\rx")
    status, body = answer(cloud, f"{bucket}?{query}")
    assert (status, b"<Key>cr&#xd;x</Key>" in body, b"EncodingType" in body) == (200, True, False)
    assert "cr\rx" in texts(body)
    put(cloud, ["ctl\x01x"])
    start_upload(cloud, "ctl\x01x")
    status, body = answer(cloud, f"{bucket}?{query}")
    assert (status, b"<Key>ctl&#x1;x</Key>" in body) == (200, True)
    with pytest.raises(ET.ParseError, match="reference to invalid character number"):
        texts(body)


def texts(body: bytes) -> list[str | None]:
    return [element.text for element in ET.fromstring(body).iter()]  # noqa: S314 - our own server's


def start_upload(cloud: Cloud, key: str) -> None:
    """Begin an upload that is never finished, whether or not a parser can read the answer."""
    status, body = answer(cloud, f"{NAME}/{quote(key)}?uploads", "POST")
    assert (status, b"<UploadId>" in body) == (200, True)


def test_botocore_takes_an_answer_that_it_cannot_read_for_a_broken_one(
    cloud: Cloud, bucket: str
) -> None:
    with pytest.raises(ClientError, match=r"\(500\) when calling the CreateMultipartUpload"):
        cloud.client("s3").create_multipart_upload(Bucket=bucket, Key="ctl\x01x")
    (upload,) = cloud.client("s3").list_multipart_uploads(Bucket=bucket, EncodingType="url")[
        "Uploads"
    ]
    assert upload["Key"] == "ctl%01x"


def test_a_bucket_of_such_keys_and_uploads_is_emptied_in_a_round(cloud: Cloud, bucket: str) -> None:
    s3 = cloud.client("s3")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    keys = [*PLAIN, *ONLY_ENCODED]
    put(cloud, keys)
    s3.delete_object(Bucket=bucket, Key="ctl\x01x")
    for key in keys:
        start_upload(cloud, key)
    emptying = BucketEmptier(s3, bucket, account_region(cloud).account)
    assert emptying.holds_something()
    done = emptying.empty()
    assert (done.versions, done.uploads) == (len(keys) + 1, len(keys))
    assert done.calls == {
        "s3:ListMultipartUploads": 1,
        "s3:AbortMultipartUpload": len(keys),
        "s3:ListObjectVersions": 1,
        "s3:DeleteObjects": 1,
        "s3:DeleteObject": len(ONLY_ENCODED) + 1,
    }
    assert not emptying.holds_something()
    s3.delete_bucket(Bucket=bucket)


def test_uploads_of_several_pages_all_go_though_their_markers_are_encoded(
    cloud: Cloud, bucket: str
) -> None:
    # In the encoding, which begins with a %, most of these would stand behind all others.
    for key in ("\x01a", "\x01b", "\x01c", "\x02", "é1", "é2", "é3"):
        start_upload(cloud, key)
    s3 = cloud.client("s3")

    def shorten(params: dict[str, Any], **_: Any) -> None:
        params["MaxUploads"] = 2

    s3.meta.events.register("before-parameter-build.s3.ListMultipartUploads", shorten)
    try:
        done = BucketEmptier(s3, bucket, account_region(cloud).account).empty()
    finally:
        s3.meta.events.unregister("before-parameter-build.s3.ListMultipartUploads", shorten)
    assert (done.uploads, done.calls["s3:ListMultipartUploads"]) == (7, 4)


def test_keys_that_a_fault_leaves_and_their_neighbours_keep_their_carriage_returns(
    cloud: Cloud, bucket: str
) -> None:
    put(cloud, ["kept\r", "gone\r"])
    cloud.faults({"effect": "keys", "match": "kept*"})
    objects = [{"Key": "kept\r"}, {"Key": "gone\r"}]
    done = cloud.client("s3").delete_objects(Bucket=bucket, Delete={"Objects": objects})
    assert [error["Key"] for error in done["Errors"]] == ["kept\r"]
    assert [deleted["Key"] for deleted in done["Deleted"]] == ["gone\r"]
    listed = cloud.client("s3").list_objects_v2(Bucket=bucket)["Contents"]
    assert [entry["Key"] for entry in listed] == ["kept\r"]


@pytest.mark.parametrize("end", ["\n", "a\nb", "\r\n\n", "\x85", "\u2028x"])
def test_a_pattern_of_iam_matches_a_key_over_its_line_breaks(end: str) -> None:
    evaluator = policy_engine.evaluator()
    arn = f"arn:aws:s3:::bucket/{end}"
    assert evaluator.fnmatch_iam_cs(arn, "arn:aws:s3:::bucket/*")
    assert evaluator.fnmatch_iam_cs(arn, "arn:*et/" + "?" * len(end))
    assert not evaluator.fnmatch_iam_cs(arn, "arn:aws:s3:::bucket/")
    assert not evaluator.fnmatch_iam_cs(f"{arn}x", f"arn:aws:s3:::bucket/{end}")
    assert not evaluator.fnmatch_iam("s3:GetObject\n", "s3:GetObject")
