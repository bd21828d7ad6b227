"""What attendees made is copied and seen to be the same before it may be deleted."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from pydantic import ValidationError

from tests.support.local_cloud import Cloud
from tests.support.scan_context import account_region, context, counted
from workshop.config.models import Keep
from workshop.errors import UsageError
from workshop.teardown import log_texts, save_paths, saving
from workshop.teardown.s3_copy import Entry, InBucket, InFolder, Source
from workshop.teardown.saving import MOST_PROBLEMS, Saved, SeatArtifacts

DATA = "vision-ada-data-000000000000-us-east-1"
ARCHIVE = "archive"
GROUP = "/aws/sagemaker/TrainingJobs"
MEGABYTE = 1024**2


@pytest.fixture
def buckets(cloud: Cloud) -> None:
    for name in (DATA, ARCHIVE):
        cloud.client("s3").create_bucket(Bucket=name)


def put(cloud: Cloud, key: str, body: bytes = b"content", bucket: str = DATA) -> None:
    cloud.client("s3").put_object(Bucket=bucket, Key=key, Body=body)


def put_in_parts(cloud: Cloud, key: str, body: bytes) -> None:
    s3, to = cloud.client("s3"), {"Bucket": DATA, "Key": key}
    upload = s3.create_multipart_upload(**to, ContentType="text/x-model")["UploadId"]
    parts = []
    for number, at in enumerate(range(0, len(body), 5 * MEGABYTE), start=1):
        chunk = body[at : at + 5 * MEGABYTE]
        etag = s3.upload_part(**to, UploadId=upload, PartNumber=number, Body=chunk)["ETag"]
        parts.append({"PartNumber": number, "ETag": etag})
    s3.complete_multipart_upload(**to, UploadId=upload, MultipartUpload={"Parts": parts})


def logged(cloud: Cloud, stream: str, *messages: str) -> None:
    logs = cloud.client("logs")
    if not logs.describe_log_groups()["logGroups"]:
        logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(logGroupName=GROUP, logStreamName=stream)
    if messages:
        log(cloud, stream, *messages)


def log(cloud: Cloud, stream: str, *messages: str, at: int = 1_790_000_000_123) -> None:
    cloud.client("logs").put_log_events(
        logGroupName=GROUP,
        logStreamName=stream,
        logEvents=[{"timestamp": at + n, "message": text} for n, text in enumerate(messages)],
    )


def save(cloud: Cloud, to: str | Path, keep: Keep | None = None, **work: Any) -> Saved:
    given = {"buckets": (DATA,), **work}
    ada = SeatArtifacts("ada", account_region(cloud), **given)
    [saved] = saving.save(context(cloud).clients, keep or Keep(), str(to), [ada])
    return saved


def archived(cloud: Cloud) -> list[str]:
    pages = cloud.client("s3").get_paginator("list_objects_v2").paginate(Bucket=ARCHIVE)
    return [one["Key"] for page in pages for one in page.get("Contents", ())]


def files(folder: Path) -> list[str]:
    found = (one for one in folder.rglob("*") if one.is_file() and one.name != ".gitignore")
    return sorted(str(one.relative_to(folder)) for one in found)


def contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in files(folder)}


# --- what is chosen: nothing of AWS ------------------------------------------------------------


def test_prefixes_and_artefacts_are_chosen_and_nothing_twice() -> None:
    work = SeatArtifacts(
        "ada",
        None,  # type: ignore[arg-type]
        buckets=("one", "two"),
        artefacts=(
            "s3://one/models/inside.tar.gz",
            "s3://one/fit/output/model.tar.gz",
            "s3://elsewhere/model.tar.gz",
            "s3://two/",
            "https://one/models/x",
        ),
    )
    assert list(work.chosen(Keep(prefixes=("models/", "models/best/")))) == [
        ("one", "fit/output/model.tar.gz"),
        ("one", "models/"),
        ("two", "models/"),
    ]
    assert list(work.chosen(Keep(prefixes=("models/",), artifacts=False))) == [
        ("one", "models/"),
        ("two", "models/"),
    ]


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("models/a b.tar.gz", "models/a b.tar.gz"),
        ("../../etc/passwd", "%2E%2E/%2E%2E/etc/passwd"),
        ("/absolute", "%/absolute"),
        ("a//b/", "a/%/b/%"),
        ("a%2Fb:c\\d", "a%252Fb%3Ac%5Cd"),
        ("./a", "%2E/a"),
    ],
)
def test_every_key_is_a_file_of_its_own_inside_the_folder(key: str, path: str) -> None:
    assert save_paths.file_path(key).as_posix() == path


@pytest.mark.parametrize("text", ["s3:/archive", "s3://", "s3:///x"])
def test_a_place_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no place to save to"):
        save_paths.read(text)


@pytest.mark.parametrize("text", ["s3://archive", "s3://archive/vision/2027/", "saved/here"])
def test_the_configuration_takes_buckets_and_folders(text: str) -> None:
    assert Keep(to=text).to == text


@pytest.mark.parametrize("text", ["s3:/archive", "s3://", "s3://Archive/x", ""])
def test_the_configuration_refuses_what_is_neither(text: str) -> None:
    with pytest.raises(ValidationError, match="is no place to save to; write"):
        Keep(to=text)


def test_places_are_read() -> None:
    assert save_paths.read("s3://archive/vision/2027/") == save_paths.Prefix(
        "archive", "vision/2027"
    )
    assert save_paths.read("s3://archive") == save_paths.Prefix("archive", "")
    assert save_paths.read("saved/here") == Path("saved/here")


def test_nothing_is_saved_to_a_bucket_that_is_deleted_itself(cloud: Cloud) -> None:
    with pytest.raises(UsageError, match="is one of those that are torn down"):
        save(cloud, f"s3://{DATA}/saved")


# --- to a bucket -----------------------------------------------------------------------------


@pytest.mark.usefixtures("buckets")
def test_objects_are_copied_within_s3_and_seen_there(cloud: Cloud) -> None:
    for key in ("models/a", "models/b ä+%&", "output/c", "train/not-chosen"):
        put(cloud, key)
    chosen = Keep(prefixes=("models/", "output/"))
    saved = save(cloud, f"s3://{ARCHIVE}/vision", chosen)
    assert (saved.complete, saved.objects, saved.already, saved.bytes) == (True, 3, 0, 21)
    start = f"vision/ada/{DATA}/"
    assert archived(cloud) == [f"{start}{key}" for key in ("models/a", "models/b ä+%&", "output/c")]
    copy = cloud.client("s3").get_object(Bucket=ARCHIVE, Key=f"{start}models/a")
    assert copy["Body"].read() == b"content"


@pytest.mark.usefixtures("buckets")
def test_what_is_there_already_is_not_copied_again(cloud: Cloud) -> None:
    for number in range(5):
        put(cloud, f"models/{number}")
    save(cloud, f"s3://{ARCHIVE}")
    put(cloud, "models/9")
    here = context(cloud)
    calls = counted(here.clients.client("s3", account_region(cloud)))
    work = SeatArtifacts("ada", account_region(cloud), buckets=(DATA,))
    [saved] = saving.save(here.clients, Keep(prefixes=("models/",)), f"s3://{ARCHIVE}", [work])
    assert (saved.complete, saved.objects, saved.already) == (True, 6, 5)
    assert calls == {"CopyObject": 1, "ListObjectsV2": 4}


@pytest.mark.usefixtures("buckets")
def test_what_was_uploaded_in_parts_is_copied_in_the_same_parts(cloud: Cloud) -> None:
    put_in_parts(cloud, "models/large", b"x" * (11 * MEGABYTE))
    saved = save(cloud, f"s3://{ARCHIVE}")
    assert saved.problems == []
    s3, key = cloud.client("s3"), f"ada/{DATA}/models/large"
    copy = s3.head_object(Bucket=ARCHIVE, Key=key)
    assert copy["ETag"] == s3.head_object(Bucket=DATA, Key="models/large")["ETag"]
    assert (copy["ETag"][-3:-1], copy["ContentType"]) == ("-3", "text/x-model")
    assert save(cloud, f"s3://{ARCHIVE}").already == 1


@pytest.mark.usefixtures("buckets")
def test_no_copy_is_asked_for_that_could_replace_another(cloud: Cloud) -> None:
    put(cloud, "models/a")
    put_in_parts(cloud, "models/large", b"x" * (6 * MEGABYTE))
    here = context(cloud)
    asked: list[Any] = []
    for operation in ("CopyObject", "CompleteMultipartUpload"):
        here.clients.client("s3", account_region(cloud)).meta.events.register(
            f"provide-client-params.s3.{operation}", lambda params, **_: asked.append(params)
        )
    work = SeatArtifacts("ada", account_region(cloud), buckets=(DATA,))
    assert saving.save(here.clients, Keep(), f"s3://{ARCHIVE}", [work])[0].complete
    # The local cloud heeds it for the second alone.
    assert [one["IfNoneMatch"] for one in asked] == ["*", "*"]


@pytest.mark.parametrize(
    ("there", "known"),
    [
        (Entry("a", 2, "etag"), {}),
        (Entry("a", 1, "other"), {}),
        (Entry("a", 1, "other"), {"ChecksumCRC32": "two"}),
        (Entry("a", 1, "other"), {"ChecksumSHA256": "one"}),
        (Entry("a", 1, "other"), {"ChecksumCRC32": "one", "ChecksumType": "COMPOSITE"}),
    ],
)
def test_what_cannot_be_shown_to_be_the_same_is_another(there: Entry, known: Any) -> None:
    class Heads:
        """Two objects: the source's with a checksum of its content, and the target's."""

        @staticmethod
        def head_object(Bucket: str, **_: Any) -> Any:  # noqa: N803
            return {"ChecksumCRC32": "one"} if Bucket == DATA else known

    source = Source(Heads, DATA, "1" * 12)
    target = InBucket(Heads, save_paths.Prefix(ARCHIVE, ""))
    assert not target.same(source, "a", Entry("a", 1, "etag"), there)


@pytest.mark.usefixtures("buckets")
def test_a_copy_in_parts_that_fails_leaves_no_upload_behind(cloud: Cloud) -> None:
    put_in_parts(cloud, "models/large", b"x" * (6 * MEGABYTE))
    cloud.faults({"effect": "denied", "operation": "s3:UploadPartCopy"})
    saved = save(cloud, f"s3://{ARCHIVE}")
    assert not saved.complete
    assert "Uploads" not in cloud.client("s3").list_multipart_uploads(Bucket=ARCHIVE)
    cloud.faults(
        {"effect": "denied", "operation": "s3:UploadPartCopy"},
        {"effect": "denied", "operation": "s3:AbortMultipartUpload"},
    )
    [problem] = save(cloud, f"s3://{ARCHIVE}").problems
    assert problem.endswith("allows the s3:PutObject action")  # not the AbortMultipartUpload


@pytest.mark.usefixtures("buckets")
def test_an_interrupted_copy_in_parts_leaves_no_upload_behind(cloud: Cloud) -> None:
    put_in_parts(cloud, "models/large", b"x" * (6 * MEGABYTE))
    clients = context(cloud).clients
    events = clients.client("s3", account_region(cloud)).meta.events
    events.register("before-call.s3.UploadPartCopy", lambda **_: clients.interrupt())
    with pytest.raises(KeyboardInterrupt):
        saving.save(
            clients,
            Keep(),
            f"s3://{ARCHIVE}",
            [SeatArtifacts("ada", account_region(cloud), (DATA,))],
        )
    assert "Uploads" not in cloud.client("s3").list_multipart_uploads(Bucket=ARCHIVE)
    assert archived(cloud) == []


@pytest.mark.parametrize("there", [b"another", b"other content"])
@pytest.mark.usefixtures("buckets")
def test_an_object_whose_name_is_taken_is_saved_under_another(cloud: Cloud, there: bytes) -> None:
    put(cloud, "models/a")
    own = f"ada/{DATA}/models/a"
    put(cloud, own, there, bucket=ARCHIVE)
    saved = save(cloud, f"s3://{ARCHIVE}")
    assert (saved.problems, saved.objects, saved.renamed) == ([], 1, 1)
    s3 = cloud.client("s3")
    assert s3.get_object(Bucket=ARCHIVE, Key=own)["Body"].read() == there
    copy, names = sorted(set(archived(cloud)) - {own}, key=lambda key: "names" in key)
    assert s3.get_object(Bucket=ARCHIVE, Key=copy)["Body"].read() == b"content"
    told = json.loads(s3.get_object(Bucket=ARCHIVE, Key=names)["Body"].read())
    assert told == {"key": "models/a", "file": copy.removeprefix(f"ada/{DATA}/")}
    again = save(cloud, f"s3://{ARCHIVE}")
    assert (again.problems, again.already, len(archived(cloud))) == ([], 1, 3)


@pytest.mark.parametrize("count", [26, 101])
@pytest.mark.usefixtures("buckets")
def test_all_pages_on_both_sides_are_compared(cloud: Cloud, count: int) -> None:
    for number in range(count):
        put(cloud, f"models/{number}")
    here = context(cloud)
    client = here.clients.client("s3", account_region(cloud))
    client.meta.events.register(
        "provide-client-params.s3.ListObjectsV2", lambda params, **_: {**params, "MaxKeys": 25}
    )
    work = SeatArtifacts("ada", account_region(cloud), buckets=(DATA,))
    keep = Keep(prefixes=("models/",))
    [saved] = saving.save(here.clients, keep, f"s3://{ARCHIVE}", [work])
    assert (saved.problems, saved.objects) == ([], count)
    [again] = saving.save(here.clients, keep, f"s3://{ARCHIVE}", [work])
    assert (again.problems, again.already) == ([], count)


@pytest.mark.parametrize("operation", ["ListObjectsV2", "CopyObject"])
@pytest.mark.usefixtures("buckets")
def test_a_denied_call_leaves_the_seat_unsaved(cloud: Cloud, operation: str) -> None:
    put(cloud, "models/a")
    cloud.faults({"effect": "denied", "operation": f"s3:{operation}"})
    saved = save(cloud, f"s3://{ARCHIVE}", Keep(prefixes=("models/",)))
    assert not saved.complete
    assert len(saved.problems) == 1


@pytest.mark.usefixtures("buckets")
def test_throttled_copies_are_repeated(cloud: Cloud) -> None:
    put(cloud, "models/a")
    cloud.faults({"effect": "throttle", "operation": "s3:CopyObject", "times": 1})
    assert save(cloud, f"s3://{ARCHIVE}").complete


@pytest.mark.usefixtures("buckets")
def test_a_copy_that_vanishes_is_seen_at_the_second_look(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(cloud, "models/a")
    monkeypatch.setattr("workshop.teardown.s3_copy.InBucket.copy", lambda *_: None)
    saved = save(cloud, f"s3://{ARCHIVE}")
    assert saved.problems == [f"s3://{DATA}/models/a: its copy is not there"]


@pytest.mark.usefixtures("buckets")
def test_what_changes_while_it_is_copied_is_not_saved(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    put(cloud, "models/a")
    copy = InFolder.copy

    def copy_and_change(*given: Any) -> None:
        copy(*given)
        put(cloud, "models/a", b"changed")

    monkeypatch.setattr(InFolder, "copy", copy_and_change)
    saved = save(cloud, tmp_path)
    assert saved.problems == [f"s3://{DATA}/: it changed while it was copied; run this again"]


@pytest.mark.usefixtures("buckets")
def test_what_fails_is_told_by_name_in_bounds_and_keeps_nothing_else_from_being_saved(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = DATA.replace("ada", "ben")
    cloud.client("s3").create_bucket(Bucket=other)
    put(cloud, "models/a", bucket=other)
    put(cloud, "models/z")
    for number in range(MOST_PROBLEMS + 5):
        put(cloud, f"models/{number}")
    body = Source.body

    def archived_body(source: Source, entry: Entry) -> Any:
        if entry.key.removeprefix("models/").isdecimal():
            told = {"Code": "InvalidObjectState", "Message": "the object is archived"}
            raise ClientError({"Error": told}, "GetObject")  # type: ignore[typeddict-item]
        return body(source, entry)

    monkeypatch.setattr(Source, "body", archived_body)
    works = [
        SeatArtifacts(seat, account_region(cloud), buckets=(name,))
        for seat, name in (("ada", DATA), ("ben", other))
    ]
    ada, ben = saving.save(context(cloud).clients, Keep(), str(tmp_path), works)
    assert (ada.complete, ada.objects, ada.missing) == (False, 1, MOST_PROBLEMS + 5)
    assert len(ada.problems) == MOST_PROBLEMS + 1
    assert ada.problems[0].startswith(f"s3://{DATA}/models/0: it is archived (InvalidObjectState")
    assert ada.problems[-1] == "and more"
    assert (ben.complete, ben.objects) == (True, 1)


@pytest.mark.usefixtures("buckets")
def test_a_bucket_that_refuses_everything_is_not_asked_for_every_object(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saving, "MOST_REFUSED", 5)
    for number in range(60):
        put(cloud, f"{number:02}")
    cloud.faults({"effect": "denied", "operation": "s3:CopyObject"})
    here = context(cloud)
    calls = counted(here.clients.client("s3", account_region(cloud)))
    work = SeatArtifacts("ada", account_region(cloud), buckets=(DATA,))
    [saved] = saving.save(here.clients, Keep(), f"s3://{ARCHIVE}", [work])
    assert saved.problems[-1] == f"s3://{DATA}/: nothing more of it was tried"
    assert calls["CopyObject"] < 60


def test_a_bucket_that_is_gone_has_nothing_to_save(cloud: Cloud, tmp_path: Path) -> None:
    saved = save(cloud, tmp_path)
    assert (saved.complete, saved.objects) == (True, 0)


# --- to a folder -----------------------------------------------------------------------------


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


# --- logs ------------------------------------------------------------------------------------


@pytest.mark.usefixtures("buckets")
def test_streams_become_text_and_grown_ones_new_files(cloud: Cloud, tmp_path: Path) -> None:
    logged(cloud, "fit/algo-1", "begin", "Größe 3")
    logged(cloud, "fit/silent")
    streams = ((GROUP, "fit/algo-1"), (GROUP, "fit/silent"), (GROUP, "fit/gone"))
    saved = save(cloud, tmp_path, streams=streams)
    assert (saved.problems, saved.logs) == ([], 1)
    first = "ada/logs/TrainingJobs/fit/algo-1.20260921T141320124Z.log"
    assert files(tmp_path) == [first]
    assert (tmp_path / first).read_text(encoding="utf-8") == (
        "2026-09-21T14:13:20.123Z begin\n2026-09-21T14:13:20.124Z Größe 3\n"
    )
    assert save(cloud, tmp_path, streams=streams).logs == 1
    log(cloud, "fit/algo-1", "end", at=1_790_000_001_000)
    assert save(cloud, tmp_path, streams=streams).complete
    assert files(tmp_path) == [first, "ada/logs/TrainingJobs/fit/algo-1.20260921T141321000Z.log"]
    assert save(cloud, tmp_path, Keep(logs=False), streams=streams).logs == 0
    (tmp_path / first).with_name("algo-1.20260921T141321000Z.log").write_text("other")
    assert save(cloud, tmp_path, streams=streams).complete
    assert len(files(tmp_path)) == 3


@pytest.mark.usefixtures("buckets")
def test_streams_are_saved_to_a_bucket_too_and_never_over_another(cloud: Cloud) -> None:
    logged(cloud, "fit/algo-1", "begin")
    streams = ((GROUP, "fit/algo-1"),)
    assert save(cloud, f"s3://{ARCHIVE}/v", streams=streams).logs == 1
    assert save(cloud, f"s3://{ARCHIVE}/v", streams=streams).complete
    [key] = archived(cloud)
    assert key == "v/ada/logs/TrainingJobs/fit/algo-1.20260921T141320123Z.log"
    put(cloud, key, b"other", bucket=ARCHIVE)
    saved = save(cloud, f"s3://{ARCHIVE}/v", streams=streams)
    assert (saved.problems, len(archived(cloud))) == ([], 2)
    copy = cloud.client("s3").get_object(Bucket=ARCHIVE, Key=key)
    assert copy["Body"].read() == b"other"


@pytest.mark.usefixtures("buckets")
def test_all_pages_of_a_stream_are_written(cloud: Cloud, tmp_path: Path) -> None:
    logged(cloud, "fit/algo-1", *(f"line {number}" for number in range(201)))
    here = context(cloud)
    here.clients.client("logs", account_region(cloud)).meta.events.register(
        "provide-client-params.cloudwatch-logs.GetLogEvents",
        lambda params, **_: {**params, "limit": 25},
    )
    work = SeatArtifacts("ada", account_region(cloud), streams=((GROUP, "fit/algo-1"),))
    [saved] = saving.save(here.clients, Keep(), str(tmp_path), [work])
    assert saved.complete
    [name] = files(tmp_path)
    assert len((tmp_path / name).read_text(encoding="utf-8").splitlines()) == 201


def test_a_line_that_has_no_utf8_is_saved_all_the_same(tmp_path: Path) -> None:
    class Logs:
        """One event, then the end; the local cloud cannot answer with half a character."""

        @staticmethod
        def get_log_events(*, nextToken: str = "", **_: Any) -> Any:  # noqa: N803
            event = {"timestamp": 1_790_000_000_123, "message": "lost \ud800 half"}
            return {"events": [] if nextToken else [event], "nextForwardToken": "end"}

    assert log_texts.write(Logs, GROUP, "fit", tmp_path / "log") == 1_790_000_000_123
    assert (tmp_path / "log").read_text(encoding="utf-8").endswith("Z lost \\ud800 half\n")


def test_a_denied_stream_leaves_the_seat_unsaved(cloud: Cloud, tmp_path: Path) -> None:
    logged(cloud, "fit/algo-1", "begin")
    cloud.faults({"effect": "denied", "operation": "logs:GetLogEvents"})
    assert not save(cloud, tmp_path, streams=((GROUP, "fit/algo-1"),)).complete
