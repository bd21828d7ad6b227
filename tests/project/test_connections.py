"""Requests that take the tests' own connections end as botocore's own do, also where one breaks."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from threading import Event, Thread
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError, ReadTimeoutError

from tests.support import connections

BODY = b'{"NotebookInstances": []}'
WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)
CHUNKS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (
    len(BODY),
    BODY,
)

Serve = Callable[..., Any]


@pytest.fixture
def ended() -> Event:
    """Whether the server has ended its first connection."""
    return Event()


@pytest.fixture
def serve(ended: Event) -> Iterator[Serve]:
    """Answer one connection after the other, each with these bytes at every request; then end it.

    Where there are no bytes the connection stays open and is not answered.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer(answers: tuple[tuple[bytes, ...], ...]) -> None:
            for one in answers:
                connection, _ = listener.accept()
                with connection:
                    for given in one:
                        request = b""
                        while not request.endswith(b"{}"):
                            request += connection.recv(65_536)
                        connection.sendall(given)
                        if not given:
                            connection.recv(1)
                ended.set()

        def client(*answers: tuple[bytes, ...]) -> Any:
            threads.append(Thread(target=answer, args=(answers,)))
            threads[-1].start()
            return made(listener.getsockname()[1])

        threads: list[Thread] = []
        yield client
        for thread in threads:
            thread.join()


def made(port: int) -> Any:
    return boto3.client(
        "sagemaker",
        region_name="us-east-1",
        endpoint_url=f"http://127.0.0.1:{port}",
        aws_access_key_id="none",
        aws_secret_access_key="none",
        config=Config(retries={"total_max_attempts": 1}, read_timeout=0.2),
    )


def listed(client: Any) -> list[Any]:
    found: list[Any] = client.list_notebook_instances()["NotebookInstances"]
    return found


def test_an_answer_is_read_by_its_length_or_in_chunks_over_one_connection(serve: Serve) -> None:
    client = serve((WHOLE, CHUNKS, WHOLE))
    assert [listed(client) for _ in range(3)] == [[], [], []]


def test_a_connection_that_its_server_has_ended_is_replaced(serve: Serve, ended: Event) -> None:
    client = serve((WHOLE,), (WHOLE,))
    assert listed(client) == []
    ended.wait()
    assert listed(client) == []


def test_a_connection_that_its_server_may_be_about_to_end_is_not_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        connection = connections.Connection(listener.getsockname()[1])
        assert connection.is_open
        later = time.monotonic() + connections.IDLE
        monkeypatch.setattr(time, "monotonic", lambda: later)
        assert not connection.is_open
        connection.close()


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (WHOLE[:10], ConnectionClosedError),
        (WHOLE[:-1], ConnectionClosedError),
        (CHUNKS[:-9], ConnectionClosedError),
        (b"", ReadTimeoutError),
    ],
    ids=["in its first line", "in its body", "in a chunk", "at all"],
)
def test_an_answer_that_does_not_come_is_botocores_error(
    serve: Serve, answer: bytes, error: type[Exception]
) -> None:
    with pytest.raises(error):
        listed(serve((answer,)))


def test_where_nobody_listens_botocore_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(EndpointConnectionError):
        listed(made(port))
