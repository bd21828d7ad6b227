"""Calls that reach a local cloud by the shortest way, for tests that make tens of thousands.

botocore still checks and writes every request, reads every answer and raises its errors. Signing is
done with less ado, and what would be tried again after a while is tried again at once.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode
from weakref import WeakSet

from localcloud.authentication.signatures import Signing
from localcloud.record import Running
from tests.support.connections import CONNECTIONS, TIMEOUT
from workshop.account_region import AccountRegion
from workshop.aws.clients import MOST_ATTEMPTS, Clients
from workshop.aws.errors import THROTTLED, code

TRANSIENT = frozenset((500, 502, 503, 504))
"""Statuses after which botocore tries again, as after throttling (botocore.retries.standard)."""


@dataclass(frozen=True)
class _DirectAnswer:
    """What botocore asks of an answer that was read already."""

    status_code: int


class Lines:
    """As many connections to a local cloud as threads use at once."""

    def __init__(self, running: Running) -> None:
        self._port = running.port

    def carry(self, client: Any, *, attempts: int) -> None:
        """Let a client of boto3 make all its calls over these lines from now on."""
        client.meta.events.register_last("before-call", self._caller(client, attempts))
        client._user_agent_creator = SimpleNamespace(to_string=lambda: "tests")

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
            headers = {"Host": f"127.0.0.1:{self._port}"}
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
            line, method = CONNECTIONS.to(self._port), params["method"]
            line.wait(TIMEOUT)
            for _attempt in range(attempts):
                signed = caller.headers(method, target, headers, sent)
                signed["Content-Length"] = str(len(sent))
                status, told, content = line.send(method, target, signed, sent)
                answer = {"status_code": status, "headers": told, "body": content, "context": {}}
                parsed = parse(answer, model.output_shape)
                if status not in TRANSIENT and code(parsed) not in THROTTLED:
                    break
            CONNECTIONS.back(self._port, line)
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
