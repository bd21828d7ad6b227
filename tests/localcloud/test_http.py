"""HTTP as clients of AWS speak it: bodies, connections, accounts, and how the server ends."""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest

from localcloud import process, record, server
from localcloud.authentication import keys
from localcloud.authentication.signatures import Signing
from localcloud.record import Running
from tests.support.local_cloud import Cloud

ACCOUNT = "222233334444"
CALLER = b"Action=GetCallerIdentity&Version=2011-06-15"


@pytest.fixture
def connection(cloud: Cloud) -> Iterator[HTTPConnection]:
    """One connection to an empty cloud that has the bucket ``kept`` in ``ACCOUNT``."""
    cloud.client("s3", account=ACCOUNT).create_bucket(Bucket="kept")
    with closing(HTTPConnection("127.0.0.1", cloud.running.port)) as one:
        yield one


def signed(running: Running, method: str, path: str, body: bytes = b"") -> dict[str, str]:
    """Return the headers of a request to S3 of ``ACCOUNT``'s root."""
    secret = keys.account_secret(running.secret, ACCOUNT)
    host = {"Host": f"127.0.0.1:{running.port}"}
    return Signing(ACCOUNT, secret, "us-east-1", "s3").headers(method, path, host, body)


def asked(
    cloud: Cloud, connection: HTTPConnection, method: str, path: str, body: bytes = b""
) -> bytes:
    """Make a signed call that succeeds, and give what it is answered."""
    connection.request(method, path, body, signed(cloud.running, method, path, body))
    answer = connection.getresponse()
    text = answer.read()
    assert answer.status == 200, text
    return text


def as_root(running: Running) -> dict[str, str]:
    """Return the headers of ``CALLER``, which the cloud's own account asks."""
    told = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Host": f"127.0.0.1:{running.port}",
    }
    secret = keys.account_secret(running.secret, running.account)
    return Signing(running.account, secret, "us-east-1", "sts").headers("POST", "/", told, CALLER)


def answered(running: Running, request: bytes) -> bytes:
    """Send bytes on a connection of its own and read until the server closes it."""
    with socket.create_connection(("127.0.0.1", running.port), timeout=60) as plain:
        plain.sendall(request)
        return b"".join(iter(lambda: plain.recv(65536), b""))


def put(running: Running, *headers: str, body: bytes, sent: bytes | None = None) -> bytes:
    """Return the bytes of a signed PUT of the object ``kept/a`` that ends its connection.

    ``sent`` is how the body goes over the wire, if that is another way.
    """
    told = ["PUT /kept/a HTTP/1.1", "Connection: close", *headers]
    told += [f"{k}: {v}" for k, v in signed(running, "PUT", "/kept/a", body).items()]
    return "\r\n".join([*told, "", ""]).encode() + (body if sent is None else sent)


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


def test_a_connection_serves_many_requests(cloud: Cloud, connection: HTTPConnection) -> None:
    asked(cloud, connection, "GET", "/kept")
    first = connection.sock
    asked(cloud, connection, "GET", "/kept")
    assert connection.sock is first is not None


def test_a_large_body_does_not_lend_its_account_to_the_next_request(
    connection: HTTPConnection, cloud: Cloud
) -> None:
    for _ in range(5):
        asked(cloud, connection, "PUT", "/kept/large", bytes(2_000_000))
        connection.request("POST", "/", CALLER, as_root(cloud.running))
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
    request = put(cloud.running, "Expect: 100-continue", "Content-Length: 3", body=b"abc")
    answer = answered(cloud.running, request)
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")
    assert asked(cloud, connection, "GET", "/kept/a") == b"abc"


def test_a_body_may_come_in_chunks(connection: HTTPConnection, cloud: Cloud) -> None:
    request = put(
        cloud.running,
        "Transfer-Encoding: chunked",
        body=b"abcde",
        sent=b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
    )
    assert answered(cloud.running, request).startswith(b"HTTP/1.1 200 OK\r\n")
    assert asked(cloud, connection, "GET", "/kept/a") == b"abcde"


def test_head_gives_the_length_and_no_body(cloud: Cloud, connection: HTTPConnection) -> None:
    asked(cloud, connection, "PUT", "/kept/a", b"abc")
    told = signed(cloud.running, "HEAD", "/kept/a")
    connection.request("HEAD", "/kept/a", headers=told)
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Content-Length"], answer.read()) == (200, "3", b"")
    assert asked(cloud, connection, "GET", "/kept/a") == b"abc"


def test_answers_carry_one_date_and_no_name_of_a_server(
    cloud: Cloud, connection: HTTPConnection
) -> None:
    told = {
        "/kept": signed(cloud.running, "GET", "/kept"),
        "/_localcloud/health": process.authorization(cloud.running),
    }
    for path, headers in told.items():
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        answer.read()
        assert len(answer.headers.get_all("Date", [])) == (0 if "_localcloud" in path else 1)
        assert "Server" not in answer.headers


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_either_signal_ends_it_in_order_and_keeps_its_state(
    tmp_path: Path, sign: signal.Signals
) -> None:
    cloud = Cloud(process.start(tmp_path, persist=True).running, tmp_path)
    child = process._children[cloud.running.instance]
    with closing(HTTPConnection("127.0.0.1", cloud.running.port)) as idle:
        idle.request("GET", "/_localcloud/health", headers=process.authorization(cloud.running))
        idle.getresponse().read()
        cloud.client("s3").create_bucket(Bucket="kept")
        # In the middle of a request: it is given a moment, not for ever.
        with socket.create_connection(("127.0.0.1", cloud.running.port)) as half:
            half.sendall(put(cloud.running, "Content-Length: 3", body=b"abc", sent=b"a"))
            child.send_signal(sign)
            assert child.wait(60) == 0
    assert record.read(tmp_path) is None
    assert "kept" in (tmp_path / "services" / "s3.json").read_text(encoding="utf-8")
