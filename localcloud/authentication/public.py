"""What is served without a signature, each at a host name of its own and with nothing beside it.

Function URLs are for whom their function lets in, notebooks for who has a link or its session, and
the console's sign-in is for who has credentials.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localcloud import console_sign_in
from localcloud.asgi import Handler
from localcloud.authentication.gate import refuse
from localcloud.authentication.received import Received
from localcloud.function_urls.serving import FunctionUrls
from localcloud.notebook_pages import NotebookPages


class PublicHosts:
    """An ASGI application for every request to another host name than the cloud's own."""

    def __init__(
        self, functions: FunctionUrls, notebooks: NotebookPages, due: Callable[[], object]
    ) -> None:
        self._functions = functions
        self._notebooks = notebooks
        self._due = due
        self._sign_in = console_sign_in.ConsoleSignIn()

    async def __call__(
        self, received: Received, scope: Any, receive: Handler, send: Handler
    ) -> None:
        self._due()
        if received.host == console_sign_in.HOST:
            await self._sign_in.serve(received, send)
        elif (url := self._functions.resolved(received.host)) is not None:
            await self._functions.serve(url, received, scope, receive, send)
        elif self._notebooks.is_served(received.headers.get("host", "").lower()):
            await self._notebooks.serve(received, scope, send)
        else:
            await refuse(send, "the local cloud has no such host name")
