"""What attendees made is copied and seen to be the same before it may be deleted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from pydantic import ValidationError

from tests.support.local_cloud import Cloud
from tests.support.saved_artifacts import ARCHIVE, DATA, MEGABYTE, archived, put, put_in_parts, save
from tests.support.scan_context import account_region, context, counted
from workshop.config.models import Keep
from workshop.errors import UsageError
from workshop.teardown import save_paths, saving
from workshop.teardown.s3_copy import BucketDestination, Entry, FolderDestination, Source
from workshop.teardown.saving import MOST_PROBLEMS, SeatArtifacts

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
    target = BucketDestination(Heads, save_paths.Prefix(ARCHIVE, ""))
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
    monkeypatch.setattr("workshop.teardown.s3_copy.BucketDestination.copy", lambda *_: None)
    saved = save(cloud, f"s3://{ARCHIVE}")
    assert saved.problems == [f"s3://{DATA}/models/a: its copy is not there"]


@pytest.mark.usefixtures("buckets")
def test_what_changes_while_it_is_copied_is_not_saved(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    put(cloud, "models/a")
    copy = FolderDestination.copy

    def copy_and_change(*given: Any) -> None:
        copy(*given)
        put(cloud, "models/a", b"changed")

    monkeypatch.setattr(FolderDestination, "copy", copy_and_change)
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
