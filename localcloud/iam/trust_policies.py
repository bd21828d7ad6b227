"""Trust policies as IAM takes them: JSON, and principals that exist.

IAM looks a user or role up when it is named in a trust policy. Of other accounts than those of
this cloud nothing is known, so their principals are taken for existing.
"""

# Private names of ministack, held by ministack_names.HELD.
# ruff: noqa: SLF001
from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from localcloud import ministack_adapter

_IDENTITY = re.compile(r"arn:[\w-]+:iam::(\d{12}):(role|user)/(?:.*/)?([^/]+)")


def patch_trust_policies() -> None:
    """Have CreateRole and UpdateAssumeRolePolicy refuse what IAM refuses."""
    iam = ministack_adapter.module("services.iam")
    checked = iam._trust_policy_not_principal_error
    iam._trust_policy_not_principal_error = lambda document: mistake(document) or checked(document)


def mistake(document: Any) -> str | None:
    """Return what IAM says about a trust policy, or None if it takes it."""
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except ValueError:
            return "This policy contains invalid Json"
    if not isinstance(document, dict):
        return "Syntax errors in policy."
    for principal in _principals(document):
        if not _exists(principal):
            return f'Invalid principal in policy: "AWS":"{principal}"'
    return None


def _principals(document: dict[str, Any]) -> Iterator[str]:
    for statement in _listed(document.get("Statement", [])):
        principal = statement.get("Principal") if isinstance(statement, dict) else None
        if isinstance(principal, dict):
            yield from (str(named) for named in _listed(principal.get("AWS", [])))


def _exists(principal: str) -> bool:
    found = _IDENTITY.fullmatch(principal)
    if found is None:
        return principal == "*" or bool(re.fullmatch(r"\d{12}|arn:.+|A[A-Z0-9]{15,}", principal))
    iam = ministack_adapter.module("services.iam")
    account, kind, name = found.groups()
    of_kind = iam._roles if kind == "role" else iam._users
    known = {owner for owner, *_ in (*iam._roles._data, *iam._users._data)}
    if account not in known | {ministack_adapter.account()}:
        return True
    with ministack_adapter.request_scope(account, ministack_adapter.region()):
        return name in of_kind and of_kind[name]["Arn"] == principal


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
