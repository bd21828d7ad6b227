"""What attendees made is downloaded whole to a folder, each key to a file of its own."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.support.local_cloud import Cloud
from tests.support.saved_artifacts import (
    ARCHIVE,
    DATA,
    GROUP,
    MEGABYTE,
    contents,
    files,
    logged,
    put,
    put_in_parts,
    save,
)
from workshop.teardown import save_paths


@pytest.mark.usefixtures("buckets")
def test_objects_are_downloaded_whole_and_only_once(cloud: Cloud, tmp_path: Path) -> None:
    put(cloud, "models/a")
    put(cloud, "models/../b")
    put(cloud, "models/empty/", b"")
    put_in_parts(cloud, "models/large", b"xy" * (3 * MEGABYTE))
    saved = save(cloud, tmp_path)
    assert (saved.problems, saved.objects) == ([], 4)
    start = f"ada/{DATA}/models"
    assert files(tmp_path) == [
        f"{start}/%2E%2E/b",
        f"{start}/a",
        f"{start}/empty/%",
        f"{start}/large",
    ]
    assert (tmp_path / start / "large").read_bytes() == b"xy" * (3 * MEGABYTE)
    assert save(cloud, tmp_path).already == 4


@pytest.mark.parametrize("there", [b"another", b"other content"])
@pytest.mark.usefixtures("buckets")
def test_another_file_of_that_name_is_never_written_over(
    cloud: Cloud, tmp_path: Path, there: bytes
) -> None:
    put(cloud, "models/a")
    path = tmp_path / f"ada/{DATA}/models/a"
    path.parent.mkdir(parents=True)
    path.write_bytes(there)
    saved = save(cloud, tmp_path)
    assert (saved.problems, saved.renamed) == ([], 1)
    assert path.read_bytes() == there
    assert b"content" in contents(tmp_path).values()


ODD = (
    *("a", "a/b", "a/b/c", "models/" + 300 * "n", "models/" + 300 * "n" + "2", 1000 * "ü"[:500]),
    *("con", "NUL.txt", "dot.", "blank ", "/".join(200 * ["seg"]), "a//b", "..", "x/", "Ab", "aB"),
)
"""Keys that no file system, or not every one, can hold side by side as they are."""


@pytest.mark.usefixtures("buckets")
def test_every_key_is_saved_whatever_its_name_and_told_where(cloud: Cloud, tmp_path: Path) -> None:
    for number, key in enumerate(ODD):
        put(cloud, key, f"content {number}".encode())
    saved = save(cloud, tmp_path)
    assert (saved.problems, saved.objects) == ([], len(ODD))
    found = contents(tmp_path)
    assert {f"content {number}".encode() for number in range(len(ODD))} <= set(found.values())
    names = [name for name in found if "%-names-" in name]
    told = {
        (one := json.loads(line))["key"]: found[f"ada/{DATA}/{one['file']}"]
        for name in names
        for line in found[name].decode().splitlines()
    }
    assert {300 * "n", 300 * "n" + "2"} <= {key.removeprefix("models/") for key in told}
    assert len({"a", "a/b", "a/b/c"} & told.keys()) in {1, 2}
    for key, content in told.items():
        assert content == f"content {ODD.index(key)}".encode()
    assert all(len(word) < 255 for name in found for word in name.split("/"))
    assert save(cloud, tmp_path).already == len(ODD)
    assert contents(tmp_path) == found


@pytest.mark.usefixtures("buckets")
def test_a_key_too_long_for_the_archives_prefix_is_saved_under_another(cloud: Cloud) -> None:
    put(cloud, 1000 * "k")
    saved = save(cloud, f"s3://{ARCHIVE}/{50 * 'p'}")
    assert (saved.problems, saved.objects, saved.renamed) == ([], 1, 1)
    assert save(cloud, f"s3://{ARCHIVE}/{50 * 'p'}").already == 1


@pytest.mark.usefixtures("buckets")
def test_a_file_system_without_capital_letters_loses_nothing(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(cloud, "Model", b"one")
    put(cloud, "model", b"two")
    monkeypatch.setattr(save_paths, "file_path", lambda key: Path(key.lower()))
    saved = save(cloud, tmp_path)
    assert (saved.problems, saved.objects, saved.renamed) == ([], 2, 1)
    assert {b"one", b"two"} <= set(contents(tmp_path).values())


@pytest.mark.usefixtures("buckets")
def test_what_is_saved_is_its_owners_alone(cloud: Cloud, tmp_path: Path) -> None:
    put(cloud, "models/a")
    logged(cloud, "fit/algo-1", "begin")
    before = os.umask(0)
    try:
        save(cloud, tmp_path / "saved", streams=((GROUP, "fit/algo-1"),))
    finally:
        os.umask(before)
    modes = {oct(one.stat().st_mode & 0o777) for one in (tmp_path / "saved").rglob("*")}
    assert modes == {"0o700", "0o600"}


@pytest.mark.usefixtures("buckets")
def test_a_download_that_breaks_off_leaves_no_file(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(cloud, "models/a")

    class Broken:
        @staticmethod
        def iter_chunks(_: int) -> Any:
            yield b"cont"
            raise OSError("the connection broke")

    monkeypatch.setattr("workshop.teardown.s3_copy.Source.body", lambda *_: Broken())
    saved = save(cloud, tmp_path)
    assert saved.problems == [f"s3://{DATA}/models/a: the connection broke"]
    assert files(tmp_path) == []


@pytest.mark.usefixtures("buckets")
def test_a_download_with_other_content_is_not_saved(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(cloud, "models/a")

    class Wrong:
        @staticmethod
        def iter_chunks(_: int) -> Any:
            yield b"CONTENT"

    monkeypatch.setattr("workshop.teardown.s3_copy.Source.body", lambda *_: Wrong())
    saved = save(cloud, tmp_path)
    assert "cannot be shown to be the same" in saved.problems[0]
    assert files(tmp_path) == []


@pytest.mark.usefixtures("buckets")
def test_checksums_decide_where_the_etag_is_no_digest(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(cloud, "models/a")
    # As it is with a key of KMS.
    monkeypatch.setattr("workshop.teardown.s3_copy._md5", lambda _: b"no digest")
    assert save(cloud, tmp_path).complete
    (tmp_path / f"ada/{DATA}/models/a").write_bytes(b"CONTENT")
    assert save(cloud, tmp_path).renamed == 1
