"""HTTP as clients of AWS speak it: bodies, connections, accounts, and how the server ends."""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
import signal
import socket
from contextlib import closing
from http.client import HTTPConnection
from typing import TYPE_CHECKING

import pytest

from tests.localcloud import Cloud
from workshop.localcloud import process, record, server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from workshop.localcloud.record import Running

ACCOUNT = "222233334444"
SIGNED = {
    "Authorization": f"AWS4-HMAC-SHA256 Credential={ACCOUNT}/20260101/us-east-1/s3/aws4_request, "
    "SignedHeaders=host, Signature=00"
}
CALLER = b"Action=GetCallerIdentity&Version=2011-06-15"


@pytest.fixture
def connection(cloud: Cloud) -> Iterator[HTTPConnection]:
    """One connection to an empty cloud that has the bucket ``kept`` in ``ACCOUNT``."""
    cloud.client("s3", account=ACCOUNT).create_bucket(Bucket="kept")
    with closing(HTTPConnection("127.0.0.1", cloud.running.port)) as one:
        yield one


def asked(connection: HTTPConnection, method: str, path: str, body: bytes = b"") -> bytes:
    """Make a signed call that succeeds, and give what it is answered."""
    connection.request(method, path, body, SIGNED)
    answer = connection.getresponse()
    text = answer.read()
    assert answer.status == 200, text
    return text


def answered(running: Running, request: bytes) -> bytes:
    """Send bytes on a connection of its own and read until the server closes it."""
    with socket.create_connection(("127.0.0.1", running.port), timeout=10) as plain:
        plain.sendall(request)
        return b"".join(iter(lambda: plain.recv(65536), b""))


def put(*headers: str, body: bytes) -> bytes:
    """Give the bytes of a signed PUT of the object ``kept/a`` that ends its connection."""
    told = ["PUT /kept/a HTTP/1.1", "Host: 127.0.0.1", "Connection: close", *headers]
    told += [f"{name}: {value}" for name, value in SIGNED.items()]
    return "\r\n".join([*told, "", ""]).encode() + body


def test_answers_leave_at_once_instead_of_waiting_for_an_acknowledgement() -> None:
    async def option() -> int:
        accepted: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        async def note(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            plain = writer.get_extra_info("socket")
            accepted.set_result(plain.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        listener = server.bound_socket(0)
        async with await asyncio.start_server(note, sock=listener):
            _, writer = await asyncio.open_connection(*listener.getsockname())
            found = await accepted
            writer.close()
            await writer.wait_closed()
        return found

    assert asyncio.run(option()) != 0


def test_a_connection_serves_many_requests(connection: HTTPConnection) -> None:
    asked(connection, "GET", "/kept")
    first = connection.sock
    asked(connection, "GET", "/kept")
    assert connection.sock is first is not None


def test_a_large_body_does_not_lend_its_account_to_the_next_request(
    connection: HTTPConnection, cloud: Cloud
) -> None:
    for _ in range(5):
        asked(connection, "PUT", "/kept/large", bytes(2_000_000))
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", "/", CALLER, form)
        text = connection.getresponse().read().decode()
        assert f"<Account>{cloud.running.account}</Account>" in text


def test_a_large_object_comes_back_as_it_was_sent(cloud: Cloud) -> None:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="kept")
    sent = os.urandom(30_000_000)
    # A stream is sent with "Expect: 100-continue".
    s3.put_object(Bucket="kept", Key="a", Body=io.BytesIO(sent))
    got = s3.get_object(Bucket="kept", Key="a")["Body"]
    found = hashlib.sha256()
    for part in got.iter_chunks(65536):
        found.update(part)
    assert found.digest() == hashlib.sha256(sent).digest()
    assert s3.head_object(Bucket="kept", Key="a")["ContentLength"] == len(sent)


def test_a_client_that_asks_first_is_told_to_continue(
    connection: HTTPConnection, cloud: Cloud
) -> None:
    request = put("Expect: 100-continue", "Content-Length: 3", body=b"abc")
    answer = answered(cloud.running, request)
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")
    assert asked(connection, "GET", "/kept/a") == b"abc"


def test_a_body_may_come_in_chunks(connection: HTTPConnection, cloud: Cloud) -> None:
    request = put("Transfer-Encoding: chunked", body=b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
    assert answered(cloud.running, request).startswith(b"HTTP/1.1 200 OK\r\n")
    assert asked(connection, "GET", "/kept/a") == b"abcde"


def test_head_gives_the_length_and_no_body(connection: HTTPConnection) -> None:
    asked(connection, "PUT", "/kept/a", b"abc")
    connection.request("HEAD", "/kept/a", headers=SIGNED)
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Content-Length"], answer.read()) == (200, "3", b"")
    assert asked(connection, "GET", "/kept/a") == b"abc"


def test_answers_carry_one_date_and_no_name_of_a_server(connection: HTTPConnection) -> None:
    for path in ("/kept", "/_workshop/health"):
        connection.request("GET", path, headers=SIGNED)
        answer = connection.getresponse()
        answer.read()
        assert len(answer.headers.get_all("Date", [])) == (0 if "_workshop" in path else 1)
        assert "Server" not in answer.headers


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_either_signal_ends_it_in_order_and_keeps_its_state(
    tmp_path: Path, sign: signal.Signals
) -> None:
    cloud = Cloud(process.start(tmp_path, persist=True).running, tmp_path)
    child = process._children[cloud.running.instance]
    with closing(HTTPConnection("127.0.0.1", cloud.running.port)) as idle:
        idle.request("GET", "/_workshop/health")
        idle.getresponse().read()
        cloud.client("s3").create_bucket(Bucket="kept")
        # In the middle of a request: it is given a moment, not for ever.
        with socket.create_connection(("127.0.0.1", cloud.running.port)) as half:
            half.sendall(put("Content-Length: 3", body=b"a"))
            child.send_signal(sign)
            assert child.wait(10) == 0
    assert record.read(tmp_path) is None
    assert "kept" in (tmp_path / "services" / "s3.json").read_text(encoding="utf-8")
