"""The program that stops an idle notebook, run as it ships against an imitation of Jupyter."""

from __future__ import annotations

import ast
import json
import os
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from workbench import packed
from workbench.scripts import idle_stop

MINUTES = 10
LIMIT = MINUTES * 60
LONG_AGO = 100_000


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

    class Handler(BaseHTTPRequestHandler):
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

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
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
        self.proc.mkdir()
        metadata = self.root / "opt/ml/metadata/resource-metadata.json"
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
        aws = self.root / "bin/aws"
        aws.parent.mkdir(exist_ok=True)
        aws.write_text(f'#!/bin/sh\necho "$@" >>{self.root}/calls\nexit {status}\n')
        aws.chmod(0o755)

    def run(
        self, port: int, *, scheme: str = "http", sample: float = 0.01
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


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param(Jupyter, id="nothing was ever opened"),
        pytest.param(lambda: Jupyter(kernels=[kernel("idle", LIMIT + 60)]), id="an idle kernel"),
        pytest.param(lambda: Jupyter(kernels=[kernel("idle", LIMIT)]), id="exactly at the limit"),
        pytest.param(
            lambda: Jupyter(kernels=[kernel("starting", LONG_AGO)]), id="a kernel that hangs"
        ),
        pytest.param(lambda: Jupyter(terminals=[terminal(LIMIT + 60)]), id="an idle terminal"),
        pytest.param(
            lambda: Jupyter(
                kernels=[kernel("idle", LIMIT + 60)],
                terminals={"message": "terminals are turned off"},
                terminals_status=HTTPStatus.NOT_FOUND,
            ),
            id="a server without terminals",
        ),
    ],
)
def test_an_idle_notebook_is_stopped_by_its_own_name(
    machine: Machine, answers: Callable[[], Jupyter]
) -> None:
    with serving(answers()) as port:
        done = machine.run(port)
    assert (done.returncode, machine.calls) == (0, STOPPED)
    assert "stopping: idle for" in done.stdout


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param(
            lambda: Jupyter(kernels=[kernel("idle", LONG_AGO), kernel("busy", LONG_AGO)]),
            id="a kernel that has been busy for a day",
        ),
        pytest.param(
            lambda: Jupyter(kernels=[kernel("idle", LIMIT - 60)]), id="a kernel used lately"
        ),
        pytest.param(
            lambda: Jupyter(kernels=[kernel("idle", LONG_AGO)], terminals=[terminal(30)]),
            id="a terminal in use beside an idle kernel",
        ),
        pytest.param(lambda: Jupyter(terminals=[terminal(-3600)]), id="a clock that runs ahead"),
    ],
)
def test_a_notebook_in_use_is_left_alone(machine: Machine, answers: Callable[[], Jupyter]) -> None:
    with serving(answers()) as port:
        done = machine.run(port)
    assert (done.returncode, machine.calls) == (0, [])
    assert f"of {MINUTES} minutes" in done.stdout


def test_a_notebook_that_was_just_started_is_left_alone(machine: Machine) -> None:
    machine.started(LIMIT - 60)
    with serving(Jupyter(kernels=[kernel("idle", LONG_AGO)])) as port:
        done = machine.run(port)
    assert (done.returncode, machine.calls) == (0, [])


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param(lambda: Jupyter(kernels_status=HTTPStatus.FORBIDDEN), id="no access"),
        pytest.param(lambda: Jupyter(kernels_status=HTTPStatus.NOT_FOUND), id="no kernels page"),
        pytest.param(lambda: Jupyter(terminals_status=HTTPStatus.BAD_GATEWAY), id="half an answer"),
        pytest.param(lambda: Jupyter(kernels=b"<html>Please log in</html>"), id="a web page"),
        pytest.param(lambda: Jupyter(kernels=b"\xff\xfe"), id="not text"),
        pytest.param(lambda: Jupyter(kernels={}), id="not a list"),
        pytest.param(lambda: Jupyter(kernels=["5a1b"]), id="a list of something else"),
        pytest.param(lambda: Jupyter(kernels=[{"execution_state": "idle"}]), id="no time"),
        pytest.param(lambda: Jupyter(kernels=[{"last_activity": moment(LONG_AGO)}]), id="no state"),
        pytest.param(
            lambda: Jupyter(terminals=[{"last_activity": "yesterday"}]), id="a malformed time"
        ),
        pytest.param(
            lambda: Jupyter(terminals=[{"last_activity": None}]), id="a time that is null"
        ),
        pytest.param(
            lambda: Jupyter(terminals=[{"last_activity": "2026-12-01T09:00:00"}]),
            id="no time zone",
        ),
    ],
)
def test_what_cannot_be_read_stops_nothing(
    machine: Machine, answers: Callable[[], Jupyter]
) -> None:
    with serving(answers()) as port:
        done = machine.run(port)
    assert (done.returncode, machine.calls) == (1, [])
    assert "not stopped, use is unknown: " in done.stdout
    assert "Traceback" not in done.stderr


def test_a_server_that_is_not_there_stops_nothing(machine: Machine) -> None:
    with serving(Jupyter()) as port:
        pass
    done = machine.run(port)
    assert (done.returncode, machine.calls) == (1, [])
    assert "use is unknown: " in done.stdout


def test_a_refused_stop_is_said_and_fails_the_unit(machine: Machine) -> None:
    machine.aws_ends_with(254)
    with serving(Jupyter()) as port:
        done = machine.run(port)
    assert (done.returncode, machine.calls) == (1, STOPPED)
    assert "not stopped: aws ended with status 254" in done.stdout


@pytest.fixture
def spinning() -> Iterator[int]:
    """A process that does nothing but work; yields its id."""
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()


def test_a_process_at_work_keeps_the_notebook_up(machine: Machine, spinning: int) -> None:
    (machine.proc / "4711").mkdir()
    (machine.proc / "4711/stat").symlink_to(f"/proc/{spinning}/stat")
    with serving(Jupyter(terminals=[terminal(LONG_AGO)])) as port:
        done = machine.run(port, sample=1)
    assert (done.returncode, machine.calls) == (0, [])
    assert "cores busy" in done.stdout


def test_processor_time_is_that_of_one_user_and_includes_ended_children(tmp_path: Path) -> None:
    (tmp_path / "17").mkdir()
    before, after = "17 (a (b) c) S 1 17 17 34816 17 4194304 900 0 0 0", "20 0 1 0 99"
    (tmp_path / "17/stat").write_text(f"{before} 100 20 3000 400 {after}\n")
    (tmp_path / "uptime").write_text("1 1\n")
    (tmp_path / "18").mkdir()  # ended between the look at the folder and at the file
    hertz = os.sysconf("SC_CLK_TCK")
    assert idle_stop.cpu_seconds(tmp_path, os.getuid()) == 3520 / hertz
    assert idle_stop.cpu_seconds(tmp_path, os.getuid() + 1) == 0


def test_idle_time_counts_from_the_latest_of_start_kernels_and_terminals() -> None:
    def at(second: int) -> dict[str, str]:
        when = datetime(2026, 12, 1, 9, tzinfo=UTC) + timedelta(seconds=second)
        return {"execution_state": "idle", "last_activity": when.isoformat()}

    begin = datetime(2026, 12, 1, 9, tzinfo=UTC).timestamp()
    now = begin + 1000
    assert idle_stop.idle_seconds([at(100)], [at(400)], begin, now) == 600
    assert idle_stop.idle_seconds([at(500)], [at(400)], begin, now) == 500
    assert idle_stop.idle_seconds([at(100)], [], begin + 900, now) == 100
    assert idle_stop.idle_seconds([at(100)], [at(2000)], begin, now) == 0


def self_signed(folder: Path) -> ssl.SSLContext:
    """A server's side of TLS with a certificate that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "somebody.else")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2020, 1, 2, tzinfo=UTC))
        .sign(key, hashes.SHA256())
    )
    file = folder / "notebookcert.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def test_jupyters_self_signed_certificate_is_accepted(machine: Machine) -> None:
    with serving(Jupyter(), self_signed(machine.root)) as port:
        done = machine.run(port, scheme="https")
    assert (done.returncode, machine.calls) == (0, STOPPED)


def test_the_token_of_the_server_on_this_port_is_shown(machine: Machine) -> None:
    jupyter = Jupyter()
    with serving(jupyter) as port:
        (machine.runtime / "jpserver-1.json").write_text("{")
        (machine.runtime / "jpserver-2.json").write_text('{"port": 1, "token": "another"}')
        (machine.runtime / "jpserver-3.json").write_text(f'{{"port": {port}, "token": "s3cret"}}')
        done = machine.run(port)
    assert jupyter.tokens == ["token s3cret", "token s3cret"]
    assert machine.calls == STOPPED
    assert "s3cret" not in done.stdout + done.stderr


def test_no_token_is_shown_where_none_is_asked(machine: Machine) -> None:
    jupyter = Jupyter()
    with serving(jupyter) as port:
        (machine.runtime / "jpserver-3.json").write_text(f'{{"port": {port}, "token": ""}}')
        machine.run(port)
    assert jupyter.tokens == [None, None]


def test_the_program_needs_only_python_3_9_and_its_standard_library() -> None:
    program = ast.parse(packed.bare("idle_stop.py"), feature_version=(3, 9))
    imported = {
        (name.name if isinstance(node, ast.Import) else node.module or "").partition(".")[0]
        for node in ast.walk(program)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    }
    assert imported <= sys.stdlib_module_names
