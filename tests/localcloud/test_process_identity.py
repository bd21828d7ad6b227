"""A process is stopped only if it is proven to be the local cloud: ids are used again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from localcloud import process, process_identity, record
from localcloud.errors import LocalCloudError
from tests.support.local_cloud import Cloud

INSTANCE = "0123456789abcdef01234567"
PS = """#!{python}
import pathlib, sys
options, pid, rest = sys.argv[1:3], sys.argv[3], sys.argv[4:]
assert (options, rest) == (["-ww", "-p"], ["-o", "args="])
told = pathlib.Path("/proc", pid, "cmdline")
print(told.read_text().replace("\\0", " ") if told.exists() else "")
"""
READERS = ["/proc", "ps"]

Run = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def reader(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """What this machine reads command lines with: ``/proc``, ``ps``, ``another ps``, ``nothing``.

    ``another ps`` does not know the options, as that of some minimal systems.
    """
    programs = tmp_path / "programs"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    if request.param != "/proc":
        monkeypatch.setattr(process_identity, "_PROC", tmp_path / "no-proc")
    told = {"ps": PS.format(python=sys.executable), "another ps": "#!/bin/sh\necho usage >&2\n"}
    if request.param in told:
        (programs / "ps").write_text(told[request.param])
        (programs / "ps").chmod(0o755)
    return str(request.param)


@pytest.fixture
def bystander() -> Iterator[Run]:
    """Start processes with the given words in their command lines; they wait for their input."""
    started: list[subprocess.Popen[bytes]] = []

    def run(*words: str, program: str = "input()") -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", f"print(flush=True); {program}", *words]
        one = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert one.stdout is not None
        one.stdout.readline()
        started.append(one)
        return one

    yield run
    for one in started:
        one.kill()
        one.communicate()


def recorded(state_dir: Path, pid: int) -> record.Running:
    """Write the file of a cloud that is said to have this process id and does not answer."""
    running = record.Running(
        INSTANCE, pid, 9, "000000000000", "us-east-1", persist=False, started=0.0
    )
    record.write(state_dir, running)
    return running


@pytest.mark.parametrize("reader", READERS, indirect=True)
def test_the_command_line_proves_the_cloud_and_no_other(reader: str, bystander: Run) -> None:
    cloud = bystander(*process_identity.command(INSTANCE), "--port", "0")
    assert process_identity.is_cloud(cloud.pid, INSTANCE) is True, reader
    assert process_identity.is_cloud(cloud.pid, INSTANCE[:-1]) is False
    mention = bystander("-f", INSTANCE, f"cloud.json.{INSTANCE}")
    assert process_identity.is_cloud(mention.pid, INSTANCE) is False
    cloud.kill()
    cloud.wait()
    assert process_identity.is_cloud(cloud.pid, INSTANCE) is False


@pytest.mark.parametrize("reader", READERS, indirect=True)
def test_a_process_that_ended_and_was_not_waited_for_is_no_cloud(
    reader: str, bystander: Run
) -> None:
    cloud = bystander(*process_identity.command(INSTANCE))
    cloud.kill()
    os.waitid(os.P_PID, cloud.pid, os.WEXITED | os.WNOWAIT)
    assert process_identity.exists(cloud.pid)
    assert process_identity.is_cloud(cloud.pid, INSTANCE) is False, reader


@pytest.mark.parametrize("reader", ["another ps", "nothing"], indirect=True)
def test_what_nothing_can_tell_is_unknown_until_the_process_is_gone(
    reader: str, bystander: Run
) -> None:
    cloud = bystander(*process_identity.command(INSTANCE))
    assert process_identity.is_cloud(cloud.pid, INSTANCE) is None, reader
    cloud.kill()
    cloud.wait()
    assert process_identity.is_cloud(cloud.pid, INSTANCE) is False


@pytest.mark.parametrize("reader", ["nothing"], indirect=True)
@pytest.mark.parametrize("pid", [0, -1])
def test_an_id_that_means_many_processes_is_no_cloud(reader: str, pid: int) -> None:
    assert process_identity.is_cloud(pid, INSTANCE) is False, reader


@pytest.mark.parametrize("reader", READERS, indirect=True)
def test_an_id_that_was_used_again_is_left_alone_and_the_file_removed(
    reader: str, tmp_path: Path, bystander: Run
) -> None:
    stranger = bystander(INSTANCE)
    recorded(tmp_path, stranger.pid)
    assert process.stop(tmp_path) is None, reader
    assert stranger.poll() is None
    assert not (tmp_path / record.FILE).exists()


@pytest.mark.parametrize("reader", ["nothing"], indirect=True)
def test_an_unproven_process_is_left_alone_and_nothing_is_claimed(
    reader: str, tmp_path: Path, bystander: Run
) -> None:
    unknown = bystander(*process_identity.command(INSTANCE))
    recorded(tmp_path, unknown.pid)
    with pytest.raises(LocalCloudError) as caught:
        process.stop(tmp_path)
    assert str(caught.value) == (
        f"process {unknown.pid} is not proven to be the local cloud at http://127.0.0.1:9 and is "
        f"left alone; end the local cloud where it was started, then delete {tmp_path}/cloud.json"
    )
    with pytest.raises(LocalCloudError, match="does not answer"):
        process.start(tmp_path)
    assert unknown.poll() is None, reader
    assert (tmp_path / record.FILE).exists()


@pytest.mark.parametrize("reader", ["/proc", "nothing"], indirect=True)
def test_a_cloud_that_answers_from_elsewhere_is_not_said_to_be_stopped(
    running_cloud: Cloud, reader: str, tmp_path: Path, bystander: Run
) -> None:
    stranger = bystander()
    record.write(tmp_path, replace(running_cloud.running, pid=stranger.pid))
    with pytest.raises(LocalCloudError, match=f"process {stranger.pid} is not proven to be"):
        process.stop(tmp_path)
    assert stranger.poll() is None
    assert process.status(tmp_path) is not None, reader


@pytest.mark.parametrize("reader", ["nothing"], indirect=True)
def test_where_no_command_line_can_be_read_the_cloud_itself_proves_who_it_is(
    reader: str, tmp_path: Path
) -> None:
    running = process.start(tmp_path).running
    child = process._children.pop(running.instance)
    waiting = threading.Thread(target=child.wait)
    waiting.start()
    assert process.stop(tmp_path) == running, reader
    waiting.join()
    assert child.returncode == 0


def test_a_cloud_is_stopped_by_another_process_than_the_one_that_started_it(
    tmp_path: Path,
) -> None:
    running = process.start(tmp_path).running
    command = ("workshop", "cloud", "stop", "--state-dir", str(tmp_path))
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stderr) == (0, "local cloud stopped\n")
    assert process._children[running.instance].wait() == 0


def test_a_process_that_took_over_the_id_meanwhile_is_not_killed(
    tmp_path: Path, bystander: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    deaf = "import signal; signal.signal(15, signal.SIG_IGN); print(flush=True); input()"
    stubborn = bystander(program=deaf)
    assert stubborn.stdout is not None
    stubborn.stdout.readline()
    running = recorded(tmp_path, stubborn.pid)
    # It is the cloud when asked to end and still when looked at again, and then no more.
    told = iter([True, True, True, False, False])
    monkeypatch.setattr(process_identity, "is_cloud", lambda _pid, _instance: next(told))
    monkeypatch.setattr(process, "STOP_DEADLINE", 0)
    assert process.stop(tmp_path) == running
    assert stubborn.poll() is None


def test_a_cloud_that_does_not_listen_to_being_asked_is_forced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = process.start(tmp_path).running
    child = process._children.pop(running.instance)
    os.kill(running.pid, signal.SIGSTOP)
    monkeypatch.setattr(process, "STOP_DEADLINE", 0.1)
    assert process.stop(tmp_path) == running
    assert child.wait() == -signal.SIGKILL
