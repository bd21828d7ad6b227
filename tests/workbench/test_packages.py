"""The packages that are installed behind each start, run for real."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.support.lifecycle_scripts import Sandbox, on_start

INSTALLER = "opt/workshop/install_packages.sh"


def packages_of(sandbox: Sandbox, kernels: Sequence[str], **changes: Any) -> tuple[Path, str]:
    """Run the installer of a notebook in a home folder with such environments; folder and log."""
    assert sandbox.run(on_start(**changes)).returncode == 0
    folder = sandbox.root / "attendee"
    (folder / "SageMaker").mkdir(parents=True)
    for name in ("JupyterSystemEnv", "R", "python3", "pytorch"):
        python = folder / "anaconda3/envs" / name / "bin/python"
        python.parent.mkdir(parents=True)
        body = f'echo "$@" >>{folder}/{name}.calls; [ "$1" = -m ] || exit {name not in kernels:d}'
        python.write_text(f"#!/bin/bash\n{body}\n[ ! -e {sandbox.root}/broken ]\n")
        python.chmod(0o755)
    subprocess.run(
        ["/bin/bash", sandbox.root / INSTALLER],
        cwd=folder,
        env={"HOME": str(folder), "PATH": "/usr/bin:/bin"},
        check=True,
    )
    return folder, (folder / "SageMaker/workshop-packages.log").read_text()


def test_packages_are_installed_in_a_unit_of_their_own_behind_the_start(sandbox: Sandbox) -> None:
    sandbox.run(on_start())
    assert sandbox.calls("systemd-run") == [
        [
            *("--no-block", "--unit=workshop-packages", "--uid=ec2-user"),
            *("--setenv=HOME=/home/ec2-user", "/bin/bash"),
            f"{sandbox.root}/{INSTALLER}",
        ]
    ]


def test_a_notebook_without_packages_starts_nothing_for_them(sandbox: Sandbox) -> None:
    sandbox.run(on_start(packages=()))
    assert sandbox.calls("systemd-run") == []
    assert not list(sandbox.root.rglob("install_packages*"))


def test_every_python_kernel_gets_the_packages_and_jupyter_itself_does_not(
    sandbox: Sandbox,
) -> None:
    folder, log = packages_of(sandbox, kernels=("python3", "pytorch"))
    asked = ["-c import ipykernel", "-m pip install xgboost==3.1.0 shap>=0.48"]
    assert (folder / "python3.calls").read_text().splitlines() == asked
    assert (folder / "pytorch.calls").read_text().splitlines() == asked
    assert (folder / "R.calls").read_text().splitlines() == asked[:1]
    assert not (folder / "JupyterSystemEnv.calls").exists()
    assert log.splitlines()[-1] == "== done"


def test_nothing_in_a_package_is_run(sandbox: Sandbox) -> None:
    nasty = "it's $(touch pwned) `touch pwned` ${HOME}; touch pwned #"
    folder, _ = packages_of(sandbox, ("python3",), packages=(nasty,))
    assert (folder / "python3.calls").read_text().splitlines()[-1] == f"-m pip install {nasty}"
    assert not list(sandbox.root.rglob("pwned*"))


def test_a_failed_installation_is_said_in_the_log_with_the_command_to_repeat(
    sandbox: Sandbox,
) -> None:
    (sandbox.root / "broken").touch()
    _, log = packages_of(sandbox, kernels=("python3",))
    repeat = f"bash {sandbox.root}/{INSTALLER}"
    assert log.splitlines()[-1] == f"== failed; see above, then run: {repeat}"
