"""Signatures of requests, computed by botocore's own signers over a request as it arrived.

Signature Version 4 as
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html has it,
and Version 2 of S3's presigned URLs
(https://docs.aws.amazon.com/AmazonS3/latest/userguide/RESTAuthentication.html), which is what boto3
makes for an endpoint of one's own by default.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import SplitResult

from botocore.auth import HmacV1QueryAuth, SigV4Auth
from botocore.credentials import Credentials

UNSIGNED = "UNSIGNED-PAYLOAD"
ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True)
class CredentialScope:
    """What a signature is valid for."""

    access_key: str
    date: str
    region: str
    service: str

    @property
    def text(self) -> str:
        return f"{self.date}/{self.region}/{self.service}/aws4_request"


@dataclass(frozen=True)
class Request:
    """The parts of a request that are signed, as bytes on the wire have them."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    """By lower-case names, and only those that are signed."""
    payload: str
    """The hash of the body, or the word that stands for it."""


class _Folded(dict[str, str]):
    """Headers as botocore asks for them, each already folded into one value."""

    def get_all(self, name: str) -> list[str]:
        return [self[name]]


class _Signer(SigV4Auth):
    """Writes the canonical request of parts that have arrived, instead of one to be sent."""

    def __init__(self) -> None:
        super().__init__(Credentials("", ""), "", "")

    def canonical(self, request: Request) -> str:
        query = SplitResult("", "", "", request.query, "")
        return "\n".join(
            (
                request.method,
                self._normalize_url_path(request.path),  # type: ignore[attr-defined]
                self._canonical_query_string_url(query),  # type: ignore[attr-defined]
                self.canonical_headers(_Folded(request.headers)) + "\n",
                ";".join(sorted(request.headers)),
                request.payload,
            )
        )


class _ObjectSigner(_Signer):
    """S3's: the path is signed as it is sent."""

    def _normalize_url_path(self, path: str) -> str:
        return path


_SIGNER, _OBJECT_SIGNER = _Signer(), _ObjectSigner()


def signature(secret: str, scope: CredentialScope, timestamp: str, request: Request) -> str:
    """Return the Signature Version 4 that the secret access key makes."""
    signer = _OBJECT_SIGNER if scope.service == "s3" else _SIGNER
    digest = hashlib.sha256(signer.canonical(request).encode()).hexdigest()
    text = f"{ALGORITHM}\n{timestamp}\n{scope.text}\n{digest}"
    return hmac.digest(signing_key(secret, scope), text.encode(), "sha256").hex()


def signing_key(secret: str, scope: CredentialScope) -> bytes:
    """Return the key that signs everything within a scope."""
    return _signing_key(secret, scope.date, scope.region, scope.service)


@lru_cache(maxsize=1024)
def _signing_key(secret: str, *parts: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (*parts, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


class _DatedSigner(HmacV1QueryAuth):
    """Signs the moment of expiry that a presigned URL says."""

    def __init__(self, credentials: Credentials, expires: str) -> None:
        super().__init__(credentials)
        self._said = expires

    def _get_date(self) -> str:
        return self._said


def signature_of_old(
    credentials: Credentials, expires: str, method: str, resource: SplitResult, headers: Any
) -> str:
    """Return the Signature Version 2 of a presigned URL of S3; ``headers`` are botocore's."""
    signer = _DatedSigner(credentials, expires)
    signed: str = signer.get_signature(method, resource, headers)
    return signed


@dataclass(frozen=True)
class Signing:
    """Who signs, for which service and Region: makes the headers of requests that are sent."""

    access_key: str
    secret: str
    region: str
    service: str
    token: str = ""

    def headers(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> dict[str, str]:
        """Return ``headers`` (``Host`` among them) and those that sign them and the body now."""
        timestamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        payload = hashlib.sha256(body).hexdigest()
        added = {"X-Amz-Date": timestamp}
        if self.service == "s3":
            added["X-Amz-Content-SHA256"] = payload
        if self.token:
            added["X-Amz-Security-Token"] = self.token
        signed = {name.lower(): value for name, value in {**headers, **added}.items()}
        scope = CredentialScope(self.access_key, timestamp[:8], self.region, self.service)
        path, _, query = target.partition("?")
        made = signature(
            self.secret, scope, timestamp, Request(method, path, query, signed, payload)
        )
        credential = (
            f"Credential={self.access_key}/{scope.text}, SignedHeaders={';'.join(sorted(signed))}"
        )
        return {**headers, **added, "Authorization": f"{ALGORITHM} {credential}, Signature={made}"}
