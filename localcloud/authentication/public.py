"""What is served without a proof: function URLs whose owner made them public.

Each has a host name of its own, 32 letters and digits that nobody can guess, and under that name
there is the function and nothing else. (https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html)
"""

from __future__ import annotations

import re
from contextvars import ContextVar
from typing import Any

from localcloud import ministack_adapter
from localcloud.asgi import Handler
from localcloud.authentication.gate import refuse
from localcloud.authentication.received import Received

HOST = re.compile(r"([a-z0-9]{32})\.lambda-url\.[a-z0-9-]+\.localhost")

at_function_url: ContextVar[bool] = ContextVar("at_function_url", default=False)
"""Whether the present request is for a function URL."""


class FunctionUrls:
    """An ASGI application for every request to another host name than the cloud's own."""

    def __init__(self, emulated: Handler) -> None:
        self._emulated = emulated

    async def __call__(
        self, received: Received, scope: Any, receive: Handler, send: Handler
    ) -> None:
        if _is_for_everybody(received.host):
            at_function_url.set(True)
            await self._emulated(scope, receive, send)
        else:
            await refuse(send, "the local cloud has no such host name")


def _is_for_everybody(host: str) -> bool:
    found = HOST.fullmatch(host)
    if found is None:
        return False
    resolved = ministack_adapter.module("services.lambda_svc").resolve_function_url(found[1])
    return resolved is not None and resolved[-1].get("AuthType") == "NONE"
