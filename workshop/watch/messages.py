"""What the watch says, to organisers by its topic and to attendees on their notebooks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError

from workshop.watch.work import Work

STATE = "state.json"
"""What the last run did."""
INBOX = "workshop/inbox.json"
"""Where notebooks read messages and requests (``workshop.agent.inbox``)."""
SAID = "said/"
"""Below which is kept what was said."""
TRIES = 5
"""Of a write that somebody else's came before."""
LONGEST_RUN = 300.0
"""Seconds after which a run has ended or was killed: the function's own limit."""
TAKEN = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}
"""What S3 answers to a write that another came before."""


@contextmanager
def first_time(work: Work, what: str) -> Iterator[bool]:
    """Yield whether something is done for the first time for this end of the workshop.

    Two runs at the same moment both ask: S3 lets one of them write. What fails is not done, and
    the next run does it, as it does what a run was at when it was killed.
    """
    where = {"Bucket": work.settings.bucket, "Key": f"{SAID}{what}-{work.settings.end}"}
    s3 = work.client("s3")
    if not _is_claimed(work, where):
        yield False
        return
    try:
        yield True
    except Exception:
        s3.delete_object(**where)
        raise
    s3.put_object(Body=b"", **where)


def _is_claimed(work: Work, where: dict[str, str]) -> bool:
    """Write that this run is at it; return False where it is done, or another run is at it."""
    s3, now = work.client("s3"), work.now.timestamp()
    condition: dict[str, str] = {"IfNoneMatch": "*"}
    for _ in range(2):
        if is_written(s3, where, b"%d" % now, condition):
            return True
        try:
            answer = s3.get_object(**where)
        except ClientError:
            return False
        since = answer["Body"].read()
        if not since.isdigit() or now - int(since) < LONGEST_RUN:
            return False
        condition = {"IfMatch": answer["ETag"]}
    return False


def is_written(s3: Any, where: dict[str, str], body: bytes, condition: dict[str, str]) -> bool:
    """Write an object; return False where another write came before."""
    try:
        s3.put_object(Body=body, **where, **condition)
    except ClientError as error:
        if error.response["Error"]["Code"] in TAKEN:
            return False
        raise
    return True


def say(work: Work, what: str, subject: str, text: str) -> None:
    """Publish to the topic, once for this end; what could not be sent is said by the next run."""
    with work.noting(f"not sent: {subject}"), first_time(work, what) as first:
        if first:
            work.client("sns").publish(
                TopicArn=work.settings.topic, Subject=subject[:100], Message=text
            )


def tell_attendees(work: Work, what: str, text: str, *, save: bool) -> None:
    """Put a message into every notebook's inbox, and ask that all files are saved."""
    _tell(work, f"watch-{what}-{work.settings.end}", {"text": text}, save=save)


def tell_seat(work: Work, what: str, seat: str, text: str) -> None:
    """Put a message into one seat's inbox, once for this end."""
    with work.noting(f"{seat} was not told"), first_time(work, f"{what}-told") as first:
        if first:
            message = {"text": text, "seats": [seat]}
            _tell(work, f"watch-{what}-{work.now.timestamp():.0f}", message, save=False)


def _tell(work: Work, identity: str, message: dict[str, Any], *, save: bool) -> None:
    added = {"id": identity, "time": work.now.timestamp()}
    s3, where = work.client("s3"), {"Bucket": work.settings.datasets, "Key": INBOX}
    for _ in range(TRIES):
        document, condition = read_document(s3, where)
        _add(document, "messages", {**added, **message})
        if save:
            _add(document, "requests", {**added, "kind": "save"})
        if is_written(s3, where, json.dumps(document).encode(), condition):
            return
    work.problems.append("attendees were not told: their inbox changed all the time")


def keep(work: Work) -> None:
    """Write down what this run did, for ``workshop status``; no run hides a later one."""
    with work.noting("what was done could not be written down"):
        s3, where = work.client("s3"), {"Bucket": work.settings.bucket, "Key": STATE}
        known, condition = read_document(s3, where)
        report = work.report()
        if str(known.get("ran", "")) <= report["ran"]:
            is_written(s3, where, json.dumps(report).encode(), condition)


def read_document(s3: Any, where: dict[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return an object of JSON, empty for none, and the condition to replace it under."""
    try:
        answer = s3.get_object(**where)
    except ClientError as error:
        if error.response["Error"]["Code"] in ("NoSuchKey", "404"):
            return {}, {"IfNoneMatch": "*"}
        raise
    try:
        document = json.loads(answer["Body"].read())
    except ValueError:
        document = {}
    return (document if isinstance(document, dict) else {}), {"IfMatch": answer["ETag"]}


def _add(document: dict[str, Any], key: str, entry: dict[str, Any]) -> None:
    given = document.get(key)
    known = given if isinstance(given, list) else []
    others = [
        message
        for message in known
        if not isinstance(message, dict) or message.get("id") != entry["id"]
    ]
    document[key] = [*others, entry]
