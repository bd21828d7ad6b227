"""The agent saves the attendee's files, and brings them back to an empty disk."""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

from tests.support.workbenches import BEGIN, OWN, Workbench
from workshop.agent import files, state
from workshop.agent.run import LAST_SECONDS, SAVE_EVERY
from workshop.agent.saving import PREFIX, BucketStore

TEN_MINUTES = 600


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    return Workbench(tmp_path / "first")


def test_files_are_saved_under_their_names_and_only_what_changed_is_sent_again(
    bench: Workbench,
) -> None:
    bench.write("one.ipynb", "1")
    bench.write("folder/Übung zwei.ipynb", "2")
    assert bench.round() == []
    assert bench.saved() == {"one.ipynb": "1", "folder/Übung zwei.ipynb": "2"}
    bench.buckets.sent.clear()
    bench.now += SAVE_EVERY
    bench.write("one.ipynb", "1, changed")
    assert bench.round() == []
    assert f"{PREFIX}files/one.ipynb" in bench.buckets.sent
    assert not [key for key in bench.buckets.sent if "zwei" in key]
    assert bench.saved()["one.ipynb"] == "1, changed"
    bench.buckets.sent.clear()
    assert bench.round(SAVE_EVERY) == []
    assert set(bench.buckets.sent) <= {f"{PREFIX}report.json"}


def test_a_machine_that_starts_again_sends_nothing_that_is_saved_already(bench: Workbench) -> None:
    bench.write("one.ipynb", "1")
    bench.round()
    bench.buckets.sent.clear()
    bench.starts()
    assert bench.round(3600) == []
    assert bench.buckets.sent == [f"{PREFIX}report.json"]


def test_a_new_disk_gets_the_saved_files_back_by_itself(bench: Workbench, tmp_path: Path) -> None:
    bench.write("one.ipynb", "1")
    script = bench.write("folder/run.sh", "echo")
    script.chmod(0o755)
    bench.write("gone.txt", "deleted later")
    bench.round()
    (bench.home / "gone.txt").unlink()
    bench.round(SAVE_EVERY)
    new = bench.replaced(tmp_path / "second")
    assert new.round(3600) == []
    assert new.work() == {"one.ipynb": "1", "folder/run.sh": "echo"}
    assert (new.home / "folder/run.sh").stat().st_mode & 0o777 == 0o755
    assert new.report["back"] == {"files": 2, "beside": 0, "missing": 0}
    assert bench.buckets.objects[OWN, f"{PREFIX}files/gone.txt"] == b"deleted later"


def test_what_is_on_a_new_disk_stays_and_a_saved_file_of_its_name_lies_beside(
    bench: Workbench, tmp_path: Path
) -> None:
    bench.write("hands-on/01.ipynb", "with my answers")
    bench.write("hands-on/02.ipynb", "as it came")
    bench.round()
    new = bench.replaced(tmp_path / "second")
    new.write("hands-on/01.ipynb", "as it came")
    new.write("hands-on/02.ipynb", "as it came")
    assert new.round() == []
    (folder,) = new.home.glob("restored-*")
    assert new.work() == {
        "hands-on/01.ipynb": "as it came",
        "hands-on/02.ipynb": "as it came",
        f"{folder.name}/hands-on/01.ipynb": "with my answers",
    }
    assert new.report["back"] == {"files": 1, "beside": 1, "missing": 0}


def test_an_empty_disk_never_becomes_what_is_saved(bench: Workbench, tmp_path: Path) -> None:
    bench.write("one.ipynb", "1")
    bench.round()
    new = bench.replaced(tmp_path / "second")
    new.buckets.refused = "files/one"
    errors = new.round()
    assert [error.partition(":")[0] for error in errors] == ["restoring", "saving"]
    assert bench.saved() == {"one.ipynb": "1"}
    new.buckets.refused = ""
    assert new.round(30) == []
    assert new.work() == {"one.ipynb": "1"}


def test_what_does_not_fit_on_a_new_disk_stays_saved(
    bench: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.write("one.ipynb", "1")
    bench.round()
    monkeypatch.setattr(files, "free", lambda _: 0)
    small = bench.replaced(tmp_path / "second")
    assert small.round() == []
    assert small.report["back"] == {"files": 0, "beside": 0, "missing": 1}
    small.write("two.ipynb", "2")
    assert small.round(SAVE_EVERY) == []
    monkeypatch.undo()
    large = small.replaced(tmp_path / "third")
    assert large.round() == []
    assert large.work() == {"one.ipynb": "1", "two.ipynb": "2"}


def test_a_deleted_disk_folder_of_the_agents_brings_back_no_more_than_files(
    bench: Workbench,
) -> None:
    bench.write("one.ipynb", "1")
    bench.round()
    (bench.home / ".workshop/this-disk").unlink()
    bench.starts()
    assert bench.round() == []
    assert bench.work() == {"one.ipynb": "1"}


def test_links_pipes_caches_environments_and_odd_names_harm_nothing(
    bench: Workbench, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("of somebody else")
    bench.write("fine.txt", "fine")
    bench.write(".git/objects/ab/cd", "object")
    (bench.home / "link.txt").symlink_to(secret)
    (bench.home / "loop").symlink_to(bench.home)
    os.mkfifo(bench.home / "pipe")
    bench.write("__pycache__/x.pyc", "cache")
    bench.write(".ipynb_checkpoints/x.ipynb", "cache")
    bench.write("venv/pyvenv.cfg", "an environment")
    bench.write("venv/lib/large.py", "of a package")
    bench.write("KEEP-RUNNING", "6")
    (bench.home / os.fsdecode(b"latin-\xe9.txt")).write_text("x")
    (bench.home / "two\nlines").write_text("x")
    bench.write("d/" * 220 + "e" * 200 + "/" + "f" * 255 + "/" + "g" * 255, "deep")
    closed = bench.write("closed.txt", "x")
    assert bench.round() == []
    assert bench.saved() == {
        "fine.txt": "fine",
        ".git/objects/ab/cd": "object",
        "closed.txt": "x",
    }
    assert closed.exists()
    reasons = dict(bench.agent.remembered["saved"]["left_out_first"])
    assert reasons["link.txt"] == reasons["loop"] == "a link"
    assert reasons["pipe"] == "no regular file"
    assert reasons["venv/"] == "an environment: install it anew"
    assert reasons["two\nlines"] == "its name has characters that cannot be shown"
    assert "its name is not UTF-8" in reasons.values()
    assert "its name is too long" in reasons.values()
    assert "of somebody else" not in str(bench.buckets.objects)


def test_large_files_and_the_largest_of_too_many_are_left_out_and_named(bench: Workbench) -> None:
    bench.agent._saving.bounds = files.Bounds(file=1_000_000, total=1_000_000)
    bench.write("too-large.bin", b"x" * 1_000_001)
    bench.write("a.bin", b"x" * 600_000)
    bench.write("b.bin", b"x" * 500_000)
    bench.write("c.txt", "small")
    assert bench.round() == []
    assert bench.saved().keys() == {"b.bin", "c.txt"}
    assert bench.report["saved"]["left_out"] == 2
    assert {path for path, _ in bench.report["saved"]["left_out_first"]} == {
        "too-large.bin",
        "a.bin",
    }


def test_a_file_that_outgrows_the_bound_stays_saved_as_it_was(bench: Workbench) -> None:
    bench.write("log.txt", "begin")
    bench.round()
    bench.agent._saving.bounds = files.Bounds(file=10)
    bench.write("log.txt", "x" * 11)
    assert bench.round(SAVE_EVERY) == []
    assert bench.saved() == {"log.txt": "begin"}


def test_a_file_that_changes_while_it_is_sent_is_sent_again_by_the_next_save(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "CHUNK", 4)

    def grow(key: str) -> None:
        if key.endswith("log.txt") and (bench.home / "log.txt").stat().st_size < 20:
            with (bench.home / "log.txt").open("a") as log:
                log.write("more")

    bench.write("log.txt", "begin")
    bench.buckets.while_reading = grow
    assert bench.round() == []
    assert bench.saved()["log.txt"].startswith("begin")
    assert bench.round(SAVE_EVERY) == []
    assert bench.saved() == {"log.txt": bench.read("log.txt")}


def test_a_file_that_shrinks_or_goes_while_it_is_sent_harms_nothing(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "CHUNK", 4)
    for name in ("a.txt", "b.txt"):
        bench.write(name, "0123456789")

    def shrink(_: str) -> None:
        for path in bench.home.glob("?.txt"):
            os.truncate(path, 1)

    bench.buckets.while_reading = shrink
    bench.round()
    bench.buckets.while_reading = lambda _: None
    assert bench.round(SAVE_EVERY) == []
    assert bench.saved() == {"a.txt": "0", "b.txt": "0"}


def test_without_a_network_nothing_is_lost_and_the_next_round_saves(bench: Workbench) -> None:
    bench.write("one.ipynb", "1")
    bench.buckets.offline = True
    assert len(bench.round()) > 1
    assert bench.round(30)
    bench.buckets.offline = False
    assert bench.round(30) == []
    assert bench.saved() == {"one.ipynb": "1"}


def test_a_network_that_goes_in_the_middle_keeps_what_was_saved_before(bench: Workbench) -> None:
    for name in ("a", "b"):
        bench.write(name, "first")
    bench.round()
    bench.now += SAVE_EVERY
    for name in ("a", "b"):
        bench.write(name, "second")
    bench.buckets.refused = "files/b"
    bench.round()
    assert bench.saved() == {"a": "second", "b": "first"}
    assert bench.report["saved"]["until"] == BEGIN
    assert "AccessDenied" in bench.report["saved"]["error"]
    bench.buckets.refused = ""
    bench.round(30)
    assert bench.saved() == {"a": "second", "b": "second"}
    assert bench.report["saved"]["until"] == bench.now


def test_a_save_that_takes_long_goes_on_in_the_next_round(bench: Workbench) -> None:
    for number in range(5):
        bench.write(f"{number}", "x")

    def slow(_: str) -> None:
        bench.now += 100

    bench.buckets.while_reading = slow
    bench.round()
    assert len(bench.saved()) == 2
    bench.buckets.while_reading = lambda _: None
    bench.round(30)
    assert len(bench.saved()) == 5


@pytest.mark.parametrize(
    "manifest",
    [b"", b"[]", b'{"files": 5}', b'{"files": {"../../x": [1, 1, "", 420], "y": "z", "a": []}}'],
)
def test_a_manifest_that_the_attendee_spoiled_brings_nothing_back_and_is_written_anew(
    bench: Workbench, manifest: bytes
) -> None:
    bench.buckets.objects[OWN, f"{PREFIX}manifest.json"] = manifest
    bench.write("one.ipynb", "1")
    assert bench.round() == []
    assert bench.saved() == {"one.ipynb": "1"}
    assert bench.work() == {"one.ipynb": "1"}


def test_a_saved_file_never_leaves_the_attendees_folder(bench: Workbench, tmp_path: Path) -> None:
    bench.write("data/x.txt", "saved")
    bench.round()
    new = bench.replaced(tmp_path / "second")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (new.home / "data").symlink_to(elsewhere)
    assert new.round() == []
    assert list(elsewhere.iterdir()) == []
    assert new.report["back"] == {"files": 1, "beside": 1, "missing": 0}


class KilledError(BaseException):
    """The notebook is killed: nothing is done any more."""


@pytest.mark.parametrize("seed", range(20))
def test_at_most_ten_minutes_are_lost_when_a_notebook_is_killed_at_a_random_moment(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Played time: somebody writes all the time, also while a round sends what takes minutes.

    A round comes half a minute after the last, and may fail. Every other seed has a large file that
    takes several rounds to send.
    """
    monkeypatch.setattr(files, "CHUNK", 64)
    chance = Random(seed)  # noqa: S311 - no secret
    bench = Workbench(tmp_path / "first")
    written: dict[str, list[tuple[float, str]]] = {}
    killed = BEGIN + chance.uniform(60, 3 * 3600)

    def write() -> None:
        path, content = f"{chance.randrange(3)}/{chance.randrange(4)}.ipynb", f"{bench.now}"
        bench.write(path, content)
        written.setdefault(path, []).append((bench.now, content))
        if seed % 2 and chance.random() < 0.02:
            bench.write("large.bin", b"x" * 64 * chance.randrange(20, 90))

    def passes(_: str) -> None:
        bench.now += chance.uniform(0, 25)
        if chance.random() < 0.5 and bench.now < killed:
            write()
        if bench.now >= killed:
            raise KilledError

    bench.buckets.while_reading = passes
    next_round = BEGIN
    with suppress(KilledError):
        while bench.now < killed:
            if bench.now >= next_round:
                # A round in fifty finds no network.
                bench.buckets.offline = chance.random() < 0.02
                bench.round()
                bench.buckets.offline = False
                # systemd waits half a minute after a round has ended, and takes up to five seconds.
                next_round = bench.now + 30 + chance.uniform(0, 5)
            write()
            bench.now += chance.uniform(5, 60)
    bench.buckets.while_reading = lambda _: None
    new = bench.replaced(tmp_path / "second")
    assert new.round(300) == []
    back = {path: float(text) for path, text in new.work().items() if path.endswith(".ipynb")}
    for path, versions in written.items():
        old_enough = [when for when, _ in versions if when <= killed - TEN_MINUTES]
        assert not old_enough or back[path] >= old_enough[-1]


@pytest.fixture
def slow(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> Workbench:
    """A bench from which a part of a large file takes a minute."""
    monkeypatch.setattr(files, "CHUNK", 4)

    def passes(key: str) -> None:
        bench.now += 60 * key.endswith(".bin")

    bench.buckets.while_reading = passes
    return bench


LARGE = "0123456789" * 3
"""Eight parts, of which a round sends three."""


def test_a_file_that_no_round_can_send_is_sent_by_several_and_small_ones_come_first(
    slow: Workbench,
) -> None:
    slow.write("large.bin", LARGE)
    for number in (1, 2):
        slow.write("one.py", f"{number}")
        slow.now += 30
        began = slow.now
        assert slow.round() == []
        assert slow.now - began == 180
        assert slow.saved() == {"one.py": f"{number}"}
        assert slow.report["saved"]["error"] == "it takes longer; 3e-05 MB follow"
        assert slow.report["saved"]["until"] is None
    assert slow.round(30) == []
    assert slow.saved() == {"one.py": "2", "large.bin": LARGE}
    assert slow.report["saved"]["error"] == ""
    assert slow.report["saved"]["until"] == slow.now - 120
    listed = json.loads(slow.buckets.objects[OWN, f"{PREFIX}manifest.json"])["files"]
    assert listed["large.bin"][0] == len(LARGE)
    assert listed["large.bin"][2] == hashlib.sha256(LARGE.encode()).hexdigest()


def test_a_large_file_that_changes_between_two_rounds_is_sent_from_its_beginning(
    slow: Workbench,
) -> None:
    slow.write("large.bin", LARGE)
    slow.round()
    slow.write("large.bin", LARGE[::-1])
    for _ in range(3):
        assert slow.round(30) == []
    assert slow.saved() == {"large.bin": LARGE[::-1]}


def test_a_large_file_that_is_deleted_between_two_rounds_leaves_no_parts_to_pay_for(
    slow: Workbench,
) -> None:
    file = slow.write("large.bin", LARGE)
    slow.round()
    assert slow.buckets.parts == {"1": [b"0123", b"4567", b"8901"]}
    file.unlink()
    assert slow.round(30) == []
    assert slow.buckets.parts == {}
    assert slow.agent.remembered["begun"] == {}


def test_an_upload_that_somebody_has_ended_is_begun_anew(slow: Workbench) -> None:
    slow.write("large.bin", LARGE)
    slow.round()
    slow.buckets.parts.clear()
    slow.round(30)
    assert "NoSuchUpload" in slow.agent.remembered["saved"]["error"]
    for _ in range(3):
        slow.round(30)
    assert slow.saved() == {"large.bin": LARGE}


def test_before_a_stop_what_is_small_is_saved_and_listed_in_time(slow: Workbench) -> None:
    slow.write("large.bin", LARGE)
    slow.write("one.py", "1")
    slow.agent._restore_once()
    began = slow.now
    assert not slow.agent.save(LAST_SECONDS)
    assert slow.now - began == 120
    assert slow.saved() == {"one.py": "1"}


def test_files_are_saved_before_kernels_are_looked_at_which_takes_minutes(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state, "kernels", lambda _: {"saved": str(bench.saved())})
    bench.write("one.py", "1")
    bench.organiser_sends(requests=[{"id": "1", "kind": "check", "time": bench.now}])
    assert bench.round() == []
    assert bench.report["kernels"] == {"saved": "{'one.py': '1'}"}


class FailingUpload:
    """S3 in which an upload is begun, and neither a part nor its end is taken."""

    def __init__(self) -> None:
        self.aborted: list[str] = []

    def create_multipart_upload(self, **_: str) -> dict[str, str]:
        return {"UploadId": "begun"}

    def upload_part(self, **_: object) -> dict[str, str]:
        raise ConnectionError("the part was not taken")

    def abort_multipart_upload(self, **request: str) -> None:
        self.aborted.append(request["UploadId"])
        raise TimeoutError("nor was its end")


def test_what_has_ended_an_upload_is_told_though_it_cannot_be_taken_back() -> None:
    s3 = FailingUpload()
    store = BucketStore(s3, "data", "000000000000")
    with pytest.raises(ConnectionError, match="the part was not taken"):
        store.put_parts("saved/a", [b"1"], {}, lambda: False)
    assert s3.aborted == ["begun"]


def test_the_yaml_bounds_what_is_saved_by_size_and_patterns(tmp_path: Path) -> None:
    home = tmp_path / "home"
    for path, size in {
        "one.py": 1,
        "data/raw.csv": 1,
        "run/a.ckpt": 1,
        "big.bin": 2_000_001,
    }.items():
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_bytes(b"x" * size)
    text = '{"file_mb":2,"total_gb":1,"leave_out":["data/*","*.ckpt"]}'
    seen = files.look(home, files.Bounds.of_text(text))
    assert [*seen.files] == ["one.py"]
    assert {*seen.left_out} == {
        ("data", files.PATTERN),
        ("run/a.ckpt", files.PATTERN),
        ("big.bin", "larger than 2 MB"),
    }
    for wrong in ("", "{", '{"file_mb":"many"}', "[]"):
        assert files.Bounds.of_text(wrong) == files.Bounds()
    assert {*files.look(home).files} == {"one.py", "data/raw.csv", "run/a.ckpt", "big.bin"}


def test_an_agent_takes_the_bounds_from_its_start_script(bench: Workbench) -> None:
    bench.write("one.py", "1")
    bench.write("data/raw.csv", "2")
    bench.environment["WORKSHOP_SAVE"] = '{"file_mb":2,"total_gb":1,"leave_out":["data/*"]}'
    bench.starts()
    assert bench.round() == []
    assert bench.saved() == {"one.py": "1"}
