"""The file that says where a local cloud is: ``cloud.json`` in its state directory.

It holds the secret of this start too, so all of the directory is its owner's alone.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path

from localcloud import state_files
from localcloud.errors import LocalCloudError

FILE = "cloud.json"
LOG = "cloud.log"


@dataclass(frozen=True)
class Running:
    """One running local cloud; ``started`` in seconds since the epoch."""

    instance: str
    pid: int
    port: int
    account: str
    region: str
    persist: bool
    started: float
    enforce_iam: bool = False
    secret: str = field(default="", repr=False)
    """Made at this start; whoever knows it can do everything here."""

    @property
    def endpoint(self) -> str:
        """The address every AWS client is pointed at."""
        return f"http://127.0.0.1:{self.port}"


def make_private(state_dir: Path) -> None:
    """Make the directory of a local cloud, readable by its owner alone.

    Raise ``LocalCloudError`` if it is another user's, who could serve a cloud of theirs.
    """
    state_files.make_folder(state_dir)
    if state_dir.stat().st_uid != os.geteuid():
        raise LocalCloudError(
            f"{state_dir} belongs to another user; choose another directory with --state-dir"
        )


def write(state_dir: Path, running: Running) -> None:
    """Write the file in one step, so that no reader sees half of it."""
    state_files.write(state_dir / FILE, json.dumps(asdict(running), indent=2) + "\n")


def read(state_dir: Path) -> Running | None:
    """Return what the file says, or None if it is missing or in another form.

    Raise ``LocalCloudError`` if it is another user's.
    """
    path = state_dir / FILE
    try:
        with path.open(encoding="utf-8") as file:
            mine = os.fstat(file.fileno()).st_uid == os.geteuid()
            found = Running(**json.load(file)) if mine else None
    except FileNotFoundError:
        return None
    except PermissionError:
        mine = False
    except (ValueError, TypeError):
        return None
    if not mine:
        raise LocalCloudError(
            f"{path} belongs to another user, whose local cloud serves nobody else; "
            "start one of your own with: workshop cloud start --state-dir DIR"
        )
    return found


def remove(state_dir: Path, instance: str) -> None:
    """Remove the file if it still speaks of ``instance``."""
    running = read(state_dir)
    if running is not None and running.instance == instance:
        (state_dir / FILE).unlink(missing_ok=True)
