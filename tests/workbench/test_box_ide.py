"""What an EC2 instance fetches for an IDE in the browser, run for real in a folder."""

from __future__ import annotations

import hashlib
import platform
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.support.lifecycle_scripts import Sandbox
from workbench import packed

MACHINE = "arm64" if platform.machine() == "aarch64" else "amd64"
RELEASE = f"code-server-4.139.1-linux-{MACHINE}"
VENV = """\
[ "$1 $2" = "-m venv" ] || exit 0
[ -e {root}/no-venv ] && exit 1
mkdir -p "$3/bin" "$3/lib/python3.12/site-packages"
cp {root}/bin/pip {root}/bin/python "$3/bin"
"""
"""Makes an environment of two commands that only take notes."""


@pytest.fixture
def box(sandbox: Sandbox) -> Sandbox:
    """A machine on which nothing was installed yet, and a release of code-server to download."""
    for name in ("pip", "python", "apt-get"):
        sandbox.command(name, f"rm -f {sandbox.root}/no-venv")
    sandbox.command("sudo", 'exec "$@"')
    sandbox.command("python3", VENV.format(root=sandbox.root))
    sandbox.command("curl", f'cp {sandbox.root}/archive "$5"')
    program = sandbox.root / "code-server"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    with tarfile.open(sandbox.root / "archive", "w:gz") as archive:
        archive.add(program, f"{RELEASE}/bin/code-server")
    return sandbox


def run(box: Sandbox, *, pinned: bool = True) -> str:
    """Run the script and return its log; if ``pinned``, what is downloaded is what it expects."""
    script = packed.bare("box.sh")
    if pinned:
        digest = hashlib.sha256((box.root / "archive").read_bytes()).hexdigest()
        before, _, rest = script.partition(f"machine={MACHINE} sum=")
        script = f"{before}machine={MACHINE} sum={digest}{rest[64:]}"
    done = subprocess.run(
        ["/bin/bash", "-c", script],
        env={"PATH": f"{box.root}/bin:/usr/bin:/bin", "HOME": str(box.root / "home/ec2-user")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    return box.read("home/ec2-user/workshop-box.log")


def code_server(box: Sandbox) -> Path:
    """Where the unit looks for it."""
    return box.root / "home/ec2-user/.local/lib/code-server/bin/code-server"


def test_both_servers_are_installed_and_started_and_later_starts_fetch_nothing(
    box: Sandbox,
) -> None:
    log = run(box)
    assert log.endswith("== done\n")
    assert code_server(box).is_file()
    (download,) = box.calls("curl")
    assert download[-1].endswith(f"/v4.139.1/{RELEASE}.tar.gz")
    made = [Path(call[-1]).name for call in box.calls("python3") if call[:2] == ["-m", "venv"]]
    assert made == ["python3", "JupyterSystemEnv"]
    restart = ["restart", "jupyter-server.service", "code-server.service"]
    assert box.calls("systemctl") == [restart]

    run(box)
    assert len(box.calls("curl")) == 1
    assert len([call for call in box.calls("python3") if call[:2] == ["-m", "venv"]]) == len(made)
    assert box.calls("systemctl") == [restart] * 2


def test_another_archive_than_the_pinned_one_is_not_unpacked_and_jupyter_starts_all_the_same(
    box: Sandbox,
) -> None:
    log = run(box, pinned=False)
    assert "code-server could not be brought, or is not the one that is pinned\n" in log
    assert not code_server(box).exists()
    assert len(box.calls("systemctl")) == 1


def test_a_kernel_of_either_name_is_that_of_the_images_python(box: Sandbox) -> None:
    """Labs that were written elsewhere name ``python3``, and SageMaker's ``conda_python3``."""
    run(box)
    kernels = [call for call in box.calls("python") if call[:3] == ["-m", "ipykernel", "install"]]
    assert [call[call.index("--name") + 1] for call in kernels] == ["conda_python3", "python3"]
    assert {Path(call[call.index("--prefix") + 1]).name for call in kernels} == {"JupyterSystemEnv"}
    site = box.root / "home/ec2-user/anaconda3/envs/python3/lib/python3.12/site-packages"
    assert (site / "workshop.pth").read_text() == "/opt/workshop/python\nimport workshop_seat\n"


def test_an_image_that_cannot_make_environments_is_helped(box: Sandbox) -> None:
    (box.root / "no-venv").touch()
    assert run(box).endswith("== done\n")
    assert ["install", "-q", "-y", "python3-venv"] in box.calls("apt-get")
