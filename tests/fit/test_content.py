"""Which files of labs are read, and that nothing outside of them is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.lab_files import notebook_text, write_notebook
from workshop.errors import UsageError
from workshop.fit import content


def test_notebooks_programs_scripts_requirements_and_recipes_are_read(tmp_path: Path) -> None:
    write_notebook(tmp_path, "labs/a.ipynb", "x = 1")
    for name in ("train.py", "push.sh", "requirements.txt", "Dockerfile", "README.md", "data.csv"):
        (tmp_path / name).write_text("# text\n")
    read = content.read_folder(tmp_path)
    assert {file.path: file.kind for file in read.files} == {
        "Dockerfile": "recipe",
        "labs/a.ipynb": "notebook",
        "push.sh": "script",
        "requirements.txt": "requirements",
        "train.py": "program",
    }
    assert read.left_out == ()


def test_a_link_is_not_followed_wherever_it_leads(tmp_path: Path) -> None:
    outside, labs = tmp_path / "outside", tmp_path / "labs"
    write_notebook(outside, "secret.ipynb", "x = 1")
    labs.mkdir()
    (labs / "linked.ipynb").symlink_to(outside / "secret.ipynb")
    (labs / "folder").symlink_to(outside)
    (labs / "gone.py").symlink_to(tmp_path / "nowhere")
    read = content.read_folder(labs)
    assert read.files == ()
    assert dict(read.left_out) == {"gone.py": "is a link", "linked.ipynb": "is a link"}


def test_a_pipe_does_not_keep_its_reader_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.py")
    assert content.read_folder(tmp_path).left_out == (("a.py", "is no file"),)


def test_what_is_binary_broken_or_too_large_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content, "LARGEST_PROGRAM", 100)
    (tmp_path / "a.py").write_bytes(b"x = 1\x00")
    (tmp_path / "b.ipynb").write_text("{")
    (tmp_path / "c.py").write_text("#" * 101)
    assert dict(content.read_folder(tmp_path).left_out) == {
        "a.py": "is binary",
        "b.ipynb": "is no notebook: not JSON, or nested too deep",
        "c.py": "has more than 100 bytes",
    }


def test_files_beyond_the_most_are_named_and_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content, "MOST_FILES", 2)
    for number in range(3):
        (tmp_path / f"{number}.py").write_text("x = 1")
    read = content.read_folder(tmp_path)
    assert [file.path for file in read.files] == ["0.py", "1.py"]
    assert read.left_out == (("2.py", "comes after as many as are read; name a folder below"),)


def test_what_does_not_run_as_a_seat_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "stack.py").write_text("import aws_cdk as cdk\n")
    (tmp_path / "function.py").write_text("def lambda_handler(event, context):\n    pass\n")
    write_notebook(tmp_path, ".hidden/a.ipynb", "x = 1")
    write_notebook(tmp_path, ".ipynb_checkpoints/a.ipynb", "x = 1")
    read = content.read_folder(tmp_path)
    assert read.files == ()
    assert dict(read.left_out) == {
        "function.py": "is code of a Lambda function, which has a role of its own",
        "stack.py": "makes infrastructure, which attendees do not",
    }


def test_bytes_that_are_no_text_are_read_as_far_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "a.ipynb").write_bytes(b"\xef\xbb\xbf" + notebook_text("x = '\u00e9'").encode())
    (tmp_path / "b.py").write_bytes(b"x = '\xff'\n")
    assert [len(file.cells) for file in content.read_folder(tmp_path).files] == [1, 1]


def test_a_folder_has_to_be_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no folder; name the one that holds the labs"):
        content.read_folder(tmp_path / "nowhere")
