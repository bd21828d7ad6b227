"""Files of a dataset get their keys, and a share of each class is for validation."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from workshop.datasets import layout
from workshop.errors import UsageError

FLOWERS = [f"{kind}/{number:03}.jpg" for kind in ("rose", "tulip") for number in range(50)]


def test_every_class_has_its_share_and_the_same_files_each_time() -> None:
    laid = layout.keys(FLOWERS, "flowers/", split=0.8)
    counted = Counter("/".join(key.split("/")[:3]) for key in laid.values())
    assert counted == {
        "flowers/train/rose": 40,
        "flowers/train/tulip": 40,
        "flowers/val/rose": 10,
        "flowers/val/tulip": 10,
    }
    assert laid == layout.keys(reversed(FLOWERS), "flowers/", split=0.8)


def test_a_class_of_two_has_one_of_each_and_one_of_a_single_file_trains() -> None:
    laid = layout.keys(["a/1", "a/2", "b/1"], "", split=0.99)
    assert sorted(key.partition("/")[0] for key in laid.values()) == ["train", "train", "val"]
    assert laid["b/1"] == "train/b/1"


def test_what_is_laid_out_stays_and_is_not_split_again() -> None:
    names = ["train/a.csv", "val/b.csv"]
    assert layout.keys(names, "") == {name: name for name in names}
    with pytest.raises(UsageError, match=r"train/a\.csv is laid out already; leave out --split"):
        layout.keys(names, "", split=0.5)


@pytest.mark.parametrize("text", ["workshop", "/workshop/", "workshop/inbox.json"])
def test_no_prefix_reaches_what_the_tool_keeps(text: str) -> None:
    with pytest.raises(UsageError, match="where the tool keeps what notebooks read"):
        layout.prefix_of(text)


def test_no_file_reaches_what_the_tool_keeps() -> None:
    with pytest.raises(UsageError, match=r"workshop/inbox\.json would lie where the tool keeps"):
        layout.keys(["workshop/inbox.json"], "")
    assert layout.keys(["workshop/inbox.json"], "data/")


def test_links_and_what_git_leaves_are_no_files_of_a_dataset(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git/config").write_text("")
    (tmp_path / "a.csv").write_text("1,2\n")
    (tmp_path / "secret").symlink_to("/etc/passwd")
    (found,) = layout.files_of(tmp_path)
    assert (found.name, found.size) == ("a.csv", 4)
