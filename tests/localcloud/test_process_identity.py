"""A process is stopped only if it is proven to be the local cloud: ids are used again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from localcloud import process, process_identity, record
from localcloud.errors import LocalCloudError
from tests.support.local_cloud import Cloud

INSTANCE = "0123456789abcdef01234567"
Run = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def bystander() -> Iterator[Run]:
    """Start processes with the given words in their command lines; they wait for their input."""
    started: list[subprocess.Popen[bytes]] = []

    def run(*words: str, program: str = "input()") -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", f"print(flush=True); {program}", *words]
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert child.stdout is not None
        child.stdout.readline()
        started.append(child)
        return child

    yield run
    for child in started:
        child.kill()
        child.communicate()


def recorded(state_dir: Path, pid: int) -> record.Running:
    """Write the file of a cloud that is said to have this process id and does not answer."""
    running = record.Running(
        INSTANCE, pid, 9, "000000000000", "us-east-1", persist=False, started=0.0
    )
    record.write(state_dir, running)
    return running


def test_the_command_line_proves_the_cloud_and_no_other(bystander: Run) -> None:
    cloud = bystander(*process_identity.command(INSTANCE), "--port", "0")
    found = process_identity.find(cloud.pid, INSTANCE)
    assert found is not None
    assert found.pid == cloud.pid
    assert process_identity.find(cloud.pid, INSTANCE[:-1]) is None
    mention = bystander("-f", INSTANCE, f"cloud.json.{INSTANCE}")
    assert process_identity.find(mention.pid, INSTANCE) is None
    cloud.kill()
    cloud.wait()
    assert process_identity.find(cloud.pid, INSTANCE) is None


def test_a_process_that_ended_and_was_not_waited_for_is_no_cloud(bystander: Run) -> None:
    cloud = bystander(*process_identity.command(INSTANCE))
    cloud.kill()
    os.waitid(os.P_PID, cloud.pid, os.WEXITED | os.WNOWAIT)
    assert psutil.pid_exists(cloud.pid)
    assert process_identity.find(cloud.pid, INSTANCE) is None


@pytest.mark.parametrize("pid", [0, -1])
def test_an_id_that_means_many_processes_is_no_cloud(pid: int) -> None:
    assert process_identity.find(pid, INSTANCE) is None


def test_an_id_that_was_used_again_is_left_alone_and_the_file_removed(
    tmp_path: Path, bystander: Run
) -> None:
    stranger = bystander(INSTANCE)
    recorded(tmp_path, stranger.pid)
    assert process.stop(tmp_path) is None
    assert stranger.poll() is None
    assert not (tmp_path / record.FILE).exists()


def test_a_process_that_may_not_be_read_is_not_ours(
    tmp_path: Path, bystander: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: psutil.Process) -> list[str]:
        raise psutil.AccessDenied(self.pid)

    unreadable = bystander(*process_identity.command(INSTANCE))
    recorded(tmp_path, unreadable.pid)
    monkeypatch.setattr(psutil.Process, "cmdline", refuse)
    assert process.stop(tmp_path) is None
    assert unreadable.poll() is None


def test_a_cloud_that_answers_from_elsewhere_is_not_said_to_be_stopped(
    running_cloud: Cloud, tmp_path: Path, bystander: Run
) -> None:
    stranger = bystander()
    record.write(tmp_path, replace(running_cloud.running, pid=stranger.pid))
    with pytest.raises(LocalCloudError) as caught:
        process.stop(tmp_path)
    assert str(caught.value) == (
        f"process {stranger.pid} is not proven to be the local cloud at "
        f"{running_cloud.running.endpoint} and is left alone; end the local cloud where it was "
        f"started, then delete {tmp_path}/cloud.json"
    )
    assert stranger.poll() is None
    assert process.status(tmp_path) is not None


def test_a_cloud_is_stopped_by_another_process_than_the_one_that_started_it(
    tmp_path: Path,
) -> None:
    running = process.start(tmp_path).running
    command = ("workshop", "cloud", "stop", "--state-dir", str(tmp_path))
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stderr) == (0, "local cloud stopped\n")
    assert process._children[running.instance].wait() == 0


def test_a_process_that_took_over_the_id_between_proof_and_signal_is_not_ended(
    tmp_path: Path, bystander: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    newcomer = bystander()
    running = recorded(tmp_path, newcomer.pid)
    ended = psutil.Process(newcomer.pid)
    monkeypatch.setattr(ended, "_ident", (newcomer.pid, 0.0))
    # Proven, proven once more before the signal, and then seen to be another's.
    found = iter([ended, ended, None])
    monkeypatch.setattr(process_identity, "find", lambda _pid, _instance: next(found))
    assert process.stop(tmp_path) == running
    assert newcomer.poll() is None


def test_a_process_that_took_over_the_id_meanwhile_is_not_killed(
    tmp_path: Path, bystander: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    deaf = "import signal; signal.signal(15, signal.SIG_IGN); print(flush=True); input()"
    stubborn = bystander(program=deaf)
    assert stubborn.stdout is not None
    stubborn.stdout.readline()
    running = recorded(tmp_path, stubborn.pid)
    # It is the cloud when asked to end and still when looked at again, and then no more.
    cloud = psutil.Process(stubborn.pid)
    found = iter([cloud, cloud, cloud, None, None])
    monkeypatch.setattr(process_identity, "find", lambda _pid, _instance: next(found))
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
