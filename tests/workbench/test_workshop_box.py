"""The notebook's command that opens VS Code of the seat's EC2 instance, run for real."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.box_class import ADA, box_stack
from tests.support.lifecycle_scripts import Sandbox, on_start
from tests.support.local_cloud import Cloud
from tests.support.session_plugin import BIN, SessionPlugin
from workbench import packed
from workshop.connect.lines import CODE, THROUGH_NOTEBOOK

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
def notebook(cloud: Cloud, tmp_path: Path) -> Notebook:
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


def test_it_brings_the_port_of_the_seats_own_instance_and_says_what_to_open(
    notebook: Notebook, cloud: Cloud
) -> None:
    own = box_stack(cloud, "ada")
    box_stack(cloud, "ben")
    done = notebook.run()
    assert (done.returncode, done.stderr) == (0, "")
    described = cloud.client("sagemaker").describe_notebook_instance(
        NotebookInstanceName=ADA.notebook
    )
    where = f"https://{described['Url']}/proxy/{CODE.local_port}/"
    assert done.stdout.startswith(f"VS Code of {own}: leave this running, and open {where}\n")
    [session] = notebook.plugin.sessions
    assert session["request"] == {
        "Target": own,
        "DocumentName": "AWS-StartPortForwardingSession",
        "Parameters": {
            "portNumber": [str(CODE.port)],
            "localPortNumber": [str(CODE.local_port)],
        },
    }


def test_where_the_notebooks_address_is_not_told_it_is_said_in_words(
    notebook: Notebook, cloud: Cloud
) -> None:
    box_stack(cloud, "ada")
    cloud.faults({"effect": "denied", "operation": "sagemaker:DescribeNotebookInstance"})
    done = notebook.run()
    assert done.returncode == 0
    words = "open this notebook's address with /proxy/18080/ in place of /lab\n"
    assert words in done.stdout


def test_a_seat_without_an_instance_gets_none_of_a_neighbours(
    notebook: Notebook, cloud: Cloud
) -> None:
    box_stack(cloud, "ben")
    assert notebook.refused() == "workshop-box: there is no EC2 instance of this seat\n"


def test_an_instance_that_is_stopped_is_told_with_a_cure_that_works(
    notebook: Notebook, cloud: Cloud
) -> None:
    own = box_stack(cloud, "ada")
    cloud.client("ec2").stop_instances(InstanceIds=[own])
    cloud.client("ec2").describe_instances()
    why = notebook.refused()
    assert why.startswith("workshop-box: your EC2 instance is stopped; start it with: aws ec2 ")
    cure = shlex.split(why.partition("start it with: ")[2])
    subprocess.run(cure, env=notebook.plugin.environment, capture_output=True, check=True)
    cloud.client("ec2").describe_instances()
    assert notebook.run().returncode == 0


def test_what_aws_does_not_say_is_not_no_instance(notebook: Notebook, cloud: Cloud) -> None:
    cloud.faults({"effect": "denied", "operation": "ec2:DescribeInstances"})
    why = notebook.refused()
    assert "UnauthorizedOperation" in why
    assert "workshop-box: AWS did not say which EC2 instance is yours; see above" in why


def test_the_session_plug_in_is_fetched_once(notebook: Notebook, cloud: Cloud) -> None:
    box_stack(cloud, "ada")
    stub = notebook.plugin.home / "bin/session-manager-plugin"
    assert notebook.plugin.environment
    fetched = "usr/local/sessionmanagerplugin/bin/session-manager-plugin"
    sandbox = notebook.sandbox
    sandbox.command("curl", "echo package")
    sandbox.command("rpm2cpio", "cat")
    sandbox.command("cpio", f"cat >/dev/null; mkdir -p {Path(fetched).parent}; cp {stub} {fetched}")
    sandbox.command("aws", f'exec {BIN}/aws "$@"')
    without = os.pathsep.join([str(sandbox.root / "bin"), "/usr/bin", "/bin"])
    for _ in range(2):
        done = notebook.run(without)
        assert (done.returncode, done.stderr) == (0, "")
    [download] = sandbox.calls("curl")
    assert download[-1].startswith("https://s3.amazonaws.com/session-manager-downloads/plugin/")
    assert (sandbox.root / "home/ec2-user/.local/lib/session-manager" / fetched).is_file()
    assert len(notebook.plugin.sessions) == 2


def test_a_plug_in_that_cannot_be_fetched_is_told(notebook: Notebook, cloud: Cloud) -> None:
    box_stack(cloud, "ada")
    sandbox = notebook.sandbox
    sandbox.command("curl", "exit 22")
    for name in ("rpm2cpio", "cpio"):
        sandbox.command(name, "cat >/dev/null")
    sandbox.command("aws", f'exec {BIN}/aws "$@"')
    done = notebook.run(os.pathsep.join([str(sandbox.root / "bin"), "/usr/bin", "/bin"]))
    assert done.returncode == 1
    assert (
        "workshop-box: the Session Manager plug-in could not be fetched; see above" in done.stderr
    )


def test_a_jupyter_without_the_proxy_gets_it_and_has_to_be_started_anew(
    notebook: Notebook,
) -> None:
    notebook.jupyter('[ "$1 $2" != "-c import jupyter_server_proxy" ]')
    why = notebook.refused()
    assert "sudo systemctl restart jupyter-server; then run this again\n" in why
    notebook.jupyter("exit 1")
    assert "jupyter-server-proxy could not be installed; see above\n" in notebook.refused()


def test_it_is_sound_shell() -> None:
    checked = subprocess.run(
        [Path(sys.executable).with_name("shellcheck"), "--exclude=SC1091", "-"],
        input=f"{packed.bare('workshop_box.sh')}\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert (checked.returncode, checked.stdout) == (0, "")
