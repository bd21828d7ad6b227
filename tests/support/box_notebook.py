"""A seat's notebook in the local cloud, whose command ``workshop-box`` leads to an EC2 instance."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.box_class import ADA
from tests.support.lifecycle_scripts import Sandbox, on_start
from tests.support.local_cloud import Cloud
from tests.support.session_plugin import SessionPlugin
from workshop.connect.lines import THROUGH_NOTEBOOK

COMMAND = f"usr/local/bin/{THROUGH_NOTEBOOK}"


@dataclass
class Notebook:
    """A notebook of ada's in the local cloud: its files, and the stub of AWS's session plug-in."""

    cloud: Cloud
    sandbox: Sandbox
    plugin: SessionPlugin

    def run(self, path: str = "") -> subprocess.CompletedProcess[str]:
        """Run the command as in a terminal; ``path`` is where programs are found."""
        root = self.sandbox.root
        home = str(root / "home/ec2-user")
        own = {"WORKSHOP_ROOT": str(root), "HOME": home} | ({"PATH": path} if path else {})
        return subprocess.run(
            [root / COMMAND],
            env={**self.plugin.environment, **own},
            capture_output=True,
            text=True,
            check=False,
        )

    def refused(self) -> str:
        """Run the command, which fails before any session is begun; return why."""
        done = self.run()
        assert (done.returncode, done.stdout, self.plugin.sessions) == (1, "", [])
        return done.stderr

    def jupyter(self, body: str) -> None:
        """Have Jupyter's own Python do this."""
        file = self.sandbox.root / "home/ec2-user/anaconda3/envs/JupyterSystemEnv/bin/python"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"#!/bin/sh\n{body}\n")
        file.chmod(0o755)


@pytest.fixture
def box_notebook(cloud: Cloud, tmp_path: Path) -> Notebook:
    """A notebook that has started; its Jupyter has jupyter-server-proxy, as SageMaker's has."""
    cloud.client("sagemaker").create_notebook_instance(
        NotebookInstanceName=ADA.notebook, InstanceType="ml.t3.medium", RoleArn=cloud.role()
    )
    sandbox = Sandbox(tmp_path / "notebook")
    metadata = sandbox.root / "opt/ml/metadata/resource-metadata.json"
    metadata.parent.mkdir(parents=True)
    metadata.write_text(json.dumps({"ResourceArn": ADA.notebook_arn, "ResourceName": ADA.notebook}))
    assert sandbox.run(on_start()).returncode == 0
    found = Notebook(cloud, sandbox, SessionPlugin(tmp_path, cloud.environment()))
    found.jupyter("exit 0")
    return found
