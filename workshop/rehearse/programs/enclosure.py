"""Locks a program away, runs it, and ends all that it has started when it ends.

Run by its file, with Python's own library alone: ``python -I enclosure.py SPEC.json``. The file
says what is run (``command``, ``variables``, ``folder``), its limits (``limits``) and, where Linux
gives namespaces to whoever asks, what of this machine it sees: ``root`` is an empty folder that
becomes its ``/``, ``shown`` are ``[here, there, writable]``, ``ways`` are ports of its loopback
interface that lead to sockets of ours. Without ``root`` it runs as whoever runs this, in a session
of its own.

Standard input is a lifeline: when whoever holds the other end is gone, so is all of this. What
the program prints on standard output is passed through; the exit code is the program's.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import resource
import signal
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

CALLER = 1000
"""The user that the program is inside, as on a notebook instance."""

NEW_NAMESPACES = 0x10000000 | 0x00020000 | 0x20000000 | 0x08000000 | 0x04000000 | 0x40000000
"""Of users, mounts, processes, IPC, host name and network (sched.h)."""
READ_ONLY, NO_SETUID, NO_DEVICES, NO_PROGRAMS = 1, 2, 4, 8
REMOUNT, BIND, RECURSIVE, PRIVATE = 32, 4096, 16384, 1 << 18
DETACH = 2
DEATH_SIGNAL, NOT_DUMPABLE, CAPABILITY_DROP, SUBREAPER, NO_NEW_PRIVILEGES = 1, 4, 24, 36, 38
CAPABILITIES = 64
PIVOT_ROOT = {"x86_64": 155, "aarch64": 41, "ppc64le": 203, "s390x": 217, "riscv64": 41}
CAPSET = {"x86_64": 126, "aarch64": 91, "ppc64le": 184, "s390x": 185, "riscv64": 91}
CAPSET_VERSION = 0x20080522
GET_FLAGS, SET_FLAGS, UP = 0x8913, 0x8914, 1
HIDDEN = ("kcore", "keys", "kmsg", "sysrq-trigger", "timer_list", "kpagecount", "kpageflags")
DEVICES = ("null", "zero", "full", "random", "urandom")
BLOCK = 65536

libc = ctypes.CDLL(None, use_errno=True)


# Of the system calls that no notebook needs: those of keys, of the kernel's own machinery, and of
# namespaces and mounts, by architecture.
MACHINES = {
    "x86_64": (
        0xC000003E,
        41,
        (
            *(101, 134, 135, 155, 161, 163, 165, 166, 167, 168, 169, 170, 171, 172, 173, 175, 176),
            *(246, 248, 249, 250, 272, 298, 304, 308, 310, 311, 312, 313, 320, 321, 323),
            *(425, 426, 427, 428, 429, 430, 431, 432, 433, 438, 442),
        ),
    ),
    "aarch64": (
        0xC00000B7,
        198,
        (
            *(39, 40, 41, 51, 89, 97, 104, 105, 106, 117, 217, 218, 219, 224, 225, 241, 265, 268),
            *(270, 271, 272, 273, 280, 282, 294),
            *(425, 426, 427, 428, 429, 430, 431, 432, 433, 438, 442),
        ),
    ),
}
"""The architecture's mark, its ``socket``, and its calls that are refused (unistd.h)."""
LOAD, EQUAL, AT_LEAST, ANSWER = 0x20, 0x15, 0x35, 0x06
ALLOW, REFUSE = 0x7FFF0000, 0x00050001
SET_FILTER, FILTER = 22, 2
FAMILIES = (38, 40)
"""Sockets of the kernel's cryptography, and of the machine that this one is a guest of."""
JOIN_KEYRING = {"x86_64": 250, "aarch64": 219}


class EnclosureError(Exception):
    """The machine does not give what is asked for."""


def called(function: str, *arguments: Any) -> None:
    """Call a function of the C library; raise :class:`EnclosureError` where it fails."""
    given = [os.fsencode(each) if isinstance(each, (str, Path)) else each for each in arguments]
    if getattr(libc, function)(*given) < 0:
        raise EnclosureError(f"{function}: {os.strerror(ctypes.get_errno())}")


def unshare_namespaces() -> None:
    """Leave this machine's namespaces for new ones, as a user without rights on it."""
    user, group = os.geteuid(), os.getegid()
    called("unshare", NEW_NAMESPACES)
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{CALLER} {user} 1"),
        ("gid_map", f"{CALLER} {group} 1"),
    ):
        Path("/proc/self", name).write_text(text, encoding="ascii")


def mounted(source: Any, target: Path, kind: Any, flags: int, options: Any = None) -> None:
    called("mount", source, target, kind, flags, options)


def mount_root(root: Path, shown: list[list[Any]]) -> None:
    """Make ``root`` the file system: what is ``shown``, and nothing else of this machine."""
    mounted(None, Path("/"), None, RECURSIVE | PRIVATE)
    mounted("tmpfs", root, "tmpfs", NO_SETUID | NO_DEVICES, "mode=755,size=512m")
    for folder in ("proc", "dev", "tmp", "run", "var/tmp"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    mounted("tmpfs", root / "tmp", "tmpfs", NO_SETUID | NO_DEVICES, "mode=1777,size=2g")
    _devices(root / "dev")
    for here, there, writable in shown:
        _show(Path(here), root / there.lstrip("/"), writable=writable)
    mounted("proc", root / "proc", "proc", NO_SETUID | NO_DEVICES | NO_PROGRAMS)
    for name in HIDDEN:
        if (root / "proc" / name).exists():
            mounted("/dev/null", root / "proc" / name, None, BIND)
    # No namespaces inside of these: fewer ways into the kernel.
    for name in ("user", "mnt", "net"):
        limit = root / "proc/sys/user" / f"max_{name}_namespaces"
        with suppress(OSError):
            limit.write_text("0", encoding="ascii")
    # Whoever runs this as root would else own the kernel's settings.
    for name in ("sys", "irq", "bus", "fs"):
        if (root / "proc" / name).exists():
            mounted(root / "proc" / name, root / "proc" / name, None, BIND | RECURSIVE)
            _read_only(root / "proc" / name)
    old = root / "run/old"
    old.mkdir()
    if libc.syscall(PIVOT_ROOT[os.uname().machine], bytes(root), bytes(old)) < 0:
        raise EnclosureError(f"pivot_root: {os.strerror(ctypes.get_errno())}")
    os.chdir("/")
    called("umount2", "/run/old", DETACH)
    Path("/run/old").rmdir()
    _read_only(Path("/"))


def _devices(folder: Path) -> None:
    mounted("tmpfs", folder, "tmpfs", NO_SETUID, "mode=755,size=64k")
    for name in DEVICES:
        (folder / name).touch()
        mounted(f"/dev/{name}", folder / name, None, BIND)
    (folder / "shm").mkdir()
    mounted("tmpfs", folder / "shm", "tmpfs", NO_SETUID | NO_DEVICES, "mode=1777,size=512m")
    (folder / "pts").mkdir()
    mounted("devpts", folder / "pts", "devpts", NO_SETUID, "newinstance,ptmxmode=0666,mode=620")
    for name, target in (
        ("ptmx", "pts/ptmx"),
        ("fd", "/proc/self/fd"),
        ("stdin", "/proc/self/fd/0"),
        ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"),
    ):
        (folder / name).symlink_to(target)


def _show(here: Path, there: Path, *, writable: bool) -> None:
    if here.is_symlink() and not writable:
        # Such as /bin, a link to usr/bin.
        there.parent.mkdir(parents=True, exist_ok=True)
        if not there.is_symlink():
            there.symlink_to(here.readlink())
        return
    if here.is_dir():
        there.mkdir(parents=True, exist_ok=True)
    else:
        there.parent.mkdir(parents=True, exist_ok=True)
        there.touch()
    mounted(here, there, None, BIND | RECURSIVE)
    if writable:
        _restricted(there, 0)
    else:
        _read_only(there)


def _read_only(folder: Path) -> None:
    """Make a mount, and those below it, readable alone."""
    for point in [folder, *_below(folder)]:
        _restricted(point, READ_ONLY)


def _restricted(point: Path, more: int) -> None:
    # What was forbidden there before may not be allowed by whoever is no administrator.
    found = os.statvfs(point).f_flag
    kept = found & (READ_ONLY | NO_SETUID | NO_DEVICES | NO_PROGRAMS | 1024 | 2048 | 4096)
    flags = kept & 15
    flags |= (1024 if kept & 1024 else 0) | (2048 if kept & 2048 else 0)
    flags |= (1 << 21) if kept & 4096 else 0
    devices = 0 if "/dev" in str(point) else NO_DEVICES
    mounted(None, point, None, REMOUNT | BIND | flags | NO_SETUID | devices | more)


def _below(folder: Path) -> Iterator[Path]:
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines():
        point = Path(line.split()[4].replace("\\040", " "))
        if folder in point.parents and folder != Path("/"):
            yield point


def loopback() -> None:
    """Switch the network of the new namespace on: it has its loopback interface alone."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
        name = struct.pack("16sh14s", b"lo", 0, b"")
        flags = struct.unpack("16sh14s", fcntl.ioctl(device, GET_FLAGS, name))[1]
        fcntl.ioctl(device, SET_FLAGS, struct.pack("16sh14s", b"lo", flags | UP, b""))


def drop_capabilities() -> None:
    """Give up every right that the new namespace gives its first process."""
    for number in range(CAPABILITIES):
        libc.prctl(CAPABILITY_DROP, number, 0, 0, 0)
    header = struct.pack("Ii", CAPSET_VERSION, 0)
    if libc.syscall(CAPSET[os.uname().machine], header, bytes(24)) < 0:
        raise EnclosureError(f"capset: {os.strerror(ctypes.get_errno())}")
    called("prctl", NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    filtered()


def filtered() -> None:
    """Refuse system calls that no notebook needs, on the architectures that are known here."""
    known = MACHINES.get(os.uname().machine)
    if known is None:
        return
    mark, opens, refused = known
    # Offsets in struct seccomp_data: of the number 0, the architecture 4, the first argument 16.
    lines: list[tuple[int, int, int, int]] = [
        (LOAD, 0, 0, 4),
        (EQUAL, 1, 0, mark),
        (ANSWER, 0, 0, REFUSE),
        (LOAD, 0, 0, 0),
        # Numbers of another way to call the same.
        (AT_LEAST, 0, 1, 0x40000000),
        (ANSWER, 0, 0, REFUSE),
    ]
    for number in refused:
        lines += [(EQUAL, 0, 1, number), (ANSWER, 0, 0, REFUSE)]
    lines += [(EQUAL, 0, 1 + 2 * len(FAMILIES), opens), (LOAD, 0, 0, 16)]
    for family in FAMILIES:
        lines += [(EQUAL, 0, 1, family), (ANSWER, 0, 0, REFUSE)]
    lines.append((ANSWER, 0, 0, ALLOW))
    packed = b"".join(struct.pack("HBBI", *line) for line in lines)
    program = ctypes.create_string_buffer(packed)
    header = struct.pack("HxxxxxxP", len(lines), ctypes.addressof(program))
    called("prctl", SET_FILTER, FILTER, header, 0, 0)


def of_no_session() -> None:
    """Leave the keys of whoever runs this, and be the first to end where memory runs out."""
    number = JOIN_KEYRING.get(os.uname().machine)
    if number is not None:
        libc.syscall(number, 1, None)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


def forward_port(server: socket.socket, way: str) -> None:
    """Lead what connects to a port of the loopback interface to a socket in the file system."""
    while True:
        near, _ = server.accept()
        threading.Thread(target=_joined, args=(near, way), daemon=True).start()


def _joined(near: socket.socket, way: str) -> None:
    far = socket.socket(socket.AF_UNIX)
    try:
        far.connect(way)
    except OSError:
        near.close()
        return
    join(near, far)
    near.close()
    far.close()


def join(near: socket.socket, far: socket.socket) -> None:
    """Pass on what either end says until both have ended."""
    back = threading.Thread(target=_pour, args=(far, near), daemon=True)
    back.start()
    _pour(near, far)
    back.join()


def _pour(source: socket.socket, target: socket.socket) -> None:
    try:
        while block := source.recv(BLOCK):
            target.sendall(block)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def limited(limits: dict[str, int]) -> None:
    """Set the limits of the present process, which all that it starts inherit."""
    for name, value in {**limits, "CORE": 0}.items():
        number = getattr(resource, f"RLIMIT_{name}", None)
        if number is None:
            continue
        _, most = resource.getrlimit(number)
        least = value if most == resource.RLIM_INFINITY else min(value, most)
        with suppress(OSError, ValueError):  # macOS takes no limit of the address space
            resource.setrlimit(number, (least, least))


def exit_with_parent() -> None:
    """End with whoever holds the other end of the standard input."""
    while os.read(0, 1):
        continue
    end_descendants()
    os._exit(1)


def end_descendants() -> None:
    """Kill all that descends from this process, and what it starts meanwhile."""
    for _ in range(500):
        descendants = children_of(os.getpid())
        if not descendants:
            return
        for process in descendants:
            with suppress(OSError):
                os.kill(process, signal.SIGKILL)
        time.sleep(0.01)


def children_of(process: int) -> list[int]:
    """Return the processes that descend from one, as Linux tells; none elsewhere."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            text = (folder / "stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        state, parent = text.rpartition(")")[2].split()[:2]
        if state != "Z":
            parents[int(folder.name)] = int(parent)
    found, new = [], [process]
    while new:
        new = [pid for pid, parent in parents.items() if parent in new]
        found += new
    return found


def run(spec: dict[str, Any]) -> int:
    """Run the program and wait for it; return its exit code when nothing of it runs any more."""
    ways = [
        (socket.create_server(("127.0.0.1", port), backlog=128), way)
        for port, way in spec.get("ways", [])
    ]
    child = os.fork()
    if not child:
        try:
            os.setsid()
            null = os.open(os.devnull, os.O_RDONLY)
            os.dup2(null, 0)
            os.chdir(spec["folder"])
            os.umask(0o022)
            limited(spec["limits"])
            os.execve(spec["command"][0], spec["command"], spec["variables"])  # noqa: S606
        except BaseException as error:  # noqa: BLE001 - nothing of the parent may go on here
            sys.stderr.write(f"{error}\n")
            sys.stderr.flush()
        finally:
            os._exit(127)
    threading.Thread(target=exit_with_parent, daemon=True).start()
    for server, way in ways:
        threading.Thread(target=forward_port, args=(server, way), daemon=True).start()
    while True:
        ended, status = os.wait()
        if ended == child:
            return os.waitstatus_to_exitcode(status)


def inside(spec: dict[str, Any]) -> int:
    """Run it as the first process of the new namespaces; when this ends, all of it does."""
    called("prctl", DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
    of_no_session()
    loopback()
    called("sethostname", "notebook", len("notebook"))
    mount_root(Path(spec["root"]), spec["shown"])
    drop_capabilities()
    called("prctl", NOT_DUMPABLE, 0, 0, 0, 0)
    return run(spec)


def main() -> int:
    spec = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    if not spec.get("root"):
        if sys.platform == "linux":
            libc.prctl(SUBREAPER, 1, 0, 0, 0)
        code = abs(run(spec))
        end_descendants()
        return code
    try:
        unshare_namespaces()
        first = os.fork()
        if not first:
            code = 126
            try:
                code = inside(spec)
            except (EnclosureError, OSError) as error:
                sys.stderr.write(f"{error}\n")
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code if 0 <= code < 128 else 1)  # noqa: PLR2004 - killed by a signal
    except (EnclosureError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 126
    # The first process inside is the one that reads the lifeline.
    os.close(0)
    _, status = os.waitpid(first, 0)
    return abs(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    sys.exit(main())
