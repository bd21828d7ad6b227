"""A notebook instance's files below one folder, and an imitation of its Jupyter server."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from workbench import packed

MINUTES = 10
LIMIT = MINUTES * 60
LONG_AGO = 100_000
HOURS = 11 * 3600


def moment(seconds_ago: float) -> str:
    """A time as Jupyter writes it."""
    when = datetime.fromtimestamp(time.time() - seconds_ago, UTC)
    return when.isoformat(timespec="microseconds").replace("+00:00", "Z")


def kernel(state: str, seconds_ago: float) -> dict[str, Any]:
    return {
        "id": "5a1b",
        "name": "conda_python3",
        "last_activity": moment(seconds_ago),
        "execution_state": state,
        "connections": 1,
    }


def terminal(seconds_ago: float) -> dict[str, Any]:
    return {"name": "1", "last_activity": moment(seconds_ago)}


@dataclass
class Jupyter:
    """What the imitation answers, and the tokens that it was shown."""

    kernels: Any = field(default_factory=list)
    terminals: Any = field(default_factory=list)
    kernels_status: int = HTTPStatus.OK
    terminals_status: int = HTTPStatus.OK
    tokens: list[str | None] = field(default_factory=list)

    def answer(self, path: str) -> tuple[int, Any]:
        if path == "/api/kernels":
            return self.kernels_status, self.kernels
        if path == "/api/terminals":
            return self.terminals_status, self.terminals
        return HTTPStatus.NOT_FOUND, {"message": "no such page"}


@contextmanager
def serving(jupyter: Jupyter, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """The imitation on a free loopback port; yields the port."""

    class JupyterHandler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            jupyter.tokens.append(self.headers["Authorization"])
            status, content = jupyter.answer(self.path)
            body = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), JupyterHandler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Machine:
    """A notebook instance's files below one folder, with an ``aws`` that only takes notes."""

    root: Path

    def __post_init__(self) -> None:
        self.runtime.mkdir(parents=True)
        self.files.mkdir()
        self.proc.mkdir()
        metadata = self.metadata
        metadata.parent.mkdir(parents=True)
        arn = "arn:aws:sagemaker:eu-west-1:123456789012:notebook-instance/vision-ada-notebook"
        metadata.write_text(json.dumps({"ResourceArn": arn, "ResourceName": "vision-ada-notebook"}))
        self.program.write_text(packed.bare("idle_stop.py"))
        self.started(LONG_AGO)
        self.aws_ends_with(0)

    @property
    def runtime(self) -> Path:
        return self.root / "home/ec2-user/.local/share/jupyter/runtime"

    @property
    def metadata(self) -> Path:
        return self.root / "opt/ml/metadata/resource-metadata.json"

    @property
    def files(self) -> Path:
        return self.root / "home/ec2-user/SageMaker"

    @property
    def paused(self) -> Path:
        return self.root / "home/ec2-user/.workshop-paused"

    @property
    def proc(self) -> Path:
        return self.root / "proc"

    @property
    def program(self) -> Path:
        return self.root / "idle_stop.py"

    @property
    def calls(self) -> list[str]:
        notes = self.root / "calls"
        return notes.read_text().splitlines() if notes.exists() else []

    def started(self, seconds_ago: float) -> None:
        when = time.time() - seconds_ago
        os.utime(self.program, (when, when))

    def aws_ends_with(self, status: int) -> None:
        self.command("aws", f'echo "$@" >>{self.root}/calls\nexit {status}')

    def command(self, name: str, body: str) -> None:
        """Lay a command on the PATH."""
        file = self.root / "bin" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"#!/bin/sh\n{body}\n")
        file.chmod(0o755)

    def run(
        self, port: int, *options: str, scheme: str = "http", sample: float = 0.01
    ) -> subprocess.CompletedProcess[str]:
        """One look, as the timer takes it, with a proxy set that leads nowhere."""
        return subprocess.run(
            [
                sys.executable,
                self.program,
                f"--minutes={MINUTES}",
                f"--url={scheme}://127.0.0.1:{port}",
                f"--root={self.root}",
                f"--sample={sample}",
                *options,
            ],
            env={
                "PATH": f"{self.root}/bin:/usr/bin:/bin",
                "http_proxy": "http://127.0.0.1:9",
                "https_proxy": "http://127.0.0.1:9",
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )


STOPPED = [
    (
        "sagemaker stop-notebook-instance"
        " --region eu-west-1 --notebook-instance-name vision-ada-notebook"
    )
]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)
