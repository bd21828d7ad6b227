"""A session with a seat's EC2 instance from this machine: what ``connect --run`` starts."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from workshop import events
from workshop.cli import console
from workshop.cli.context import CommandContext
from workshop.config.roster import Seat
from workshop.connect import credentials
from workshop.connect.boxes import SeatBox
from workshop.connect.lines import BoxAddress, System
from workshop.connect.ways import AWS_CLI, INSTALLING, PLUGIN, SERVERS, SSH, Ide
from workshop.errors import UsageError

RUNNABLE = frozenset({Ide.JUPYTER, Ide.CODE, Ide.SSH, Ide.SHELL})
"""What begins at once; any other IDE needs its lines in ``~/.ssh/config``."""
_PROGRAMS = {"aws": AWS_CLI, "session-manager-plugin": PLUGIN, "ssh": SSH, "ssh-keygen": SSH}


def run(work: CommandContext, seat: Seat, box: SeatBox, ide: Ide) -> int:
    """Run the session until it is left, and return its exit code.

    Raise UsageError where a program that it needs is not installed.
    """
    over_ssh = ide is Ide.SSH
    for program in [*_PROGRAMS][: None if over_ssh else 2]:
        if shutil.which(program) is None:
            package = _PROGRAMS[program]
            raise UsageError(f"{program} is not here; install {package}: {INSTALLING[package]}")
    address = BoxAddress(work.loaded.names(seat).box, box.id, seat.region)
    variables = _variables(work, seat)
    if over_ssh:
        return _ssh(address, variables)
    command = address.shell
    if server := SERVERS.get(ide):
        command = address.forwarding(server)
        console.say(f"open {server.address} in a browser of this machine; end it with Ctrl-C")
    return _wait(["/bin/sh", "-c", f"exec {command}"] if os.name == "posix" else command, variables)


def _variables(work: CommandContext, seat: Seat) -> dict[str, str]:
    """Return the environment of the session: with the seat's credentials, or with yours."""
    inherited = dict(os.environ)
    if not work.loaded.settings.profiles[seat.profile].access.console_organisers:
        console.say("the session is yours, since organisers have no role of the seat's")
        return inherited
    given = credentials.of_seat(work.clients, work.loaded, seat, now=events.now())
    inherited.pop("AWS_PROFILE", None)
    return {**inherited, **given.variables}


def _ssh(address: BoxAddress, variables: Mapping[str, str]) -> int:
    with TemporaryDirectory(prefix="workshop-") as folder:
        key, config = Path(folder) / "key", Path(folder) / "config"
        made = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)]
        subprocess.run(made, check=True)
        system: System = "windows" if os.name == "nt" else "linux"
        block = address.ssh_config(system, key=key.as_posix())
        config.write_text(f"{block}\n    UserKnownHostsFile {key.as_posix()}.hosts\n")
        return _wait(["ssh", "-F", str(config), address.host], variables)


def _wait(command: list[str] | str, variables: Mapping[str, str]) -> int:
    """Run a program that shares this terminal, whose Ctrl-C is its own."""
    process = subprocess.Popen(command, env=dict(variables))
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue
