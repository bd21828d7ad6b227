"""What else keeps a notebook running: work of any user, a file that asks for it; and how long."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.idle_machine import (
    HOURS,
    LONG_AGO,
    STOPPED,
    Jupyter,
    Machine,
    kernel,
    serving,
    terminal,
)
from workbench.scripts import idle_stop

HOUR = 3600
DAY = 24
CONTAINER = f"0::/system.slice/docker-{'0123456789abcdef' * 4}.scope\n"
SERVICE = "0::/system.slice/docker.service\n"
KERNEL_THREAD = 0x208040
PROCESS = 0x400000
NOBODY = 65534


# Work


@pytest.fixture
def spinning() -> Iterator[list[int]]:
    """Processes that do nothing but work, of another user where a test may do that; their ids."""
    user = NOBODY if os.getuid() == 0 else None
    spin = ["/bin/sh", "-c", "while :; do :; done"]
    processes = [subprocess.Popen(spin, user=user, cwd="/") for _ in range(3)]
    try:
        yield [process.pid for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()


def test_processes_of_another_user_keep_the_notebook_up(
    machine: Machine, spinning: list[int]
) -> None:
    machine.started(HOURS)
    for pid in spinning:
        (machine.proc / str(pid)).symlink_to(f"/proc/{pid}")
    with serving(Jupyter(terminals=[terminal(LONG_AGO)])) as port:
        done = machine.run(port, sample=1)
    assert (done.returncode, machine.calls) == (0, [])
    assert "in use: processes keep " in done.stdout


def process(
    proc: Path, pid: int, ticks: int, *, flags: int = PROCESS, cgroup: str = SERVICE
) -> None:
    """Lay a process that has used so much processor time."""
    folder = proc / str(pid)
    folder.mkdir(exist_ok=True, parents=True)
    parts = [ticks // 2, ticks - ticks // 2, 0, 0]
    before, after = f"S 1 17 17 34816 17 {flags} 900 0 0 0", "20 0 1 0 99"
    line = f"{before} {' '.join(map(str, parts))} {after}\n"
    (folder / "stat").write_bytes(f"{pid} (a (b) ".encode() + b"\xff\n) " + line.encode())
    (folder / "cgroup").write_text(cgroup)


@pytest.mark.parametrize(
    ("owner", "cores", "about", "answer"),
    [
        pytest.param("mine", 0.1, {}, "processes keep 0.1 cores busy", id="a program of mine"),
        pytest.param("mine", 0.09, {}, "", id="the Jupyter server itself"),
        pytest.param(
            "root", 0.1, {"cgroup": CONTAINER}, "processes keep 0.1 cores busy", id="a container"
        ),
        pytest.param("root", 0.2, {}, "processes keep 0.2 cores busy", id="sudo"),
        pytest.param("root", 0.19, {}, "", id="the machine's own services"),
        pytest.param("root", 1, {"flags": KERNEL_THREAD}, "", id="the kernel"),
    ],
)
def test_work_is_seen_whoever_does_it(  # noqa: PLR0917 - the four columns, and two fixtures
    owner: str,
    cores: float,
    about: dict[str, Any],
    answer: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    proc, sample, hertz = tmp_path / "proc", 100, os.sysconf("SC_CLK_TCK")
    process(proc, 17, 5000, **about)
    process(proc, 18, 10**9)  # it ends meanwhile, and takes none of the others' work away
    (proc / "uptime").write_text("1 1\n")
    (proc / "19").mkdir()  # it ended between the look at the folder and at the file

    def at_work(_: float) -> None:
        process(proc, 17, 5000 + round(cores * sample * hertz), **about)
        (proc / "18/stat").unlink()

    monkeypatch.setattr(time, "sleep", at_work)
    monkeypatch.setattr(os, "getuid", lambda: tmp_path.stat().st_uid + (owner != "mine"))
    monkeypatch.setenv("PATH", "")
    assert idle_stop.work(tmp_path, sample) == answer


def test_a_process_that_began_meanwhile_counts_as_a_whole() -> None:
    used = idle_stop.busy_cores({"1": (True, 5.0)}, {"1": (True, 6.0), "2": (False, 3.0)}, 10)
    assert used == (0.1, 0.4)


@pytest.mark.parametrize(
    ("answer", "device", "said", "status"),
    [
        ("printf '0\\n37\\n'", "nvidia0", "in use: a GPU is 37 % busy", 0),
        ("printf '0\\n0\\n'", "nvidia0", "stopping: idle for", 0),
        ("exit 9", "null", "stopping: idle for", 0),
        ("exit 9", "nvidia0", "not stopped, use is unknown: the GPU's use cannot be read", 1),
        ("echo '[N/A]'", "nvidia0", "not stopped, use is unknown: the GPU's use cannot be read", 1),
    ],
)
def test_a_gpu_at_work_keeps_the_notebook_up(
    answer: str, device: str, said: str, status: int, machine: Machine
) -> None:
    machine.started(HOURS)
    machine.command("nvidia-smi", answer)
    (machine.root / "dev").mkdir()
    (machine.root / "dev" / device).touch()
    with serving(Jupyter()) as port:
        done = machine.run(port)
    assert said in done.stdout
    assert (done.returncode, machine.calls) == (status, STOPPED if "stopping" in said else [])


# The file that asks for more time


def asking(folder: Path, text: str | bytes, hours_ago: float = 0, name: str = "") -> float:
    """Lay the file, written so long ago; give when that was."""
    file = folder / (name or "KEEP-RUNNING")
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    written = time.time() - hours_ago * HOUR
    os.utime(file, (written, written))
    return written


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("6", 6),
        ("6h\n", 6),
        ("2.5 hours\nuntil my sweep is done\n", 2.5),
        (b"\xef\xbb\xbf 3\r\n", 3),
        ("24", 20),
        ("9" * 400, 20),
        ("9998-12-31", 20),
        ("2020-01-01T12:00", None),
        # What holds no end counts as four hours.
        ("", 4),
        ("until tonight", 4),
        ("-3", 4),
        ("nan", 4),
        ("2027-13-45", 4),
        ("9999-12-31", 4),
        (b"\xff\xfe\x00", 4),
    ],
)
def test_a_file_keeps_the_notebook_for_the_hours_in_it_and_no_longer_than_is_allowed(
    text: str | bytes, hours: float | None, tmp_path: Path
) -> None:
    for hours_ago in (0, 3):
        written = asking(tmp_path, text, hours_ago)
        kept = idle_stop.kept_until(tmp_path, 20, time.time())
        assert kept == (
            datetime(2020, 1, 1, 12, tzinfo=UTC).timestamp()
            if hours is None
            else pytest.approx(written + hours * HOUR, abs=0.01)
        )


@pytest.mark.parametrize("name", ["KEEP-RUNNING", "KEEP-RUNNING.txt"])
@pytest.mark.parametrize(
    ("form", "later"),
    [
        ("%Y-%m-%dT%H:%M", timedelta()),
        ("%Y-%m-%d %H:%M:%S", timedelta()),
        ("%Y-%m-%dT%H:%MZ", timedelta()),
        ("%Y-%m-%dT%H:%M+02:00", timedelta(hours=-2)),
        ("%Y-%m-%d", timedelta(days=1)),
    ],
)
def test_a_file_keeps_the_notebook_until_the_time_in_it(
    form: str, later: timedelta, name: str, tmp_path: Path
) -> None:
    tomorrow = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    tomorrow += timedelta(days=1)
    asking(tmp_path, tomorrow.strftime(form), name=name)
    kept = idle_stop.kept_until(tmp_path, 100, time.time())
    assert kept == (tomorrow + later).timestamp()


def test_a_file_that_claims_to_be_from_the_future_or_is_no_file_counts_from_now(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    now = time.time()
    asking(tmp_path, "6", hours_ago=-1000)
    assert idle_stop.kept_until(tmp_path, 20, now + 1) <= now + 1 + 6 * HOUR
    file = tmp_path / "KEEP-RUNNING"
    file.unlink()
    os.mkfifo(file)
    assert idle_stop.kept_until(tmp_path, 20, now + 1) <= now + 1 + 4 * HOUR
    file.unlink()
    file.symlink_to("/dev/zero")
    assert idle_stop.kept_until(tmp_path, 20, now + 1) <= now + 1 + 4 * HOUR
    told = capsys.readouterr().out
    assert (
        told.count("KEEP-RUNNING counts for 4 hours, because it holds no end; write a number") == 2
    )
    assert idle_stop.kept_until(tmp_path, 0, now + 1) <= now + 1
    assert "counts" not in capsys.readouterr().out


def test_a_file_that_cannot_be_read_counts_as_one_without_an_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    written = asking(tmp_path, "6")

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    kept = idle_stop.kept_until(tmp_path, 20, time.time())
    assert kept == pytest.approx(written + 4 * HOUR, abs=0.01)
    assert "KEEP-RUNNING cannot be read: [Errno 13]" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "hours_ago", "said"),
    [
        ("2", 1, "kept running until 20"),
        ("2", 3, "stopping: idle for"),
        ("30", 1, "KEEP-RUNNING counts for 24 hours and not longer; write it again then"),
        ("tonight", 3, "KEEP-RUNNING counts for 4 hours, because it holds no end; write a number"),
        ("tonight", 5, "stopping: idle for"),
    ],
)
def test_an_idle_notebook_is_stopped_once_the_file_has_expired(
    text: str, hours_ago: float, said: str, machine: Machine
) -> None:
    asking(machine.files, text, hours_ago)
    with serving(Jupyter()) as port:
        done = machine.run(port)
    assert said in done.stdout
    assert (done.returncode, machine.calls) == (0, STOPPED if "stopping" in said else [])


# The upper bound


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param(
            lambda: Jupyter(kernels=[kernel("busy", LONG_AGO)]), id="an input that nobody answers"
        ),
        pytest.param(
            lambda: Jupyter(kernels=[kernel("busy", 1)]), id="a cell that prints for ever"
        ),
        pytest.param(lambda: Jupyter(terminals=[terminal(1)]), id="a terminal that shows top"),
        pytest.param(lambda: Jupyter(kernels=b"<html>"), id="a server that tells nothing"),
    ],
)
def test_use_without_a_pause_has_an_upper_bound(
    answers: Callable[[], Jupyter], machine: Machine
) -> None:
    machine.started(12 * HOUR)
    with serving(answers()) as port:
        done = machine.run(port)
    assert "stopping: in use for 12 hours without a pause (" in done.stdout
    assert (done.returncode, machine.calls) == (0, STOPPED)


def test_the_upper_bound_counts_from_the_start_or_the_last_pause(machine: Machine) -> None:
    with serving(Jupyter(kernels=[kernel("busy", LONG_AGO)])) as port:
        machine.started(12 * HOUR - 60)
        assert "stopping" not in machine.run(port).stdout
        machine.started(12 * HOUR)
        machine.paused.touch()
        assert "stopping" not in machine.run(port).stdout
        machine.paused.unlink()
        assert "stopping" not in machine.run(port, "--busy-hours=0").stdout
    assert machine.calls == []


def test_the_file_counts_more_than_the_upper_bound(machine: Machine) -> None:
    asking(machine.files, "20", hours_ago=19)
    with serving(Jupyter(kernels=[kernel("busy", LONG_AGO)])) as port:
        done = machine.run(port)
    assert "kept running until " in done.stdout
    assert (done.returncode, machine.calls) == (0, [])


def test_a_look_that_finds_nothing_begins_the_hours_of_use_anew(machine: Machine) -> None:
    resting = Jupyter(kernels=[kernel("idle", idle_stop.PAUSE + 60)])
    with serving(resting) as port:
        assert "idle for 11 of 60 minutes" in machine.run(port, "--minutes=60").stdout
    with serving(Jupyter(kernels=[kernel("busy", 1)])) as port:
        assert "in use" in machine.run(port).stdout
    assert machine.calls == []


def test_a_pause_while_the_file_counts_begins_the_hours_of_use_anew_too(machine: Machine) -> None:
    asking(machine.files, "20", hours_ago=19)
    with serving(Jupyter(kernels=[kernel("idle", idle_stop.PAUSE + 60)])) as port:
        assert "kept running until " in machine.run(port).stdout
    asking(machine.files, "20", hours_ago=21)
    with serving(Jupyter(kernels=[kernel("busy", 1)])) as port:
        assert "in use" in machine.run(port).stdout
    assert machine.calls == []


def test_a_pause_that_cannot_be_noted_is_said(machine: Machine) -> None:
    machine.paused.symlink_to(machine.root / "nowhere/file")
    with serving(Jupyter(kernels=[kernel("idle", idle_stop.PAUSE + 60)])) as port:
        done = machine.run(port, "--minutes=60", "--busy-hours=0")
    assert "this pause is not noted: [Errno 2]" in done.stdout
    assert (done.returncode, done.stderr) == (0, "")


# The stop


def test_a_refused_stop_is_said_and_asked_for_again_at_the_next_look(machine: Machine) -> None:
    with serving(Jupyter()) as port:
        machine.aws_ends_with(254)
        refused = machine.run(port)
        machine.aws_ends_with(0)
        done = machine.run(port)
    assert (refused.returncode, done.returncode) == (1, 0)
    assert "not stopped: aws ended with status 254" in refused.stdout
    assert machine.calls == STOPPED * 2


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        pytest.param(
            lambda machine: (machine.root / "bin/aws").unlink(), "'aws'", id="there is no aws"
        ),
        pytest.param(
            lambda machine: (machine.root / "bin/aws").chmod(0o644), "'aws'", id="aws is no program"
        ),
        pytest.param(lambda machine: machine.metadata.unlink(), "Error: ", id="no metadata"),
        pytest.param(lambda machine: machine.metadata.write_text("{"), "Error: ", id="no JSON"),
        pytest.param(lambda machine: machine.metadata.write_text("[]"), "Error: ", id="no object"),
    ],
)
def test_a_stop_that_cannot_be_asked_for_is_said_in_one_line(
    harm: Callable[[Machine], object], said: str, machine: Machine
) -> None:
    harm(machine)
    with serving(Jupyter()) as port:
        done = machine.run(port)
    (line,) = [line for line in done.stdout.splitlines() if "not stopped: " in line]
    assert said in line
    assert (done.returncode, done.stderr, machine.calls) == (1, "", [])
