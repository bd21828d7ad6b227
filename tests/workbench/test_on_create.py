"""The on-create script, run for real: the workshop's content is cloned, or a note says why not."""

from __future__ import annotations

import shlex
import subprocess

import pytest

from tests.support.lifecycle_scripts import CONTENT, Sandbox, on_create
from workbench import lifecycle_scripts


def test_on_create_clones_the_content_as_the_notebooks_user_in_bounded_time(
    sandbox: Sandbox,
) -> None:
    done = sandbox.run(on_create(branch="2026"))
    assert done.returncode == 0
    (clone,) = sandbox.calls("sudo")
    assert clone == [
        *("-H", "-u", "ec2-user", "env", "GIT_TERMINAL_PROMPT=0", "timeout", "-k", "10", "180"),
        *("git", "clone", "--quiet", "--depth", "1", "--branch=2026", "--", CONTENT),
        f"{sandbox.home}/hands-on",
    ]
    assert not (sandbox.home / "WORKSHOP-SETUP.txt").exists()


def test_on_create_clones_a_real_repository(sandbox: Sandbox) -> None:
    (sandbox.root / "bin/git").unlink()
    source = sandbox.root / "hands-on.git"
    source.mkdir()
    (source / "lesson.ipynb").write_text("{}")
    known = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    for step in (
        ["init", "--quiet", "--initial-branch=main"],
        ["add", "."],
        [*known, "commit", "--quiet", "--message=first"],
    ):
        subprocess.run(["/usr/bin/env", "git", "-C", str(source), *step], check=True)
    done = sandbox.run(on_create(f"file://{source}"))
    assert done.returncode == 0
    assert (sandbox.home / "hands-on/lesson.ipynb").read_text() == "{}"
    assert "cloned the content into hands-on" in done.stdout


def test_a_failed_clone_leaves_a_note_and_never_fails_the_notebook(sandbox: Sandbox) -> None:
    partial = f'mkdir -p "{sandbox.home}/hands-on"'
    sandbox.command("git", f"{partial}; echo 'fatal: repository not found' >&2; exit 128")
    done = sandbox.run(on_create(branch="2026"))
    assert done.returncode == 0
    assert not (sandbox.home / "hands-on").exists()
    assert (sandbox.home / "WORKSHOP-SETUP.txt").read_text() == (
        "The workshop's content could not be cloned: fatal: repository not found\n"
        "Open a terminal and run this to try again:\n"
        f"  cd ~/SageMaker && git clone --branch=2026 -- {CONTENT} hands-on\n"
    )
    assert "repository not found" in done.stdout


def test_a_clone_that_takes_too_long_says_so(sandbox: Sandbox) -> None:
    sandbox.command("timeout", "exit 124")
    assert sandbox.run(on_create()).returncode == 0
    note = (sandbox.home / "WORKSHOP-SETUP.txt").read_text()
    assert "could not be cloned: it took more than 3 minutes\n" in note


@pytest.mark.parametrize("fails", [False, True])
def test_nothing_in_an_address_or_a_branch_is_run(sandbox: Sandbox, *, fails: bool) -> None:
    address = "https://git.example.org/a;touch${IFS}pwned/$(touch${IFS}pwned)/`touch<pwned`'\".git"
    branch = "$(touch pwned)"
    sandbox.command("git", f"exit {128 if fails else 0}")
    assert sandbox.run(on_create(address, branch, "content")).returncode == 0
    (call,) = sandbox.calls("git")
    assert call[4:] == [f"--branch={branch}", "--", address, f"{sandbox.home}/content"]
    assert not list(sandbox.root.rglob("pwned*"))
    if fails:
        repeat = (sandbox.home / "WORKSHOP-SETUP.txt").read_text().splitlines()[-1]
        assert shlex.split(repeat)[3:] == [
            *("git", "clone", f"--branch={branch}", "--", address, "content")
        ]


def test_several_repositories_are_cloned_and_each_that_fails_is_named(sandbox: Sandbox) -> None:
    sandbox.command("git", 'case "$*" in *broken*) echo "fatal: no access" >&2; exit 128 ;; esac')
    clones = [
        (CONTENT, "main", "hands-on"),
        ("https://git.example.org/broken.git", "2026", "extra"),
    ]
    done = sandbox.run(lifecycle_scripts.on_create(clones=clones))
    assert done.returncode == 0
    asked = sorted(call[-1] for call in sandbox.calls("git"))
    assert asked == [f"{sandbox.home}/extra", f"{sandbox.home}/hands-on"]
    assert (sandbox.home / "WORKSHOP-SETUP.txt").read_text() == (
        "The workshop's content could not be cloned: fatal: no access\n"
        "Open a terminal and run this to try again:\n"
        "  cd ~/SageMaker && git clone --branch=2026 -- https://git.example.org/broken.git extra\n"
    )
