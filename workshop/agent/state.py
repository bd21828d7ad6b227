"""What a workbench is like, as an attendee would find it: for the agent's report."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from workshop.agent import files
from workshop.agent.saving import BucketStore

KERNEL = """
from jupyter_client.manager import start_new_kernel
manager, client = start_new_kernel(startup_timeout=40)
try:
    reply = client.execute_interactive("1 + 1", timeout=20, output_hook=lambda _: None)
    assert reply["content"]["status"] == "ok", reply["content"]
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=True)
"""
"""Starts a kernel of the environment that it runs in, as JupyterLab does, and runs a cell."""
LOOKED = 900
"""Seconds for which a look of the idle stop counts; it looks every five minutes."""
MOST_KERNELS = 3
KERNEL_SECONDS = 60


def of_disk(home: Path, environment: Mapping[str, str]) -> dict[str, Any]:
    """Return what the attendee's files show: room, content, packages and failed set-up."""
    folders = environment.get("WORKSHOP_CONTENT", "").split()
    return {
        "disk_free": files.free(home),
        "content": all(_has_files(home / folder) for folder in folders) if folders else None,
        "packages": _packages(home) if environment.get("WORKSHOP_PACKAGES") else None,
        "set_up": _first_lines(home / "WORKSHOP-START.txt"),
    }


def _has_files(folder: Path) -> bool:
    try:
        return any(folder.iterdir())
    except OSError:
        return False


def _packages(home: Path) -> str:
    """``done``, ``failed``, or ``installing`` while the log has no end."""
    lines = _first_lines(home / "workshop-packages.log", last=True).splitlines()
    end = lines[-1] if lines else ""
    if end.startswith("== failed"):
        return "failed"
    return "done" if end == "== done" else "installing"


def _first_lines(path: Path, *, last: bool = False) -> str:
    """Return the beginning of a small text, or its end; empty if there is none."""
    try:
        with files.opened(path) as file:
            if last:
                file.seek(max(0, os.fstat(file.fileno()).st_size - 500))
            return file.read(500).decode("utf-8", "replace").strip()
    except OSError:
        return ""


def last_use(root: Path, now: float) -> float | None:
    """Return when an EC2 instance was last used; None where its idle stop has not looked lately.

    The file that it notes has this as its time of change, and the look as that of access.
    """
    try:
        noted = (root / "home/ec2-user/.workshop-used").stat()
    except OSError:
        return None
    return noted.st_mtime if abs(now - noted.st_atime) < LOOKED else None


def datasets(store: BucketStore) -> str:
    """Return why the shared datasets cannot be read, empty if they can."""
    try:
        listed = store.s3.list_objects_v2(
            Bucket=store.bucket, MaxKeys=1, ExpectedBucketOwner=store.account
        )
        for item in listed.get("Contents", []):
            store.get(item["Key"])["Body"].close()
    except (BotoCoreError, ClientError) as error:
        return str(error)[:300]
    return ""


def kernels(root: Path) -> dict[str, str]:
    """Return why no kernel of an environment starts, by environment; empty for one that does."""
    found: dict[str, str] = {}
    for python in sorted((root / "home/ec2-user/anaconda3/envs").glob("*/bin/python")):
        name = python.parent.parent.name
        if name == "JupyterSystemEnv" or len(found) == MOST_KERNELS:
            continue
        if not any(python.parent.parent.glob("lib/python3*/site-packages/ipykernel")):
            continue
        found[name] = _starts(python)
    return found


def _starts(python: Path) -> str:
    try:
        ran = subprocess.run(
            [python, "-c", KERNEL],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=KERNEL_SECONDS,
        )
    except (OSError, subprocess.SubprocessError) as error:
        return str(error)[-300:]
    if ran.returncode == 0:
        return ""
    # The last line of a traceback says what went wrong.
    return (ran.stderr.strip() or "it ended").splitlines()[-1][:300]
