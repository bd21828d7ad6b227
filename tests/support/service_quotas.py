"""Service Quotas as tests ask it: one client for an account and a Region, every answer watched."""

from __future__ import annotations

from typing import Any

from tests.support.local_cloud import Cloud
from tests.support.refusals import code_of

HERE = ("000000000000", "us-east-1")
G5_TRAINING = "ml.g5.xlarge for training job usage"
NOTEBOOKS = {"ServiceCode": "sagemaker", "QuotaCode": "L-04CE2E67"}
ROLES = {"ServiceCode": "iam", "QuotaCode": "L-FE177D64"}


class QuotaWatch:
    """The service as clients in some account and Region see it, every answer watched."""

    def __init__(self, cloud: Cloud, account: str = "", region: str = "") -> None:
        self.client = cloud.client("service-quotas", account=account, region=region)
        self.client.meta.events.register(
            "before-parse.service-quotas", cloud.watch, unique_id="watch"
        )

    def value(self, quota: dict[str, str]) -> float:
        return float(self.client.get_service_quota(**quota)["Quota"]["Value"])

    def refusal(self, operation: str, **request: Any) -> str:
        return code_of(getattr(self.client, operation), **request)

    def all(self, operation: str, member: str, **request: Any) -> list[Any]:
        pages = self.client.get_paginator(operation).paginate(**request)
        return [entry for page in pages for entry in page[member]]
