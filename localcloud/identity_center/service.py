"""Identity Center as a signed-in person's programs ask it: role credentials, tokens, signing out.

``sso`` (the portal), ``sso-oidc`` and, for the sessions of ``aws login``, ``signin`` are asked
without a signature: a token proves who asks. Tokens are given by the token of the local cloud
alone, where AWS has a page in a browser.
"""

from __future__ import annotations

import json
import secrets
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from localcloud import ministack_adapter
from localcloud.asgi import Handler, read_body, respond
from localcloud.authentication import keys
from localcloud.errors import LocalCloudError
from localcloud.iam import credentials
from localcloud.identity_center.operations import NO_ACCESS, OVER, asked, written
from localcloud.protocol.errors import ApiError, not_played

if TYPE_CHECKING:
    from localcloud.faults.plan import FaultPlan

START_URL = "https://local-cloud.awsapps.com/start"
PERMISSION_SET = "organiser"
"""The one that everybody is assigned here; it allows everything."""

SESSION = 8 * 3600.0
"""Seconds for which a session in the portal lasts, as Identity Center has it by default."""
TOKEN = 3600.0
"""Seconds for which an access token lasts, before it is renewed."""
CREDENTIALS = 3600.0
"""Seconds for which a role's credentials last, as a permission set has it by default."""
REGISTRATION = 90 * 86400.0
"""Seconds for which a client is registered."""

_BEARER = "x-amz-sso_bearer_token"
Document = dict[str, Any]


@dataclass
class _Session:
    account: str
    ends: float
    client_id: str = field(default_factory=secrets.token_urlsafe)
    client_secret: str = field(default_factory=secrets.token_urlsafe)
    refresh_token: str = field(default_factory=secrets.token_urlsafe)
    access_tokens: dict[str, float] = field(default_factory=dict)
    """Token -> when it ends."""

    def renewed(self) -> tuple[str, float]:
        """Return a new access token and when it ends: never later than the session."""
        token, ends = secrets.token_urlsafe(), min(time.time() + TOKEN, self.ends)
        self.access_tokens[token] = ends
        return token, ends


def add_identity_center(plan: FaultPlan) -> IdentityCenter:
    """Register it with the emulator, which empties it on a reset."""
    added = IdentityCenter(plan)
    ministack_adapter.add_state("sign-ins", added)
    return added


class IdentityCenter:
    """An ASGI application that answers for these services and passes all else on.

    Its sessions end by the machine's clock, as programs see the ends that it tells them.
    """

    def __init__(self, plan: FaultPlan) -> None:
        self._plan = plan
        self._sessions: list[_Session] = []
        self._answers: dict[str, Callable[[Document, Mapping[str, str]], Document]] = {
            "GetRoleCredentials": self._role_credentials,
            "Logout": self._logout,
            "CreateToken": self._create_token,
            "CreateOAuth2Token": self._renew_login,
        }

    def before(self, emulated: Handler) -> Handler:
        """Return an application that asks this one first."""

        async def served(scope: Any, receive: Handler, send: Handler) -> None:
            called = _called(scope) if scope["type"] == "http" else None
            if called is None:
                await emulated(scope, receive, send)
                return
            service, operation, given, headers = called
            body = await read_body(receive)
            if body is None:
                return
            try:
                answer = self._answer(service, operation, given, headers, body)
            except ApiError as refusal:
                told = written(service, refusal.code, refusal.message)
                await respond(send, refusal.status, *told)
                return
            plain = {"Content-Type": "application/json", "x-amzn-RequestId": str(uuid.uuid4())}
            await respond(send, HTTPStatus.OK, plain, json.dumps(answer).encode())

        return served

    def sign_in(self, change: Document) -> Document:
        """Begin a session of somebody in ``account``; return what the AWS CLI keeps of it."""
        account = str(change.get("account", ""))
        if change.keys() != {"account"} or not keys.ACCOUNT.fullmatch(account):
            raise LocalCloudError("give one account of 12 digits")
        session = _Session(account, time.time() + SESSION)
        self._sessions.append(session)
        token, ends = session.renewed()
        return {
            "startUrl": START_URL,
            "permissionSet": PERMISSION_SET,
            "region": ministack_adapter.region(),
            "accessToken": token,
            "expiresAt": _moment(ends),
            "clientId": session.client_id,
            "clientSecret": session.client_secret,
            "registrationExpiresAt": _moment(time.time() + REGISTRATION),
            "refreshToken": session.refresh_token,
        }

    # --- what the emulator asks of a part with state ----------------------------------------

    def reset(self) -> None:
        """End all sessions."""
        self._sessions.clear()

    def get_state(self) -> None:
        """Return nothing: sessions end with their process."""

    def load_persisted_state(self, data: Document) -> None:
        """Restore nothing."""

    # --- operations -------------------------------------------------------------------------

    def _answer(
        self,
        service: str,
        operation: str,
        query: Document,
        headers: Mapping[str, str],
        body: bytes,
    ) -> Document:
        if operation not in self._answers:
            raise not_played(service, operation)
        try:
            members = json.loads(body or b"{}") if service == "sso-oidc" else query
        except ValueError:
            members = None
        if not isinstance(members, dict):
            raise ApiError("InvalidRequestException", "The request is not valid JSON.")
        return self._answers[operation](members, headers)

    def _role_credentials(self, query: Document, headers: Mapping[str, str]) -> Document:
        for name in ("role_name", "account_id"):
            if not query.get(name):
                raise ApiError("InvalidRequestException", f"{name} is missing")
        session = self._of_access_token(headers)
        if (query["account_id"], query["role_name"]) != (session.account, PERMISSION_SET):
            raise ApiError(*NO_ACCESS)
        seconds = self._plan.credentials_last() or CREDENTIALS
        with ministack_adapter.request_scope(session.account, ministack_adapter.region()):
            role_arn = credentials.permission_set_role(PERMISSION_SET)
            given = credentials.issued(
                role_arn, session.account, PERMISSION_SET, seconds, by_owner=True
            )
        expires = datetime.fromisoformat(given["Expiration"])
        return {
            "roleCredentials": {
                "accessKeyId": given["AccessKeyId"],
                "secretAccessKey": given["SecretAccessKey"],
                "sessionToken": given["SessionToken"],
                "expiration": int(expires.timestamp() * 1000),
            }
        }

    def _logout(self, _: Document, headers: Mapping[str, str]) -> Document:
        self._sessions.remove(self._of_access_token(headers))
        return {}

    def _create_token(self, members: Document, _: Mapping[str, str]) -> Document:
        if members.get("grantType") != "refresh_token":
            raise not_played("sso-oidc", f"CreateToken with {members.get('grantType')}")
        client = (members.get("clientId"), members.get("clientSecret"))
        own = [
            session
            for session in self._sessions
            if (session.client_id, session.client_secret) == client
        ]
        if not own:
            raise ApiError("InvalidClientException", "Invalid client provided", 401)
        session = own[0]
        if session.refresh_token != members.get("refreshToken") or session.ends <= time.time():
            raise ApiError(*OVER["sso-oidc"])
        token, ends = session.renewed()
        return {
            "accessToken": token,
            "tokenType": "Bearer",
            "expiresIn": int(ends - time.time()),
            "refreshToken": session.refresh_token,
        }

    def _renew_login(self, *_: object) -> Document:
        """Refuse: there are no sessions of ``aws login`` here, so that each is over."""
        raise ApiError(*OVER["signin"])

    def _of_access_token(self, headers: Mapping[str, str]) -> _Session:
        token, now = headers.get(_BEARER, ""), time.time()
        for session in self._sessions:
            if session.access_tokens.get(token, 0.0) > now:
                return session
        raise ApiError(*OVER["sso"])


def _called(scope: Any) -> tuple[str, str, Document, dict[str, str]] | None:
    headers = {
        name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
    }
    query = {
        name: values[-1]
        for name, values in parse_qs(
            scope["query_string"].decode("latin-1"), keep_blank_values=True
        ).items()
    }
    called = asked(scope["method"], scope["path"], headers, query)
    return called and (*called, query, headers)


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
