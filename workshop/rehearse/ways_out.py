"""Ways out of an enclosure: to the local cloud, and to the public internet over HTTP.

Each is a socket in a folder of this user's alone. What is behind it is reached from here: the one
port of the local cloud, hosts whose every address is public, and the index that pip uses here. Not
among them are this machine, its neighbours in a private network, and the metadata service of the
cloud that it may be a machine of.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from workshop.rehearse.programs import enclosure

CLOUD, INTERNET = "cloud.sock", "internet.sock"
PORTS = (80, 443)
HEAD = 65_536
"""Bytes of a request's head."""
BLOCK = 65_536
NOTHING = "Content-Length: 0\r\nConnection: close\r\n\r\n"
SECONDS = 15.0
TELEMETRY = "sm-pysdk-t-"
"""With this begins the host that the SageMaker Python SDK sends usage figures to."""
AT_ONCE = 64


class _HostRefusedError(Exception):
    """A host that is not reached from inside, with an HTTP status."""


@dataclass
class EgressProxies:
    """The folder of the sockets, and the hosts that were asked for through ``internet.sock``."""

    folder: Path
    trusted: frozenset[str] = frozenset()
    """Hosts that may have a private address, such as a company's index of packages."""
    reached: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)

    def asked(self, host: str, port: int) -> socket.socket:
        """Connect to a public host, and note it."""
        name = host.rstrip(".").casefold()
        try:
            made = _connected(name, port, may_be_private=name in self.trusted)
        except _HostRefusedError:
            self.refused.add(name)
            raise
        self.reached.add(name)
        return made


@contextmanager
def opened(cloud_port: int, trusted: Iterable[str] = ()) -> Iterator[EgressProxies]:
    """Serve both ways until the block ends."""
    with TemporaryDirectory(prefix="workshop-") as folder, ExitStack() as stack:
        ways = EgressProxies(Path(folder), frozenset(trusted))

        def to_cloud(near: socket.socket) -> None:
            with socket.create_connection(("127.0.0.1", cloud_port), SECONDS) as far:
                join(near, far)

        def to_internet(near: socket.socket) -> None:
            _serve_proxy(near, ways.asked)

        for name, answer in ((CLOUD, to_cloud), (INTERNET, to_internet)):
            server = socket.socket(socket.AF_UNIX)
            stack.callback(server.close)
            server.bind(str(ways.folder / name))
            server.listen(AT_ONCE)
            threading.Thread(target=_accept, args=(server, answer), name=name, daemon=True).start()
        yield ways


def _accept(server: socket.socket, answer: Callable[[socket.socket], None]) -> None:
    places = threading.BoundedSemaphore(AT_ONCE)
    while True:
        # Before the connection is taken: who waits is kept waiting by the kernel.
        places.acquire()
        try:
            near, _ = server.accept()
        except OSError:
            return  # the block has ended

        def serve(near: socket.socket = near) -> None:
            with near, suppress(OSError):
                answer(near)
            places.release()

        threading.Thread(target=serve, daemon=True).start()


def join(near: socket.socket, far: socket.socket) -> None:
    """Pass on what either end says, however long it takes, until both have ended."""
    for end in (near, far):
        end.settimeout(None)
    enclosure.join(near, far)


def _serve_proxy(near: socket.socket, connect: Callable[[str, int], socket.socket]) -> None:
    near.settimeout(SECONDS)
    head = b""
    while b"\r\n\r\n" not in head:
        block = near.recv(BLOCK)
        if not block or len(head) > HEAD:
            return
        head += block
    head, _, body = head.partition(b"\r\n\r\n")
    first, *headers = head.split(b"\r\n")
    try:
        method, target, version = first.decode("ascii").split(" ")
        if method != "CONNECT" and not target.startswith("http://"):
            raise ValueError(target)  # noqa: TRY301 - answered below
        if method == "CONNECT":
            address = urlsplit(f"//{target}")
            far = connect(address.hostname or "", address.port or 443)
            passed = body
            near.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            address = urlsplit(target)
            far = connect(address.hostname or "", address.port or 80)
            path = (address.path or "/") + (f"?{address.query}" if address.query else "")
            passed = b"\r\n".join(
                [f"{method} {path} {version}".encode(), *_for_one_request(headers), b"", body]
            )
    except _HostRefusedError as no_way:
        near.sendall(f"HTTP/1.1 {no_way}\r\n{NOTHING}".encode())
        return
    except ValueError:
        near.sendall(f"HTTP/1.1 400 Bad Request\r\n{NOTHING}".encode())
        return
    with far:
        far.sendall(passed)
        join(near, far)


def _for_one_request(headers: Sequence[bytes]) -> list[bytes]:
    """Return headers that end the connection after it: a second could name another host."""
    own = (b"connection:", b"proxy-", b"keep-alive:")
    kept = (line for line in headers if not line.lower().startswith(own))
    return [*kept, b"Connection: close"]


def _connected(host: str, port: int, *, may_be_private: bool) -> socket.socket:
    if port not in PORTS or not host or host.startswith(TELEMETRY):
        raise _HostRefusedError("403 Forbidden")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise _HostRefusedError("502 Bad Gateway") from None
    addresses = [str(place[0]) for *_, place in found]
    fits = is_neighbour if may_be_private else is_public
    if not addresses or not all(map(fits, addresses)):
        raise _HostRefusedError("403 Forbidden")
    for address in addresses:
        with suppress(OSError):
            # The address that was looked at, not the name: that may lead elsewhere by now.
            return socket.create_connection((address, port), SECONDS)
    raise _HostRefusedError("502 Bad Gateway")


def is_public(address: object) -> bool:
    """Return whether an address is one of the public internet, also where IPv6 holds an IPv4."""
    found = _read(address)
    return found is not None and found.is_global and not found.is_multicast


def is_neighbour(address: object) -> bool:
    """Return whether an address is of another machine: not of this one, nor of its cloud's."""
    found = _read(address)
    return found is not None and not (
        found.is_loopback or found.is_link_local or found.is_multicast or found.is_unspecified
    )


def _read(address: object) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address(str(address).partition("%")[0])
    except ValueError:
        return None
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour
        if found in ipaddress.ip_network("64:ff9b::/96"):
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if int(found) >> 32 == 0 and int(found) > 1:
            inner = ipaddress.IPv4Address(int(found))
        return inner or found
    return found
