"""AWS's price list and Cost Explorer, as far as a bill needs them: with what they are told to say.

Both know nothing of what runs here. Prices and costs are given to them over the admin endpoint
``billing``; without that, the list has no products and nothing has cost anything.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any, NamedTuple

from localcloud import ministack_adapter
from localcloud.errors import LocalCloudError
from localcloud.protocol import responses
from localcloud.protocol.errors import ApiError, not_played
from localcloud.protocol.json_service import Document, JsonService
from localcloud.protocol.requests import check_request
from localcloud.service_quotas.pages import page
from localcloud.stacksets.targets import accounts_billed_to

SIGNING_NAME, TARGET_PREFIX = "pricing", "AWSPriceListService"
COSTS_SIGNING_NAME, COSTS_TARGET_PREFIX = "ce", "AWSInsightsIndexService"

_MOST_GROUPS = 2
_GROUPS_OF_PAGE = 1000
"""AWS tells no number; a listing that ends at the first page fails here as it would there."""


class PriceListService(JsonService):
    """GetProducts: products are dictionaries of their attributes, ``unit`` and ``usd``."""

    def __init__(self) -> None:
        self.products: list[dict[str, str]] = []

    def call(
        self,
        operation: str,
        request: Document,
        headers: dict[str, str],  # noqa: ARG002 - as its base
    ) -> Document:
        """Perform one operation; raises ``ApiError`` for every refusal."""
        if operation != "GetProducts":
            raise not_played("AWS Price List", operation)
        check_request(SIGNING_NAME, operation, request)
        wanted = {**request, "MaxResults": min(request.get("MaxResults", 100), 100)}
        found = [product for product in self.products if _is_asked_for(product, request)]
        answer = page(operation, wanted, "PriceList", found, key=_usage_type, show=_listed)
        return responses.checked(SIGNING_NAME, operation, {"FormatVersion": "aws_v1", **answer})

    def get_state(self) -> Document:
        """Return the state to keep when the process stops with persistence on."""
        return {"products": self.products}

    def load_persisted_state(self, data: Document) -> None:
        """Restore the state of an earlier process."""
        self.products = data["products"]

    def reset(self) -> None:
        """Forget everything."""
        self.products = []


class CostsService(JsonService):
    """GetCostAndUsage, by account and tags of what has cost.

    Each cost has ``day``, ``usd``, ``tags`` and an ``account``; without one it is of whoever asks.
    A management account sees what the accounts of its organization have cost, others their own
    (https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_GetCostAndUsage.html).
    """

    def __init__(self) -> None:
        self.costs: list[dict[str, Any]] = []

    def call(
        self,
        operation: str,
        request: Document,
        headers: dict[str, str],  # noqa: ARG002 - as its base
    ) -> Document:
        """Perform one operation; raises ``ApiError`` for every refusal."""
        if operation != "GetCostAndUsage":
            raise not_played("Cost Explorer", operation)
        check_request(COSTS_SIGNING_NAME, operation, request)
        return responses.checked(COSTS_SIGNING_NAME, operation, self._costs(request))

    def get_state(self) -> Document:
        """Return the state to keep when the process stops with persistence on."""
        return {"costs": self.costs}

    def load_persisted_state(self, data: Document) -> None:
        """Restore the state of an earlier process."""
        self.costs = data["costs"]

    def reset(self) -> None:
        """Forget everything."""
        self.costs = []

    def _costs(self, request: Document) -> Document:
        groups, [metric] = request["GroupBy"], request["Metrics"]
        known = all(_is_played(group) for group in groups)
        if not known or metric != "UnblendedCost" or request["Granularity"] == "HOURLY":
            raise not_played("Cost Explorer", f"GetCostAndUsage of {metric} by {groups}")
        if len(groups) > _MOST_GROUPS:
            raise ApiError("ValidationException", "The number of GroupBy must be at most 2")
        start, end = (date.fromisoformat(request["TimePeriod"][name]) for name in ("Start", "End"))
        if start >= end:
            raise ApiError("ValidationException", "Start date (and hour) should be before end date")
        return _page(request, metric, [*self._sums(request, start, end)])

    def _sums(self, request: Document, start: date, end: date) -> Iterator[_Sum]:
        """Yield what each group has cost in each period, in order; a period without any as well."""
        wanted = request["Filter"]["Tags"]
        seen = accounts_billed_to(ministack_adapter.account())
        costs = [
            {"account": ministack_adapter.account(), **cost}
            for cost in self.costs
            if cost["tags"].get(wanted["Key"], "") in wanted["Values"]
        ]
        for first, last in _periods(request["Granularity"], start, end):
            sums: dict[tuple[str, ...], float] = {}
            for cost in costs:
                if cost["account"] in seen and first <= date.fromisoformat(cost["day"]) < last:
                    keys = tuple(_key(group, cost) for group in request["GroupBy"])
                    sums[keys] = sums.get(keys, 0) + float(cost["usd"])
            yield from (_Sum(first, last, keys, usd) for keys, usd in sorted(sums.items()))
            if not sums:
                yield _Sum(first, last, (), 0)


class _Sum(NamedTuple):
    """What a group has cost in a period; of no keys where nothing has."""

    first: date
    last: date
    keys: tuple[str, ...]
    usd: float


def _page(request: Document, metric: str, sums: list[_Sum]) -> Document:
    """Return the sums that a request asks for: so many a page, by period."""
    token = request.get("NextPageToken", "0")
    if not token.isdigit() or int(token) >= max(len(sums), 1):
        raise ApiError("InvalidNextTokenException", "Invalid NextPageToken")
    begin = int(token)
    answer: Document = {"GroupDefinitions": request["GroupBy"], "DimensionValueAttributes": []}
    if begin + _GROUPS_OF_PAGE < len(sums):
        answer["NextPageToken"] = str(begin + _GROUPS_OF_PAGE)
    by_period: dict[tuple[date, date], list[Document]] = {}
    for summed in sums[begin : begin + _GROUPS_OF_PAGE]:
        groups = by_period.setdefault((summed.first, summed.last), [])
        amount = {"Amount": f"{summed.usd:.10f}", "Unit": "USD"}
        groups += [{"Keys": [*summed.keys], "Metrics": {metric: amount}}] if summed.keys else []
    answer["ResultsByTime"] = [
        {
            "TimePeriod": {"Start": first.isoformat(), "End": last.isoformat()},
            "Total": {},
            "Groups": groups,
            "Estimated": False,
        }
        for (first, last), groups in by_period.items()
    ]
    return answer


def _periods(granularity: str, start: date, end: date) -> Iterator[tuple[date, date]]:
    """Yield the days, or the parts of months, between two dates; the last is not in them."""
    while start < end:
        month = (start.replace(day=1) + timedelta(days=31)).replace(day=1)
        last = min(end, month if granularity == "MONTHLY" else start + timedelta(days=1))
        yield start, last
        start = last


def _is_played(group: Document) -> bool:
    return group["Type"] == "TAG" or group == {"Type": "DIMENSION", "Key": "LINKED_ACCOUNT"}


def _key(group: Document, cost: Document) -> str:
    if group["Type"] == "DIMENSION":
        return str(cost["account"])
    return f"{group['Key']}${cost['tags'].get(group['Key'], '')}"


def billing_endpoint(
    listed: PriceListService, costs: CostsService
) -> Callable[[Document], Document]:
    """``products`` and ``costs`` replace what the two services know."""

    def answer(change: Document) -> Document:
        unknown = change.keys() - {"products", "costs"}
        if unknown:
            raise LocalCloudError(f"unknown {', '.join(sorted(unknown))}; use products or costs")
        listed.products = list(change.get("products", listed.products))
        costs.costs = list(change.get("costs", costs.costs))
        return {"products": len(listed.products), "costs": len(costs.costs)}

    return answer


def add_services() -> Callable[[Document], Document]:
    """Register both services; return the admin endpoint ``billing``."""
    listed, costs = PriceListService(), CostsService()
    ministack_adapter.add_json_service(SIGNING_NAME, TARGET_PREFIX, listed)
    ministack_adapter.add_json_service(COSTS_SIGNING_NAME, COSTS_TARGET_PREFIX, costs)
    return billing_endpoint(listed, costs)


def _is_asked_for(product: dict[str, str], request: Document) -> bool:
    if request["ServiceCode"] != product.get("servicecode", "AmazonSageMaker"):
        return False
    return all(_matches(product, condition) for condition in request.get("Filters", ()))


def _matches(product: dict[str, str], wanted: dict[str, str]) -> bool:
    value = product.get(wanted["Field"], "")
    if wanted["Type"] == "CONTAINS":
        return wanted["Value"] in value
    if wanted["Type"] in ("TERM_MATCH", "EQUALS"):
        return value == wanted["Value"]
    raise not_played("AWS Price List", f"a filter of type {wanted['Type']}")


def _usage_type(product: dict[str, str]) -> Any:
    return product["usagetype"]


def _listed(product: dict[str, str]) -> Any:
    """Return a product as AWS does, as text: its attributes and what it costs on demand."""
    sku = hashlib.sha256(product["usagetype"].encode()).hexdigest()[:16].upper()
    attributes = {key: value for key, value in product.items() if key not in ("unit", "usd")}
    dimension = {
        "unit": product["unit"],
        "beginRange": "0",
        "endRange": "Inf",
        "description": f"${product['usd']} per {product['unit']} of {product['usagetype']}",
        "appliesTo": [],
        "rateCode": f"{sku}.JRTCKXETXF.6YS6EN2CT7",
        "pricePerUnit": {"USD": f"{float(product['usd']):.10f}"},
    }
    term = {
        "sku": sku,
        "offerTermCode": "JRTCKXETXF",
        "effectiveDate": "2026-11-01T00:00:00Z",
        "termAttributes": {},
        "priceDimensions": {dimension["rateCode"]: dimension},
    }
    return json.dumps(
        {
            "product": {
                "productFamily": "ML Instance",
                "attributes": {"servicecode": "AmazonSageMaker", **attributes},
                "sku": sku,
            },
            "serviceCode": "AmazonSageMaker",
            "terms": {"OnDemand": {f"{sku}.JRTCKXETXF": term}},
            "version": "20261101000000",
            "publicationDate": "2026-11-01T00:00:00Z",
        }
    )
