"""The file in which a local cloud says where it is: ``cloud.json`` in its state directory.

It holds the secret of this start too, so all of the directory is its owner's alone.
"""

from __future__ import annotations

import json
import os
import stat
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from workshop.errors import LocalCloudError

if TYPE_CHECKING:
    from pathlib import Path

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
    """Made at this start; who knows it can do everything here."""

    @property
    def endpoint(self) -> str:
        """The address every AWS client is pointed at."""
        return f"http://127.0.0.1:{self.port}"


def make_private(state_dir: Path) -> None:
    """Make the directory of a local cloud, or take it from all but its owner.

    Raise ``LocalCloudError`` if it is another user's, who could give us a cloud of theirs.
    """
    state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = state_dir.stat()
    if found.st_uid != os.geteuid():
        raise LocalCloudError(
            f"{state_dir} belongs to another user; choose another directory with --state-dir"
        )
    if stat.S_IMODE(found.st_mode) != 0o700:  # noqa: PLR2004 - as chmod writes it
        state_dir.chmod(0o700)


def owned(path: str, flags: int) -> int:
    """Open a new file for its owner alone: an ``opener`` for ``open``."""
    return os.open(path, flags, 0o600)


def write(state_dir: Path, running: Running) -> None:
    """Write the file at once as a whole, so that no reader sees half of it."""
    path = state_dir / FILE
    draft = path.with_name(f"{FILE}.{running.instance}")
    with open(draft, "w", encoding="utf-8", opener=owned) as file:
        file.write(json.dumps(asdict(running), indent=2) + "\n")
    draft.replace(path)


def read(state_dir: Path) -> Running | None:
    """Give what the file says, or None when there is none or it is not ours to understand.

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
