"""Asks the rehearsal for sample data, before code of a notebook reads it.

Buckets of others are not on a local cloud. Whoever reads one here first writes down which object
is wanted, and waits until the rehearsal has put it there or said that it could not. Whether it may
be read is then decided as for any bucket. Needs Python 3.9.
"""
# ruff: noqa: PLC0415 - an interpreter's start must not wait for imports

from __future__ import annotations

import importlib
import json
import os
import re
import sys
import time
import uuid
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MADE_UP = "made-up"
"""The service of a note that says which data was made up, and is no call."""
DOWNLOADS = "downloads-of-a-rehearsal"
"""The bucket of what was to be downloaded from elsewhere, below the host's name."""
HERE = ("127.0.0.1", "localhost")
SECONDS = 60.0
NAP = 0.02
"""Which is a nap that the rehearsal leaves as it is."""
READS = ("GET", "HEAD")
_PLACE = re.compile(rb"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/([^\s\"'\\<&?]*)")
job_data = importlib.import_module("job_data")
answers: dict[tuple[str, str], dict[str, str]] = {}


def want(bucket: str, key: str, note: Any) -> dict[str, str]:
    """Ask for an object, or for those below a prefix; return what the rehearsal says of it.

    ``note`` writes down what is made up.
    """
    folder = os.environ.get("WORKSHOP_REHEARSAL_WANTED", "")
    if not folder or (bucket, key) in answers:
        return answers.get((bucket, key), {})
    answers[bucket, key] = {}
    question = Path(folder, f"{uuid.uuid4().hex}.new")
    question.write_text(json.dumps({"bucket": bucket, "key": key}), encoding="utf-8")
    question.rename(question.with_suffix(".wanted"))
    answer = question.with_suffix(".done")
    waited = 0.0
    while waited < SECONDS and not answer.exists():
        time.sleep(NAP)
        waited += NAP
    reply = json.loads(answer.read_text(encoding="utf-8"))
    if reply["is"] == "made up":
        note((MADE_UP, f"s3://{bucket}/{key}"), "", "", 0)
    answers[bucket, key] = reply
    return answers[bucket, key]


def unsigned(request: Any, address: str) -> None:
    """Let a request without credentials go to an address that the rehearsal has signed."""
    if address:
        request.url = address
        for name in list(request.headers):
            if name.lower().startswith("x-amz-"):
                del request.headers[name]  # none of them is signed


def public_buckets() -> set[str]:
    """Return the buckets of others that the seat may read."""
    return set(os.environ.get("WORKSHOP_PUBLIC_BUCKETS", "").replace(",", " ").split())


def read(request: Any, bucket: str, key: str, query: dict[str, list[str]], note: Any) -> None:
    """Ask for an object that a request reads, or for those below a prefix that it lists."""
    signed = "authorization" in {name.lower() for name in request.headers}
    if bucket in public_buckets():
        want(bucket, key or query.get("prefix", [""])[0], note)
    elif key and job_data.is_written(bucket, key):
        want(bucket, key, note)
    elif bucket and key and bucket not in os.environ.values():
        found = want(bucket, key, note)
        if not signed and "X-Amz-Signature" not in query:
            unsigned(request, found.get(request.method, ""))


def failed(error: Exception) -> None:
    """Tell, where a cell's warnings stand, what kept sample data from being asked for."""
    sys.stderr.write(f"the rehearsal asked for no sample data: {error!r}\n")


def look(request: Any, note: Any) -> None:
    """Ask for what a request reads of buckets that are not the seat's; never raise."""
    from urllib.parse import parse_qs, unquote, urlsplit

    try:
        place = urlsplit(request.url)
        if place.netloc != urlsplit(os.environ["AWS_ENDPOINT_URL"]).netloc:
            return
        bucket, _, key = unquote(place.path).lstrip("/").partition("/")
        if request.method in READS:
            read(request, bucket, key, parse_qs(place.query), note)
            return
        if job_data.is_of_jobs(request):
            job_data.wanted(request, lambda of, rest: want(of, rest, note))
        copied = request.headers.get("x-amz-copy-source", b"")
        copied = copied if isinstance(copied, bytes) else str(copied).encode()
        body = request.body if isinstance(request.body, bytes) else b""
        places = _PLACE.findall(body[:200_000])
        if copied:
            source, _, rest = unquote(copied.decode()).lstrip("/").partition("/")
            places.append((source.encode(), rest.partition("?")[0].encode()))
        for of, rest in places:
            if of.decode() in public_buckets():
                want(of.decode(), rest.decode(), note)
    except Exception as error:  # noqa: BLE001 - the lab's call goes on
        failed(error)


def made_up(url: Any, note: Any) -> str:
    """Return where a file is read that was not in reach, empty where it is not made up."""
    from urllib.parse import urlsplit

    try:
        place = urlsplit(url if isinstance(url, str) else url.full_url)
        if place.scheme not in ("http", "https") or place.hostname in (None, *HERE):
            return ""
        if "." not in place.path.rpartition("/")[2]:
            return ""  # a page or a service, not a file
        return want(DOWNLOADS, f"{place.hostname}{place.path}", note).get("GET", "")
    except Exception as error:  # noqa: BLE001 - the lab's call fails as it would
        failed(error)
        return ""


def opened(module: Any, note: Any) -> None:
    """Let ``urllib.request`` read what is made up where a file is out of reach."""
    open_ = module.urlopen

    def urlopen(url: Any, *arguments: Any, **more: Any) -> Any:
        try:
            return open_(url, *arguments, **more)
        except OSError:
            instead = made_up(url, note)
            if not instead:
                raise
            return open_(instead)

    module.urlopen = urlopen


def got(module: Any, note: Any) -> None:
    """Let ``requests`` read what is made up where a file is out of reach."""
    request = module.Session.request

    def requested(self: Any, method: str, url: str, *arguments: Any, **more: Any) -> Any:
        try:
            return request(self, method, url, *arguments, **more)
        except OSError:
            instead = made_up(url, note) if method.upper() == "GET" else ""
            if not instead:
                raise
            return request(self, "GET", instead, stream=more.get("stream"))

    module.Session.request = requested


def install(module: Any, note: Any) -> None:
    """Add to a module that sends requests, which has just been imported."""
    if module.__name__ == "urllib.request":
        opened(module, note)
        return
    if module.__name__ == "requests.sessions":
        got(module, note)
        return
    if module.__name__ == "botocore.httpsession":
        send = module.URLLib3Session.send

        def looked(self: Any, request: Any) -> Any:
            look(request, note)
            return send(self, request)

        module.URLLib3Session.send = looked
        return
    later = module.AIOHTTPSession.send

    async def looked_later(self: Any, request: Any) -> Any:
        look(request, note)
        return await later(self, request)

    module.AIOHTTPSession.send = looked_later
