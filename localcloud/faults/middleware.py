"""ASGI middleware in front of the services: rules delay, refuse or drop requests."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from localcloud.asgi import Handler, read_body, replayed, respond
from localcloud.faults import calls, errors
from localcloud.faults.changes import RecentChanges

if TYPE_CHECKING:
    from localcloud.clock import Clock
    from localcloud.faults.calls import Call
    from localcloud.faults.errors import ErrorAnswer
    from localcloud.faults.plan import FaultPlan, Planned
    from localcloud.faults.rules import Rule

Message = dict[str, Any]


class FaultLayer:
    """An ASGI application around another; without rules about calls it only passes requests on."""

    def __init__(self, emulated: Handler, plan: FaultPlan, clock: Clock) -> None:
        self._emulated = emulated
        self._plan = plan
        self._changes = RecentChanges(clock)
        plan.forget = self._changes.forget
        plan.changed = self._changes.note_in_stack

    async def __call__(self, scope: Any, receive: Handler, send: Handler) -> None:
        # A bucket's name begins with no underscore: these are the emulator's own paths.
        if (
            not self._plan.concerns_calls
            or scope["type"] != "http"
            or scope["path"].startswith("/_")
        ):
            await self._emulated(scope, receive, send)
            return
        body = await read_body(receive)
        if body is None:
            return
        again = replayed(body, receive)
        call = calls.identified(scope, body)
        if call is None:
            await self._emulated(scope, again, send)
            return
        wait, planned = self._plan.verdict(call, self._changes.is_stale)
        await asyncio.sleep(wait)
        if planned is None:
            noted = self._changes.noting(call, send) if self._plan.concerns_changes else send
            await self._emulated(scope, again, noted)
            return
        if planned.rule.effect == "stale":
            await self._changes.answer(call, planned.rule.seconds, self._emulated, scope, send)
            return
        if planned.rule.effect == "lost-answer":
            await self._emulated(scope, again, _unsent)
        answer = _answer_of(planned.rule, call)
        if answer is not None:
            await respond(send, answer.status, answer.headers, answer.body)
        elif await self._outlives(planned, receive):
            answer = errors.failed(call, HTTPStatus.SERVICE_UNAVAILABLE)
            await respond(send, answer.status, answer.headers, answer.body, close=True)

    async def _outlives(self, planned: Planned, receive: Handler) -> bool:
        """Wait until the client leaves or the rule is lifted; return whether the client waits."""
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


async def _left(receive: Handler) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _unsent(_: Message) -> None:
    """Drop a service's answer."""


def _answer_of(rule: Rule, call: Call) -> ErrorAnswer | None:
    """Return the error that a rule answers, or None for a timeout."""
    simple = {
        "throttle": errors.throttled,
        "not-offered": errors.not_offered,
        "conflict": errors.conflicting,
    }
    if rule.effect in simple:
        return simple[rule.effect](call)
    if rule.effect == "error":
        return errors.failed(call, rule.status, rule.code)
    if rule.effect == "denied":
        return errors.denied(call, rule.policy)
    if rule.effect == "expired":
        return errors.expired(call, rule.code)
    return None
