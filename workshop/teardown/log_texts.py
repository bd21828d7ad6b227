"""Log streams as plain text, a line for each event."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from workshop.teardown import save_paths

_ROOT = "/aws/sagemaker/"


def write(client: Any, group: str, stream: str, to: Path) -> int | None:
    """Write a stream's events to a file; the moment of the last, in milliseconds since 1970.

    None where there are none. botocore's errors pass through.
    """
    last = None
    # A message may hold a lone surrogate, which has no UTF-8.
    with to.open("w", encoding="utf-8", errors="backslashreplace") as file:
        for event in _events(client, group, stream):
            last = int(event["timestamp"])
            file.write(f"{_moment(last)} {event['message']}\n")
    return last


def file_name(group: str, stream: str, last: int) -> str:
    """``TrainingJobs/fit/algo-1-1700000000.20231114T221320000Z.log``.

    The moment of the last event is in it: a log that has grown since is another file, and no
    reason to write over the first.
    """
    moment = _moment(last).replace("-", "").replace(":", "").replace(".", "")
    path = save_paths.file_path(f"{group.removeprefix(_ROOT)}/{stream}.{moment}.log")
    return path.as_posix()


def _events(client: Any, group: str, stream: str) -> Iterator[dict[str, Any]]:
    """Yield all events. The end is where a token is given back, not an empty page."""
    token: dict[str, str] = {}
    while True:
        answer = client.get_log_events(
            logGroupName=group, logStreamName=stream, startFromHead=True, **token
        )
        yield from answer["events"]
        if answer["nextForwardToken"] == token.get("nextToken"):
            return
        token = {"nextToken": answer["nextForwardToken"]}


def _moment(milliseconds: int) -> str:
    whole = datetime.fromtimestamp(milliseconds // 1000, UTC)
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"
