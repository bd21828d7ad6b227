"""Who may see a page of this machine: whoever has the address that was printed, and nobody else.

Other programs and other pages reach 127.0.0.1 as well. A name that an attacker's DNS points here
is refused by its Host (https://owasp.org/www-community/attacks/DNS_Rebinding); a page of another
port by its Origin and the token of each form. The key of the pages is the first part of every
path: a cookie would be sent to each port of 127.0.0.1, and so to other programs of the machine.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_FORM = 64 * 1024
"""Bytes; all ids of a class fit in a tenth."""

FORM_TOKEN = "form"  # noqa: S105 - its name
"""The field of every form that proves that a page of ours holds it."""


@dataclass(frozen=True)
class PageKeys:
    """What opens the pages of one server: new for each, and written nowhere."""

    token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)

    @property
    def root(self) -> str:
        """Return what every path of the server begins with."""
        return f"/{self.token}"

    def opens(self, path: str) -> bool:
        """Return whether a path has the key, in constant time."""
        return _same(path.split("/")[1] if path.startswith("/") else "", self.token)

    @property
    def form_token(self) -> str:
        """Return what each form carries."""
        return hmac.new(self.token.encode(), b"form", sha256).hexdigest()

    def sent(self, form: Mapping[str, Sequence[str]]) -> bool:
        """Return whether a form is one of ours."""
        return _same("".join(form.get(FORM_TOKEN, ())), self.form_token)


class PageGuard:
    """Lets requests through that may be answered, and puts headers on every answer.

    ``forms_to`` are further origins that a form may lead to, ``styles`` the digests of styles that
    stand in a page; ``readonly`` refuses every form.
    """

    def __init__(
        self,
        app: ASGIApp,
        keys: PageKeys,
        *,
        forms_to: Sequence[str] = (),
        styles: Sequence[str] = (),
        readonly: bool = False,
    ) -> None:
        self._app = app
        self._keys = keys
        self._readonly = readonly
        self._headers = _headers(forms_to, styles)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":  # nothing here speaks WebSocket
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._headers)
            await send(message)

        answer = await self._refused(scope, receive)
        await (answer or self._app)(scope, receive, with_headers)

    async def _refused(self, scope: Scope, receive: Receive) -> Response | None:
        """Return the answer to what goes no further, None for what does."""
        headers, port = Headers(scope=scope), scope["server"][1]
        if headers.getlist("host") not in ([host] for host in hosts(port)):
            return _no("this page has another address", 421)
        if scope["method"] not in ("GET", "HEAD", "POST"):
            return _no("this page takes no such request", 405)
        if not self._keys.opens(scope["path"]):
            return _no("open the whole address that the command printed, with all of its path", 403)
        if scope["path"] == self._keys.root:
            return RedirectResponse(f"{self._keys.root}/", 303)
        scope["root_path"] = self._keys.root
        return await self._refused_form(scope, receive) if scope["method"] == "POST" else None

    async def _refused_form(self, scope: Scope, receive: Receive) -> Response | None:
        headers = Headers(scope=scope)
        if self._readonly:
            return _no("this page only shows; start the board without --readonly to act", 403)
        if headers.get("origin") != f"http://{headers['host']}":
            return _no("this form came from another page", 403)
        scope["form"] = form = await _form(receive)
        if form is None:
            return _no("this form is too large", 413)
        if not self._keys.sent(form):
            return _no("this form is of an earlier page; go back, load it again and repeat", 403)
        return None


def hosts(port: int) -> tuple[str, ...]:
    """Return what a browser of this machine calls the server."""
    names = ("127.0.0.1", "localhost")
    return tuple(f"{name}:{port}" for name in names) + (names if port == 80 else ())  # noqa: PLR2004


def address(port: int, keys: PageKeys) -> str:
    """Return the address that opens the page."""
    return f"http://127.0.0.1:{port}{keys.root}/"


def _headers(forms_to: Sequence[str], styles: Sequence[str]) -> dict[str, str]:
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": " ".join(("'self'", *(f"'{style}'" for style in styles))),
        "img-src": "'self' data:",
        "connect-src": "'self'",
        # Browsers hold what a form leads on to against it as well.
        "form-action": " ".join(("'self'", *forms_to)),
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
    }
    return {
        "content-security-policy": "; ".join(f"{key} {value}" for key, value in policy.items()),
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        # A referrer, which has the key, goes to this server alone; without any, a browser says of
        # no form which page it came from (https://fetch.spec.whatwg.org/#append-a-request-origin-header).
        "referrer-policy": "same-origin",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "cache-control": "no-store",
    }


async def _form(receive: Receive) -> dict[str, list[str]] | None:
    """Return the fields of a form, None where it is too large."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False) and message["type"] == "http.request"
        if len(body) > LARGEST_FORM:
            return None
    return parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)


def _no(why: str, status: int) -> Response:
    return PlainTextResponse(f"{why}\n", status)


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())
