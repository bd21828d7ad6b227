"""Which notebooks there are, in which order, which SDK they want, and what is copied of them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.rehearsals import write_notebook
from workshop.errors import UsageError
from workshop.rehearse import content, interpreters


def test_notebooks_come_in_the_order_of_their_numbers_and_folders_after_files(
    tmp_path: Path,
) -> None:
    for name in (
        *("lab10.ipynb", "lab2.ipynb", "Lab1.ipynb", "a/1.ipynb", "b/2.ipynb"),
        *(".ipynb_checkpoints/lab2-checkpoint.ipynb", ".venv/x.ipynb", "a/notes.txt"),
    ):
        write_notebook(tmp_path / name, "1")
    assert content.notebooks(tmp_path) == [
        *("Lab1.ipynb", "lab2.ipynb", "lab10.ipynb", "a/1.ipynb", "b/2.ipynb")
    ]
    assert content.notebooks(tmp_path, ["lab*"]) == ["lab2.ipynb", "lab10.ipynb"]


def test_a_folder_without_notebooks_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no notebook in"):
        content.notebooks(tmp_path)
    write_notebook(tmp_path / "lab.ipynb", "1")
    with pytest.raises(UsageError, match=r"no notebook that matches lesson\*"):
        content.notebooks(tmp_path, ["lesson*"])
    with pytest.raises(UsageError, match="is no folder"):
        content.notebooks(tmp_path / "lab.ipynb")


@pytest.mark.parametrize(
    ("code", "sdk"),
    [
        ("import sagemaker", "sagemaker>=2,<3"),
        ("from sagemaker.train import ModelTrainer", "sagemaker>=3,<4"),
        ("%pip install -q sagemaker==2.125.0", "sagemaker==2.125.0"),
        ("!pip install 'sagemaker[local]==2.20'", "sagemaker==2.20"),
        ("%pip install 'sagemaker>=2.203.0,<3' boto3", "sagemaker>=2.203.0,<3"),
        # The newest release that this would bring is none that the code was written for.
        ("!pip install 'sagemaker>=2.48.0' --upgrade\nimport sagemaker", "sagemaker>=2,<3"),
        ("%pip install sagemaker==2.*", "sagemaker>=2,<3"),
        # Nothing but a release of this one package comes from a notebook.
        ("!pip install sagemaker==2.1;curl x", "sagemaker==2.1"),
    ],
)
def test_the_sdk_is_the_release_that_the_code_was_written_for(code: str, sdk: str) -> None:
    assert content.sdk(code) == sdk


def test_what_is_no_content_is_not_copied(tmp_path: Path) -> None:
    source, copied = tmp_path / "source", tmp_path / "copied"
    secret = tmp_path / "secret"
    secret.write_text("of the organiser's", encoding="utf-8")
    write_notebook(source / "a/lab.ipynb", "1")
    (source / ".git").mkdir()
    (source / ".git/config").write_text("https://token@example.org", encoding="utf-8")
    (source / "out").symlink_to(secret)
    (source / "up").symlink_to("../secret")
    (source / "folder").symlink_to(tmp_path)
    (source / "beside").symlink_to("a/lab.ipynb")
    os.mkfifo(source / "pipe")
    content.copy(source, copied)
    assert sorted(path.relative_to(copied).as_posix() for path in copied.rglob("*")) == [
        *("a", "a/lab.ipynb", "beside")
    ]


def test_placeholders_are_replaced_in_the_copy_with_values_of_the_seat(tmp_path: Path) -> None:
    write_notebook(tmp_path / "lab.ipynb", 'bucket = "your-bucket"')
    (tmp_path / "build.sh").write_text("aws s3 ls your-bucket", encoding="utf-8")
    (tmp_path / "data.bin").write_bytes(b"your-bucket \xff")
    unseen = content.replace(
        tmp_path,
        {"your-bucket": "$WORKSHOP_BUCKET", 'bucket = "x': "", "nowhere": "1"},
        {"WORKSHOP_BUCKET": "vision-ada-data"},
    )
    assert '\\"vision-ada-data\\"' in (tmp_path / "lab.ipynb").read_text(encoding="utf-8")
    assert (tmp_path / "build.sh").read_text(encoding="utf-8") == "aws s3 ls vision-ada-data"
    assert (tmp_path / "data.bin").read_bytes() == b"your-bucket \xff"
    assert unseen == ['bucket = "x', "nowhere"]


def test_the_aws_cli_is_found_in_cells_and_in_scripts(tmp_path: Path) -> None:
    assert content.uses_aws_command(tmp_path, "!aws s3 cp a b")
    assert not content.uses_aws_command(tmp_path, "laws s3; aws = s3")
    (tmp_path / "push.sh").write_text("aws ecr get-login-password", encoding="utf-8")
    assert content.uses_aws_command(tmp_path, "")


@pytest.mark.parametrize(
    ("sdk", "kept"),
    [
        ("sagemaker>=2,<3", "sagemaker<3"),
        ("sagemaker==2.200.0", "sagemaker<3"),
        ("sagemaker>2.207,<3", "sagemaker<3"),
        ("sagemaker>=3,<4", "sagemaker>=3,<4"),
        ("sagemaker==3.7.1", "sagemaker>=3,<4"),
        ("", ""),
    ],
)
def test_pip_stays_within_the_generation_of_the_sdk(sdk: str, kept: str) -> None:
    assert interpreters.generation(sdk) == kept
