"""The program that stops an idle machine, on an EC2 instance: sessions count, and it shuts down."""

from __future__ import annotations

import json
import os
import time
from datetime import datetime
from pathlib import Path

import pytest

from tests.support.idle_machine import (
    HOURS,
    LIMIT,
    LONG_AGO,
    Jupyter,
    Machine,
    kernel,
    serving,
)
from tests.workbench.test_idle_stop_work import process as lay_process
from workbench.scripts import idle_stop

SHUT_DOWN = ["-n shutdown -h now"]
INSTANCE = "i-0abc1234567890def"


@pytest.fixture
def box(machine: Machine) -> Machine:
    """A machine that describes itself as an EC2 instance, with a ``sudo`` that takes notes."""
    arn = f"arn:aws:ec2:eu-west-1:123456789012:instance/{INSTANCE}"
    machine.metadata.write_text(json.dumps({"ResourceArn": arn, "ResourceName": INSTANCE}))
    machine.command("sudo", f'printf "%s\\n" "$*" >>{machine.root}/calls')
    return machine


def process(box: Machine, number: int, cmdline: bytes) -> Path:
    folder = box.proc / str(number)
    folder.mkdir()
    (folder / "cmdline").write_bytes(cmdline)
    (folder / "stat").write_text(f"{number} (a) S 1 1 1 0 -1 0 {'0 ' * 20}")
    return folder


def test_an_idle_instance_shuts_itself_down(box: Machine) -> None:
    with serving(Jupyter(kernels=[kernel("idle", LIMIT + 60)])) as port:
        done = box.run(port, "--box")
    assert (done.returncode, box.calls) == (0, SHUT_DOWN)
    assert "stopping: idle for" in done.stdout


def test_a_shutdown_that_is_refused_is_tried_again(box: Machine) -> None:
    box.command("sudo", "exit 1")
    with serving(Jupyter()) as port:
        done = box.run(port, "--box")
    assert done.returncode == 1
    assert "not stopped: sudo ended with status 1" in done.stdout


@pytest.mark.parametrize(
    "cmdline",
    [
        pytest.param(b"/usr/bin/ssm-session-worker\0ada-0a1b2c\0", id="Systems Manager"),
        pytest.param(
            b"/snap/amazon-ssm-agent/9/ssm-session-worker\0ada-0a1b2c\0", id="its snap of Ubuntu"
        ),
        pytest.param(b"sshd: ec2-user@pts/0\0", id="SSH with a terminal"),
        pytest.param(b"sshd: ec2-user@notty\0", id="SSH of an editor"),
        pytest.param(b"sshd-session: ec2-user@notty\0", id="SSH of a newer release"),
    ],
)
def test_a_session_of_somebody_keeps_it_running(box: Machine, cmdline: bytes) -> None:
    box.started(HOURS)
    process(box, 7, cmdline)
    with serving(Jupyter(kernels=[kernel("idle", LONG_AGO)])) as port:
        done = box.run(port, "--box")
    assert (done.returncode, box.calls) == (0, [])
    assert "in use: sessions of people: 1" in done.stdout


@pytest.mark.parametrize(
    "cmdline",
    [
        pytest.param(b"/usr/bin/amazon-ssm-agent\0", id="the agent itself"),
        pytest.param(b"/usr/bin/ssm-agent-worker\0", id="its worker"),
        pytest.param(b"sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups\0", id="sshd"),
        pytest.param(b"grep\0ssm-session-worker\0", id="a program that names one"),
        pytest.param(b"", id="a thread of the kernel"),
    ],
)
def test_what_waits_for_sessions_is_none(box: Machine, cmdline: bytes) -> None:
    process(box, 7, cmdline)
    with serving(Jupyter()) as port:
        done = box.run(port, "--box")
    assert (done.returncode, box.calls) == (0, SHUT_DOWN)


@pytest.mark.parametrize(
    ("percent", "said", "status", "calls"),
    [
        pytest.param("printf '0\\n37\\n'", "in use: a GPU is 37 % busy", 0, [], id="works"),
        pytest.param("printf '0\\n0\\n'", "stopping: idle for", 0, SHUT_DOWN, id="waits"),
        pytest.param("exit 9", "the GPU's use cannot be read", 1, [], id="its driver is broken"),
    ],
)
def test_a_gpu_without_anybody_keeps_it_running_while_it_works(
    box: Machine, percent: str, said: str, status: int, calls: list[str]
) -> None:
    """A training under nohup, whose people have gone home."""
    box.started(HOURS)
    box.command("nvidia-smi", percent)
    (box.root / "dev").mkdir()
    (box.root / "dev/nvidia0").touch()
    with serving(Jupyter()) as port:
        done = box.run(port, "--box")
    assert said in done.stdout
    assert (done.returncode, box.calls) == (status, calls)
    assert (box.root / "home/ec2-user/.workshop-used").exists() is (status == 0)


@pytest.mark.parametrize(("cores", "calls"), [(0.3, []), (0.05, SHUT_DOWN)])
def test_a_processor_without_anybody_keeps_it_running_while_it_works(
    box: Machine,
    cores: float,
    calls: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    box.started(HOURS)
    sample, hertz = 100, os.sysconf("SC_CLK_TCK")
    lay_process(box.proc, 17, 5000)
    used = 5000 + round(cores * sample * hertz)
    monkeypatch.setattr(time, "sleep", lambda _: lay_process(box.proc, 17, used))
    monkeypatch.setattr(idle_stop, "__file__", str(box.program))
    monkeypatch.setenv("PATH", f"{box.root}/bin:/usr/bin:/bin")
    with serving(Jupyter()) as port:
        asked = ("--minutes=10", f"--url=http://127.0.0.1:{port}", f"--root={box.root}")
        assert idle_stop.main([*asked, "--box", f"--sample={sample}"]) == 0
    said = capsys.readouterr().out
    assert ("in use: processes keep 0.3 cores busy" if not calls else "stopping: idle") in said
    assert box.calls == calls


def test_it_is_idle_from_the_last_look_that_saw_a_session(box: Machine) -> None:
    box.started(HOURS)
    session = process(box, 7, b"sshd: ec2-user@pts/0\0")
    with serving(Jupyter()) as port:
        box.run(port, "--box")
        for file in session.iterdir():
            file.unlink()
        session.rmdir()
        done = box.run(port, "--box")
        assert (done.returncode, box.calls) == (0, [])
        assert "idle for 0 of 10 minutes" in done.stdout
        seen = box.root / "home/ec2-user/.workshop-session"
        when = time.time() - LIMIT - 60
        os.utime(seen, (when, when))
        box.run(port, "--box")
    assert box.calls == SHUT_DOWN


def test_the_last_use_is_noted_for_the_agent_and_never_an_earlier_one(box: Machine) -> None:
    noted = box.root / "home/ec2-user/.workshop-used"
    used = kernel("idle", LIMIT / 2)
    with serving(Jupyter(kernels=[used])) as port:
        box.run(port, "--box")
    last = datetime.fromisoformat(used["last_activity"]).timestamp()
    assert noted.stat().st_mtime == pytest.approx(last, abs=0.01)
    with serving(Jupyter(kernels=[kernel("idle", LIMIT)])) as port:
        box.run(port, "--box")
    assert noted.stat().st_mtime == pytest.approx(last, abs=0.01)
    with serving(Jupyter(kernels=[kernel("busy", LIMIT)])) as port:
        box.run(port, "--box")
    assert noted.stat().st_mtime == noted.stat().st_atime > last


def test_use_that_cannot_be_read_is_not_noted(box: Machine) -> None:
    with serving(Jupyter(kernels=b"<html>")) as port:
        box.run(port, "--box")
    assert not (box.root / "home/ec2-user/.workshop-used").exists()


def test_a_session_that_never_ends_has_the_upper_bound_of_all_use(box: Machine) -> None:
    box.started(HOURS)
    process(box, 7, b"/usr/bin/ssm-session-worker\0ada-0a1b2c\0")
    with serving(Jupyter()) as port:
        done = box.run(port, "--box", "--busy-hours=10")
    assert (done.returncode, box.calls) == (0, SHUT_DOWN)
    assert "without a pause (sessions of people: 1)" in done.stdout


def test_without_a_jupyter_server_nothing_but_kernels_is_missing(box: Machine) -> None:
    """An instance is used by SSH alone, or its JupyterLab could not be installed."""
    with serving(Jupyter()) as port:
        pass
    done = box.run(port, "--box")
    assert (done.returncode, box.calls) == (0, SHUT_DOWN)


def test_a_server_that_answers_nonsense_still_stops_nothing(box: Machine) -> None:
    box.started(HOURS)
    with serving(Jupyter(kernels=b"<html>")) as port:
        done = box.run(port, "--box")
    assert (done.returncode, box.calls) == (1, [])


@pytest.mark.parametrize(
    "cmdline", [b"sshd: ec2-user@pts/0\0", b"/usr/bin/ssm-session-worker\0a\0"]
)
def test_sessions_of_aws_with_a_notebook_are_none_of_its_people(
    machine: Machine, cmdline: bytes
) -> None:
    process(machine, 7, cmdline)
    with serving(Jupyter()) as port:
        done = machine.run(port)
    assert done.returncode == 0
    assert machine.calls[0].startswith("sagemaker stop-notebook-instance")


def test_a_notebook_through_which_somebody_is_on_an_instance_keeps_running(
    machine: Machine,
) -> None:
    machine.started(HOURS)
    process(machine, 7, b"session-manager-plugin\0AWS_SSM_START_SESSION_RESPONSE\0us-east-1\0")
    with serving(Jupyter(kernels=[kernel("idle", LONG_AGO)])) as port:
        done = machine.run(port)
    assert (done.returncode, machine.calls) == (0, [])
    assert "in use: sessions of people: 1" in done.stdout
