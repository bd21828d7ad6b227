"""A request as it arrived, and its claim: who signed it, when, and which parts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs

from localcloud import ministack_adapter
from localcloud.authentication.signatures import ALGORITHM, CredentialScope

HEADER = re.compile(
    rf"{ALGORITHM} +Credential=([^/,=\s]+)/([0-9]{{8}})/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request, *"
    r"SignedHeaders=([a-z0-9;_-]+), *Signature=([0-9a-f]{64})"
)
CREDENTIAL = re.compile(r"([^/,=\s]+)/([0-9]{8})/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request")
NUMBER = re.compile(r"[0-9]{1,12}")
TIMESTAMP = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_OF_QUERY = (
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-SignedHeaders",
    "X-Amz-Signature",
    "X-Amz-Security-Token",
)
OF_OLD = ("AWSAccessKeyId", "Signature", "Expires")


class RefusedError(Exception):
    """A request is not proven; ``code`` is AWS's, written in the protocol of the service."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class MissingError(RefusedError):
    """A request has no signature."""

    def __init__(self) -> None:
        super().__init__("MissingAuthenticationToken", "Request is missing Authentication Token")


class IncompleteError(RefusedError):
    """The signature of a request is not in a form that AWS takes."""

    def __init__(self, what: str) -> None:
        super().__init__("IncompleteSignature", f"The request signature is incomplete: {what}.")


@dataclass(frozen=True)
class Claim:
    """What a request says about its signature; nothing of it is proven."""

    scope: CredentialScope
    timestamp: str
    signed: tuple[str, ...]
    signature: str
    token: str
    expires: str = ""
    """Seconds that a presigned URL is valid, or the moment until which one of Version 2 is."""
    kind: str = "header"
    """``header``, ``query``, or ``old`` for a query of Version 2."""


class Received:
    """The parts of an ASGI request, read as the emulator reads them."""

    def __init__(self, scope: Mapping[str, Any]) -> None:
        decode = ministack_adapter.module("core.sigv4").decode_header_value
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.raw_path: str = (scope.get("raw_path") or b"").decode("latin-1")
        self.raw_query: str = scope.get("query_string", b"").decode("latin-1")
        self.headers: dict[str, str] = {}
        self._repeated = set()
        for raw, value in scope["headers"]:
            name, text = raw.decode("latin-1").lower(), decode(value).strip()
            if name in self.headers:
                # As a signature has several of one name.
                text = f"{self.headers[name]},{text}"
                self._repeated.add(name)
            self.headers[name] = text

    @property
    def host(self) -> str:
        """The host without its port, in lower case."""
        return self.headers.get("host", "").partition(":")[0].lower()

    @cached_property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(self.raw_query, keep_blank_values=True)

    def claim(self) -> Claim:
        """Return what the request says of its signature; raise ``RefusedError`` if it cannot hold.

        Whatever the emulator could take for something else than what is signed is refused: two
        ways to sign at once, names in another case, a header that comes twice.
        """
        for name in self._repeated:
            if name in {"authorization", "host", "content-type"} or name.startswith("x-amz-"):
                raise IncompleteError(f"the header {name} comes more than once")
        if not self.raw_query:
            return self._in_header()
        small = Counter(name.lower() for name in self.query for _ in self.query[name])
        for name in (*_OF_QUERY, *OF_OLD):
            times = small[name.lower()]
            if times > 1 or (times and name not in self.query and name != "Expires"):
                raise IncompleteError(f"{name} has to be in the query once, in this spelling")
        by_query = "X-Amz-Signature" in self.query or "X-Amz-Credential" in self.query
        by_old = "AWSAccessKeyId" in self.query or "Signature" in self.query
        if (("authorization" in self.headers) + by_query + by_old) > 1:
            raise IncompleteError("only one way to sign a request is allowed at a time")
        if by_query:
            return self._in_query()
        return self._in_query_of_old() if by_old else self._in_header()

    def signed_headers(self, claim: Claim) -> dict[str, str]:
        """Return the signed headers; raise ``RefusedError`` if one that must be signed is not.

        AWS demands it of ``Host`` and every ``X-Amz-*``: they make up an operation.
        """
        for name in self.headers:
            if (name == "host" or name.startswith("x-amz-")) and name not in claim.signed:
                raise RefusedError(
                    "SignatureDoesNotMatch",
                    f"There were headers present in the request which were not signed: {name}",
                )
        if "host" not in claim.signed or any(name not in self.headers for name in claim.signed):
            raise IncompleteError("the signed headers have to be there, and Host among them")
        return {name: self.headers[name] for name in claim.signed}

    def _in_header(self) -> Claim:
        header = self.headers.get("authorization")
        if not header:
            raise MissingError
        found = HEADER.fullmatch(header)
        if found is None:
            raise IncompleteError(f"Authorization has to be '{ALGORITHM} Credential=..., ...'")
        timestamp = self.headers.get("x-amz-date", "")
        return Claim(
            CredentialScope(*found.groups()[:4]),
            _dated(timestamp, found[2]),
            tuple(found[5].split(";")),
            found[6],
            self.headers.get("x-amz-security-token", ""),
        )

    def _in_query(self) -> Claim:
        query = {name: values[0] for name, values in self.query.items()}
        found = CREDENTIAL.fullmatch(query.get("X-Amz-Credential", ""))
        if found is None or query.get("X-Amz-Algorithm") != ALGORITHM:
            raise IncompleteError("X-Amz-Algorithm and X-Amz-Credential have to name a key")
        if NUMBER.fullmatch(query.get("X-Amz-Expires", "")) is None:
            raise IncompleteError("X-Amz-Expires has to be a number of seconds")
        return Claim(
            CredentialScope(*found.groups()),
            _dated(query.get("X-Amz-Date", ""), found[2]),
            tuple(query.get("X-Amz-SignedHeaders", "").split(";")),
            query.get("X-Amz-Signature", ""),
            query.get("X-Amz-Security-Token", ""),
            query["X-Amz-Expires"],
            kind="query",
        )

    def _in_query_of_old(self) -> Claim:
        query = {name: values[0] for name, values in self.query.items()}
        if not query.get("AWSAccessKeyId") or NUMBER.fullmatch(query.get("Expires", "")) is None:
            raise IncompleteError(f"the query needs {', '.join(OF_OLD)}")
        return Claim(
            CredentialScope(query["AWSAccessKeyId"], "", "", "s3"),
            "",
            (),
            query.get("Signature", ""),
            query.get("x-amz-security-token", ""),
            query["Expires"],
            kind="old",
        )


def _dated(timestamp: str, date: str) -> str:
    if TIMESTAMP.fullmatch(timestamp) is None:
        raise IncompleteError("X-Amz-Date has to be such as 20260131T235959Z")
    if not timestamp.startswith(date):
        raise RefusedError("CredentialDateMismatch", "Credential date and X-Amz-Date differ.")
    return timestamp
