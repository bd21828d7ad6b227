"""What the organiser sends to workbenches: messages, new content, requests.

All of it is one small JSON document in the cohort's bucket, which seats read and cannot write:

    {"messages": [{"id": ..., "time": 1790000000.0, "text": ..., "seats": [...]}],
     "shared": [{"version": ..., "files": [{"name": ..., "key": ..., "size": ...}]}],
     "requests": [{"id": ..., "kind": "save" | "check" | "restore" | "rehearse", "time": ...,
                   "seats": [...], "prefix": ...}]}

``seats`` names whom a message or request is for, and is absent when it is for all; ``prefix`` is
where the files to restore or to rehearse are in the seat's own bucket. Times are epoch seconds.

JupyterLab has no place for a message without an extension: its announcements are read once, when a
page is opened. So a message is the first file in the list of files, is printed below the next cell
that is run in any Python kernel (``workshop_messages.py``), and in every terminal, open or new.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from workshop.agent import files
from workshop.agent.saving import BucketStore

KEY = "workshop/inbox.json"
SHARED = "shared"
"""The folder in the attendee's files for content that arrives during the workshop."""
MESSAGES = "00-MESSAGES.txt"
MOST_MESSAGES = 20
MOST_BYTES = 1_000_000
"""Of the document."""
FRESH = 3600
"""Seconds for which a request counts."""


def read(store: BucketStore, etag: str) -> tuple[dict[str, Any] | None, str]:
    """Return the document and its ETag; None if it is still the one with ``etag``."""
    try:
        answer = store.get(KEY, **({"IfNoneMatch": etag} if etag else {}))
    except ClientError as error:
        if error.response["Error"]["Code"] in ("304", "NotModified"):
            return None, etag
        if error.response["Error"]["Code"] in ("NoSuchKey", "404"):
            return {}, ""
        raise
    return files.document(answer["Body"].read(MOST_BYTES)), answer["ETag"]


def requests(document: dict[str, Any], seat: str, handled: list[str], now: float) -> list[Any]:
    """Return the requests to this seat that are fresh and not handled."""
    return [
        request
        for request in _objects(document, "requests")
        if isinstance(request.get("id"), str)
        and request["id"] not in handled
        and isinstance(request.get("time"), (int, float))
        and abs(now - request["time"]) < FRESH
        and (request.get("seats") is None or seat in list(request["seats"]))
    ]


def messages(document: dict[str, Any], seat: str) -> list[dict[str, Any]]:
    """Return the newest messages to this seat, oldest first."""
    return [
        message
        for message in every_message(document)
        if message.get("seats") is None or seat in list(message["seats"])
    ][-MOST_MESSAGES:]


def every_message(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the messages to anybody, oldest first."""
    return [
        message
        for message in _objects(document, "messages")
        if isinstance(message.get("id"), str)
        and isinstance(message.get("text"), str)
        and isinstance(message.get("time"), (int, float))
    ]


def show(
    texts: list[dict[str, Any]], new: list[dict[str, Any]], home: Path, run: Path, terminals: Path
) -> None:
    """Show all messages in the attendee's files, and new ones in kernels and open terminals."""
    lines = [f"{_clock(message['time'])}  {message['text']}" for message in reversed(texts)]
    files.replace(run / "messages.json", json.dumps(texts))
    head = "Messages from the organiser of the workshop, the newest first (times are UTC):\n\n"
    files.replace(home / MESSAGES, head + "\n\n".join(lines) + "\n")
    # A new terminal shows the newest one.
    newest = f"\nMessage from the organiser, {lines[0]}\n\n" if lines else ""
    files.replace(run / "newest.txt", newest)
    for message in new:
        _to_terminals(f"\r\n\a*** {message['text']} ***\r\n", terminals)


def _to_terminals(text: str, terminals: Path) -> None:
    """Write to the open terminals of the notebook's own user."""
    for terminal in terminals.glob("[0-9]*"):
        with suppress(OSError):
            if terminal.stat().st_uid == os.getuid():
                file = os.open(terminal, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
                with os.fdopen(file, "wb", buffering=0) as opened:
                    opened.write(text.encode())


def bring(version: dict[str, Any], store: BucketStore, home: Path) -> str:
    """Bring new content into a folder of its own; return what did not come, empty for nothing.

    A folder that has the files already is left as it is, whatever became of them.
    """
    missing = []
    folder = str(version.get("version"))
    for file in _objects(version, "files"):
        name, key, size = str(file.get("name")), str(file.get("key")), file.get("size")
        if not _is_name(name) or not _is_name(folder) or not isinstance(size, int):
            missing.append(f"{name}: not a name of a file")
        elif files.free(home) < size + files.KEPT_FREE:
            missing.append(f"{name}: the disk is full")
        else:
            try:
                files.lay(home, f"{SHARED}/{folder}/{name}", partial(_chunks, store, key), None)
            except OSError as error:
                missing.append(f"{name}: {error}")
    return "; ".join(missing)


def _chunks(store: BucketStore, key: str) -> Iterator[bytes]:
    body = store.get(key)["Body"]
    yield from iter(lambda: body.read(files.CHUNK), b"")


def shared(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the versions of content that were shared, oldest first."""
    return [version for version in _objects(document, "shared") if version.get("version")]


def _objects(document: dict[str, Any], key: str) -> list[dict[str, Any]]:
    items = document.get(key)
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _is_name(name: str) -> bool:
    return name not in ("", ".", "..") and "/" not in name and name.isprintable()


def _clock(moment: float) -> str:
    return time.strftime("%H:%M", time.gmtime(moment))
