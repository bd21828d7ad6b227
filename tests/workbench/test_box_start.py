"""The user data of an EC2 instance, run for real in a folder: it becomes like a notebook."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.lifecycle_scripts import (
    CONTENT,
    NAMES,
    Sandbox,
    on_start,
    start_arguments,
    substituted,
)
from workbench import lifecycle_scripts, packed
from workshop import naming
from workshop.errors import WorkshopError

INSTANCE = "i-0abc1234567890def"


def user_data(*, cloned: bool = True, saved_to: str = "", **changes: Any) -> str:
    """The user data of an ordinary seat, with some arguments changed."""
    return lifecycle_scripts.user_data(
        clones=[(CONTENT, "main", "hands-on")] if cloned else [],
        partition=NAMES.partition,
        account=NAMES.account,
        saved_to=saved_to,
        **start_arguments(**changes),
    )


@pytest.fixture
def box(sandbox: Sandbox) -> Sandbox:
    """A machine of EC2's with Amazon Linux: its user is there, and nothing is really changed."""
    for name in ("useradd", "usermod", "id", "shutdown"):
        sandbox.command(name)
    sandbox.command("getent", "exit 2")
    answers = f'case "$*" in *api/token*) echo T ;; *instance-id*) echo {INSTANCE} ;; esac'
    sandbox.command("curl", answers)
    return sandbox


def run(box: Sandbox, script: str) -> None:
    done = box.run(script)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not (box.home / "WORKSHOP-START.txt").exists()


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(user_data(), id="user data"),
        pytest.param(user_data(cloned=False, packages=(), idle_stop_minutes=None), id="the least"),
    ],
)
def test_it_is_sound_shell_of_known_placeholders(script: str) -> None:
    shellcheck = Path(sys.executable).with_name("shellcheck")
    for text in (
        substituted(script).replace('    . "$opt/set_up.sh"\n', packed.set_up()),
        f"#!/bin/bash\n{packed.bare('box.sh')}\n",
    ):
        checked = subprocess.run(
            [shellcheck, "--exclude=SC1091", "-"],
            input=text,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (checked.returncode, checked.stdout) == (0, "")
    lifecycle_scripts.check_user_data(script, "the user data")


def test_what_is_too_long_for_ec2_is_told() -> None:
    tags = {f"key{number}": "x" * 250 for number in range(40)}
    script = user_data(tags={**start_arguments()["tags"], **tags})
    with pytest.raises(WorkshopError, match=r"^ada: the user data has 1\d,\d{3} bytes and EC2"):
        lifecycle_scripts.check_user_data(script, "ada: the user data")
    longest = {name: "x" * length for name, length in naming.PLACEHOLDERS.items()}
    assert len(substituted(script, longest).encode()) > lifecycle_scripts.USER_DATA_LIMIT


def test_it_describes_itself_as_a_notebook_does(box: Sandbox) -> None:
    run(box, user_data())
    assert json.loads(box.read("opt/ml/metadata/resource-metadata.json")) == {
        "ResourceArn": f"arn:aws:ec2:eu-west-1:123456789012:instance/{INSTANCE}",
        "ResourceName": INSTANCE,
    }
    token = next(call for call in box.calls("curl") if "PUT" in call)
    assert "http://169.254.169.254/latest/api/token" in token


def test_the_seats_environment_is_that_of_its_notebook(box: Sandbox, tmp_path: Path) -> None:
    run(box, user_data())
    notebook = Sandbox(tmp_path / "notebook")
    notebook.run(on_start())
    for path in ("etc/profile.d/workshop.sh", "etc/xdg/sagemaker/config.yaml"):
        assert box.read(path) == notebook.read(path)
    assert "export AWS_DEFAULT_REGION=eu-west-1" in box.read("etc/profile.d/workshop-box.sh")
    assert "WORKSHOP_SAVED" not in box.read("etc/profile.d/workshop-box.sh")


def test_beside_a_notebook_it_saves_to_a_place_of_its_own(box: Sandbox) -> None:
    run(box, user_data(saved_to="saved/box/"))
    assert "export WORKSHOP_SAVED=saved/box/" in box.read("etc/profile.d/workshop-box.sh")
    assert "workshop-box.sh" in box.read("opt/workshop/agent.sh")
    assert " to saved/box/files/ in your bucket" in (box.home / "WORKSHOP.md").read_text()


def test_an_image_without_the_user_gets_one_who_may_use_docker(box: Sandbox) -> None:
    box.command("id", "exit 1")
    box.command("getent")
    run(box, user_data())
    assert box.calls("useradd") == [["--create-home", "--shell", "/bin/bash", "ec2-user"]]
    assert box.calls("usermod") == [["--append", "--groups", "docker", "ec2-user"]]


def test_the_content_is_cloned_at_the_first_boot_alone(box: Sandbox) -> None:
    script = user_data()
    run(box, script)
    run(box, script)
    units = [call for call in box.calls("systemd-run") if "--unit=workshop-content" in call]
    assert len(units) == 1
    cloning = subprocess.run(
        ["/bin/bash", box.root / "opt/workshop/on_create.sh"],
        env={"PATH": f"{box.root}/bin:/bin:/usr/bin", "WORKSHOP_ROOT": str(box.root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert cloning.stdout == "workshop: cloned the content into hands-on\n"
    (clone,) = box.calls("git")
    assert clone[-2:] == [CONTENT, f"{box.home}/hands-on"]


def test_each_later_boot_runs_the_user_data_as_it_is_by_then(box: Sandbox) -> None:
    script = user_data()
    run(box, script)
    assert box.read("opt/workshop/user-data") == substituted(script)
    assert ["enable", "workshop-boot.service"] in box.calls("systemctl")
    unit = box.read("etc/systemd/system/workshop-boot.service")
    assert "ExecStart=/bin/bash /opt/workshop/boot.sh" in unit
    boot = box.read("opt/workshop/boot.sh")
    assert "metadata user-data >user-data.new && mv user-data.new user-data" in boot
    checked = subprocess.run(["/bin/bash", "-n"], input=boot, text=True, check=False)
    assert checked.returncode == 0


def test_two_starts_leave_one_configuration_of_kernels(box: Sandbox) -> None:
    run(box, user_data())
    first = box.read("etc/ipython/ipython_config.py")
    run(box, user_data())
    assert box.read("etc/ipython/ipython_config.py") == first


def test_its_servers_listen_on_the_loopback_interface_alone(box: Sandbox) -> None:
    run(box, user_data())
    jupyter = box.read("etc/systemd/system/jupyter-server.service")
    code = box.read("etc/systemd/system/code-server.service")
    assert "--ServerApp.ip=127.0.0.1 --ServerApp.port=8888" in jupyter
    assert "--bind-addr 127.0.0.1:8080" in code
    for unit in (jupyter, code):
        assert "User=ec2-user" in unit
        assert "0.0.0.0" not in unit  # noqa: S104 - that nothing does
    assert ["enable", "jupyter-server.service", "code-server.service"] in box.calls("systemctl")
    assert [call for call in box.calls("systemd-run") if "--unit=workshop-box" in call]


def test_it_has_no_command_that_leads_to_itself(box: Sandbox) -> None:
    run(box, user_data())
    assert not (box.root / "usr/local/bin/workshop-box").exists()


def test_what_it_brings_is_pinned() -> None:
    text = packed.bare("box.sh")
    assert "ipykernel==" in text
    assert "jupyterlab==" in text
    assert "sha256sum --check" in text


def test_packages_come_after_the_environments_that_they_go_into(box: Sandbox) -> None:
    run(box, user_data())
    units = [word for call in box.calls("systemd-run") for word in call]
    assert "--unit=workshop-packages" not in units
    assert "xgboost==3.1.0" in box.read("opt/workshop/install_packages.sh")
    text = packed.bare("box.sh")
    assert text.index("ipykernel==") < text.index("install_packages.sh")


def test_its_idle_stop_knows_that_it_is_no_notebook(box: Sandbox) -> None:
    run(box, user_data())
    unit = box.read("etc/systemd/system/workshop-idle-stop.service")
    assert "--minutes 45 --busy-hours 10 --keep-hours 20 --box --url http://127.0.0.1:8888" in unit
    assert "Description=Stop this instance after 45 minutes" in unit


def test_attendees_are_told_what_of_the_disk_is_saved(box: Sandbox) -> None:
    run(box, user_data())
    told = (box.home / "WORKSHOP.md").read_text()
    assert "is saved; the rest of the disk is lost with the instance." in told
    assert " to saved/files/ in your bucket" in told
    assert "The instance stops after 45 minutes" in told
