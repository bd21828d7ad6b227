"""Connections to servers of this machine, without what requests to other machines need.

All of botocore is real but its connections: it still checks, signs and tries again every request,
and reads every answer.
"""

from __future__ import annotations

import os
import select
import socket
import time
from collections import defaultdict, deque
from collections.abc import Mapping
from contextlib import suppress
from http.client import RemoteDisconnected
from typing import Any, cast
from urllib.parse import urlsplit

from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError
from botocore.httpsession import URLLib3Session

SERVER = "http://127.0.0.1:"
"""How the URL of every request begins that is carried here."""

WITHOUT_BODY = frozenset((204, 304))
"""Statuses of answers that end with their headers."""

IDLE = 60
"""Seconds after which a connection is not used again.

The local cloud closes it after 75, and a request that is sent in that moment is lost.
"""

TIMEOUT = 300
"""Seconds without an answer, unless a client names others."""


class Connection:
    """One connection to a server of this machine."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._answers = self._socket.makefile("rb")
        self._used = time.monotonic()

    @property
    def is_open(self) -> bool:
        """Whether the server has not closed it, as it does to those that were idle for a while.

        Between two requests there is nothing to be read but the end.
        """
        return (
            time.monotonic() - self._used < IDLE and not select.select([self._socket], [], [], 0)[0]
        )

    def close(self) -> None:
        self._answers.close()
        self._socket.close()

    def wait(self, seconds: float) -> None:
        """Let an answer take so long."""
        if self._socket.gettimeout() != seconds:
            self._socket.settimeout(seconds)

    def send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers by their small names, and body of the answer."""
        self._used = time.monotonic()
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {headers[name]}" for name in headers)]
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
        first = self._answers.readline()
        if not first:
            raise RemoteDisconnected("Remote end closed connection without response")
        status = int(first.split(None, 2)[1])
        told: dict[str, str] = {}
        while (line := self._line()) != b"\r\n":
            name, _, value = line.decode("latin-1").partition(":")
            told[name.lower()] = value.strip()
        if method == "HEAD" or status in WITHOUT_BODY:
            return status, told, b""
        if "transfer-encoding" in told:
            return status, told, b"".join(iter(self._chunk, b""))
        return status, told, self._bytes(int(told.get("content-length", 0)))

    def _line(self) -> bytes:
        if (line := self._answers.readline())[-2:] != b"\r\n":
            raise RemoteDisconnected("Remote end closed connection within a response")
        return line

    def _bytes(self, count: int) -> bytes:
        found = self._answers.read(count)
        if len(found) < count:
            raise RemoteDisconnected("Remote end closed connection within a response")
        return found

    def _chunk(self) -> bytes:
        chunk = self._bytes(int(self._line(), 16))
        self._line()
        return chunk


class Connections:
    """As many connections to each port as threads use at once."""

    def __init__(self) -> None:
        self._free: defaultdict[int, deque[Connection]] = defaultdict(deque)
        os.register_at_fork(after_in_child=self._free.clear)

    def to(self, port: int) -> Connection:
        """Return a connection that nobody uses; raise OSError where nobody listens."""
        free = self._free[port]
        with suppress(IndexError):  # none is left
            while True:
                known = free.pop()
                if known.is_open:
                    return known
                known.close()
        return Connection(port)

    def back(self, port: int, used: Connection) -> None:
        """Take a connection back over which an answer came that was read."""
        self._free[port].append(used)


CONNECTIONS = Connections()


def carry_requests() -> None:
    """Let botocore's requests to this machine go over these connections, but for streams."""
    session: Any = URLLib3Session
    send = session.send

    def carried(self: Any, request: Any) -> AWSResponse:
        given: AWSResponse | None = None
        if _is_plain(self, request):
            given = _answer(self, request)
        return send(self, request) if given is None else given

    session.send = carried


def _is_plain(session: Any, request: Any) -> bool:
    return (
        request.url.startswith(SERVER)
        and not request.stream_output
        and isinstance(request.body, bytes | str | None)
        and "Expect" not in request.headers
        and not session._proxy_config.proxy_url_for(request.url)
    )


def _answer(session: Any, request: Any) -> AWSResponse | None:
    """Return the answer to a request; None where nobody listens, of which botocore tells."""
    url = urlsplit(request.url)
    port = int(url.port or 0)
    body = request.body or b""
    body = body if isinstance(body, bytes) else body.encode()
    headers = {"Host": url.netloc}
    for name, value in request.headers.items():
        headers[name] = value.decode("latin-1") if isinstance(value, bytes) else value
    if body or request.method in {"POST", "PUT"}:
        headers["Content-Length"] = str(len(body))
    try:
        connection = CONNECTIONS.to(port)
    except OSError:
        return None
    path = url.path or "/"
    try:
        connection.wait(getattr(session._timeout, "read_timeout", session._timeout))
        status, told, content = connection.send(
            request.method, f"{path}?{url.query}" if url.query else path, headers, body
        )
    except BaseException as error:  # Whatever it is: half an answer may still be on its way.
        connection.close()
        where = {"endpoint_url": request.url}
        if isinstance(error, TimeoutError):
            raise ReadTimeoutError(error=error, **where) from error
        if isinstance(error, OSError):
            raise ConnectionClosedError(error=error, request=request, **where) from error
        raise
    if told.get("connection", "").lower() == "close":
        connection.close()
    else:
        CONNECTIONS.back(port, connection)
    response: Any = AWSResponse
    made = response(request.url, status, told, None)
    made._content = content
    return cast("AWSResponse", made)
