"""Renders the notebook's lifecycle scripts and runs them for real, in a folder."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from workbench import lifecycle_scripts, packed
from workshop import tags as tag_rules
from workshop.naming import Names

NAMES = Names.placeholders("vision")
VALUES = {
    "AttendeeId": "ada",
    "AWS::AccountId": "123456789012",
    "AWS::Region": "eu-west-1",
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
}
TAGS = tag_rules.seat_tags(
    workshop="vision",
    environment="prod",
    attendee=NAMES.seat,
    profile="attendee",
    extra={"cost-center": "4711", "team": "on"},
)
TAG_LIST = [
    {"Key": "attendee", "Value": "ada"},
    {"Key": "cost-center", "Value": "4711"},
    {"Key": "environment", "Value": "prod"},
    {"Key": "managed-by", "Value": "workshop-provisioner"},
    {"Key": "profile", "Value": "attendee"},
    {"Key": "team", "Value": "on"},
    {"Key": "workshop", "Value": "vision"},
]
"""The same as SageMaker takes them, for the seat of :data:`VALUES`."""
OPEN = {
    "PUBLIC_BUCKETS": "sagemaker-sample-files,jumpstart-cache-prod-eu-west-1",
    "TRAINING_INSTANCE_TYPES": "ml.m5.large,ml.g5.*",
    "PROCESSING_INSTANCE_TYPES": "ml.m5.large",
    "ENDPOINT_INSTANCE_TYPES": "ml.m5.large,ml.g5.xlarge",
    "MAX_RUNTIME_HOURS": "24",
    "WARM_POOL_MINUTES": "0",
}
"""What the rules of the seat's profile open, by the end of the variable's name."""
CONTENT = "https://git.example.org/ml/hands-on.git"


def start_arguments(**changes: Any) -> dict[str, Any]:
    """What the start script of an ordinary seat is told, with some of it changed."""
    arguments: dict[str, Any] = {
        "region": NAMES.region,
        "parameters_path": NAMES.start_parameters,
        "content": ("hands-on",),
        "tags": TAGS,
        "role_arn": NAMES.role_arn,
        "buckets": {
            "data": (NAMES.bucket("data"), ("train/", "val/", "models/", "raw/images/")),
            "results": (NAMES.bucket("results"), ("reports/",)),
        },
        "datasets_bucket": NAMES.datasets_bucket,
        "repositories": {"training": NAMES.repository_uri("training")},
        "job_prefix": NAMES.job_prefix,
        "model_prefix": True,
        "open_to_seats": OPEN,
        "packages": ("xgboost==3.1.0", "shap>=0.48"),
        "idle_stop_minutes": 45,
        "busy_stop_hours": 10,
        "keep_running_hours": 20,
    }
    return arguments | changes


def on_start(**changes: Any) -> str:
    """The on-start script of an ordinary seat, with some arguments changed."""
    return lifecycle_scripts.on_start(**start_arguments(**changes))


def on_create(
    repository: str | None = CONTENT, branch: str = "main", folder: str = "hands-on"
) -> str:
    clones = [(repository, branch, folder)] if repository else []
    return lifecycle_scripts.on_create(clones=clones)


def substituted(script: str, values: dict[str, str] = VALUES) -> str:
    """What ``Fn::Sub`` makes of it."""
    names = "|".join(values)
    text = re.sub(rf"\$\{{({names})\}}", lambda found: values[found[1]], script)
    return text.replace("${!", "${")


@dataclass
class Sandbox:
    """A folder that stands for the notebook's file system, with commands that only take notes."""

    root: Path

    def __post_init__(self) -> None:
        self.home.mkdir(parents=True)
        (self.root / "bin").mkdir()
        # As ec2-user means as whoever runs the tests; what was asked for is noted.
        self.command("sudo", '[ "$1 $2 $3" = "-H -u ec2-user" ] || exit 99; shift 3; exec "$@"')
        for name in ("systemctl", "systemd-run", "git"):
            self.command(name)
        self.command("sleep")
        self.parameters(packed.parameters())
        self.command("python3", f'exec {shlex.quote(sys.executable)} "$@"')

    @property
    def home(self) -> Path:
        return self.root / "home/ec2-user/SageMaker"

    def parameters(self, values: list[str]) -> None:
        """Let the cohort's parameters have these values, in any order."""
        answer = {"Parameters": [{"Name": "/n", "Value": value} for value in reversed(values)]}
        (self.root / "parameters.json").write_text(json.dumps(answer))
        self.command("aws", f"cat {self.root}/parameters.json")

    def command(self, name: str, body: str = "exit 0") -> None:
        """Lay a command on the PATH; it notes its arguments, one call a line, and runs ``body``."""
        file = self.root / "bin" / name
        note = f"printf '%s\\n' \"{name} $(printf '%q ' \"$@\")\" >>{self.root}/calls"
        file.write_text(f"#!/bin/bash\n{note}\n{body}\n")
        file.chmod(0o755)

    def environment(self, name: str, packages: str) -> Path:
        """Lay an environment that finds what is installed in ``packages``; give its Python."""
        folder = self.root / "home/ec2-user/anaconda3/envs" / name
        venv.create(folder, symlinks=True)
        (site,) = folder.glob("lib/python3*/site-packages")
        # A path alone would leave out the .pth files there.
        (site / "packages.pth").write_text(f"import site; site.addsitedir({packages!r})\n")
        return folder / "bin/python"

    def calls(self, name: str) -> list[list[str]]:
        notes = self.root / "calls"
        lines = notes.read_text().splitlines() if notes.exists() else []
        return [words[1:] for words in map(shlex.split, lines) if words[0] == name]

    def run(self, script: str) -> subprocess.CompletedProcess[str]:
        """Run it as the notebook would, with the PATH that SageMaker gives."""
        file = self.root / "script"
        file.write_text(substituted(script))
        return subprocess.run(
            ["/bin/bash", file],
            env={
                # "timeout" and "env" look commands up as well.
                "PATH": f"{self.root}/bin:/sbin:/bin:/usr/sbin:/usr/bin",
                "HOME": str(self.root),
                "WORKSHOP_ROOT": str(self.root),
            },
            cwd=self.root,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def read(self, path: str) -> str:
        return (self.root / path).read_text()


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    return Sandbox(tmp_path)
