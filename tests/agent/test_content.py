"""Content comes into its folder, again when asked, and never over what an attendee changed."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.support.repositories import Repository
from tests.support.workbenches import COHORT, Workbench
from workshop.agent import content
from workshop.config.content import Content
from workshop.requests import bundles

ADDRESS = "https://git.example.org/ml/labs.git"
TAGS = json.dumps([{"Key": "profile", "Value": "attendee"}])


@pytest.fixture
def labs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    made = Repository(tmp_path / "labs.git", ADDRESS)
    for name, value in made.variables.items():
        monkeypatch.setenv(name, value)
    made.commit(intro="1", solved="1")
    return made


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    return Workbench(tmp_path / "notebook", environment={"WORKSHOP_TAGS": TAGS})


def _asked(bench: Workbench, version: str, **source: Any) -> None:
    entry = {"profile": "attendee", "folder": "labs", "version": version, **source}
    bench.organiser_sends(content=[entry])


def _public(bench: Workbench, version: str) -> None:
    _asked(bench, version, repository=ADDRESS, branch="main")


@pytest.mark.usefixtures("labs")
def test_a_repository_comes_with_no_trace_of_git(bench: Workbench) -> None:
    _public(bench, "v1")
    assert bench.round() == []
    assert bench.work() == {"labs/intro.ipynb": "1", "labs/solved.ipynb": "1"}
    assert bench.report["brought"] == {"labs": {"version": "v1", "beside": 0}}


def test_what_is_as_it_came_is_renewed_and_what_was_changed_has_the_new_version_beside_it(
    labs: Repository, bench: Workbench
) -> None:
    _public(bench, "v1")
    bench.round()
    bench.write("labs/intro.ipynb", "mine")
    labs.commit(intro="2", solved="2", more="2")
    _public(bench, "v2")
    assert bench.round() == []
    assert bench.work() == {
        "labs/intro.ipynb": "mine",
        "labs/intro.v2.ipynb": "2",
        "labs/more.ipynb": "2",
        "labs/solved.ipynb": "2",
    }
    assert bench.report["brought"] == {"labs": {"version": "v2", "beside": 1}}


@pytest.mark.usefixtures("labs")
def test_the_same_again_changes_nothing_and_brings_back_nothing_that_was_deleted(
    bench: Workbench,
) -> None:
    _public(bench, "v1")
    bench.round()
    bench.write("labs/intro.ipynb", "mine")
    (bench.home / "labs/solved.ipynb").unlink()
    _public(bench, "v2")
    assert bench.round() == []
    assert bench.work() == {"labs/intro.ipynb": "mine"}


@pytest.mark.parametrize("committed", [False, True])
def test_a_clone_of_the_notebooks_creation_is_known_by_what_came_even_if_they_commit(
    labs: Repository, bench: Workbench, *, committed: bool
) -> None:
    cloned = content._git("clone", "--quiet", ADDRESS, str(bench.home / "labs"))
    assert cloned.returncode == 0, cloned.stderr
    bench.write("labs/intro.ipynb", "mine")
    if committed:
        for words in (("add", "."), ("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-mx")):
            assert content._git("-C", str(bench.home / "labs"), *words).returncode == 0
    labs.commit(intro="2", solved="2")
    _public(bench, "v2")
    assert bench.round() == []
    assert bench.read("labs/intro.ipynb") == "mine"
    assert bench.read("labs/intro.v2.ipynb") == "2"
    assert bench.read("labs/solved.ipynb") == "2"


def test_a_file_that_is_changed_in_the_very_moment_goes_back(
    labs: Repository, bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    _public(bench, "v1")
    bench.round()
    labs.commit(intro="2")
    _public(bench, "v2")
    hashed = content.blob

    def changed(path: Path) -> str | None:
        if path.name == "aside":
            path.write_text("just now")
        return hashed(path)

    monkeypatch.setattr(content, "blob", changed)
    assert bench.round() == []
    assert bench.read("labs/intro.ipynb") == "just now"
    assert bench.read("labs/intro.v2.ipynb") == "2"


def test_a_bundle_of_a_private_repository_has_its_files_and_nothing_else(
    labs: Repository, bench: Workbench, tmp_path: Path
) -> None:
    labs.commit(intro="2", secret="gone in the next commit")
    (labs.folder / "secret.ipynb").unlink()
    labs.commit(intro="3")
    private = Content(repository=ADDRESS, private=True)
    (tmp_path / "made").mkdir()
    bundle, commit = bundles.pack(private, tmp_path / "made")
    bench.buckets.objects[COHORT, "workshop/content/labs.bundle"] = bundle.read_bytes()
    _asked(bench, "v1", bundle="workshop/content/labs.bundle", size=bundle.stat().st_size)
    assert bench.round() == []
    assert bench.work() == {"labs/intro.ipynb": "3", "labs/solved.ipynb": "1"}
    unpacked = tmp_path / "unpacked"
    content._git("clone", "--quiet", "--branch=content", str(bundle), str(unpacked))
    log = content._git("-C", str(unpacked), "log", "--all", "--format=%an %ae %s").stdout
    assert log == "workshop workshop@example.invalid The workshop's content\n"
    assert b"git.example.org" not in bundle.read_bytes()
    (tmp_path / "again").mkdir()
    assert bundles.pack(private, tmp_path / "again")[1] == commit


@pytest.mark.usefixtures("labs")
def test_a_source_that_cannot_be_read_is_told_and_asked_again_minutes_later(
    bench: Workbench,
) -> None:
    _asked(bench, "v1", repository=ADDRESS, branch="no-such-branch")
    (error,) = bench.round()
    assert error.startswith("content: labs: ")
    assert bench.round(30) == []
    assert len(bench.round(300)) == 1
    _public(bench, "v2")
    bench.round(30)
    assert bench.round(300) == []
    assert bench.read("labs/intro.ipynb") == "1"


def test_links_do_not_lead_content_elsewhere(
    labs: Repository, bench: Workbench, tmp_path: Path
) -> None:
    (labs.folder / "out").symlink_to("/etc/passwd")
    labs.commit(intro="1b")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (bench.home / "labs").symlink_to(elsewhere)
    _public(bench, "v1")
    errors = bench.round()
    assert errors
    assert all("leads out of" in error for error in errors)
    assert list(elsewhere.iterdir()) == []
    assert not os.path.lexists(bench.home / "labs/out")


@pytest.mark.parametrize("folder", ["..", "a/b", ".workshop/x", ""])
def test_a_folder_that_is_no_name_is_not_brought(folder: str) -> None:
    document = {"content": [{"profile": "attendee", "folder": folder, "version": "v1"}]}
    assert content.of_profile(document, {"WORKSHOP_TAGS": TAGS}) == []


@pytest.mark.usefixtures("labs")
def test_content_of_another_profile_does_not_come(bench: Workbench) -> None:
    entry = {"profile": "instructor", "folder": "labs", "version": "v1", "repository": ADDRESS}
    bench.organiser_sends(content=[{**entry, "branch": "main"}])
    assert bench.round() == []
    assert bench.work() == {}
