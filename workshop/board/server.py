"""Serves pages on 127.0.0.1, to this machine alone."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from starlette.types import ASGIApp
from uvicorn import Config, Server

from workshop.errors import UsageError

HOST = "127.0.0.1"


def bound(port: int) -> socket.socket:
    """Return a socket of 127.0.0.1, for port 0 of any that is free; raise UsageError if taken."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((HOST, port))
    except OSError as error:
        made.close()
        raise UsageError(
            f"port {port} of {HOST} cannot be used ({error.strerror}); give another --port, or none"
        ) from error
    return made


def port_of(listening: socket.socket) -> int:
    """Return the port of a socket."""
    port: int = listening.getsockname()[1]
    return port


def serve(app: ASGIApp, listening: socket.socket, began: Callable[[], object]) -> None:
    """Serve until Ctrl-C; ``began`` is called once browsers are answered."""
    server = _server(app, began)
    try:
        server.run([listening])
    except KeyboardInterrupt:
        return


@contextmanager
def served(app: ASGIApp, listening: socket.socket) -> Iterator[None]:
    """Serve from a thread while the block runs."""
    ready = threading.Event()
    server = _server(app, ready.set)
    thread = threading.Thread(target=server.run, args=([listening],), name="pages")
    thread.start()
    try:
        ready.wait()
        yield
    finally:
        server.should_exit = True
        thread.join()


def _server(app: ASGIApp, began: Callable[[], object]) -> Server:
    class Announced(Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            began()

    return Announced(
        Config(
            app,
            log_level="critical",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            # A browser's open stream of events ends with the server.
            timeout_graceful_shutdown=1,
            ws="none",
            lifespan="off",
        )
    )
