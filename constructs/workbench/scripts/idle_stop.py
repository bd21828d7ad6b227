"""Stops this notebook instance once nobody has used it for a while.

Shipped inside the on-start script and run on the notebook instance itself by a systemd timer,
every five minutes, as the notebook's own user: never as root, because ``aws`` may come from a
folder that the attendee can write to. Needs Python 3.9 (Amazon Linux 2023's own) and ``aws``.

What counts as use, in this order:

- a busy kernel, for as long as it is busy;
- the last activity of any kernel or terminal, and the start of the notebook itself;
- work: a process of the notebook's user that keeps a tenth of a core busy, which also covers a
  training run in a terminal whose browser tab was closed.

What cannot be read is not idle: nothing is stopped and the log says why. A kernel that hangs in
a state other than ``busy`` counts by its last activity, so it cannot keep the notebook up.
"""
# ruff: noqa: FURB162, UP017 - Python 3.9 has neither
# ruff: noqa: INP001, S310 - no package, and the address is the loopback interface's

from __future__ import annotations

import argparse
import http.client
import json
import os
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

WORKING = 0.1


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


def ask(url: str, password: str, absent: Any = None) -> Any:
    """One answer of Jupyter's API; ``absent`` stands for a 404 unless it is None."""
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
        if absent is not None and getattr(error, "code", 0) == http.HTTPStatus.NOT_FOUND:
            return absent
        raise UnknownUseError(f"{url}: {error}") from error


def cpu_seconds(proc: Path, user: int) -> float:
    """Processor time used so far by all processes of ``user``, their ended children included."""
    ticks = 0
    for process in proc.glob("[0-9]*"):
        try:
            if process.stat().st_uid != user:
                continue
            # The name in parentheses may hold spaces; utime to cstime come 11 words later.
            fields = (process / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended meanwhile
        ticks += sum(int(field) for field in fields[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


def say(text: str) -> None:
    print(datetime.now(timezone.utc).isoformat(timespec="seconds"), text, flush=True)


def stop(metadata: Path) -> int:
    """Ask SageMaker to stop this notebook; the exit status of ``aws``."""
    own = json.loads(metadata.read_text())
    command = ["aws", "sagemaker", "stop-notebook-instance"]
    command += ["--region", own["ResourceArn"].split(":")[3]]
    command += ["--notebook-instance-name", own["ResourceName"]]
    return subprocess.run(command, check=False, timeout=60).returncode


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when all is in order, stopped or not; 1 when it could not be told or not be done."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=int, required=True)
    parser.add_argument("--url", default="https://localhost:8443")
    parser.add_argument("--root", type=Path, default="/", help="where all paths begin")
    parser.add_argument("--sample", type=float, default=20, help="seconds to watch processes")
    given = parser.parse_args(arguments)
    runtime = given.root / "home/ec2-user/.local/share/jupyter/runtime"
    proc = given.root / "proc"
    # The on-start script writes this file anew at each start. The machine's own uptime would not
    # do: it may have been waiting for somebody long before it became this notebook.
    started = Path(__file__).stat().st_mtime
    try:
        password = token(runtime, int(given.url.rpartition(":")[2]))
        idle = idle_seconds(
            ask(given.url + "/api/kernels", password),
            ask(given.url + "/api/terminals", password, absent=[]),
            started,
            time.time(),
        )
    except UnknownUseError as error:
        say(f"not stopped, use is unknown: {error}")
        return 1
    if idle < given.minutes * 60:
        say(f"in use: idle for {idle / 60:.0f} of {given.minutes} minutes")
        return 0
    before = cpu_seconds(proc, os.getuid())
    time.sleep(given.sample)
    cores = (cpu_seconds(proc, os.getuid()) - before) / given.sample
    if cores >= WORKING:
        say(f"in use: processes keep {cores:.1f} cores busy")
        return 0
    say(f"stopping: idle for {idle / 60:.0f} minutes")
    status = stop(given.root / "opt/ml/metadata/resource-metadata.json")
    if status:
        say(f"not stopped: aws ended with status {status}")
    return int(status != 0)


if __name__ == "__main__":
    sys.exit(main())
