"""What an enclosure reaches: the local cloud, and hosts of the public internet."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from workshop.rehearse import ways_out
from workshop.rehearse.ways_out import EgressProxies

PUBLIC = "93.184.215.14"


class Web:
    """A server that answers each connection with what it was asked."""

    def __init__(self) -> None:
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        while True:
            try:
                client, _ = self.server.accept()
            except OSError:
                return
            with client:
                asked = client.recv(65536)
                client.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + asked)

    def close(self) -> None:
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()


@pytest.fixture
def web() -> Iterator[Web]:
    made = Web()
    yield made
    made.close()


@pytest.fixture
def ways(web: Web, monkeypatch: pytest.MonkeyPatch) -> Iterator[EgressProxies]:
    """Ways to a cloud that is ``web``, in a world of a few names."""
    names = {
        "public.example": [PUBLIC],
        "half.example": [PUBLIC, "10.0.0.1"],
        "inside.example": ["10.0.0.1"],
        "index.example": ["10.0.0.2"],
        "metadata.example": ["169.254.169.254"],
        "sm-pysdk-t-us-east-1.s3.us-east-1.amazonaws.com": [PUBLIC],
    }

    def looked_up(host: str, port: int, **_: Any) -> list[Any]:
        if host not in names and not host[0].isdecimal() and ":" not in host:
            raise socket.gaierror(host)
        return [(0, 0, 0, "", (address, port)) for address in names.get(host, [host])]

    def connected(address: tuple[str, int], *_: Any) -> socket.socket:
        assert address[0] in (PUBLIC, "10.0.0.2", "127.0.0.1")
        made = socket.socket()
        made.connect(("127.0.0.1", web.port))
        return made

    monkeypatch.setattr(socket, "getaddrinfo", looked_up)
    monkeypatch.setattr(socket, "create_connection", connected)
    with ways_out.opened(web.port, ["index.example", "metadata.example", "127.0.0.1"]) as made:
        yield made


def ask(folder: Path, way: str, request: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(20)
        client.connect(str(folder / way))
        client.sendall(request)
        client.shutdown(socket.SHUT_WR)
        answer = b""
        while block := client.recv(65536):
            answer += block
        return answer


def test_one_way_leads_to_the_local_cloud_and_no_further(ways: EgressProxies) -> None:
    answer = ask(ways.folder, ways_out.CLOUD, b"GET / HTTP/1.1\r\nHost: elsewhere\r\n\r\n")
    assert answer.endswith(b"GET / HTTP/1.1\r\nHost: elsewhere\r\n\r\n")
    assert ways.folder.stat().st_mode & 0o077 == 0


def test_a_public_host_is_reached_with_and_without_tls(ways: EgressProxies) -> None:
    secure = b"CONNECT public.example:443 HTTP/1.1\r\nHost: public.example:443\r\n\r\nhello"
    assert ask(ways.folder, ways_out.INTERNET, secure).endswith(b"hello")
    plain = (
        b"GET http://public.example/a?b HTTP/1.1\r\nHost: public.example\r\n"
        b"Proxy-Authorization: x\r\nConnection: keep-alive\r\n\r\n"
    )
    assert ask(ways.folder, ways_out.INTERNET, plain).endswith(
        b"GET /a?b HTTP/1.1\r\nHost: public.example\r\nConnection: close\r\n\r\n"
    )
    assert ways.reached == {"public.example"}


@pytest.mark.parametrize(
    "target",
    [
        *("127.0.0.1:443", "localhost:443", "inside.example:443", "half.example:443"),
        *("169.254.169.254:80", "metadata.example:80", "10.0.0.1:443", "[::1]:443"),
        *("[::ffff:10.0.0.1]:443", "[64:ff9b::a00:1]:443", "[fd00::1]:443", "[::a00:1]:443"),
        *("public.example:22", "public.example:25", "2130706433:443", "nowhere.example:443"),
        "sm-pysdk-t-us-east-1.s3.us-east-1.amazonaws.com:443",
    ],
)
def test_this_machine_its_neighbours_and_its_clouds_metadata_are_not(
    ways: EgressProxies, target: str
) -> None:
    request = f"CONNECT {target} HTTP/1.1\r\n\r\nhello".encode()
    answer = ask(ways.folder, ways_out.INTERNET, request)
    assert answer.startswith((b"HTTP/1.1 403", b"HTTP/1.1 502"))
    plain = f"GET http://{target}/ HTTP/1.1\r\n\r\n".encode()
    assert ask(ways.folder, ways_out.INTERNET, plain)[:12] in (b"HTTP/1.1 403", b"HTTP/1.1 502")
    assert ways.reached == set()


def test_the_index_that_pip_uses_may_be_a_neighbour(ways: EgressProxies) -> None:
    secure = b"CONNECT index.example:443 HTTP/1.1\r\n\r\nhello"
    assert ask(ways.folder, ways_out.INTERNET, secure).endswith(b"hello")


@pytest.mark.parametrize(
    "request_", [b"hello", b"GET / HTTP/1.1\r\n\r\n", b"GET ftp://public.example/ HTTP/1.1\r\n\r\n"]
)
def test_what_is_no_request_to_a_proxy_gets_nothing(ways: EgressProxies, request_: bytes) -> None:
    answer = ask(ways.folder, ways_out.INTERNET, request_)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 400")
    assert ways.reached == set()
