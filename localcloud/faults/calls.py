"""A request as rules see it: operation, caller, account, Region, and the texts that it carries."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

from botocore.awsrequest import HeadersDict

from localcloud import ministack_adapter
from localcloud.faults import globs, microburst_adapter
from localcloud.identity_center import operations


@dataclass(frozen=True)
class Call:
    """A request for an operation; names are botocore's: ``sagemaker``, ``CreateTrainingJob``."""

    service: str
    operation: str
    account: str
    region: str
    protocol: str
    """As the request speaks it: ``json``, ``query``, ``rest-xml``, ..."""
    method: str
    path: str
    """Decoded; of S3, it begins with the bucket."""
    query: Mapping[str, str]
    headers: HeadersDict
    body: bytes
    context: Any
    """microburst's ``RequestContext``, for the answer."""

    @property
    def name(self) -> str:
        """``sagemaker:CreateTrainingJob``."""
        return f"{self.service}:{self.operation}"

    def carries(self, pattern: str) -> bool:
        """Whether a name or another value in the request matches the glob."""
        return any(globs.matches(pattern, text) for text in self._texts)

    @cached_property
    def form(self) -> dict[str, str]:
        """The parameters in the body of the query protocol."""
        is_form = self.headers.get("Content-Type", "").startswith(microburst_adapter.FORM)
        return dict(parse_qsl(self.body.decode("latin-1"))) if is_form else {}

    @cached_property
    def members(self) -> dict[str, Any]:
        """The members in a JSON body; none where it is no JSON object."""
        if "json" not in self.headers.get("Content-Type", ""):
            return {}
        try:
            given = json.loads(self.body or b"{}")
        except ValueError:
            return {}
        return given if isinstance(given, dict) else {}

    @cached_property
    def _texts(self) -> frozenset[str]:
        """Everything a resource may be named in: parts of the path, parameters, members."""
        path = self.path.strip("/")
        return frozenset(
            (
                *(path, path.partition("/")[2], *path.split("/")),
                *self.query.values(),
                *self.form.values(),
                *_leaves(self.members),
            )
        )


def identified(scope: Mapping[str, Any], body: bytes) -> Call | None:
    """Return what an ASGI request with this body asks for; None if AWS has no such operation."""
    headers = HeadersDict(
        {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    )
    headers.pop("Host", None)
    query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
    path = scope["path"]
    context = microburst_adapter.identified(headers, scope["method"], path, query, body)
    names = {name.lower(): value for name, value in headers.items()}
    unsigned = operations.asked(scope["method"], path, names, query)
    if unsigned is not None:
        context.service, context.operation = unsigned
        context.protocol = microburst_adapter.model(context.service).protocol
    model = microburst_adapter.model(context.service)
    if model is None or context.operation not in model.operation_names:
        return None
    return Call(
        service=context.service,
        operation=context.operation,
        account=ministack_adapter.account_of(context.access_key or query.get("AWSAccessKeyId", "")),
        region=context.region or ministack_adapter.region(),
        protocol=context.protocol,
        method=scope["method"],
        path=path,
        query=query,
        headers=headers,
        body=body,
        context=context,
    )


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _leaves(part)
