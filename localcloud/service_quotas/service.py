"""Service Quotas as the emulator sees it: the read operations, and requests for increases.

Global quotas (IAM, buckets) are known in one home Region of a partition only, and a service that
has no others does not exist elsewhere: that is what AWS answers, and what a client in another
Region has to provide for.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from localcloud import ministack_adapter, partitions
from localcloud.protocol import responses
from localcloud.protocol.errors import ApiError, not_played
from localcloud.protocol.json_service import Document, JsonService
from localcloud.protocol.requests import check_request, refuse_unplayed
from localcloud.service_quotas.applied import AppliedQuotas, place
from localcloud.service_quotas.catalogue import Quota
from localcloud.service_quotas.increases import Increase
from localcloud.service_quotas.pages import page

SERVICE = "service-quotas"
TARGET_PREFIX = "ServiceQuotasV20190624"
SIGNING_NAME = "servicequotas"

Operation = Callable[[Document], Document]

_NOT_PLAYED: Mapping[str, tuple[str, ...]] = {
    "ListServiceQuotas": ("QuotaAppliedAtLevel", "QuotaCode"),
    "GetServiceQuota": ("ContextId",),
    "RequestServiceQuotaIncrease": ("ContextId",),
    "ListRequestedServiceQuotaChangeHistory": ("QuotaRequestedAtLevel",),
}
"""Operation -> members that are refused: all quotas are the account's."""


class ServiceQuotasService(JsonService):
    """What ministack asks of a service module: requests, state, reset."""

    def __init__(self, quotas: AppliedQuotas) -> None:
        self.quotas = quotas
        self._operations: dict[str, Operation] = {
            "ListServiceQuotas": self._list_applied,
            "ListAWSDefaultServiceQuotas": self._list_defaults,
            "GetServiceQuota": self._get_applied,
            "ListRequestedServiceQuotaChangeHistory": self._list_increases,
        }

    def call(self, operation: str, request: Document, headers: dict[str, str]) -> Document:
        """Perform one operation; raises ``ApiError`` for every refusal."""
        if operation not in {*self._operations, "RequestServiceQuotaIncrease"}:
            raise not_played("Service Quotas", operation)
        check_request(SERVICE, operation, request)
        refuse_unplayed("Service Quotas", operation, request, *_NOT_PLAYED.get(operation, ()))
        if operation == "RequestServiceQuotaIncrease":
            answer = self._ask_for_increase(request, ministack_adapter.caller(headers))
        else:
            answer = self._operations[operation](request)
        return responses.checked(SERVICE, operation, answer)

    def get_state(self) -> Document:
        """Return the state to keep when the process stops with persistence on."""
        return self.quotas.get_state()

    def load_persisted_state(self, data: Document) -> None:
        """Restore the state of an earlier process."""
        self.quotas.load_persisted_state(data)

    def reset(self) -> None:
        """Return to the data file's values."""
        self.quotas.reset()

    # --- quotas -----------------------------------------------------------------------------

    def _list_applied(self, request: Document) -> Document:
        found = self._quotas(request["ServiceCode"])
        return page("ListServiceQuotas", request, "Quotas", found, key=_code, show=self._applied)

    def _list_defaults(self, request: Document) -> Document:
        found = self._quotas(request["ServiceCode"])
        return page(
            "ListAWSDefaultServiceQuotas", request, "Quotas", found, key=_code, show=_default
        )

    def _get_applied(self, request: Document) -> Document:
        return {"Quota": self._applied(self._quota(request))}

    def _quotas(self, service: str) -> list[Quota]:
        region = ministack_adapter.region()
        at_home = region == partitions.home(region)
        found = [
            quota for quota in self.quotas.catalogue.of(service) if at_home or not quota.is_global
        ]
        if not found:
            raise ApiError(
                "NoSuchResourceException",
                "The request failed because the specified service does not exist.",
            )
        return found

    def _quota(self, request: Document) -> Quota:
        for quota in self._quotas(request["ServiceCode"]):
            if quota.code == request["QuotaCode"]:
                return quota
        raise ApiError(
            "NoSuchResourceException",
            "The request failed because the specified quota does not exist.",
        )

    def _applied(self, quota: Quota) -> Document:
        return {
            **_shown(quota),
            "QuotaArn": _arn(quota, ministack_adapter.account()),
            "Value": self.quotas.value(quota),
            "QuotaAppliedAtLevel": "ACCOUNT",
        }

    # --- requests for increases ----------------------------------------------------------------

    def _ask_for_increase(self, request: Document, caller: dict[str, str] | None) -> Document:
        quota = self._quota(request)
        if not quota.adjustable:
            raise ApiError("IllegalArgumentException", f"The quota {quota.code} is not adjustable.")
        if request["DesiredValue"] <= self.quotas.value(quota):
            raise ApiError(
                "IllegalArgumentException",
                "You must provide a quota value greater than the current quota value.",
            )
        account = ministack_adapter.account()
        arn = caller["Arn"] if caller is not None else f"arn:aws:iam::{account}:root"
        requester = json.dumps({"accountId": account, "callerArn": arn})
        made = self.quotas.increases.ask(
            place(quota), quota, float(request["DesiredValue"]), requester
        )
        return {"RequestedQuota": self._increase(made)}

    def _list_increases(self, request: Document) -> Document:
        if "ServiceCode" in request:
            self._quotas(request["ServiceCode"])
        found = [
            increase
            for increase in self._increases()
            if request.get("ServiceCode") in {None, increase.service}
            and request.get("Status") in {None, increase.status}
        ]
        return page(
            "ListRequestedServiceQuotaChangeHistory",
            request,
            "RequestedQuotas",
            found,
            key=lambda increase: increase.id,
            show=self._increase,
        )

    def _increases(self) -> list[Increase]:
        account, here = ministack_adapter.account(), ministack_adapter.region()
        regions = (here, "") if here == partitions.home(here) else (here,)
        return self.quotas.increases.seen_from([(account, region) for region in regions])

    def _increase(self, increase: Increase) -> Document:
        quota = self.quotas.catalogue.by_code(increase.service, increase.code)
        if quota is None:
            raise LookupError(
                f"a request for a quota {increase.service}/{increase.code} that is no more"
            )
        return {
            **{name: value for name, value in _shown(quota).items() if name != "Adjustable"},
            "Id": increase.id,
            "QuotaArn": _arn(quota, increase.account),
            "DesiredValue": increase.desired,
            "Status": increase.status,
            "Created": increase.created,
            "LastUpdated": increase.updated,
            "Requester": increase.requester,
            "QuotaRequestedAtLevel": "ACCOUNT",
        }


def _code(quota: Quota) -> str:
    return quota.code


def _shown(quota: Quota) -> Document:
    return {
        "ServiceCode": quota.service,
        "ServiceName": quota.service_name,
        "QuotaCode": quota.code,
        "QuotaName": quota.name,
        "Unit": "None",
        "Adjustable": quota.adjustable,
        "GlobalQuota": quota.is_global,
    }


def _default(quota: Quota) -> Document:
    return {**_shown(quota), "QuotaArn": _arn(quota, ""), "Value": quota.default}


def _arn(quota: Quota, account: str) -> str:
    region = ministack_adapter.region()
    partition = partitions.of_region(region)
    where = "" if quota.is_global else region
    return f"arn:{partition}:servicequotas:{where}:{account}:{quota.service}/{quota.code}"
