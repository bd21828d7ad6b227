"""The wheel of this project, and empty environments to install it into."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.cdk_command import ROOT, without_aws

UV = Path(sys.executable).with_name("uv")
WHEELS = ROOT / ".cache" / "wheels"
"""The locked packages, where ``make setup`` keeps them: nothing is fetched by a test."""

_LEFT_OUT = shutil.ignore_patterns(
    ".*", "__pycache__", "node_modules", "cdk.out", "build", "*.egg-info"
)


def build(folder: Path) -> Path:
    """Build the source distribution, and from that alone the wheel; return the wheel."""
    source = folder / "source"
    shutil.copytree(ROOT, source, ignore=_LEFT_OUT, symlinks=True)
    shutil.copy(ROOT / ".gitignore", source)
    _succeed([UV, "build", "--quiet", "--no-build-isolation", "--python", sys.executable], source)
    (wheel,) = (source / "dist").glob("*.whl")
    return wheel


@dataclass(frozen=True)
class Installed:
    """An environment that holds the wheel and what it needs, and nothing else."""

    prefix: Path

    @property
    def packages(self) -> set[str]:
        """The names of the distributions in it."""
        found = (self.prefix / "lib").glob("python*/site-packages/*.dist-info")
        return {path.name.partition("-")[0] for path in found}

    def run(
        self,
        folder: Path,
        *arguments: str,
        variables: Mapping[str, str] | None = None,
        program: str = "workshop",
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in ``folder``, as in a shell that knows nothing of this project."""
        own = str(Path(sys.executable).parent)
        shell = {**without_aws(), **(variables or {})}
        paths = [path for path in shell["PATH"].split(os.pathsep) if path != own]
        shell["PATH"] = os.pathsep.join([str(self.prefix / "bin"), *paths])
        for name in ("PYTHONPATH", "VIRTUAL_ENV", "JSII_NODE"):
            shell.pop(name, None)
        return subprocess.run(
            [program, *arguments],
            cwd=folder,
            env=shell,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=400,
            check=False,
        )

    def succeed(
        self, folder: Path, *arguments: str, variables: Mapping[str, str] | None = None
    ) -> str:
        """Run ``workshop ARGUMENTS``, which has to end with 0, and return what it printed."""
        done = self.run(folder, *arguments, variables=variables)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def install(prefix: Path, wheel: Path, extra: str = "") -> Installed:
    """Install the wheel into an empty environment, in the locked versions."""
    _succeed([UV, "venv", "--quiet", "--python", sys.executable, prefix], prefix.parent)
    wanted = f"workshop-provisioner{extra} @ {wheel.as_uri()}"
    _succeed(
        [
            *(UV, "pip", "install", "--quiet", "--offline", "--no-index", "--find-links", WHEELS),
            *("--python", prefix / "bin" / "python", "-c", ROOT / "requirements.lock", wanted),
        ],
        prefix.parent,
    )
    return Installed(prefix)


def _succeed(command: Sequence[str | Path], folder: Path) -> None:
    done = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env=without_aws(),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this project, as an index would serve it; ``$WORKSHOP_WHEEL`` names one."""
    built = os.environ.get("WORKSHOP_WHEEL")
    return Path(built) if built else build(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def complete(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Installed:
    """The command line with every extra."""
    return install(tmp_path_factory.mktemp("complete") / "env", wheel, "[all]")


@pytest.fixture(scope="session")
def minimal(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Installed:
    """The command line without any extra."""
    return install(tmp_path_factory.mktemp("minimal") / "env", wheel)
