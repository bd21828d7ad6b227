"""What the door does with a seat: its notebook, its messages, its money, its saved work."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from workshop.door.state import LISTING, DoorState
from workshop.door.visit import Visit

FRESH = 5.0
"""Seconds for which a listing of all notebooks serves every visitor."""
TURN = 5.0
"""Seconds within which SageMaker is asked once to open a seat, and once to start it."""
SHORTEST, LONGEST = 1800, 43_200
"""Seconds of a session that a link opens."""
SAVED = "saved/files/"
"""Where agents save, in the seat's own bucket (``workshop.agent.saving``)."""
INBOX = "workshop/inbox.json"
"""Where organisers and the watch write messages (``workshop.agent.inbox``)."""
SPENDING = "spending.json"
"""What the watch has counted (``workshop.watch.spending``)."""
SHOWN_MESSAGES = 5
FILE_SECONDS = 60
"""For which the link of a file opens it."""


class ClosedError(Exception):
    """AWS lets nobody into this notebook now: it is frozen, or the workshop is over."""


class TooSoonError(Exception):
    """Somebody of the same seat has asked a moment ago."""


@dataclass(frozen=True)
class SavedFile:
    """A file that the agent has saved; ``bytes`` is its size."""

    path: str
    bytes: int


def state_of(visit: Visit) -> DoorState:
    """Return what the door keeps."""
    settings = visit.settings
    return DoorState(visit.client("s3"), settings.bucket, settings.account)


def notebook_of(visit: Visit, seat: str) -> str:
    """Return the name of a seat's notebook."""
    return visit.settings.notebook.replace("{seat}", seat)


def bucket_of(visit: Visit, seat: str, key: str) -> str:
    """Return the name of one of a seat's buckets."""
    return visit.settings.seat_bucket.replace("{seat}", seat).replace("{key}", key)


# --- notebooks -----------------------------------------------------------------------------------


def statuses(visit: Visit) -> dict[str, str]:
    """Return the status of each seat's notebook, no older than some seconds."""
    return listed_for_all(visit, LISTING, _listed)


def listed_for_all(
    visit: Visit, name: str, listed: Callable[[Visit], dict[str, Any]]
) -> dict[str, Any]:
    """Return what AWS lists of each seat, no older than some seconds.

    One visitor at a time asks AWS, for all: whoever writes first. The others, and everybody while
    AWS does not answer, get what is known.
    """
    state = state_of(visit)
    known, condition = state.read(name)
    seats: dict[str, Any] = known.get("seats", {})
    if 0 <= visit.time - known.get("at", 0) < FRESH:
        return seats
    taken = state.write(name, {"at": visit.time, "seats": seats}, condition)
    if taken is None:
        return seats
    try:
        found = listed(visit)
    except (ClientError, BotoCoreError):
        return seats
    state.write(name, {"at": visit.time, "seats": found}, taken)
    return found


def _listed(visit: Visit) -> dict[str, str]:
    pages = visit.client("sagemaker").get_paginator("list_notebook_instances")
    here = {notebook_of(visit, seat): seat for seat in visit.seats}
    return {
        here[notebook["NotebookInstanceName"]]: notebook["NotebookInstanceStatus"]
        for page in pages.paginate(NameContains=f"{visit.settings.workshop}-", MaxResults=100)
        for notebook in page["NotebookInstances"]
        if notebook["NotebookInstanceName"] in here
    }


def open_link(visit: Visit, seat: str, view: str) -> str:
    """Return a link into a seat's notebook, empty where it does not run.

    A link serves whoever clicks again within some seconds. Raise ClosedError where the door may not
    open it, and TooSoonError where another warm function has made a link a moment ago.
    """
    url: str = visit.remembered(f"link {seat}", TURN, lambda: _fresh_link(visit, seat))
    return f"{url}&view={view}" if url else ""


def _fresh_link(visit: Visit, seat: str) -> str:
    left = int((visit.end - visit.now) / timedelta(seconds=1))
    answer = _asked(
        visit,
        seat,
        "create_presigned_notebook_instance_url",
        SessionExpirationDurationInSeconds=max(SHORTEST, min(LONGEST, left)),
    )
    return str(answer.get("AuthorizedUrl", ""))


def start(visit: Visit, seat: str) -> None:
    """Start a seat's notebook, and let everybody's listing say so; raise errors likewise."""
    _asked(visit, seat, "start_notebook_instance")
    with suppress(ClientError, BotoCoreError):  # the next listing says it in any case
        state = state_of(visit)
        known, condition = state.read(LISTING)
        seats = {**known.get("seats", {}), seat: "Pending"}
        state.write(LISTING, {"at": known.get("at", 0), "seats": seats}, condition)


def _asked(visit: Visit, seat: str, operation: str, **request: Any) -> dict[str, Any]:
    """Return SageMaker's answer of a seat, empty where its notebook's status does not allow it.

    Its rate is one for the whole account: no seat's script uses up what the others need.
    """
    with suppress(ClientError, BotoCoreError):  # a seat opens though nobody counts
        if not state_of(visit).is_turn(f"{seat}-{operation}", visit.time, TURN):
            raise TooSoonError
    call = getattr(visit.client("sagemaker"), operation)
    try:
        answer: dict[str, Any] = call(NotebookInstanceName=notebook_of(visit, seat), **request)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in ("AccessDeniedException", "AccessDenied"):
            raise ClosedError from error
        if code == "ValidationException":
            return {}
        raise
    return answer


# --- what is told --------------------------------------------------------------------------------


def _told(state: DoorState, name: str) -> dict[str, Any]:
    """Return a document that others write, empty where it cannot be read: the door opens anyway."""
    try:
        return state.read(name)[0]
    except (ClientError, BotoCoreError):
        return {}


def messages(visit: Visit, seat: str) -> list[tuple[float, str]]:
    """Return the newest messages to a seat with their times, newest first."""

    def read() -> list[Any]:
        found = _told(inbox, INBOX).get("messages")
        return found if isinstance(found, list) else []

    inbox = DoorState(visit.client("s3"), visit.settings.datasets, visit.settings.account)
    every = [
        message
        for message in visit.remembered("messages", FRESH, read)
        if isinstance(message, dict)
    ]
    mine = [
        message
        for message in every
        if message.get("seats") is None or seat in list(message["seats"])
    ]
    return [
        (float(message.get("time", 0)), str(message.get("text", "")))
        for message in reversed(mine[-SHOWN_MESSAGES:])
    ]


def used(visit: Visit, seat: str) -> float | None:
    """Return what a seat has used in USD, None where nothing counts it."""

    def read() -> dict[str, Any]:
        found = _told(state_of(visit), SPENDING).get("usd", {})
        return found if isinstance(found, dict) else {}

    if visit.settings.cap is None:
        return None
    usd = visit.remembered("spending", 60.0, read).get(seat, {})
    return float(sum(usd.values()))


# --- saved work ----------------------------------------------------------------------------------


def saved_files(visit: Visit, seat: str, after: str) -> tuple[list[SavedFile], bool]:
    """Return what is saved of a seat behind a path, at most a thousand files, and if more is."""
    profile = visit.settings.profile(seat) or {}
    request = {"StartAfter": f"{SAVED}{after}"} if after else {}
    answer = visit.client("s3").list_objects_v2(
        Bucket=bucket_of(visit, seat, profile["saved"]),
        Prefix=SAVED,
        ExpectedBucketOwner=visit.settings.account,
        **request,
    )
    files = [
        SavedFile(entry["Key"].removeprefix(SAVED), entry["Size"])
        for entry in answer.get("Contents", [])
    ]
    return files, bool(answer.get("IsTruncated"))


def file_link(visit: Visit, seat: str, path: str) -> str:
    """Return a link that downloads one saved file of a seat, for a minute."""
    profile = visit.settings.profile(seat) or {}
    name = quote(path.rpartition("/")[2], safe="")
    link: str = visit.client("s3").generate_presigned_url(
        "get_object",
        Params={
            "Bucket": bucket_of(visit, seat, profile["saved"]),
            "Key": f"{SAVED}{path}",
            "ResponseContentDisposition": f"attachment; filename*=UTF-8''{name}",
        },
        ExpiresIn=FILE_SECONDS,
    )
    return link


def form_targets(visit: Visit, seat: str) -> list[str]:
    """Return where a form of a seat's page may lead to, besides the door."""
    file = urlsplit(file_link(visit, seat, "x"))
    return [notebook_address(visit, "*"), f"{file.scheme}://{file.netloc}"]


def notebook_address(visit: Visit, name: str) -> str:
    """Return where a notebook's pages are, but for the letters that AWS adds to its name."""
    meta = visit.client("sagemaker").meta
    endpoint, domain = urlsplit(meta.endpoint_url), "sagemaker.aws"
    if endpoint.hostname == "127.0.0.1":
        domain = f"sagemaker.localhost:{endpoint.port}"
    elif meta.region_name.startswith("cn-"):
        domain = "sagemaker.com.cn"
    return f"{endpoint.scheme}://{name}.notebook.{meta.region_name}.{domain}"
