"""Programs of attendees, run in a notebook's environment with the credentials of their seats."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path

from tests.support.lifecycle_scripts import Sandbox
from tests.support.local_cloud import Cloud
from workshop.naming import Names

OPT_OUT = """
SchemaVersion: "1.0"
SageMaker: {PythonSDK: {Modules: {TelemetryOptOut: true}}}
"""


def notebook(root: Cloud, names: Names, folder: Path, packages: Path) -> Sandbox:
    """Start a seat's notebook, whose environment has ``packages``, with the deployed script."""
    found = root.client("sagemaker").describe_notebook_instance_lifecycle_config(
        NotebookInstanceLifecycleConfigName=names.lifecycle_config
    )
    script = base64.b64decode(found["OnStart"][0]["Content"]).decode()
    made = Sandbox(folder)
    made.environment("python3", str(packages))
    assert made.run(script).returncode == 0
    (made.root / "user.yaml").write_text(OPT_OUT)
    return made


def run(
    notebook: Sandbox, root: Cloud, seat: Cloud, names: Names, *, program: Path, seconds: int
) -> subprocess.CompletedProcess[str]:
    """Run a program in the notebook as the seat's role."""
    return subprocess.run(
        [notebook.root / "home/ec2-user/anaconda3/envs/python3/bin/python", program],
        cwd=notebook.home,
        env={
            **root.environment(),
            **{name.upper(): value for name, value in seat.credentials.items()},
            "AWS_REGION": names.region,
            "AWS_DEFAULT_REGION": names.region,
            "HOME": str(notebook.root),
            "SAGEMAKER_ADMIN_CONFIG_OVERRIDE": str(notebook.root / "etc/xdg/sagemaker/config.yaml"),
            "SAGEMAKER_USER_CONFIG_OVERRIDE": str(notebook.root / "user.yaml"),
            "SAGEMAKER_SUPPRESS_V2_WARNING": "1",
        },
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
