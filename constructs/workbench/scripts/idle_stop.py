"""Stops this notebook instance, or EC2 instance, once nobody has used it for a while.

Written by the on-start script and run on the notebook instance itself by a systemd timer, every
five minutes, as the notebook's own user: never as root, because ``aws`` may come from a folder
that the attendee can write to. Needs Python 3.9 (Amazon Linux 2023's own) and ``aws``.

What counts as use, in this order:

- the file ``KEEP-RUNNING`` in the attendee's files, until the end that is written in it: a number
  of hours, or a date or time (UTC unless it says otherwise). It counts for ``--keep-hours`` after
  it was written at most, and for ``ASKED_HOURS`` if it holds neither;
- a busy kernel, for as long as it is busy;
- the last activity of any kernel or terminal, and the start of the notebook itself;
- on an EC2 instance a session of Systems Manager or a connection of SSH, for as long as it lasts,
  and on a notebook a session that leads from it to an instance;
- work: processor time of the notebook's user or in containers, of all users together (``sudo``,
  other accounts) above what the machine's own services take, and of the GPUs.

What cannot be read is not idle: nothing is stopped and the log says why. A kernel that hangs in
a state other than ``busy`` counts by its last activity, so it cannot keep the notebook up.

All but the file has an upper bound, for a cell that never ends, an ``input()`` that nobody
answers, a ``top`` in a terminal or a server that tells nothing: a notebook that was in use for
``--busy-hours`` without a pause is stopped. A pause is a look that finds no use in the last ten
minutes; those who work make one. A process that only waits is no use: that is for the file.
"""
# ruff: noqa: FURB162, UP017 - Python 3.9 has neither
# ruff: noqa: INP001, S310 - no package, and the address is the loopback interface's

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import shlex
import ssl
import stat
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

WORKING = 0.1
"""Cores that the notebook's user and containers keep busy when they work."""
SERVICES = 0.1
"""Cores that the machine's own services may keep busy besides."""
GPU_WORKING = 5
"""Percent of a GPU."""
PAUSE = 600
"""Seconds without use that make a pause."""
ASKED_HOURS = 4.0
"""What a file that holds no end asks for."""
HOUR = 3600


class UnknownUseError(Exception):
    """Nothing can be said about the notebook's use."""


def moment(text: str) -> float:
    """Epoch seconds of Jupyter's time, such as ``2026-12-01T09:00:00.123456Z``."""
    when = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if when.tzinfo is None:
        raise ValueError(text + " has no time zone")
    return when.timestamp()


def idle_seconds(kernels: Any, terminals: Any, started: float, now: float) -> float:
    """Seconds since the last use; 0 while a kernel is busy.

    ``kernels`` and ``terminals`` are Jupyter's answers as they came; ``started`` and ``now`` are
    epoch seconds. Raises :class:`UnknownUseError` for an answer of another shape.
    """
    if not isinstance(kernels, list) or not isinstance(terminals, list):
        raise UnknownUseError("Jupyter answered with something that is not a list")
    try:
        if "busy" in [kernel["execution_state"] for kernel in kernels]:
            return 0.0
        used = [moment(item["last_activity"]) for item in [*kernels, *terminals]]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UnknownUseError(f"Jupyter's answer is not understood: {error!r}") from error
    return max(0.0, now - max([started, *used]))


def token(runtime: Path, port: int) -> str:
    """The server's token from Jupyter's own runtime files; empty where it asks for none."""
    for path in runtime.glob("*server-*.json"):
        try:
            server = json.loads(path.read_text())
            if server["port"] == port:
                return str(server["token"])
        except (KeyError, OSError, TypeError, ValueError) as error:
            say(f"ignored {path}: {error!r}")
    return ""


def ask(url: str, password: str, absent: Any = None, *, nobody_there: bool = False) -> Any:
    """One answer of Jupyter's API; ``absent`` stands for a 404 unless it is None.

    Without a server there are no kernels, if ``nobody_there`` says that there need not be one.
    """
    # The certificate is self-signed and the way is the loopback interface; a proxy that is set
    # for the internet must not be asked.
    trust = ssl.create_default_context()
    trust.check_hostname = False
    trust.verify_mode = ssl.CERT_NONE
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trust)
    )
    request = urllib.request.Request(url)
    if password:
        request.add_header("Authorization", "token " + password)
    try:
        with opener.open(request, timeout=10) as answer:
            return json.load(answer)
    except (OSError, ValueError, http.client.HTTPException) as error:
        refused = isinstance(getattr(error, "reason", None), ConnectionRefusedError)
        if nobody_there and refused:
            return []
        if absent is not None and getattr(error, "code", 0) == http.HTTPStatus.NOT_FOUND:
            return absent
        raise UnknownUseError(f"{url}: {error}") from error


def in_container(process: Path) -> bool:
    """Whether its control group is a container's: every runtime names it after a long id."""
    try:
        return re.search(rb"[0-9a-f]{64}", (process / "cgroup").read_bytes()) is not None
    except OSError:
        return False


def processor_time(proc: Path, user: int) -> dict[str, tuple[bool, float]]:
    """Each process's share: whether it is ``user``'s or a container's, and its seconds so far.

    The time of ended children is included. The kernel's own threads are left out.
    """
    found = {}
    for process in proc.glob("[0-9]*"):
        try:
            # The name in parentheses may hold spaces and any bytes. Fields as in proc(5): flags
            # (PF_KTHREAD is 0x200000) come 7, utime to cstime 12 words later.
            fields = (process / "stat").read_bytes().rpartition(b")")[2].split()
            ticks = 0 if int(fields[6]) & 0x200000 else sum(map(int, fields[11:15]))
            near = process.stat().st_uid == user or in_container(process)
        except (LookupError, OSError, ValueError):
            continue  # it ended meanwhile
        found[process.name] = near, ticks / os.sysconf("SC_CLK_TCK")
    return found


def busy_cores(
    before: dict[str, tuple[bool, float]], after: dict[str, tuple[bool, float]], seconds: float
) -> tuple[float, float]:
    """Cores that were busy between two looks: with the user's and containers' work, and with all.

    Process by process, so that one that ended takes nothing from the others.
    """
    used = [
        (near, max(0.0, now - before.get(process, (near, 0.0))[1]) / seconds)
        for process, (near, now) in after.items()
    ]
    return sum(cores for near, cores in used if near), sum(cores for _, cores in used)


def gpu_use(root: Path) -> int:
    """Percent that the busiest GPU is in use; 0 where there is none."""
    command = ["nvidia-smi", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
        return max(map(int, done.stdout.split()))
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        # Images for GPUs have the program on every machine, and it fails where there is no GPU.
        if next((root / "dev").glob("nvidia[0-9]*"), None) is None:
            return 0
        raise UnknownUseError(f"the GPU's use cannot be read: {error}") from error


def sessions(proc: Path, *, box: bool) -> int:
    """Sessions of Systems Manager and connections of SSH, by the processes that serve them.

    A notebook serves none; a session that begins there leads to the seat's instance.
    """
    found, program = 0, b"ssm-session-worker" if box else b"session-manager-plugin"
    for process in proc.glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue  # it ended meanwhile
        name = words[0].rpartition(b"/")[2]
        # OpenSSH calls what serves a connection "sshd: ada@pts/0", since 9.8 "sshd-session: ...".
        of_ssh = box and re.match(rb"sshd(?:-session)?: [^ ]+@", words[0]) is not None
        found += name == program or of_ssh
    return found


def work(root: Path, sample: float) -> str:
    """What is at work, watched for ``sample`` seconds; empty for nothing."""
    user, proc = os.getuid(), root / "proc"
    before = processor_time(proc, user)
    gpu = gpu_use(root)
    time.sleep(sample)
    near, everybody = busy_cores(before, processor_time(proc, user), sample)
    if near >= WORKING or everybody >= WORKING + SERVICES:
        return f"processes keep {max(near, everybody):.1f} cores busy"
    gpu = max(gpu, gpu_use(root))
    return f"a GPU is {gpu} % busy" if gpu >= GPU_WORKING else ""


def asked(text: str, written: float) -> float:
    """Epoch seconds of the end in a file: hours since it was written, or a date or time."""
    hours = re.fullmatch(r"(\d+(?:\.\d+)?) ?(?:h|hours?)?", text, re.IGNORECASE)
    if hours:
        return written + float(hours[1]) * HOUR
    end = datetime.fromisoformat(text.upper().replace("Z", "+00:00"))
    if len(text) <= len("2027-03-15"):
        end += timedelta(days=1)  # the whole of that day
    return (end if end.tzinfo else end.replace(tzinfo=timezone.utc)).timestamp()


def kept_until(folder: Path, longest: float, now: float) -> float:
    """Epoch seconds until which a file asks to keep the notebook running, 0 for no such file."""
    ends, hours = [0.0], min(ASKED_HOURS, longest)
    for path in folder.glob("KEEP-RUNNING*"):
        text, about = "", path.lstat()
        try:
            if stat.S_ISREG(about.st_mode):
                with path.open("rb") as file:
                    text = file.read(100).decode("utf-8-sig", "replace").strip()
        except OSError as error:
            say(f"{path} cannot be read: {error}")
        # Neither alone will do: anybody can set the one, and the other changes with the owner.
        written = min(about.st_mtime, about.st_ctime, now)
        try:
            end = asked(text.splitlines()[0].strip() if text else "", written)
        except (ValueError, OverflowError):
            end = written + hours * HOUR
            if now < end:
                say(
                    f"{path.name} counts for {hours:g} hours, because it holds no end; write"
                    " a number of hours or a time like 2027-03-15T18:00 into it"
                )
        if now < written + longest * HOUR < end:
            say(f"{path.name} counts for {longest:g} hours and not longer; write it again then")
        ends.append(min(end, written + longest * HOUR))
    return max(ends)


def say(text: str) -> None:
    print(datetime.now(timezone.utc).isoformat(timespec="seconds"), text, flush=True)


def note(pause: Path) -> None:
    """Remember this moment; if that fails, the upper bound comes earlier."""
    try:
        pause.touch()
    except OSError as error:
        say(f"this pause is not noted: {error}")


def note_use(file: Path, moment: float, now: float) -> None:
    """Note for the agent when this machine was last used, and as the time of access this look."""
    try:
        last = max(moment, file.stat().st_mtime if file.exists() else 0)
        file.touch()
        os.utime(file, (now, min(last, now)))
    except OSError as error:
        say(f"this use is not noted: {error}")


def save(command: str) -> None:
    """Have the agent save the attendee's files; if that fails, the notebook stops all the same."""
    try:
        status = subprocess.run(shlex.split(command), check=False, timeout=240).returncode
        failure = f"it ended with status {status}" if status else ""
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        failure = str(error)
    if failure:
        say(f"the attendee's files may not be saved: {failure}")


def stop(metadata: Path, reason: str, kept: float, first: str) -> int:
    """Have this machine stopped; 1 if that failed, and the next look asks again.

    SageMaker stops a notebook; an EC2 instance is shut down, which stops it and keeps its disk.

    Nothing is asked before ``kept``. The command ``first`` runs before, if there is one.
    """
    if time.time() < kept:
        end = datetime.fromtimestamp(kept, timezone.utc).isoformat(timespec="minutes")
        say(f"kept running until {end} by KEEP-RUNNING: {reason}")
        return 0
    say(f"stopping: {reason}")
    if first:
        save(first)
    try:
        own = json.loads(metadata.read_text())
        service, region = own["ResourceArn"].split(":")[2:4]
        command = ["aws", "sagemaker", "stop-notebook-instance", "--region", region]
        command += ["--notebook-instance-name", own["ResourceName"]]
        if service == "ec2":
            command = ["sudo", "-n", "shutdown", "-h", "now"]
        status = subprocess.run(command, check=False, timeout=60).returncode
        failure = f"{command[0]} ended with status {status}" if status else ""
    except Exception as error:  # noqa: BLE001 - whatever it is, the next look asks again
        failure = f"{type(error).__name__}: {error}"
    if failure:
        say(f"not stopped: {failure}")
    return int(bool(failure))


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when all is in order, stopped or not; 1 when it could not be told or not be done."""
    parser = argparse.ArgumentParser()
    # 0 hours: no upper bound for use; no file that keeps the notebook running. All paths are below
    # the root; processes are watched for the sample's seconds.
    parser.add_argument("--minutes", type=int, required=True)
    parser.add_argument("--busy-hours", type=float, default=12)
    parser.add_argument("--keep-hours", type=float, default=24)
    parser.add_argument("--first", default="")
    parser.add_argument("--box", action="store_true")
    parser.add_argument("--url", default="https://localhost:8443")
    parser.add_argument("--root", type=Path, default="/")
    parser.add_argument("--sample", type=float, default=60)
    given = parser.parse_args(arguments)
    home = given.root / "home/ec2-user"
    metadata = given.root / "opt/ml/metadata/resource-metadata.json"
    now = time.time()
    # Pauses are noted as well while the file counts: whoever works when it expires has made one.
    kept = kept_until(home / "SageMaker", given.keep_hours, now)
    # The on-start script writes this file anew at each start. The machine's own uptime would not
    # do: it may have been waiting for somebody long before it became this notebook.
    started = Path(__file__).stat().st_mtime
    paused = home / ".workshop-paused"
    unknown, working = False, ""
    try:
        password = token(home / ".local/share/jupyter/runtime", int(given.url.rpartition(":")[2]))
        idle = idle_seconds(
            ask(given.url + "/api/kernels", password, nobody_there=given.box),
            ask(given.url + "/api/terminals", password, absent=[], nobody_there=given.box),
            started,
            now,
        )
        in_use = f"idle for {idle / 60:.0f} of {given.minutes} minutes"
        seen = home / ".workshop-session"
        if open_sessions := sessions(given.root / "proc", box=given.box):
            seen.touch()
            in_use, idle = f"sessions of people: {open_sessions}", 0.0
        elif seen.exists():
            # Idle since the last look that saw one.
            idle = min(idle, max(0.0, now - seen.stat().st_mtime))
            in_use = f"idle for {idle / 60:.0f} of {given.minutes} minutes"
        working = work(given.root, given.sample) if idle >= PAUSE else ""
        if given.box:
            note_use(home / ".workshop-used", now - (0 if working else idle), now)
        if idle >= PAUSE and not working:
            note(paused)
            if idle >= given.minutes * 60:
                return stop(metadata, f"idle for {idle / 60:.0f} minutes", kept, given.first)
    except UnknownUseError as error:
        unknown, in_use = True, f"use is unknown: {error}"
    hours = (now - max(started, paused.stat().st_mtime if paused.exists() else 0)) / HOUR
    if given.busy_hours and hours >= given.busy_hours:
        return stop(
            metadata, f"in use for {hours:.0f} hours without a pause ({in_use})", kept, given.first
        )
    say(("not stopped, " if unknown else "in use: ") + (working or in_use))
    return int(unknown)


if __name__ == "__main__":
    sys.exit(main())
