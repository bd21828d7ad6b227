"""What the watch says, to organisers by its topic and to attendees on their notebooks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from workshop.watch.work import Work

STATE = "state.json"
"""What the last run did."""
INBOX = "workshop/inbox.json"
"""Where notebooks read messages and requests (``workshop.agent.inbox``)."""
TRIES = 5
"""Of a write that somebody else's came before."""
TAKEN = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}
"""What S3 answers to a write that another came before."""


@contextmanager
def first_time(work: Work, what: str) -> Iterator[bool]:
    """Yield whether something is done for the first time for this end of the workshop.

    Two runs at the same moment both ask: S3 lets one of them write. What fails is not done, and
    the next run does it.
    """
    key = {"Bucket": work.settings.bucket, "Key": f"said/{what}-{work.settings.end}"}
    s3 = work.client("s3")
    try:
        s3.put_object(Body=b"", IfNoneMatch="*", **key)
    except ClientError as error:
        if error.response["Error"]["Code"] not in TAKEN:
            raise
        yield False
        return
    try:
        yield True
    except (ClientError, BotoCoreError):
        s3.delete_object(**key)
        raise


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


def tell_seat(work: Work, seat: str, what: str, text: str) -> None:
    """Put a message into one seat's inbox, once for this end."""
    with work.noting(f"{seat} was not told"), first_time(work, f"{what}-{seat}") as first:
        if first:
            message = {"text": text, "seats": [seat]}
            _tell(work, f"watch-{what}-{seat}", message, save=False)


def _tell(work: Work, identity: str, message: dict[str, Any], *, save: bool) -> None:
    added = {"id": identity, "time": work.now.timestamp()}
    s3, where = work.client("s3"), {"Bucket": work.settings.datasets, "Key": INBOX}
    for _ in range(TRIES):
        document, condition = read_document(s3, where)
        _add(document, "messages", {**added, **message})
        if save:
            _add(document, "requests", {**added, "kind": "save"})
        try:
            s3.put_object(Body=json.dumps(document).encode(), **where, **condition)
        except ClientError as error:
            if error.response["Error"]["Code"] in TAKEN:
                continue
            raise
        return
    work.problems.append("attendees were not told: their inbox changed all the time")


def keep(work: Work) -> None:
    """Write down what this run did, for ``workshop status``."""
    with work.noting("what was done could not be written down"):
        work.client("s3").put_object(
            Bucket=work.settings.bucket, Key=STATE, Body=json.dumps(work.report()).encode()
        )


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
    others = [one for one in known if not isinstance(one, dict) or one.get("id") != entry["id"]]
    document[key] = [*others, entry]
