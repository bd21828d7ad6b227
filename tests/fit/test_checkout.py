"""Labs from a repository: fetched without running any of it, and gone afterwards."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.support.lab_files import write_notebook
from workshop.errors import UsageError, WorkshopError
from workshop.fit import checkout


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.com")
    command = ["git", *identity, *arguments]
    ran = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return ran.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a repository with a branch, a tag, a link, and a hook that would leave a trace."""
    folder = tmp_path / "origin"
    write_notebook(folder, "a.ipynb", "x = 1")
    git(folder, "init", "--quiet", "--initial-branch=trunk")
    (folder / "link.ipynb").symlink_to("/etc/passwd")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "first")
    git(folder, "tag", "v1")
    write_notebook(folder, "b.ipynb", "x = 2")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "second")
    return folder


def test_the_newest_commit_is_fetched_into_a_folder_that_goes_again(repository: Path) -> None:
    with checkout.opened(f"file://{repository}") as made:
        assert {path.name for path in made.folder.glob("*.ipynb")} == {
            "a.ipynb",
            "b.ipynb",
            "link.ipynb",
        }
        assert not (made.folder / "link.ipynb").is_symlink()
        assert made.commit == git(repository, "rev-parse", "HEAD")
        assert made.branch == "trunk"
        assert made.title == f"file://{repository} at {made.commit[:12]}"
    assert not made.folder.exists()


@pytest.mark.parametrize("named", ["tag", "commit"])
def test_a_tag_or_commit_can_be_asked_for(repository: Path, named: str) -> None:
    git(repository, "config", "uploadpack.allowAnySHA1InWant", "true")
    commit = git(repository, "rev-parse", "v1")
    with checkout.opened(f"file://{repository}", "v1" if named == "tag" else commit) as made:
        assert not (made.folder / "b.ipynb").exists()
        assert made.branch == ("v1" if named == "tag" else "")


def test_a_folder_is_read_where_it_is(tmp_path: Path) -> None:
    with checkout.opened(str(tmp_path)) as made:
        assert (made.folder, made.address, made.commit) == (tmp_path, "", "")
    assert tmp_path.is_dir()
    with (
        pytest.raises(UsageError, match="'--ref' is for a repository"),
        checkout.opened(str(tmp_path), "main"),
    ):
        pass


@pytest.mark.parametrize(
    "source", ["nowhere", "--upload-pack=evil", "ext::sh -c evil", "http://example.com/a", "a/b/c"]
)
def test_what_is_neither_a_folder_nor_a_repository_is_refused(source: str) -> None:
    with (
        pytest.raises(UsageError, match="is no folder and no repository; name a folder"),
        checkout.opened(source),
    ):
        pass


@pytest.mark.parametrize("ref", ["--evil", "a b", "../x", ""])
def test_a_ref_is_a_word(ref: str) -> None:
    with (
        pytest.raises(UsageError, match="is no branch, tag or commit"),
        checkout.opened("https://example.com/a.git", ref),
    ):
        pass


def test_a_token_in_an_address_is_not_repeated(tmp_path: Path) -> None:
    address = f"file://ada:geheim@{tmp_path}/nowhere"
    with (
        pytest.raises(WorkshopError, match="git cannot fetch it") as failed,
        checkout.opened(address),
    ):
        pass
    assert "geheim" not in str(failed.value)


def test_without_git_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with (
        pytest.raises(WorkshopError, match="git is not there; install it, or name a folder"),
        checkout.opened("https://example.com/a.git"),
    ):
        pass
