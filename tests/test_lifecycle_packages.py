"""The packages that are installed behind each start, run for real."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.lifecycle import Sandbox, on_start, substituted


def packages_of(script: str, folder: Path, kernels: Sequence[str]) -> tuple[Path, str]:
    """Run the installer in a home folder with such environments; that folder and its log."""
    installer = folder / "install_packages.sh"
    shipped = re.search(
        r"install_packages\.sh\" <<'WORKSHOP'\n(.*?)\nWORKSHOP\n", script, re.DOTALL
    )
    assert shipped
    installer.write_text(substituted(shipped[1]))
    (folder / "SageMaker").mkdir()
    for name in ("JupyterSystemEnv", "R", "python3", "pytorch"):
        python = folder / "anaconda3/envs" / name / "bin/python"
        python.parent.mkdir(parents=True)
        body = f'echo "$@" >>{folder}/{name}.calls; [ "$1" = -m ] || exit {name not in kernels:d}'
        python.write_text(f"#!/bin/bash\n{body}\n[ ! -e {folder}/broken ]\n")
        python.chmod(0o755)
    subprocess.run(
        ["/bin/bash", installer],
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
            f"{sandbox.root}/opt/workshop/install_packages.sh",
        ]
    ]


def test_a_notebook_without_packages_starts_nothing_for_them(sandbox: Sandbox) -> None:
    sandbox.run(on_start(packages=()))
    assert sandbox.calls("systemd-run") == []
    assert not list(sandbox.root.rglob("install_packages*"))


def test_every_python_kernel_gets_the_packages_and_jupyter_itself_does_not(tmp_path: Path) -> None:
    folder, log = packages_of(on_start(), tmp_path, kernels=("python3", "pytorch"))
    asked = ["-c import ipykernel", "-m pip install xgboost==3.1.0 shap>=0.48"]
    assert (folder / "python3.calls").read_text().splitlines() == asked
    assert (folder / "pytorch.calls").read_text().splitlines() == asked
    assert (folder / "R.calls").read_text().splitlines() == asked[:1]
    assert not (folder / "JupyterSystemEnv.calls").exists()
    assert log.splitlines()[-1] == "== done"


def test_nothing_in_a_package_is_run(tmp_path: Path) -> None:
    nasty = "it's $(touch pwned) `touch pwned` ${HOME}; touch pwned #"
    folder, _ = packages_of(on_start(packages=(nasty,)), tmp_path, kernels=("python3",))
    assert (folder / "python3.calls").read_text().splitlines()[-1] == f"-m pip install {nasty}"
    assert not list(folder.glob("pwned*"))


def test_a_failed_installation_is_said_in_the_log_with_the_command_to_repeat(
    tmp_path: Path,
) -> None:
    (tmp_path / "broken").touch()
    _, log = packages_of(on_start(), tmp_path, kernels=("python3",))
    installer = tmp_path / "install_packages.sh"
    assert log.splitlines()[-1] == f"== failed; see above, then run: bash {installer}"
