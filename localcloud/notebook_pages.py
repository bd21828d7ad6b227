"""What a presigned link to a notebook opens: a page that says which notebook it stands for.

As on AWS every request is judged anew by what whoever made the link may do, so a session ends when
they lose the permission to make links to this notebook: by a date, by a tag, by a frozen role.
"""

from __future__ import annotations

import html
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from typing import Any

from localcloud import ministack_adapter
from localcloud.asgi import Handler, respond
from localcloud.authentication.received import Received
from localcloud.iam.guard import Guard
from localcloud.sagemaker.engine import SageMakerEngine
from localcloud.sagemaker.notebook_sessions import NotebookSession
from localcloud.sagemaker.resources import notebook_instance

OPERATION = "CreatePresignedNotebookInstanceUrl"
COOKIE = "notebook-session"
VIEWS = {"lab": "JupyterLab", "tree": "the file browser"}
"""What ``view`` of a link asks for, and what is there on AWS."""

_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
Page = tuple[HTTPStatus, dict[str, str], str]


class NotebookPages:
    """Serves the requests to hosts of notebooks."""

    def __init__(self, engine: SageMakerEngine, guard: Guard | None) -> None:
        self._engine = engine
        self._guard = guard

    def is_served(self, host: str) -> bool:
        """Return whether there is a notebook at this host and port, and a link to it."""
        return self._engine.notebook_sessions.is_linked(host)

    async def serve(self, received: Received, scope: Any, send: Handler) -> None:
        """Answer one request to a host that ``is_served``."""
        client = (scope.get("client") or ("127.0.0.1", 0))[0]
        ministack_adapter.module("app").pin_request_origin(client, True)  # noqa: FBT003
        status, headers, page = self._answer(received)
        body = b"" if received.method == "HEAD" else page.encode()
        await respond(send, status, {**_HEADERS, **headers}, body)

    def _answer(self, received: Received) -> Page:
        host, sessions = received.headers["host"].lower(), self._engine.notebook_sessions
        token = received.query.get("authToken", [""])[0]
        if not token:
            session = sessions.opened(host, _cookie(received))
            if session is None:
                reason = "There is no session, or it has ended: ask for a new link."
                return _refusal(HTTPStatus.FORBIDDEN, reason)
            view = received.path.strip("/").partition("/")[0]
            return self._refusal(session) or self._page(session, view)
        linked = sessions.linked(host, token)
        if linked is None:
            reason = "The link is not valid, or was not opened within five minutes."
            return _refusal(HTTPStatus.FORBIDDEN, reason)
        refused = self._refusal(linked)
        if refused is not None:
            return refused
        view = received.query.get("view", ["tree"])[0]
        cookie = f"{COOKIE}={sessions.open(linked)}; Path=/; HttpOnly; SameSite=Lax"
        location = f"/{view if view in VIEWS else 'tree'}"
        return HTTPStatus.FOUND, {"Location": location, "Set-Cookie": cookie}, ""

    def _refusal(self, session: NotebookSession) -> Page | None:
        with ministack_adapter.request_scope(session.account, session.region):
            record = self._engine.record(notebook_instance.KIND, session.name)
            if record is None:
                return _refusal(HTTPStatus.NOT_FOUND, f"There is no notebook {session.name}.")
            asked = {"NotebookInstanceName": session.name}
            if self._guard is not None and not self._guard.allows(
                OPERATION, asked, session.access_key
            ):
                reason = f"Whoever made the link may not open {session.name}, or not any more."
                return _refusal(HTTPStatus.FORBIDDEN, reason)
            if record["status"] != "InService":
                reason = f"The notebook {session.name} is {record['status']}, not InService."
                return _refusal(HTTPStatus.SERVICE_UNAVAILABLE, reason)
        return None

    def _page(self, session: NotebookSession, view: str) -> Page:
        there = VIEWS.get(view, VIEWS["tree"])
        text = f"This page stands for the notebook. On AWS, {there} is here."
        where = f"{session.account}, {session.region}"
        return HTTPStatus.OK, {}, _html(session.name, f"{text} ({where})")


def _cookie(received: Received) -> str:
    try:
        found = SimpleCookie(received.headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return "" if found is None else found.value


def _refusal(status: HTTPStatus, reason: str) -> Page:
    return status, {}, _html(f"{status.value} {status.phrase}", reason)


def _html(title: str, text: str) -> str:
    head, body = html.escape(title), html.escape(text)
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{head}</title><main><h1>{head}</h1><p>{body}</p></main></html>"
    )
