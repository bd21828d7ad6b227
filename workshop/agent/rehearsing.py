"""Begins what the organiser asks to be rehearsed here: notebooks, run in this seat for real.

``workshop rehearse --on-aws`` lays notebooks, and the programs that run them, into the seat's own
bucket. They are unpacked into a folder of their own, outside of the files that are saved, and run
as the notebook's user with the seat's role. The agent does not wait for them: it saves meanwhile.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from workshop.agent.saving import BucketStore

PREFIX = ".workshop/rehearsals/"
"""Below which keys of rehearsals are, in the seat's bucket."""
SENT = "sent.zip"
RESULT = "result.jsonl"
FOLDER = "home/ec2-user/rehearsals"
PROGRAM = "programs/on_notebook.py"


def begin(request: dict[str, Any], own: BucketStore, root: Path) -> None:
    """Unpack what a request names and run it; nothing where it is there no more."""
    prefix = str(request.get("prefix"))
    name = prefix[len(PREFIX) :].strip("/")
    folder = root / FOLDER / name
    if not prefix.startswith(PREFIX) or not name or set(name) & {"/", "."} or folder.exists():
        return
    with tempfile.TemporaryFile() as file:
        try:
            shutil.copyfileobj(own.get(f"{prefix}{SENT}")["Body"], file)
        except ClientError as error:
            if error.response["Error"]["Code"] in ("NoSuchKey", "404"):
                return
            raise
        folder.mkdir(mode=0o700, parents=True)
        with zipfile.ZipFile(file) as sent:
            sent.extractall(folder)
    with (folder / "log.txt").open("wb") as log:
        subprocess.Popen(
            [sys.executable, "-s", PROGRAM, str(root), own.bucket, own.account, prefix],
            cwd=folder,
            env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
