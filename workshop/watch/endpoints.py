"""Notes whose endpoints were: of one that is deleted nothing is left but a log of its name.

Names of endpoints are free, and two may have one name one after the other. So a note says when the
endpoint was made and whose it was by its tags, which seats can neither leave out nor change; also
that it was no seat's. A teardown reads them (``workshop.teardown.resources.seen_endpoints``).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from workshop.watch.machines import is_deleting, tags_of
from workshop.watch.work import Work

SEEN = "endpoints/"
"""Below which of the watch's bucket notes are: NAME/SECONDS/SEAT, without a seat NAME/SECONDS/."""


def note_event(work: Work, detail: dict[str, Any]) -> None:
    """Note the endpoint that one of SageMaker's events tells of."""
    name, arn = detail.get("EndpointName", ""), detail.get("EndpointArn", "")
    if not arn or is_deleting(detail) or not _may_be_a_seats(work, name):
        return
    tags = tags_of(work, arn)
    if tags is not None:
        seat = tags.get("attendee", "") if tags.get("workshop") == work.settings.workshop else ""
        note(work, name, _made(detail.get("CreationTime")) or work.now.timestamp(), seat)


def note(work: Work, name: str, made: float, seat: str) -> None:
    """Note an endpoint of which only the name may be a seat's; twice is as good as once."""
    if _may_be_a_seats(work, name):
        with work.noting(f"it was not noted whose endpoint {name} is"):
            work.client("s3").put_object(
                Bucket=work.settings.bucket, Key=f"{SEEN}{name}/{made:.0f}/{seat}"
            )


def _may_be_a_seats(work: Work, name: str) -> bool:
    return name.startswith(f"{work.settings.workshop}-")


def _made(moment: Any) -> float:
    """Return a moment of an event in seconds: AWS tells milliseconds. 0 for anything else."""
    if isinstance(moment, (int, float)):
        return moment / 1000
    try:
        return datetime.fromisoformat(moment).timestamp()
    except (TypeError, ValueError):
        return 0.0
