"""The secrets of a local cloud: one made at each start, and those derived from it.

An access key id is shown in every presigned URL and the port to everybody on the machine, so
neither of them is a secret. Of the secret that a start makes, each account's secret access key and
the token of the control interface are derived; none of them leads to another.
"""

from __future__ import annotations

import base64
import hmac
import re
import secrets
from functools import lru_cache

ACCOUNT = re.compile(r"[0-9]{12}")
"""An access key id that stands for the root of the account of that number."""


def new_secret() -> str:
    """Return the secret of one start."""
    return secrets.token_urlsafe(32)


@lru_cache(maxsize=4096)
def account_secret(secret: str, account: str) -> str:
    """Return the secret access key that belongs to the access key id of an account."""
    return _derived(secret, f"account:{account}")


def control_token(secret: str) -> str:
    """Return what ``Authorization: Bearer`` has to hold on the paths of the control interface."""
    return _derived(secret, "control")


def _derived(secret: str, purpose: str) -> str:
    digest = hmac.digest(secret.encode(), purpose.encode(), "sha256")
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
