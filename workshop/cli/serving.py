"""Serves pages until Ctrl-C, and prints the address that opens them."""

from __future__ import annotations

from starlette.types import ASGIApp

from workshop.board import server
from workshop.board.guard import PageKeys, address
from workshop.cli import console


def serve(app: ASGIApp, keys: PageKeys, port: int, page: str) -> None:
    """Serve on a port of this machine, for 0 on any that is free."""
    listening = server.bound(port)

    def began() -> None:
        console.print_line(address(server.port_of(listening), keys))
        console.say(f"open this address in a browser of this machine; Ctrl-C ends {page}")

    server.serve(app, listening, began)
