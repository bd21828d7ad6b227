"""The command ``workshop`` without what each start takes: a copy of a process that has begun.

Half of the time of most commands is spent on loading libraries. What runs is the same function as
of the installed script, in a process of its own, with the arguments, folder, environment and files
of whoever asked.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from pkgutil import walk_packages

CLIENT = """\
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as asked:
    asked.connect(os.path.join(os.path.dirname(os.path.abspath(__file__)), "socket"))
    body = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
    socket.send_fds(asked, [len(body).to_bytes(8, "big")], [0, 1, 2])
    asked.sendall(body)
    code = asked.recv(8)
sys.exit(int(code or b"1"))
"""


@contextmanager
def warm_command(folder: Path) -> Iterator[Path]:
    """Yield a folder for PATH, in which ``workshop`` is there while the block runs."""
    folder.mkdir()
    (folder / "client.py").write_text(CLIENT, encoding="utf-8")
    script = folder / "workshop"
    script.write_text(f"#!/bin/sh\nexec '{sys.executable}' -IS '{folder}/client.py' \"$@\"\n")
    script.chmod(0o755)
    command = [sys.executable, "-m", "tests.support.warm_command", str(folder / "socket")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as serving:
        assert serving.stdout is not None
        assert serving.stdout.readline() == b"ready\n"
        yield folder
        serving.terminate()


def _serve(path: str) -> None:
    import workshop  # noqa: PLC0415 - in the server alone
    from workshop.cli import main  # noqa: PLC0415

    for module in walk_packages(workshop.__path__, "workshop."):
        importlib.import_module(module.name)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()
        print("ready", flush=True)
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how those ended who wait
        while True:
            asked, _ = listening.accept()
            if os.fork():
                asked.close()
                continue
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            arguments, files = _received(asked)
            child = os.fork()
            if child:
                _, status = os.waitpid(child, 0)
                asked.sendall(str(os.waitstatus_to_exitcode(status)).encode())
                os._exit(0)
            listening.close()
            asked.close()
            for number, file in enumerate(files):
                os.dup2(file, number)
                os.close(file)
            # What Python knows of the server's files is not true of these.
            sys.stdin = open(0, closefd=False)  # noqa: SIM115 - for as long as it lives
            sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
            sys.stderr = open(2, "w", buffering=1, closefd=False)  # noqa: SIM115
            sys.argv = ["workshop", *arguments]
            sys.exit(main())  # type: ignore[func-returns-value]


def _received(asked: socket.socket) -> tuple[list[str], list[int]]:
    """Take over the folder and environment of who asks; return the arguments and open files."""
    head, files, _, _ = socket.recv_fds(asked, 8, 3)
    body, length = b"", int.from_bytes(head, "big")
    while len(body) < length:
        body += asked.recv(length - len(body))
    arguments, folder, environment = json.loads(body)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    return arguments, files


if __name__ == "__main__":
    _serve(sys.argv[1])
