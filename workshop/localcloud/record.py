"""The file in which a local cloud says where it is: ``cloud.json`` in its state directory."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

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

    @property
    def endpoint(self) -> str:
        """The address every AWS client is pointed at."""
        return f"http://127.0.0.1:{self.port}"


def write(state_dir: Path, running: Running) -> None:
    """Write the file at once as a whole, so that no reader sees half of it."""
    path = state_dir / FILE
    draft = path.with_name(f"{FILE}.{running.instance}")
    draft.write_text(json.dumps(asdict(running), indent=2) + "\n", encoding="utf-8")
    draft.replace(path)


def read(state_dir: Path) -> Running | None:
    """Give what the file says, or None when there is none or it is not ours to understand."""
    try:
        return Running(**json.loads((state_dir / FILE).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError):
        return None


def remove(state_dir: Path, instance: str) -> None:
    """Remove the file if it still speaks of ``instance``."""
    running = read(state_dir)
    if running is not None and running.instance == instance:
        (state_dir / FILE).unlink(missing_ok=True)
