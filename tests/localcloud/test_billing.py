"""The price list and Cost Explorer of the local cloud: what they are told, in AWS's form."""

from __future__ import annotations

import json
from typing import Any
from urllib.error import HTTPError

import pytest

from localcloud.errors import LocalCloudError
from tests.support.local_cloud import Cloud
from tests.support.organizations import Organization
from tests.support.refusals import code_of

NOTEBOOK = {
    "regionCode": "eu-west-1",
    "usagetype": "EU-Notebk:ml.t3.medium",
    "unit": "Hrs",
    "usd": "0.054",
}
COST = {"day": "2026-12-01", "usd": "1.5", "tags": {"workshop": "vision", "attendee": "ada"}}


def products(cloud: Cloud, *filters: tuple[str, str, str]) -> list[dict[str, Any]]:
    asked = [{"Type": kind, "Field": field, "Value": value} for kind, field, value in filters]
    answer = cloud.client("pricing").get_products(ServiceCode="AmazonSageMaker", Filters=asked)
    return [json.loads(text) for text in answer["PriceList"]]


def costs(
    cloud: Cloud, start: str, end: str, *, account: str = "", **more: Any
) -> list[dict[str, Any]]:
    request = {
        "TimePeriod": {"Start": start, "End": end},
        "Granularity": "DAILY",
        "Metrics": ["UnblendedCost"],
        "GroupBy": [{"Type": "TAG", "Key": "attendee"}],
        "Filter": {"Tags": {"Key": "workshop", "Values": ["vision"]}},
        **more,
    }
    client = cloud.client("ce", **({"account": account} if account else {}))
    days: list[dict[str, Any]] = client.get_cost_and_usage(**request)["ResultsByTime"]
    return days


def test_a_product_is_a_text_with_its_attributes_and_its_price_on_demand(cloud: Cloud) -> None:
    cloud.billing(products=[NOTEBOOK])
    [found] = products(cloud, ("TERM_MATCH", "regionCode", "eu-west-1"))
    assert found["product"]["attributes"] == {
        "servicecode": "AmazonSageMaker",
        "regionCode": "eu-west-1",
        "usagetype": "EU-Notebk:ml.t3.medium",
    }
    [term] = found["terms"]["OnDemand"].values()
    [price] = term["priceDimensions"].values()
    assert (price["unit"], price["pricePerUnit"]) == ("Hrs", {"USD": "0.0540000000"})


def test_all_filters_have_to_match(cloud: Cloud) -> None:
    cloud.billing(products=[NOTEBOOK])
    here = ("EQUALS", "regionCode", "eu-west-1")
    assert len(products(cloud, here, ("CONTAINS", "usagetype", "Notebk:"))) == 1
    assert products(cloud, here, ("CONTAINS", "usagetype", "Train:")) == []
    assert products(cloud, ("TERM_MATCH", "regionCode", "eu")) == []


def test_a_day_has_its_costs_by_the_value_of_the_tag(cloud: Cloud) -> None:
    untagged = {**COST, "tags": {"workshop": "vision"}}
    cloud.billing(costs=[COST, COST, untagged, {**COST, "tags": {"workshop": "another"}}])
    [day] = costs(cloud, "2026-12-01", "2026-12-02")
    assert [
        (group["Keys"], group["Metrics"]["UnblendedCost"]["Amount"]) for group in day["Groups"]
    ] == [(["attendee$"], "1.5000000000"), (["attendee$ada"], "3.0000000000")]
    [nothing] = costs(cloud, "2026-12-02", "2026-12-03")
    assert nothing["Groups"] == []


def keys(days: list[dict[str, Any]]) -> list[list[list[str]]]:
    return [[group["Keys"] for group in day["Groups"]] for day in days]


def test_a_management_account_sees_every_accounts_costs_and_a_member_its_own(cloud: Cloud) -> None:
    organization = Organization(cloud)
    mine, other = organization.add_member("ada"), organization.add_member("ben")
    stranger = {**COST, "account": "999999999999"}
    cloud.billing(costs=[{**COST, "account": mine}, {**COST, "account": other}, stranger])
    by_account = {"Type": "DIMENSION", "Key": "LINKED_ACCOUNT"}
    by_both: dict[str, Any] = {"GroupBy": [by_account, {"Type": "TAG", "Key": "attendee"}]}
    [day] = keys(costs(cloud, "2026-12-01", "2026-12-02", **by_both))
    assert day == sorted([[mine, "attendee$ada"], [other, "attendee$ada"]])
    [day] = keys(costs(cloud, "2026-12-01", "2026-12-02", account=mine, **by_both))
    assert day == [[mine, "attendee$ada"]]


def test_a_month_is_one_sum_of_the_days_that_are_asked_for(cloud: Cloud) -> None:
    days = ("2026-11-29", "2026-11-30", "2026-12-01", "2026-12-05")
    cloud.billing(costs=[{**COST, "day": day} for day in days])
    months = costs(cloud, "2026-11-30", "2026-12-05", Granularity="MONTHLY")
    assert [
        (*month["TimePeriod"].values(), month["Groups"][0]["Metrics"]["UnblendedCost"]["Amount"])
        for month in months
    ] == [
        ("2026-11-30", "2026-12-01", "1.5000000000"),
        ("2026-12-01", "2026-12-05", "1.5000000000"),
    ]


def test_many_groups_come_in_pages(cloud: Cloud) -> None:
    cloud.billing(
        costs=[
            {**COST, "tags": {"workshop": "vision", "attendee": f"seat{number:04}"}}
            for number in range(1001)
        ]
    )
    request: dict[str, Any] = {
        "TimePeriod": {"Start": "2026-12-01", "End": "2026-12-02"},
        "Granularity": "DAILY",
        "Metrics": ["UnblendedCost"],
        "GroupBy": [{"Type": "TAG", "Key": "attendee"}],
        "Filter": {"Tags": {"Key": "workshop", "Values": ["vision"]}},
    }
    client = cloud.client("ce")
    first = client.get_cost_and_usage(**request)
    second = client.get_cost_and_usage(**request, NextPageToken=first["NextPageToken"])
    assert [len(keys(one["ResultsByTime"])[0]) for one in (first, second)] == [1000, 1]
    assert "NextPageToken" not in second
    refused = code_of(client.get_cost_and_usage, **request, NextPageToken="none")
    assert refused == "InvalidNextTokenException"


def test_what_is_not_played_is_refused(cloud: Cloud) -> None:
    cloud.billing(products=[NOTEBOOK])
    any_of = ("ANY_OF", "regionCode", "eu-west-1,eu-west-2")
    assert code_of(products, cloud, any_of) == "NotPlayedHere"
    for service, operation in (("pricing", "describe_services"), ("ce", "get_tags")):
        period = {"TimePeriod": {"Start": "2026-12-01", "End": "2026-12-02"}}
        call = getattr(cloud.client(service), operation)
        assert code_of(call, **(period if service == "ce" else {})) == "NotPlayedHere"
    blended = {"Metrics": ["BlendedCost"]}
    assert code_of(costs, cloud, "2026-12-01", "2026-12-02", **blended) == "NotPlayedHere"


def test_a_period_that_ends_before_it_begins_is_refused(cloud: Cloud) -> None:
    assert code_of(costs, cloud, "2026-12-02", "2026-12-02") == "ValidationException"


def test_a_reset_forgets_and_an_unknown_word_is_refused(cloud: Cloud) -> None:
    cloud.billing(products=[NOTEBOOK], costs=[COST])
    cloud.reset()
    assert products(cloud) == []
    assert keys(costs(cloud, "2026-12-01", "2026-12-02")) == [[]]
    with pytest.raises(LocalCloudError, match="unknown bills; use products or costs") as refused:
        cloud.billing(bills=[])
    answer = refused.value.__cause__
    assert isinstance(answer, HTTPError)
    assert answer.closed
