"""The gate of the local cloud: an ASGI application that lets in only what is proven.

Chrome and others send a page's images, links and forms to 127.0.0.1 without an ``Origin``, every
user of the machine can open the port, and a name can be made to point here. So neither headers nor
addresses decide, only what a request proves: the signature of each call of AWS's interface, and a
token on the paths of our own.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from collections.abc import Callable
from contextvars import ContextVar
from http import HTTPStatus
from typing import Any

from localcloud import ministack_adapter
from localcloud.asgi import BodyTooLargeError, Handler, read_body, replayed, respond
from localcloud.authentication import keys, proof
from localcloud.authentication.proof import SignatureProof
from localcloud.authentication.received import Claim, Received, RefusedError
from localcloud.identity_center import operations

LOCAL = frozenset({"127.0.0.1", "localhost"})
"""The names by which clients call the cloud."""
CONTROL = "/_localcloud/"
RESET = "/_ministack/reset"
CALLBACKS = ("/_ministack/cfn-response/", "/_ministack/cfn-signal/")
"""Where custom resources and wait conditions answer, at presigned URLs as on AWS."""

_LARGEST_UNSTATED = 64 * 1024 * 1024
"""Bytes of a body that has to be read before its signature can be checked (S3 states a hash)."""

by_owner: ContextVar[bool] = ContextVar("by_owner", default=False)
"""Whether the present request is signed by an account's owner, or by whom the owner gave a key."""


class Gate:
    """Serves ``control`` for the token, ``emulated`` for a signature, ``public`` by host name."""

    def __init__(
        self,
        secret: str,
        control: Handler,
        emulated: Handler,
        public: Handler,
        is_owners: Callable[[str], bool],
    ) -> None:
        self._token = f"Bearer {keys.control_token(secret)}"
        self._proof = SignatureProof(secret)
        self._control = control
        self._emulated = emulated
        self._public = public
        self._is_owners = is_owners

    async def __call__(self, scope: Any, receive: Handler, send: Handler) -> None:
        if scope["type"] == "lifespan":
            await self._emulated(scope, receive, send)
        elif scope["type"] == "http":
            await self._serve(Received(scope), scope, receive, send)

    async def _serve(self, received: Received, scope: Any, receive: Handler, send: Handler) -> None:
        if received.host not in LOCAL:
            await self._public(received, scope, receive, send)
        elif received.path.startswith(CONTROL) or received.path == RESET:
            token = received.headers.get("authorization", "")
            if hmac.compare_digest(token.encode(), self._token.encode()):
                await self._control(scope, receive, send)
            else:
                await refuse(send, "the local cloud serves who has its token alone")
        elif received.path.startswith("/_") and not received.path.startswith(CALLBACKS):
            # No bucket begins like this: these are the emulator's own paths.
            await refuse(send, f"the local cloud serves no {received.path}")
        elif operations.asked(received.method, received.path, received.headers, received.query):
            # A token proves who asks, if anything does: see Identity Center.
            try:
                body = await read_body(receive, operations.LARGEST_BODY)
            except BodyTooLargeError:
                await refuse(send, "the body is too large")
                return
            if body is not None:
                await self._emulated(scope, replayed(body, receive), send)
        else:
            try:
                given, owner = await self._proven(received, receive)
            except RefusedError as refusal:
                await _answer(send, received, refusal)
                return
            if given is not None:
                by_owner.set(owner)
                await self._emulated(scope, given, send)

    async def _proven(self, received: Received, receive: Handler) -> tuple[Handler | None, bool]:
        """Return a ``receive`` with the body that was read; raise ``RefusedError`` without proof.

        As little as possible is read of an unproven request.
        """
        claim = received.claim()
        secret = self._proof.secret_access_key(claim)
        self._proof.check_time(claim)
        payload = proof.stated_payload(received, claim)
        if payload is not None:
            self._proof.check_signature(received, claim, secret, payload)
        try:
            body = await read_body(receive, None if payload is not None else _LARGEST_UNSTATED)
        except BodyTooLargeError:
            raise RefusedError("IncompleteSignature", "The body is too large.") from None
        if body is None:
            return None, False
        if payload is None:
            hashed = hashlib.sha256(body).hexdigest()
            self._proof.check_signature(received, claim, secret, hashed)
        else:
            proof.check_body(received, claim, secret, payload, body)
        if claim.kind != "header":
            _check_service(received, claim, body)
        return replayed(body, receive), self._is_owners(claim.scope.access_key)


def _check_service(received: Received, claim: Claim, body: bytes) -> None:
    """Raise ``RefusedError`` unless a query's signature is for the service that would perform it.

    Its body and some headers are not signed, so the holder of a URL can choose them.
    """
    if received.path.startswith(CALLBACKS):
        return
    routing = ministack_adapter.module("app")._routing_params(  # noqa: SLF001
        received.method, received.path, received.headers, body, received.query
    )
    meant = ministack_adapter.module("core.router").detect_service(
        received.method, received.path, received.headers, routing
    )
    if meant != claim.scope.service:
        raise RefusedError(
            "SignatureDoesNotMatch", f"Credential should be scoped to correct service: '{meant}'."
        )


async def _answer(send: Handler, received: Received, refusal: RefusedError) -> None:
    """Refuse in the words and the protocol of the service that is asked."""
    service = ministack_adapter.module("core.router").detect_service(
        received.method, received.path, received.headers, received.query
    )
    if service == "unknown_query":
        # An unsigned form could be for any service that takes forms.
        service = "iam"
    failure = ministack_adapter.module("core.iam_evaluator").AuthError(
        refusal.code, refusal.message
    )
    status, headers, body = ministack_adapter.module("app")._credential_failure(  # noqa: SLF001
        service, "", str(uuid.uuid4()), failure, received.headers
    )
    await respond(send, status, headers, b"" if received.method == "HEAD" else body)


async def refuse(send: Handler, reason: str) -> None:
    """Refuse one of our own paths or names."""
    headers = {"Content-Type": "application/json"}
    document = json.dumps({"error": reason}).encode()
    await respond(send, HTTPStatus.FORBIDDEN, headers, document)
