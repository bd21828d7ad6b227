"""The program that stops an idle notebook, run as it ships against an imitation of Jupyter."""

from __future__ import annotations

import ast
import ssl
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.idle_machine import (
    HOURS,
    LIMIT,
    LONG_AGO,
    MINUTES,
    STOPPED,
    Jupyter,
    Machine,
    kernel,
    moment,
    serving,
    terminal,
)
from workbench import packed
from workbench.scripts import idle_stop


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
            lambda: Jupyter(kernels=[kernel("idle", LONG_AGO), kernel("busy", HOURS)]),
            id="a kernel that has been busy for hours",
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
    machine.started(HOURS)
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
    machine.started(HOURS)
    with serving(answers()) as port:
        done = machine.run(port)
    assert (done.returncode, machine.calls) == (1, [])
    assert "not stopped, use is unknown: " in done.stdout
    assert "Traceback" not in done.stderr


def test_a_server_that_is_not_there_stops_nothing(machine: Machine) -> None:
    machine.started(HOURS)
    with serving(Jupyter()) as port:
        pass
    done = machine.run(port)
    assert (done.returncode, machine.calls) == (1, [])
    assert "use is unknown: " in done.stdout


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


@pytest.mark.parametrize("ends_with", [0, 1])
def test_the_attendees_files_are_saved_before_the_stop_and_a_failure_does_not_keep_it_up(
    machine: Machine, ends_with: int
) -> None:
    machine.command("save", f'echo "saved $@" >>{machine.root}/calls\nexit {ends_with}')
    with serving(Jupyter()) as port:
        done = machine.run(port, "--first", "save --now 'a b'")
    assert (done.returncode, machine.calls) == (0, ["saved --now a b", *STOPPED])
    assert ("may not be saved" in done.stdout) == bool(ends_with)


def test_a_notebook_that_is_kept_running_saves_nothing_first(machine: Machine) -> None:
    machine.command("save", f'echo "saved $@" >>{machine.root}/calls')
    (machine.files / "KEEP-RUNNING").write_text("6")
    with serving(Jupyter()) as port:
        machine.run(port, "--first", "save")
    assert machine.calls == []
