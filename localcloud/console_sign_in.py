"""The sign-in to AWS's console with temporary credentials, as far as a link leads on.

There is no console here: a link that is valid leads to its address of AWS's console, which a test
reads and nobody opens
(https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_enable-console-custom-url.html).
"""

# Private names of ministack, held by ministack_names.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

import hmac
import json
import secrets
import time
from http import HTTPStatus
from typing import Any

from localcloud import ministack_adapter
from localcloud.asgi import Handler, respond
from localcloud.authentication.received import Received

HOST = "signin.localhost"
PATH = "/federation"
TO_OPEN = 900.0
"""Seconds for which a token opens the console."""
SHORTEST, LONGEST = 900, 43_200
"""Seconds of a session."""

Reply = tuple[HTTPStatus, dict[str, str], str]
_REFUSED: Reply = (HTTPStatus.BAD_REQUEST, {}, "Token is not valid or expired\n")


class ConsoleSignIn:
    """Gives tokens for the credentials of a session, and takes them for a while."""

    def __init__(self) -> None:
        self._tokens: dict[str, float] = {}

    async def serve(self, received: Received, send: Handler) -> None:
        """Answer one request to ``HOST``."""
        asked = {name: values[0] for name, values in received.query.items()}
        reply: Reply = (HTTPStatus.NOT_FOUND, {}, "There is nothing here.\n")
        if received.path == PATH and received.method == "GET":
            is_token = asked.get("Action") == "getSigninToken"
            reply = self._token(asked) if is_token else self._login(asked)
        status, headers, text = reply
        content = "application/json" if status == HTTPStatus.OK else "text/plain"
        shown = {"Content-Type": content, "Cache-Control": "no-store", **headers}
        await respond(send, status, shown, text.encode())

    def _token(self, asked: dict[str, str]) -> Reply:
        session = _session(asked.get("Session", ""))
        if session is None:
            return _REFUSED
        if "SessionDuration" in asked:
            sessions = ministack_adapter.module("services.sts")._sessions
            # Whoever took the role on with another role's session may not ask for longer.
            chained = session.get("SourceAccessKeyId") in sessions
            text = asked["SessionDuration"]
            if chained or not text.isdigit() or not SHORTEST <= int(text) <= LONGEST:
                return _REFUSED
        token = secrets.token_urlsafe(64)
        self._tokens[token] = time.time() + TO_OPEN
        return HTTPStatus.OK, {}, json.dumps({"SigninToken": token})

    def _login(self, asked: dict[str, str]) -> Reply:
        until = self._tokens.get(asked.get("SigninToken", ""), 0.0)
        if asked.get("Action") != "login" or time.time() >= until:
            return _REFUSED
        return HTTPStatus.FOUND, {"Location": asked.get("Destination", "")}, ""


def _session(text: str) -> dict[str, Any] | None:
    """Return the session that three parts of credentials prove, None where they prove none."""
    sts = ministack_adapter.module("services.sts")
    try:
        given = json.loads(text)
        key, secret, token = (given[name] for name in ("sessionId", "sessionKey", "sessionToken"))
    except (ValueError, KeyError, TypeError):
        return None
    session: dict[str, Any] | None = sts._sessions.get(str(key))
    if session is None or sts._session_expired(session):
        return None
    known = (session["SecretAccessKey"], session["SessionToken"])
    proven = [
        hmac.compare_digest(str(part).encode(), str(other).encode())
        for part, other in zip((secret, token), known, strict=True)
    ]
    return session if all(proven) else None
