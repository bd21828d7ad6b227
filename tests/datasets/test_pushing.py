"""A dataset reaches the cohort's bucket of a local cloud: what differs alone, and checked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.live_workbenches import Asker
from tests.support.seats import ADA, Seats
from workshop.datasets import pushing

BUCKET = ADA.datasets_bucket


def _keys(seats: Seats, prefix: str) -> list[str]:
    listed = seats.root.client("s3").list_objects_v2(Bucket=BUCKET, Prefix=prefix)
    return [item["Key"] for item in listed.get("Contents", [])]


def _folder(root: Path, **texts: str) -> Path:
    for name, text in texts.items():
        (root / f"{name}.txt").parent.mkdir(parents=True, exist_ok=True)
        (root / f"{name}.txt").write_text(text)
    return root


def test_a_push_lays_out_and_sends_and_a_second_one_sends_nothing(
    seats: Seats, organiser: Asker, tmp_path: Path
) -> None:
    for number in range(10):
        _folder(tmp_path / "set/cat", **{f"n{number}": str(number)})
    words = ("data", "push", str(tmp_path / "set"), "--prefix", "cats", "--split", "0.8")
    ran = organiser.command(*words)
    assert ran.code == 0, ran.err
    assert f"s3://{BUCKET}/cats/: 10 files to send" in ran.err
    assert "$0.00 a month" in ran.err
    assert len(_keys(seats, "cats/train/cat/")) == 8
    assert len(_keys(seats, "cats/val/cat/")) == 2
    again = organiser.command(*words)
    assert (again.code, "0 files to send" in again.err) == (0, True)


def test_a_push_that_ended_early_goes_on_with_what_is_missing_or_differs(
    seats: Seats, organiser: Asker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "many"
    _folder(folder, **{f"n{number:02}": str(number) for number in range(30)})
    words = ("data", "push", str(folder), "--prefix", "many")
    arrived: list[int] = []

    def interrupted(*_: object, files: int = 0, **__: object) -> None:
        arrived.append(files)
        if len(arrived) == 7:
            raise KeyboardInterrupt

    monkeypatch.setattr("workshop.cli.data.PushProgress.__call__", interrupted)
    ran = organiser.command(*words)
    monkeypatch.undo()
    assert ran.code == 1
    assert "run this again: what has arrived is not sent again" in ran.err
    there = len(_keys(seats, "many/"))
    assert 7 <= there <= 30
    (folder / "n00.txt").write_text("another")
    again = organiser.command(*words)
    assert again.code == 0, again.err
    assert f"{30 - there + 1} file" in again.err
    assert len(_keys(seats, "many/")) == 30


def test_a_file_of_several_parts_is_known_again(
    seats: Seats, organiser: Asker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pushing, "PART", 5 * 1024**2)
    (tmp_path / "large").mkdir()
    (tmp_path / "large/one.bin").write_bytes(b"0123456789abcdef" * (12 * 1024**2 // 16))
    words = ("data", "push", str(tmp_path / "large"), "--prefix", "large")
    assert organiser.command(*words).code == 0
    head = seats.root.client("s3").head_object(Bucket=BUCKET, Key="large/one.bin")
    assert head["ETag"].endswith('-3"')
    assert "0 files to send" in organiser.command(*words).err


def test_what_arrives_as_something_else_is_told(
    organiser: Asker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = _folder(tmp_path / "changing", one="before")
    sent = pushing._send

    def changes(*given: Any, **more: Any) -> None:
        sent(*given, **more)
        (folder / "one.txt").write_text("behind")

    monkeypatch.setattr(pushing, "_send", changes)
    ran = organiser.command("data", "push", str(folder), "--prefix", "changing")
    assert (ran.code, "one.txt did not arrive as it is here now" in ran.err) == (1, True)


def test_only_when_asked_and_agreed_something_is_deleted_and_never_what_the_tool_keeps(
    seats: Seats, organiser: Asker, tmp_path: Path
) -> None:
    assert organiser.command("tell", "Hello").code == 0
    folder = _folder(tmp_path / "some", one="1", two="2")
    assert organiser.command("data", "push", str(folder), "--prefix", "some").code == 0
    (folder / "two.txt").unlink()
    assert organiser.command("data", "push", str(folder), "--prefix", "some").code == 0
    assert _keys(seats, "some/") == ["some/one.txt", "some/two.txt"]
    refused = organiser.command(
        *("data", "push", str(folder), "--prefix", "some", "--delete", "--yes", "other")
    )
    assert (refused.code, "deletes some/two.txt" in refused.err) == (2, True)
    assert _keys(seats, "some/") == ["some/one.txt", "some/two.txt"]
    alone = organiser.command("data", "push", str(folder), "--delete")
    assert (
        alone.code,
        "is there to type the workshop's name; give it with --yes demo" in alone.err,
    ) == (
        3,
        True,
    )
    assert _keys(seats, "some/") == ["some/one.txt", "some/two.txt"]
    agreed = organiser.command("data", "push", str(folder), "--delete", "--yes", "demo")
    assert agreed.code == 0, agreed.err
    assert _keys(seats, "some/") == []
    assert _keys(seats, "workshop/") == ["workshop/inbox.json"]


def test_a_bucket_is_copied_and_what_came_in_parts_is_known_again(
    seats: Seats, organiser: Asker
) -> None:
    s3 = seats.root.client("s3")
    s3.create_bucket(Bucket="open-flowers")
    for number in range(4):
        s3.put_object(Bucket="open-flowers", Key=f"v1/rose/{number}.jpg", Body=b"%d" % number)
    upload = s3.create_multipart_upload(Bucket="open-flowers", Key="v1/rose/big.jpg")["UploadId"]
    where = {"Bucket": "open-flowers", "Key": "v1/rose/big.jpg", "UploadId": upload}
    parts = [
        {
            "PartNumber": number,
            "ETag": s3.upload_part(**where, PartNumber=number, Body=b"x" * size)["ETag"],
        }
        for number, size in ((1, 5 * 1024**2), (2, 100))
    ]
    s3.complete_multipart_upload(**where, MultipartUpload={"Parts": parts})
    words = ("data", "push", "s3://open-flowers/v1/", "--prefix", "roses", "--split", "0.8")
    ran = organiser.command(*words)
    assert ran.code == 0, ran.err
    assert "5 files to send" in ran.err
    assert len(_keys(seats, "roses/train/rose/")) == 4
    assert len(_keys(seats, "roses/val/rose/")) == 1
    assert "0 files to send" in organiser.command(*words).err
    listed = json.loads(organiser.command("data", "list", "--json").out)
    (roses,) = [row for row in listed if row["folder"] == "roses/"]
    assert (roses["files"], roses["bytes"]) == (5, 5 * 1024**2 + 104)
    assert not any(row["folder"] == "workshop/" for row in listed)


def test_an_empty_or_unknown_source_is_one_sentence(organiser: Asker, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    ran = organiser.command("data", "push", str(tmp_path / "nothing"))
    assert (ran.code, "has no files; name the folder that has" in ran.err) == (2, True)
    ran = organiser.command("data", "push", "s3://no-such-bucket-anywhere/")
    assert (ran.code, "s3://no-such-bucket-anywhere/ holds nothing" in ran.err) == (2, True)


def test_a_huge_file_gets_larger_parts() -> None:
    assert pushing.part_size(10**12) * pushing.MOST_PARTS >= 10**12
