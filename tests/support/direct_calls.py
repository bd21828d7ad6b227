"""Calls that reach a local cloud by the shortest way, for tests that make tens of thousands.

botocore still checks and writes every request, reads every answer and raises its errors. Signing is
done with less ado, and what would be tried again after a while is tried again at once.
"""

from __future__ import annotations

import select
import socket
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode
from weakref import WeakSet

from localcloud.authentication.signatures import Signing
from localcloud.record import Running
from workshop.account_region import AccountRegion
from workshop.aws.clients import MOST_ATTEMPTS, Clients
from workshop.aws.errors import THROTTLED, code

IDLE = 5.0
"""Seconds for which the cloud surely keeps a connection open that nothing comes over."""

TRANSIENT = frozenset((500, 502, 503, 504))
"""Statuses after which botocore tries again, as after throttling (botocore.retries.standard)."""


class Line:
    """One connection to a local cloud."""

    def __init__(self, running: Running) -> None:
        self.host = f"127.0.0.1:{running.port}"
        self._socket = socket.create_connection(("127.0.0.1", running.port), timeout=300)
        self._answers = self._socket.makefile("rb")
        self._used = time.monotonic()

    @property
    def is_open(self) -> bool:
        """Whether the cloud has not closed it, as it does to those that were idle for a while.

        Between two calls there is nothing to be read but the end.
        """
        if time.monotonic() - self._used < IDLE:
            return True
        return not select.select([self._socket], [], [], 0)[0]

    def close(self) -> None:
        self._answers.close()
        self._socket.close()

    def send(
        self, caller: Signing, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers by their small names, and body of the answer."""
        signed = caller.headers(method, path, {"Host": self.host, **headers}, body)
        lines = [
            f"{method} {path} HTTP/1.1",
            *(f"{name}: {value}" for name, value in signed.items()),
            f"Content-Length: {len(body)}",
        ]
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode() + body)
        status = int(self._answers.readline().split()[1])
        told: dict[str, str] = {}
        while (line := self._answers.readline()) != b"\r\n":
            name, _, value = line.decode("latin-1").partition(":")
            told[name.lower()] = value.strip()
        assert "transfer-encoding" not in told
        self._used = time.monotonic()
        length = int(told.get("content-length", 0))
        return status, told, self._answers.read(length) if length else b""


@dataclass(frozen=True)
class _DirectAnswer:
    """What botocore asks of an answer that was read already."""

    status_code: int


class Lines:
    """As many connections to a local cloud as threads use at once."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._free: deque[Line] = deque()

    def carry(self, client: Any, *, attempts: int) -> None:
        """Let a client of boto3 make all its calls over these lines from now on."""
        client.meta.events.register_last("before-call", self._caller(client, attempts))
        client._user_agent_creator = SimpleNamespace(to_string=lambda: "tests")

    def _line(self) -> Line:
        while self._free:
            line = self._free.pop()
            if line.is_open:
                return line
            line.close()
        return Line(self._running)

    def _caller(self, client: Any, attempts: int) -> Any:
        # As the client's own endpoint reads answers.
        factory = client._endpoint._response_parser_factory
        parse = factory.create_parser(client.meta.service_model.resolved_protocol).parse

        def call(model: Any, params: dict[str, Any], **_: Any) -> tuple[_DirectAnswer, Any] | None:
            if model.has_streaming_output:
                return None  # botocore itself hands out a body that is read bit by bit
            known = client._request_signer._credentials
            signs = client.meta.service_model.signing_name
            caller = Signing(
                known.access_key,
                known.secret_key,
                client.meta.region_name,
                signs,
                known.token or "",
            )
            headers = {}
            for name, value in params["headers"].items():
                if name == "Expect":
                    continue  # Nobody here waits for leave to send a body.
                headers[name] = value.decode() if isinstance(value, bytes) else value
            target = "/" + params["url"].partition("://")[2].partition("/")[2]
            body = params["body"]
            if isinstance(body, dict):
                body = urlencode(body)
            body = body.read() if hasattr(body, "read") else body
            sent = body if isinstance(body, bytes) else body.encode()
            line, method = self._line(), params["method"]
            for _attempt in range(attempts):
                status, told, content = line.send(caller, method, target, headers, sent)
                answer = {"status_code": status, "headers": told, "body": content, "context": {}}
                parsed = parse(answer, model.output_shape)
                if status not in TRANSIENT and code(parsed) not in THROTTLED:
                    break
            self._free.append(line)
            return _DirectAnswer(status), parsed

        return call


@cache
def lines_to(running: Running) -> Lines:
    """Those that all tests of one cloud share."""
    return Lines(running)


class QuickClients(Clients):
    """The product's own clients, which make their calls over a few lines."""

    def __init__(self, lines: Lines, home: AccountRegion, **more: str | None) -> None:
        super().__init__(home, **more)
        self._lines = lines
        self._preparing = threading.Lock()
        self._prepared: WeakSet[Any] = WeakSet()

    def client(self, service: str, account_region: AccountRegion, **more: Any) -> Any:
        made = super().client(service, account_region, **more)
        with self._preparing:
            if made not in self._prepared:
                self.prepare(service, made)
                self._prepared.add(made)
        return made

    def prepare(self, service: str, client: Any) -> None:  # noqa: ARG002 - others ask
        """What is done to a client once, before anybody uses it."""
        self._lines.carry(client, attempts=MOST_ATTEMPTS)
