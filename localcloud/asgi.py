"""What the ASGI applications of the local cloud share: to read a body and to send an answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

Handler = Callable[..., Awaitable[Any]]
"""An application, or one of the two callables ``receive`` and ``send`` that it is given."""


class BodyTooLargeError(Exception):
    """A body has more bytes than are read of it."""


async def read_body(receive: Handler, largest: int | None = None) -> bytes | None:
    """Return the whole body, or None if the client left before its end.

    Raise ``BodyTooLargeError`` beyond ``largest`` bytes.
    """
    parts, length = [], 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        part = message.get("body", b"")
        parts.append(part)
        length += len(part)
        if largest is not None and length > largest:
            raise BodyTooLargeError
        if not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)


def replayed(body: bytes, receive: Handler) -> Handler:
    """Return a ``receive`` that begins with the body that was read already."""
    unread = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Any:
        return unread.pop() if unread else await receive()

    return again


async def respond(
    send: Handler, status: int, headers: dict[str, str], body: bytes, *, close: bool = False
) -> None:
    """Send an answer, and with ``close`` end the connection after it."""
    encoded = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    encoded.append((b"content-length", b"%d" % len(body)))
    if close:
        encoded.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": int(status), "headers": encoded})
    await send({"type": "http.response.body", "body": body})
