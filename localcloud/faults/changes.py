"""Changes that calls do not know of yet, as in services that are consistent in the end only.

What a read answered before a change it answers again; what was just made is looked for under a
name that nothing has, so that the service itself says how it does not find it.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

from localcloud import ministack_adapter
from localcloud.asgi import Handler, replayed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from localcloud.clock import Clock
    from localcloud.faults.calls import Call

_READS = ("BatchGet", "Describe", "Get", "Head", "List", "Search", "Simulate")
_MAKES = re.compile(r"(?:Create|Put|Register|Run|Import)(\w+)")
_SHORTEST_NAME = 3
_SIGNATURE = re.compile(r"x-amz-", re.IGNORECASE)

Message = dict[str, Any]
Key = tuple[str, ...]


class RecentChanges:
    """Which names were made when, when each service changed last, and earlier answers."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._made: dict[tuple[str, str], float] = {}
        self._changed: dict[tuple[str, str], float] = {}
        self._answers: dict[Key, tuple[float, list[Message]]] = {}

    def forget(self) -> None:
        """Forget all that was noted."""
        for noted in (self._made, self._changed, self._answers):
            noted.clear()

    def note_in_stack(self, service: str, made: str) -> None:
        """Note that a stack has changed something of a service, or made what has this id.

        CloudFormation itself knows it; calls from outside its stack may not.
        """
        account, now = ministack_adapter.account(), self._clock.now()
        self._changed[account, service] = now
        name = made.rpartition("/")[2]
        if len(name) >= _SHORTEST_NAME:
            for known in (name, name.lower()):
                self._made[account, known] = now

    def is_stale(self, call: Call, seconds: float) -> bool:
        """Whether a call would see a change of the last seconds."""
        return self._earlier(call, seconds) is not None or bool(self._unknown(call, seconds))

    def noting(self, call: Call, send: Handler) -> Handler:
        """Return a ``send`` that remembers what is answered and what has changed."""
        messages: list[Message] = []

        async def noted(message: Message) -> None:
            messages.append(message)
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                self._note(call, messages)
            await send(message)

        return noted

    async def answer(
        self, call: Call, seconds: float, emulated: Handler, scope: Any, send: Handler
    ) -> None:
        """Answer as if the changes of the last seconds were not."""
        earlier = self._earlier(call, seconds)
        if earlier is not None:
            for message in earlier:
                await send(message)
            return
        names = {name: _nobody(name) for name in self._unknown(call, seconds)}
        hide = _replacing(names, whole=True)
        show = _replacing({nobody: name for name, nobody in names.items()}, whole=False)

        async def shown(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": show(message.get("body", b""))}
            await send(message)

        async def none() -> Message:
            return {"type": "http.disconnect"}

        hidden = {
            **scope,
            "path": hide(scope["path"].encode()).decode(),
            "raw_path": hide(scope.get("raw_path") or b""),
            "query_string": hide(scope["query_string"]),
        }
        await emulated(hidden, replayed(hide(call.body), none), shown)

    def _note(self, call: Call, messages: list[Message]) -> None:
        status, now = messages[0]["status"], self._clock.now()
        if _reads(call):
            self._answers[_key(call)] = (now, messages)
        elif status < 300:  # noqa: PLR2004 - HTTP's own border
            self._changed[call.account, call.service] = now
            for name in _made_by(call):
                self._made[call.account, name] = now

    def _earlier(self, call: Call, seconds: float) -> list[Message] | None:
        moment, messages = self._answers.get(_key(call), (0.0, []))
        changed = self._changed.get((call.account, call.service))
        if not messages or changed is None or moment > changed:
            return None
        return messages if self._clock.now() - changed < seconds else None

    def _unknown(self, call: Call, seconds: float) -> list[str]:
        now, own = self._clock.now(), set(_made_by(call))
        return [
            name
            for (account, name), moment in self._made.items()
            if account == call.account
            and now - moment < seconds
            and name not in own
            and (call.carries(name) or call.carries(f"*/{name}"))
        ]


def _reads(call: Call) -> bool:
    return call.operation.startswith(_READS)


def _key(call: Call) -> Key:
    asked = sorted(item for item in call.query.items() if not _SIGNATURE.match(item[0]))
    place = (call.account, call.region, call.name, call.path)
    return (*place, str(asked), call.body.decode("latin-1"))


def _made_by(call: Call) -> Iterator[str]:
    """Yield the name of what a call makes: ``RoleName`` of CreateRole, the bucket of CreateBucket.

    It is known in lower case too, in which many ARNs have it.
    """
    found = _MAKES.match(call.operation)
    if found is None:
        return
    noun = found[1].removesuffix("V2").lower()
    given = {name.lower(): value for name, value in {**call.form, **call.members}.items()}
    bucket = call.path.strip("/") if call.operation == "CreateBucket" else None
    name = bucket or given.get(f"{noun}name") or given.get("name")
    if isinstance(name, str) and len(name) >= _SHORTEST_NAME:
        yield from {name, name.lower()}


def _nobody(name: str) -> str:
    """Return a name of the same form that nothing has."""
    made_up = hashlib.sha256(name.encode()).hexdigest() * 4
    return made_up[: len(name) - 1] + "x"


def _replacing(names: dict[str, str], *, whole: bool) -> Callable[[bytes], bytes]:
    """Return what replaces names; whole ones also behind an escaped character of an address."""
    before, behind = (
        (rb"(?:(?<![\w.-])|(?<=%2F)|(?<=%3A))", rb"(?![\w.-])") if whole else (b"", b"")
    )
    patterns = [
        (re.compile(before + re.escape(old.encode()) + behind), new.encode())
        for old, new in names.items()
    ]

    def replaced(text: bytes) -> bytes:
        for pattern, new in patterns:
            text = pattern.sub(new, text)
        return text

    return replaced
