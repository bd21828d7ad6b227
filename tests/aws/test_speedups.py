"""What is read quickly is read right; and how calls are counted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.utils import parse_timestamp

from tests.support.local_cloud import Cloud
from tests.support.preflights import calling
from tests.support.small_workshop import HOME
from workshop.account_region import AccountRegion
from workshop.aws import speedups
from workshop.aws.clients import Clients
from workshop.config import instance_types

ELSEWHERE = AccountRegion("111122223333", "us-east-1")

SHAPES: tuple[float | str, ...] = (
    1_795_381_985,
    1_795_381_985.333,
    "1795381985",
    "2026-11-22T21:13:05Z",
    "2026-11-22T21:13:05.333Z",
    "2026-11-22T21:13:05+02:00",
    "2026-11-22T21:13:05.333000+00:00",
    "Sun, 22 Nov 2026 21:13:05 GMT",
    "20261122T211305Z",
)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_moment_is_the_one_that_botocore_reads(shape: Any) -> None:
    assert speedups.timestamp(shape) == parse_timestamp(shape)


def test_moments_are_in_utc_wherever_the_machine_is() -> None:
    assert speedups.timestamp(0.5) == datetime(1970, 1, 1, 0, 0, 0, 500_000, UTC)
    assert (
        speedups.timestamp(0.5).tzinfo is speedups.timestamp("2026-11-22T21:13:05Z").tzinfo is UTC
    )
    two = timezone(timedelta(hours=2))
    assert speedups.timestamp("2026-11-22T21:13:05+02:00").tzinfo == two


def test_eight_digits_are_seconds_and_no_day() -> None:
    assert speedups.timestamp("20261122") == datetime(1970, 8, 23, 12, 5, 22, tzinfo=UTC)


def test_what_is_no_moment_is_refused() -> None:
    with pytest.raises(ValueError, match="Invalid timestamp"):
        speedups.timestamp("Tomorrow")


def test_clients_read_moments_so(cloud: Cloud) -> None:
    cloud.client("s3").create_bucket(Bucket="here")
    with calling(cloud):
        [bucket] = Clients(HOME).client("s3", HOME).list_buckets()["Buckets"]
    assert bucket["CreationDate"].tzinfo is UTC


def test_calls_are_counted_by_operation_and_retries_are_not(cloud: Cloud) -> None:
    with calling(cloud):
        made = Clients(HOME)
        assert made.calls == {}
        made.client("s3", HOME).list_buckets()
        made.client("s3", HOME).list_buckets()
        cloud.faults({"effect": "throttle", "operation": "sts:GetCallerIdentity", "times": 1})
        made.caller(HOME)
    assert made.calls == {"s3:ListBuckets": 2, "sts:GetCallerIdentity": 1}


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


def test_models_are_read_once_for_the_configuration_and_for_all_sessions() -> None:
    sessions = [speedups.session() for _ in range(2)]
    loaders: list[Any] = [made._session.get_component("data_loader") for made in sessions]
    assert loaders == [instance_types.data_loader()] * 2
    model = loaders[0].load_service_model("sagemaker", "service-2")
    assert instance_types._model("sagemaker") is model


def test_clients_of_a_service_share_its_model_whichever_account_they_are_for(cloud: Cloud) -> None:
    """What botocore makes of a model weighs more than all else of a client."""
    with calling(cloud):
        made = Clients(HOME, role="WorkshopDeployer")
        clients = [made.client("sts", place) for place in (HOME, ELSEWHERE)]
        assert clients[0].meta.service_model is clients[1].meta.service_model
        assert type(clients[0]) is type(clients[1])
        accounts = [client.get_caller_identity()["Account"] for client in clients]
    assert accounts == [HOME.account, ELSEWHERE.account]
