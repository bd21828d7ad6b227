"""Runs a rehearsal on a seat's own notebook, and lays what became of it into the seat's bucket.

The notebook's agent begins it, as the notebook's user: ``python on_notebook.py ROOT BUCKET ACCOUNT
PREFIX`` in the folder of the rehearsal, which it deletes at the end. It ends with its time, and as
soon as what was sent is in the bucket no more: so the organiser ends it. Needs Python 3.9 and
boto3; the notebooks are run by an environment of the notebook that has nbclient, Jupyter's own.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

TYPE_CHECKING = False  # as type checkers know it; typing takes long to import
if TYPE_CHECKING:
    from typing import Any

MOST = 50_000_000
"""Bytes of the result."""
LAST = 20
"""Seconds for the program to end its kernels."""
JUPYTER = "JupyterSystemEnv"


class NotebookRehearsal:
    """One rehearsal, in the folder that it was unpacked into."""

    def __init__(self, root: Path, bucket: str, account: str, prefix: str) -> None:
        self.root, self.folder, self.prefix = root, Path.cwd(), prefix
        self.spec: dict[str, Any] = json.loads((self.folder / "spec.json").read_text("utf-8"))
        self.home = root / "home/ec2-user"
        self.where: dict[str, Any] = {"Bucket": bucket, "ExpectedBucketOwner": account}
        config = Config(connect_timeout=5, read_timeout=30, retries={"total_max_attempts": 3})
        self.s3: Any = boto3.client("s3", region_name=self.spec["region"], config=config)
        self.lines = self.folder / "lines.jsonl"
        self.sent = -1

    def run(self) -> None:
        """Run all notebooks, and tell at the end that it was all."""
        kept = self.keep_running()
        try:
            why = self.rehearse()
            with self.lines.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"event": "over", "why": why}) + "\n")
            self.bring()
        finally:
            with suppress(OSError):
                kept.unlink()
            shutil.rmtree(self.folder, ignore_errors=True)

    def keep_running(self) -> Path:
        """Keep the idle stop away for as long as this may take: waiting for a job is no use."""
        ends = datetime.now(timezone.utc) + timedelta(seconds=self.spec["seconds"])  # noqa: UP017
        file = self.home / "SageMaker/KEEP-RUNNING-rehearsal"
        with suppress(OSError):
            file.write_text(ends.strftime("%Y-%m-%dT%H:%MZ\n"), encoding="utf-8")
        return file

    def rehearse(self) -> str:
        """Run the program to its end; return why it did not come to one, empty if it did."""
        runner = next(filter(self.has_nbclient, self.environments()), None)
        if runner is None:
            return "no Python of this notebook has nbclient, so no notebook can be run"
        (self.folder / "calls.jsonl").touch()
        spec = self.folder / "run.json"
        spec.write_text(json.dumps(self.completed()), encoding="utf-8")
        with self.lines.open("ab") as out:
            started = subprocess.Popen(
                [str(runner), "-I", str(self.folder / "programs/notebooks.py"), str(spec)],
                cwd=self.home / "SageMaker",
                env=self.variables(),
                stdin=subprocess.DEVNULL,
                stdout=out,
                start_new_session=True,
            )
            try:
                return self.followed(started)
            finally:
                self.end(started)

    def followed(self, started: subprocess.Popen[bytes]) -> str:
        """Bring what it prints, until it has ended or has to."""
        deadline = time.monotonic() + self.spec["seconds"] + self.spec["cell_seconds"] + 60
        while True:
            with suppress(subprocess.TimeoutExpired):
                code = started.wait(self.spec["poll"])
                return f"it ended with exit code {code}" if code else ""
            if not self.bring():
                return "the organiser ended it"
            if time.monotonic() > deadline:
                return "it took longer than it may"

    @staticmethod
    def end(started: subprocess.Popen[bytes]) -> None:
        """End the program; kernels end with it."""
        if started.poll() is None:
            started.terminate()
            with suppress(subprocess.TimeoutExpired):
                started.wait(LAST)
                return
            started.kill()
            started.wait()

    def bring(self) -> bool:
        """Lay what was printed into the bucket; return whether the rehearsal is to go on."""
        result = f"{self.prefix}result.jsonl"
        try:
            with self.lines.open("rb") as file:
                text = file.read(MOST)
            if len(text) != self.sent:
                self.s3.put_object(**self.where, Key=result, Body=text)
                self.sent = len(text)
            self.s3.head_object(**self.where, Key=f"{self.prefix}sent.zip")
        except ClientError as error:
            if error.response["Error"]["Code"] in ("404", "NoSuchKey"):
                self.s3.delete_object(**self.where, Key=result)  # it may have come after the end
                return False
            sys.stderr.write(f"{error}\n")  # once more at the next look
        except (BotoCoreError, OSError) as error:
            sys.stderr.write(f"{error}\n")
        return True

    def environments(self) -> list[Path]:
        """Return the Pythons of this notebook, Jupyter's own first."""
        found = sorted(self.home.glob("anaconda3/envs/*/bin/python"))
        return sorted(found, key=lambda python: python.parts[-3] != JUPYTER)

    @staticmethod
    def has_nbclient(python: Path) -> bool:
        """Return whether a Python can run notebooks."""
        command = [str(python), "-I", "-c", "import nbclient, nbformat, jupyter_client"]
        with suppress(OSError, subprocess.SubprocessError):
            return subprocess.run(command, capture_output=True, timeout=60).returncode == 0  # noqa: PLW1510
        return False

    def completed(self) -> dict[str, Any]:
        """Return what the program is told: the notebooks, and the kernels that are here."""
        kernels = {
            f"conda_{python.parts[-3]}": str(python)
            for python in self.environments()
            if python.parts[-3] != JUPYTER
        }
        usual = kernels.get("conda_python3") or next(iter(kernels.values()), sys.executable)
        return {
            **self.spec,
            "content": str(self.folder / "content"),
            "calls": str(self.folder / "calls.jsonl"),
            "python": usual,
            "kernels": kernels,
        }

    def variables(self) -> dict[str, str]:
        """Return the environment of the notebooks: what is noted of calls begins with Python."""
        return {
            **os.environ,
            "HOME": str(self.home),
            # The agent reads no configuration of the attendee's, who may have other accounts.
            "AWS_REGION": self.spec["region"],
            "AWS_DEFAULT_REGION": self.spec["region"],
            "PYTHONPATH": str(self.folder / "python"),
            "WORKSHOP_REHEARSAL_ON_AWS": "yes",
            "WORKSHOP_REHEARSAL_CALLS": str(self.folder / "calls.jsonl"),
        }


if __name__ == "__main__":
    NotebookRehearsal(Path(sys.argv[1]), *sys.argv[2:]).run()
