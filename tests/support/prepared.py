"""Programs that start at once: forks of a process that has imported what they import.

Half of what a short command costs is its imports. Tests that run dozens of commands put a stub of
:meth:`Prepared.program` on the path: it hands its arguments, variables, folder and streams to a
fork of the prepared process, and ends as that does. Other tests run the real programs.
"""

from __future__ import annotations

import atexit
import fcntl
import gc
import hashlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.support import shared_folder

ROOT = Path(__file__).parents[2]

PROGRAM = (sys.executable, "-m", "tests.support.prepared")

STUB = """\
#!/bin/sh
'''exec' "{python}" -IS "$0" "$@"
' '''
import _socket, json, os, struct, sys
asked = {{"program": {program!r}, "arguments": sys.argv, "folder": os.getcwd()}}
text = json.dumps({{**asked, "variables": dict(os.environ)}}).encode()
line = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
line.connect({address!r})
streams = struct.pack("3i", 0, 1, 2)
line.sendmsg([b"%8d" % len(text)], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)])
while text:
    text = text[line.send(text):]
os._exit(int(line.recv(4) or b"70"))
"""


@dataclass(frozen=True)
class Prepared:
    """A process that waits to be forked."""

    folder: Path

    @property
    def address(self) -> str:
        return str(self.folder / "socket")

    def program(self, name: str, program: str) -> Path:
        """Write an executable that runs a module, as ``python -m`` does, or ``module:function``."""
        path = self.folder / name
        words = {"python": sys.executable, "program": program, "address": self.address}
        # Other workers may be running it.
        made = path.with_name(f"{name}-{os.getpid()}")
        made.write_text(STUB.format(**words), encoding="utf-8")
        made.chmod(0o755)
        return made.replace(path)


@contextmanager
def prepared(*preparations: str) -> Iterator[Prepared]:
    """Run a process that has imported these modules, and called each ``module:function``."""
    with TemporaryDirectory(prefix="tests-") as folder:
        made = Prepared(Path(folder))
        with subprocess.Popen(
            [*PROGRAM, made.address, "", *preparations],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            yield made


def for_good(*preparations: str) -> Prepared:
    """Run such a process until the run of the tests ends, one for all its workers."""
    digest = hashlib.sha256("\n".join(preparations).encode()).hexdigest()
    made = Prepared(shared_folder.folder() / digest[:8])
    made.folder.mkdir(exist_ok=True)
    with (made.folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not Path(made.address).exists():
            subprocess.run(
                [*PROGRAM, made.address, shared_folder.lasting(), *preparations],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                cwd=ROOT,
                check=True,
            )
    return made


def serve(address: str, lasting: str) -> None:
    """Fork for each who asks, until standard input ends, or who listens at ``lasting``."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address)
    listener.listen(64)
    gc.collect()
    gc.freeze()
    # What has ended is not waited for.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    watched: list[Any] = [listener, 0]
    if lasting:
        watched[1] = socket.socket(socket.AF_UNIX)
        watched[1].connect(lasting)
        if os.fork():
            os._exit(0)
        os.setsid()
    os.write(1, b"ready\n")
    while listener in select.select(watched, [], [])[0]:
        line, _ = listener.accept()
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            listener.close()
            asked = _asked(line)
            threading.Thread(target=_end_with, args=(line,), daemon=True).start()
            code = ended(partial(become, **asked))
            line.send(b"%d" % code)
            os._exit(code)
        line.close()


def _end_with(line: socket.socket) -> None:
    """End this process when the one that asked for it was killed."""
    line.recv(1)
    os._exit(os.EX_SOFTWARE)


def _asked(line: socket.socket) -> dict[str, Any]:
    """Return what is asked for, once its streams are those of this process."""
    size, streams, _, _ = socket.recv_fds(line, 8, 3)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    encoding = sys.stdout.encoding
    sys.stdin = open(0, encoding=encoding, closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding=encoding, closefd=False)  # noqa: SIM115
    sys.stderr = open(  # noqa: SIM115
        2, "w", buffering=1, encoding=encoding, errors="backslashreplace", closefd=False
    )
    text = b""
    while len(text) < int(size):
        text += line.recv(int(size) - len(text))
    asked: dict[str, Any] = json.loads(text)
    return asked


def become(program: str, arguments: list[str], folder: str, variables: dict[str, str]) -> None:
    """Run a program as if this process had begun with it."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(variables)
    time.tzset()
    module, _, function = program.partition(":")
    own = str(Path(arguments[0]).parent) if function else folder
    given = variables.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:1] = [own, *filter(None, given)]
    sys.argv[:] = arguments
    sys.modules.pop("sitecustomize", None)  # that of this process, which some systems have
    with suppress(ModuleNotFoundError):  # as Python does first
        import_module("sitecustomize")
    if function:
        sys.exit(getattr(import_module(module), function)())
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def ended(program: Callable[[], None]) -> int:
    """Run a program as Python does, to the end of all it has begun; return its exit code."""
    code = 0
    try:
        program()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException:  # noqa: BLE001 - whatever it is, it is shown, and ends the program
        traceback.print_exc()
        code = 1
    end_threads: Any = threading
    end_threads._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    return code


def main(address: str, lasting: str, *preparations: str) -> None:
    """Prepare, and serve."""
    for preparation in preparations:
        module, _, function = preparation.partition(":")
        imported = import_module(module)
        if function:
            getattr(imported, function)()
    serve(address, lasting)


if __name__ == "__main__":
    main(*sys.argv[1:])
