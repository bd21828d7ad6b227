"""The admin endpoint ``/_localcloud/quotas``, which shows and changes applied values."""

from __future__ import annotations

import re
from typing import Any

from localcloud import accounts, ministack_adapter
from localcloud.admin import AdminEndpoint, Document
from localcloud.errors import LocalCloudError
from localcloud.service_quotas.applied import AppliedQuotas
from localcloud.service_quotas.catalogue import Quota

_OPTIONS = ("account", "region", "show")
SHOWN = ("changed", "all")


def quotas_endpoint(quotas: AppliedQuotas) -> AdminEndpoint:
    """Return the endpoint: it takes service codes with names or codes of quotas to values.

    ``account`` and ``region`` default to the cloud's own. The answer lists, for
    that place, the quotas that were ever changed, or all of them if ``show`` is "all".
    """

    def answer(change: Document) -> Document:
        given = {name: change[name] for name in _OPTIONS if name in change}
        account, region, show = _place_and_choice(given)
        changes = {name: values for name, values in change.items() if name not in _OPTIONS}
        for service, values in changes.items():
            if not isinstance(values, dict):
                raise LocalCloudError(f"{service}: give names of quotas with their values")
        with ministack_adapter.request_scope(account, region):
            quotas.set(changes)
            catalogue = quotas.catalogue
            everything = [quota for code in catalogue.service_names for quota in catalogue.of(code)]
            chosen = everything if show == "all" else quotas.changed()
            return {
                "account": account,
                "region": region,
                "quotas": [_row(quotas, quota) for quota in chosen],
            }

    return answer


def _place_and_choice(given: dict[str, Any]) -> tuple[str, str, str]:
    account = str(given.get("account", ministack_adapter.account()))
    region = str(given.get("region", ministack_adapter.region()))
    show = str(given.get("show", SHOWN[0]))
    if not re.fullmatch(accounts.ACCOUNT_PATTERN, account):
        raise LocalCloudError(f"'{account}' is no account id; give 12 digits")
    if not re.fullmatch(accounts.REGION_PATTERN, region):
        raise LocalCloudError(f"'{region}' is no Region; give its code, such as eu-west-1")
    if show not in SHOWN:
        raise LocalCloudError(f"nothing to show is called '{show}'; use {' or '.join(SHOWN)}")
    return account, region, show


def _row(quotas: AppliedQuotas, quota: Quota) -> Document:
    return {
        "service": quota.service,
        "code": quota.code,
        "name": quota.name,
        "value": quotas.value(quota),
        "default": quota.default,
        "adjustable": quota.adjustable,
        "global": quota.is_global,
    }
