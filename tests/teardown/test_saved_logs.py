"""Log streams are saved as text, whole, and never over another file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.local_cloud import Cloud
from tests.support.saved_artifacts import ARCHIVE, GROUP, archived, files, log, logged, put, save
from tests.support.scan_context import account_region, context
from workshop.config.models import Keep
from workshop.teardown import log_texts, saving
from workshop.teardown.saving import SeatArtifacts


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
