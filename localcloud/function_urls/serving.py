"""Serves function URLs: for everybody, if the function's own policy lets everybody in.

The host name, 32 letters and digits that nobody can guess, leads to the function and to nothing
else, whatever the path says.
"""

# Private names of ministack, held by ministack_names.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

import asyncio
import json
import re
from http import HTTPStatus
from typing import Any

from localcloud import ministack_adapter
from localcloud.asgi import BodyTooLargeError, Handler, read_body
from localcloud.authentication.received import Received
from localcloud.clock import Clock
from localcloud.function_urls import events
from localcloud.function_urls.events import FunctionAnswer

HOST = re.compile(r"([a-z0-9]{32})\.lambda-url\.[a-z0-9-]+\.localhost")

AT_ONCE = 8
"""Invocations at one time, each in a process of its own; more wait, as they would not on AWS."""

NEEDED = {
    "lambda:InvokeFunctionUrl": {"lambda:functionurlauthtype": "NONE"},
    "lambda:InvokeFunction": {"lambda:invokedviafunctionurl": "true"},
}
"""What the function's policy has to allow everybody, and the condition keys that are given to it
(both since 2025-10: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html)."""

_FORBIDDEN = events.refusal(
    HTTPStatus.FORBIDDEN,
    "Forbidden. For troubleshooting Function URL authorization issues, see: "
    "https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html",
)
_TOO_LARGE = events.refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Request Entity Too Large")


class FunctionUrls:
    """Serves the requests to hosts of function URLs."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._turns = asyncio.Semaphore(AT_ONCE)

    def resolved(self, host: str) -> tuple[Any, ...] | None:
        """Return what ministack knows of the URL with this host, or None."""
        found = HOST.fullmatch(host)
        if found is None:
            return None
        url: tuple[Any, ...] | None = ministack_adapter.module(
            "services.lambda_svc"
        ).resolve_function_url(found[1])
        return url

    async def serve(
        self, url: tuple[Any, ...], received: Received, scope: Any, receive: Handler, send: Handler
    ) -> None:
        """Answer one request to a URL that ``resolved`` has found."""
        given = await self._answer(url, received, scope, receive)
        if given is not None:
            await _send(given, received, send)

    async def _answer(
        self, url: tuple[Any, ...], received: Received, scope: Any, receive: Handler
    ) -> FunctionAnswer | None:
        account, region, name, qualifier, configuration = url
        service = ministack_adapter.module("services.lambda_svc")
        function, version, _ = service._get_func_record_for_ref_in_scope(
            f"{name}:{qualifier}" if qualifier else name, account_id=account, region=region
        )
        arn = f"{configuration['FunctionArn']}{f':{qualifier}' if qualifier else ''}"
        if (
            function is None
            or version is None
            or configuration["AuthType"] != "NONE"
            or not _open_to_everybody(function["policy"], arn, region)
        ):
            return _FORBIDDEN
        cors = service._function_url_cors_headers(configuration, received.headers)
        if received.method == "OPTIONS" and configuration.get("Cors"):
            return FunctionAnswer(HTTPStatus.OK, tuple(cors.items()), b"")
        try:
            body = await read_body(receive, events.LARGEST)
        except BodyTooLargeError:
            return _TOO_LARGE
        if body is None:
            return None
        client = (scope.get("client") or ("127.0.0.1", 0))[0]
        url_id = received.host.partition(".")[0]
        event = events.event(received, url_id, body, client, self._clock.now())
        if len(json.dumps(event)) > events.LARGEST:
            return _TOO_LARGE
        record = service._execution_record_for_config(function, version)
        async with self._turns:
            result = await service.run_reentrant(
                service._execute_function_with_config_scope, record, event
            )
        told = events.answer(result)
        named = {name.lower() for name in cors}
        kept = [header for header in told.headers if header[0] not in named]
        request_id = ("x-amzn-requestid", event["requestContext"]["requestId"])
        return FunctionAnswer(told.status, (*kept, *cors.items(), request_id), told.body)


def _open_to_everybody(policy: dict[str, Any], arn: str, region: str) -> bool:
    evaluator = ministack_adapter.module("core.iam_evaluator")
    everybodys = [
        statement
        for statement in policy["Statement"]
        if statement.get("Principal") in ("*", {"AWS": "*"})
    ]
    statements = evaluator.parse_policy_document({"Statement": everybodys})
    return all(
        evaluator.evaluate(
            evaluator.EvalContext(
                principal_arn="*",
                principal_type="Anonymous",
                principal_account="anonymous",
                action=action,
                resource_arn=arn,
                region=region,
                service_context=context,
            ),
            [statements],
        ).decision
        == "Allow"
        for action, context in NEEDED.items()
    )


async def _send(given: FunctionAnswer, received: Received, send: Handler) -> None:
    body = b"" if received.method == "HEAD" else given.body
    headers = [(name.lower().encode(), value.encode()) for name, value in given.headers]
    headers.append((b"content-length", b"%d" % len(given.body)))
    if given.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        # The rest of the body is not read.
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": int(given.status), "headers": headers})
    await send({"type": "http.response.body", "body": body})
