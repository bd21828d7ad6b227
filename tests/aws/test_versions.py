"""What is read of a listing of versions, and what botocore still sees in S3's other answers."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests.support.local_cloud import Cloud
from tests.support.preflights import calling
from tests.support.small_workshop import HOME
from workshop.aws import versions
from workshop.aws.clients import Clients

LISTING = b"<ListVersionsResult><Version><Key>a</Key></Version></ListVersionsResult>"
ERROR = b"<Error><Code>InternalError</Code></Error>"


def test_keys_ids_and_pages_are_read_and_nothing_else(cloud: Cloud) -> None:
    plain = cloud.client("s3")
    plain.create_bucket(Bucket="lab")
    plain.put_bucket_versioning(Bucket="lab", VersioningConfiguration={"Status": "Enabled"})
    odd = ["a/<ETag>1</ETag>", "b & <Size>2</Size>", "ü +%2F\n"]
    for key in (*odd, odd[0]):
        plain.put_object(Bucket="lab", Key=key, Body=b"1")
    plain.delete_object(Bucket="lab", Key=odd[1])
    with calling(cloud):
        client = Clients(HOME).client("s3", HOME)
        pages = client.get_paginator("list_object_versions").paginate(
            Bucket="lab", PaginationConfig={"PageSize": 2}
        )
        found = list(pages)
    [whole] = plain.get_paginator("list_object_versions").paginate(Bucket="lab")
    assert len(found) == 3
    for part in ("Versions", "DeleteMarkers"):
        read = [one for page in found for one in page.get(part, ())]
        assert read == [{key: one[key] for key in ("Key", "VersionId")} for one in whole[part]]
    assert {one["Key"] for page in found for one in page.get("Versions", ())} == set(odd)


@pytest.mark.parametrize(
    ("operation", "body", "status"),
    [
        ("ListObjectVersions", LISTING, 200),
        ("ListObjectVersions", LISTING + b"\n", 200),
        ("ListObjectVersions", LISTING[:-9], 500),
        ("ListObjectVersions", ERROR, 500),
        ("DeleteObjects", ERROR, 500),
        ("DeleteObjects", b"<DeleteResult></DeleteResult>", 200),
    ],
)
def test_an_error_in_a_good_answer_is_seen(operation: str, body: bytes, status: int) -> None:
    client = Clients(HOME).client("s3", HOME)
    answer = {"status_code": 200, "headers": {}, "body": body, "context": {}}
    client.meta.events.emit(
        f"before-parse.s3.{operation}",
        operation_model=client.meta.service_model.operation_model(operation),
        response_dict=answer,
        customized_response_dict={},
    )
    assert answer["status_code"] == status


def test_a_whole_listing_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[object] = []
    monkeypatch.setattr(versions, "HANDLE_200_ERROR", lambda *told: read.append(told))
    for body in (LISTING, LISTING[:-1]):
        versions.prepare(SimpleNamespace(name=versions.LISTING), {"body": body})  # type: ignore[arg-type]
    assert len(read) == 1


def test_without_botocores_handler_all_is_read_as_botocore_reads_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(versions, "HANDLE_200_ERROR", None)
    client = Clients(HOME).client("s3", HOME)
    body = LISTING.replace(b"<Key>", b"<ETag>1</ETag><Key>")
    answer = {"status_code": 200, "headers": {}, "body": body, "context": {}}
    model = client.meta.service_model.operation_model("ListObjectVersions")
    event = "before-parse.s3.ListObjectVersions"
    given = {"response_dict": answer, "customized_response_dict": {}}
    client.meta.events.emit(event, operation_model=model, **given)
    assert (answer["status_code"], answer["body"]) == (200, body)
