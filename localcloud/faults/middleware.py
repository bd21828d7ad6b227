"""In front of the services: requests that a rule is about are delayed, refused or left alone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from localcloud.faults import calls, errors

if TYPE_CHECKING:
    from localcloud.faults.calls import Call
    from localcloud.faults.errors import ErrorAnswer
    from localcloud.faults.plan import FaultPlan, Planned
    from localcloud.faults.rules import Rule

Handler = Callable[..., Awaitable[Any]]
Message = dict[str, Any]


class FaultLayer:
    """An ASGI application around another one; without rules about calls it only passes on."""

    def __init__(self, emulated: Handler, plan: FaultPlan) -> None:
        self._emulated = emulated
        self._plan = plan

    async def __call__(self, scope: Any, receive: Handler, send: Handler) -> None:
        # A bucket's name begins with no underscore: these are the emulator's own paths.
        if (
            not self._plan.concerns_calls
            or scope["type"] != "http"
            or scope["path"].startswith("/_")
        ):
            await self._emulated(scope, receive, send)
            return
        body = await _read(receive)
        if body is None:
            return
        replayed = _replayed(body, receive)
        call = calls.identified(scope, body)
        if call is None:
            await self._emulated(scope, replayed, send)
            return
        wait, planned = self._plan.verdict(call)
        await asyncio.sleep(wait)
        if planned is None:
            await self._emulated(scope, replayed, send)
            return
        if planned.rule.effect == "lost-answer":
            await self._emulated(scope, replayed, _unsent)
        answer = _answer_of(planned.rule, call)
        if answer is not None:
            await _send(send, answer)
        elif await self._outlives(planned, receive):
            await _send(send, errors.failed(call, HTTPStatus.SERVICE_UNAVAILABLE), end=True)

    async def _outlives(self, planned: Planned, receive: Handler) -> bool:
        """Wait until the client leaves or the rule is lifted; whether the client is still there."""
        lifted = asyncio.Event()
        loop = asyncio.get_running_loop()

        def lift() -> None:
            # A reset comes from another thread.
            loop.call_soon_threadsafe(lifted.set)

        self._plan.when_lifted(planned, lift)
        ends = [asyncio.create_task(_left(receive)), asyncio.create_task(lifted.wait())]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()
        return lifted.is_set()


async def _read(receive: Handler) -> bytes | None:
    """Give the whole body, or None if the client left before its end."""
    parts = []
    while True:
        message: Message = await receive()
        if message["type"] != "http.request":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def _replayed(body: bytes, receive: Handler) -> Handler:
    """Give a ``receive`` that begins with the body that was read already."""
    unread = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Any:
        return unread.pop() if unread else await receive()

    return again


async def _left(receive: Handler) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _unsent(_: Message) -> None:
    """Lose what a service answers."""


def _answer_of(rule: Rule, call: Call) -> ErrorAnswer | None:
    """Give what a rule answers, or None if it is silent."""
    if rule.effect == "throttle":
        return errors.throttled(call)
    if rule.effect == "error":
        return errors.failed(call, rule.status, rule.code)
    if rule.effect == "denied":
        return errors.denied(call)
    if rule.effect == "expired":
        return errors.expired(call, rule.code)
    return None


async def _send(send: Handler, answer: ErrorAnswer, *, end: bool = False) -> None:
    """Send an answer, and with ``end`` close the connection after it."""
    headers = [(name.lower().encode(), value.encode()) for name, value in answer.headers.items()]
    headers.append((b"content-length", b"%d" % len(answer.body)))
    if end:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
