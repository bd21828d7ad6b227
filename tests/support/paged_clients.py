"""Clients to which every listing is told in pages of a few items, however many a service would."""

from __future__ import annotations

import itertools
from typing import Any

from botocore.exceptions import UnknownServiceError
from botocore.loaders import Loader

from tests.support.direct_calls import Lines, QuickClients
from workshop.account_region import AccountRegion

PAGED_THERE = ("s3", "sagemaker")
"""Services of which the local cloud heeds how large a page is to be."""

_UNLISTED = {
    "events": {
        "ListEventBuses": {
            "input_token": "NextToken",
            "output_token": "NextToken",
            "result_key": "EventBuses",
        }
    }
}
"""What botocore's paginators leave out."""


_WHOLE = {("sagemaker", "ListTags")}
"""What has 50 a page at least, and never more than 50 in all (botocore's service model)."""


class PagedClients(QuickClients):
    """``turned`` are the operations of which a further page was asked for."""

    def __init__(self, lines: Lines, home: AccountRegion, size: int) -> None:
        super().__init__(lines, home)
        self.turned: set[str] = set()
        self._size = size
        self._rest: dict[str, dict[str, list[Any]]] = {}
        self._numbers = itertools.count()

    def prepare(self, service: str, client: Any) -> None:
        super().prepare(service, client)
        events, name = client.meta.events, client.meta.service_model.service_id.hyphenize()
        for operation, rule in _paginators(service).items():
            if (service, operation) in _WHOLE:
                continue
            where = f"{name}.{operation}"
            events.register(f"provide-client-params.{where}", self._asks(service, rule))
            if service not in PAGED_THERE:
                events.register(f"after-call.{where}", self._cuts(rule))

    def _asks(self, service: str, rule: dict[str, Any]) -> Any:
        given = _several(rule["input_token"])

        def asked(params: dict[str, Any], model: Any, context: dict[str, Any], **_: Any) -> Any:
            if any(params.get(name) for name in given):
                self.turned.add(f"{service}:{model.name}")
            if service in PAGED_THERE:
                # A listing that asks for fewer has its reason.
                limit = rule["limit_key"]
                return {**params, limit: min(self._size, params.get(limit, self._size))}
            context["page"] = params.get(given[0])
            return {name: value for name, value in params.items() if name != given[0]}

        return asked

    def _cuts(self, rule: dict[str, Any]) -> Any:
        keys = _several(rule["result_key"])

        def cut(
            http_response: Any, parsed: dict[str, Any], context: dict[str, Any], **_: Any
        ) -> None:
            if http_response.status_code >= 300:
                return
            token = _several(rule["output_token"])[0]
            assert not parsed.get(token), f"the local cloud itself pages {keys}"
            whole = self._rest.pop(context["page"]) if context["page"] else parsed
            rest = {key: whole.get(key, [])[self._size :] for key in keys}
            parsed.update({key: whole.get(key, [])[: self._size] for key in keys})
            if any(rest.values()):
                parsed[token] = f"page-{next(self._numbers)}"
                self._rest[parsed[token]] = rest
            if "more_results" in rule:
                parsed[rule["more_results"]] = any(rest.values())

        return cut


def _several(names: str | list[str]) -> list[str]:
    return [names] if isinstance(names, str) else names


def _paginators(service: str) -> dict[str, Any]:
    try:
        known = Loader().load_service_model(service, "paginators-1")["pagination"]
    except UnknownServiceError:
        known = {}
    wanted = {name: rule for name, rule in known.items() if "result_key" in rule}
    return {**wanted, **_UNLISTED.get(service, {})}
