"""``/_workshop/*``: health and the knobs of the local cloud, in front of the emulator."""

from __future__ import annotations

import json
import os
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from workshop.errors import LocalCloudError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workshop.localcloud.clock import Clock
    from workshop.localcloud.settings import Delays

PREFIX = "/_workshop/"
_LARGEST_BODY = 64 * 1024

Handler = Callable[..., Awaitable[Any]]
Document = dict[str, Any]
Knob = Callable[[Document], Document]
"""Takes what is wanted, answers what is now; ``LocalCloudError`` refuses and changes nothing."""


class Control:
    """An ASGI application that answers our own paths and passes on everything else."""

    def __init__(
        self,
        emulated: Handler,
        instance: str,
        clock: Clock,
        knobs: Mapping[str, Knob],
        before: Callable[[], None],
    ) -> None:
        self._emulated = emulated
        self._instance = instance
        self._clock = clock
        self._knobs = knobs
        self._before = before

    async def __call__(self, scope: Any, receive: Handler, send: Handler) -> None:
        if scope["type"] == "http" and not _from_a_program(scope["headers"]):
            refused = {"error": "the local cloud serves programs on this machine, not web pages"}
            await _respond(send, HTTPStatus.FORBIDDEN, refused)
            return
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
            # Whatever service is asked: what was due by now has happened before.
            self._before()
            await self._emulated(scope, receive, send)
            return
        status, answer = await self._answer(scope["method"], scope["path"], receive)
        await _respond(send, status, answer)

    async def _answer(self, method: str, path: str, receive: Handler) -> tuple[int, Document]:
        what = path.removeprefix(PREFIX)
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


def _from_a_program(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether no web page is behind a request.

    A page that somebody visits can reach 127.0.0.1 too, with an Origin or, by a name that was
    made to point here, with a strange Host.
    """
    given = {name.lower(): value.decode("latin-1") for name, value in headers}
    host = given.get(b"host", "").partition(":")[0]
    named_here = host in {"127.0.0.1", "localhost"} or host.endswith(".localhost")
    return named_here and b"origin" not in given


async def _respond(send: Handler, status: int, answer: Document) -> None:
    body = json.dumps(answer).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": int(status), "headers": headers})
    await send({"type": "http.response.body", "body": body})


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
