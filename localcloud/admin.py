"""``/_workshop/*``: health and the knobs of the local cloud, in front of the emulator."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from localcloud.authentication.gate import CONTROL, RESET, Handler, respond
from localcloud.errors import LocalCloudError

if TYPE_CHECKING:
    from localcloud.clock import Clock
    from localcloud.transitions import Delays

_LARGEST_BODY = 64 * 1024

Document = dict[str, Any]
Knob = Callable[[Document], Document]
"""Takes what is wanted, answers what is now; ``LocalCloudError`` refuses and changes nothing."""


class Control:
    """An ASGI application for our own paths, asked by the gate alone; a reset is passed on."""

    def __init__(
        self, emulated: Handler, instance: str, clock: Clock, knobs: Mapping[str, Knob]
    ) -> None:
        self._emulated = emulated
        self._instance = instance
        self._clock = clock
        self._knobs = knobs

    async def __call__(self, scope: Any, receive: Handler, send: Handler) -> None:
        if scope["path"] == RESET:
            await self._emulated(scope, receive, send)
            return
        status, answer = await self._answer(scope["method"], scope["path"], receive)
        told = {"Content-Type": "application/json"}
        await respond(send, status, told, json.dumps(answer).encode())

    async def _answer(self, method: str, path: str, receive: Handler) -> tuple[int, Document]:
        what = path.removeprefix(CONTROL)
        if (method, what) == ("GET", "health"):
            return 200, self._health()
        if method != "POST" or what not in self._knobs:
            return 404, {"error": f"the local cloud has no {method} {path}"}
        try:
            wanted = json.loads(await _body(receive) or b"{}")
            return 200, self._knobs[what](wanted)
        except (LocalCloudError, ValueError, TypeError, KeyError, AttributeError) as error:
            return 400, {"error": f"{what}: {error}"}

    def _health(self) -> Document:
        return {
            "instance": self._instance,
            "pid": os.getpid(),
            "now": self._clock.now(),
        }


def clock_knob(clock: Clock) -> Knob:
    """``freeze`` (true or false) first, then ``advance`` (seconds)."""

    def turn(wanted: Document) -> Document:
        unknown = wanted.keys() - {"freeze", "advance"}
        if unknown:
            raise LocalCloudError(f"unknown {', '.join(sorted(unknown))}; use freeze or advance")
        if "freeze" in wanted:
            (clock.freeze if wanted["freeze"] else clock.thaw)()
        if "advance" in wanted:
            clock.advance(float(wanted["advance"]))
        return {"now": clock.now(), "frozen": clock.frozen}

    return turn


def delays_knob(delays: Delays) -> Knob:
    """Seconds by passage."""

    def turn(wanted: Document) -> Document:
        delays.set(wanted)
        return dict(delays.current)

    return turn


async def _body(receive: Handler) -> bytes:
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > _LARGEST_BODY:
            raise ValueError("the body is too large")
    return body
