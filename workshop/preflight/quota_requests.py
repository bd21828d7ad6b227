"""Requests for higher quotas: those that are open, and those that a preflight would file."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import datetime

from workshop.account_region import AccountRegion
from workshop.aws.clients import Clients
from workshop.aws.reads import Unavailable
from workshop.preflight.checks import Check
from workshop.preflight.request import ParallelReads

OPEN = {"PENDING": "pending", "CASE_OPENED": "with AWS Support"}
"""Statuses of a request that AWS has not decided, and how they are told."""

Requested = Mapping[str, "QuotaRequest"]
"""Code of a quota -> the request that is open for it."""


@dataclass(frozen=True)
class QuotaRequest:
    """A request that AWS has not decided yet."""

    desired: int
    created: datetime
    status: str

    def __str__(self) -> str:
        when = f"{self.created.day} {self.created:%b}"
        return f"asked for {self.desired} on {when}, {OPEN[self.status]}"


def open_requests(
    clients: Clients, account_region: AccountRegion, service: str
) -> dict[str, QuotaRequest]:
    """Return the open requests for quotas of a service, by the quota's code."""
    client = clients.client("service-quotas", account_region)
    pages = client.get_paginator("list_requested_service_quota_change_history")
    return {
        row["QuotaCode"]: QuotaRequest(int(row["DesiredValue"]), row["Created"], row["Status"])
        for page in pages.paginate(ServiceCode=service)
        for row in page["RequestedQuotas"]
        if row["Status"] in OPEN
    }


def marked(ask: ParallelReads, checks: Collection[Check]) -> list[Check]:
    """Return the checks, with what was asked for already told and not to be asked for again."""
    answers: dict[tuple[AccountRegion, str], Future[dict[str, QuotaRequest] | Unavailable]] = {}
    short = [check for check in checks if check.request]
    for key in dict.fromkeys((check.account_region, check.service_code) for check in short):
        answers[key] = ask(open_requests, *key)
    told = {
        check: _marked(check, answers[check.account_region, check.service_code].result())
        for check in short
    }
    return [told.get(check, check) for check in checks]


def _marked(check: Check, requested: Requested | Unavailable) -> Check:
    if isinstance(requested, Unavailable):
        why = f"whether it was asked for is not known ({requested.reason})"
        return replace(check, message=f"{check.message}; {why}", request="")
    known = requested.get(check.quota_code)
    if known is None:
        return check
    more = "" if known.desired >= check.raise_to else ", and more only once that is decided"
    return replace(check, message=f"{check.message}; {known}{more}", request="")


def file(clients: Clients, check: Check) -> str:
    """Ask AWS for what a check needs; return the status of the request."""
    client = clients.client("service-quotas", check.account_region)
    answer = client.request_service_quota_increase(
        ServiceCode=check.service_code,
        QuotaCode=check.quota_code,
        DesiredValue=float(check.raise_to),
    )
    return str(answer["RequestedQuota"]["Status"])
