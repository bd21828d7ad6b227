"""Notebooks that live: their start script and agent run for real, with a seat's own role."""

from __future__ import annotations

import json
import os
import subprocess
from functools import cache
from pathlib import Path

from tests.support import prepared
from tests.support.lifecycle_scripts import Sandbox, on_start
from tests.support.seats import Seats
from tests.support.workshop_command import Ran, on_the_path, run
from workshop.naming import Names


@cache
def _agent() -> Path:
    """What ``python -m workshop.agent.run`` does, with the AWS SDK but nothing of ours imported."""
    return prepared.for_good("tests.support.shared:read_models").program(
        "agent", "workshop.agent.run"
    )


class LiveWorkbench:
    """A notebook's file system, set up by the start script from the parameters in the cloud."""

    def __init__(self, root: Path, seats: Seats, names: Names) -> None:
        root.mkdir()
        self.sandbox = Sandbox(root)
        self.cloud = seats.root.as_role(names.role_arn)
        self.names = names
        self.exported: dict[str, str] = {}
        """Variables that the agent has beside those of the start script, and over them."""
        given = self.cloud.credentials
        self.variables = {
            "AWS_ACCESS_KEY_ID": given["aws_access_key_id"],
            "AWS_SECRET_ACCESS_KEY": given["aws_secret_access_key"],
            "AWS_SESSION_TOKEN": given["aws_session_token"],
            "AWS_ENDPOINT_URL": self.cloud.endpoint,
        }
        exports = "; ".join(f"export {key}={value}" for key, value in self.variables.items())
        self.sandbox.command("aws", f'{exports}; exec {on_the_path()}/aws "$@"')
        metadata = root / "opt/ml/metadata/resource-metadata.json"
        metadata.parent.mkdir(parents=True)
        metadata.write_text(
            json.dumps({"ResourceArn": names.notebook_arn, "ResourceName": names.notebook})
        )

    def start(self) -> subprocess.CompletedProcess[str]:
        values = {
            "region": self.names.region,
            "parameters_path": self.names.start_parameters,
            "role_arn": self.names.role_arn,
            "buckets": {"data": (self.names.bucket("data"), ())},
            "datasets_bucket": self.names.datasets_bucket,
            "content": (),
            "packages": (),
        }
        return self.sandbox.run(on_start(**values))

    def round(self, *arguments: str) -> str:
        """One round of the agent that the start script wrote, with the seat's own role."""
        root = self.sandbox.root
        program = '. "$0/etc/profile.d/workshop.sh"; exec env "$@"'
        # The script is one for all seats; its stack fills in whose it is.
        more = {"WORKSHOP_SEAT": self.names.seat, **self.exported}
        exported = [f"{key}={value}" for key, value in more.items()]
        ran = subprocess.run(
            [
                *("/bin/bash", "-c", program, str(root), *exported, str(_agent())),
                *("--root", str(root), *arguments),
            ],
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(root / "opt/workshop/lib"),
                "WORKSHOP_CONTENT": "",
                "WORKSHOP_PACKAGES": "",
                "AWS_CONFIG_FILE": os.devnull,
                "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
                **self.variables,
            },
            cwd=root,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        return f"{ran.stdout}{ran.stderr}"

    def write(self, path: str, text: str) -> None:
        file = self.sandbox.home / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def read(self, path: str) -> str:
        return (self.sandbox.home / path).read_text()


class Asker:
    """The organiser's commands for the environment in a folder."""

    def __init__(self, config: Path) -> None:
        self.config = config

    def command(self, *arguments: str) -> Ran:
        return run(*arguments, "-e", "demo", "--config-dir", str(self.config))
