"""Credentials that an account's owner made for somebody: roles taken on, keys of users.

Their stacks may have functions as the owner's own may. What the local cloud issues by itself, to
notebooks and functions, is none of them: whoever has it can run no program here.
"""

# Private names of ministack, held by ministack_adapter.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

from typing import Any

from localcloud import ministack_adapter
from localcloud.authentication import keys
from localcloud.authentication.gate import by_owner

MARK = "MadeByOwner"


def patch_credentials() -> None:
    """Mark what AssumeRole and CreateAccessKey give while the owner asks."""
    sts, iam = ministack_adapter.module("services.sts"), ministack_adapter.module("services.iam")
    register, create = sts.register_session, iam._IAM_HANDLERS["CreateAccessKey"]

    def registered(access_key: str, session: dict[str, Any]) -> None:
        register(access_key, {MARK: by_owner.get(), **session})

    def created(request: Any) -> Any:
        before = set(iam._access_keys._data)
        answer = create(request)
        for key in set(iam._access_keys._data) - before:
            iam._access_keys._data[key][MARK] = by_owner.get()
        return answer

    sts.register_session, iam._IAM_HANDLERS["CreateAccessKey"] = registered, created


def is_owners(access_key: str) -> bool:
    """Return whether a key is an account's own, or one that its owner made."""
    if keys.ACCOUNT.fullmatch(access_key):
        return True
    sts, iam = ministack_adapter.module("services.sts"), ministack_adapter.module("services.iam")
    session = sts._sessions.get(access_key)
    if session is not None:
        return bool(session.get(MARK))
    return any(
        record.get(MARK)
        for key, record in list(iam._access_keys._data.items())
        if access_key in key
    )
