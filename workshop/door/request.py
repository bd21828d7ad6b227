"""What a browser asks for, out of an event of a function URL."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

LANGUAGE = "lang"
"""The cookie, and the part of an address, that chooses a language."""
LARGEST_FORM = 16 * 1024
"""Characters of a body that is read: to take apart a larger one can take a visit's whole time."""


@dataclass(frozen=True)
class DoorRequest:
    """One request: its form, its cookies, and what it says of the browser."""

    method: str
    path: str
    query: dict[str, str]
    form: dict[str, str]
    cookies: dict[str, str]
    headers: dict[str, str]
    address: str = ""
    """Where it comes from, as AWS saw it: no header that a visitor writes."""

    @classmethod
    def of(cls, event: dict[str, Any]) -> DoorRequest:
        """Return the request of an event in the payload format 2.0."""
        http = event["requestContext"]["http"]
        body = event.get("body") or ""
        if len(body) > LARGEST_FORM:
            body = ""  # no form of ours is so large
        if event.get("isBase64Encoded"):
            body = base64.b64decode(body).decode("utf-8", "replace")
        pairs = (cookie.partition("=") for cookie in event.get("cookies") or ())
        return cls(
            http["method"],
            event.get("rawPath") or "/",
            dict(parse_qsl(event.get("rawQueryString") or "")),
            dict(parse_qsl(body, keep_blank_values=True)),
            {name.strip(): value.strip() for name, _, value in pairs},
            {name.lower(): value for name, value in (event.get("headers") or {}).items()},
            http.get("sourceIp", ""),
        )

    @property
    def is_foreign(self) -> bool:
        """Whether the browser says that another site sent it."""
        return self.headers.get("sec-fetch-site", "none") not in ("same-origin", "none")

    @property
    def is_loopback(self) -> bool:
        name = self.headers.get("host", "").partition(":")[0]
        return name in ("127.0.0.1", "localhost") or name.endswith(".localhost")

    def language(self, known: tuple[str, ...]) -> str:
        """Return the language that was chosen, or that the browser prefers, of those there are."""
        accepted = self.headers.get("accept-language", "").split(",")
        asked = [self.query.get(LANGUAGE, ""), self.cookies.get(LANGUAGE, "")]
        asked += [
            language.partition(";")[0].strip().partition("-")[0].lower() for language in accepted
        ]
        return next((language for language in asked if language in known), known[0])
