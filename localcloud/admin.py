"""``/_localcloud/*``: health and the admin endpoints of the local cloud, beside the emulator."""

from __future__ import annotations

import json
import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from localcloud.asgi import Handler, read_body, respond
from localcloud.authentication.gate import CONTROL, RESET
from localcloud.clock import Clock
from localcloud.errors import LocalCloudError
from localcloud.transitions import Delays

Document = dict[str, Any]
AdminEndpoint = Callable[[Document], Document]
"""Takes a change, returns the state after it; ``LocalCloudError`` refuses and changes nothing."""
AsyncEndpoint = Callable[[Document], Awaitable[Document]]
"""One that waits for something."""


class AdminInterface:
    """An ASGI application for our own paths, asked by the gate alone; a reset is passed on."""

    def __init__(
        self,
        emulated: Handler,
        instance: str,
        clock: Clock,
        endpoints: Mapping[str, AdminEndpoint | AsyncEndpoint],
    ) -> None:
        self._emulated = emulated
        self._instance = instance
        self._clock = clock
        self._endpoints = endpoints

    async def __call__(self, scope: Any, receive: Handler, send: Handler) -> None:
        if scope["path"] == RESET:
            await self._emulated(scope, receive, send)
            return
        status, answer = await self._answer(scope["method"], scope["path"], receive)
        headers = {"Content-Type": "application/json"}
        await respond(send, status, headers, json.dumps(answer).encode())

    async def _answer(self, method: str, path: str, receive: Handler) -> tuple[int, Document]:
        name = path.removeprefix(CONTROL)
        if (method, name) == ("GET", "health"):
            health = {"instance": self._instance, "pid": os.getpid(), "now": self._clock.now()}
            return 200, health
        if method != "POST" or name not in self._endpoints:
            return 404, {"error": f"the local cloud has no {method} {path}"}
        try:
            change = json.loads(await read_body(receive) or b"{}")
            answer = self._endpoints[name](change)
            return 200, answer if isinstance(answer, dict) else await answer
        except (LocalCloudError, ValueError, TypeError, KeyError, AttributeError) as error:
            return 400, {"error": f"{name}: {error}"}


def clock_endpoint(clock: Clock, moved: Callable[[], object] = lambda: None) -> AdminEndpoint:
    """``freeze`` (true or false) first, then ``advance`` (seconds).

    ``moved`` is called before and after: what was made meanwhile counts from before the move.
    """

    def answer(change: Document) -> Document:
        unknown = change.keys() - {"freeze", "advance"}
        if unknown:
            raise LocalCloudError(f"unknown {', '.join(sorted(unknown))}; use freeze or advance")
        if "freeze" in change:
            (clock.freeze if change["freeze"] else clock.thaw)()
        if "advance" in change:
            moved()
            clock.advance(float(change["advance"]))
            moved()
        return {"now": clock.now(), "frozen": clock.frozen}

    return answer


def delays_endpoint(delays: Delays) -> AdminEndpoint:
    """Seconds by the name of a transition."""

    def answer(change: Document) -> Document:
        delays.set(change)
        return dict(delays.current)

    return answer
