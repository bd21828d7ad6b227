"""A notebook that looks for what is none of its business, and one that takes too much.

Each is run where the machine locks code away, if it does, and as whoever runs this, where what is
in reach is said before.
"""

from __future__ import annotations

import errno
import getpass
import json
import os
import pwd
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.support.rehearsals import Rehearsed, rehearse, write_notebook
from tests.support.seats import Seats
from tests.support.workshop_command import run
from workshop.cli import rehearse as command
from workshop.rehearse import enclosed
from workshop.rehearse.enclosed import EnclosureLimits, EnclosureMounts
from workshop.rehearse.interpreters import system
from workshop.rehearse.rehearsal import TimeLimits

CONFINED = not enclosed.namespaces()
"""Whether this machine locks code away."""

LOOK = """
import glob, json, os, pwd, socket, subprocess, sys
found = {"variables": dict(os.environ), "home": os.path.expanduser("~"), "cwd": os.getcwd()}
home = pwd.getpwuid(os.getuid()).pw_dir
found["passwd home"] = home
secret = SECRET
def read(path):
    try:
        with open(path, "rb") as file:
            return file.read(200_000).decode(errors="replace")
    except OSError as error:
        return type(error).__name__
found["secret"] = read(secret)
folder = os.path.dirname(secret)
found["listed"] = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
found["up"] = sorted(glob.glob(os.path.join(folder, "*")))
found["aws"] = glob.glob(home + "/.aws/*") + glob.glob(home + "/.ssh/*")
# Whether it could be read, and nothing of what is there.
around = [read(f"/proc/{number}/environ") for number in (os.getppid(), 1, PARENT)]
found["parents"] = any("organisers-own" in text for text in around)
names = os.listdir("/proc") if os.path.isdir("/proc") else []
found["processes"] = [name for name in names if name.isdecimal()]
found["git"] = subprocess.run("git config --get-all credential.helper; git credential fill",
    shell=True, input="protocol=https\\nhost=secret.example\\n\\n", capture_output=True, text=True,
    env={**os.environ, "GIT_TERMINAL_PROMPT": "0"}).stdout
def reach(family, address):
    with socket.socket(family) as asked:
        asked.settimeout(2)
        try:
            asked.connect(address)
            return asked.recv(20).decode()
        except OSError as error:
            return type(error).__name__
found["port"] = reach(socket.AF_INET, ("127.0.0.1", PORT))
found["file socket"] = reach(socket.AF_UNIX, AGENT)
found["abstract socket"] = reach(socket.AF_UNIX, ABSTRACT) if sys.platform == "linux" else ""
found["metadata"] = reach(socket.AF_INET, ("169.254.169.254", 80))
found["docker"] = reach(socket.AF_UNIX, "/var/run/docker.sock")
found["sudo"] = subprocess.run(["sudo", "id"], capture_output=True, text=True).stdout
"""

ATTACK = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
def refuses(call, *arguments):
    return call(*arguments) < 0 and ctypes.get_errno() == 1
USERS, MOUNTS = 0x10000000, 0x20000
found["namespaces"] = sys.platform == "linux" and not refuses(libc.unshare, USERS | MOUNTS)
os.makedirs("own", exist_ok=True)
tmpfs = (b"none", b"own", b"tmpfs", 0, 0)
found["mounts"] = sys.platform == "linux" and not refuses(libc.mount, *tmpfs)
def makes(family, kind):
    try:
        socket.socket(family, kind).close()
    except OSError as error:
        return error.errno
    return 0
found["host socket"] = makes(40, socket.SOCK_STREAM) if sys.platform == "linux" else 0
system = ("/", "/usr", "/usr/bin", "/proc/sys/kernel/core_pattern", "/etc/ssl/certs")
found["writable"] = [path for path in system if os.access(path, os.W_OK)]
"""
"""Never run where nothing keeps it from changing the machine: whoever runs this may be root."""

WRITE = """
with open("found.json", "w") as file:
    json.dump(found, file)
"""

GREETING = "in reach"


class Machine:
    """What stands for an organiser's machine: a secret, an agent, servers, a variable."""

    def __init__(self, folder: Path) -> None:
        self.secret = folder / "aws" / "credentials"
        self.secret.parent.mkdir(parents=True)
        self.secret.write_text("aws_secret_access_key = organisers-own", encoding="utf-8")
        self.agent = str(folder / "agent.sock")
        self.abstract = f"\0workshop-test-{os.getpid()}"
        self.servers = [socket.create_server(("127.0.0.1", 0))]
        self.port = self.servers[0].getsockname()[1]
        names = [self.agent, *([self.abstract] if sys.platform == "linux" else [])]
        for name in names:
            server = socket.socket(socket.AF_UNIX)
            server.bind(name)
            server.listen()
            self.servers.append(server)
        for server in self.servers:
            threading.Thread(target=self.greet, args=(server,), daemon=True).start()

    @staticmethod
    def greet(server: socket.socket) -> None:
        while True:
            try:
                client, _ = server.accept()
            except OSError:
                return
            with client:
                client.sendall(GREETING.encode())

    def look(self, *, confined: bool) -> str:
        """Return the code that looks for all of it, and attacks where it is locked away."""
        values = {
            "SECRET": str(self.secret),
            "PARENT": os.getpid(),
            "PORT": self.port,
            "AGENT": self.agent,
            "ABSTRACT": self.abstract,
        }
        text = LOOK + (ATTACK if confined else "") + WRITE
        for name, value in values.items():
            text = text.replace(name, repr(value))
        return text

    def close(self) -> None:
        for server in self.servers:
            server.shutdown(socket.SHUT_RDWR)
            server.close()


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    # Sockets have short names.
    made = Machine(Path(tmp_path_factory.mktemp("m")))
    yield made
    made.close()


def looked(
    seats: Seats, machine: Machine, folder: Path, *, confined: bool
) -> tuple[Rehearsed, dict[str, Any]]:
    write_notebook(folder / "content/look.ipynb", machine.look(confined=confined))
    (folder / "content/.git").mkdir()
    (folder / "content/.git/config").write_text("url = https://token@x", encoding="utf-8")
    (folder / "content/link").symlink_to(machine.secret)
    variables = {
        "SSH_AUTH_SOCK": machine.agent,
        "AWS_OF_ORGANISER": "organisers-own",
        "GITHUB_TOKEN": "organisers-own",
        "WORKSHOP_TEST_SECRET": "organisers-own",
    }
    with pytest.MonkeyPatch.context() as patched:
        for name, value in variables.items():
            patched.setenv(name, value)
        done = rehearse(
            seats, folder / "notebook", folder / "content", ["look.ipynb"], confined=confined
        )
    assert done.results() == ["ok"], (done.outcomes, done.events)
    return done, json.loads(done.file("found.json"))


@pytest.fixture(scope="module")
def found(
    seats: Seats, machine: Machine, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Rehearsed, dict[str, Any]]:
    return looked(seats, machine, tmp_path_factory.mktemp("locked"), confined=CONFINED)


@pytest.fixture(scope="module")
def as_myself(
    seats: Seats, machine: Machine, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Rehearsed, dict[str, Any]]:
    return looked(seats, machine, tmp_path_factory.mktemp("open"), confined=False)


def test_code_has_no_variable_of_mine_in_either_case(
    found: tuple[Rehearsed, dict[str, Any]], as_myself: tuple[Rehearsed, dict[str, Any]]
) -> None:
    for done, seen in (found, as_myself):
        assert "organisers-own" not in json.dumps(seen["variables"])
        assert not {"SSH_AUTH_SOCK", "AWS_OF_ORGANISER", "PYTHONPATH"} & seen["variables"].keys()
        assert seen["variables"]["AWS_ACCESS_KEY_ID"].startswith("ASIA")
        own = ("/home/ec2-user", str(done.root / "home/ec2-user"))
        assert seen["home"] in own
        assert seen["home"] != pwd.getpwuid(os.getuid()).pw_dir
        assert seen["cwd"] == f"{seen['home']}/SageMaker/labs"
        content = done.root / "home/ec2-user/SageMaker/labs"
        assert not (content / ".git").exists()
        assert not (content / "link").is_symlink()
        assert seen["git"] == ""


def test_locked_away_it_sees_nothing_of_mine(found: tuple[Rehearsed, dict[str, Any]]) -> None:
    _, seen = found
    nothing = {
        "secret": "FileNotFoundError",
        "listed": [],
        "up": [],
        "aws": [],
        "port": "ConnectionRefusedError",
        "file socket": "FileNotFoundError",
        "abstract socket": "ConnectionRefusedError",
        "metadata": "OSError",
        "docker": "FileNotFoundError",
        "passwd home": "/home/ec2-user",
        "parents": False,
        "sudo": "",
    }
    locked = {name: seen[name] for name in nothing}
    assert (locked == nothing) is CONFINED, locked
    assert ("organisers-own" not in json.dumps(seen)) is CONFINED
    assert (len(seen["processes"]) < 10) is CONFINED
    attacked = {"namespaces": False, "mounts": False, "host socket": errno.EPERM, "writable": []}
    assert {name: seen[name] for name in attacked if name in seen} == (attacked if CONFINED else {})


def test_where_it_is_not_locked_away_that_is_said_before(
    as_myself: tuple[Rehearsed, dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    _, seen = as_myself
    assert "organisers-own" in seen["secret"]
    assert seen["port"] == seen["file socket"] == GREETING
    command._agree(Path("labs"), 1, confined=False, agreed=True)
    said = capsys.readouterr().err
    assert "as you" in said
    for thing in ("your files", "~/.aws", "ssh keys", "git credentials", "folder", "network"):
        assert thing in said


def test_a_machine_that_locks_nothing_away_is_not_used_unasked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(enclosed, "namespaces", lambda: "unshare: Operation not permitted")
    with pytest.raises(Exception, match=r"cannot lock .* agree with: --unconfined"):
        enclosed.require(unconfined=False)
    assert enclosed.require(unconfined=True) is False


def test_nobody_who_is_not_asked_has_agreed(tmp_path: Path) -> None:
    write_notebook(tmp_path / "labs/lab.ipynb", "1")
    ran = run(
        *("rehearse", "-e", "demo", "--config-dir", "config", "--unconfined"),
        *("--content", str(tmp_path / "labs")),
    )
    assert ran.code == 3
    assert ran.err.splitlines()[-1] == (
        "workshop: nobody is there to agree, and nothing was run; agree with --run"
    )


# --- what it takes ----------------------------------------------------------------------------


def enclosed_python(
    code: str, folder: Path, limits: EnclosureLimits, *, confined: bool
) -> tuple[str, str]:
    """Run a program; return what it printed and why it was ended."""
    work = Path(folder)
    with enclosed.running(
        [sys.executable, "-I", "-c", code],
        {},
        work / "enclosure",
        room=EnclosureMounts(system()),
        limits=limits,
        confined=confined,
        folder="/",
    ) as started:
        text = "".join(started.lines())
        started.process.wait()
        return text, started.ended


DETACH = """
import os, time, sys
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        while True: time.sleep(60)  # MARK
    os._exit(0)
os.wait()
print("detached", flush=True)
"""


def alive(mark: str) -> list[int]:
    return [
        one.info["pid"]
        for one in psutil.process_iter(["pid", "cmdline"])
        if any(mark in word for word in one.info["cmdline"] or ())
        and one.info["pid"] != os.getpid()
    ]


@pytest.mark.parametrize("confined", sorted({False, CONFINED}))
def test_what_it_leaves_running_ends_with_it(tmp_path: Path, confined: bool) -> None:  # noqa: FBT001
    mark = f"left-{os.getpid()}-{confined}"
    text, _ = enclosed_python(
        DETACH.replace("MARK", mark), tmp_path, EnclosureLimits(seconds=60), confined=confined
    )
    assert text == "detached\n"
    assert alive(mark) == []


@pytest.mark.parametrize("confined", sorted({False, CONFINED}))
def test_it_ends_with_whoever_runs_it_however_that_ends(tmp_path: Path, confined: bool) -> None:  # noqa: FBT001
    mark = f"orphan-{os.getpid()}-{confined}"
    organiser = f"""
import sys
sys.path.insert(0, {str(Path.cwd())!r})
from pathlib import Path
from workshop.rehearse import enclosed
from workshop.rehearse.interpreters import system
code = "import time\\nprint('up', flush=True)\\nwhile True: time.sleep(60)  # {mark}"
with enclosed.running([sys.executable, "-I", "-c", code], {{}}, Path({str(tmp_path)!r}) / "e",
        room=enclosed.EnclosureMounts(system()), limits=enclosed.EnclosureLimits(seconds=600),
        confined={confined}) as one:
    for line in one.lines():
        print(line, end="", flush=True)
"""
    with subprocess.Popen(
        [sys.executable, "-c", organiser], stdout=subprocess.PIPE, text=True
    ) as started:
        assert started.stdout is not None
        assert started.stdout.readline() == "up\n"
        ours = [psutil.Process(one) for one in alive(mark) if one != started.pid]
        assert ours
        started.send_signal(signal.SIGKILL)
    psutil.wait_procs(ours, timeout=60)
    assert alive(mark) == []


def test_what_takes_too_long_too_much_or_too_many_is_ended(tmp_path: Path) -> None:
    cases = {
        "it took more than 1 s": ("import time\ntime.sleep(600)", EnclosureLimits(seconds=1)),
        "it took more than 0.1 GB of memory": (
            "a = bytearray(10**6 * 180)\nimport time\ntime.sleep(600)",
            EnclosureLimits(seconds=300, memory_gb=0.1),
        ),
        "it started more than 4 processes": (
            "import os, time\n[os.fork() or time.sleep(600) for _ in range(6)]\ntime.sleep(600)",
            EnclosureLimits(seconds=300, processes=4),
        ),
    }
    for number, (reason, (code, limits)) in enumerate(cases.items()):
        _, ended = enclosed_python(code, tmp_path / str(number), limits, confined=CONFINED)
        assert ended == reason


def test_a_cell_that_never_ends_is_cut_and_the_next_ones_run(seats: Seats, tmp_path: Path) -> None:
    write_notebook(
        tmp_path / "content/lab.ipynb",
        *("while True: pass", "1", "import os; os.kill(os.getpid(), 9)", "1"),
    )
    write_notebook(tmp_path / "content/next.ipynb", "1")
    done = rehearse(
        seats,
        tmp_path / "notebook",
        tmp_path / "content",
        ["lab.ipynb", "next.ipynb"],
        confined=CONFINED,
        pace=TimeLimits(cell=3, all=200),
    )
    assert done.results() == ["failed", "ok", "failed", "not reached", "ok"]
    assert done.outcomes[0].why.startswith("it took more than ")
    assert done.outcomes[2].why.startswith("the kernel died")


def test_the_user_inside_is_the_notebooks(found: tuple[Rehearsed, dict[str, Any]]) -> None:
    _, seen = found
    assert seen["variables"]["USER"] == "ec2-user" != getpass.getuser()
