"""The proof that the sender of a request has the secret access key that it names."""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from calendar import timegm
from collections.abc import Callable
from urllib.parse import SplitResult

from botocore.auth import HmacV1Auth
from botocore.awsrequest import HTTPHeaders
from botocore.credentials import Credentials

from localcloud import ministack_adapter
from localcloud.authentication import keys, signatures
from localcloud.authentication.received import OF_OLD, Claim, Received, RefusedError
from localcloud.authentication.signatures import UNSIGNED, Request

SKEW = 900.0
"""Seconds by which the clocks of client and cloud may differ."""
LONGEST = 604_800
"""Seconds that a presigned URL can be valid."""

_HASH = re.compile(r"[0-9a-f]{64}")
_CHUNKS = re.compile(r"STREAMING-AWS4-HMAC-SHA256-PAYLOAD(-TRAILER)?")
_UNSIGNED_CHUNKS = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
_CHECKSUM = re.compile(rb"x-amz-(checksum-[a-z0-9]+|trailer-signature)", re.IGNORECASE)
_HEAD = re.compile(rb"([0-9a-fA-F]{1,8})(;|$)")
_LONGEST_HEAD = 256
_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your AWS Secret Access Key and signing method."
)
_UNKNOWN = ("UnrecognizedClientException", "The security token included in the request is invalid.")

Clock = Callable[[], float]


class SignatureProof:
    """Checks requests against the secret of this start and the keys that the emulator has issued.

    Times are those of the machine, as the clients on it have them, and not of the cloud's clock,
    which tests move by days.
    """

    def __init__(self, secret: str, now: Clock = time.time) -> None:
        self._secret = secret
        self._now = now

    def secret_access_key(self, claim: Claim) -> str:
        """Return the secret of the key that is named; raise ``RefusedError`` if it has none."""
        key = claim.scope.access_key
        if keys.ACCOUNT.fullmatch(key):
            if claim.token:
                raise RefusedError(*_UNKNOWN)
            return keys.account_secret(self._secret, key)
        return _issued(key, claim.token)

    def check_time(self, claim: Claim) -> None:
        """Raise ``RefusedError`` unless the signature is recent, or a presigned URL still valid."""
        now = self._now()
        if claim.kind == "old":
            if int(claim.expires) < now:
                raise RefusedError("RequestExpired", "Request has expired")
            return
        signed = _seconds(claim.timestamp)
        if claim.kind == "query":
            valid = int(claim.expires)
            if valid > LONGEST or now > signed + valid:
                raise RefusedError("RequestExpired", "Request has expired")
        elif now > signed + SKEW:
            raise RefusedError("RequestTimeTooSkewed", f"Signature expired: {claim.timestamp}")
        if signed > now + SKEW:
            raise RefusedError(
                "RequestTimeTooSkewed", f"Signature not yet valid: {claim.timestamp}"
            )

    def check_signature(self, received: Received, claim: Claim, secret: str, payload: str) -> None:
        """Raise ``RefusedError`` unless the signature is made with the secret."""
        if claim.kind == "old":
            expected = _of_old(received, claim, secret)
        else:
            query = received.raw_query
            if claim.kind == "query":
                pairs = query.split("&")
                query = "&".join(pair for pair in pairs if not pair.startswith("X-Amz-Signature="))
            signed = Request(
                received.method,
                received.raw_path,
                query,
                received.signed_headers(claim),
                payload,
            )
            expected = signatures.signature(secret, claim.scope, claim.timestamp, signed)
        if not hmac.compare_digest(expected.encode(), claim.signature.encode()):
            raise RefusedError("SignatureDoesNotMatch", _MISMATCH)


def stated_payload(received: Received, claim: Claim) -> str | None:
    """Return what stands for the body in the signature, or None if it is the body's own hash."""
    stated = received.headers.get("x-amz-content-sha256")
    if claim.scope.service != "s3":
        # Elsewhere a body is always signed, whatever a header says.
        return None
    if claim.kind != "header":
        return stated or UNSIGNED
    if stated is None or not (
        stated in {UNSIGNED, _UNSIGNED_CHUNKS}
        or _HASH.fullmatch(stated)
        or _CHUNKS.fullmatch(stated)
    ):
        raise RefusedError("IncompleteSignature", "x-amz-content-sha256 is missing or unknown.")
    return stated


def check_body(received: Received, claim: Claim, secret: str, payload: str, body: bytes) -> None:
    """Raise ``RefusedError`` unless the body is what its signed stand-in says."""
    encoded = "aws-chunked" in received.headers.get("content-encoding", "")
    chunked = encoded or "x-amz-decoded-content-length" in received.headers
    if _HASH.fullmatch(payload):
        right = hmac.compare_digest(hashlib.sha256(body).hexdigest(), payload)
    elif _CHUNKS.fullmatch(payload):
        right = _chunks_are_signed(claim, secret, body)
    else:
        right = payload == _UNSIGNED_CHUNKS or not chunked
    # The emulator takes what stands behind the last chunk for headers.
    if not right or (payload.startswith("STREAMING-") and not _trails_only_checksums(body)):
        raise RefusedError("SignatureDoesNotMatch", _MISMATCH)


def _chunks_are_signed(claim: Claim, secret: str, body: bytes) -> bool:
    sigv4 = ministack_adapter.module("core.sigv4")
    key = signatures.signing_key(secret, claim.scope)
    header = sigv4.HeaderSignature(
        claim.scope.access_key,
        claim.scope.date,
        claim.scope.region,
        claim.scope.service,
        ";".join(claim.signed),
        claim.signature,
        claim.timestamp,
    )
    return bool(sigv4._chunk_signatures_match(body, claim.signature, header, key))  # noqa: SLF001


def _trailer(chunks: bytes) -> bytes:
    """Return what stands behind the last chunk of a body in ``aws-chunked``."""
    at, size = 0, 1
    while size:
        head, _, _ = chunks[at : at + _LONGEST_HEAD].partition(b"\r\n")
        found = _HEAD.match(head)
        if found is None:
            raise RefusedError("IncompleteSignature", "The body is no aws-chunked one.")
        size = int(found[1], 16)
        at += len(head) + 2 + (size + 2 if size else 0)
    return chunks[at:]


def _trails_only_checksums(body: bytes) -> bool:
    names = (line.partition(b":")[0].strip() for line in _trailer(body).split(b"\r\n") if line)
    return all(_CHECKSUM.fullmatch(name) for name in names)


def _of_old(received: Received, claim: Claim, secret: str) -> str:
    headers = HTTPHeaders()
    for name, value in received.headers.items():
        if name in {"content-md5", "content-type"} or name.startswith("x-amz-"):
            headers[name] = value
    for name, values in received.query.items():
        if name in {"content-md5", "content-type"} or name.startswith("x-amz-"):
            headers[name] = values[0]
        elif name not in {*OF_OLD, *HmacV1Auth.QSAOfInterest}:
            raise RefusedError("SignatureDoesNotMatch", f"The parameter {name} is not signed.")
    resource = SplitResult("http", received.host, received.raw_path, received.raw_query, "")
    credentials = Credentials(claim.scope.access_key, secret, claim.token or None)
    return signatures.signature_of_old(
        credentials, claim.expires, received.method, resource, headers
    )


def _seconds(timestamp: str) -> float:
    """Return the seconds since the epoch; ``strptime`` would take as long as all the rest."""
    digits = timestamp[:8] + timestamp[9:15]
    places = ((0, 4), (4, 6), (6, 8), (8, 10), (10, 12), (12, 14))
    try:
        return timegm(tuple(int(digits[start:end]) for start, end in places))
    except ValueError:
        raise RefusedError("IncompleteSignature", f"{timestamp} is no moment.") from None


def _issued(key: str, token: str) -> str:
    """Return the secret of a key that IAM or STS has issued; raise ``RefusedError`` without one."""
    evaluator = ministack_adapter.module("core.iam_evaluator")
    if evaluator.is_root_access_key(key):
        raise RefusedError(*_UNKNOWN)
    try:
        account = ministack_adapter.account_of_session(
            key
        ) or evaluator.find_iam_access_key_account(key)
    except evaluator.AmbiguousAccessKeyError:
        account = None
    if account is None:
        raise RefusedError(*_UNKNOWN)
    found = evaluator.resolve_credential(key, account, token)
    if isinstance(found, evaluator.CredentialResolutionError):
        # AWS takes the key of a session without its token for an unknown one.
        failed = found.code if token or found.code != "InvalidToken" else _UNKNOWN[0]
        raise RefusedError(failed, found.message)
    return str(found.secret_access_key)
