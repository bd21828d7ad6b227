"""The operations that are asked for without a signature, and how their services refuse."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

OPERATIONS = {
    ("GET", "/federation/credentials"): ("sso", "GetRoleCredentials"),
    ("GET", "/assignment/accounts"): ("sso", "ListAccounts"),
    ("GET", "/assignment/roles"): ("sso", "ListAccountRoles"),
    ("POST", "/logout"): ("sso", "Logout"),
    ("POST", "/token"): ("sso-oidc", "CreateToken"),
    ("POST", "/client/register"): ("sso-oidc", "RegisterClient"),
    ("POST", "/device_authorization"): ("sso-oidc", "StartDeviceAuthorization"),
    ("POST", "/v1/token"): ("signin", "CreateOAuth2Token"),
}
"""Method and path -> service and operation, as botocore's models have them."""

OVER = {
    "sso": ("UnauthorizedException", "Session token not found or invalid", 401),
    "sso-oidc": ("InvalidGrantException", "Invalid refresh token provided", 400),
    "signin": ("AccessDeniedException", "The session has expired.", 400),
}
"""Service -> code, message and status once a sign-in is over."""

NO_ACCESS = ("ForbiddenException", "No access", 403)
"""The same where somebody is not assigned to an account with a permission set."""

_OAUTH = {
    "AccessDeniedException": "access_denied",
    "ExpiredTokenException": "expired_token",
    "InternalServerException": "server_error",
    "InvalidClientException": "invalid_client",
    "InvalidGrantException": "invalid_grant",
    "InvalidRequestException": "invalid_request",
    "SlowDownException": "slow_down",
    "UnsupportedGrantTypeException": "unsupported_grant_type",
}
"""Exceptions of ``sso-oidc`` as OAuth's own error codes."""

LARGEST_BODY = 64 * 1024
"""Bytes; none of these requests has as many."""

_SIGNED = {"X-Amz-Signature", "X-Amz-Credential", "Signature", "AWSAccessKeyId"}


def asked(
    method: str, path: str, headers: Mapping[str, str], query: Mapping[str, Any]
) -> tuple[str, str] | None:
    """Return the service and operation that a request without a signature asks for, or None.

    ``headers`` have names in lower case.
    """
    if "authorization" in headers or _SIGNED & set(query):
        return None
    return OPERATIONS.get((method, path))


def written(service: str, code: str, message: str) -> tuple[dict[str, str], bytes]:
    """Return headers and body of a refusal, as each of these services writes it."""
    document = {"message": message}
    if service == "sso-oidc":
        document = {"error": _OAUTH.get(code, code), "error_description": message}
    elif service == "signin":
        document |= {"error": "TOKEN_EXPIRED"}
    headers = {"Content-Type": "application/json", "x-amzn-ErrorType": code}
    return {**headers, "x-amzn-RequestId": str(uuid.uuid4())}, json.dumps(document).encode()
