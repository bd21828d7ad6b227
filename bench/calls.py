"""A client that costs little, so that it is the server that is measured.

boto3 manages some hundred calls a second and ``http.client`` about as many as the server: here
ready-made requests are written to a connection that is kept, and answers are read to their length.
"""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from localcloud.authentication import keys
from localcloud.authentication.signatures import Signing

HOST = "127.0.0.1"
ACCOUNT, REGION = "111122223333", "us-east-1"
_OK = re.compile(rb"HTTP/1\.. 200 ")
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CLOSED = re.compile(rb"\r\nconnection: *close|^HTTP/1\.0 ", re.IGNORECASE)


@dataclass(frozen=True)
class MeasuredCall:
    """One request, before it is signed for a server."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    service: str = "sagemaker"
    account: str = ACCOUNT
    region: str = REGION

    def to(self, port: int, secret: str) -> bytes:
        """Return the request as it is sent, signed with what belongs to the account."""
        host = {"Host": f"{HOST}:{port}", **self.headers}
        key = keys.account_secret(secret, self.account)
        signing = Signing(self.account, key, self.region, self.service)
        headers = signing.headers(self.method, self.path, host, self.body)
        lines = [f"{self.method} {self.path} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + self.body


def sagemaker(operation: str, **members: Any) -> MeasuredCall:
    """Return the request of one SageMaker operation."""
    return MeasuredCall(
        "POST",
        "/",
        {
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": f"SageMaker.{operation}",
        },
        json.dumps(members).encode(),
    )


def get(path: str, **headers: str) -> bytes:
    """Return the request for a path, which nobody signs."""
    lines = [f"GET {path} HTTP/1.1", f"Host: {HOST}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


class Connection:
    """One connection; a server that closes it after an answer gets another one."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket = self._opened()

    def call(self, request: bytes) -> bytes:
        """Return the body of the answer; ``RuntimeError`` unless its status is 200."""
        self._socket.sendall(request)
        read = b""
        while (end := read.find(b"\r\n\r\n")) < 0:
            read += self._more()
        head, body = read[:end], read[end + 4 :]
        length = _LENGTH.search(head)
        if not _OK.match(head) or length is None:
            raise RuntimeError(f"{request.decode()} was answered with {read.decode()}")
        while len(body) < int(length[1]):
            body += self._more()
        if _CLOSED.search(head):
            self.close()
            self._socket = self._opened()
        return body

    def close(self) -> None:
        self._socket.close()

    def _opened(self) -> socket.socket:
        return socket.create_connection((HOST, self._port), timeout=10)

    def _more(self) -> bytes:
        more = self._socket.recv(65536)
        if not more:
            raise RuntimeError(f"the server at port {self._port} hung up in an answer")
        return more


def rate(port: int, request: bytes, seconds: float) -> float:
    """Return the calls a second of one connection that repeats a request for so many seconds."""
    connection = Connection(port)
    connection.call(request)
    calls = 0
    began = time.perf_counter()
    while (taken := time.perf_counter() - began) < seconds:
        connection.call(request)
        calls += 1
    connection.close()
    return calls / taken


def every(port: int, requests: list[bytes]) -> None:
    """Make these calls, one after the other."""
    connection = Connection(port)
    for request in requests:
        connection.call(request)
    connection.close()
