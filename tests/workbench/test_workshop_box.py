"""The notebook's command that opens VS Code of the seat's EC2 instance, run for real."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from tests.support.box_class import ADA, box_stack
from tests.support.box_notebook import Notebook
from tests.support.local_cloud import Cloud
from tests.support.workshop_command import on_the_path
from workbench import packed
from workshop.connect.lines import CODE


def test_it_brings_the_port_of_the_seats_own_instance_and_says_what_to_open(
    box_notebook: Notebook, cloud: Cloud
) -> None:
    own = box_stack(cloud, "ada")
    box_stack(cloud, "ben")
    done = box_notebook.run()
    assert (done.returncode, done.stderr) == (0, "")
    described = cloud.client("sagemaker").describe_notebook_instance(
        NotebookInstanceName=ADA.notebook
    )
    where = f"https://{described['Url']}/proxy/{CODE.local_port}/"
    assert done.stdout.startswith(f"VS Code of {own}: leave this running, and open {where}\n")
    [session] = box_notebook.plugin.sessions
    assert session["request"] == {
        "Target": own,
        "DocumentName": "AWS-StartPortForwardingSession",
        "Parameters": {
            "portNumber": [str(CODE.port)],
            "localPortNumber": [str(CODE.local_port)],
        },
    }


def test_it_knows_an_instance_whose_stack_a_stack_set_made(
    box_notebook: Notebook, cloud: Cloud
) -> None:
    names = replace(ADA, seat="ben")
    for one in (names, ADA):
        name = f"StackSet-{one.stack_set('box', 'both')}-{uuid4()}"
        own = box_stack(cloud, one.seat, stack=name)
    done = box_notebook.run()
    assert done.stdout.startswith(f"VS Code of {own}: ")


def test_where_the_notebooks_address_is_not_told_it_is_said_in_words(
    box_notebook: Notebook, cloud: Cloud
) -> None:
    box_stack(cloud, "ada")
    cloud.faults({"effect": "denied", "operation": "sagemaker:DescribeNotebookInstance"})
    done = box_notebook.run()
    assert done.returncode == 0
    words = "open this notebook's address with /proxy/18080/ in place of /lab\n"
    assert words in done.stdout


def test_a_seat_without_an_instance_gets_none_of_a_neighbours(
    box_notebook: Notebook, cloud: Cloud
) -> None:
    box_stack(cloud, "ben")
    assert box_notebook.refused() == "workshop-box: there is no EC2 instance of this seat\n"


def test_an_instance_that_is_stopped_is_told_with_a_cure_that_works(
    box_notebook: Notebook, cloud: Cloud
) -> None:
    own = box_stack(cloud, "ada")
    cloud.client("ec2").stop_instances(InstanceIds=[own])
    cloud.client("ec2").describe_instances()
    why = box_notebook.refused()
    assert why.startswith("workshop-box: your EC2 instance is stopped; start it with: aws ec2 ")
    cure = shlex.split(why.partition("start it with: ")[2])
    subprocess.run(cure, env=box_notebook.plugin.environment, capture_output=True, check=True)
    cloud.client("ec2").describe_instances()
    assert box_notebook.run().returncode == 0


def test_what_aws_does_not_say_is_not_no_instance(box_notebook: Notebook, cloud: Cloud) -> None:
    cloud.faults({"effect": "denied", "operation": "ec2:DescribeInstances"})
    why = box_notebook.refused()
    assert "UnauthorizedOperation" in why
    assert "workshop-box: AWS did not say which EC2 instance is yours; see above" in why


def test_the_session_plug_in_is_fetched_once(box_notebook: Notebook, cloud: Cloud) -> None:
    box_stack(cloud, "ada")
    stub = box_notebook.plugin.home / "bin/session-manager-plugin"
    assert box_notebook.plugin.environment
    fetched = "usr/local/sessionmanagerplugin/bin/session-manager-plugin"
    sandbox = box_notebook.sandbox
    sandbox.command("curl", "echo package")
    sandbox.command("rpm2cpio", "cat")
    sandbox.command("cpio", f"cat >/dev/null; mkdir -p {Path(fetched).parent}; cp {stub} {fetched}")
    sandbox.command("aws", f'exec {on_the_path()}/aws "$@"')
    without = os.pathsep.join([str(sandbox.root / "bin"), "/usr/bin", "/bin"])
    for _ in range(2):
        done = box_notebook.run(without)
        assert (done.returncode, done.stderr) == (0, "")
    [download] = sandbox.calls("curl")
    assert download[-1].startswith("https://s3.amazonaws.com/session-manager-downloads/plugin/")
    assert (sandbox.root / "home/ec2-user/.local/lib/session-manager" / fetched).is_file()
    assert len(box_notebook.plugin.sessions) == 2


def test_a_plug_in_that_cannot_be_fetched_is_told(box_notebook: Notebook, cloud: Cloud) -> None:
    box_stack(cloud, "ada")
    sandbox = box_notebook.sandbox
    sandbox.command("curl", "exit 22")
    for name in ("rpm2cpio", "cpio"):
        sandbox.command(name, "cat >/dev/null")
    sandbox.command("aws", f'exec {on_the_path()}/aws "$@"')
    done = box_notebook.run(os.pathsep.join([str(sandbox.root / "bin"), "/usr/bin", "/bin"]))
    assert done.returncode == 1
    assert (
        "workshop-box: the Session Manager plug-in could not be fetched; see above" in done.stderr
    )


def test_a_jupyter_without_the_proxy_gets_it_and_has_to_be_started_anew(
    box_notebook: Notebook,
) -> None:
    box_notebook.jupyter('[ "$1 $2" != "-c import jupyter_server_proxy" ]')
    why = box_notebook.refused()
    assert "sudo systemctl restart jupyter-server; then run this again\n" in why
    box_notebook.jupyter("exit 1")
    assert "jupyter-server-proxy could not be installed; see above\n" in box_notebook.refused()


def test_it_is_sound_shell() -> None:
    checked = subprocess.run(
        [Path(sys.executable).with_name("shellcheck"), "--exclude=SC1091", "-"],
        input=f"{packed.bare('workshop_box.sh')}\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert (checked.returncode, checked.stdout) == (0, "")
