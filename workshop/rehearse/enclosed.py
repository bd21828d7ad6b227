"""Runs a program locked away from this machine, and ends it when it takes too much.

Where Linux gives namespaces to whoever asks, the program has a file system, processes and a network
of its own (:mod:`workshop.rehearse.programs.enclosure`). Elsewhere it runs as whoever runs this,
with a home, a temporary folder and variables of its own: it can then read what they can read.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

import psutil

from workshop import files
from workshop.errors import WorkshopError

PROGRAMS = Path(__file__).with_name("programs")
ENCLOSURE = PROGRAMS / "enclosure.py"

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
"""What of this machine programs need, to read."""
SETTINGS = (
    "alternatives",
    "ca-certificates",
    "crypto-policies",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "mime.types",
    "pki/ca-trust",
    "pki/tls/cert.pem",
    "pki/tls/certs",
    "services",
    "ssl/certs",
    "ssl/openssl.cnf",
)
"""Below ``/etc``: nothing in these is anybody's secret. Keys of servers lie in ``ssl/private``."""

Shown = tuple[Path, str, bool]
"""A path here, the path there, and whether it may be written."""

LINE = 8_000_000
"""Characters of a line that a program may print."""
DISK_GB = 2
"""What stays free of the disk, or half of what is free before."""
_PROBE_SECONDS = 20.0


@dataclass(frozen=True)
class EnclosureLimits:
    """What a program may take; more ends it."""

    seconds: float
    memory_gb: float = 6.0
    """Of all its processes together, and of addresses twice as much for each."""
    processes: int = 256
    file_gb: float = 4.0

    def of_a_process(self) -> dict[str, int]:
        """Return the limits that the operating system keeps for each process."""
        return {
            "AS": int(self.memory_gb * 2 * 2**30),
            "FSIZE": int(self.file_gb * 2**30),
            "CPU": int(self.seconds * 2) + 10,
            "NOFILE": 4096,
            # Threads count too, and those that the user has already where there are no namespaces.
            "NPROC": self.processes * 4 + _threads(),
        }


@dataclass(frozen=True)
class EnclosureMounts:
    """What a program sees: ``shown`` are paths here and there, and whether it may write them.

    ``ways`` are ports of the program's own loopback interface, and sockets that they lead to.
    """

    shown: Sequence[Shown] = ()
    ways: Sequence[tuple[int, str]] = ()


def _threads() -> int:
    """Return how many threads this user has now."""
    count = 0
    for process in psutil.process_iter(["uids", "num_threads"]):
        uids = process.info["uids"]
        if uids is not None and uids.real == os.getuid():
            count += process.info["num_threads"] or 1
    return count


def settings() -> list[Shown]:
    """Return what is shown of this machine's settings."""
    return [(Path("/etc", name), f"/etc/{name}", False) for name in SETTINGS]


@dataclass
class Enclosed:
    """A running program; ``ended`` says why it was ended, where this did it."""

    process: subprocess.Popen[bytes]
    errors: Path
    ended: str = ""

    def lines(self) -> Iterator[str]:
        """Yield what it prints, line by line, to its end."""
        assert self.process.stdout is not None  # noqa: S101 - a pipe was asked for
        while line := self.process.stdout.readline(LINE):
            yield line.decode(errors="replace")

    def said(self) -> str:
        """Return the end of what it said on its standard error."""
        with self.errors.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - 4000))
            return file.read().decode(errors="replace")


@cache
def namespaces() -> str:
    """Return why this machine gives no namespaces, empty where it does."""
    if sys.platform != "linux":
        return "only Linux has namespaces"
    with TemporaryDirectory(prefix="workshop-") as folder, ExitStack() as opened:
        started = opened.enter_context(
            running(
                ["/bin/true"],
                {},
                Path(folder),
                room=EnclosureMounts(shown=[(Path(path), path, False) for path in SYSTEM]),
                limits=EnclosureLimits(_PROBE_SECONDS),
                confined=True,
            )
        )
        code = started.process.wait(_PROBE_SECONDS)
        return "" if code == 0 else (started.said().strip() or f"exit code {code}")


@contextmanager
def running(
    command: Sequence[str],
    variables: Mapping[str, str],
    work: Path,
    *,
    room: EnclosureMounts,
    limits: EnclosureLimits,
    confined: bool,
    folder: str = "/",
) -> Iterator[Enclosed]:
    """Run ``command`` until the block ends; ``work`` is a folder for what running it takes.

    Nothing of the program runs after the block. ``folder`` is where it begins, as it sees it.
    """
    files.make_folder(work)
    spec = work / "enclosure.json"
    errors = work / "errors.log"
    root = work / "root"
    shown = [
        [str(here), there, writable]
        for here, there, writable in room.shown
        if here.exists() or here.is_symlink()
    ]
    document = {
        "command": list(command),
        "variables": dict(variables),
        "folder": folder,
        "limits": limits.of_a_process(),
        **({"root": str(root), "shown": shown, "ways": list(room.ways)} if confined else {}),
    }
    if confined:
        root.mkdir(exist_ok=True)
    files.write(spec, json.dumps(document))
    with ExitStack() as stack:
        log: IO[bytes] = stack.enter_context(files.open_private(errors, "wb"))
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(ENCLOSURE), str(spec)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env={},
            cwd=work,
            start_new_session=True,
        )
        started = Enclosed(process, errors)
        assert process.stdout is not None  # noqa: S101 - a pipe was asked for
        stack.callback(process.stdout.close)
        stack.callback(_end, process)
        done = threading.Event()
        watcher = threading.Thread(
            target=_watch, args=(started, limits, done), name="rehearsal", daemon=True
        )
        watcher.start()
        # It looks into folders that are removed once the block has ended.
        stack.callback(watcher.join)
        stack.callback(done.set)
        yield started


def _watch(started: Enclosed, limits: EnclosureLimits, done: threading.Event) -> None:
    """End the program when it takes more than its limits."""
    deadline = time.monotonic() + limits.seconds
    space = min(DISK_GB * 2**30, shutil.disk_usage(started.errors.parent).free // 2)
    while not done.wait(0.5) and started.process.poll() is None:
        count, memory = _taken(started.process.pid)
        reason = ""
        if time.monotonic() > deadline:
            reason = f"it took more than {limits.seconds:.0f} s"
        elif memory > limits.memory_gb * 2**30:
            reason = f"it took more than {limits.memory_gb:g} GB of memory"
        elif shutil.disk_usage(started.errors.parent).free < space:
            reason = f"it left less than {space / 2**30:.1f} GB of the disk"
        elif count > limits.processes:
            reason = f"it started more than {limits.processes} processes"
        if reason:
            started.ended = reason
            _end(started.process)
            return


def _taken(pid: int) -> tuple[int, int]:
    """Return how many processes there are below one, and the bytes of memory that they hold."""
    count = memory = 0
    with suppress(psutil.Error):
        for process in psutil.Process(pid).children(recursive=True):
            count += 1
            with suppress(psutil.Error):
                # What processes share counts for each.
                memory += process.memory_info().rss
    return count, memory


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the program and all that it started; the enclosure does so when its lifeline is cut."""
    if process.stdin:
        with suppress(OSError):
            process.stdin.close()
    below: list[psutil.Process] = []
    with suppress(psutil.Error):
        below = psutil.Process(process.pid).children(recursive=True)
    with suppress(subprocess.TimeoutExpired):
        process.wait(5)
    for child in below:
        with suppress(psutil.Error):
            child.kill()
    if process.poll() is None:
        process.kill()
    process.wait()


def require(*, unconfined: bool) -> bool:
    """Return whether programs are locked away here.

    Raise WorkshopError where the machine cannot do that and nobody said that it need not.
    """
    reason = namespaces()
    if reason and not unconfined:
        raise WorkshopError(
            "this machine cannot lock the notebooks' code away"
            f" ({reason.splitlines()[-1]}): it would run as you and could read your files and"
            " credentials; rehearse on a Linux machine that gives namespaces to users, or agree"
            " with: --unconfined"
        )
    return not reason
