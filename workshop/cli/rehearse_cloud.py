"""The local cloud of a rehearsal, with the seat deployed to it as to AWS."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from localcloud import environment as cloud_environment
from localcloud import process
from localcloud.record import Running
from localcloud.transitions import TRANSITIONS
from workshop import files
from workshop.cli import console, one_run
from workshop.config import command_line
from workshop.config.environment import LoadedEnvironment
from workshop.config.roster import Seat
from workshop.demo import program as subprocess
from workshop.errors import WorkshopError

STATE_DIR = files.STATE / "rehearsals"
PLAYED = tuple(name for name in TRANSITIONS if name not in ("notebook", "stopping", "tick"))
SECONDS = 0.4
"""What each of these takes on the rehearsal's cloud, where waiting goes fifty times as fast."""
AMPLE = 100_000
"""Of each machine, as many as no roster needs."""


@contextmanager
def running(loaded: LoadedEnvironment, seat: Seat, *, keep: bool) -> Iterator[Running]:
    """Run a local cloud with the seat in it until the block ends; a kept one stays."""
    state = STATE_DIR / "cloud"
    files.make_folder(state)
    with one_run.alone(STATE_DIR, "rehearsal"):
        yield from _running(loaded, seat, state, keep=keep)


def _running(
    loaded: LoadedEnvironment, seat: Seat, state: Path, *, keep: bool
) -> Iterator[Running]:
    running = process.status(state)
    wrong = running and (running.account, running.region) != (seat.account, seat.region)
    if running and (wrong or not running.enforce_iam):
        process.stop(state)
    started = process.start(
        state,
        account=seat.account,
        region=seat.region,
        enforce_iam=True,
        delays={**dict.fromkeys(PLAYED, SECONDS), "notebook": 0, "stopping": 0.2, "tick": 0.1},
    )
    try:
        _grant_quotas(started.running)
        _deploy(loaded, seat, started.running, state)
        yield started.running
    finally:
        if keep:
            console.say(f'the cloud stays: eval "$({process.command("env", state)})"')
        else:
            process.stop(state)


def in_its_account(loaded: LoadedEnvironment, seat: Seat, folder: Path) -> Path:
    """Write the environment as if the seat's account were its own, and return the folder.

    The local cloud has that account alone, in which the seat's names are the same: no role is taken
    on there, and no organization deploys to it.
    """
    files.make_folder(folder)
    environment = yaml.safe_load(loaded.path.read_text(encoding="utf-8"))
    environment.pop("accounts", None)
    own = {"account": seat.account, "region": seat.region, "roster": {"file": "seat.csv"}}
    text = yaml.safe_dump({**environment, **own}, sort_keys=False)
    (folder / loaded.path.name).write_text(text, encoding="utf-8")
    roster = f"id,profile\n{seat.attendee},{seat.profile}\n"
    (folder / "seat.csv").write_text(roster, encoding="utf-8")
    if (images := loaded.path.parent / "images").is_dir():
        shutil.copytree(images, folder / "images", dirs_exist_ok=True)
    return folder


def _grant_quotas(running: Running) -> None:
    """Let the rehearsal's account have machines enough for all seats: AWS's defaults give it none.

    Whether the workshop's own account has them, ``workshop preflight`` tells.
    """
    rows = process.set_quotas(running, show="all")["quotas"]
    names = [row["name"] for row in rows if row["service"] == "sagemaker"]
    process.set_quotas(running, sagemaker=dict.fromkeys(names, AMPLE))


def _deploy(loaded: LoadedEnvironment, seat: Seat, running: Running, state: Path) -> None:
    """Deploy the seat as ``workshop deploy`` does, in a folder of its own.

    What the command keeps of an environment is then not that of the workshop on AWS.
    """
    console.say(f"deploying {seat.id} to a local cloud; templates take up to a minute")
    variables = cloud_environment.applied(
        os.environ, cloud_environment.variables(running, state.resolve())
    )
    program = Path(sys.executable).with_name("workshop")
    folder = files.make_folder(STATE_DIR / "deployed")
    config, who = loaded.path.parent, seat.id
    if seat.account != loaded.home.account:
        config, who = in_its_account(loaded, seat, folder / "config"), seat.attendee
    here = command_line.environment_anywhere(loaded.name, config)
    command = [str(program), "deploy", *here, "--only", who]
    last: list[str] = []
    with subprocess.running(command, variables, folder=folder, heard=True) as started:
        assert started.stdout is not None  # noqa: S101 - a pipe was asked for
        for line in started.stdout:
            last = [*last[-20:], line]
        code = started.wait()
    if code:
        raise WorkshopError(
            "the seat could not be deployed to the local cloud; what workshop deploy said:",
            details="".join(last),
        )
