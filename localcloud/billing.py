"""AWS's price list and Cost Explorer, as far as a bill needs them: with what they are told to say.

Both know nothing of what runs here. Prices and costs are given to them over the admin endpoint
``billing``; without that, the list has no products and nothing has cost anything.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import date
from typing import Any

from localcloud import ministack_adapter
from localcloud.errors import LocalCloudError
from localcloud.protocol import responses
from localcloud.protocol.errors import ApiError, not_played
from localcloud.protocol.json_service import Document, JsonService
from localcloud.protocol.requests import check_request
from localcloud.service_quotas.pages import page

SIGNING_NAME, TARGET_PREFIX = "pricing", "AWSPriceListService"
COSTS_SIGNING_NAME, COSTS_TARGET_PREFIX = "ce", "AWSInsightsIndexService"


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
    """GetCostAndUsage, by the tags of what has cost: ``day``, ``usd`` and ``tags`` of each."""

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
        [group], [metric] = request["GroupBy"], request["Metrics"]
        if group["Type"] != "TAG" or metric != "UnblendedCost":
            raise not_played("Cost Explorer", f"GetCostAndUsage by {group['Type']} of {metric}")
        start, end = (date.fromisoformat(request["TimePeriod"][name]) for name in ("Start", "End"))
        if start >= end:
            raise ApiError("ValidationException", "Start date (and hour) should be before end date")
        wanted = request["Filter"]["Tags"]
        sums: dict[str, dict[str, float]] = {}
        for cost in self.costs:
            has = cost["tags"].get(wanted["Key"], "") in wanted["Values"]
            if has and start <= date.fromisoformat(cost["day"]) < end:
                of_day = sums.setdefault(cost["day"], {})
                key = f"{group['Key']}${cost['tags'].get(group['Key'], '')}"
                of_day[key] = of_day.get(key, 0) + float(cost["usd"])
        return {
            "GroupDefinitions": request["GroupBy"],
            "ResultsByTime": [
                {
                    "TimePeriod": {"Start": day, "End": day},
                    "Total": {},
                    "Groups": [
                        {
                            "Keys": [key],
                            "Metrics": {metric: {"Amount": f"{usd:.10f}", "Unit": "USD"}},
                        }
                        for key, usd in sorted(of_day.items())
                    ],
                    "Estimated": False,
                }
                for day, of_day in sorted(sums.items())
            ],
        }


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
    return all(_matches(product, one) for one in request.get("Filters", ()))


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
