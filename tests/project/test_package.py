"""The package: what the wheel holds, and what it does in an empty environment and folder."""

from __future__ import annotations

import email
import json
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.support.assemblies import ROOT
from tests.support.cdk_command import CDK
from tests.support.local_cloud import Cloud
from tests.support.packages import Installed
from tests.support.workshop_command import run
from workshop import extras
from workshop.cli import COMMANDS, GROUPS

SOURCES = {
    "workshop": ROOT / "workshop",
    "localcloud": ROOT / "localcloud",
    "stacks": ROOT / "stacks",
    "workbench": ROOT / "constructs" / "workbench",
}
CLOUD = ("--account", "000000000000", "--region", "us-east-1")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PARTS = {"board", "cdk", "labs", "local"}
"""The extras that name packages, and no other extras."""


def test_the_wheel_holds_every_file_of_the_packages_and_nothing_else(wheel: Path) -> None:
    files = {
        f"{package}/{path.relative_to(folder).as_posix()}"
        for package, folder in SOURCES.items()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
        demo = archive.read("workshop/demo/environment/demo.yaml")
    assert held == files
    assert {f"{package}/py.typed" for package in SOURCES} <= held
    assert demo == (ROOT / "config" / "demo.yaml").read_bytes()


def test_the_wheel_says_what_it_is(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = [name for name in archive.namelist() if name.endswith("/METADATA")]
        (scripts,) = [name for name in archive.namelist() if name.endswith("/entry_points.txt")]
        told = email.message_from_bytes(archive.read(metadata))
        entries = archive.read(scripts).decode()
    assert re.findall(r"^(\S+) = workshop.cli:main$", entries, re.MULTILINE) == [
        "workshop",
        "workshop-provisioner",
    ]
    assert "Programming Language :: Python :: 3.14" in told.get_all("Classifier", [])
    needed = [line for line in told.get_all("Requires-Dist", []) if "extra ==" not in line]
    assert len(needed) == len(PROJECT["dependencies"])
    assert not [line for line in needed if re.match(r"setuptools|aws-cdk|ministack", line)]


def test_the_version_is_that_of_the_newest_changes() -> None:
    headings = re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    dated = [heading for heading in headings if heading != "Unreleased"]
    assert re.fullmatch(rf"{re.escape(PROJECT['version'])} \(\d{{4}}-\d\d-\d\d\)", dated[0])


def test_every_command_without_an_extra_imports_nothing_of_one() -> None:
    names = [name for name in (*COMMANDS, *GROUPS) if name not in extras.NEEDS]
    program = f"""\
import sys
from workshop.cli import application
application(*{names})
print(*{{name.partition(".")[0] for name in sys.modules}})
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    known = packages_distributions()
    imported = {
        distribution for module in done.stdout.split() for distribution in known.get(module, [])
    }
    assert "boto3" in imported
    optional = {name for part in PARTS for name in extras.distributions()[part]}
    assert len(optional) > 8
    assert imported & optional == set()


def test_the_extra_of_everything_is_made_of_the_others() -> None:
    assert set(extras.distributions()) == PARTS
    assert all(map(extras.is_installed, (*PARTS, "all")))
    assert {extra for extra, _ in extras.NEEDS.values()} == {"board", "cdk", "local", "all"}


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (
            "uv-receipt.toml",
            "install it with: uv tool install 'workshop-provisioner[board,cdk,local]'",
        ),
        (
            "pipx_metadata.json",
            "install it with: pipx install --force 'workshop-provisioner[board,cdk,local]'",
        ),
        ("", f"install it with: {sys.executable} -m pip install 'workshop-provisioner[cdk]'"),
    ],
)
def test_the_cure_is_the_one_of_the_tool_that_made_the_environment_and_takes_no_extra_away(
    made: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(extras, "origin", lambda: "")
    monkeypatch.setattr(extras, "is_installed", {"local", "board"}.__contains__)
    if made:
        (tmp_path / made).touch()
    assert extras.install("cdk") == told


def test_a_tool_that_begins_anew_is_told_where_the_package_came_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "archive-v0" / "x1"))
    monkeypatch.setattr(extras, "origin", lambda: " @ file:///dist/some.whl")
    assert extras.install("all") == (
        "run it with: uvx --from 'workshop-provisioner[all] @ file:///dist/some.whl' workshop"
    )


@pytest.mark.long
def test_without_an_extra_a_workshop_is_written_looked_at_and_found_gone(
    minimal: Installed, cloud: Cloud, tmp_path: Path
) -> None:
    assert not minimal.packages & {"aws_cdk_lib", "ministack", "psutil", "setuptools"}
    shell = cloud.environment()

    def workshop(*arguments: str) -> str:
        return minimal.succeed(tmp_path, *arguments, variables=shell)

    assert workshop("--version") == f"workshop {PROJECT['version']}\n"
    assert "deploy" in workshop("--help")
    workshop("init", "vision", *CLOUD)
    workshop("check", "-e", "vision")
    assert "Ada Example" in workshop("roster", "-e", "vision")
    assert "4 seats  0/20" in workshop("status", "-e", "vision")
    workshop("leftovers", "-e", "vision")
    workshop("teardown", "-e", "vision", "--early")


@pytest.mark.parametrize("command", sorted(extras.NEEDS))
def test_without_its_extra_a_command_is_refused_in_one_sentence(
    command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    extra, sentence = extras.NEEDS[command]
    monkeypatch.setattr(extras, "is_installed", lambda _: False)
    ended = run(command, "-e", "vision", "--anything")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == f"workshop: {command} {sentence}; {extras.install(extra)}\n"


@pytest.mark.long
@pytest.mark.parametrize("command", sorted(extras.NEEDS))
def test_without_its_extra_a_command_says_how_to_install_it(
    command: str, minimal: Installed, tmp_path: Path
) -> None:
    extra, sentence = extras.NEEDS[command]
    ended = minimal.run(tmp_path, command, "-e", "vision", "--anything")
    python = minimal.prefix / "bin" / "python"
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == (
        f"workshop: {command} {sentence}; install it with: uv pip install --python {python}"
        f" 'workshop-provisioner[{extra}]'\n"
    )


@pytest.mark.long
def test_without_the_cdk_its_app_says_how_to_install_it(minimal: Installed, tmp_path: Path) -> None:
    ended = minimal.run(tmp_path, "-P", "-m", "stacks", program="python")
    assert ended.returncode == 2
    assert ended.stderr.startswith("workshop: the AWS CDK is not installed; install it with: uv ")


@pytest.mark.long
def test_plain_cdk_works_in_an_empty_folder(complete: Installed, tmp_path: Path) -> None:
    complete.succeed(tmp_path, "init", "vision", *CLOUD)
    arguments = ("synth", "--quiet", "-c", "env=vision", "-c", "attendee=ada")
    made = complete.run(tmp_path, *arguments, program=str(CDK))
    assert made.returncode == 0, made.stderr
    templates = {path.name for path in (tmp_path / "cdk.out").glob("*.template.json")}
    assert "vision-ada-notebook.template.json" in templates
    assert len(templates) == 8


@pytest.mark.long
def test_a_workshop_is_deployed_and_torn_down_from_an_empty_folder(
    complete: Installed, tmp_path: Path
) -> None:
    complete.succeed(tmp_path, "init", "vision", *CLOUD)
    complete.succeed(tmp_path, "check", "-e", "vision")
    complete.succeed(tmp_path, "cloud", "start", *CLOUD)
    try:
        told = json.loads(complete.succeed(tmp_path, "cloud", "env", "--json"))["set"]

        def workshop(*arguments: str) -> str:
            return complete.succeed(tmp_path, *arguments, variables=told)

        workshop("plan", "-e", "vision")
        workshop("deploy", "-e", "vision", "--only", "ada,alan")
        context = ("-c", "env=vision", "-c", "attendee=grace")
        for words in (
            ["ls"],
            ["deploy", "--all", "--require-approval", "never", "--concurrency", "4"],
        ):
            made = complete.run(tmp_path, *words, *context, program=str(CDK), variables=told)
            assert made.returncode == 0, made.stderr
        assert workshop("status", "-e", "vision").count("5/5") == 3
        workshop("teardown", "-e", "vision", "--early")
        gone = ("--early", "--apply", "--yes", "vision", "--interval", "1")
        assert "gone" in workshop("teardown", "-e", "vision", *gone)
    finally:
        complete.succeed(tmp_path, "cloud", "stop")


@pytest.mark.long
def test_the_demo_runs_in_an_empty_folder(complete: Installed, tmp_path: Path) -> None:
    told = complete.run(tmp_path, "demo")
    assert told.returncode == 0, told.stderr
    assert "npm install -g aws-cdk@2" in told.stderr
    # When the EC2 instance was last used is known: its agent has reported.
    assert re.search(r"running g5\.xlarge \(A10G\) +\d+m +\d+m ", told.stdout)
    assert "stacks: none" in told.stderr
