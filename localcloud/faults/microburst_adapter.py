"""The only import of microburst: which operation a request asks for, and errors as AWS writes them.

microburst is made to run as a proxy and promises none of these functions, so it is pinned to one
release and ``HELD`` is checked by a test. It is loaded when the first rule needs it: a local cloud
without faults starts without it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module, metadata
from typing import Any

from localcloud.errors import LocalCloudError

PINNED = "0.10.0"

HELD: Mapping[str, Mapping[str, str]] = {
    # module -> name -> signature
    "detection": {
        "detect": (
            "(headers: 'Mapping[str, str]', method: 'str', path: 'str', "
            "query: 'Mapping[str, str]', body: 'bytes | None') -> 'RequestContext'"
        ),
    },
    "detection.rest": {
        "rest_operations": "(service: 'str') -> 'list[dict]'",
        "match_rest_operation": (
            "(service: 'str', method: 'str', path: 'str', query: 'Mapping[str, str]', "
            "headers: 'Mapping[str, str]', body: 'bytes | None' = None) -> 'str | None'"
        ),
    },
    "models": {
        "get_service_model": "(service: 'str | None') -> 'Any | None'",
        "is_query_compat_service": "(service: 'str | None') -> 'bool'",
    },
    "protocols": {
        "render_error": (
            "(service: 'str | None', code: 'str', message: 'str' = '', "
            "status: 'int | None' = None, protocol: 'str | None' = None, "
            "query_compat: 'bool' = False, request_ct: 'str | None' = None, "
            "fields: 'dict | None' = None, resource: 'str | None' = None) "
            "-> 'tuple[int, dict[str, str], bytes]'"
        ),
    },
}

_REST = ("rest-json", "rest-xml")
FORM = "application/x-www-form-urlencoded"
_BESIDE = {"sagemaker": ("sagemaker-runtime", "sagemaker-featurestore-runtime")}
"""Service -> others whose requests are signed in its name."""


def module(name: str) -> Any:
    """Return a module of microburst by its dotted name below it."""
    return import_module(f"microburst.{name}")


@cache
def check_release() -> None:
    """Raise ``LocalCloudError`` for any release but the pinned one."""
    try:
        found = metadata.version("microburst")
    except metadata.PackageNotFoundError:
        found = "none"
    if found != PINNED:
        raise LocalCloudError(
            f"the fault plan needs microburst {PINNED} but found {found}; "
            "install the locked requirements again"
        )


def identified(
    headers: Mapping[str, str], method: str, path: str, query: Mapping[str, str], body: bytes
) -> Any:
    """Return microburst's ``RequestContext``; its ``service`` or ``operation`` is None if unknown.

    ``headers`` must find a name in any case. They must hold no Host: an address of numbers, as
    ours is, would make microburst load every service model there is (4 s, 350 MB).
    """
    # Other bodies are kept back: in the text of an object it would look for a form.
    form = body if headers.get("Content-Type", "").startswith(FORM) else None
    context = module("detection").detect(headers, method, path, query, form)
    if context.service is None and form is None:
        # Only S3 takes the signature of old, and requests with none.
        context.service, context.protocol = "s3", model("s3").protocol
    services: tuple[str, ...] = _BESIDE.get(context.service, ())
    if context.protocol in _REST:
        services = (context.service,)
    elif context.operation is not None:
        return context
    for service in services:
        _correct_routes(service)
        context.operation = module("detection.rest").match_rest_operation(
            service, method, path, query, headers, body
        )
        if context.operation is not None:
            context.service, context.protocol = service, model(service).protocol
            break
    return context


def model(service: str | None) -> Any:
    """Return botocore's model of a service, or None, from the copy that microburst holds."""
    return module("models").get_service_model(service)


def was_query(service: str) -> bool:
    """Whether a service that spoke the query protocol once keeps its error codes of that time."""
    return bool(module("models").is_query_compat_service(service))


def rendered(context: Any, code: str, message: str, status: int) -> tuple[dict[str, str], bytes]:
    """Return headers and body of an error in the protocol that the request is written in."""
    _, headers, body = module("protocols").render_error(
        context.service,
        code,
        message,
        status,
        protocol=context.protocol,
        query_compat=context.query_compat,
        request_ct=context.headers.get("Content-Type"),
        resource=context.path,
    )
    if status >= 500:  # noqa: PLR2004 - HTTP's own border
        # microburst blames the sender for everything.
        body = body.replace(b"<Type>Sender</Type>", b"<Type>Receiver</Type>")
        headers = {name: value.replace(";Sender", ";Receiver") for name, value in headers.items()}
    return headers, body


@cache
def _correct_routes(service: str) -> None:
    """Put the routes of a REST service right; microburst keeps and uses the list it gives.

    It looks for required headers and query parameters under the names of the members, where
    requests have the names of the wire: 25 operations of S3 would be taken for others, a
    CopyObject for a PutObject. And of two operations with one route it may choose the old one.
    """
    operations = model(service).operation_model
    routes = module("detection.rest").rest_operations(service)
    for route in routes:
        required = list(_required(operations(route["op"])))
        route["required_headers"] = {name.lower() for place, name in required if place == "header"}
        route["required_query"] = {name for place, name in required if place == "querystring"}
    current = {_way(route) for route in routes if not operations(route["op"]).deprecated}
    routes[:] = [
        route
        for route in routes
        if not operations(route["op"]).deprecated or _way(route) not in current
    ]


def _required(operation: Any) -> Iterator[tuple[str, str]]:
    """Where a request must carry something, and under which name."""
    shape = operation.input_shape
    for member in shape.required_members if shape is not None else ():
        written = shape.members[member].serialization
        yield written.get("location", ""), written.get("name", member)


def _way(route: Mapping[str, Any]) -> tuple[str, str, str]:
    return route["method"], route["regex"].pattern, str(sorted(route["query_markers"]))
